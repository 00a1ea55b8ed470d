"""The access that dwh.cfg grants: the cluster's to S3, and the client's to the cluster."""

from __future__ import annotations

import ipaddress
import json
import urllib.request
from typing import Any

from aws import (
    POLICY_NAME,
    attempt,
    check_ours,
    find_role,
    find_security_group,
    find_target,
    find_vpc,
    tags,
)
from dwh import Config
from errors import DwhError
from terminal import step

# Whom a rule of a security group lets in is under one of these keys.
RULE_SOURCES = ("CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupInfo")

# ---------------------------------------------------------------------------- to S3


def create_role(iam: Any, config: Config) -> str:
    """Let Redshift, and nobody else, read the configured files; return the role's ARN."""
    with step(f"role {config.role}") as current:
        role = find_role(iam, config.role)
        if role:
            check_ours("role", config.role, "ROLE", role, config)
        current.result = "already there" if role else "created"
        role = role or new_role(iam, config)
        iam.update_assume_role_policy(
            RoleName=config.role, PolicyDocument=json.dumps(trust_policy())
        )
        iam.put_role_policy(
            RoleName=config.role,
            PolicyName=POLICY_NAME,
            PolicyDocument=json.dumps(read_policy(config)),
        )
    return str(role["Arn"])


def new_role(iam: Any, config: Config) -> dict[str, Any]:
    """Create the role, which may do nothing yet."""
    answer = iam.create_role(
        RoleName=config.role,
        AssumeRolePolicyDocument=json.dumps(trust_policy()),
        Description="Lets Redshift read the files that etl.py loads",
        Tags=tags(config),
    )
    return dict(answer["Role"])


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


# ---------------------------------------------------------------------------- to the cluster


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
        current.result = "already there" if group else "created"
        if open_port(ec2, config, group_id, addresses):
            current.result += f", port {config.port} opened to {addresses}"
        if closed := close_others(ec2, config, group_id, addresses):
            current.result += f", closed {', '.join(closed)}"
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


def close_others(ec2: Any, config: Config, group_id: str, addresses: str) -> list[str]:
    """Remove every other rule of ours, such as that of an earlier address; what they let in."""
    group_itself = [{"Name": "group-id", "Values": [group_id]}]
    wanted = ("tcp", config.port, config.port, addresses)
    closed = []
    for rule in ec2.describe_security_group_rules(Filters=group_itself)["SecurityGroupRules"]:
        source = next((str(rule[key]) for key in RULE_SOURCES if rule.get(key)), "")
        found = (rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"), source)
        if not rule["IsEgress"] and found != wanted:
            ec2.revoke_security_group_ingress(
                GroupId=group_id, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]]
            )
            closed.append(f"port {rule.get('FromPort')} to {source}")
    return closed


def client_addresses(config: Config) -> str:
    """Whom to let in: the configured range, or the public address of this machine."""
    if config.client_address != "auto":
        return config.client_address
    target = find_target(config)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(target.proxies))
    try:
        answer = opener.open(target.address_url, timeout=10).read(100).decode()
        return f"{ipaddress.IPv4Address(answer.strip())}/32"
    except (OSError, ValueError) as error:
        what = f"{target.address_url} does not tell this machine's address ({error})"
        raise DwhError(what, "set CLIENT_ADDRESS in dwh.cfg instead of auto") from error
