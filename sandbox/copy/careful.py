"""Objects to CSV record by record, by all of COPY's rules, naming each record that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import BinaryIO

from sandbox.copy.columns import Column
from sandbox.copy.command import CopyCommand
from sandbox.copy.csv_rows import LoadError, SourceObject, check_paths, csv_lines, opened
from sandbox.copy.json_values import JsonPaths, members
from sandbox.copy.read_ahead import read_ahead
from sandbox.copy.records import MAX_OBJECT_BYTES, BadRecord, Record, records
from sandbox.copy.rejections import (
    INVALID_INPUT_LINE,
    ValueRejected,
    undocumented,
)
from sandbox.copy.scan import Scan
from sandbox.copy.values import Value, convert

Report = Callable[[LoadError], None]
Row = tuple[Value, ...]

ROWS_IN_A_CHUNK = 200
SHOWN_BYTES = 1024
# What stl_load_errors calls the types.
INTERNAL_NAMES = {
    "smallint": "int2",
    "integer": "int4",
    "bigint": "int8",
    "real": "float4",
    "double precision": "float8",
    "boolean": "bool",
}


def careful_chunks(
    objects: Iterable[SourceObject],
    command: CopyCommand,
    columns: Sequence[Column],
    paths: JsonPaths | None,
    report: Report,
    scan: Scan,
) -> Iterator[bytes]:
    """The objects' rows as CSV; a record that COPY rejects is reported and left out.

    Raises SqlError for jsonpaths that do not match the columns and for unsound gzip, and whatever
    `report` raises.
    """
    check_paths(columns, paths)
    target = FieldMap(command, columns, paths)
    for source in read_ahead(objects):
        with opened(source, command, scan) as stream:
            rows = careful_rows(stream, source.url, target, report)
            while batch := list(islice(rows, ROWS_IN_A_CHUNK)):
                scan.rows += len(batch)
                yield csv_lines(batch)


class FieldMap:
    """Where a record's values go: which of them belongs to which column."""

    def __init__(
        self, command: CopyCommand, columns: Sequence[Column], paths: JsonPaths | None
    ) -> None:
        # A file of other content than jsonpaths makes the load behave as 'auto' in everything.
        without_paths = paths is None and command.json_paths.startswith("s3://")
        self.command = replace(command, json_paths="auto") if without_paths else command
        self.columns = columns
        self.paths = paths
        self._names = [column.name for column in columns]

    def values(self, raw: bytes) -> list[bytes | None]:
        """The record's JSON text for each column; raises ValueRejected."""
        if self.paths is not None:
            return self.paths.extract(raw)
        found = members(raw)
        if self.command.json_paths == "auto ignorecase":
            found = _folded(found)
        return [found.get(name) for name in self._names]


def _folded(found: dict[str, bytes]) -> dict[str, bytes]:
    folded = {name.lower(): value for name, value in found.items()}
    if len(folded) < len(found):
        raise undocumented("Keys that differ in case only, with 'auto ignorecase'")
    return folded


def careful_rows(stream: BinaryIO, url: str, target: FieldMap, report: Report) -> Iterator[Row]:
    """One stream's rows; see careful_chunks."""
    for record in records(stream, target.paths is not None):
        if isinstance(record, BadRecord):
            report(_record_error(url, record, ValueRejected(record.code, record.reason)))
            continue
        row = _row(url, record, target, report)
        if row is not None:
            yield row


def _row(url: str, record: Record, target: FieldMap, report: Report) -> Row | None:
    try:
        texts = target.values(record.raw)
    except ValueRejected as problem:
        report(_record_error(url, record, problem))
        return None
    values: list[Value] = []
    for text, column in zip(texts, target.columns, strict=True):
        try:
            values.append(convert(text, column, target.command))
        except ValueRejected as problem:
            report(_value_error(url, record, column, text, problem))
            return None
    if len(record.raw) > MAX_OBJECT_BYTES // 2 and _row_bytes(values) > MAX_OBJECT_BYTES:
        too_large = ValueRejected(INVALID_INPUT_LINE, "Row exceeds the maximum size of 4 MB")
        report(_record_error(url, record, too_large))
        return None
    return tuple(values)


def _row_bytes(values: Sequence[Value]) -> int:
    """A row's size, in which a vertical bar counts twice."""
    texts = [str(value).encode() for value in values if value is not None]
    return sum(len(text) + text.count(b"|") for text in texts)


def _record_error(url: str, record: Record | BadRecord, problem: ValueRejected) -> LoadError:
    return LoadError(
        url=url,
        line_number=record.line_number,
        column_name="",
        column_type="",
        column_length="",
        position=problem.position,
        raw_line=record.raw[:SHOWN_BYTES],
        raw_value=b"",
        code=problem.code,
        reason=problem.reason,
    )


def _value_error(
    url: str, record: Record, column: Column, text: bytes | None, problem: ValueRejected
) -> LoadError:
    return replace(
        _record_error(url, record, problem),
        column_name=column.name,
        column_type=INTERNAL_NAMES.get(column.type_name, column.type_name),
        column_length=_length(column),
        raw_value=_shown(text),
    )


def _length(column: Column) -> str:
    if column.type_name == "numeric":
        return f"{column.precision}, {column.scale}"
    return str(column.length)


def _shown(text: bytes | None) -> bytes:
    """A value as stl_load_errors shows it: a string without its quotes."""
    if text is None:
        return b""
    return (text[1:-1] if text.startswith(b'"') else text)[:SHOWN_BYTES]
