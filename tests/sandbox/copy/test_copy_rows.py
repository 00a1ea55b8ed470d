"""Objects in, CSV for PostgreSQL out: what both ways share, and the careful one."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from copy_ways import (
    COLUMNS,
    INTEGER,
    TEXT,
    careful,
    command,
    fast,
    parsed,
    paths_of,
    sources,
)
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.copy.careful import careful_chunks
from sandbox.copy.columns import Column
from sandbox.copy.csv_rows import LoadError, NeedsCare, csv_lines
from sandbox.copy.scan import Scan
from sandbox.errors import SqlError


def test_fields_are_quoted_texts_and_bare_nulls() -> None:
    rows = [("null", None, 'a"b\\c\nd\x01,', 1, 1.5, True, "")]
    lines = csv_lines(rows)
    assert lines == b'"null",null,"a\\"b\\\\c\nd\x01,",1,1.5,true,""\n'
    assert parsed(lines) == [["null", None, 'a"b\\c\nd\x01,', "1", "1.5", "true", ""]]


@given(st.lists(st.tuples(st.text(alphabet='\\"]\n[bfnrtu0\x01\x08,é'), st.none()), min_size=1))
@example([("\\n\n", None), ("]\n[", None)])
def test_csv_holds_any_text(rows: list[tuple[str, None]]) -> None:
    assert parsed(csv_lines(rows)) == [list(row) for row in rows]


def test_nul_has_no_place_in_csv() -> None:
    with pytest.raises(ValueError, match="NUL"):
        csv_lines([("a\0",)])


def test_auto_matches_keys_case_sensitively() -> None:
    body = b'{"Artist":"a","ts":1}'
    assert parsed(careful(body, columns=(TEXT, INTEGER))[0]) == [[None, "1"]]


def test_auto_ignorecase_matches_any_case() -> None:
    how = command(json_paths="auto ignorecase")
    lines, _ = careful(b'{"ARTIST":"a","Ts":1}', columns=(TEXT, INTEGER), how=how)
    assert parsed(lines) == [["a", "1"]]


def test_keys_that_differ_in_case_only_are_refused_with_ignorecase() -> None:
    how = command(json_paths="auto ignorecase")
    _, errors = careful(b'{"ts":1,"TS":2}', columns=(INTEGER,), how=how)
    assert [error.code for error in errors] == [1200]


def test_missing_key_is_null_and_extra_keys_are_ignored() -> None:
    lines, errors = careful(b'{"x":[1],"ts":1}')
    assert parsed(lines) == [[None, "1", None, None]]
    assert errors == []


def test_missing_key_into_not_null_column_is_an_error() -> None:
    _, errors = careful(b'{"x":1}', columns=(replace(INTEGER, not_null=True),))
    assert [(error.code, error.column_name) for error in errors] == [(1213, "ts")]


def test_paths_give_the_columns_by_position() -> None:
    lines, _ = careful(
        b'{"a":1,"b":"x"}', columns=(TEXT, INTEGER), paths=paths_of("b", "a")
    )  # fmt: skip
    assert parsed(lines) == [["x", "1"]]


@pytest.mark.parametrize("way", [careful, fast])
def test_count_of_paths_must_match_the_columns(way: Callable[..., object]) -> None:
    with pytest.raises(SqlError) as caught:
        way(b"{}", columns=(TEXT, INTEGER), paths=paths_of("a"))
    assert caught.value.message == (
        "Number of jsonpaths and the number of columns should match. "
        "JSONPath size: 1, Number of columns in table or column list: 2"
    )


def test_bad_record_is_reported_and_left_out() -> None:
    body = b'{"ts":1}\n{"ts":"x1","artist":"\xc3\xa9"}\n{"ts":3}\n'
    lines, errors = careful(body, columns=(TEXT, INTEGER))
    assert parsed(lines) == [[None, "1"], [None, "3"]]
    assert errors == [
        LoadError(
            url="s3://b/0",
            line_number=2,
            column_name="ts",
            column_type="int8",
            column_length="0",
            position=0,
            raw_line=b'{"ts":"x1","artist":"\xc3\xa9"}',
            raw_value=b"x1",
            code=1207,
            reason="Invalid digit, Value 'x', Pos 0, Type: Long",
        )
    ]


def test_malformed_record_is_reported_without_a_column() -> None:
    _, (error,) = careful(b'{"ts":1},\n', columns=(INTEGER,))
    assert (error.line_number, error.column_name, error.code) == (1, "", 1216)


def test_report_may_stop_the_load() -> None:
    def stop(error: LoadError) -> None:
        raise SqlError("enough")

    with pytest.raises(SqlError, match="enough"):
        list(careful_chunks(sources(b"x"), command(), COLUMNS, None, stop, Scan()))


def test_shown_line_and_value_are_cut_at_1024_bytes() -> None:
    body = json.dumps({"ts": "x" * 5000}).encode()
    _, (error,) = careful(body, columns=(INTEGER,))
    assert (len(error.raw_line), len(error.raw_value)) == (1024, 1024)


def test_row_over_4_mb_with_bars_counted_twice_is_an_error() -> None:
    wide = [Column(f"c{number}", "varchar", length=65535) for number in range(40)]
    body = json.dumps({column.name: "|" * 60_000 for column in wide}).encode()
    assert [error.code for error in careful(body, columns=wide)[1]] == [1216]
    with pytest.raises(NeedsCare):
        fast(body, columns=wide)


@pytest.mark.parametrize("way", [lambda *b, **k: careful(*b, **k)[0], fast])
def test_gzip_is_undone(way: Callable[..., bytes]) -> None:
    body = gzip.compress(b'{"ts":1}\n{"ts":2}\n', mtime=0) + gzip.compress(b'{"ts":3}\n', mtime=0)
    assert way(body, b"", columns=(INTEGER,), how=command("GZIP")) == b"1\n2\n3\n"


@pytest.mark.parametrize("way", [careful, fast])
@pytest.mark.parametrize(
    "body",
    [
        b'{"ts":1}',
        gzip.compress(b'{"ts":1}', mtime=0)[:-9],
        gzip.compress(b"{}", mtime=0)[:-2] + b"xx",
    ],
)
def test_unsound_gzip_fails_the_statement(way: Callable[..., object], body: bytes) -> None:
    with pytest.raises(SqlError, match="s3://b/0 is not a sound GZIP file"):
        way(body, columns=(INTEGER,), how=command("GZIP"))
