"""The members of a JSON record, and the JSONPaths file that picks among them.

Values are handed on as their own JSON text, for numbers and nested values load as written
(dg/copy-parameters-data-format, dg/copy-usage_notes-copy-from-json).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from sandbox.copy.records import NOT_AN_OBJECT
from sandbox.copy.rejections import (
    INVALID_INPUT_LINE,
    ValueRejected,
    invalid_utf8,
    undocumented,
    unsupported_text,
)
from sandbox.errors import SqlError

Found = TypeVar("Found")
Step = str | int

NOT_AN_ARRAY = "Invalid JSONPath format: Not an array or index out of range."

_MEMBER_MARK = re.compile(rb'"[ \t\r\n]*:')
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_PATH = re.compile(r"\$(?:\.[^'.\[\]*?@]+|\['[^'\\]+'\]|\[\d{1,9}\])+")
_STEP = re.compile(r"\.(?P<dot>[^'.\[\]]+)|\['(?P<bracket>[^'\\]+)'\]|\[(?P<index>\d+)\]")

_members_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text_decoder = msgspec.json.Decoder(str)
_elements_decoder = msgspec.json.Decoder(list[msgspec.Raw])


def members(raw: bytes) -> dict[str, bytes]:
    """An object's members: each name with its value's JSON text.

    Raises ValueRejected for what is not one well-formed object, and for a repeated name, since
    which of its values Redshift takes is not documented.
    """
    found = _decoded(_members_decoder, raw)
    if len(_MEMBER_MARK.findall(raw)) > len(found):
        _refuse_repeated_names(raw)
    return {name: bytes(value) for name, value in found.items()}


def elements(raw: bytes) -> list[bytes]:
    """An array's elements, each as its own JSON text; raises ValueRejected if malformed."""
    return [bytes(value) for value in _decoded(_elements_decoder, raw)]


def _decoded(decoder: msgspec.json.Decoder[Found], raw: bytes) -> Found:
    try:
        return decoder.decode(raw)
    except UnicodeDecodeError as problem:
        raise invalid_utf8(problem) from problem
    except (msgspec.DecodeError, RecursionError) as problem:
        raise _malformed(raw, str(problem)) from problem


def _malformed(raw: bytes, problem: str) -> ValueRejected:
    """The reason; half a surrogate pair is what the json module takes and msgspec does not."""
    try:
        text = json.dumps(json.loads(raw, parse_int=str), ensure_ascii=False)
    except (ValueError, RecursionError):
        return ValueRejected(INVALID_INPUT_LINE, f"Invalid JSON: {problem}")
    surrogate = _SURROGATE.search(text)
    if surrogate is None:
        return ValueRejected(INVALID_INPUT_LINE, f"Invalid JSON: {problem}")
    return unsupported_text(surrogate.group().encode("utf-8", "surrogatepass"), 5)


def _refuse_repeated_names(raw: bytes) -> None:
    text = raw.decode("utf-8", "surrogateescape")
    pairs = json.loads(text, object_pairs_hook=list, parse_int=str, parse_float=str)
    if len({name for name, _ in pairs}) < len(pairs):
        raise undocumented("Repeated key in one JSON object")


def text_of(raw: bytes) -> str:
    """A JSON string's text, or a number's or a nested value's as written.

    Raises ValueRejected for what is not UTF-8, and for NUL: of that, reports contradict each other.
    """
    try:
        text = _text_decoder.decode(raw) if raw.startswith(b'"') else raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise invalid_utf8(problem) from problem
    if "\0" in text:
        raise undocumented("NUL in a text")
    return text


def is_number(raw: bytes) -> bool:
    """Whether the JSON text is a number's."""
    return raw[0] in b"-0123456789"


@dataclass(frozen=True)
class JsonPaths:
    """The paths of a JSONPaths file, each as its steps: member names and array indexes."""

    paths: tuple[tuple[Step, ...], ...]

    def top_level_names(self) -> tuple[str, ...] | None:
        """The names, if each path is one member of the root; else None."""
        names = tuple(path[0] for path in self.paths if len(path) == 1 and isinstance(path[0], str))
        return names if len(names) == len(self.paths) else None

    def extract(self, raw: bytes) -> list[bytes | None]:
        """The JSON text at each path of a record; None where an object lacks the name.

        Raises ValueRejected for a name looked up in what is not an object, and an index in what
        is not an array or is too short.
        """
        root = _Node(raw)
        return [_follow(root, path) for path in self.paths]


class _Node:
    """A JSON value, taken apart at most once."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._children: dict[str, bytes] | list[bytes] | None = None

    def child(self, step: Step) -> bytes | None:
        if isinstance(step, str):
            return self._member(step)
        return self._element(step)

    def _member(self, name: str) -> bytes | None:
        if not self.raw.startswith(b"{"):
            raise ValueRejected(INVALID_INPUT_LINE, NOT_AN_OBJECT)
        if not isinstance(self._children, dict):
            self._children = members(self.raw)
        return self._children.get(name)

    def _element(self, index: int) -> bytes:
        if not self.raw.startswith(b"["):
            raise ValueRejected(INVALID_INPUT_LINE, NOT_AN_ARRAY)
        if not isinstance(self._children, list):
            self._children = elements(self.raw)
        if index >= len(self._children):
            raise ValueRejected(INVALID_INPUT_LINE, NOT_AN_ARRAY)
        return self._children[index]


def _follow(node: _Node, path: tuple[Step, ...]) -> bytes | None:
    raw = node.child(path[0])
    for step in path[1:]:
        if raw is None:
            return None
        raw = _Node(raw).child(step)
    return raw


def parse_jsonpaths(body: bytes) -> JsonPaths | None:
    """A JSONPaths file; None if its single key is not "jsonpaths", which makes it 'auto'.

    Raises SqlError for a malformed file, whatever MAXERROR says
    (dg/copy-parameters-data-format, "JSONPaths file").
    """
    listed = _listed_paths(body)
    if listed is None:
        return None
    paths = tuple(_steps(path) for path in listed)
    if {step.lastgroup for path in listed for step in _STEP.finditer(path)} >= {"dot", "bracket"}:
        raise _bad_file("it mixes dot and bracket notation")
    return JsonPaths(paths)


def _listed_paths(body: bytes) -> list[str] | None:
    try:
        root = members(body.strip())
    except ValueRejected as problem:
        raise _bad_file(problem.reason) from problem
    if len(root) != 1:
        raise _bad_file("it must hold exactly one key")
    if "jsonpaths" not in root:
        return None
    try:
        return msgspec.json.decode(root["jsonpaths"], type=list[str])
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise _bad_file("its paths must be a list of strings") from problem


def _steps(path: str) -> tuple[Step, ...]:
    if not _PATH.fullmatch(path):
        raise _bad_file(f"{path!r} is no path that COPY supports")
    return tuple(
        int(step["index"]) if step["index"] else step["dot"] or step["bracket"]
        for step in _STEP.finditer(path)
    )


def _bad_file(why: str) -> SqlError:
    return SqlError(f"Invalid JSONPaths file: {why}")
