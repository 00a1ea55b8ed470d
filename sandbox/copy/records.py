"""Finding JSON records in a stream of bytes, as COPY does (dg/copy-usage_notes-copy-from-json)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from sandbox.copy.rejections import INVALID_INPUT_LINE, REASON_LENGTH

NOT_AN_OBJECT = "Invalid JSONPath format: Member is not an object."
TOO_LARGE = "JSON object exceeds the maximum size of 4 MB"
MAX_OBJECT_BYTES = 4 * 1024 * 1024
READ_BYTES = 256 * 1024
SHOWN_BYTES = 4096

_BLANKS = re.compile(rb"[ \t\r\n\v\f]*")
_JUNK = re.compile(rb",|[^ \t\r\n\v\f,{\[]+")
_NEXT_ROOT_LINE = re.compile(rb"\n[ \t\r]*(?=[{\[])")
_LONGEST_WORD = 16


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is not JSON")


# On text decoded as Latin-1, positions are byte offsets. Numbers stay text: only the ends count.
_boundary_decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_no_constant)


@dataclass(frozen=True, slots=True)
class Record:
    """One root object (or array): its bytes, and the last physical line that it is on."""

    raw: bytes
    line_number: int


@dataclass(frozen=True, slots=True)
class BadRecord:
    """Something between or instead of records, and the line where it begins; `raw` may be cut."""

    raw: bytes
    line_number: int
    code: int
    reason: str


def records(stream: BinaryIO, jsonpaths_given: bool) -> Iterator[Record | BadRecord]:
    """The records of one file, in its order; memory stays below the largest record allowed.

    Never raises for what the file holds: each problem is a BadRecord, after which reading goes on
    (dg/copy-usage_notes-copy-from-json).
    """
    return _RecordReader(stream, jsonpaths_given).read()


class _RecordReader:
    """A window on the stream, and the place in it that has been read up to."""

    def __init__(self, stream: BinaryIO, jsonpaths_given: bool) -> None:
        self._stream = stream
        self._jsonpaths_given = jsonpaths_given
        self._bytes = b""
        self._text = ""
        self._position = 0
        self._line = 1
        self._ended = False

    def read(self) -> Iterator[Record | BadRecord]:
        while self._skip_blanks():
            if self._bytes[self._position] in b"{[":
                yield self._root()
            else:
                yield self._junk()

    def _fill(self, wanted: int = READ_BYTES) -> None:
        """Read on, and forget what lies before the position."""
        more = self._stream.read(wanted)
        self._ended = not more
        self._bytes = self._bytes[self._position :] + more
        self._text = self._bytes.decode("latin-1")
        self._position = 0

    def _advance(self, end: int) -> bytes:
        passed = self._bytes[self._position : end]
        self._position = end
        self._line += passed.count(b"\n")
        return passed

    def _skip_blanks(self) -> bool:
        """Go to the next byte that is not white space; False at the end of the stream."""
        while True:
            blanks = _BLANKS.match(self._bytes, self._position)
            self._advance(blanks.end() if blanks else self._position)
            if self._position < len(self._bytes):
                return True
            if self._ended:
                return False
            self._fill()

    def _junk(self) -> BadRecord:
        """One comma, or one run of other characters, between records."""
        junk = _JUNK.match(self._bytes, self._position)
        passed = self._advance(junk.end() if junk else self._position + 1)
        shown = passed[:16].decode("ascii", "backslashreplace")
        reason = f"Invalid JSON: unexpected {shown!r} between objects"
        return BadRecord(passed, self._line, INVALID_INPUT_LINE, reason)

    def _root(self) -> Record | BadRecord:
        """The object or array at the position."""
        while True:
            try:
                end = _boundary_decoder.raw_decode(self._text, self._position)[1]
            except json.JSONDecodeError as problem:
                if not self._may_be_cut(problem):
                    place = problem.pos - self._position + 1
                    words = problem.msg.removesuffix(" at")
                    return self._malformed(f"Invalid JSON: {words} at byte {place} of the record")
            except (ValueError, RecursionError) as problem:
                return self._malformed(f"Invalid JSON: {problem}")
            else:
                return self._whole(end)
            if len(self._bytes) - self._position > MAX_OBJECT_BYTES:
                return self._malformed(TOO_LARGE)
            self._fill(max(READ_BYTES, len(self._bytes) - self._position))

    def _may_be_cut(self, problem: json.JSONDecodeError) -> bool:
        """Whether more bytes could mend the problem, because it is at the end of the window."""
        at_the_end = problem.pos >= len(self._text) - _LONGEST_WORD
        return not self._ended and (at_the_end or problem.msg.startswith("Unterminated string"))

    def _whole(self, end: int) -> Record | BadRecord:
        is_array = self._bytes[self._position] == ord("[")
        raw = self._advance(end)
        if len(raw) > MAX_OBJECT_BYTES:
            return BadRecord(raw[:SHOWN_BYTES], self._line, INVALID_INPUT_LINE, TOO_LARGE)
        if is_array and not self._jsonpaths_given:
            return BadRecord(raw[:SHOWN_BYTES], self._line, INVALID_INPUT_LINE, NOT_AN_OBJECT)
        return Record(raw, self._line)

    def _malformed(self, reason: str) -> BadRecord:
        """Report the thing at the position, with the line where it begins.

        What seems to be a record on a line of its own ends there; anything else where a line
        starts another record.
        """
        shown, first_line = b"", self._line
        line = self._line_ahead()
        if line.rstrip().endswith(b"}"):
            shown = self._advance(self._position + len(line))[:SHOWN_BYTES]
            return BadRecord(shown, first_line, INVALID_INPUT_LINE, reason[:REASON_LENGTH])
        while True:
            line_end = _NEXT_ROOT_LINE.search(self._bytes, self._position)
            # A line's end at the window's end: whether a record follows is not yet in sight.
            end = line_end.start() if line_end else len(self._bytes.rstrip(b" \t\r\n"))
            shown += self._advance(max(end, self._position))[: SHOWN_BYTES - len(shown)]
            if line_end or self._ended:
                return BadRecord(shown, first_line, INVALID_INPUT_LINE, reason[:REASON_LENGTH])
            self._fill()

    def _line_ahead(self) -> bytes:
        """What is left of the line at the position; of an endless one, as much as an object has."""
        while (end := self._bytes.find(b"\n", self._position)) < 0:
            if self._ended or len(self._bytes) - self._position > MAX_OBJECT_BYTES:
                return self._bytes[self._position :]
            self._fill(max(READ_BYTES, len(self._bytes) - self._position))
        return self._bytes[self._position : end]
