"""Create what the warehouse needs: an IAM role, a security group, a Redshift cluster.

What is already there is kept, so it can be run again, for instance after a Ctrl-C. With the
sandbox as target, the sandbox is started first.

Example:
    python setup_env.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from access import create_role, create_security_group
from aws import (
    attempt,
    check_ours,
    client,
    find_cluster,
    find_role,
    find_security_group,
    find_vpc,
    is_available,
    is_ours,
    polling,
    refuse_stuck,
    tags,
)
from dwh import Config, load_config
from errors import DwhError
from terminal import Step, parser, print_table, run, say, step

# IAM tells its other services of a new role within about a minute.
ROLE_DELAY_SECONDS = 90


def main(argv: list[str] | None = None) -> int:
    """Provision everything, wait until the cluster is available, and say where it is."""
    config = load_config(parser(__doc__).parse_args(argv).config)
    if config.target == "sandbox":
        start_sandbox(config)
    redshift, iam, ec2 = (client(config, service) for service in ("redshift", "iam", "ec2"))
    check_cluster(redshift, ec2, config)
    role = create_role(iam, config)
    group = create_security_group(ec2, config)
    create_cluster(redshift, config, role, group)
    detach_former_roles(redshift, iam, config, role)
    report(config, wait_for_cluster(redshift, config), role)
    return 0


def start_sandbox(config: Config) -> None:
    """Start the sandbox, or find it running."""
    from sandbox.control import is_running, start

    state = Path(config.sandbox_state)
    with step("sandbox") as current:
        current.result = "already there" if is_running(state) else "started"
        found = start(state, config.sandbox_data, config.sandbox_port)
        current.result += f", at {found.endpoint_url}"


def check_cluster(redshift: Any, ec2: Any, config: Config) -> None:
    """Refuse a cluster that is not ours, or not as in dwh.cfg, before anything is made."""
    cluster = find_cluster(redshift, config)
    if cluster is None:
        return
    check_ours("cluster", config.identifier, "IDENTIFIER", cluster, config)
    group = find_security_group(ec2, config, find_vpc(ec2)) or {}
    groups = [each["VpcSecurityGroupId"] for each in cluster["VpcSecurityGroups"]]
    as_configured = {
        "NODE_TYPE": cluster["NodeType"] == config.node_type,
        "NODES": cluster["NumberOfNodes"] == config.nodes,
        "DATABASE": cluster["DBName"] == config.database,
        "USER": cluster["MasterUsername"] == config.user,
        "PUBLICLY_ACCESSIBLE": cluster["PubliclyAccessible"] == (config.public == "yes"),
        "SECURITY_GROUP": groups == [group.get("GroupId")],
    }
    different = [key for key, same in as_configured.items() if not same]
    if different:
        what = f"the cluster {config.identifier} differs from dwh.cfg in {', '.join(different)}"
        raise DwhError(what, "set dwh.cfg back, or run shutdown_env.py and then setup_env.py")


def create_cluster(redshift: Any, config: Config, role: str, group: str) -> None:
    """Ask for the cluster, or attach the role to the one that is there."""
    with step(f"cluster {config.identifier}") as current:
        cluster = find_cluster(redshift, config)
        if cluster is None:
            request_cluster(redshift, config, role, group, current)
            current.result = f"requested, {config.nodes} x {config.node_type}"
            return
        current.result = "already there"
        if role not in attached_roles(cluster):
            change_roles(redshift, config, current, AddIamRoles=[role])
            current.result += ", role attached"


def attached_roles(cluster: dict[str, Any]) -> list[str]:
    """The ARNs of the cluster's roles."""
    return [each["IamRoleArn"] for each in cluster.get("IamRoles", [])]


def change_roles(redshift: Any, config: Config, current: Step, **changes: list[str]) -> None:
    """Attach or detach roles, once the cluster is no longer busy."""
    for _ in polling(config.timeout_minutes * 60):
        modify = redshift.modify_cluster_iam_roles
        if attempt("InvalidClusterState", modify, ClusterIdentifier=config.identifier, **changes):
            return
        refuse_stuck(find_cluster(redshift, config) or {"ClusterStatus": ""})
        current.update("waiting until it can be changed")
    what = f"the cluster {config.identifier} is busy and does not take the role"
    raise DwhError(what, "run python setup_env.py again in a few minutes")


def detach_former_roles(redshift: Any, iam: Any, config: Config, role: str) -> None:
    """Take from the cluster the roles that ROLE has named before; others' roles stay."""
    attached = attached_roles(find_cluster(redshift, config) or {})
    for name in [arn.rpartition("/")[2] for arn in attached if arn != role]:
        former = find_role(iam, name)
        if former and is_ours(former, config):
            with step(f"role {name}") as current:
                change_roles(redshift, config, current, RemoveIamRoles=[former["Arn"]])
                current.result = "no longer ROLE: detached, and left in IAM"


def request_cluster(redshift: Any, config: Config, role: str, group: str, current: Step) -> None:
    """Ask for the cluster; again, while Redshift does not know the new role yet."""
    from botocore.exceptions import ClientError

    request = cluster_request(config, role, group)
    for _ in polling(ROLE_DELAY_SECONDS):
        try:
            redshift.create_cluster(**request)
            return
        except ClientError as error:
            answer = error.response["Error"]
            if answer["Code"] != "InvalidParameterValue" or "role" not in answer["Message"].lower():
                raise
            refusal = error
            current.update("waiting for IAM")
    raise refusal


def cluster_request(config: Config, role: str, group: str) -> dict[str, Any]:
    """The cluster that dwh.cfg describes: encrypted, its password kept by AWS."""
    size: dict[str, Any] = {"ClusterType": "single-node"}
    if config.nodes > 1:
        size = {"ClusterType": "multi-node", "NumberOfNodes": config.nodes}
    return {
        "ClusterIdentifier": config.identifier,
        "NodeType": config.node_type,
        **size,
        "DBName": config.database,
        "MasterUsername": config.user,
        "ManageMasterPassword": True,
        "IamRoles": [role],
        "VpcSecurityGroupIds": [group],
        "Encrypted": True,
        "PubliclyAccessible": config.public == "yes",
        "Port": config.port,
        "Tags": tags(config),
    }


def wait_for_cluster(redshift: Any, config: Config) -> dict[str, Any]:
    """Wait until the cluster is available, and return how AWS describes it."""
    with step(f"cluster {config.identifier}") as current:
        for _ in polling(config.timeout_minutes * 60):
            cluster = find_cluster(redshift, config) or {"ClusterStatus": "not listed yet"}
            current.update(cluster["ClusterStatus"])
            if is_available(cluster):
                current.result = "available"
                return cluster
        minutes = config.timeout_minutes
        raise DwhError(
            f"the cluster {config.identifier} is not available after {minutes} minutes",
            "run python setup_env.py again to wait longer, or raise CREATE_TIMEOUT_MINUTES",
        )


def report(config: Config, cluster: dict[str, Any], role: str) -> None:
    """Print where the warehouse is, and what comes next."""
    endpoint = cluster["Endpoint"]
    rows = [
        ("endpoint", f"{endpoint['Address']}:{endpoint['Port']}"),
        ("database", config.database),
        ("user", config.user),
        ("role", role),
    ]
    print_table("Warehouse", ("what", "value"), rows)
    if config.target == "aws":
        say("The cluster is billed until you run: python shutdown_env.py")
    say("Next: python create_tables.py")


if __name__ == "__main__":
    sys.exit(run(main))
