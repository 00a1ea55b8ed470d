"""What the scripts share of dwh.cfg: its values, checked."""

from __future__ import annotations

import configparser
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from dwh import setting_readers as read
from dwh.errors import UsageError
from dwh.target import Target
from dwh.terminal import say


def setting(section: str, key: str, read: Callable[[str], Any]) -> Any:
    """A field of Config: where its value stands in the file, and who reads it."""
    return field(metadata={"section": section, "key": key, "read": read})


@dataclass(frozen=True)
class Config:
    """The values of dwh.cfg, checked."""

    target: Target = setting("target", "TARGET", read.target)
    aws_region: str = setting("aws", "REGION", read.region)
    kind: str = setting("warehouse", "KIND", read.kind)
    identifier: str = setting("warehouse", "IDENTIFIER", read.cluster_identifier)
    database: str = setting("warehouse", "DATABASE", read.database)
    user: str = setting("warehouse", "USER", read.user)
    port: int = setting("warehouse", "PORT", read.number(range(5431, 5456), range(8191, 8216)))
    public: bool = setting("warehouse", "PUBLICLY_ACCESSIBLE", read.yes_or_no)
    timeout_minutes: int = setting("warehouse", "TIMEOUT_MINUTES", read.number(range(1, 241)))
    node_type: str = setting("cluster", "NODE_TYPE", read.node_type)
    nodes: int = setting("cluster", "NODES", read.number(range(1, 129)))
    subnet_group: str = setting("cluster", "SUBNET_GROUP", read.subnet_group)
    base_capacity: int = setting("serverless", "BASE_CAPACITY", read.capacity)
    max_capacity: int = setting("serverless", "MAX_CAPACITY", read.number(range(4, 5633)))
    daily_limit: int | None = setting("serverless", "DAILY_LIMIT", read.daily_limit)
    subnets: tuple[str, ...] = setting("serverless", "SUBNETS", read.subnet_ids)
    role: str = setting("access", "ROLE", read.iam_role)
    analyst_role: str = setting("access", "ANALYST_ROLE", read.iam_role)
    analysts: tuple[str, ...] = setting("access", "ANALYSTS", read.principals)
    security_group: str = setting("access", "SECURITY_GROUP", read.group)
    security_groups: tuple[str, ...] = setting("access", "EXISTING_SECURITY_GROUPS", read.group_ids)
    client_address: str = setting("access", "CLIENT_ADDRESS", read.address)
    open_to_the_internet: bool = setting("access", "OPEN_TO_THE_INTERNET", read.yes_or_no)
    log_data: str = setting("s3", "LOG_DATA", read.s3_url)
    log_json_paths: str = setting("s3", "LOG_JSON_PATHS", read.s3_url)
    song_data: str = setting("s3", "SONG_DATA", read.s3_url)
    s3_region: str = setting("s3", "REGION", read.region_of_s3)
    max_bad_records: int = setting("load", "MAX_BAD_RECORDS", read.number(range(99_001)))
    pack_small_files_from: int | None = setting("load", "PACK_SMALL_FILES_FROM", read.pack_from)
    sandbox_data: str = setting("sandbox", "DATA", read.text(".+", "sample or a folder"))
    sandbox_state: str = setting("sandbox", "STATE", read.text(".+", "a folder"))
    sandbox_port: int = setting("sandbox", "PORT", read.number(range(65536)))

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
        nodes = read.NODE_TYPES[values["node_type"]]
        if values["nodes"] not in nodes:
            limits = f"{nodes.start} to {nodes.stop - 1}"
            faults.append(f"[cluster] NODES of {values['node_type']} must be {limits}")
    faults += of_serverless(values)
    faults += overlaps(values)
    whom = values.get("client_address", "auto")
    is_private = values.get("public") is False and not values.get("security_groups")
    if whom == "auto" and is_private:
        faults.append(
            "[access] CLIENT_ADDRESS = auto is a public address, which a warehouse with "
            "PUBLICLY_ACCESSIBLE = no never sees; set the range of its VPC"
        )
    if read.is_everybody(whom) and not values.get("open_to_the_internet"):
        faults.append(
            f"[access] CLIENT_ADDRESS = {whom} would let in most of the internet; if that is "
            "meant, set OPEN_TO_THE_INTERNET = yes"
        )
    if not Path(values.get("sandbox_data", ".")).is_dir() and values["sandbox_data"] != "sample":
        faults.append(f"[sandbox] DATA = {values['sandbox_data']} is not a folder")
    return faults


def of_serverless(values: dict[str, Any]) -> list[str]:
    """What Redshift Serverless does not have."""
    faults = []
    base, most = values.get("base_capacity", 4), values.get("max_capacity", 5632)
    if most < base:
        faults.append(f"[serverless] MAX_CAPACITY = {most} is less than BASE_CAPACITY = {base}")
    region, large = values.get("aws_region"), read.LARGE_REGIONS
    if base in read.LARGE_CAPACITIES and region and region not in large:
        faults.append(
            f"[serverless] BASE_CAPACITY = {base} is to be had in {', '.join(large)} only"
        )
    name = values.get("identifier", "long enough")
    if values.get("kind") == read.SERVERLESS and len(name) < 3:
        what = "is too short for Redshift Serverless, which wants 3 letters"
        faults.append(f"[warehouse] IDENTIFIER = {name} {what}")
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
