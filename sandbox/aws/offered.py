"""What the sandbox does of AWS's APIs, by the table in `offered.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
HARMLESS = {name: values.split() for name, values in _TABLE.pop("harmless").items()}
FILTERS = {name: set(values.split()) for name, values in _TABLE.pop("filters").items()}
ACTIONS: dict[str, str] = _TABLE.pop("actions")
INSTEAD: dict[str, str] = _TABLE.pop("instead")
OPERATIONS = {service: set(each["operations"].split()) for service, each in _TABLE.items()}
WITHOUT = {service: set(each.get("without", "").split()) for service, each in _TABLE.items()}


def left_out(service: str, operation: str, parameters: Mapping[str, Any]) -> str | None:
    """The first of the parameters that the sandbox can do nothing about, None if there is none."""
    known = WITHOUT[service]
    for name, value in _all_within(parameters):
        refused = name in known or f"{operation}.{name}" in known
        if refused and value not in (None, False, "", [], *HARMLESS.get(name, [])):
            return name
        if name == "Filters" and service == "ec2":
            wanted = str(value.get("Name"))
            if wanted.partition(":")[0] not in FILTERS[operation]:
                return f"filter {wanted}"
    return None


def _all_within(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """What a request holds at any depth; what is in a list has the list's name."""
    if isinstance(value, list):
        for each in value:
            yield from _all_within(each, name)
        return
    yield name, value
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _all_within(each, key)
