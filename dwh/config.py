"""What the scripts share of dwh.cfg: its values, checked."""

from __future__ import annotations

import configparser
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from dwh.errors import UsageError
from dwh.target import TARGETS, Target
from dwh.terminal import say

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


def setting(section: str, key: str, read: Callable[[str], Any]) -> Any:
    """A field of Config: where its value stands in the file, and who reads it."""
    return field(metadata={"section": section, "key": key, "read": read})


@dataclass(frozen=True)
class Config:
    """The values of dwh.cfg, checked."""

    target: Target = setting("target", "TARGET", target)
    aws_region: str = setting("aws", "REGION", region)
    identifier: str = setting("cluster", "IDENTIFIER", cluster_identifier)
    node_type: str = setting("cluster", "NODE_TYPE", node_type)
    nodes: int = setting("cluster", "NODES", number(range(1, 129)))
    database: str = setting("cluster", "DATABASE", database)
    user: str = setting("cluster", "USER", user)
    port: int = setting("cluster", "PORT", number(range(5431, 5456), range(8191, 8216)))
    public: bool = setting("cluster", "PUBLICLY_ACCESSIBLE", yes_or_no)
    subnet_group: str = setting("cluster", "SUBNET_GROUP", subnet_group)
    timeout_minutes: int = setting("cluster", "TIMEOUT_MINUTES", number(range(1, 241)))
    role: str = setting("access", "ROLE", iam_role)
    analyst_role: str = setting("access", "ANALYST_ROLE", iam_role)
    analysts: tuple[str, ...] = setting("access", "ANALYSTS", principals)
    security_group: str = setting("access", "SECURITY_GROUP", group)
    security_groups: tuple[str, ...] = setting("access", "EXISTING_SECURITY_GROUPS", group_ids)
    client_address: str = setting("access", "CLIENT_ADDRESS", address)
    open_to_the_internet: bool = setting("access", "OPEN_TO_THE_INTERNET", yes_or_no)
    log_data: str = setting("s3", "LOG_DATA", s3_url)
    log_json_paths: str = setting("s3", "LOG_JSON_PATHS", s3_url)
    song_data: str = setting("s3", "SONG_DATA", s3_url)
    s3_region: str = setting("s3", "REGION", region_of_s3)
    max_bad_records: int = setting("load", "MAX_BAD_RECORDS", number(range(99_001)))
    pack_small_files_from: int | None = setting("load", "PACK_SMALL_FILES_FROM", pack_from)
    sandbox_data: str = setting("sandbox", "DATA", text(".+", "sample or a folder"))
    sandbox_state: str = setting("sandbox", "STATE", text(".+", "a folder"))
    sandbox_port: int = setting("sandbox", "PORT", number(range(65536)))

    @property
    def place(self) -> str:
        """Where the environment is, for people."""
        return self.target.place.format(region=self.aws_region)

    @property
    def pack_from(self) -> int:
        """From how many small files on they are packed before COPY; 0 is never."""
        if self.pack_small_files_from is None:
            return self.target.pack_from
        return self.pack_small_files_from


def load_config(path: Path) -> Config:
    """Read and check dwh.cfg; everything that is wrong with it is reported at once."""
    file = configparser.ConfigParser(interpolation=None)
    try:
        file.read_string(path.read_text(encoding="utf-8-sig"), source=str(path))
    except (OSError, configparser.Error, UnicodeDecodeError) as error:
        what = f"{path} cannot be read: {' '.join(str(error).split())}"
        raise UsageError(what, "correct it, or name another with --config FILE") from error
    values, faults = read_settings(file)
    for key in {"sandbox_data", "sandbox_state"} & values.keys():
        if (key, values[key]) != ("sandbox_data", "sample"):
            values[key] = str(path.parent.resolve() / values[key])
    faults += contradictions(values)
    if faults:
        hint = f"correct {path.name}: a comment above each key says what it means"
        if len(faults) == 1:
            raise UsageError(f"{path.name}: {faults[0]}", hint)
        raise UsageError(f"{path.name} has {len(faults)} faults", hint, faults)
    warn(Config(**values))
    return Config(**values)


def warn(config: Config) -> None:
    """Say on every run what is dangerous in dwh.cfg, though it is allowed there."""
    if config.open_to_the_internet:
        say("warning: OPEN_TO_THE_INTERNET = yes lets anybody on the internet try to log in")


def read_settings(file: configparser.ConfigParser) -> tuple[dict[str, Any], list[str]]:
    """The values that are well, and what is wrong with the others."""
    values: dict[str, Any] = {}
    faults: list[str] = []
    known = {(each.metadata["section"], each.metadata["key"].lower()) for each in fields(Config)}
    for section in file.sections():
        unknown = [key for key in file[section] if (section, key) not in known]
        faults += [f"[{section}] {key.upper()} is not a known key" for key in unknown]
    for each in fields(Config):
        section, key = each.metadata["section"], each.metadata["key"]
        value = file.get(section, key, fallback="").strip()
        try:
            values[each.name] = each.metadata["read"](value)
        except ValueError as error:
            name = f"{key} = {value}" if value else f"{key} is missing:"
            faults.append(f"[{section}] {name} {error}")
    return values, faults


def contradictions(values: dict[str, Any]) -> list[str]:
    """What is wrong with values that are well by themselves."""
    faults = []
    if {"node_type", "nodes"} <= values.keys():
        nodes = NODE_TYPES[values["node_type"]]
        if values["nodes"] not in nodes:
            limits = f"{nodes.start} to {nodes.stop - 1}"
            faults.append(f"[cluster] NODES of {values['node_type']} must be {limits}")
    faults += overlaps(values)
    whom = values.get("client_address", "auto")
    is_private = values.get("public") is False and not values.get("security_groups")
    if whom == "auto" and is_private:
        faults.append(
            "[access] CLIENT_ADDRESS = auto is a public address, which a cluster with "
            "PUBLICLY_ACCESSIBLE = no never sees; set the range of its VPC"
        )
    if is_everybody(whom) and not values.get("open_to_the_internet"):
        faults.append(
            f"[access] CLIENT_ADDRESS = {whom} would let in most of the internet; if that is "
            "meant, set OPEN_TO_THE_INTERNET = yes"
        )
    if not Path(values.get("sandbox_data", ".")).is_dir() and values["sandbox_data"] != "sample":
        faults.append(f"[sandbox] DATA = {values['sandbox_data']} is not a folder")
    return faults


def overlaps(values: dict[str, Any]) -> list[str]:
    """What is the same twice, and must differ."""
    faults = []
    if "role" in values and values["role"] == values.get("analyst_role"):
        faults.append("[access] ROLE and ANALYST_ROLE must differ: one is for the cluster alone")
    logs, paths, songs = (values.get(k) for k in ("log_data", "log_json_paths", "song_data"))
    if logs and paths and paths.startswith(logs):
        faults.append("[s3] LOG_JSON_PATHS starts like LOG_DATA and would be loaded as data")
    if logs and songs and (songs.startswith(logs) or logs.startswith(songs)):
        faults.append("[s3] LOG_DATA and SONG_DATA start alike and would be loaded together")
    return faults


def is_everybody(addresses: str) -> bool:
    """Whether a range has more addresses than any one organisation."""
    if addresses == "auto":
        return False
    network = ipaddress.ip_network(addresses)
    return network.prefixlen < (8 if network.version == 4 else 16)
