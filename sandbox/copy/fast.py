"""Objects to CSV many records at a time, as long as everything is plain.

Plain means: each record has exactly the wanted keys, once, with values of the columns' own types.
Then msgspec does all the work, and no check of COPY's could fail but the ones that PostgreSQL
makes as well. Anything else goes to the careful way, which says what is wrong.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any, BinaryIO

import msgspec

from sandbox.copy.careful import FieldMap, careful_rows
from sandbox.copy.columns import Column
from sandbox.copy.command import CopyCommand
from sandbox.copy.csv_rows import (
    CHUNK_BYTES,
    LoadError,
    NeedsCare,
    SourceObject,
    as_csv,
    check_paths,
    csv_lines,
    json_lines,
    opened,
    read_fully,
)
from sandbox.copy.json_values import JsonPaths
from sandbox.copy.numbers import INTEGER_BITS, LARGEST_EXACT_FLOAT
from sandbox.copy.read_ahead import read_ahead
from sandbox.copy.records import MAX_OBJECT_BYTES
from sandbox.copy.scan import Scan

# Larger ones may go through binary floating point, which is not exact then.
EXACT_INTEGER = Annotated[int, msgspec.Meta(gt=-LARGEST_EXACT_FLOAT, lt=LARGEST_EXACT_FLOAT)] | None
FIELD_TYPES: dict[str, Any] = {
    "varchar": str | None,
    "smallint": EXACT_INTEGER,
    "integer": EXACT_INTEGER,
    "bigint": EXACT_INTEGER,
    "real": float | None,
    "double precision": float | None,
    "boolean": bool | None,
}
# Below this, no object and no row can pass COPY's 4 MB, however many vertical bars it holds.
MAX_PLAIN_BYTES = MAX_OBJECT_BYTES // 2
# At most 15 digits and ".0": surely below the 2**53 up to which binary floating point is exact.
MAX_WHOLE_NUMBER_LENGTH = 17
# In JSON a quote within a text is escaped: after a blank, it can only end one. Two expressions are
# faster than one, as each has a first character to look for.
TRAILING_SPACE = re.compile(rb' "')
TRAILING_CONTROL = re.compile(rb'\\(?:[fnrt]|u000b)"')
ESCAPED_COLON = re.compile(rb"\\u003[aA]")
PLAIN_INTEGERS = {int, type(None)}


def fast_way_possible(
    command: CopyCommand, columns: Sequence[Column], paths: JsonPaths | None
) -> bool:
    """Whether the command and its columns leave room for the fast way at all."""
    changes_values = command.truncate_columns or command.blanks_as_null or command.empty_as_null
    if changes_values or command.json_paths == "auto ignorecase":
        return False
    if not columns or any(column.type_name not in FIELD_TYPES for column in columns):
        return False
    return _keys_are_plain(_keys(columns, paths))


def fast_chunks(
    objects: Iterable[SourceObject],
    command: CopyCommand,
    columns: Sequence[Column],
    paths: JsonPaths | None,
    scan: Scan,
) -> Iterator[bytes]:
    """The objects' rows as CSV, the same as the careful way's.

    Raises NeedsCare as soon as a record turns up that COPY may reject, or that does not end with
    its line; SqlError for jsonpaths that do not match the columns and for unsound gzip.
    Lengths, ranges and NOT NULL are left to PostgreSQL.
    """
    check_paths(columns, paths)
    plain = _PlainRows(FieldMap(command, columns, paths), _keys(columns, paths), scan)
    for bodies in _batches(objects, command, scan):
        yield from plain.chunks(bodies)


def _keys(columns: Sequence[Column], paths: JsonPaths | None) -> tuple[str, ...]:
    if paths is None:
        return tuple(column.name for column in columns)
    return paths.top_level_names() or ()


def _keys_are_plain(keys: tuple[str, ...]) -> bool:
    """Whether they can name a struct's fields, and hold no colon that would be counted."""
    printable = all(key.isprintable() and not set(key) & set('":\\') for key in keys)
    return bool(keys) and printable and len(set(keys)) == len(keys)


def _batches(
    objects: Iterable[SourceObject], command: CopyCommand, scan: Scan
) -> Iterator[list[bytes]]:
    """Bodies of whole lines: the parts of a large object one by one, small objects together."""
    small: list[bytes] = []
    size = 0
    for source in read_ahead(objects):
        with opened(source, command, scan) as stream:
            body = read_fully(stream, CHUNK_BYTES)
            size += len(body)
            if len(body) < CHUNK_BYTES:
                small.append(body)
            if size >= CHUNK_BYTES:
                yield small
                small, size = [], 0
            if len(body) == CHUNK_BYTES:
                yield from ([part] for part in _whole_lines(body, stream))
    yield small


