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
            raise DwhError(what, *lock_holders(cursor)) from error
        cursor.execute(sql_queries.limit_wait, {"milliseconds": 0})
        current.result = "locked"


def lock_holders(cursor: cursor) -> tuple[str, list[str]]:
    """What to do about a lock that is held too long, and who holds it."""
    import psycopg2

    end_it = 'let it end, or end it: python query.py --admin "SELECT PG_TERMINATE_BACKEND({})"'
    cursor.connection.rollback()
    try:
        cursor.execute(sql_queries.lock_holders)
    except psycopg2.Error:  # without its name, the error is worth telling all the same
        return end_it.format("pid") + "; SVV_TRANSACTIONS shows who it is", []
    holders = cursor.fetchall()
    details = [
        f"process {pid} of {owner}, in a transaction that began at {began:%Y-%m-%d %H:%M:%S} UTC"
        for pid, owner, began in holders
    ]
    return end_it.format(holders[0][0] if holders else "pid"), details
