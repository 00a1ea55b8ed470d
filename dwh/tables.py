"""The tables of the warehouse: which are there, and who may load them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sql_queries
from dwh.config import Config
from dwh.errors import DwhError
from dwh.terminal import plural, step

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

MINUTE = 60_000  # in milliseconds, as Redshift wants it


def find_tables(cursor: cursor) -> list[str]:
    """The names of our tables that are there."""
    cursor.execute(sql_queries.existing_tables)
    found = {name for (name,) in cursor.fetchall()}
    return [table for table in sql_queries.tables if table in found]


def require_tables(cursor: cursor) -> None:
    """Raise DwhError if a table is missing: before hours of work, and if there is none."""
    there = find_tables(cursor)
    if missing := [table for table in sql_queries.tables if table not in there]:
        what = f"{'this table is' if len(missing) == 1 else 'these tables are'} not there"
        raise DwhError(f"{what}: {', '.join(missing)}", "make it: python create_tables.py")


def lock_staging(cursor: cursor, config: Config) -> None:
    """Let no other load work on the same tables; wait for one that does.

    Raises DwhError if that takes longer than TIMEOUT_MINUTES.
    """
    import psycopg2

    limit = {"milliseconds": config.timeout_minutes * MINUTE}
    with step("staging tables") as current, current.waiting("waiting for another load"):
        cursor.execute(sql_queries.limit_wait, limit)
        try:
            cursor.execute(sql_queries.lock_staging)
        except psycopg2.errors.QueryCanceled as error:
            what = f"another load holds its lock for {plural(config.timeout_minutes, 'minute')}"
            hint = "let it end, or see who it is in STV_LOCKS and end it: PG_TERMINATE_BACKEND(pid)"
            raise DwhError(what, hint) from error
        cursor.execute(sql_queries.limit_wait, {"milliseconds": 0})
        current.result = "locked"
