"""SQL that keeps what CREATE TABLE said of distribution, sorting and encoding."""

from __future__ import annotations

import json

from sandbox.dialect.create_table import TableAttributes


def literal(value: str) -> str:
    """A string literal for PostgreSQL, whatever it takes a backslash for."""
    return " E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def record_table(table: TableAttributes) -> str:
    """A statement to run with the CREATE TABLE, in the same transaction."""
    attributes = {
        "diststyle": table.diststyle,
        "distkey": table.distkey,
        "sortkeys": list(table.sortkeys),
        "sortstyle": table.sortstyle,
        "encodings": dict(table.encodings),
        "keys": list(table.keys),
        "like": table.like,
    }
    values = f"{literal(table.name)}, {literal(json.dumps(attributes))}"
    return f"SELECT sandbox.record_table({values})"
