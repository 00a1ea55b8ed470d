"""What both ways from objects to CSV share: the fast one and the careful one.

The CSV is PostgreSQL's with JSON's habits: strings are always quoted, `null` never is, and a
backslash escapes. So a JSON array without its brackets is a line of it.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

import msgspec

from sandbox.copy.columns import Column
from sandbox.copy.command import CopyCommand
from sandbox.copy.json_values import JsonPaths
from sandbox.copy.scan import Meter, Scan
from sandbox.errors import SqlError

POSTGRES_COPY_OPTIONS = r"""(FORMAT csv, NULL 'null', QUOTE '"', ESCAPE E'\\', ENCODING 'UTF8')"""
CHUNK_BYTES = 1024 * 1024

_json_encoder = msgspec.json.Encoder()
# For such short patterns `re` is faster than the methods of bytes, which do not look for the first
# character alone.
_BETWEEN_ROWS = re.compile(rb"\]\n\[")
_JSON_ESCAPE = re.compile(rb"\\[bfnrtu]")
# A pair of backslashes must match too, lest its second one seem to start an escape.
_PAIR_OR_ESCAPE = re.compile(rb"\\(?:u00([0-9a-f]{2})|([bfnrt\\]))")
_CONTROL = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


class NeedsCare(Exception):  # noqa: N818 - a request, not an error
    """The fast way does not know; start over with the careful one."""


@dataclass(frozen=True)
class SourceObject:
    """One file to load; `size` is as stored, before any decompression."""

    url: str
    size: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True)
class LoadError:
    """One row of stl_load_errors. The column's fields are empty when it is the record that failed.

    `raw_line` and `raw_value` are the source's bytes, at most the 1,024 that the view shows.
    """

    url: str
    line_number: int
    column_name: str
    column_type: str
    column_length: str
    position: int
    raw_line: bytes
    raw_value: bytes
    code: int
    reason: str


@contextmanager
def opened(source: SourceObject, command: CopyCommand, scan: Scan) -> Iterator[BinaryIO]:
    """The object's content, decompressed if the command says GZIP; closed at the end.

    Raises SqlError for what is not sound gzip.
    """
    with source.open() as stream:
        stored = content = Meter(stream)
        if command.gzip:
            unpacked = gzip.GzipFile(fileobj=cast(BinaryIO, stored), mode="rb")
            content = Meter(cast(BinaryIO, unpacked))
        try:
            with scan.of(source.url, stored, content):
                yield cast(BinaryIO, content)
        except (gzip.BadGzipFile, EOFError, zlib.error) as problem:
            raise SqlError(f"{source.url} is not a sound GZIP file: {problem}") from problem


def read_fully(stream: BinaryIO, size: int) -> bytes:
    """The next `size` bytes, fewer only at the end of the stream."""
    body = stream.read(size)
    if len(body) == size or not body:
        return body
    parts = io.BytesIO(body)
    parts.seek(0, io.SEEK_END)
    while parts.tell() < size and (more := stream.read(size - parts.tell())):
        parts.write(more)
    return parts.getvalue()


def check_paths(columns: Sequence[Column], paths: JsonPaths | None) -> None:
    """Raises SqlError unless there are as many paths as columns."""
    if paths is not None and len(paths.paths) != len(columns):
        raise SqlError(
            "Number of jsonpaths and the number of columns should match. "
            f"JSONPath size: {len(paths.paths)}, "
            f"Number of columns in table or column list: {len(columns)}"
        )


def csv_lines(rows: Sequence[tuple[object, ...]]) -> bytes:
    """The rows as lines of the CSV that POSTGRES_COPY_OPTIONS describe.

    Raises ValueError for NUL, which PostgreSQL cannot store.
    """
    return as_csv(json_lines(rows))


def json_lines(rows: Sequence[tuple[object, ...]]) -> bytes:
    """The rows as JSON's arrays without their brackets, a line each."""
    if not rows:
        return b""
    # A line break can only be the encoder's own: those of texts are escaped.
    return _BETWEEN_ROWS.sub(b"\n", _json_encoder.encode_lines(rows))[1:-2] + b"\n"


def as_csv(lines: bytes) -> bytes:
    """Lines of JSON with the escapes undone that CSV does not know.

    Raises ValueError for NUL, which PostgreSQL cannot store.
    """
    if _JSON_ESCAPE.search(lines):
        return _PAIR_OR_ESCAPE.sub(_csv_escape, lines)
    return lines


def _csv_escape(match: re.Match[bytes]) -> bytes:
    """JSON's escape as CSV has it: only backslashes, and quotes, stay escaped."""
    code, character = match.groups()
    if code == b"00":
        raise ValueError("NUL in a text")
    if code is not None:
        return bytes([int(code, 16)])
    return _CONTROL.get(character, match.group())
