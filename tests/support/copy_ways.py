"""The two ways from objects to CSV, for tests: called in one line, their output parsed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence

from sandbox.copy.careful import careful_chunks
from sandbox.copy.columns import Column
from sandbox.copy.command import CopyCommand, parse_copy
from sandbox.copy.csv_rows import LoadError, SourceObject
from sandbox.copy.fast import fast_chunks, fast_way_possible
from sandbox.copy.json_values import JsonPaths, parse_jsonpaths
from sandbox.copy.scan import Scan

TEXT = Column("artist", "varchar", length=65535)
INTEGER = Column("ts", "bigint")
FLOAT = Column("length", "double precision")
BOOLEAN = Column("paid", "boolean")
COLUMNS = (TEXT, INTEGER, FLOAT, BOOLEAN)

Row = list[str | None]


def command(options: str = "", json_paths: str = "auto") -> CopyCommand:
    return parse_copy(f"COPY t FROM 's3://b/p' IAM_ROLE default JSON '{json_paths}' {options}")


def paths_of(*names: str) -> JsonPaths:
    parsed = parse_jsonpaths(json.dumps({"jsonpaths": [f"$['{name}']" for name in names]}).encode())
    assert parsed is not None
    return parsed


def sources(*bodies: bytes) -> list[SourceObject]:
    def opener(body: bytes) -> Callable[[], io.BytesIO]:
        return lambda: io.BytesIO(body)

    return [
        SourceObject(f"s3://b/{number}", len(body), opener(body))
        for number, body in enumerate(bodies)
    ]


def fields(lines: bytes) -> Iterator[tuple[str | None, str]]:
    """The fields of PostgreSQL's CSV, each with the mark that ends it."""
    position = 0
    while position < len(lines):
        value = bytearray()
        quoted = lines[position : position + 1] == b'"'
        position += quoted
        while lines[position : position + 1] not in ((b'"',) if quoted else (b",", b"\n")):
            position += quoted and lines[position : position + 1] == b"\\"
            value += lines[position : position + 1]
            position += 1
        position += quoted
        yield (None if value == b"null" and not quoted else value.decode()), chr(lines[position])
        position += 1


def parsed(lines: bytes) -> list[Row]:
    rows: list[Row] = []
    row: Row = []
    for value, mark in fields(lines):
        row.append(value)
        if mark == "\n":
            rows.append(row)
            row = []
    return rows


def careful(
    *bodies: bytes,
    columns: Sequence[Column] = COLUMNS,
    how: CopyCommand | None = None,
    paths: JsonPaths | None = None,
) -> tuple[bytes, list[LoadError]]:
    errors: list[LoadError] = []
    how, scan = how or command(), Scan()
    chunks = careful_chunks(sources(*bodies), how, columns, paths, errors.append, scan)
    return b"".join(chunks), errors


def fast(
    *bodies: bytes,
    columns: Sequence[Column] = COLUMNS,
    how: CopyCommand | None = None,
    paths: JsonPaths | None = None,
) -> bytes:
    assert fast_way_possible(how or command(), columns, paths)
    return b"".join(fast_chunks(sources(*bodies), how or command(), columns, paths, Scan()))
