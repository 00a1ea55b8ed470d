"""Prices of an environment on AWS as of KNOWN_ON, each with the page on which to check it."""

from __future__ import annotations

from dwh.config import Config

KNOWN_ON = "2026-11-27"
HOURS_A_MONTH = 730
UNKNOWN = "unknown"
REDSHIFT = "https://aws.amazon.com/redshift/pricing/"
VPC = "https://aws.amazon.com/vpc/pricing/"
SECRETS = "https://aws.amazon.com/secrets-manager/pricing/"
# USD per hour of a node, by node type and region.
NODES = {("ra3.large", "us-west-2"): 0.543}
# USD per hour of a public address. No page says how many addresses a cluster is charged for.
ADDRESS = 0.005
# USD per month of the secret with the administrator's password.
SECRET = 0.40
# USD per month of a GB of managed storage, or of snapshots, in us-west-2.
STORAGE = 0.024


def rows(config: Config) -> list[tuple[str, str, str, str]]:
    """What is billed once the cluster is there: item, USD per hour and per month, page to check."""
    node = NODES.get((config.node_type, config.aws_region))
    nodes = None if node is None else node * config.nodes
    found = [(f"{config.nodes} x {config.node_type}", *by_time(nodes), REDSHIFT)]
    if config.public:
        address = f"each public IPv4 address (how many: {UNKNOWN})"
        found.append((address, *by_time(ADDRESS), VPC))
    return [
        *found,
        ("the administrator's secret", "-", f"{SECRET:.2f}", SECRETS),
        ("each GB of storage, also while paused", "-", storage(config), REDSHIFT),
    ]


def storage(config: Config) -> str:
    """The price of a GB and month where the cluster is."""
    return f"{STORAGE:.3f}" if config.aws_region == "us-west-2" else UNKNOWN


def by_time(usd_an_hour: float | None) -> tuple[str, str]:
    """A price per hour and per month, for people."""
    if usd_an_hour is None:
        return UNKNOWN, UNKNOWN
    return f"{usd_an_hour:.3f}", f"{usd_an_hour * HOURS_A_MONTH:,.2f}"
