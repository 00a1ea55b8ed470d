"""Load the warehouse: copy what is new in S3 to the staging tables, and these into the star.

All of it is one transaction: the analysts see the old star until the new one has passed its
checks. A ledger keeps which files are loaded; a file that has changed is loaded again, and a
record that is loaded twice changes nothing.

Example:
    python etl.py --history
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sql_queries
from aws import role_arn
from dwh import Config, connect, load_config
from errors import DwhError, first_line, passing_reason
from loading import run as runs
from loading.audit import check
from loading.files import find_new
from loading.run import MEGABYTE, Run
from loading.staging import RoleError, stage, values
from terminal import counted, parser, print_table, run, say, step

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

# IAM tells Redshift of a new or changed role within about a minute.
ROLE_PAUSES = (2, 4, 8, 16, 30)
# A warehouse that restarts, or that somebody else works on, is back after a while.
PAUSES = (5, 15, 45)


def main(argv: list[str] | None = None) -> int:
    """Load what is new, in one transaction; then say what is in the warehouse."""
    options = parser(__doc__)
    options.add_argument("--all", action="store_true", help="load every file, not only new ones")
    options.add_argument("--history", action="store_true", help="show the last runs, load nothing")
    arguments = options.parse_args(argv)
    config = load_config(arguments.config)
    if arguments.history:
        runs.show_history(config)
        return 0
    this = runs.new_run()
    with runs.on_record(config, this):
        with_retries(lambda: load(config, this, arguments.all))
    report(this)
    return 0


def with_retries(attempt: Callable[[], None]) -> None:
    """Carry out a load, and again as a whole some times if it failed for a reason that passes."""
    pauses = {"role": iter(ROLE_PAUSES), "warehouse": iter(PAUSES)}
    is_repeated = False
    while True:
        try:
            attempt()
        except Exception as error:
            is_role = isinstance(error, RoleError)
            reason = ROLE_REASON if is_role else passing_reason(error, is_repeated)
            pause = next(pauses["role" if is_role else "warehouse"], None) if reason else None
            if pause is None:
                raise
            say(f"{reason}; trying again in {pause} s")
            time.sleep(pause)
            is_repeated = True
        else:
            return


ROLE_REASON = "Redshift may not take the role yet: IAM can need a minute to tell it"


def load(config: Config, this: Run, everything: bool) -> None:
    """Load what is new in one transaction, unless a try before this has done it after all.

    Raises RoleError while the role cannot be taken, and DwhError for what cannot be loaded.
    """
    role = role_arn(config)
    with closing(connect(config)) as session:
        cursor = session.cursor()
        runs.begin(cursor, this)
        lock(cursor)
        if runs.status(cursor, this) == "loaded":
            say("the load was committed before the connection was lost")
            return
        this.start_over()
        find_files(cursor, config, this, everything)
        if this.files:
            fill_star(cursor, config, role, this)
        runs.end(cursor, this)
        session.commit()


def lock(cursor: cursor) -> None:
    """Let no other load work on the same tables; wait for one that does."""
    with step("staging tables") as current, current.waiting("waiting for other loads"):
        cursor.execute(sql_queries.lock_staging)
        current.result = "locked"


def find_files(cursor: cursor, config: Config, this: Run, everything: bool) -> None:
    """Look what is new in S3."""
    with step("files in S3") as current, current.waiting("listing"):
        this.files.update(find_new(cursor, config, everything))
        found, size = counted(len(this.all_files), "file"), this.bytes / MEGABYTE
        current.result = f"{found} to load, {size:.1f} MB" if this.files else "nothing new"
    this.done("files in S3", None, current.seconds)


def fill_star(cursor: cursor, config: Config, role: str, this: Run) -> None:
    """Stage, check, transform, check, and enter the files into the ledger."""
    this.before.update(count_rows(cursor))
    stage(cursor, config, role, this)
    check(cursor, "check of the files", sql_queries.staged_checks, values(this), this)
    transform(cursor, this)
    this.after.update(count_rows(cursor))
    this.matched = count(cursor, sql_queries.matched_plays_count)
    before = {f"{table}_before": rows for table, rows in this.before.items()}
    check(cursor, "check of the star", sql_queries.star_checks, before, this)
    cursor.execute(sql_queries.loaded_files_delete)
    cursor.execute(sql_queries.loaded_files_insert, values(this))


def transform(cursor: cursor, this: Run) -> None:
    """Bring the star up to date with what is staged."""
    for table, statements in sql_queries.transform_queries.items():
        with step(f"transform {table}") as current:
            for statement in statements:
                fill(cursor, table, statement)
            new = count(cursor, sql_queries.count_queries[table]) - this.before[table]
            current.result = counted(new, "new row")
        this.done(f"transform {table}", new, current.seconds)


def fill(cursor: cursor, table: str, statement: str) -> None:
    """Run a statement of the transform, and say where a value did not fit."""
    import psycopg2

    try:
        cursor.execute(statement)
    except psycopg2.DataError as error:  # SQLSTATE class 22
        what = f"{table} cannot be filled: {first_line(error)}"
        hint = "a value of the files does not fit; look for it in LOG_DATA and SONG_DATA"
        raise DwhError(what, hint) from error


def count(cursor: cursor, query: str) -> int:
    """The one number that a query returns."""
    cursor.execute(query)
    (number,) = cursor.fetchone() or (0,)
    return int(number)


def count_rows(cursor: cursor) -> dict[str, int]:
    """The rows of each table of the star."""
    queries = sql_queries.count_queries
    return {table: count(cursor, queries[table]) for table in sql_queries.star_tables}


def report(this: Run) -> None:
    """Print what each table holds, what is new in it, and how long that took."""
    if not this.files:
        say("Every file is loaded already; load all of them again: python etl.py --all")
        return
    rows: list[tuple[Any, ...]] = [
        (table, copied.rows, None, seconds(this, f"copy {table}"))
        for table, copied in this.copies.items()
    ]
    for table, now in this.after.items():
        new = now - this.before[table]
        rows.append((table, now, new, seconds(this, f"transform {table}")))
        if table == "songplays":
            rows.append(
                (f"- matched to a song{share(this.matched, now)}", this.matched, None, None)
            )
    print_table("Warehouse", ("table", "rows", "new rows", "seconds"), rows)
    if this.rejected:
        say(f"warning: {counted(this.rejected, 'record')} rejected, kept in rejected_records")
        statement = sql_queries.rejected_records_question.format(run_id=this.run_id)
        say(f'  see them: python query.py "{statement}"')
    say("Next: python query.py")


def share(part: int, whole: int) -> str:
    """A part in percent, nothing if there is no whole."""
    return f" ({part / whole:.1%})" if whole else ""


def seconds(this: Run, step: str) -> Decimal | None:
    """How long a step took."""
    return Decimal(f"{this.seconds[step]:.2f}") if step in this.seconds else None


if __name__ == "__main__":
    sys.exit(run(main))
