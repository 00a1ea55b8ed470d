"""The fast way from objects to CSV: when it is taken, and that the careful one agrees."""

from __future__ import annotations

import json
from collections.abc import Sequence

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
)
from hypothesis import given
from hypothesis import strategies as st

from sandbox.copy import fast as copy_fast
from sandbox.copy.columns import Column
from sandbox.copy.csv_rows import NeedsCare
from sandbox.copy.fast import fast_way_possible
from sandbox.copy.json_values import JsonPaths, parse_jsonpaths


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
        ("TRIMBLANKS", "auto", COLUMNS, None, True),
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
    b'{"artist":true,"ts":1,"length":1.5,"paid":true}',
    b'{"artist":"a","ts":1e3,"length":1.5,"paid":true}',
    b'{"artist":"a","ts":1.5,"length":1.5,"paid":true}',
    b'{"artist":"a","ts":9007199254740993.0,"length":1.5,"paid":true}',
    b'{"artist":"a","ts":true,"length":1.5,"paid":true}',
    b'{"artist":"a","ts":9007199254740992,"length":1.5,"paid":true}',
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


def test_rows_keep_the_order_of_the_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy_fast, "CHUNK_BYTES", 64)
    large = b'{"ts":2}\n' * 20
    assert (
        fast(b'{"ts":1}', large, b'{"ts":3}', columns=(INTEGER,)) == b"1\n" + b"2\n" * 20 + b"3\n"
    )


def test_record_over_several_lines_across_a_part_needs_care(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(copy_fast, "CHUNK_BYTES", 60)
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


BLANKS = st.text(st.sampled_from('a "\\\t\n\r\f\v,'), max_size=6)


@given(st.lists(BLANKS, max_size=4))
def test_both_ways_trim_the_same_blanks(texts: list[str]) -> None:
    body = b"".join(json.dumps({"artist": text}).encode() + b"\n" for text in texts)
    lines, errors = careful(body, columns=(TEXT,), how=command("TRIMBLANKS"))
    assert fast(body, columns=(TEXT,), how=command("TRIMBLANKS")) == lines
    assert parsed(lines) == [[text.rstrip(" \t\n\r\v\f")] for text in texts]
    assert errors == []
