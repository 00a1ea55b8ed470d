"""Records in a stream, their members, and JSONPaths files."""

from __future__ import annotations

import io
import json
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.copy import records as copy_records
from sandbox.copy.json_values import JsonPaths, elements, members, parse_jsonpaths
from sandbox.copy.records import MAX_OBJECT_BYTES, NOT_AN_OBJECT, BadRecord, Record, records
from sandbox.copy.rejections import ValueRejected
from sandbox.errors import SqlError


def found(body: bytes, jsonpaths_given: bool = False) -> list[tuple[bytes, int]]:
    """Each record with its line; a bad one as b"!"."""
    return [
        (record.raw if isinstance(record, Record) else b"!", record.line_number)
        for record in records(io.BytesIO(body), jsonpaths_given)
    ]


def reason(body: bytes, jsonpaths_given: bool = False) -> str:
    (bad,) = records(io.BytesIO(body), jsonpaths_given)
    assert isinstance(bad, BadRecord)
    return bad.reason


BODIES = [
    (b"", []),
    (b" \n\t\r\n\v\f", []),
    (b'{"a":1}', [(b'{"a":1}', 1)]),
    (b'{"a":1}\n{"a":2}\n', [(b'{"a":1}', 1), (b'{"a":2}', 2)]),
    (b'\n\n{"a":1}\r\n \t{"a":2}', [(b'{"a":1}', 3), (b'{"a":2}', 4)]),
    (b'{"a":1}{"a":2}', [(b'{"a":1}', 1), (b'{"a":2}', 1)]),
    (b'{\n "a": [\n  {}\n ]\n}\n{}', [(b'{\n "a": [\n  {}\n ]\n}', 5), (b"{}", 6)]),
    (b'{"a":"}{\\"\\\\"}', [(b'{"a":"}{\\"\\\\"}', 1)]),
    (b'{"a":1},{"a":2}', [(b'{"a":1}', 1), (b"!", 1), (b'{"a":2}', 1)]),
    (b'{"a":1},\n,\n{"a":2}', [(b'{"a":1}', 1), (b"!", 1), (b"!", 2), (b'{"a":2}', 3)]),
    (b'{"a":1}xyz{"a":2}', [(b'{"a":1}', 1), (b"!", 1), (b'{"a":2}', 1)]),
    (b'\xef\xbb\xbf{"a":1}', [(b"!", 1), (b'{"a":1}', 1)]),
    (b'"text" 1 null', [(b"!", 1), (b"!", 1), (b"!", 1)]),
    (b'{"a":1\n{"a":2}\n', [(b"!", 1), (b'{"a":2}', 2)]),
    (b'{"a":}\n\n  {"a":2}\n', [(b"!", 1), (b'{"a":2}', 3)]),
    (b'{"a":1}\n{"a":"x', [(b'{"a":1}', 1), (b"!", 2)]),
    (b'{"a":\t"\t"}\n"a":1}\n{"a":2}', [(b"!", 1), (b"!", 2), (b'{"a":2}', 3)]),
    (b'{"a":"x\ny"}\n{"a":2}', [(b"!", 1), (b'{"a":2}', 3)]),
    (b'{"a":NaN}\n{"a":01}\n{"a":2}', [(b"!", 1), (b"!", 2), (b'{"a":2}', 3)]),
    (b'[{"a":1},\n{"a":2}]\n{"a":3}', [(b"!", 2), (b'{"a":3}', 3)]),
    (b"{" * 3, [(b"!", 1)]),
    (b'{"a":\n\n', [(b"!", 1)]),
]


@pytest.mark.parametrize(("body", "expected"), BODIES)
def test_records_with_their_last_line_and_malformed_ones_with_their_first(
    body: bytes, expected: list[tuple[bytes, int]]
) -> None:
    assert found(body) == expected


@pytest.mark.parametrize("read_bytes", [1, 2, 3, 7])
@pytest.mark.parametrize(("body", "expected"), BODIES)
def test_cuts_between_reads_make_no_difference(
    body: bytes, expected: list[tuple[bytes, int]], read_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy_records, "READ_BYTES", read_bytes)
    assert found(body) == expected


