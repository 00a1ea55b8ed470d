"""Delete what setup_env.py has created: the cluster with its data, the security group, the role.

Shows what it will delete and asks first. What is already gone is fine. With the sandbox as
target, it does not ask, and stops the sandbox at the end.

Example:
    python shutdown_env.py --yes
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from aws import (
    POLICY_NAME,
    attempt,
    client,
    find_cluster,
    find_role,
    find_security_group,
    find_vpc,
    is_ours,
    polling,
)
from dwh import Config, load_config
from errors import DwhError, explain
from terminal import confirm, parser, run, say, step

GROUP_TIMEOUT_SECONDS = 300


def main(argv: list[str] | None = None) -> int:
    """Show the plan, ask, and delete everything in the reverse order of its creation."""
    options = parser(__doc__)
    options.add_argument("--yes", action="store_true", help="do not ask")
    arguments = options.parse_args(argv)
    config = load_config(arguments.config)
    if config.target == "sandbox":
        tear_down_sandbox(config)
    else:
        tear_down(config, ask=not arguments.yes)
    return 0


def tear_down(config: Config, ask: bool) -> None:
    """Delete what setup_env.py has made, if the answer is yes."""
    plan = find_everything(config)
    show(plan, config)
    if plan and ask:
        confirm(f"Delete all of this in {config.aws_region}?")
    delete(plan, config)


def tear_down_sandbox(config: Config) -> None:
    """Delete what is in the sandbox, and stop it whatever becomes of that."""
    from sandbox.control import is_running, stop

    state = Path(config.sandbox_state)
    if not state.exists():
        say("nothing to do: no sandbox is running")
        return
    try:
        if is_running(state):
            tear_down(config, ask=False)
    except Exception as error:
        say(f"the sandbox is stopped as it is: {explain(error).what}")
    finally:
        with step("sandbox") as current:
            current.result = "stopped" if stop(state) else "not running, leftovers removed"


def find_everything(config: Config) -> dict[str, dict[str, Any]]:
    """What setup_env.py has made and is still there, by kind; other people's things are not."""
    ec2 = client(config, "ec2")
    found = {
        "cluster": find_cluster(client(config, "redshift"), config),
        "security group": find_security_group(ec2, config, find_vpc(ec2)),
        "role": find_role(client(config, "iam"), config.role),
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
        delete_cluster(client(config, "redshift"), config)
    if "security group" in plan:
        delete_security_group(client(config, "ec2"), plan["security group"]["GroupId"], config)
    if "role" in plan:
        delete_role(client(config, "iam"), config)


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
            if is_group_deleted(ec2, group_id):
                current.result = "deleted"
                return
            current.update("still in use")
        what = f"the security group {config.security_group} is still in use"
        raise DwhError(what, "run python shutdown_env.py again in a few minutes")


def is_group_deleted(ec2: Any, group_id: str) -> bool:
    """Delete the security group; False while something still uses it."""
    from botocore.exceptions import ClientError

    try:
        ec2.delete_security_group(GroupId=group_id)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in {"DependencyViolation", "InvalidGroup.NotFound"}:
            raise
        return bool(code == "InvalidGroup.NotFound")
    return True


def delete_role(iam: Any, config: Config) -> None:
    """Delete the role and its policy."""
    with step(f"role {config.role}") as current:
        name = config.role
        attempt("NoSuchEntity", iam.delete_role_policy, RoleName=name, PolicyName=POLICY_NAME)
        attempt("NoSuchEntity", iam.delete_role, RoleName=name)
        current.result = "deleted"


if __name__ == "__main__":
    sys.exit(run(main))
