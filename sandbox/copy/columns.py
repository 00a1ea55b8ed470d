"""A table's column as COPY sees it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One target column, in Redshift's terms.

    `type_name` is one of: varchar, char, smallint, integer, bigint, real, double precision,
    numeric, boolean, date, timestamp, timestamptz. `length` is in bytes, for varchar and char.
    """

    name: str
    type_name: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    not_null: bool = False
