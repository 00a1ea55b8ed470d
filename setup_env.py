"""Create what the warehouse needs: an IAM role, a security group, a Redshift cluster.

What is already there is kept, so it can be run again, for instance after a Ctrl-C. With the
sandbox as target, the sandbox is started first.

Example:
    python setup_env.py
"""

from __future__ import annotations

import ipaddress
import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

import dwh
from dwh import Config
from shutdown_env import (
    POLICY_NAME,
    attempt,
    find_cluster,
    find_role,
    find_security_group,
    find_vpc,
    is_ours,
    polling,
    tags,
)
from terminal import DwhError, parser, print_table, say, step

# IAM tells its other services of a new role within about a minute.
ROLE_DELAY_SECONDS = 90
# Cluster states that do not become available by themselves.
STATUSES_THAT_STAY = ("paus", "delet", "final", "incompatible", "failure", "full")


def main(argv: list[str] | None = None) -> int:
    """Provision everything, wait until the cluster is available, and say where it is."""
    config = dwh.load_config(parser(__doc__).parse_args(argv).config)
    if config.target == "sandbox":
        start_sandbox(config)
    check_cluster(dwh.client(config, "redshift"), config)
    role = create_role(dwh.client(config, "iam"), config)
    group = create_security_group(dwh.client(config, "ec2"), config)
    create_cluster(dwh.client(config, "redshift"), config, role, group)
    report(config, wait_for_cluster(dwh.client(config, "redshift"), config), role)
    return 0


def start_sandbox(config: Config) -> None:
    """Start the sandbox, or find it running."""
    from sandbox.control import is_running, start

    state = Path(config.sandbox_state)
    with step("sandbox") as current:
        current.result = "already there" if is_running(state) else "started"
        found = start(state, config.sandbox_data, config.sandbox_port)
        current.result += f", at {found.endpoint_url}"


def create_role(iam: Any, config: Config) -> str:
    """Let Redshift, and nobody else, read the configured files; return the role's ARN."""
    with step(f"role {config.role}") as current:
        role = find_role(iam, config)
        current.result = "already there" if role else "created"
        role = (
            role
            or iam.create_role(
                RoleName=config.role,
                AssumeRolePolicyDocument=json.dumps(trust_policy()),
                Description="Lets Redshift read the files that etl.py loads",
                Tags=tags(config),
            )["Role"]
        )
        check_ours("role", config.role, "ROLE", role, config)
        iam.update_assume_role_policy(
            RoleName=config.role, PolicyDocument=json.dumps(trust_policy())
        )
        iam.put_role_policy(
            RoleName=config.role,
            PolicyName=POLICY_NAME,
            PolicyDocument=json.dumps(read_policy(config)),
        )
    return str(role["Arn"])


def check_ours(kind: str, name: str, key: str, found: dict[str, Any], config: Config) -> None:
    """Refuse to change what somebody else has made."""
    if not is_ours(found, config):
        raise DwhError(
            f"the {kind} {name} is there, but was not made for {config.identifier}",
            f"choose another {key} in dwh.cfg",
        )


def check_cluster(redshift: Any, config: Config) -> None:
    """Refuse a cluster that is not ours, or not as in dwh.cfg, before anything is made."""
    cluster = find_cluster(redshift, config)
    if cluster is None:
        return
    check_ours("cluster", config.identifier, "IDENTIFIER", cluster, config)
    wanted = {
        "NODE_TYPE": (config.node_type, cluster["NodeType"]),
        "NODES": (config.nodes, cluster["NumberOfNodes"]),
        "DATABASE": (config.database, cluster["DBName"]),
        "USER": (config.user, cluster["MasterUsername"]),
    }
    different = [key for key, (want, found) in wanted.items() if want != found]
    if different:
        what = f"the cluster {config.identifier} differs from dwh.cfg in {', '.join(different)}"
        raise DwhError(what, "set dwh.cfg back, or run shutdown_env.py and then setup_env.py")


def trust_policy() -> dict[str, Any]:
    """Only Redshift may take the role."""
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "redshift.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return {"Version": "2012-10-17", "Statement": [allow]}


def read_policy(config: Config) -> dict[str, Any]:
    """Listing and reading of what the configured prefixes name, and nothing else."""
    prefixes: dict[str, list[str]] = {}
    objects = [f"{config.log_data}*", f"{config.song_data}*", config.log_json_paths]
    for url in (config.log_data, config.song_data, config.log_json_paths):
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        prefixes.setdefault(bucket, []).append(f"{prefix}*")
    statements: list[dict[str, Any]] = [
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": f"arn:aws:s3:::{bucket}",
            "Condition": {"StringLike": {"s3:prefix": listed}},
        }
        for bucket, listed in prefixes.items()
    ]
    arns = [f"arn:aws:s3:::{each.removeprefix('s3://')}" for each in objects]
    statements.append({"Effect": "Allow", "Action": "s3:GetObject", "Resource": arns})
    return {"Version": "2012-10-17", "Statement": statements}


