"""The security group that opens the warehouse's port to its clients, and to nobody else."""

from __future__ import annotations

from typing import Any

from dwh.aws import Clients, attempt, polling
from dwh.config import Config
from dwh.errors import DwhError
from dwh.ownership import check_ours, tag_filters, tags
from dwh.provisioning.environment import Described, Environment, Remains, SecurityGroup
from dwh.provisioning.plan import Change
from dwh.reachability import Rule, covers, ingress_rules, own_address, source
from dwh.setting_readers import CLUSTER, SERVERLESS, is_everybody
from dwh.terminal import Step

# How long EC2 may need to tell itself of a new group.
UNKNOWN_SECONDS = 30
# A deleted warehouse's network interfaces hold on to the group for some minutes.
IN_USE_SECONDS = 300

# ---------------------------------------------------------------------------- what is there


def look(aws: Clients, config: Config, vpc: str) -> tuple[SecurityGroup | None, list[Described]]:
    """The group that SECURITY_GROUP names, whoever has made it, and ours that it named before."""
    ours = our_groups(aws.ec2, config)
    if config.security_groups:
        return None, ours
    others = [each for each in ours if each["GroupName"] != config.security_group]
    found = find_group(aws.ec2, config, vpc)
    return (with_rules(aws.ec2, found) if found else None), others


def look_at_existing(aws: Clients, config: Config) -> list[SecurityGroup]:
    """The groups that EXISTING_SECURITY_GROUPS names by their ids."""
    if not config.security_groups:
        return []
    ids = list(config.security_groups)
    groups = aws.ec2.describe_security_groups(GroupIds=ids)["SecurityGroups"]
    return [with_rules(aws.ec2, group) for group in groups]


def with_rules(ec2: Any, group: Described) -> SecurityGroup:
    """The group with the rules that let somebody in."""
    return SecurityGroup(group, ingress_rules(ec2, group["GroupId"]))


def find_vpc(ec2: Any, redshift: Any, config: Config) -> str:
    """The VPC of the subnets in dwh.cfg, or the default VPC. Raises DwhError if there is none."""
    if config.kind == SERVERLESS and config.subnets:
        subnets = ec2.describe_subnets(SubnetIds=list(config.subnets))["Subnets"]
        return str(subnets[0]["VpcId"])
    if config.kind == CLUSTER and config.subnet_group:
        describe = redshift.describe_cluster_subnet_groups
        found = describe(ClusterSubnetGroupName=config.subnet_group)["ClusterSubnetGroups"]
        return str(found[0]["VpcId"])
    filters = [{"Name": "is-default", "Values": ["true"]}]
    for vpc in ec2.describe_vpcs(Filters=filters)["Vpcs"]:
        return str(vpc["VpcId"])
    what = f"{config.aws_region} has no default VPC"
    key = "SUBNETS" if config.kind == SERVERLESS else "a SUBNET_GROUP"
    hint = f"name {key} in dwh.cfg, or create it: aws ec2 create-default-vpc"
    raise DwhError(what, hint)


def find_group(ec2: Any, config: Config, vpc: str) -> Described | None:
    """The group that SECURITY_GROUP names, whoever has made it."""
    filters = [
        {"Name": "group-name", "Values": [config.security_group]},
        {"Name": "vpc-id", "Values": [vpc]},
    ]
    return next(iter(ec2.describe_security_groups(Filters=filters)["SecurityGroups"]), None)


def our_groups(ec2: Any, config: Config) -> list[Described]:
    """All groups of this environment, also those that SECURITY_GROUP no longer names."""
    found = ec2.describe_security_groups(Filters=tag_filters(config))["SecurityGroups"]
    return list(found)


def wanted_groups(ec2: Any, redshift: Any, config: Config) -> list[str]:
    """The ids of the groups that the warehouse is to have; none while ours is not there yet."""
    if config.security_groups:
        return list(config.security_groups)
    group = find_group(ec2, config, find_vpc(ec2, redshift, config))
    return [group["GroupId"]] if group else []


def client_addresses(config: Config) -> str:
    """Whom to let in: the configured range, or this machine alone; nobody to groups of others."""
    if config.security_groups:
        return ""
    if config.client_address != "auto":
        return config.client_address
    return f"{own_address(config)}/32"


# ---------------------------------------------------------------------------- plans


def plan_setup(found: Environment, config: Config) -> list[Change]:
    """Create the group, or open and close its port as dwh.cfg says.

    Raises DwhError if it is not ours, or if a group that existed before is open to everybody.
    """
    if config.security_groups:
        return [keep_existing(found, config)]
    addresses, group = found.client_addresses, found.group
    if group is None:

        def create(aws: Clients, _: Step) -> None:
            set_rules(aws.ec2, create_group(aws.ec2, config, found.vpc), config, addresses)

        return [Change("create", title(config), settings(config, addresses), create)]
    check_ours("security group", config.security_group, "SECURITY_GROUP", group.described, config)
    missing, others = deviations(group.rules, config, addresses)
    if not missing and not others:
        return [Change("keep", title(config), settings(config, addresses))]
    faults = [settings(config, addresses)] if missing else []
    faults += [f"close {rule_in_words(rule)}" for rule in others]

    def change(aws: Clients, _: Step) -> None:
        set_rules(aws.ec2, group.described["GroupId"], config, addresses)

    return [Change("change", title(config), ", ".join(faults), change)]


