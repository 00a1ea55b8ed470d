"""SQL that keeps what CREATE TABLE said of distribution, sorting and encoding."""

from __future__ import annotations

import json
from dataclasses import asdict

from sandbox.dialect.create_table import TableAttributes
from sandbox.dialect.sql_text import tokens


def literal(value: str) -> str:
    """A string literal for PostgreSQL, whatever it takes a backslash for."""
    return " E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def record_table(table: TableAttributes) -> str:
    """A statement to run with the CREATE TABLE, in the same transaction."""
    declared = asdict(table) | {"encode_auto": not table.encodings}
    attributes = json.dumps({} if table.like else declared)
    parent = f"{literal(table.like)}::regclass" if table.like else "NULL"
    values = f"({_place(table)})::regclass, {literal(attributes)}, {parent}"
    return f"SELECT sandbox.record_table({values})"


def _place(table: TableAttributes) -> str:
    """The name with its schema: a temporary table may hide the one that has just been made."""
    if any(token.key == "." for token in tokens(table.name)):
        return literal(table.name)
    if table.temporary:
        return literal(f"pg_temp.{table.name}")
    return f"quote_ident(current_schema()) || {literal('.' + table.name)}"