def _whole_lines(body: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """The stream cut at line ends, about a megabyte at a time; `body` has been read already."""
    while body:
        body += stream.readline(MAX_OBJECT_BYTES)
        if len(body) > MAX_OBJECT_BYTES and not body.endswith(b"\n"):
            raise NeedsCare
        yield body
        body = read_fully(stream, CHUNK_BYTES)


# A user's registration comes with each of their events.
@lru_cache(1024)
def _whole_number(text: str) -> int:
    """A number with a fraction or an exponent for an integer column: 1540919166796.0 will do."""
    if text[-2:] != ".0" or len(text) > MAX_WHOLE_NUMBER_LENGTH:
        raise ValueError("no plain whole number")
    return int(text[:-2])


def _refuse(error: LoadError) -> None:
    raise NeedsCare


class _RowDecoder:
    """Decodes plain records of the target's columns.

    A loose integer column takes 1540919166796.0 too, but not 1e3. Only the number's text tells
    them apart: fields of type Any get their fractions through a hook that sees it.
    """

    def __init__(self, keys: tuple[str, ...], columns: Sequence[Column], loose: set[int]) -> None:
        names = [f"column_{number}" for number in range(len(keys))]
        types = [
            Any if number in loose else FIELD_TYPES[column.type_name]
            for number, column in enumerate(columns)
        ]
        row_type = msgspec.defstruct(
            "Row",
            list(zip(names, types, strict=True)),
            rename=dict(zip(names, keys, strict=True)),
            forbid_unknown_fields=True,
            gc=False,
        )
        self._decoder = msgspec.json.Decoder(row_type, float_hook=_whole_number)
        self._loose_fields = [attrgetter(names[number]) for number in loose]

    def decode(self, body: bytes) -> list[tuple[object, ...]]:
        """The records' values; raises ValueError if anything is not plain."""
        rows = self._decoder.decode_lines(body)
        if not all(are_exact_integers(list(map(field, rows))) for field in self._loose_fields):
            raise ValueError("no exact integer in an integer column")
        return list(map(msgspec.structs.astuple, rows))


def are_exact_integers(values: list[Any]) -> bool:
    """Whether the values are NULL, or integers that floating point does not change."""
    if not set(map(type, values)) <= PLAIN_INTEGERS:
        return False
    numbers = [value for value in values if value is not None]
    return not numbers or max(map(abs, numbers)) < LARGEST_EXACT_FLOAT


class _PlainRows:
    """Turns bodies into CSV, and learns which integer columns come with fractions."""

    def __init__(self, target: FieldMap, keys: tuple[str, ...], scan: Scan) -> None:
        self._target = target
        self._keys = keys
        self._scan = scan
        self._integers = {
            number
            for number, column in enumerate(target.columns)
            if column.type_name in INTEGER_BITS
        }
        self._loose: set[int] = set()
        self._decoder = self._decoder_for(self._loose)

    def _decoder_for(self, loose: set[int]) -> _RowDecoder:
        return _RowDecoder(self._keys, self._target.columns, loose)

    def chunks(self, bodies: list[bytes]) -> Iterator[bytes]:
        """The bodies' rows as CSV, all at once if they are plain, else each with care."""
        lines = self._plain(bodies)
        if lines is not None:
            yield lines
            return
        for body in bodies:
            rows = list(careful_rows(io.BytesIO(body), "", self._target, _refuse))
            self._scan.rows += len(rows)
            yield csv_lines(rows)

    def _plain(self, bodies: list[bytes]) -> bytes | None:
        """The rows as CSV, or None if anything about them is not plain."""
        if not _are_apart(bodies):
            return None
        body = bodies[0] if len(bodies) == 1 else b"\n".join(bodies)
        try:
            rows = self._decode(body)
            json = json_lines(rows)
            lines = as_csv(json)
            if self._target.command.trim_blanks and _has_trailing_blanks(json, lines is not json):
                return None
        except (ValueError, RecursionError):
            return None
        if not self._no_key_twice(body, lines, len(rows)):
            return None
        self._scan.rows += len(rows)
        return lines

    def _decode(self, body: bytes) -> list[tuple[object, ...]]:
        try:
            return self._decoder.decode(body)
        except ValueError:
            if not self._learn(body):
                raise
            return self._decoder.decode(body)

    def _learn(self, body: bytes) -> bool:
        """Whether more integer columns turn out to need a loose field, which they then get."""
        strict = self._integers - self._loose
        self._loose |= {number for number in strict if not self._is_strict(number, body)}
        self._decoder = self._decoder_for(self._loose)
        return bool(strict & self._loose)

    def _is_strict(self, number: int, body: bytes) -> bool:
        try:
            self._decoder_for(self._integers - {number}).decode(body)
        except ValueError:
            return False
        return True

    def _no_key_twice(self, body: bytes, lines: bytes, rows: int) -> bool:
        """Whether the records have no more keys than fields; the decoder requires each field.

        Outside of strings each colon belongs to a key, and the strings' own are in the CSV as
        well, unless they were written as escapes.
        """
        keys = body.count(b":") - lines.count(b":")
        return keys == rows * len(self._keys) and not ESCAPED_COLON.search(body)


def _has_trailing_blanks(json: bytes, has_escapes: bool) -> bool:
    """Whether a text may end with white space."""
    return bool(TRAILING_SPACE.search(json) or (has_escapes and TRAILING_CONTROL.search(json)))


def _are_apart(bodies: list[bytes]) -> bool:
    """Whether no record may be too large, or have its start in one body and its end in the next.

    Plain records hold no braces but their own: one that ends with a brace is complete.
    """
    if len(bodies) == 1:
        return len(bodies[0]) <= MAX_PLAIN_BYTES
    return all(not text or text.endswith(b"}") for text in map(bytes.rstrip, bodies))
