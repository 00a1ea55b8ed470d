"""Objects in, CSV for PostgreSQL out, by the careful way and by the fast one."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox import copy_fast
from sandbox.columns import Column
from sandbox.copy_careful import careful_chunks
from sandbox.copy_command import CopyCommand, parse_copy
from sandbox.copy_fast import fast_chunks, fast_way_possible
from sandbox.copy_json import JsonPaths, parse_jsonpaths
from sandbox.copy_rows import LoadError, NeedsCare, SourceObject, csv_lines
from sandbox.errors import SqlError

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
    chunks = careful_chunks(sources(*bodies), how or command(), columns, paths, errors.append)
    return b"".join(chunks), errors


def fast(
    *bodies: bytes,
    columns: Sequence[Column] = COLUMNS,
    how: CopyCommand | None = None,
    paths: JsonPaths | None = None,
) -> bytes:
    assert fast_way_possible(how or command(), columns, paths)
    return b"".join(fast_chunks(sources(*bodies), how or command(), columns, paths))


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
        list(careful_chunks(sources(b"x"), command(), COLUMNS, None, stop))


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
    body = gzip.compress(b'{"ts":1}\n{"ts":2}\n') + gzip.compress(b'{"ts":3}\n')
    assert way(body, b"", columns=(INTEGER,), how=command("GZIP")) == b"1\n2\n3\n"


@pytest.mark.parametrize("way", [careful, fast])
@pytest.mark.parametrize(
    "body", [b'{"ts":1}', gzip.compress(b'{"ts":1}')[:-9], gzip.compress(b"{}")[:-2] + b"xx"]
)
def test_unsound_gzip_fails_the_statement(way: Callable[..., object], body: bytes) -> None:
    with pytest.raises(SqlError, match="s3://b/0 is not a sound GZIP file"):
        way(body, columns=(INTEGER,), how=command("GZIP"))


@pytest.mark.parametrize(
    ("options", "json_paths", "columns", "paths", "possible"),
    [
        ("", "auto", COLUMNS, None, True),
        ("MAXERROR 9 GZIP", "auto", COLUMNS, None, True),
        ("", "s3://b/j", (TEXT,), paths_of("firstName"), True),
        ("", "auto ignorecase", COLUMNS, None, False),
        ("TRUNCATECOLUMNS", "auto", COLUMNS, None, False),
        ("BLANKSASNULL", "auto", COLUMNS, None, False),
        ("EMPTYASNULL", "auto", COLUMNS, None, False),
        ("TRIMBLANKS", "auto", COLUMNS, None, False),
        ("", "auto", (Column("d", "date"),), None, False),
        ("", "auto", (Column("n", "numeric", precision=9),), None, False),
        ("", "auto", (Column("c", "char", length=9),), None, False),
        ("", "auto", (), None, False),
        ("", "s3://b/j", (TEXT, TEXT), paths_of("a", "a"), False),
        ("", "s3://b/j", (TEXT,), paths_of('a"b'), False),
        ("", "s3://b/j", (TEXT,), paths_of("a:b"), False),
        ("", "s3://b/j", (TEXT,), parse_jsonpaths(b'{"jsonpaths":["$.a.b"]}'), False),
    ],
)
def test_fast_way_is_for_plain_columns_and_options(
    options: str,
    json_paths: str,
    columns: Sequence[Column],
    paths: JsonPaths | None,
    possible: bool,
) -> None:
    assert fast_way_possible(command(options, json_paths), columns, paths) is possible


PLAIN = b'{"artist":"a","ts":1,"length":1.5,"paid":true}'
SAME = [
    b"",
    b"\n",
    PLAIN,
    PLAIN + b"\n" + PLAIN + b"\n",
    PLAIN + PLAIN + b" " + PLAIN,
    b'{"artist":"\\"\\\\\\/\\n\\t\\u00e9\\u0019,]\\n[","ts":1541105830796.0,"length":null,"paid":null}',
    b'{"paid":false,"length":2,"ts":"39","artist":""}',
    b'{"ts":1}',
    b'{"artist":"x : y\\":","ts":1,"length":1,"paid":null,"extra":{"a":1}}',
    b'{"artist":"\\u003a","ts":1,"length":1,"paid":null}',
    b'{"artist" : "null", "ts" : null, "length" : 1e-7, "paid" : "yes"}\r\n',
    b'{\n "artist": "a",\n "ts": 1.0,\n "length": -0.0,\n "paid": true\n}\n' + PLAIN,
]


@pytest.mark.parametrize("body", SAME)
def test_both_ways_give_the_same(body: bytes) -> None:
    lines, errors = careful(body)
    assert errors == []
    assert fast(body) == lines


def test_both_ways_give_the_same_for_many_small_objects() -> None:
    assert fast(*SAME, *SAME) == careful(*SAME, *SAME)[0]


CARE = [
    b'{"artist":"a","artist":"b","ts":1,"length":1.5,"paid":true}',
    b'{"artist" :"a","artist":"b","ts":1,"length":1.5,"paid":true}',
    b'{"artist"\n:"a","artist":"b","ts":1,"length":1.5,"paid":true}',
    b'{"artist":"\\u003a","ts":1,"length":1.5,"paid":true,"ts":1}',
    b'{"artist":"\\u003A","ts":1,"length":1.5,"paid" :true,"paid":true}',
    b'{"artist":1.5,"ts":1,"length":1.5,"paid":true}',
    b'{"artist":"a","ts":1e3,"length":1.5,"paid":true}',
    b'{"artist":"a","ts":1.5,"length":1.5,"paid":true}',
    b'{"artist":"a","ts":9007199254740993.0,"length":1.5,"paid":true}',
    b'{"artist":"a","ts":true,"length":1.5,"paid":true}',
    b'{"artist":"a","ts":{},"length":1.5,"paid":true}',
    b'{"artist":"a\\u0000","ts":1,"length":1.5,"paid":true}',
    b'{"artist":"\\ud800","ts":1,"length":1.5,"paid":true}',
    b'{"artist":"\xff","ts":1,"length":1.5,"paid":true}',
    PLAIN + b"," + PLAIN,
    b"[" + PLAIN + b"]",
    PLAIN[:-1],
    b"[" * 100_000,
]


@pytest.mark.parametrize("body", CARE)
@pytest.mark.parametrize("before", [(), (PLAIN,)])
def test_what_copy_rejects_needs_care(body: bytes, before: tuple[bytes, ...]) -> None:
    assert careful(body)[1]
    with pytest.raises(NeedsCare):
        fast(*before, body)


def test_two_halves_in_two_objects_are_no_record() -> None:
    halves = (b'{"artist":"a","ts":1,', b'"length":1.5,"paid":true}')
    with pytest.raises(NeedsCare):
        fast(*halves)
    with pytest.raises(NeedsCare):
        fast(b'{"artist":"a","ts":{"a":1}', b',"length":1.5,"paid":true}')


@pytest.mark.parametrize("chunk_bytes", [64, 100, 1000])
def test_large_objects_are_read_in_parts(chunk_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy_fast, "CHUNK_BYTES", chunk_bytes)
    body = b"".join(b'{"ts":%d}\n' % number for number in range(500)) + b'{"ts":500.0}'
    expected = b"".join(b"%d\n" % number for number in range(501))
    assert fast(body, b'{"ts":501}', columns=(INTEGER,)) == expected + b"501\n"


def test_record_over_several_lines_across_a_part_needs_care(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(copy_fast, "CHUNK_BYTES", 64)
    with pytest.raises(NeedsCare):
        fast(b'{\n"ts"\n:\n1\n}\n' * 50, columns=(INTEGER,))


def test_object_without_line_ends_is_not_read_whole() -> None:
    with pytest.raises(NeedsCare):
        fast(b'{"ts":1}' * 1_000_000, columns=(INTEGER,))


def test_columns_with_fractions_are_learned_as_they_come() -> None:
    columns = (INTEGER, Column("n", "integer"))
    bodies = [
        b"".join(b'{"ts":%s,"n":%s}\n' % pair for _ in range(90_000))
        for pair in ((b"1", b"1"), (b"1.0", b"1"), (b"1", b"1.0"), (b"null", b"-1.0"))
    ]
    expected = b"1,1\n" * 270_000 + b"null,-1\n" * 90_000
    assert fast(*bodies, columns=columns) == expected


NUMBERS = st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(-(2**60), 2**60).map(float)
RECORDS = st.fixed_dictionaries(
    {
        "artist": st.none() | st.text(st.characters(exclude_characters="\0", codec="utf-8")),
        "ts": NUMBERS,
        "length": st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9),
        "paid": st.none() | st.booleans(),
    }
)


@given(
    st.lists(RECORDS, max_size=5), st.booleans(), st.sampled_from([(",", ":"), (", ", " : ")])
)  # fmt: skip
def test_both_ways_agree_on_any_records(
    records: list[dict[str, object]], ascii_only: bool, separators: tuple[str, str]
) -> None:
    body = b"".join(
        json.dumps(record, ensure_ascii=ascii_only, separators=separators).encode() + b"\n"
        for record in records
    )
    lines, errors = careful(body)
    try:
        assert fast(body) == lines
        assert errors == []
    except NeedsCare:
        assert errors
    assert len(parsed(lines)) + len(errors) == len(records)