def test_root_array_is_a_record_only_with_jsonpaths() -> None:
    assert found(b"[1]\n[2]", jsonpaths_given=True) == [(b"[1]", 1), (b"[2]", 2)]
    assert reason(b"[1]") == NOT_AN_OBJECT


def test_deep_nesting_is_an_error_not_a_crash() -> None:
    assert reason(b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}").startswith("Invalid JSON")


def object_of(size: int) -> bytes:
    return b'{"a":"' + b"x" * (size - 8) + b'"}'


@pytest.mark.parametrize("tail", [b"", b"\n", b'\n{"a":2}'])
def test_object_of_4_mb_loads_and_a_larger_one_does_not(tail: bytes) -> None:
    after = [(b'{"a":2}', 2)] if len(tail) > 1 else []
    whole = object_of(MAX_OBJECT_BYTES)
    assert found(whole + tail) == [(whole, 1), *after]
    assert found(object_of(MAX_OBJECT_BYTES + 1) + tail) == [(b"!", 1), *after]


class Endless(io.RawIOBase):
    """A string that never ends, and how much of it was asked for."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.left = size

    def read(self, size: int = -1) -> bytes:
        size = min(size, self.left)
        self.left -= size
        return b'{"a":"'.ljust(size, b"x") if self.left else b""


def test_object_without_end_is_given_up_at_4_mb() -> None:
    stream = Endless(64 * 1024 * 1024)
    reader: BinaryIO = stream  # type: ignore[assignment]
    first = next(iter(records(reader, False)))
    assert isinstance(first, BadRecord)
    assert len(first.raw) <= 4096


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20)), max_size=8), st.data())
def test_any_objects_come_back_as_written(rows: list[dict[str, str]], data: st.DataObject) -> None:
    separators = st.sampled_from(["", "\n", " ", "\r\n", "\n\n\t"])
    indents = st.sampled_from([None, 1])
    texts = [json.dumps(row, indent=data.draw(indents)).encode() for row in rows]
    body = b"".join(text + data.draw(separators).encode() for text in texts)
    assert [raw for raw, _ in found(body)] == texts


@given(st.binary(max_size=60))
def test_any_bytes_end_in_records_or_errors(body: bytes) -> None:
    lines = [line for _, line in found(b"{" + body)]
    assert lines == sorted(lines)
    assert all(1 <= line <= body.count(b"\n") + 1 for line in lines)


def test_members_keep_their_text() -> None:
    assert members(b'{ "n" : 1.50 , "o": {"b" : [ 1 ]}, "s":"\\u00e9" }') == {
        "n": b"1.50",
        "o": b'{"b" : [ 1 ]}',
        "s": b'"\\u00e9"',
    }


@pytest.mark.parametrize(
    "raw",
    [b'{"a":1,"a":1}', b'{"a" :1,"a":2}', b'{"a":1,"\\u0061":2}', b'{"a":1,"b":"\\":","a"\n:2}'],
)
def test_repeated_key_is_refused_as_not_documented(raw: bytes) -> None:
    with pytest.raises(ValueRejected, match="Repeated key"):
        members(raw)


def test_same_key_at_another_depth_is_no_repetition() -> None:
    assert members(b'{"a":{"a":1},"b":"\\"a\\":1"}') == {"a": b'{"a":1}', "b": b'"\\"a\\":1"'}


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        (b'{"a":"\\ud800"}', 1220, "Bad UTF-8 hex sequence: ed a0 80 (error 5)"),
        (b'{"\xa4":1}', 1220, "Bad UTF-8 hex sequence: a4 (error 3)"),
        (b'{"a":01}', 1216, "Invalid JSON"),
        (b"[1]", 1216, "Invalid JSON"),
    ],
)
def test_malformed_object_says_why(raw: bytes, code: int, words: str) -> None:
    with pytest.raises(ValueRejected) as caught:
        members(raw)
    assert caught.value.code == code
    assert words in caught.value.reason


def paths_of(*paths: str) -> JsonPaths:
    parsed = parse_jsonpaths(json.dumps({"jsonpaths": paths}).encode())
    assert parsed is not None
    return parsed


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("$.a", ("a",)),
        ("$['a']", ("a",)),
        ("$['a b.c']", ("a b.c",)),
        ("$.a.b", ("a", "b")),
        ("$['a']['b']", ("a", "b")),
        ("$.list[0]", ("list", 0)),
        ("$['list'][10]", ("list", 10)),
        ("$[0]", (0,)),
        ("$[0].a", (0, "a")),
        ("$.été", ("été",)),
    ],
)
def test_path_in_either_notation(path: str, steps: tuple[str | int, ...]) -> None:
    assert paths_of(path).paths == (steps,)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"jsonpaths":["$.a"]} x',
        b'{"jsonpaths":["$.a"],"b":1}',
        b'{"jsonpaths":["$.a"],"jsonpaths":["$.a"]}',
        b'{"jsonpaths":"$.a"}',
        b'{"jsonpaths":[1]}',
        b'{"jsonpaths":["\xff"]}',
        b"\xef\xbb\xbf{}",
        *(
            json.dumps({"jsonpaths": paths}).encode()
            for paths in (
                ["$.a", "$['b']"],
                ["$.a['b']"],
                [""],
                ["$"],
                ["a"],
                ["$.*"],
                ["$..a"],
                ["$[-1]"],
                ["$['a'"],
                ["$[?(@.a)]"],
                ["$['it's']"],
                ["$.a "[:3] + "[x]"],
            )
        ),
    ],
)
def test_malformed_jsonpaths_file_fails_the_statement(body: bytes) -> None:
    with pytest.raises(SqlError, match="Invalid JSONPaths file") as caught:
        parse_jsonpaths(body)
    assert caught.value.sqlstate == "XX000"


def test_file_with_another_single_key_means_auto() -> None:
    assert parse_jsonpaths(b' {"jsonpath": ["$.a"]}\n') is None


def test_top_level_names_only_if_all_paths_are_such() -> None:
    assert paths_of("$['b']", "$['a']").top_level_names() == ("b", "a")
    assert paths_of("$.a", "$.b.c").top_level_names() is None
    assert paths_of("$[0]").top_level_names() is None


@pytest.mark.parametrize(
    ("raw", "path", "expected"),
    [
        (b'{"a":1}', "$.a", b"1"),
        (b'{"a":1}', "$.A", None),
        (b'{"a":{"b": {"c" : 2}}}', "$.a.b", b'{"c" : 2}'),
        (b'{"a":1}', "$.b.c", None),
        (b'{"a":1}', "$.b[0]", None),
        (b'{"a":[1, "x"]}', "$.a[1]", b'"x"'),
        (b'[1, {"a":2}]', "$[1].a", b"2"),
        (b'{"a":null}', "$.a", b"null"),
    ],
)
def test_path_finds_its_value_or_nothing(raw: bytes, path: str, expected: bytes | None) -> None:
    assert paths_of(path).extract(raw) == [expected]


@pytest.mark.parametrize(
    ("raw", "path", "message"),
    [
        (b'[{"a":1}]', "$.a", NOT_AN_OBJECT),
        (b'{"a":1}', "$.a.b", NOT_AN_OBJECT),
        (b'{"a":null}', "$.a.b", NOT_AN_OBJECT),
        (b'{"a":[1]}', "$.a[1]", "Invalid JSONPath format: Not an array or index out of range."),
        (b'{"a":1}', "$.a[0]", "Invalid JSONPath format: Not an array or index out of range."),
        (b'{"a":1}', "$[0]", "Invalid JSONPath format: Not an array or index out of range."),
    ],
)
def test_path_that_does_not_fit_is_an_error(raw: bytes, path: str, message: str) -> None:
    with pytest.raises(ValueRejected) as caught:
        paths_of(path).extract(raw)
    assert caught.value.reason == message


def test_elements_keep_their_text() -> None:
    assert elements(b'[ 1.0, "a" , [] ]') == [b"1.0", b'"a"', b"[]"]
