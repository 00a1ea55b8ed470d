"""What the warehouse has on record of the runs of etl.py."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import sql_queries
from dwh.connection import connect
from dwh.errors import explain
from dwh.loading.run import Run
from dwh.terminal import without_secrets

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

# The longest reason of a failure that is kept: in bytes it is then short enough for its column.
LONGEST_REASON = 1000


def begin(cursor: cursor, run: Run) -> None:
    """Put on record that the run has begun, and commit that.

    The first attempt asks nothing before: on a database with SERIALIZABLE isolation, that would
    undo another load that is about to end.
    """
    run.attempts += 1
    if run.attempts == 1 or status(cursor, run) is None:
        cursor.execute(sql_queries.run_begin, run.sql_parameters())
        run.started = time.monotonic()
    cursor.connection.commit()


def status(cursor: cursor, run: Run) -> str | None:
    """What the warehouse has on record of the run."""
    cursor.execute(sql_queries.run_status, run.sql_parameters())
    row = cursor.fetchone()
    return str(row[0]) if row else None


def is_committed(cursor: cursor, run: Run) -> bool:
    """True if an earlier attempt was committed after all, and only the answer was lost."""
    return run.attempts > 1 and status(cursor, run) == "loaded"


def end(cursor: cursor, run: Run) -> None:
    """Put on record, in the transaction that publishes the rows, how the run has ended.

    Does nothing if an earlier attempt has been committed after all.
    """
    from psycopg2.extras import execute_values

    ended = {"status": "loaded" if run.files else "nothing new"}
    cursor.execute(sql_queries.run_end, run.sql_parameters() | ended)
    rows = [(run.run_id, place, *step) for place, step in enumerate(run.steps, 1)]
    if run.files and cursor.rowcount:
        step = sql_queries.steps_row
        execute_values(cursor, sql_queries.steps_insert, rows, step, page_size=len(rows))


@contextmanager
def record_failure(run: Run) -> Iterator[None]:
    """Put on record that the run has failed, if it does; as far as the warehouse is there."""
    try:
        yield
    except BaseException as error:
        if run.attempts:
            with suppress(Exception):
                put_failure(run, error)
        raise


def put_failure(run: Run, error: BaseException) -> None:
    """Put on record why a run has ended, unless it was published after all."""
    ended: dict[str, Any] = {"status": "interrupted", "reason": None}
    if isinstance(error, Exception):
        ended = {"status": "failed", "reason": reason_of(error)}
    with connect(run.config) as session:
        session.cursor().execute(sql_queries.run_failed, run.sql_parameters() | ended)
        session.commit()


def reason_of(error: Exception) -> str:
    """What went wrong and the first detail of it, as far as that can be kept."""
    found = explain(error)
    text = ": ".join([found.what, *(line.strip() for line in found.details[:1])])
    return without_secrets(text).replace("\0", "")[:LONGEST_REASON]
