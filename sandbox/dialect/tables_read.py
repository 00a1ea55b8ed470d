"""Which tables of the user's a statement works on."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.dialect.sql_text import Token, identifier, opening_of

_CATALOGUES = ("pg_", "stl_", "stv_", "svv_", "svl_", "svcs_", "sys_")
_SCHEMAS = ("pg_catalog", "information_schema")
_QUERIES = frozenset(("select", "delete", "update", "merge"))
# What ends a list of tables.
_AFTER_TABLES = frozenset(
    ("where", "group", "order", "having", "limit", "union", "intersect", "except", "select", "set")
)


class _Level:
    """What has been seen between two parentheses."""

    def __init__(self) -> None:
        self.query = False
        self.tables = False


def user_tables(found: Sequence[Token]) -> list[str]:
    """The user's tables that a statement reads, updates, deletes from or merges into.

    Names of system tables, of WITH queries and of functions are left out, and so is the table
    that an INSERT writes to.
    """
    names = (".".join(parts) for parts in _tables(found) if not _is_system(parts))
    inner = _with_names(found, [token.key for token in found])
    return [name for name in names if name not in inner]


def system_tables(found: Sequence[Token]) -> list[str]:
    """The system tables and views that a statement reads, without their schema."""
    return [parts[-1] for parts in _tables(found) if _is_system(parts)]


def _tables(found: Sequence[Token]) -> list[list[str]]:
    """What a statement reads or writes by name, each as the parts of its name."""
    keys = [token.key for token in found]
    names = (_table_at(found, keys, index) for index in _table_positions(keys))
    return [parts for parts in names if parts]


def _is_system(parts: list[str]) -> bool:
    return parts[0] in _SCHEMAS or parts[-1].startswith(_CATALOGUES)


def _table_positions(keys: Sequence[str]) -> list[int]:
    """The indexes at which a FROM list or a clause like it names something."""
    levels, positions = [_Level()], []
    for index, key in enumerate(keys):
        if key == "(":
            levels.append(_Level())
        elif key == ")" and len(levels) > 1:
            levels.pop()
        elif _names_table(levels[-1], key, keys[0]):
            positions.append(index + 1)
    return positions


def _names_table(level: _Level, key: str, first: str) -> bool:
    """Whether a table follows; FROM inside EXTRACT(.. FROM ..) has no query at its level."""
    if key in _AFTER_TABLES:
        level.tables = False
    level.query = level.query or key in _QUERIES
    if key == "from":
        level.tables = level.query
        return level.query
    if key in ("update", "delete"):  # Redshift's DELETE needs no FROM.
        return first != "merge"
    if key == "into":
        return first == "merge"
    return key in ("join", "using") or (key == "," and level.tables)


def _table_at(found: Sequence[Token], keys: Sequence[str], index: int) -> list[str]:
    if keys[index : index + 1] == ["from"]:
        return []
    if keys[index : index + 1] == ["only"]:
        index += 1
    parts: list[str] = []
    while index < len(found) and found[index].kind in ("word", "quoted"):
        parts.append(identifier(found[index]))
        index += 1
        if keys[index : index + 1] != ["."]:
            break
        index += 1
    return [] if keys[index : index + 1] == ["("] else parts


def _with_names(found: Sequence[Token], keys: Sequence[str]) -> set[str]:
    """Names that precede AS (, with or without a list of columns between."""
    names = set()
    for index in range(1, len(keys) - 1):
        if keys[index] != "as" or keys[index + 1] != "(":
            continue
        before = index - 1
        if keys[before] == ")":
            before = opening_of(keys, before) - 1
        if before >= 0 and found[before].kind in ("word", "quoted"):
            names.add(identifier(found[before]))
    return names
