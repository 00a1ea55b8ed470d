"""One run of etl.py, and what the warehouse has on record of it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import sql_queries
from dwh.config import Config
from dwh.connection import connect
from dwh.errors import explain
from dwh.loading.files import File, Place
from dwh.terminal import print_table, without_secrets

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

# The longest reason of a failure that is kept: in bytes it is then short enough for its column.
LONGEST_REASON = 1000
MEGABYTE = 1_000_000
# The id of no COPY: SQL takes no empty list.
NO_COPY = -1


class Copied(NamedTuple):
    """What a COPY has answered: the rows that it loaded, and the records that it rejected.

    `copy_id` is the number that the STL tables know it by.
    """

    copy_id: int
    is_packed: bool
    rows: int
    rejected: int

    @property
    def records(self) -> int:
        """The records that it has found, good and bad."""
        return self.rows + self.rejected


class Done(NamedTuple):
    """A step that is done: the rows that it has made, those that it has changed, its seconds."""

    step: str
    new: int | None
    changed: int | None
    seconds: float


@dataclass
class Run:
    """A run, and what its load has come to. A load that is tried again starts over."""

    run_id: str
    started: float = field(default_factory=time.monotonic)
    tries: int = 0
    files: dict[str, list[File]] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    copies: dict[str, list[Copied]] = field(default_factory=dict)
    # What Redshift has on record of the lines of COPYs, by their ids; it may be late with that.
    lines: dict[int, int] = field(default_factory=dict)
    steps: list[Done] = field(default_factory=list)
    first_play: datetime | None = None
    last_play: datetime | None = None

    def start_over(self) -> None:
        """Forget what a load has come to that was undone."""
        for part in (self.files, self.places, self.copies, self.lines, self.steps):
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
        """The records that COPY has rejected."""
        return sum(copied.rejected for copied in self.all_copies)

    @property
    def all_copies(self) -> list[Copied]:
        """The COPYs of all staging tables."""
        return [copied for copies in self.copies.values() for copied in copies]

    def copied(self, table: str) -> tuple[int, int]:
        """The rows that the COPYs of a table have loaded, and the records that they rejected."""
        copies = self.copies.get(table, [])
        return sum(each.rows for each in copies), sum(each.rejected for each in copies)

    def original(self, part: str, line: int) -> tuple[str, int]:
        """Which file and line of it a line is that COPY has read in a part, or in a file."""
        for url, place in self.places.items():
            if place.part == part and place.first_line <= line <= place.last_line:
                return url, line - place.first_line + 1
        return part, line

    def done(
        self, step: str, seconds: float, new: int | None = None, changed: int | None = None
    ) -> None:
        """Note a step that is done."""
        self.steps.append(Done(step, new, changed, round(seconds, 3)))

    def values(self) -> dict[str, Any]:
        """What statements have to be told of the run."""
        ids = [copied.copy_id for copied in self.all_copies]
        counted = [
            each.copy_id for each in self.all_copies if self.lines.get(each.copy_id) == each.records
        ]
        return {
            "run_id": self.run_id,
            "milliseconds": round((time.monotonic() - self.started) * 1000),
            "files": len(self.all_files),
            "bytes": self.bytes,
            "rejected": self.rejected,
            "first_play": self.first_play,
            "last_play": self.last_play,
            "copies": (*ids, NO_COPY),
            "counted_copies": (*counted, NO_COPY),
            **of_copies("events", self.copies.get("staging_events", [])),
            **of_copies("songs", self.copies.get("staging_songs", [])),
        }


def of_copies(name: str, copies: list[Copied]) -> dict[str, int]:
    """What statements have to be told of the COPYs of a staging table."""
    return {
        f"{name}_rows": sum(copied.rows for copied in copies),
        f"{name}_packed": sum(copied.records for copied in copies if copied.is_packed),
    }


def new_run() -> Run:
    """A run with an id that sorts by time, and that no other has."""
    return Run(f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}")


# ---------------------------------------------------------------------------- on record


def begin(cursor: cursor, run: Run) -> None:
    """Put on record that the run has begun, and commit that.

    The first try asks nothing before: on a database with SERIALIZABLE isolation, that would undo
    another load that is about to end.
    """
    run.tries += 1
    if run.tries == 1 or status(cursor, run) is None:
        cursor.execute(sql_queries.run_begin, run.values())
    cursor.connection.commit()


def status(cursor: cursor, run: Run) -> str | None:
    """What the warehouse has on record of the run."""
    cursor.execute(sql_queries.run_status, run.values())
    row = cursor.fetchone()
    return str(row[0]) if row else None


def end(cursor: cursor, run: Run) -> None:
    """Put on record, in the transaction that publishes the rows, how the run has ended."""
    from psycopg2.extras import execute_values

    ended = {"status": "loaded" if run.files else "nothing new"}
    cursor.execute(sql_queries.run_end, run.values() | ended)
    rows = [(run.run_id, place, *step) for place, step in enumerate(run.steps, 1)]
    if run.files:
        execute_values(cursor, sql_queries.steps_insert, rows, page_size=len(rows))


@contextmanager
def on_record(config: Config, run: Run) -> Iterator[None]:
    """Put on record that the run has failed, if it does; as far as the warehouse is there."""
    try:
        yield
    except BaseException as error:
        if run.tries:
            with suppress(Exception):
                put_failure(config, run, error)
        raise


def put_failure(config: Config, run: Run, error: BaseException) -> None:
    """Put on record why a run has ended, unless it was published after all."""
    ended: dict[str, Any] = {"status": "stopped", "reason": None}
    if isinstance(error, Exception):
        ended = {"status": "failed", "reason": reason_of(error)}
    with closing(connect(config)) as session:
        session.cursor().execute(sql_queries.run_failed, run.values() | ended)
        session.commit()


def reason_of(error: Exception) -> str:
    """What went wrong and the first detail of it, as far as that can be kept."""
    found = explain(error)
    text = ": ".join([found.what, *(line.strip() for line in found.details[:1])])
    return without_secrets(text).replace("\0", "")[:LONGEST_REASON]


def show_history(config: Config) -> None:
    """Print the last runs."""
    columns = ("run", "started", "seconds", "status", "files", "MB", "rejected")
    brought = ("new plays", "new songs", "new users", "changed", "reason")
    with closing(connect(config)) as session, session.cursor() as cursor:
        cursor.execute(sql_queries.last_runs)
        rows = [in_megabytes(row) for row in cursor]
    print_table("Last runs", columns + brought, rows)


def in_megabytes(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row of the history with its bytes in MB, and with tenths of seconds."""
    seconds = None if row[2] is None else Decimal(f"{row[2]:.1f}")
    return (*row[:2], seconds, *row[3:5], round(row[5] / MEGABYTE, 1), *row[6:])
