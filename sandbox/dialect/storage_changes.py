"""What ALTER TABLE changes of a table's storage: distribution, sort keys and encodings.

https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.dialect.column_types import read_encoding
from sandbox.dialect.table_options import TableOptions
from sandbox.dialect.token_reader import Reader
from sandbox.errors import SqlError, not_supported

_SETTINGS: dict[tuple[str, ...], dict[str, Any]] = {
    ("diststyle", "all"): {"diststyle": "ALL", "distkey": None},
    ("diststyle", "even"): {"diststyle": "EVEN", "distkey": None},
    ("diststyle", "auto"): {"diststyle": "AUTO", "distkey": None},
    ("sortkey", "auto"): {"sortstyle": "AUTO"},
    ("sortkey", "none"): {"sortstyle": "NONE", "sortkeys": []},
    ("encode", "auto"): {"encode_auto": True},
}
_TOGETHER = (["distkey", "sortkey"], ["diststyle all", "sortkey"])


@dataclass(frozen=True)
class Change:
    """Attributes as catalog.sql keeps them, and the columns that have to be there."""

    kind: str
    attributes: dict[str, Any]
    columns: list[str] = field(default_factory=list)


def is_change(action: Reader) -> bool:
    """Whether an action of ALTER TABLE, whose form is known, changes the storage."""
    return action.key == "alter" and (action.key_at(1) != "column" or action.key_at(3) == "encode")


def read_change(action: Reader) -> Change:
    """Pass an action that changes the storage."""
    action.expect("alter")
    for words, attributes in _SETTINGS.items():
        if action.accept(*words):
            return Change(" ".join(words), attributes)
    action.accept("diststyle", "key")
    if action.accept("distkey"):
        name = action.only_identifier()
        return Change("distkey", {"diststyle": "KEY", "distkey": name}, [name])
    return _encoding(action) if action.accept("column") else _sort_key(action)


def _sort_key(action: Reader) -> Change:
    """The columns lose the encodings that were named for them."""
    action.accept("compound")
    action.expect("sortkey")
    options = TableOptions()
    options.set_sortkeys("COMPOUND", action.names())
    options.check("", [])
    columns = options.sortkeys
    encodings = dict.fromkeys(columns)
    attributes = {"sortstyle": "COMPOUND", "sortkeys": columns, "encodings": encodings}
    return Change("sortkey", attributes, columns)


def _encoding(action: Reader) -> Change:
    name = action.identifier()
    action.expect("encode")
    encoding, types = read_encoding(action, name)
    action.finish()
    attributes = {"encodings": {name: encoding}, "encode_auto": False, "types": {name: types}}
    return Change("column", attributes, [name])


def not_combined() -> SqlError:
    """Actions that Redshift takes in statements of their own only."""
    return not_supported("Amazon Redshift does not combine these actions of ALTER TABLE")


def merge(changes: Sequence[Change]) -> Change:
    """Several changes as one. Raises SqlError for those that Redshift does not combine."""
    kinds = sorted(change.kind for change in changes)
    columns = [column for change in changes for column in change.columns]
    is_twice = len(set(columns)) < len(columns)
    if set(kinds) == {"column"} and is_twice:
        raise not_supported("a column's encoding cannot be altered more than once in a statement")
    if len(kinds) > 1 and set(kinds) != {"column"} and kinds not in _TOGETHER:
        raise not_combined()
    merged: dict[str, Any] = {}
    for change in changes:
        for key, value in change.attributes.items():
            merged[key] = {**merged.get(key, {}), **value} if isinstance(value, dict) else value
    return Change(kinds[0], merged, columns)
