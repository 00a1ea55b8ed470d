"""PostgreSQL's errors in Redshift's words, where the two differ."""

from __future__ import annotations

import re
from collections.abc import Callable

from sandbox.dialect.translation import Translation
from sandbox.postgres import wire
from sandbox.postgres.backend import Message

CARDINALITY_VIOLATION = "21000"
STRING_TRUNCATION = "22001"
DATA_EXCEPTION, INTERNAL_ERROR = "22", "XX000"

Fields = dict[str, str]


def as_redshift(message: Message, statement: Translation) -> Message:
    """The same ErrorResponse as Redshift would send it for a statement.

    What a column cannot hold is caught by check constraints here. A serialization failure is XX000
    with the message 1023 on Redshift; so is a value that does not fit, on the compute nodes.
    """
    fields = wire.parse_fields(message.payload)
    fields = _BY_CODE.get(fields.get("C", ""), _without_our_context)(fields)
    if "P" in fields:
        fields["P"] = str(statement.place(int(fields["P"])) or "")
    if fields.get("C", "").startswith(DATA_EXCEPTION) and statement.tables.of_user:
        fields = _error(INTERNAL_ERROR, fields.get("M", ""))
    return Message(wire.ERROR, wire.fields_of(fields))


def _error(code: str, text: str, detail: str = "") -> Fields:
    return {"S": "ERROR", "C": code, "M": text, "D": detail}


def _without_our_context(fields: Fields) -> Fields:
    """Where in the sandbox's own functions it was raised is nothing to the client."""
    is_ours = " sandbox." in fields.get("W", "")
    return {name: value for name, value in fields.items() if name != "W" or not is_ours}


def _conflict(fields: Fields) -> Fields:
    detail = f"Serializable isolation violation on table: {fields.get('M', '')}"
    return _error(INTERNAL_ERROR, "1023", detail)


def _several_matches(fields: Fields) -> Fields:
    is_of_merge = fields["M"].startswith("MERGE")
    text = "Found multiple matches to update the same tuple."
    return _error(CARDINALITY_VIOLATION, text) if is_of_merge else fields


def _no_privilege(fields: Fields) -> Fields:
    text = re.sub("^(permission denied for) (table|view) ", r"\1 relation ", fields["M"])
    return fields | {"M": text}


def _no_function(fields: Fields) -> Fields:
    return fields | {"M": fields["M"].replace("function sandbox.", "function ")}


def _not_done(fields: Fields) -> Fields:
    is_of_another = fields["M"].startswith("cross-database references")
    text = "the sandbox does not do references to other databases"
    return _error(fields["C"], text) if is_of_another else _without_our_context(fields)


def _wrong_grant(fields: Fields) -> Fields:
    return _error("0A000", "the sandbox does not do this form of GRANT and REVOKE")


def _identity(fields: Fields) -> Fields:
    return _error(fields["C"], "cannot set an identity column to a value")


def _cannot_hold(fields: Fields) -> Fields:
    constraint = fields.get("n", "")
    if constraint.startswith("ascii_"):
        column = constraint.removeprefix("ascii_")
        text = f'CHAR column "{column}" holds ASCII characters only; use VARCHAR for others'
    else:
        column = constraint.removeprefix("byte_length_")
        text = f'value too long for the type of column "{column}", whose length is in bytes'
    return _error(STRING_TRUNCATION, text)


_BY_CODE: dict[str, Callable[[Fields], Fields]] = {
    "0A000": _not_done,
    "0LP01": _wrong_grant,
    "21000": _several_matches,
    "23514": _cannot_hold,
    "40001": _conflict,
    "42501": _no_privilege,
    "42883": _no_function,
    "428C9": _identity,
}
