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
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sql_queries
from dwh.aws import role_arn
from dwh.config import Config, load_config
from dwh.connection import connect
from dwh.errors import DwhError, first_line, passing_reason
from dwh.loading import run as runs
from dwh.loading.checks import check
from dwh.loading.files import find_new
from dwh.loading.packing import pack, remove_leftovers, removed_at_the_end
from dwh.loading.run import MEGABYTE, Done, Run
from dwh.loading.staging import RoleError, stage
from dwh.terminal import counted, parser, print_table, run, say, step

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

MINUTE = 60_000  # in milliseconds, as Redshift wants it
# The plays of the time that was loaded, and how many of them are matched to a song.
Plays = tuple[int, int]

# IAM tells Redshift of a new or changed role within about a minute.
ROLE_PAUSES = (2, 4, 8, 16, 30)
# A warehouse that restarts, or that somebody else works on, is back after some minutes.
PAUSES = (5, 20, 60, 180)


def main(argv: list[str] | None = None) -> int:
    """Load what is new, in one transaction; then say what that has brought."""
    options = parser(__doc__)
    what = options.add_mutually_exclusive_group()
    what.add_argument("--all", action="store_true", help="load every file, not only new ones")
    what.add_argument("--history", action="store_true", help="show the last runs, load nothing")
    arguments = options.parse_args(argv)
    config = load_config(arguments.config)
    if arguments.history:
        runs.show_history(config)
        return 0
    this = runs.new_run()
    with runs.on_record(config, this):
        plays = with_retries(lambda: load(config, this, arguments.all))
    report(this, plays)
    return 0


def with_retries(attempt: Callable[[], Plays]) -> Plays:
    """Carry out a load, and again as a whole some times if it failed for a reason that passes."""
    pauses = {"role": iter(ROLE_PAUSES), "warehouse": iter(PAUSES)}
    is_repeated = False
    while True:
        try:
            return attempt()
        except Exception as error:
            is_role = isinstance(error, RoleError)
            reason = ROLE_REASON if is_role else passing_reason(error, is_repeated)
            pause = next(pauses["role" if is_role else "warehouse"], None) if reason else None
            if pause is None:
                raise
            say(f"{reason}; trying again in {pause} s")
            time.sleep(pause)
            is_repeated = True


ROLE_REASON = "Redshift may not take the role yet: IAM can need a minute to tell it"


def load(config: Config, this: Run, everything: bool) -> Plays:
    """Load what is new in one transaction, unless a try before this has done it after all.

    Returns the plays of its time and how many match a song. Raises RoleError while the role cannot
    be taken, and DwhError for what cannot be loaded.
    """
    role = role_arn(config)
    with closing(connect(config)) as session, removed_at_the_end(config, role, this):
        cursor = session.cursor()
        require_tables(cursor)
        runs.begin(cursor, this)
        lock(cursor, config)
        remove_leftovers(config, role)
        if this.tries > 1 and runs.status(cursor, this) == "loaded":
            say("the load was committed before the connection was lost")
            return count_plays(cursor, this)
        this.start_over()
        find_files(cursor, config, this, everything)
        if this.files:
            fill_star(cursor, config, role, this)
        plays = count_plays(cursor, this) if this.files else (0, 0)
        runs.end(cursor, this)
        session.commit()
    return plays


def require_tables(cursor: cursor) -> None:
    """Raise DwhError if a table is missing: before hours of work, and if there is none."""
    cursor.execute(sql_queries.existing_tables)
    there = {name for (name,) in cursor.fetchall()}
    if missing := [table for table in sql_queries.create_table_queries if table not in there]:
        what = f"{'this table is' if len(missing) == 1 else 'these tables are'} not there"
        raise DwhError(f"{what}: {', '.join(missing)}", "make it: python create_tables.py")


def lock(cursor: cursor, config: Config) -> None:
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
            what = f"another load holds its lock for {counted(config.timeout_minutes, 'minute')}"
            hint = "let it end, or see who it is in STV_LOCKS and end it: PG_TERMINATE_BACKEND(pid)"
            raise DwhError(what, hint) from error
        cursor.execute(sql_queries.limit_wait, {"milliseconds": 0})
        current.result = "locked"


