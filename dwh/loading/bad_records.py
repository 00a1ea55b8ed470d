"""The records that COPY has rejected: in which lines of which files, and what they hold.

The SYS views tell the file, the line and the reason; the record itself is read from the file.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BufferedReader
from typing import TYPE_CHECKING, Any

import sql_queries
from dwh.aws import polling, s3_client, split_url
from dwh.json_paths import Path, columns_of, read_json_paths, value_at
from dwh.loading.packing import READERS
from dwh.loading.run import BadRecord, FileLocation, Run

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

# How long Redshift may take to have on record which records a COPY has rejected.
RECORD_SECONDS = 30
# The SYS views cut the names of files.
# https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_ERROR_DETAIL.html
NAME_LENGTH = 256
# COPY takes no larger record, and rejected_records keeps no longer value.
RECORD_BYTES = 4 << 20
VALUE_LENGTH = 1024
TOO_LONG = "length exceeds DDL length"


def wait_for_bad_records(
    cursor: cursor, run: Run, number: int, urls: Sequence[str] = ()
) -> list[BadRecord]:
    """The records of this load that were rejected, as soon as so many are on record.

    `urls` are the files that are asked about, all by default. Fewer if that takes longer than
    RECORD_SECONDS.
    """
    asked = {cut(url) for url in urls}
    found: list[tuple[Any, ...]] = []
    for _ in polling(RECORD_SECONDS):
        cursor.execute(sql_queries.rejections, run.sql_parameters())
        found = [row for row in cursor.fetchall() if not asked or row[0] in asked]
        if len(found) >= number:
            break
    sources = Sources(run)
    return [BadRecord(*sources.find(part, line), *more) for part, line, *more in found]


def cut(name: str) -> str:
    """The name of a file as the SYS views show it."""
    return name[:NAME_LENGTH].rstrip(" ")


class Sources:
    """Which file, and which line of it, a line comes from that COPY has read."""

    def __init__(self, run: Run) -> None:
        self._locations: dict[str, list[tuple[str, FileLocation]]] = defaultdict(list)
        for file in run.all_files:
            location = run.locations.get(file.url, FileLocation(file.url))
            self._locations[cut(location.part)].append((file.name, location))

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
    """The records with their values, read from their files.

    Raises ClientError if S3 does not give a file.
    """
    by_file: dict[str, list[BadRecord]] = defaultdict(list)
    for record in records:
        by_file[record.file].append(record)
    tables = {file.name: (table, file.url) for table in run.files for file in run.files[table]}
    known = [name for name in by_file if name in tables]
    paths = find_paths(run)
    s3 = s3_client(run.config, READERS)

    def read(name: str) -> list[BadRecord]:
        table, url = tables[name]
        texts = read_texts(s3, url, {record.line for record in by_file[name]})
        return [with_value(each, texts.get(each.line, b""), paths[table]) for each in by_file[name]]

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


def read_texts(s3: Any, url: str, ends: set[int]) -> dict[int, bytes]:
    """The texts of the records that end at these lines of a file, each from where it begins."""
    bucket, key = split_url(url)
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    texts: dict[int, bytes] = {}
    text, last = b"", max(ends)
    for number, line in numbered_lines(BufferedReader(body, 1 << 20)):
        is_new = line.lstrip().startswith(b"{") or text.rstrip().endswith(b"}")
        text = line if is_new or len(text) > RECORD_BYTES else text + line
        if number in ends:
            texts.setdefault(number, text.strip())
        if number >= last:
            break
    return texts


def numbered_lines(reader: BufferedReader) -> Iterator[tuple[int, bytes]]:
    """The lines with their numbers; one that is too long for a record comes in pieces."""
    number = 1
    while line := reader.readline(RECORD_BYTES):
        yield number, line
        number += line.endswith(b"\n")


def with_value(record: BadRecord, text: bytes, paths: dict[str, Path]) -> BadRecord:
    """The record with what its column holds, or with its text if it is not about a column."""
    shown = value_of(text, paths.get(record.column, []))
    reason = record.reason
    if reason.endswith(TOO_LONG):
        reason += f": {len(shown.encode())} bytes in the file, at most {record.limit}"
        reason += " in the column"
    return record._replace(value=shown[:VALUE_LENGTH], reason=reason)


def value_of(text: bytes, path: Path) -> str:
    """The value at a path, numbers as they are written; the text itself if nothing is there."""
    shown = text.decode("utf-8", "replace")
    with suppress(ValueError, RecursionError, LookupError):
        value = value_at(json.loads(shown, parse_float=str, parse_int=str), path) if path else shown
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # What no VARCHAR takes: NUL, and half a character that an escape has made.
    return shown.replace("\0", "\\u0000").encode("utf-8", "replace").decode()
