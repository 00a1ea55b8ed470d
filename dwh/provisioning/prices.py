"""What an environment costs on AWS, as it was known on KNOWN_ON, and the page to check it at."""

from __future__ import annotations

from dwh.config import Config

KNOWN_ON = "2026-11-27"
HOURS_A_MONTH = 730
UNKNOWN = "unknown"
REDSHIFT = "https://aws.amazon.com/redshift/pricing/"
VPC = "https://aws.amazon.com/vpc/pricing/"
SECRETS = "https://aws.amazon.com/secrets-manager/pricing/"
# A node, in USD an hour, by its type and region.
NODES = {("ra3.large", "us-west-2"): 0.543}
# An address. How many of them a cluster is charged for, no page says.
ADDRESS = 0.005
# The secret with the administrator's password, in USD a month.
SECRET = 0.40


def rows(config: Config) -> list[tuple[str, str, str, str]]:
    """What is billed once the cluster is created: USD an hour and a month, and where to check."""
    node = NODES.get((config.node_type, config.aws_region))
    nodes = None if node is None else node * config.nodes
    address = f"each public IPv4 address (how many: {UNKNOWN})"
    found = [(f"{config.nodes} x {config.node_type}", *by_time(nodes), REDSHIFT)]
    if config.public:
        found.append((address, *by_time(ADDRESS), VPC))
    return [*found, ("the administrator's secret", *by_time(SECRET / HOURS_A_MONTH), SECRETS)]


def by_time(usd_an_hour: float | None) -> tuple[str, str]:
    """A price by the hour and by the month, for people."""
    if usd_an_hour is None:
        return UNKNOWN, UNKNOWN
    return f"{usd_an_hour:.3f}", f"{usd_an_hour * HOURS_A_MONTH:,.2f}"
