"""ALTER TABLE as Redshift has it: few actions, and seldom two of them in a statement.

https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from sandbox.dialect.column_definitions import read_column
from sandbox.dialect.column_types import constraint_name, read_type
from sandbox.dialect.record_table import literal
from sandbox.dialect.sql_text import identifier, quote_name, sql_name
from sandbox.dialect.storage_changes import Change, is_change, merge, not_combined, read_change
from sandbox.dialect.token_reader import Name, Reader
from sandbox.errors import SqlError, not_supported

# For what PostgreSQL does not know: it is an action for the table's owner, and changes nothing.
_NOTHING = "SET WITHOUT OIDS"


class Alteration(NamedTuple):
    """SQL for PostgreSQL, SQL of the sandbox's own to follow, and what has to be alone."""

    sql: str
    own: str = ""
    alone: str = ""


def alter_table(text: str) -> Alteration:
    """Translate an ALTER TABLE, whose form is known. Raises SqlError for what is refused."""
    reader = Reader(text)
    reader.expect("alter", "table")
    name = reader.name()
    actions = reader.separated()
    if is_change(actions[0]):
        return _store(name, merge([read_change(action) for action in actions]))
    if len(actions) > 1:
        raise not_combined()
    (reader,) = actions
    if reader.accept("append", "from"):
        return _append(name, reader)
    if reader.accept("add"):
        return _add_column(name, reader)
    return _alter_column(name, reader) if reader.accept("alter") else Alteration(text)


def _store(name: Name, change: Change) -> Alteration:
    """Columns of other encodings can be read meanwhile."""
    actions = [f"ALTER COLUMN {quote_name(column)} SET STATISTICS -1" for column in change.columns]
    actions += [_NOTHING] if change.kind != "column" else []
    return Alteration(f"ALTER TABLE {name.sql} {', '.join(actions)}", _own(name, change.attributes))


def _own(name: Name, attributes: dict[str, Any]) -> str:
    table = f"{literal(name.sql)}::regclass"
    return f"SELECT sandbox.alter_table({table}, {literal(json.dumps(attributes))})"


def _append(name: Name, reader: Reader) -> Alteration:
    tables = f"{literal(name.sql)}::regclass, {literal(reader.name().sql)}::regclass"
    own = f"SELECT sandbox.append({tables}, {literal(reader.rest().lower())})"
    return Alteration(f"ALTER TABLE {name.sql} {_NOTHING}", own, "ALTER TABLE APPEND")


def _add_column(name: Name, reader: Reader) -> Alteration:
    reader.accept("column")
    column = read_column(reader, name.last)
    if column.keys or column.identity or column.distkey or column.sortkey:
        raise not_supported(
            "ALTER TABLE ADD COLUMN takes no key, IDENTITY, DISTKEY or SORTKEY on Amazon Redshift"
        )
    if column.not_null and column.default.lower() in ("", "null"):
        raise SqlError(
            "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression",
            "42601",
        )
    sql = f"ALTER TABLE {name.sql} ADD COLUMN {column.sql} {column.type.check(column.name)}"
    encodings = {column.name: column.encoding}
    return Alteration(sql.rstrip(), _own(name, {"encodings": encodings}) if column.encoding else "")


def _alter_column(name: Name, reader: Reader) -> Alteration:
    """Only the length of a VARCHAR can change; the check of its bytes goes along."""
    reader.expect("column")
    token = reader.take()
    column = identifier(token)
    reader.expect("type")
    column_type = read_type(reader, f"{name.last}.{column}")
    reader.finish()
    if column_type.name != "varchar":
        raise not_supported("ALTER COLUMN changes only a VARCHAR's size on Amazon Redshift")
    old = quote_name(constraint_name("byte_length", column))
    sql = (
        f"ALTER TABLE {name.sql} ALTER COLUMN {sql_name(token)} TYPE {column_type.sql}, "
        f"DROP CONSTRAINT IF EXISTS {old}, ADD {column_type.check(column)}"
    )
    return Alteration(sql, alone="ALTER TABLE ALTER COLUMN")
