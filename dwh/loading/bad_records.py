"""The records that COPY has rejected: in which lines of which files, and what they hold.

The SYS views tell the file, the line and the reason; the record itself is read from the file.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BufferedReader
from typing import TYPE_CHECKING, Any

import sql_queries
from dwh.aws import polling, s3_client
from dwh.errors import DwhError
from dwh.json_paths import Path, columns_of, read_json_paths, value_at
from dwh.loading.packing import READERS, open_file, try_to_read
from dwh.loading.run import BadRecord, File, FileLocation, Run

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

# How long Redshift may take to have on record which records a COPY has rejected.
RECORD_SECONDS = 30
# The SYS views cut the names of files.
# https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_ERROR_DETAIL.html
NAME_BYTES = 256
# COPY takes no larger record, and rejected_records keeps no longer value.
RECORD_BYTES = 4 << 20
VALUE_LENGTH = 1024
TOO_LONG = "length exceeds DDL length"
# What counts in a search for the end of a record: braces that are not in a text.
TOKEN = re.compile(rb'"(?:\\.|[^"\\])*"|[{}]')
BRACES = {b"{": 1, b"}": -1}


def wait_for_bad_records(
    cursor: cursor, run: Run, number: int, urls: Sequence[str] = ()
) -> list[BadRecord]:
    """The records of this load that were rejected, as soon as so many are on record.

    `urls` are the files that are asked about, all by default. Fewer if that takes longer than
    RECORD_SECONDS.
    """
    asked = {cut(url) for url in urls}
    found: list[tuple[Any, ...]] = []
    rows: list[tuple[Any, ...]] = []
    for _ in polling(RECORD_SECONDS):
        cursor.execute(sql_queries.rejections, run.sql_parameters())
        rows = cursor.fetchall()
        found = [row for row in rows if not asked or row[0] in asked]
        if len(found) >= number:
            break
    sources = Sources(run)
    found = found or [row for row in rows if not sources.knows(row[0])]
    return [BadRecord(*sources.find(part, line), *more) for part, line, *more in found]


def cut(name: str) -> str:
    """The name of a file as the SYS views show it; of a letter that is cut they show nothing."""
    return name.encode()[:NAME_BYTES].decode("utf-8", "ignore").rstrip(" ")


class Sources:
    """Which file, and which line of it, a line comes from that COPY has read."""

    def __init__(self, run: Run) -> None:
        self._locations: dict[str, list[tuple[str, FileLocation]]] = defaultdict(list)
        for file in run.all_files:
            location = run.locations.get(file.url, FileLocation(file.url))
            self._locations[cut(location.part)].append((file.name, location))

    def knows(self, part: str) -> bool:
        """True if a file of the load has this name, as far as it is shown."""
        return part in self._locations

    def find(self, part: str, line: int) -> tuple[str, int]:
        """The file and its line; the part itself if two files may be meant, as its name is cut."""
        found = [
            (name, line - location.first_line + 1)
            for name, location in self._locations.get(part, [])
            if location.first_line <= line <= location.last_line
        ]
        return found[0] if len(found) == 1 else (part, line)


# ---------------------------------------------------------------------------- what they hold


def with_values(run: Run, records: list[BadRecord]) -> list[BadRecord]:
    """The records with their values, read from their files as they were listed.

    A record of a file that has changed since, or is gone, stays without. Raises ClientError if S3
    does not give a file.
    """
    by_file: dict[str, list[BadRecord]] = defaultdict(list)
    for record in records:
        by_file[record.file].append(record)
    files = {file.name: (table, file) for table in run.files for file in run.files[table]}
    known = [name for name in by_file if name in files]
    paths, s3 = find_paths(run), s3_client(run.config, READERS)

    def read(name: str) -> list[BadRecord]:
        table, file = files[name]
        return try_to_read(lambda: read_values(s3, file, by_file[name], paths[table]))

    with ThreadPoolExecutor(READERS) as pool:
        by_file |= dict(zip(known, pool.map(read, known), strict=True))
    return [record for found in by_file.values() for record in found]


def find_paths(run: Run) -> dict[str, dict[str, Path]]:
    """By staging table, where COPY looks for the value of each column; if we may read that."""
    from botocore.exceptions import ClientError

    found = {table: {name: [name] for name in columns_of(table)} for table in run.files}
    if "staging_events" in run.files:
        found["staging_events"] = {}
        with suppress(ClientError):
            found["staging_events"] = read_json_paths(run.config)
    return found


def read_values(
    s3: Any, file: File, records: list[BadRecord], paths: dict[str, Path]
) -> list[BadRecord]:
    """The records of one file with their values."""
    wanted: dict[int, list[int]] = defaultdict(list)
    for place, record in enumerate(records):
        wanted[record.line].append(place)
    found, last = list(records), max(wanted)
    body = None
    with suppress(DwhError):  # the file is gone
        body = open_file(s3, file)
    if body is None:
        return found
    for number, text in record_texts(numbered_lines(BufferedReader(body, 1 << 20))):
        for place in wanted.pop(number, ()):
            found[place] = with_value(found[place], text, paths)
        if number >= last:
            break
    return found


def numbered_lines(reader: BufferedReader) -> Iterator[tuple[int, bytes]]:
    """The lines with their numbers; one that is too long for a record comes in pieces."""
    number = 1
    while line := reader.readline(RECORD_BYTES):
        yield number, line
        number += line.endswith(b"\n")


def record_texts(lines: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Each line's number with the text of the record that ends there, or else with the line.

    A record of several lines ends where its braces are closed. One that never is ends where the
    next begins, at a brace that is not indented.
    """
    pending: list[bytes] = []
    depth = size = 0
    for number, line in lines:
        if line.startswith(b"{"):
            pending, depth, size = [], 0, 0
        if not pending and line.startswith(b"{") and line.rstrip().endswith(b"}"):
            yield number, line
            continue
        depth += sum(BRACES.get(token, 0) for token in TOKEN.findall(line))
        size += len(line)
        pending.append(line)
        if depth > 0 and size <= RECORD_BYTES:
            yield number, line
            continue
        yield number, b"".join(pending) if depth == 0 else line
        pending, depth, size = [], 0, 0


def with_value(record: BadRecord, text: bytes, paths: dict[str, Path]) -> BadRecord:
    """The record with what its column holds, or with its text if it is not about a column."""
    if not record.column:
        return record._replace(value=printable(text.strip().decode("utf-8", "replace")))
    value = value_of(text, paths.get(record.column))
    if value is None:
        return record
    reason = record.reason
    if reason.endswith(TOO_LONG):
        size = f"{len(value.encode('utf-8', 'replace'))} bytes in the file"
        reason += f": {size}, at most {record.limit} in the column"
    return record._replace(value=printable(value), reason=reason)


def value_of(text: bytes, path: Path | None) -> str | None:
    """The value at a path of the one record in a text, numbers as they are written.

    None if there is no such record, or there are several, or nothing is there.
    """
    if path is None:
        return None
    try:
        record = json.loads(text.decode("utf-8", "replace"), parse_float=str, parse_int=str)
        value = value_at(record, path)
    except (ValueError, RecursionError, LookupError):
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def printable(value: str) -> str:
    """The beginning of a value without what no VARCHAR takes: NUL, and half a character."""
    shown = value[:VALUE_LENGTH].replace("\0", "\\u0000")
    return shown.encode("utf-8", "replace").decode()[:VALUE_LENGTH]
