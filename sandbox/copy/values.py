"""One JSON value into one column, by COPY's rules.

dg/copy-usage_notes-copy-from-json, dg/copy-parameters-data-conversion, dg/r_Character_types,
dg/r_Numeric_types201. What Redshift does not document is refused, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from sandbox.copy.columns import Column
from sandbox.copy.command import CopyCommand
from sandbox.copy.dates import EPOCHS, read_date, read_timestamp
from sandbox.copy.json_values import is_number, text_of
from sandbox.copy.numbers import (
    INEXACT,
    INTEGER,
    LARGEST_EXACT_FLOAT,
    to_decimal,
    to_float,
    to_integer,
)
from sandbox.copy.rejections import (
    INVALID_BOOLEAN,
    INVALID_DATE,
    INVALID_TIMESTAMP,
    INVALID_UTF8,
    MISSING_DATA,
    OUT_OF_RANGE,
    ValueRejected,
    undocumented,
)

Value = str | int | float | bool | Decimal | None

WHITE_SPACE = " \t\n\r\v\f"
BOOLEANS = {
    **dict.fromkeys(("t", "true", "y", "yes", "1"), True),
    **dict.fromkeys(("f", "false", "n", "no", "0"), False),
}

DOUBLE = Column("", "double precision")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def convert(raw: bytes | None, column: Column, command: CopyCommand) -> Value:
    """The value that COPY loads for a JSON value's text; None in is a missing key.

    Dates and times come back as ISO text. Raises ValueRejected with the code and the reason of
    stl_load_errors.
    """
    value = None
    if raw is not None and raw != b"null":
        value = _converted(raw, column, command)
    if value is None and column.not_null:
        raise ValueRejected(MISSING_DATA, "Missing data for not-null field")
    return value


def _converted(raw: bytes, column: Column, command: CopyCommand) -> Value:
    if column.type_name in NUMBERS:
        return NUMBERS[column.type_name](raw, column)
    return OTHERS[column.type_name](raw, column, command)


def _character(raw: bytes, column: Column, command: CopyCommand) -> str | None:
    """CHAR and VARCHAR (dg/r_Character_types)."""
    if raw.startswith(b'"'):
        text: str | None = _blank_rules(text_of(raw), column, command)
    else:
        text = _bare_text(raw, command)
    if text is None:
        return None
    if column.type_name == "char":
        _refuse_multibyte(text)
    return _fitted(text, column, command)


def _bare_text(raw: bytes, command: CopyCommand) -> str:
    """What is no JSON string into a character column.

    A number with a fraction or an exponent is a double, and written as C's %.17g does: so it is in
    tables that people have loaded, such as 166.94811999999999 for 166.94812.
    """
    if raw[0] in b"tf":
        raise undocumented("JSON true/false into VARCHAR")
    if raw[0] in b"{[" and not command.json_paths.startswith("s3://"):
        raise undocumented("Nested JSON into VARCHAR without a JSONPaths file")
    if is_number(raw) and not INTEGER.fullmatch(raw.decode("ascii")):
        return format(to_float(raw, DOUBLE), ".17g")
    if is_number(raw) and abs(float(raw)) >= LARGEST_EXACT_FLOAT:
        raise undocumented(INEXACT)
    return text_of(raw)


def _blank_rules(text: str, column: Column, command: CopyCommand) -> str | None:
    """EMPTYASNULL, BLANKSASNULL and TRIMBLANKS."""
    if not text:
        return None if command.empty_as_null else text
    trims = command.trim_blanks and column.type_name == "varchar"
    if not text.strip(WHITE_SPACE):
        if command.blanks_as_null:
            return None
        if trims and command.empty_as_null:
            raise undocumented("TRIMBLANKS with EMPTYASNULL on blanks only")
    return text.rstrip(WHITE_SPACE) if trims else text


def _refuse_multibyte(text: str) -> None:
    found = _NOT_ASCII.search(text)
    if found:
        shown = found.group().encode().hex(" ")
        reason = f"(Hint: Try using VARCHAR). Invalid char: {shown}"
        message = f"Multibyte character not supported for CHAR {reason}"
        raise ValueRejected(INVALID_UTF8, message, found.start())


def _fitted(text: str, column: Column, command: CopyCommand) -> str:
    """The text within the column's bytes: only blanks may be cut, unless TRUNCATECOLUMNS."""
    encoded = text.encode()
    if len(encoded) <= column.length:
        return text
    surplus = encoded[column.length :]
    if command.truncate_columns or not surplus.strip(b" "):
        # Drop the rest of a character that the cut splits.
        return encoded[: column.length].decode(errors="ignore")
    kind = "Char" if column.type_name == "char" else "String"
    raise ValueRejected(OUT_OF_RANGE, f"{kind} length exceeds DDL length")


def _boolean(raw: bytes, column: Column, command: CopyCommand) -> bool | None:
    """BOOLEAN: true, false, and the strings of dg/r_Boolean_type."""
    if raw in {b"true", b"false"}:
        return raw == b"true"
    text = text_of(raw) if raw.startswith(b'"') else None
    if text == "":
        return None
    if text is None or text.lower() not in BOOLEANS:
        raise ValueRejected(INVALID_BOOLEAN, "Invalid boolean format or value")
    return BOOLEANS[text.lower()]


def _date(raw: bytes, column: Column, command: CopyCommand) -> str | None:
    text = text_of(raw) if raw.startswith(b'"') else None
    if text == "":
        return None
    try:
        if text is None:
            raise ValueRejected(INVALID_DATE, "A date must be a JSON string")
        return read_date(text, command.date_format)
    except ValueRejected:
        if command.accept_any_date:
            return None
        raise


def _timestamp(raw: bytes, column: Column, command: CopyCommand) -> str | None:
    is_text = raw.startswith(b'"') or (is_number(raw) and command.time_format in EPOCHS)
    text = text_of(raw) if is_text else None
    if text == "":
        return None
    try:
        if text is None:
            raise ValueRejected(INVALID_TIMESTAMP, "A timestamp must be a JSON string")
        zone = column.type_name == "timestamptz"
        return read_timestamp(text, command.time_format, command.date_format, zone)
    except ValueRejected:
        if command.accept_any_date:
            return None
        raise


NUMBERS: dict[str, Callable[[bytes, Column], Value]] = {
    "smallint": to_integer,
    "integer": to_integer,
    "bigint": to_integer,
    "numeric": to_decimal,
    "real": to_float,
    "double precision": to_float,
}
OTHERS: dict[str, Callable[[bytes, Column, CopyCommand], Value]] = {
    "varchar": _character,
    "char": _character,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "timestamptz": _timestamp,
}
LOADABLE_TYPES = NUMBERS.keys() | OTHERS.keys()
