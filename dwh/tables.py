"""The tables of the warehouse: which are there, and who may load them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sql_queries
from dwh.config import Config
from dwh.definitions import Definition, Difference, differences, find_definitions
from dwh.errors import DwhError
from dwh.terminal import plural, step

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

MINUTE = 60_000  # in milliseconds, as Redshift wants it


def require_tables(cursor: cursor, is_rebuild: bool = False) -> None:
    """Raise DwhError if a table is missing, or is not what a load needs: before hours of work.

    A rebuild needs only those as they are defined that it does not make anew.
    """
    there = find_definitions(cursor)
    remade = sql_queries.rebuilt_tables if is_rebuild else ()
    needed = [table for table in sql_queries.tables if table not in remade]
    if missing := [table for table in needed if table not in there]:
        what = f"{'this table is' if len(missing) == 1 else 'these tables are'} not there"
        raise DwhError(f"{what}: {', '.join(missing)}", "make it: python create_tables.py")
    kept = [each for each in there if not is_rebuild or each in sql_queries.log_tables]
    if found := [each for table in kept for each in differences(table, there[table])]:
        raise altered(found)


def altered(found: list[Difference]) -> DwhError:
    """The error of tables that are not as they are defined."""
    names = list(dict.fromkeys(each.table for each in found))
    what = f"{plural(len(names), 'table')} differ from what sql_queries.py defines"
    if len(names) == 1:
        what = f"the table {names[0]} differs from what sql_queries.py defines"
    tables = {each.table for each in found if not is_mended_in_place(each)}
    if not tables:
        hint = "mend that in place, and keep all rows: python create_tables.py"
    elif tables & set(sql_queries.log_tables):
        hint = "start over: python create_tables.py --drop shows what that costs"
    else:
        hint = "make the tables anew from the files: python etl.py --rebuild"
    return DwhError(what, hint, [str(each) for each in found])


def lasting(table: str, there: Definition) -> list[Difference]:
    """What differs of a table, and is not mended in place."""
    return [each for each in differences(table, there) if not is_mended_in_place(each)]


def is_mended_in_place(difference: Difference) -> bool:
    """True if create_tables.py mends it: a column is added, or a staging table is made anew."""
    return bool(difference.added) or difference.table in sql_queries.clear_staging_queries


def lock_staging(cursor: cursor, config: Config) -> None:
    """Let no other load work on the same tables; wait for one that does.

    Raises DwhError if that takes longer than TIMEOUT_MINUTES.
    """
    with step("staging tables") as current, current.waiting("waiting for another load"):
        # Of the table that nobody has a reason to read: a reader would be waited for.
        lock(cursor, config, ("staging_files",), "another load holds its lock for")
        current.result = "locked"


def lock(cursor: cursor, config: Config, tables: tuple[str, ...], complaint: str) -> None:
    """Let nobody else write to tables, or read them, until the transaction ends.

    Raises DwhError if that takes longer than TIMEOUT_MINUTES.
    """
    import psycopg2

    cursor.execute(sql_queries.limit_wait, {"milliseconds": config.timeout_minutes * MINUTE})
    try:
        cursor.execute(sql_queries.lock_template.format(tables=", ".join(tables)))
    except psycopg2.errors.QueryCanceled as error:
        what = f"{complaint} {plural(config.timeout_minutes, 'minute')}"
        raise DwhError(what, *lock_holders(cursor, tables)) from error
    cursor.execute(sql_queries.limit_wait, {"milliseconds": 0})


def lock_holders(cursor: cursor, tables: tuple[str, ...]) -> tuple[str, list[str]]:
    """What to do about a lock that is held too long, and who holds it."""
    import psycopg2

    end_it = 'let it end, or end it: python query.py --admin "SELECT PG_TERMINATE_BACKEND({})"'
    cursor.connection.rollback()
    try:
        cursor.execute(sql_queries.lock_holders, {"tables": tables})
    except psycopg2.Error:  # without its name, the error is worth telling all the same
        return end_it.format("pid") + "; SVV_TRANSACTIONS shows who it is", []
    holders = cursor.fetchall()
    details = [
        f"process {pid} of {owner}, in a transaction that began at {began:%Y-%m-%d %H:%M:%S} UTC"
        for pid, owner, began in holders
    ]
    return end_it.format(holders[0][0] if holders else "pid"), details
