"""Prices of an environment on AWS as of KNOWN_ON, each with the page on which to check it."""

from __future__ import annotations

from dwh.config import Config
from dwh.setting_readers import CLUSTER

KNOWN_ON = "2026-11-27"
HOURS_A_MONTH = 730
UNKNOWN = "unknown"
REDSHIFT = "https://aws.amazon.com/redshift/pricing/"
VPC = "https://aws.amazon.com/vpc/pricing/"
SECRETS = "https://aws.amazon.com/secrets-manager/pricing/"
# USD per hour of a node, by node type and region.
NODES = {("ra3.large", "us-west-2"): 0.543}
# USD per hour that an RPU works, by region, by the second, but for a minute at least each time.
RPUS = {"us-west-2": 0.375}
# A load each night, with what the warehouse then takes to come to rest.
MINUTES_A_NIGHT = 5
# USD per hour of a public address. No page says how many addresses there are.
ADDRESS = 0.005
# USD per month of the secret with the administrator's password.
SECRET = 0.40
# USD per month of a GB of managed storage, or of snapshots, in us-west-2.
STORAGE = 0.024


def rows(config: Config) -> list[tuple[str, str, str, str]]:
    """What is billed once the warehouse is there: item, USD per hour and month, page to check."""
    found = of_cluster(config) if config.kind == CLUSTER else of_serverless(config)
    if config.public:
        address = f"each public IPv4 address (how many: {UNKNOWN})"
        found.append((address, *by_time(ADDRESS), VPC))
    return [
        *found,
        ("the administrator's secret", "-", f"{SECRET:.2f}", SECRETS),
        ("each GB of storage, also while at rest", "-", storage(config), REDSHIFT),
    ]


def of_cluster(config: Config) -> list[tuple[str, str, str, str]]:
    """What nodes cost, whatever they do."""
    node = NODES.get((config.node_type, config.aws_region))
    nodes = None if node is None else node * config.nodes
    return [(f"{config.nodes} x {config.node_type}", *by_time(nodes), REDSHIFT)]


def of_serverless(config: Config) -> list[tuple[str, str, str, str]]:
    """What an hour of work costs, a load each night, and the most that the limit lets through."""
    rpu = RPUS.get(config.aws_region)
    hour = None if rpu is None else rpu * config.base_capacity
    night = f"a load of {MINUTES_A_NIGHT} minutes each night"
    most = f"at most, by DAILY_LIMIT = {config.daily_limit}"
    found = [
        (f"{config.base_capacity} RPU while they work", by_time(hour)[0], "-", REDSHIFT),
        (night, "-", by_month(hour and hour * MINUTES_A_NIGHT / 60), REDSHIFT),
    ]
    if config.daily_limit is None:
        return [*found, ("at most, without a DAILY_LIMIT", "-", "no limit", REDSHIFT)]
    return [*found, (most, "-", by_month(rpu and rpu * config.daily_limit), REDSHIFT)]


def by_month(usd_a_day: float | None) -> str:
    """A price per month of what is billed each day, for people."""
    return UNKNOWN if usd_a_day is None else f"{usd_a_day * HOURS_A_MONTH / 24:,.2f}"


def storage(config: Config) -> str:
    """The price of a GB and month where the warehouse is."""
    return f"{STORAGE:.3f}" if config.aws_region == "us-west-2" else UNKNOWN


def by_time(usd_an_hour: float | None) -> tuple[str, str]:
    """A price per hour and per month, for people."""
    if usd_an_hour is None:
        return UNKNOWN, UNKNOWN
    return f"{usd_an_hour:.3f}", f"{usd_an_hour * HOURS_A_MONTH:,.2f}"
