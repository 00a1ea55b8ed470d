"""What COPY refuses, in the terms of stl_load_errors."""

from __future__ import annotations

# Load error codes, dg/r_Load_Error_Reference.
UNKNOWN_PARSE_ERROR = 1200
OUT_OF_RANGE = 1204
INVALID_DATE = 1205
INVALID_TIMESTAMP = 1206
INVALID_DIGIT = 1207
INVALID_FLOAT = 1208
INVALID_BOOLEAN = 1210
MISSING_DATA = 1213
INVALID_INPUT_LINE = 1216
INVALID_UTF8 = 1220
INTEGER_OVERFLOW = 1222

REASON_LENGTH = 100


class ValueRejected(Exception):  # noqa: N818 - what happened, not what went wrong in the code
    """A value, or a whole record, that COPY does not load.

    `code` and `reason` are those of stl_load_errors; `position` is the offending byte in the value.
    """

    def __init__(self, code: int, reason: str, position: int = 0) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason[:REASON_LENGTH]
        self.position = position


def undocumented(what: str) -> ValueRejected:
    """What Redshift may well load, but nobody has documented how: refused rather than guessed."""
    return ValueRejected(UNKNOWN_PARSE_ERROR, f"{what}: Redshift's behaviour is not documented")


def invalid_utf8(problem: UnicodeDecodeError) -> ValueRejected:
    """Text that is not UTF-8 (dg/multi-byte-character-load-errors)."""
    sequence = problem.object[problem.start : problem.end]
    kind = {"invalid start byte": 3, "unexpected end of data": 2}.get(problem.reason, 4)
    return unsupported_text(sequence, kind, problem.start)


def unsupported_text(sequence: bytes, kind: int, position: int = 0) -> ValueRejected:
    """A byte sequence that VARCHAR does not take; `kind` as numbered on the same page."""
    reason = (
        "String contains invalid or unsupported UTF-8 codepoints. "
        f"Bad UTF-8 hex sequence: {sequence.hex(' ')} (error {kind})"
    )
    return ValueRejected(INVALID_UTF8, reason, position)
