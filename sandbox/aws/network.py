"""Where a cluster is in the network: its VPC, and the security groups that let clients in.

https://docs.aws.amazon.com/redshift/latest/mgmt/managing-clusters-vpc.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address, ip_network
from typing import Any

from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.redshift.exceptions import (
    ClusterSubnetGroupNotFoundError,
    InvalidParameterValueError,
    RedshiftClientError,
)
from moto.redshift.models import redshift_backends

from sandbox.aws.background import STATE_LOCK

DEFAULT_SUBNET_GROUP = "default"
# Who else has security groups: the ids that are in use, as each of these tells them.
groups_in_use: list[Callable[[Any], set[str]]] = []
MOTO_DELETE_SECURITY_GROUP = SecurityGroupBackend.delete_security_group


def subnet_group(backend: Any, name: str | None) -> Any:
    """The cluster subnet group; without a name that of the default VPC, made when it is missing.

    `backend` is moto's Redshift. Raises ClusterSubnetGroupNotFoundFault, or
    InvalidVPCNetworkStateFault when there is no default VPC.
    """
    found = backend.subnet_groups.get(name or DEFAULT_SUBNET_GROUP)
    if found and found.subnets:
        return found
    if name not in (None, DEFAULT_SUBNET_GROUP):
        raise ClusterSubnetGroupNotFoundError(name)
    return _default_subnet_group(backend)


def _default_subnet_group(backend: Any) -> Any:
    vpc = backend.ec2_backend.get_default_vpc()
    if vpc is None:
        text = "There is no default VPC; name a ClusterSubnetGroupName."
        raise RedshiftClientError("InvalidVPCNetworkStateFault", text)
    subnets = backend.ec2_backend.describe_subnets(filters={"vpc-id": [vpc.id]})
    return backend.create_cluster_subnet_group(
        DEFAULT_SUBNET_GROUP, "default", [subnet.id for subnet in subnets], backend.region_name
    )


def workgroup_subnets(ec2: Any, wanted: list[str]) -> list[Any]:
    """The subnets of a workgroup, by default those of the default VPC.

    Raises InvalidParameterValue unless they are of one VPC, and in two availability zones.
    https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-known-issues.html
    """
    default = ec2.get_default_vpc()
    of_default = {"vpc-id": [default.id]} if default else {"subnet-id": []}
    found = ec2.describe_subnets(filters={"subnet-id": wanted} if wanted else of_default)
    zones, vpcs = (
        {getattr(each, key) for each in found} for key in ("availability_zone", "vpc_id")
    )
    if len(found) < len(wanted) or len(vpcs) != 1 or len(zones) < 2:
        text = "A workgroup needs subnets of one VPC in two availability zones at least."
        raise InvalidParameterValueError(text)
    return list(found)


def security_groups(ec2: Any, vpc: str, wanted: list[str]) -> list[str]:
    """The ids of a cluster's security groups, by default the VPC's default group.

    Raises InvalidParameterValue for a group that is not in the VPC.
    """
    if not wanted:
        return [str(ec2.get_default_security_group(vpc).id)]
    for group_id in wanted:
        group = ec2.get_security_group_from_id(group_id)
        if group is None or group.vpc_id != vpc:
            text = f"VPC Security group {group_id} does not exist in VPC {vpc}"
            raise InvalidParameterValueError(text)
    return list(dict.fromkeys(wanted))


def admits(ec2: Any, group_ids: Iterable[str], port: int, address: str) -> bool:
    """Whether one of the groups, as they are now, lets an IP address in on a TCP port.

    https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
    """
    groups = [ec2.get_security_group_from_id(group_id) for group_id in group_ids]
    rules = [rule for group in groups if group for rule in list(group.ingress_rules)]
    return any(_is_for_port(rule, port) and _is_for_address(rule, address) for rule in rules)


def _is_for_port(rule: Any, port: int) -> bool:
    if rule.ip_protocol == "-1":
        return True
    return bool(rule.ip_protocol == "tcp" and rule.from_port <= port <= rule.to_port)


def _is_for_address(rule: Any, address: str) -> bool:
    """Rules that name a group or a prefix list are for clients within AWS."""
    ranges = filter(None, (rule.cidr_ipv4, rule.cidr_ipv6))
    return any(ip_address(address) in ip_network(each, strict=False) for each in ranges)


def delete_security_group(ec2: Any, name: str | None = None, group_id: str | None = None) -> None:
    """As moto does, but not while something uses the group.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
    """
    with STATE_LOCK:
        group = ec2.get_security_group_by_name_or_id(group_id or name)
        if group and _is_used(ec2, group.id):
            raise DependencyViolationError(f"resource {group.id} has a dependent object")
        MOTO_DELETE_SECURITY_GROUP(ec2, name, group_id)


def _is_used(ec2: Any, group_id: str) -> bool:
    """Whether a warehouse, a network interface or a rule of another group names the group."""
    clusters = redshift_backends[ec2.account_id][ec2.region_name].clusters.values()
    interfaces = ec2.enis.values()
    others = [each for each in ec2.describe_security_groups() if each.id != group_id]
    return (
        any(group_id in each.vpc_security_group_ids for each in clusters)
        or any(group_id in find(ec2) for find in groups_in_use)
        or any(group_id in [used.id for used in each.group_set] for each in interfaces)
        or any(
            group_id == rule.source_group.get("GroupId")
            for other in others
            for rule in (*other.ingress_rules, *other.egress_rules)
        )
    )
