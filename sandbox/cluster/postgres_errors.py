"""PostgreSQL's errors in Redshift's words, where the two differ."""

from __future__ import annotations

import re

from sandbox.dialect.sql_text import tokens
from sandbox.dialect.tables_read import user_tables
from sandbox.postgres import wire
from sandbox.postgres.backend import Message

CHECK_VIOLATION = "23514"
SERIALIZATION_FAILURE = "40001"
CARDINALITY_VIOLATION = "21000"
STRING_TRUNCATION = "22001"
NO_PRIVILEGE = "42501"
DATA_EXCEPTION, INTERNAL_ERROR = "22", "XX000"


def as_redshift(message: Message, sql: str) -> Message:
    """The same ErrorResponse as Redshift would send it for a statement.

    What a column cannot hold is caught by check constraints here. A serialization failure is XX000
    with the message 1023 on Redshift; so is a value that does not fit, on the compute nodes.
    """
    fields = wire.parse_fields(message.payload)
    if fields.get("C") == CHECK_VIOLATION:
        fields = {"S": "ERROR", "C": STRING_TRUNCATION, "M": _cannot_hold(fields.get("n", ""))}
    if fields.get("C", "").startswith(DATA_EXCEPTION) and user_tables(tokens(sql)):
        fields = {"S": "ERROR", "C": INTERNAL_ERROR, "M": fields.get("M", "")}
    elif fields.get("C") == SERIALIZATION_FAILURE:
        detail = f"Serializable isolation violation on table: {fields.get('M', '')}"
        fields = {"S": "ERROR", "C": INTERNAL_ERROR, "M": "1023", "D": detail}
    elif fields.get("C") == CARDINALITY_VIOLATION and fields.get("M", "").startswith("MERGE"):
        text = "Found multiple matches to update the same tuple."
        fields = {"S": "ERROR", "C": CARDINALITY_VIOLATION, "M": text}
    elif fields.get("C") == NO_PRIVILEGE:
        text = re.sub("^(permission denied for) (table|view) ", r"\1 relation ", fields["M"])
        fields = fields | {"M": text}
    elif " sandbox." in fields.get("W", ""):
        # Where in the sandbox's own functions it was raised is nothing to the client.
        fields = {name: value for name, value in fields.items() if name != "W"}
    return Message(wire.ERROR, wire.fields_of(fields))


def _cannot_hold(constraint: str) -> str:
    if constraint.startswith("ascii_"):
        column = constraint.removeprefix("ascii_")
        return f'CHAR column "{column}" holds ASCII characters only; use VARCHAR for others'
    column = constraint.removeprefix("byte_length_")
    return f'value too long for the type of column "{column}", whose length is in bytes'
