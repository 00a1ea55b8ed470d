"""Whom security groups let in, and why the warehouse's port cannot be reached from here."""

from __future__ import annotations

import ipaddress
from typing import Any

from dwh.aws import client, find_endpoint
from dwh.config import Config
from dwh.errors import DwhError, UnreachableError
from dwh.warehouse import Warehouse

# Whom a rule of a security group lets in is under one of these keys.
RULE_SOURCES = ("CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupInfo")
SETUP = "run python setup_env.py"

Rule = dict[str, Any]


def unreachable(config: Config, warehouse: Warehouse, reason: str) -> UnreachableError:
    """The error of a port that does not answer, with what to do about it."""
    what = f"{warehouse.host} port {warehouse.port} cannot be reached ({reason})"
    return UnreachableError(what, find_hint(config, warehouse))


def find_hint(config: Config, warehouse: Warehouse) -> str:
    """What stands between this machine and the warehouse, as far as AWS tells."""
    if not warehouse.is_public:
        return (
            "the warehouse has no public address: run this inside its VPC, or set "
            f"PUBLICLY_ACCESSIBLE = yes in dwh.cfg and {SETUP}"
        )
    mend = f"see CLIENT_ADDRESS in dwh.cfg, and {SETUP}"
    if config.security_groups:
        theirs = ", ".join(config.security_groups)
        mend = f"add a rule for port {config.port} to {theirs}, which setup_env.py leaves as it is"
    try:
        here, allowed = own_address(config), allowed_sources(config, warehouse)
    except Exception:  # the question that failed first is the one to answer
        return f"see that its security group lets in this machine's address: {mend}"
    if not any(is_within(here, each) for each in allowed):
        let_in = ", ".join(allowed) or "nobody"
        return f"its security group lets in {let_in}, and this machine is {here}: {mend}"
    return (
        f"its security group lets {here} in: look for a firewall, or a VPC without a way out; "
        "inside its own VPC it is the private address that has to be let in"
    )


def allowed_sources(config: Config, warehouse: Warehouse) -> list[str]:
    """Whom the warehouse's security groups let in to its port."""
    ec2 = client(config, "ec2")
    rules = [rule for each in warehouse.security_groups for rule in ingress_rules(ec2, each)]
    return [source(rule) for rule in rules if covers(rule, config.port)]


def is_within(address: str, allowed: str) -> bool:
    """Whether a rule's source, if it is a range of addresses, has the address in it."""
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(allowed)
    except ValueError:  # a group or a prefix list
        return False


# ---------------------------------------------------------------------------- rules and addresses


def ingress_rules(ec2: Any, group_id: str) -> list[Rule]:
    """Who is let in by a group."""
    this_group = [{"Name": "group-id", "Values": [group_id]}]
    pages = ec2.get_paginator("describe_security_group_rules").paginate(Filters=this_group)
    rules = [rule for page in pages for rule in page["SecurityGroupRules"]]
    return [rule for rule in rules if not rule["IsEgress"]]


def covers(rule: Rule, port: int) -> bool:
    """Whether a rule opens a port."""
    if rule["IpProtocol"] == "-1":
        return True
    return bool(rule["IpProtocol"] == "tcp" and rule["FromPort"] <= port <= rule["ToPort"])


def source(rule: Rule) -> str:
    """Whom a rule lets in."""
    return next((str(rule[key]) for key in RULE_SOURCES if rule.get(key)), "")


def own_address(config: Config) -> str:
    """The address that this machine has for others. Raises DwhError if nobody tells it."""
    import urllib.request

    endpoint = find_endpoint(config)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(endpoint.proxies))
    try:
        answer = opener.open(endpoint.address_url, timeout=10).read(100).decode()
        return str(ipaddress.IPv4Address(answer.strip()))
    except (OSError, ValueError) as error:
        what = f"{endpoint.address_url} does not tell this machine's address ({error})"
        raise DwhError(what, "set CLIENT_ADDRESS in dwh.cfg instead of auto") from error
