"""Redshift Serverless of each region."""

from __future__ import annotations

from typing import Any

from sandbox.aws import network
from sandbox.aws.background import STATE_LOCK
from sandbox.aws.serverless import Serverless

_regions: dict[tuple[str, str], Serverless] = {}


def find_region(account: str, region: str) -> Serverless:
    """Redshift Serverless in a region."""
    with STATE_LOCK:
        return _regions.setdefault((account, region), Serverless(account, region))


def groups_in_use(ec2: Any) -> set[str]:
    """The ids of the security groups that workgroups of EC2's region have."""
    found = find_region(ec2.account_id, ec2.region_name).workgroups.values()
    return {group for each in found for group in each.described["securityGroupIds"]}


network.groups_in_use.append(groups_in_use)
