"""Readers of the values of dwh.cfg, each of which raises ValueError that says what must be."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from dwh.target import TARGETS, Target

KINDS = CLUSTER, SERVERLESS = "cluster", "serverless"
# Node types with which clusters can be created: from one node on, or from two on; and the most.
NODE_RANGES = {
    "ra3.large ra3.xlplus rg.large": range(1, 17),
    "rg.xlarge": range(2, 17),
    "ra3.4xlarge rg.4xlarge": range(2, 33),
    "ra3.16xlarge rg.12xlarge": range(2, 129),
}
NODE_TYPES = {name: nodes for names, nodes in NODE_RANGES.items() for name in names.split()}


def text(pattern: str, meaning: str) -> Callable[[str], str]:
    """A reader of values that match the pattern."""

    def read(value: str) -> str:
        if not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError(f"must be {meaning}")
        return value

    return read


def number(*ranges: range) -> Callable[[str], int]:
    """A reader of whole numbers in any of the ranges."""
    meaning = " or ".join(f"{each.start} to {each.stop - 1}" for each in ranges)

    def read(value: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", value) or not any(int(value) in each for each in ranges):
            raise ValueError(f"must be a number, {meaning}")
        return int(value)

    return read


def target(value: str) -> Target:
    """Read the name of a target."""
    if value not in TARGETS:
        raise ValueError("must be sandbox or aws")
    return TARGETS[value]


def node_type(value: str) -> str:
    """Read a node type with which AWS still creates clusters."""
    if value.startswith(("dc1.", "dc2.", "ds2.")):
        raise ValueError("can no longer be created; ra3.large is the smallest that can")
    if value not in NODE_TYPES:
        raise ValueError(f"must be one of {', '.join(NODE_TYPES)}")
    return value


def address(value: str) -> str:
    """Read `auto` or a range of addresses."""
    if value == "auto":
        return value
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        raise ValueError("must be auto or a range such as 203.0.113.7/32") from None


def group_ids(value: str) -> tuple[str, ...]:
    """Read the ids of security groups, none if there is nothing."""
    ids = tuple(value.replace(",", " ").split())
    if not all(re.fullmatch("sg-[0-9a-f]{8,17}", each) for each in ids):
        raise ValueError("must be ids such as sg-0123456789abcdef0, or empty")
    return ids


def pack_from(value: str) -> int | None:
    """Read from how many small files on they are packed: 0 is never, None leaves it to us."""
    if value in {"auto", "never"}:
        return None if value == "auto" else 0
    if not re.fullmatch("[1-9][0-9]{0,8}", value):
        raise ValueError("must be auto, never or a number from 1 on")
    return int(value)


# In RPUs. https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-capacity.html
COMMON_CAPACITIES = (4, *range(8, 513, 8))
LARGE_CAPACITIES = tuple(range(544, 1025, 32))
LARGE_REGIONS = ("us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-central-1")


def capacity(value: str) -> int:
    """Read a base capacity of Redshift Serverless."""
    known = {str(each) for each in COMMON_CAPACITIES + LARGE_CAPACITIES}
    if value not in known:
        raise ValueError("must be 4, or 8 to 512 in steps of 8, or 544 to 1024 in steps of 32")
    return int(value)


def daily_limit(value: str) -> int | None:
    """Read a number of RPU hours, None if there is no limit."""
    if value == "none":
        return None
    if not re.fullmatch("[1-9][0-9]{0,5}", value):
        raise ValueError("must be a number of RPU hours from 1 on, or none")
    return int(value)


def subnet_ids(value: str) -> tuple[str, ...]:
    """Read the ids of subnets, none if there is nothing."""
    ids = tuple(value.replace(",", " ").split())
    if not all(re.fullmatch("subnet-[0-9a-f]{8,17}", each) for each in ids) or len(ids) == 1:
        raise ValueError("must be two or more ids such as subnet-0123456789abcdef0, or empty")
    return ids


def kind(value: str) -> str:
    """Read a kind of warehouse."""
    if value not in KINDS:
        raise ValueError("must be cluster or serverless")
    return value


def is_everybody(addresses: str) -> bool:
    """Whether a range has more addresses than any one organisation."""
    if addresses == "auto":
        return False
    network = ipaddress.ip_network(addresses)
    return network.prefixlen < (8 if network.version == 4 else 16)


def yes_or_no(value: str) -> bool:
    """Read a yes or a no."""
    if value not in {"yes", "no"}:
        raise ValueError("must be yes or no")
    return value == "yes"


REGION = r"(?!cn-|us-gov-|us-iso)[a-z]{2}(-[a-z]+)+-\d"
ANY_REGION = "a region such as us-west-2, not of China's or the governments' own AWS"
region = text(REGION, ANY_REGION)
# Where S3 has no buckets of an account's own namespace, of which the one for lists of files is.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
region_of_s3 = text(
    rf"(?!me-south-1|me-central-1){REGION}",
    f"{ANY_REGION}, and neither me-south-1 nor me-central-1, where S3 has no account-regional "
    "buckets",
)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
RESERVED = "(?!xn--|sthree-|amzn-s3-demo-)"
s3_url = text(
    r"s3://" + RESERVED + r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9!_.'()/=+@-]+",
    "s3://bucket/prefix, bucket of 3 to 63 characters and no reserved name, no wildcards or blanks",
)
cluster_identifier = text(
    RESERVED + r"(?!.*--)[a-z]([a-z0-9-]{0,61}[a-z0-9])?",
    "1 to 63 lower-case letters, digits and single hyphens, first a letter, last no hyphen; as a "
    "bucket is named after it, sthree- and amzn-s3-demo- cannot come first",
)
database = text(r"[a-z][a-z0-9_]{0,63}", "1 to 64 lower-case letters, digits and _, first a letter")
user = text(r"(?!public$)[a-z][a-z0-9_+.@-]{0,127}", "a lower-case name, and not public")


def principals(value: str) -> tuple[str, ...]:
    """Read which IAM users and roles are trusted; none are named if the account itself is."""
    names = tuple(value.replace(",", " ").split())
    if names == ("account",):
        return ()
    if not names or not all(re.fullmatch(r"(user|role)/[\w+=.@/-]{1,512}", each) for each in names):
        raise ValueError("must be account, or names such as user/ada and role/analytics")
    return names


iam_role = text(r"[\w+=,.@-]{1,64}", "1 to 64 letters, digits and +=,.@_-")
subnet_group = text(
    r"(?!default$)[a-z0-9._-]{0,255}", "the name of a subnet group that exists, or empty"
)
group = text(r"(?!sg-)[\w .:/()#,@+=&;{}!$*-]{1,255}", "a name that does not start with sg-")
