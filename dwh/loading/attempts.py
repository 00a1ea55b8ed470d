"""A load is one transaction, and is carried out anew if it failed for a reason that passes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from dwh.connection import connect
from dwh.errors import (
    CONFLICT,
    LOST,
    AwayError,
    RoleError,
    UnreachableError,
    explain_sql,
    first_line,
    is_conflict,
)
from dwh.loading import run_log
from dwh.loading.packing import temporary_parts
from dwh.loading.rebuild import open_cursor
from dwh.loading.run import Run
from dwh.tables import require_tables
from dwh.terminal import say
from dwh.warehouse import role_arn
from dwh.warehouse_access import available_warehouse

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

Load = Callable[["cursor", Run], None]

# IAM tells Redshift of a new or changed role within about a minute.
ROLE_PAUSES = (2, 4, 8, 16, 30)
# A warehouse that restarts, or that somebody else works on, is back after some minutes.
WAREHOUSE_PAUSES = (5, 20, 60, 180)
ROLE_REASON = "Redshift may not take the role yet: IAM can need a minute to tell it"
# SQLSTATEs of a warehouse that shuts down or starts.
ENDED = {"57P01", "57P02", "57P03"}


def load_with_retries(load: Load, run: Run) -> None:
    """Carry out a load, and again as a whole some times if it failed for a reason that passes."""
    pauses = {True: iter(ROLE_PAUSES), False: iter(WAREHOUSE_PAUSES)}
    is_repeated = False
    while True:
        try:
            return load_once(load, run)
        except Exception as error:
            reason = passing_reason(error, is_repeated)
            pause = next(pauses[isinstance(error, RoleError)], None) if reason else None
            if pause is None:
                raise
            say(f"{reason}; trying again in {pause} s")
            time.sleep(pause)
            is_repeated = True


def load_once(load: Load, run: Run) -> None:
    """Carry out a load once, in one transaction that tells the run log how it ended."""
    warehouse = available_warehouse(run.config)
    run.role, run.slices = role_arn(warehouse, run.config), warehouse.slices
    with connect(run.config, warehouse) as session, temporary_parts(run):
        cursor = open_cursor(session, run)
        require_tables(cursor, is_rebuild=run.is_rebuild)
        run_log.begin(cursor, run)
        load(cursor, run)
        run_log.end(cursor, run)
        session.commit()


def passing_reason(error: Exception, is_repeated: bool) -> str | None:
    """Why a load failed, if it is worth another try; no connection is so only after the first."""
    import psycopg2

    what, code = first_line(error), getattr(error, "pgcode", None)
    if isinstance(error, RoleError):
        return ROLE_REASON
    if isinstance(error, psycopg2.Error) and is_conflict(error):
        return CONFLICT
    if is_repeated and isinstance(error, UnreachableError | AwayError):
        return error.what
    if not isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError):
        return None
    is_lost = code in ENDED or (code is None and (is_repeated or re.search(LOST, what)))
    return explain_sql(error).what if is_lost else None
