"""One run of etl.py, and what its load has come to so far."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

from dwh.config import Config
from dwh.loading.work_folder import WorkFolder

# The id of no COPY: SQL takes no empty list.
NO_COPY = -1
# No file has more lines; JSON numbers are exact up to here, in whatever way they are read.
LAST_LINE = 2**53 - 1
AT_THE_END = re.compile(r"(?: |%(?:25)*20)+\Z")


@dataclass(frozen=True, slots=True)
class File:
    """A file as S3 lists it; `size` in bytes, `modified` in whole seconds.

    The ETag changes whenever the content does, and comes back with it.
    """

    url: str
    etag: str
    size: int
    modified: str

    @property
    def name(self) -> str:
        """The URL as the ledger spells it, where trailing blanks would not count in comparisons.

        They become %20, and a % there becomes %25, so that no two files share a name.
        """
        if not self.url.endswith((" ", "20")):
            return self.url
        return AT_THE_END.sub(lambda end: end[0].replace("%", "%25").replace(" ", "%20"), self.url)


class FileLocation(NamedTuple):
    """Where COPY finds a file: the part that it is in, its lines there, and its records if known.

    A file that is not packed is its own part.
    """

    part: str
    first_line: int = 1
    last_line: int = LAST_LINE
    record_count: int | None = None


class CopyResult(NamedTuple):
    """What a COPY has answered: the rows that it loaded, and the records that it rejected."""

    is_packed: bool
    rows: int
    rejected: int

    @property
    def records(self) -> int:
        """The records that it has found, good and bad."""
        return self.rows + self.rejected


class BadRecord(NamedTuple):
    """A record that COPY has rejected: where it is, and what is wrong with it.

    `file` is the file as the ledger calls it, or what Redshift shows of its name. `column` is empty
    if it is no record at all. `limit` is what the column takes, in bytes.
    """

    file: str
    line: int
    column: str
    limit: str
    reason: str
    value: str = ""


class FinishedStep(NamedTuple):
    """A step that is done: the rows that it has made, those that it has changed, its seconds."""

    name: str
    new: int | None
    changed: int | None
    seconds: float


class LoadedPlays(NamedTuple):
    """The plays of the time that was loaded, and how many of them have found their song."""

    number: int = 0
    matched: int = 0


@dataclass
class Run:
    """A run, and what its load has come to. A load that is tried again starts over."""

    config: Config
    is_rebuild: bool
    run_id: str
    started: float = field(default_factory=time.monotonic)
    attempts: int = 0
    role: str = ""
    # How many files the warehouse reads at a time.
    slices: int = 1
    files: dict[str, list[File]] = field(default_factory=dict)
    # Of a rebuild: the names of the files that the old star was made of.
    files_before: set[str] = field(default_factory=set)
    locations: dict[str, FileLocation] = field(default_factory=dict)
    copies: dict[str, list[CopyResult]] = field(default_factory=dict)
    # The ids in the SYS views of the COPYs whose lines are records, as far as that is on record.
    counted_copies: list[int] = field(default_factory=list)
    steps: list[FinishedStep] = field(default_factory=list)
    # The records that the load has gone on without.
    rejections: list[BadRecord] = field(default_factory=list)
    first_play: datetime | None = None
    last_play: datetime | None = None
    plays: LoadedPlays = field(default_factory=LoadedPlays)

    def start_over(self) -> None:
        """Forget what a load has come to that was undone."""
        parts = (self.files, self.locations, self.copies, self.steps)
        for part in (*parts, self.counted_copies, self.rejections):
            part.clear()

    @cached_property
    def folder(self) -> WorkFolder:
        """Where the load writes what COPY is to read; the role is of the bucket's account."""
        return WorkFolder(self.config, self.role.split(":")[4])

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
        return sum(copy.rejected for copy in self.all_copies)

    @property
    def all_copies(self) -> list[CopyResult]:
        """The COPYs of all staging tables."""
        return [copy for copies in self.copies.values() for copy in copies]

    def copy_totals(self, table: str) -> tuple[int, int]:
        """The rows that the COPYs of a table have loaded, and the records that they rejected."""
        copies = self.copies.get(table, [])
        return sum(copy.rows for copy in copies), sum(copy.rejected for copy in copies)

    def finish_step(
        self, name: str, seconds: float, new: int | None = None, changed: int | None = None
    ) -> None:
        """Note a step that is done."""
        self.steps.append(FinishedStep(name, new, changed, round(seconds, 3)))

    def sql_parameters(self) -> dict[str, Any]:
        """What statements have to be told of the run."""
        return {
            "run_id": self.run_id,
            "milliseconds": round((time.monotonic() - self.started) * 1000),
            "files": len(self.all_files),
            "bytes": self.bytes,
            "rejected": self.rejected,
            "first_play": self.first_play,
            "last_play": self.last_play,
            "counted_copies": (*self.counted_copies, NO_COPY),
            **parameters_of("events", self.copies.get("staging_events", [])),
            **parameters_of("songs", self.copies.get("staging_songs", [])),
        }


def parameters_of(name: str, copies: list[CopyResult]) -> dict[str, int]:
    """What statements have to be told of the COPYs of a staging table."""
    return {
        f"{name}_rows": sum(copy.rows for copy in copies),
        f"{name}_packed": sum(copy.records for copy in copies if copy.is_packed),
    }


def new_run(config: Config, is_rebuild: bool) -> Run:
    """A run with an id that sorts by time, and that no other has."""
    run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    return Run(config, is_rebuild, run_id)