def create_security_group(ec2: Any, config: Config) -> str:
    """Open the cluster's port to the client's address alone; return the group's id."""
    with step(f"security group {config.security_group}") as current:
        vpc = find_vpc(ec2)
        if vpc is None:
            what = f"{config.aws_region} has no default VPC"
            raise DwhError(what, "create it with `aws ec2 create-default-vpc`")
        group = find_security_group(ec2, config, vpc)
        if group:
            check_ours("security group", config.security_group, "SECURITY_GROUP", group, config)
        group_id = group["GroupId"] if group else new_security_group(ec2, config, vpc)
        addresses = client_addresses(config)
        opened = open_port(ec2, config, group_id, addresses)
        current.result = "already there" if group else "created"
        if opened:
            current.result += f", port {config.port} opened to {addresses}"
    return str(group_id)


def new_security_group(ec2: Any, config: Config, vpc: str) -> str:
    """Create the security group, which lets nobody in yet."""
    answer = ec2.create_security_group(
        GroupName=config.security_group,
        Description="Opens the Sparkify warehouse to its clients",
        VpcId=vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": tags(config)}],
    )
    return str(answer["GroupId"])


def open_port(ec2: Any, config: Config, group_id: str, addresses: str) -> bool:
    """Add the rule that lets the addresses in; False if it is already there."""
    rule = {
        "IpProtocol": "tcp",
        "FromPort": config.port,
        "ToPort": config.port,
        "IpRanges": [{"CidrIp": addresses, "Description": "client of the warehouse"}],
    }
    authorize = ec2.authorize_security_group_ingress
    codes = "InvalidPermission.Duplicate"
    return attempt(codes, authorize, GroupId=group_id, IpPermissions=[rule]) is not None


def client_addresses(config: Config) -> str:
    """Whom to let in: the configured range, or the public address of this machine."""
    if config.client_address != "auto":
        return config.client_address
    target = dwh.find_target(config)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(target.proxies))
    try:
        answer = opener.open(target.address_url, timeout=10).read(100).decode()
        return f"{ipaddress.IPv4Address(answer.strip())}/32"
    except (OSError, ValueError) as error:
        what = f"{target.address_url} does not tell this machine's address ({error})"
        raise DwhError(what, "set CLIENT_ADDRESS in dwh.cfg instead of auto") from error


def create_cluster(redshift: Any, config: Config, role: str, group: str) -> None:
    """Ask for the cluster, or attach the role to the one that is there."""
    with step(f"cluster {config.identifier}") as current:
        cluster = find_cluster(redshift, config)
        if cluster:
            current.result = "already there"
            if role not in [each["IamRoleArn"] for each in cluster.get("IamRoles", [])]:
                redshift.modify_cluster_iam_roles(
                    ClusterIdentifier=config.identifier, AddIamRoles=[role]
                )
                current.result += ", role attached"
            return
        request_cluster(redshift, config, role, group)
        current.result = f"requested, {config.nodes} x {config.node_type}"


def request_cluster(redshift: Any, config: Config, role: str, group: str) -> None:
    """Ask for the cluster; again, while Redshift does not know the new role yet."""
    from botocore.exceptions import ClientError

    size: dict[str, Any] = {"ClusterType": "single-node"}
    if config.nodes > 1:
        size = {"ClusterType": "multi-node", "NumberOfNodes": config.nodes}
    for _ in polling(ROLE_DELAY_SECONDS):
        try:
            redshift.create_cluster(
                ClusterIdentifier=config.identifier,
                NodeType=config.node_type,
                **size,
                DBName=config.database,
                MasterUsername=config.user,
                ManageMasterPassword=True,
                IamRoles=[role],
                VpcSecurityGroupIds=[group],
                Encrypted=True,
                PubliclyAccessible=config.public == "yes",
                Port=config.port,
                Tags=tags(config),
            )
            return
        except ClientError as error:
            if "role" not in error.response["Error"]["Message"].lower():
                raise
            refusal = error
    raise refusal


def wait_for_cluster(redshift: Any, config: Config) -> dict[str, Any]:
    """Wait until the cluster is available, and return how AWS describes it."""
    with step(f"cluster {config.identifier} available") as current:
        for _ in polling(config.timeout_minutes * 60):
            cluster = find_cluster(redshift, config) or {"ClusterStatus": "not listed yet"}
            current.update(cluster["ClusterStatus"])
            if is_available(cluster):
                current.result = "yes"
                return cluster
    minutes = config.timeout_minutes
    raise DwhError(
        f"the cluster {config.identifier} is not available after {minutes} minutes",
        "run python setup_env.py again to wait longer, or raise CREATE_TIMEOUT_MINUTES",
    )


def is_available(cluster: dict[str, Any]) -> bool:
    """Whether the cluster can be used; an error if it never will by itself."""
    status = cluster["ClusterStatus"]
    if any(word in status for word in STATUSES_THAT_STAY):
        raise dwh.unavailable(cluster)
    ready = cluster.get("ClusterAvailabilityStatus", "Available") == "Available"
    return bool(ready and status.startswith("available"))


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
    sys.exit(dwh.run(main))
