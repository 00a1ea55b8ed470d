"""The table that a COPY loads, looked up inside the client's transaction."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.copy.columns import Column
from sandbox.copy.command import CopyCommand
from sandbox.copy.values import LOADABLE_TYPES
from sandbox.dialect.record_table import literal
from sandbox.errors import SqlError, not_supported
from sandbox.postgres.backend import Backend

# How PostgreSQL marks GENERATED ALWAYS AS IDENTITY.
ALWAYS = "a"
UNDEFINED_TABLE, UNDEFINED_COLUMN = "42P01", "42703"

FIND_TABLE = "SELECT to_regclass({name})::oid, pg_current_xact_id()"
FIND_COLUMNS = """
    SELECT attname, format_type(atttypid, NULL), atttypmod, attnotnull, attidentity
    FROM pg_attribute
    WHERE attrelid = {table_id} AND attnum > 0 AND NOT attisdropped
    ORDER BY attnum
"""
REDSHIFT_NAMES = {
    "character varying": "varchar",
    "character": "char",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
}


@dataclass(frozen=True)
class TargetTable:
    """A table and those of its columns that the COPY fills, in its order."""

    name: str
    quoted_name: str
    table_id: int
    transaction_id: int
    columns: tuple[Column, ...]

    @property
    def quoted_columns(self) -> str:
        """The column list for PostgreSQL."""
        return ", ".join(quoted(column.name) for column in self.columns)


def quoted(name: str) -> str:
    """A name as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def find_table(backend: Backend, command: CopyCommand) -> TargetTable:
    """Look the command's table and columns up; raises SqlError when one does not exist."""
    parts = [command.table] if command.schema is None else [command.schema, command.table]
    quoted_name = ".".join(quoted(part) for part in parts)
    ((table_id, transaction_id),) = backend.execute(FIND_TABLE.format(name=literal(quoted_name)))
    if table_id is None:
        raise SqlError(f'Cannot COPY into nonexistent table "{command.table}"', UNDEFINED_TABLE)
    rows = backend.execute(FIND_COLUMNS.format(table_id=int(table_id)))
    known = {str(row[0]): (_column(row), str(row[4])) for row in rows}
    columns = _chosen(command, known)
    return TargetTable(command.table, quoted_name, int(table_id), int(transaction_id or 0), columns)


def _chosen(command: CopyCommand, known: dict[str, tuple[Column, str]]) -> tuple[Column, ...]:
    """The column list, else all columns; values of ALWAYS identities only with EXPLICIT_IDS."""
    if command.columns is None:
        return tuple(c for c, identity in known.values() if command.explicit_ids or not identity)
    for name in command.columns:
        if name not in known:
            text = f'column "{name}" of relation "{command.table}" does not exist'
            raise SqlError(text, UNDEFINED_COLUMN)
        if known[name][1] == ALWAYS and not command.explicit_ids:
            raise SqlError(f'cannot set an identity column to a value: "{name}"')
    return tuple(known[name][0] for name in command.columns)


def _column(row: list[str | None]) -> Column:
    name, type_name, modifier = str(row[0]), str(row[1]), int(row[2] or -1)
    type_name = REDSHIFT_NAMES.get(type_name, type_name)
    if type_name not in LOADABLE_TYPES:
        raise not_supported(f"the sandbox's COPY does not load columns of type {type_name}: {name}")
    size = max(modifier - 4, 0)
    numeric = type_name == "numeric"
    return Column(
        name,
        type_name,
        length=0 if numeric else size,
        precision=size >> 16 if numeric else 0,
        scale=size & 0xFFFF if numeric else 0,
        not_null=row[3] == "t",
    )
