"""JSON values into numeric columns (dg/r_Numeric_types201, dg/copy-usage_notes-copy-from-json)."""

from __future__ import annotations

import math
import re
import struct
from decimal import ROUND_DOWN, Context, Decimal, InvalidOperation

from sandbox.copy.columns import Column
from sandbox.copy.json_values import is_number, text_of
from sandbox.copy.rejections import (
    INTEGER_OVERFLOW,
    INVALID_DIGIT,
    INVALID_FLOAT,
    OUT_OF_RANGE,
    ValueRejected,
    undocumented,
)

LARGEST_EXACT_FLOAT = 2**53
INEXACT = "A bare JSON number of 2^53 or more"
INTEGER_BITS = {"smallint": 16, "integer": 32, "bigint": 64}
INTEGER_NAMES = {"smallint": "Short", "integer": "Integer", "bigint": "Long"}

INTEGER = re.compile(r"-?[0-9]+")
_DECIMAL = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_FLOAT = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WHOLE_FLOAT = re.compile(r"(-?[0-9]+)\.0+")
_NOT_A_DIGIT = re.compile(r"[^0-9]")
_DECIMALS = Context(prec=100, rounding=ROUND_DOWN)


def to_integer(raw: bytes, column: Column) -> int | None:
    """SMALLINT, INTEGER and BIGINT; of bare JSON numbers also 1540919166796.0."""
    name = INTEGER_NAMES[column.type_name]
    text = raw.decode("ascii") if is_number(raw) else _digits_text(raw, name)
    if not text:
        return None
    whole = _WHOLE_FLOAT.fullmatch(text) if is_number(raw) else None
    if whole and abs(_to_int(whole[1], name)) < LARGEST_EXACT_FLOAT:
        text = whole[1]
    if not INTEGER.fullmatch(text):
        raise _invalid_digit(text, name)
    value = _to_int(text, name)
    limit: int = 2 ** (INTEGER_BITS[column.type_name] - 1)
    if not -limit <= value < limit:
        raise _overflow(text, name)
    if is_number(raw) and abs(value) >= LARGEST_EXACT_FLOAT:
        raise undocumented(INEXACT)
    return value


def _to_int(digits: str, name: str) -> int:
    if len(digits) > 40:
        raise _overflow(digits, name)
    return int(digits)


def _overflow(text: str, name: str) -> ValueRejected:
    return ValueRejected(INTEGER_OVERFLOW, f"Integer overflow, Value '{text[:40]}', Type: {name}")


def _digits_text(raw: bytes, name: str) -> str:
    """A JSON string's text; true, false and nested values fail at their first character."""
    if not raw.startswith(b'"'):
        raise _invalid_digit(raw.decode("utf-8", "replace"), name)
    return text_of(raw)


def _invalid_digit(text: str, name: str) -> ValueRejected:
    """Redshift's words for the first character that is out of place."""
    start = 1 if text.startswith("-") else 0
    found = _NOT_A_DIGIT.search(text, start)
    position = found.start() if found else 0
    reason = f"Invalid digit, Value '{text[position]}', Pos {position}, Type: {name}"
    return ValueRejected(INVALID_DIGIT, reason, position)


def to_decimal(raw: bytes, column: Column) -> Decimal | None:
    """NUMERIC: COPY truncates to the scale."""
    text = _digits_text(raw, "Decimal") if not is_number(raw) else raw.decode("ascii")
    if not text:
        return None
    if not _DECIMAL.fullmatch(text):
        raise _invalid_digit(text, "Decimal")
    value = _truncated(text, column)
    if is_number(raw) and value != _truncated(_through_float(text), column):
        raise undocumented("A bare JSON number that binary floating point changes")
    return value


def _through_float(text: str) -> str:
    return format(Decimal(repr(float(text))), "f") if math.isfinite(float(text)) else text


def _truncated(text: str, column: Column) -> Decimal:
    too_large = ValueRejected(
        OUT_OF_RANGE, f"Value exceeds the range of NUMERIC({column.precision},{column.scale})"
    )
    try:
        value = Decimal(text).quantize(Decimal(1).scaleb(-column.scale), context=_DECIMALS)
    except InvalidOperation as problem:
        raise too_large from problem
    if value and value.adjusted() >= column.precision - column.scale:
        raise too_large
    return value


def to_float(raw: bytes, column: Column) -> float | None:
    """REAL and DOUBLE PRECISION."""
    text = text_of(raw)
    if raw == b'""':
        return None
    if not _FLOAT.fullmatch(text):
        raise ValueRejected(
            INVALID_FLOAT, f"Invalid float format or value, Type: {column.type_name}"
        )
    value = float(text)
    if not math.isfinite(value) or (column.type_name == "real" and not _fits_real(value)):
        raise ValueRejected(OUT_OF_RANGE, f"Value exceeds the range of {column.type_name}")
    return value


def _fits_real(value: float) -> bool:
    try:
        (stored,) = struct.unpack("<f", struct.pack("<f", value))
    except OverflowError:
        return False
    return bool(stored) == bool(value)
