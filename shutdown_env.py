"""Delete what setup_env.py has created: the cluster with its data, the security group, the role.

Shows what it will delete and asks first. What is already gone is fine. With the sandbox as
target, it does not ask, and stops the sandbox at the end.

Example:
    python shutdown_env.py --yes
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dwh
from dwh import Config
from terminal import DwhError, confirm, parser, say, step

POLICY_NAME = "read-sparkify-data"
GROUP_TIMEOUT_SECONDS = 300


def main(argv: list[str] | None = None) -> int:
    """Show the plan, ask, and delete everything in the reverse order of its creation."""
    options = parser(__doc__)
    options.add_argument("--yes", action="store_true", help="do not ask")
    arguments = options.parse_args(argv)
    config = dwh.load_config(arguments.config)
    if config.target == "sandbox" and not sandbox_runs(config):
        say("nothing to do: no sandbox is running")
        return 0
    plan = find_everything(config)
    show(plan, config)
    if plan and config.target == "aws" and not arguments.yes:
        confirm(f"Delete all of this in {config.aws_region}?")
    delete(plan, config)
    if config.target == "sandbox":
        stop_sandbox(config)
    return 0


def tags(config: Config) -> list[dict[str, str]]:
    """The tags of everything that setup_env.py makes, by which it is known again."""
    return [
        {"Key": "project", "Value": "sparkify-dwh"},
        {"Key": "environment", "Value": config.identifier},
    ]


def is_ours(resource: dict[str, Any], config: Config) -> bool:
    """Whether the tags say that setup_env.py has made it."""
    found = resource.get("Tags", [])
    return all(tag in found for tag in tags(config))


def attempt(codes: str, call: Callable[..., Any], **arguments: Any) -> Any:
    """Call AWS; None when it answers with one of these error codes."""
    from botocore.exceptions import ClientError

    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in codes.split():
            return None
        raise


def polling(seconds: float) -> Iterator[None]:
    """Yield at once, then less and less often, until so many seconds have passed."""
    end, pause = time.monotonic() + seconds, 0.2
    while time.monotonic() < end:
        yield
        time.sleep(pause)
        pause = min(pause * 1.5, 15)


def find_role(iam: Any, config: Config) -> dict[str, Any] | None:
    """The IAM role, if it is there."""
    answer = attempt("NoSuchEntity", iam.get_role, RoleName=config.role)
    return answer["Role"] if answer else None


def find_security_group(ec2: Any, config: Config, vpc: str) -> dict[str, Any] | None:
    """The security group, if it is there."""
    filters = [
        {"Name": "group-name", "Values": [config.security_group]},
        {"Name": "vpc-id", "Values": [vpc]},
    ]
    return next(iter(ec2.describe_security_groups(Filters=filters)["SecurityGroups"]), None)


def find_vpc(ec2: Any) -> str | None:
    """The region's default VPC, if it has one."""
    filters = [{"Name": "is-default", "Values": ["true"]}]
    return next((vpc["VpcId"] for vpc in ec2.describe_vpcs(Filters=filters)["Vpcs"]), None)


def find_cluster(redshift: Any, config: Config) -> dict[str, Any] | None:
    """The cluster in whatever state, if it is there."""
    answer = attempt(
        "ClusterNotFound", redshift.describe_clusters, ClusterIdentifier=config.identifier
    )
    return answer["Clusters"][0] if answer else None


def find_everything(config: Config) -> dict[str, dict[str, Any]]:
    """What setup_env.py has made and is still there, by kind; other people's things are not."""
    ec2 = dwh.client(config, "ec2")
    vpc = find_vpc(ec2)
    found = {
        "cluster": find_cluster(dwh.client(config, "redshift"), config),
        "security group": find_security_group(ec2, config, vpc) if vpc else None,
        "role": find_role(dwh.client(config, "iam"), config),
    }
    return {kind: each for kind, each in found.items() if each and is_ours(each, config)}


def show(plan: dict[str, dict[str, Any]], config: Config) -> None:
    """Say what will be deleted."""
    losses = {
        "cluster": f"{config.identifier}, with all its data and no final snapshot",
        "security group": config.security_group,
        "role": config.role,
    }
    for kind, loss in losses.items():
        say(f"delete {kind} {loss}" if kind in plan else f"{kind}: none that setup_env.py made")
    if not plan:
        say(f"nothing to delete for {config.identifier} in {config.aws_region}")


def delete(plan: dict[str, dict[str, Any]], config: Config) -> None:
    """Delete the cluster first: it holds on to the others."""
    if "cluster" in plan:
        delete_cluster(dwh.client(config, "redshift"), config)
    if "security group" in plan:
        delete_security_group(dwh.client(config, "ec2"), plan["security group"]["GroupId"], config)
    if "role" in plan:
        delete_role(dwh.client(config, "iam"), config)


def delete_cluster(redshift: Any, config: Config) -> None:
    """Delete the cluster and wait until it is gone, also when it is busy or on its way out."""
    with step(f"cluster {config.identifier}") as current:
        for _ in polling(config.timeout_minutes * 60):
            cluster = find_cluster(redshift, config)
            if cluster is None:
                current.result = "deleted"
                return
            current.update(cluster["ClusterStatus"])
            if cluster["ClusterStatus"] != "deleting":
                attempt(
                    "ClusterNotFound InvalidClusterState",
                    redshift.delete_cluster,
                    ClusterIdentifier=config.identifier,
                    SkipFinalClusterSnapshot=True,
                )
        minutes = config.timeout_minutes
        what = f"the cluster {config.identifier} is still there after {minutes} minutes"
        raise DwhError(what, "run python shutdown_env.py again to wait longer")


def delete_security_group(ec2: Any, group_id: str, config: Config) -> None:
    """Delete the security group, once the cluster's network interfaces have let go of it."""
    with step(f"security group {config.security_group}") as current:
        for _ in polling(GROUP_TIMEOUT_SECONDS):
            if attempt("DependencyViolation", ec2.delete_security_group, GroupId=group_id):
                current.result = "deleted"
                return
            current.update("still in use")
        what = f"the security group {config.security_group} is still in use"
        raise DwhError(what, "run python shutdown_env.py again in a few minutes")


def delete_role(iam: Any, config: Config) -> None:
    """Delete the role and its policy."""
    with step(f"role {config.role}") as current:
        name = config.role
        attempt("NoSuchEntity", iam.delete_role_policy, RoleName=name, PolicyName=POLICY_NAME)
        attempt("NoSuchEntity", iam.delete_role, RoleName=name)
        current.result = "deleted"


def sandbox_runs(config: Config) -> bool:
    """Whether there is a sandbox to tear down."""
    from sandbox.control import is_running

    return is_running(Path(config.sandbox_state))


def stop_sandbox(config: Config) -> None:
    """Stop the sandbox."""
    from sandbox.control import stop

    with step("sandbox") as current:
        stop(Path(config.sandbox_state))
        current.result = "stopped"


if __name__ == "__main__":
    sys.exit(dwh.run(main))