def find_files(cursor: cursor, config: Config, this: Run, everything: bool) -> None:
    """Look what is new in S3."""
    with step("files in S3") as current, current.waiting("listing"):
        this.files.update(find_new(cursor, config, everything))
        found, size = counted(len(this.all_files), "file"), this.bytes / MEGABYTE
        current.result = f"{found} to load, {size:.1f} MB" if this.files else "nothing new"
    this.done("files in S3", current.seconds)


def fill_star(cursor: cursor, config: Config, role: str, this: Run) -> None:
    """Pack, stage, check, transform, enter the files into the ledger, and check."""
    pack(cursor, config, role, this)
    stage(cursor, config, role, this)
    check(cursor, "check of the files", sql_queries.staged_checks, this, MEND_FILES)
    cursor.execute(sql_queries.staged_plays)
    this.first_play, this.last_play = cursor.fetchone() or (None, None)
    transform(cursor, this)
    cursor.execute(sql_queries.loaded_files_delete)
    cursor.execute(sql_queries.loaded_files_insert, this.values())
    check(cursor, "check of the star", sql_queries.star_checks, this, MEND_STAR)


MEND_FILES = "correct these records in their files, or move them away, and run this again"
MEND_STAR = "somebody has changed the tables; python create_tables.py --drop starts over"


def transform(cursor: cursor, this: Run) -> None:
    """Bring the star up to date with what is staged."""
    for table, statements in sql_queries.transform_queries.items():
        rows: Counter[str] = Counter()
        with step(f"transform {table}") as current:
            for statement in statements:
                rows.update(fill(cursor, table, statement, this))
            changed = rows["DELETE"] + rows["UPDATE"]
            new = rows["INSERT"] - rows["DELETE"]
            current.result = f"{counted(new, 'new row')}, {changed} changed"
        this.done(f"transform {table}", current.seconds, new, changed)


def fill(cursor: cursor, table: str, statement: str, this: Run) -> dict[str, int]:
    """Run a statement of the transform; what it did to how many rows. Says what did not fit."""
    import psycopg2

    try:
        cursor.execute(statement, this.values())
    except psycopg2.DataError as error:  # SQLSTATE class 22
        what = f"{table} cannot be filled: {first_line(error)}"
        hint = "a value of the files does not fit; look for it in LOG_DATA and SONG_DATA"
        raise DwhError(what, hint) from error
    return {(cursor.statusmessage or "").partition(" ")[0]: cursor.rowcount}


def count_plays(cursor: cursor, this: Run) -> Plays:
    """The plays of the time that was loaded, and how many of them have found their song."""
    cursor.execute(sql_queries.loaded_plays, this.values())
    plays, matched = cursor.fetchone() or (0, 0)
    return int(plays), int(matched)


def report(this: Run, plays: Plays) -> None:
    """Print what is new in each table, and how long that took."""
    if not this.files:
        say("Every file is loaded already; load all of them again: python etl.py --all")
        return
    steps = {done.step: done for done in this.steps}
    rows: list[tuple[Any, ...]] = []
    for table in this.files:
        copied, _ = this.copied(table)
        rows.append((table, copied, None, in_seconds(steps[f"copy {table}"])))
    for table in sql_queries.star_tables:
        done = steps[f"transform {table}"]
        rows.append((table, done.new, done.changed, in_seconds(done)))
        if table == "songplays" and plays[0]:
            number, matched = plays
            share = f"{matched} of {number} ({matched / number:.1%})"
            rows.append((f"- matched to a song: {share}", None, None, None))
    print_table("Loaded", ("table", "new", "changed", "seconds"), rows)
    if this.rejected:
        say(f"warning: {counted(this.rejected, 'record')} rejected, kept in rejected_records")
        statement = sql_queries.rejected_records_question.format(run_id=this.run_id)
        say(f'  see them: python query.py "{statement}"')
    say("Next: python query.py")


def in_seconds(done: Done) -> Decimal:
    """How long a step took, to two places."""
    return Decimal(f"{done.seconds:.2f}")


if __name__ == "__main__":
    sys.exit(run(main))