def keep_existing(found: Environment, config: Config) -> Change:
    """Keep the groups that dwh.cfg names by their ids; their rules are their owner's."""
    names = ", ".join(config.security_groups)
    if any(group.described["VpcId"] != found.vpc for group in found.existing_groups):
        what = f"not all of {names} are in the warehouse's VPC, {found.vpc}"
        raise DwhError(what, "correct EXISTING_SECURITY_GROUPS or SUBNET_GROUP in dwh.cfg")
    open_rules = [
        rule_in_words(rule)
        for group in found.existing_groups
        for rule in group.rules
        if lets_everybody_in(rule) and covers(rule, config.port)
    ]
    if open_rules and not config.open_to_the_internet:
        what = f"{names} would open the warehouse to the whole internet: {', '.join(open_rules)}"
        raise DwhError(what, "close that in the group, or set OPEN_TO_THE_INTERNET = yes")
    return Change("keep", f"security groups {names}", "not made by setup_env.py, not changed")


def plan_superseded(found: Environment, config: Config) -> list[Change]:
    """Delete the groups that SECURITY_GROUP has named before."""
    why = "no longer SECURITY_GROUP in dwh.cfg"
    return [deletion(group, why) for group in found.superseded_groups]


def plan_shutdown(found: Remains, config: Config) -> list[Change]:
    """Delete every group of this environment."""
    return [deletion(group, "with its rules") for group in found.groups]


def deletion(group: Described, why: str) -> Change:
    """The plan of a group that is to go."""

    def apply(aws: Clients, current: Step) -> None:
        delete_group(aws.ec2, group["GroupId"], current)

    return Change("delete", f"security group {group['GroupName']}", why, apply)


def title(config: Config) -> str:
    """What the group is called in the plan."""
    return f"security group {config.security_group}"


def settings(config: Config, addresses: str) -> str:
    """What the group lets in, in a few words."""
    return f"port {config.port} open to {addresses}"


def deviations(rules: list[Rule], config: Config, addresses: str) -> tuple[bool, list[Rule]]:
    """Whether the rule that lets the clients in is missing, and the rules that should not be."""
    wanted = ("tcp", config.port, config.port, addresses)
    others, missing = [], True
    for rule in rules:
        ports = rule.get("FromPort"), rule.get("ToPort")
        if (rule["IpProtocol"], *ports, source(rule)) == wanted:
            missing = False
        else:
            others.append(rule)
    return missing, others


def lets_everybody_in(rule: Rule) -> bool:
    """Whether a rule is for most of the internet; what a prefix list holds is not looked at."""
    ranges = [str(rule.get(key) or "auto") for key in ("CidrIpv4", "CidrIpv6")]
    return any(is_everybody(each) for each in ranges)


def rule_in_words(rule: Rule) -> str:
    """A rule in a few words."""
    ports = {rule.get("FromPort"), rule.get("ToPort")}
    named = f"ports {rule.get('FromPort')}-{rule.get('ToPort')}"
    return f"{f'port {ports.pop()}' if len(ports) == 1 else named} to {source(rule)}"


# ---------------------------------------------------------------------------- what is done


def create_group(ec2: Any, config: Config, vpc: str) -> str:
    """Create the group, which lets nobody in yet; its id."""
    created = attempt(
        "InvalidGroup.Duplicate",  # made by a first try whose answer was lost
        ec2.create_security_group,
        GroupName=config.security_group,
        Description="Opens the Sparkify warehouse to its clients",
        VpcId=vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": tags(config)}],
    )
    found = created or find_group(ec2, config, vpc) or {}
    if created is None:
        check_ours("security group", config.security_group, "SECURITY_GROUP", found, config)
    return str(found["GroupId"])


def set_rules(ec2: Any, group_id: str, config: Config, addresses: str) -> None:
    """Let the clients in, and nobody else."""
    missing, others = deviations(ingress_rules(ec2, group_id), config, addresses)
    if missing:
        open_port(ec2, group_id, config, addresses)
    for rule in others:
        codes = "InvalidSecurityGroupRuleId.NotFound InvalidPermission.NotFound"
        revoke, rule_id = ec2.revoke_security_group_ingress, rule["SecurityGroupRuleId"]
        attempt(codes, revoke, GroupId=group_id, SecurityGroupRuleIds=[rule_id])


def open_port(ec2: Any, group_id: str, config: Config, addresses: str) -> None:
    """Add the rule that lets the clients in, to a group that EC2 may not know everywhere yet."""
    from botocore.exceptions import ClientError

    ranges, key = ("Ipv6Ranges", "CidrIpv6") if ":" in addresses else ("IpRanges", "CidrIp")
    rule = {
        "IpProtocol": "tcp",
        "FromPort": config.port,
        "ToPort": config.port,
        ranges: [{key: addresses, "Description": "clients of the warehouse"}],
    }
    authorize = ec2.authorize_security_group_ingress
    for _ in polling(UNKNOWN_SECONDS):
        try:
            attempt(
                "InvalidPermission.Duplicate", authorize, GroupId=group_id, IpPermissions=[rule]
            )
            return
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidGroup.NotFound":
                raise
            unknown = error
    raise unknown


def delete_group(ec2: Any, group_id: str, current: Step) -> None:
    """Delete a group, once nothing uses it; what stays is for the sweep to tell."""
    from botocore.exceptions import ClientError

    for _ in polling(IN_USE_SECONDS):
        try:
            attempt("InvalidGroup.NotFound", ec2.delete_security_group, GroupId=group_id)
        except ClientError as error:
            if error.response["Error"]["Code"] != "DependencyViolation":
                raise
            current.update("still in use")
        else:
            return
    current.result = "still in use"
