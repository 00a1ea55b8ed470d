"""One run of etl.py, and what the warehouse has on record of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sql_queries
from dwh import Config, connect
from errors import explain
from loading.files import File
from terminal import print_table

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

# The longest reason of a failure that is kept: in bytes it is then short enough for its column.
LONGEST_REASON = 1000
MEGABYTE = 1_000_000


@dataclass
class Copied:
    """What a COPY has come to: its id, the rows, the files, and the records that it refused.

    `lines` are those of its files, as Redshift counts them.
    """

    copy_id: int = -1
    lines: int = 0
    rows: int = 0
    files: int = 0
    rejected: int = 0

    @property
    def counted_id(self) -> int:
        """The id if each line of the files was a row or was refused; else none."""
        return self.copy_id if self.lines == self.rows + self.rejected else -1


@dataclass
class Run:
    """A run, and what its load has come to. A load that is tried again starts over."""

    run_id: str
    is_begun: bool = False
    files: dict[str, list[File]] = field(default_factory=dict)
    copies: dict[str, Copied] = field(default_factory=dict)
    steps: list[tuple[str, int | None, float]] = field(default_factory=list)
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    matched: int = 0

    def start_over(self) -> None:
        """Forget what a load has come to that was undone."""
        for part in (self.files, self.copies, self.steps, self.before, self.after):
            part.clear()

    @property
    def all_files(self) -> list[File]:
        """The files of all staging tables."""
        return [file for files in self.files.values() for file in files]

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(file.size for file in self.all_files)

    @property
    def rejected(self) -> int:
        """The records that the load goes on without."""
        return sum(copied.rejected for copied in self.copies.values())

    def copied(self, table: str) -> Copied:
        """What the COPY of a staging table has come to; nothing if there was none."""
        return self.copies.get(table, Copied())

    def done(self, step: str, rows: int | None, seconds: float) -> None:
        """Note a step that is done, and the rows that it has brought."""
        self.steps.append((step, rows, round(seconds, 3)))

    @property
    def seconds(self) -> dict[str, float]:
        """The seconds of each step."""
        return {step: seconds for step, _, seconds in self.steps}


def new_run() -> Run:
    """A run with an id that sorts by time, and that no other has."""
    return Run(f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}")


# ---------------------------------------------------------------------------- on record


def begin(cursor: cursor, run: Run) -> None:
    """Put on record that the run has begun, and commit that."""
    run.is_begun = True
    if status(cursor, run) is None:
        cursor.execute(sql_queries.run_begin, {"run_id": run.run_id})
    cursor.connection.commit()


def status(cursor: cursor, run: Run) -> str | None:
    """What the warehouse has on record of the run."""
    cursor.execute(sql_queries.run_status, {"run_id": run.run_id})
    row = cursor.fetchone()
    return str(row[0]) if row else None


def end(cursor: cursor, run: Run) -> None:
    """Put on record, in the transaction that publishes the rows, how the run has ended."""
    from psycopg2.extras import execute_values

    ended = {"run_id": run.run_id, "status": "loaded" if run.files else "nothing new"}
    counts = {"files": len(run.all_files), "bytes": run.bytes, "rejected": run.rejected}
    cursor.execute(sql_queries.run_end, ended | counts)
    rows = [(run.run_id, place, *step) for place, step in enumerate(run.steps, 1)]
    if run.files:
        execute_values(cursor, sql_queries.steps_insert, rows, page_size=len(rows))


@contextmanager
def on_record(config: Config, run: Run) -> Iterator[None]:
    """Put on record that the run has failed, if it does; as far as the warehouse is there."""
    try:
        yield
    except BaseException as error:
        if run.is_begun:
            with suppress(Exception):
                put_failure(config, run, error)
        raise


def put_failure(config: Config, run: Run, error: BaseException) -> None:
    """Put on record why a run has ended, unless it was published after all."""
    ended = {"run_id": run.run_id, "status": "stopped", "reason": None}
    if isinstance(error, Exception):
        reason = explain(error).what.replace("\0", "")[:LONGEST_REASON]
        ended |= {"status": "failed", "reason": reason}
    with closing(connect(config)) as session:
        session.cursor().execute(sql_queries.run_failed, ended)
        session.commit()


def show_history(config: Config) -> None:
    """Print the last runs."""
    columns = ("run", "started", "seconds", "status", "files", "MB", "rejected")
    brought = ("new plays", "new songs", "new users", "reason")
    with closing(connect(config)) as session, session.cursor() as cursor:
        cursor.execute(sql_queries.last_runs)
        rows = [in_megabytes(row) for row in cursor]
    print_table("Last runs", columns + brought, rows)


def in_megabytes(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row of the history with its bytes in MB."""
    return (*row[:5], round(row[5] / MEGABYTE, 1), *row[6:])
