"""Whether the tables are what sql_queries.py defines, or somebody has altered them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sql_queries

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

# The types as the catalogue calls them.
CATALOGUE_TYPES = {
    "VARCHAR": "character varying",
    "CHAR": "character",
    "TIMESTAMP": "timestamp without time zone",
}
# https://docs.aws.amazon.com/redshift/latest/dg/r_PG_CLASS_INFO.html
STYLES = {0: "EVEN", 1: "KEY", 8: "ALL", 9: "AUTO"}
COLUMN = re.compile(r"(?m)^    (\w+) ([A-Z]+(?: PRECISION)?)(\(\d+\))?(.*?),?$")


@dataclass(frozen=True)
class Column:
    """A column: its type as the catalogue calls it, and whether it takes NULL.

    An identity column fills itself; the catalogue need not tell whether it takes NULL.
    """

    type: str
    is_required: bool
    is_identity: bool = False


@dataclass
class Definition:
    """A table: its columns, its distribution style or key, its sort key."""

    columns: dict[str, Column] = field(default_factory=dict)
    distribution: str = ""
    sort_key: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """What differs of a table. `added` is the column that can be added in place, if that is it."""

    table: str
    what: str
    there: str
    wanted: str
    added: str = ""

    def __str__(self) -> str:
        return f"{self.table}, {self.what}: is {self.there}, should be {self.wanted}"


def wanted_definition(table: str) -> Definition:
    """The table as CREATE TABLE in sql_queries.py has it."""
    text = sql_queries.create_table_queries[table]
    columns = {
        name: Column(
            CATALOGUE_TYPES.get(kind, kind.lower()) + size,
            "NOT NULL" in rest,
            "IDENTITY" in rest,
        )
        for name, kind, size, rest in COLUMN.findall(text)
    }
    key = re.search(r"DISTKEY \((\w+)\)", text)
    style = re.search(r"DISTSTYLE (\w+)", text)
    sort = re.search(r"SORTKEY \(([\w, ]+)\)", text)
    distribution = f"KEY ({key[1]})" if key else style[1] if style else "AUTO"
    return Definition(columns, distribution, tuple(sort[1].split(", ")) if sort else ())


def find_definitions(cursor: cursor) -> dict[str, Definition]:
    """Our tables that are there, as they are."""
    cursor.execute(sql_queries.table_columns)
    found: dict[str, Definition] = {}
    sort_keys: dict[str, dict[int, str]] = {}
    for table, name, kind, is_required, is_distkey, sort_place, style in cursor.fetchall():
        if table not in sql_queries.tables:
            continue
        definition = found.setdefault(table, Definition(distribution=STYLES.get(style, "?")))
        definition.columns[name] = Column(kind, is_required)
        if is_distkey:
            definition.distribution = f"KEY ({name})"
        if sort_place:
            sort_keys.setdefault(table, {})[abs(sort_place)] = name
    for table, places in sort_keys.items():
        found[table].sort_key = tuple(places[place] for place in sorted(places))
    return {table: found[table] for table in sql_queries.tables if table in found}


def differences(table: str, there: Definition) -> Iterator[Difference]:
    """What differs of a table; columns that others have added are left alone."""
    wanted = wanted_definition(table)
    for name, column in wanted.columns.items():
        found = there.columns.get(name)
        should = describe(column)
        if found is None:
            can_add = not column.is_required and not column.is_identity
            yield Difference(table, f"column {name}", "missing", should, name if can_add else "")
        elif describe(found) != should and not (column.is_identity and found.type == column.type):
            yield Difference(table, f"column {name}", describe(found), should)
    pairs = {"distribution": (there.distribution, wanted.distribution)}
    if wanted.sort_key:  # where none is named, Redshift may choose one
        pairs["sort key"] = (", ".join(there.sort_key) or "none", ", ".join(wanted.sort_key))
    for what, (is_, should) in pairs.items():
        if is_ != should:
            yield Difference(table, what, is_, should)


def describe(column: Column) -> str:
    """A column in a few words."""
    return f"{column.type} NOT NULL" if column.is_required else column.type


def addition(table: str, name: str) -> str:
    """The statement that adds a column to a table, as CREATE TABLE in sql_queries.py has it."""
    columns = COLUMN.findall(sql_queries.create_table_queries[table])
    (column,) = (f"{each} {kind}{size}" for each, kind, size, _ in columns if each == name)
    return sql_queries.add_column_template.format(table=table, column=column)
