"""PostgreSQL's errors in Redshift's words, where the two differ."""

from __future__ import annotations

from sandbox.postgres import wire
from sandbox.postgres.backend import Message

CHECK_VIOLATION = "23514"
SERIALIZATION_FAILURE = "40001"
CARDINALITY_VIOLATION = "21000"
STRING_TRUNCATION = "22001"


def as_redshift(message: Message) -> Message:
    """The same ErrorResponse as Redshift would send it.

    What a column cannot hold is caught by check constraints here; a serialization failure is
    XX000 with the message 1023 on Redshift.
    """
    fields = wire.parse_fields(message.payload)
    if fields.get("C") == CHECK_VIOLATION:
        fields = {"S": "ERROR", "C": STRING_TRUNCATION, "M": _cannot_hold(fields.get("n", ""))}
    elif fields.get("C") == SERIALIZATION_FAILURE:
        detail = f"Serializable isolation violation on table: {fields.get('M', '')}"
        fields = {"S": "ERROR", "C": "XX000", "M": "1023", "D": detail}
    elif fields.get("C") == CARDINALITY_VIOLATION and fields.get("M", "").startswith("MERGE"):
        text = "Found multiple matches to update the same tuple."
        fields = {"S": "ERROR", "C": CARDINALITY_VIOLATION, "M": text}
    elif " sandbox." in fields.get("W", ""):
        # Where in the sandbox's own functions it was raised is nothing to the client.
        fields = {name: value for name, value in fields.items() if name != "W"}
    else:
        return message
    return Message(wire.ERROR, wire.fields_of(fields))


def _cannot_hold(constraint: str) -> str:
    if constraint.startswith("ascii_"):
        column = constraint.removeprefix("ascii_")
        return f'CHAR column "{column}" holds ASCII characters only; use VARCHAR for others'
    column = constraint.removeprefix("byte_length_")
    return f'value too long for the type of column "{column}", whose length is in bytes'
