"""The record of COPYs behind sys_load_history, stl_load_commits and stl_load_errors.

Written to files in the server's data folder, which the views read: so it is seen at once, also
within the transaction of the COPY, and survives a rollback.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.copy.csv_rows import LoadError
from sandbox.copy.scan import Scan
from sandbox.copy.target_table import TargetTable
from sandbox.postgres.backend import Backend
from sandbox.postgres.server import LOADS_FOLDER

BEGIN = """
    SELECT query, query_id, oid, session_user FROM sandbox.next_query_ids() CROSS JOIN pg_database
    WHERE datname = current_database()
"""
# A large file has several rows in stl_load_commits. From what size on is not documented.
LINES_OF_A_COMMIT = 10_000
SECONDS_BETWEEN_NOTES = 0.2
NAME_BYTES = 256


@dataclass(frozen=True)
class Sources:
    """What a COPY loads: where it looks, and how many files and bytes it finds there."""

    url: str
    files: int
    bytes: int


class LoadLog:
    """The entry of one COPY, which begins with it; `copy_id` is what PG_LAST_COPY_ID() gives."""

    def __init__(self, data: Path, backend: Backend, table: TargetTable, sources: Sources) -> None:
        ((query, query_id, database, user),) = backend.execute(BEGIN)
        self.copy_id = int(query or 0)
        self._path = data / LOADS_FOLDER / str(database)
        self._keys = {
            "query": self.copy_id,
            "query_id": int(query_id or 0),
            "session_id": backend.process_id,
            "user_name": user,
            "transaction_id": table.transaction_id,
            "table_id": table.table_id,
        }
        self._entry = self._keys | {
            "table_name": table.name,
            "data_source": sources.url,
            "source_file_count": sources.files,
            "source_file_bytes": sources.bytes,
            "start_time": _now(),
        }
        self._noted = 0.0
        self._note(Scan(), "running", 0)

    def progress(self, scan: Scan) -> None:
        """Note how far the COPY has come, some times a second."""
        if time.monotonic() - self._noted > SECONDS_BETWEEN_NOTES:
            self._note(scan, "running", 0)

    def finish(self, scan: Scan, errors: list[LoadError], completed: bool) -> None:
        """Note how it ended, its files, and the records that were rejected."""
        start = {"start_time": self._entry["start_time"]}
        self._append("errors", (self._keys | start | _error(error) for error in errors))
        if completed:
            commits = (commit for url, lines in scan.files for commit in _commits(url, lines))
            self._append("commits", (self._keys | {"curtime": _now()} | each for each in commits))
        end = {"end_time": _now()}
        self._note(scan, "completed" if completed else "aborted", len(errors), **end)

    def _note(self, scan: Scan, status: str, errors: int, **end: str) -> None:
        aborted = status == "aborted"
        now = {
            "status": status,
            "loaded_rows": 0 if aborted else scan.rows,
            "loaded_bytes": 0 if aborted else scan.bytes,
            "file_count_scanned": len(scan.files),
            "file_bytes_scanned": scan.bytes,
            "error_count": errors,
        }
        self._append("history", [self._entry | now | end])
        self._noted = time.monotonic()

    def _append(self, kind: str, entries: Iterable[dict[str, Any]]) -> None:
        """Add lines in one write. PostgreSQL reads them as another user, if this one is root."""
        lines = "".join(json.dumps(entry) + "\n" for entry in entries)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        file = os.open(self._path.with_suffix(f".{kind}"), flags)
        try:
            os.fchmod(file, 0o644)
            os.write(file, lines.encode())
        finally:
            os.close(file)


def _commits(url: str, lines: int) -> Iterator[dict[str, Any]]:
    """The rows of a file in stl_load_commits, one at least."""
    for first in range(0, max(lines, 1), LINES_OF_A_COMMIT):
        yield {"filename": cut(url), "lines_scanned": min(lines - first, LINES_OF_A_COMMIT)}


def _error(error: LoadError) -> dict[str, Any]:
    return {
        "file_name": cut(error.url),
        "line_number": error.line_number,
        "column_name": printable(error.column_name),
        "column_type": error.column_type,
        "column_length": error.column_length,
        "position": error.position,
        "raw_line": printable(error.raw_line),
        "raw_field_value": printable(error.raw_value),
        "error_code": error.code,
        "error_message": printable(error.reason),
    }


def cut(name: str) -> str:
    """The name of a file as far as a CHAR(256) takes it, which counts bytes."""
    return name.encode()[:NAME_BYTES].decode("utf-8", "ignore")


def _now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat()


def printable(value: object) -> str:
    """Text for a CHAR column: ASCII only, a dot for each byte of other characters.

    As Redshift does: https://github.com/slingdata-io/sling-cli/issues/539
    """
    text = value if isinstance(value, bytes) else str(value or "").encode()
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in text)
