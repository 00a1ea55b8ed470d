"""PostgreSQL's frontend/backend protocol, version 3: messages to bytes and back, no I/O.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

PROTOCOL_VERSION = 196608
SSL_REQUEST = 80877103
GSS_ENCRYPTION_REQUEST = 80877104
CANCEL_REQUEST = 80877102
# Longer start-up packets are refused, as PostgreSQL does: nobody has logged in yet.
START_UP_LIMIT = 10_000
MESSAGE_LIMIT = 64 * 1024 * 1024

# From the client.
QUERY, PARSE, BIND, DESCRIBE, EXECUTE = b"Q", b"P", b"B", b"D", b"E"
CLOSE, FLUSH, SYNC, TERMINATE, PASSWORD = b"C", b"H", b"S", b"X", b"p"
COPY_DATA, COPY_DONE = b"d", b"c"
# From the server.
AUTHENTICATION, PARAMETER_STATUS, BACKEND_KEY = b"R", b"S", b"K"
ROW_DESCRIPTION, DATA_ROW, COMMAND_COMPLETE, READY = b"T", b"D", b"C", b"Z"
ERROR, NOTICE, EMPTY_QUERY, COPY_IN = b"E", b"N", b"I", b"G"
PARSE_COMPLETE, BIND_COMPLETE, CLOSE_COMPLETE = b"1", b"2", b"3"
PARAMETER_DESCRIPTION, NO_DATA, PORTAL_SUSPENDED = b"t", b"n", b"s"


class ProtocolError(Exception):
    """The peer sent bytes that are not the protocol; the connection is closed."""


def message(kind: bytes, payload: bytes = b"") -> bytes:
    """One message with its type and length."""
    return kind + struct.pack("!i", len(payload) + 4) + payload


def text(value: str) -> bytes:
    """A zero-terminated string."""
    return value.encode() + b"\0"


def startup(parameters: Mapping[str, str]) -> bytes:
    """A StartupMessage, which has no type byte."""
    body = b"".join(text(name) + text(value) for name, value in parameters.items()) + b"\0"
    return struct.pack("!ii", len(body) + 8, PROTOCOL_VERSION) + body


def parse_startup(payload: bytes) -> dict[str, str]:
    """Names and values of a StartupMessage; raises ProtocolError when they do not pair up."""
    if not payload.endswith(b"\0"):
        raise ProtocolError("unterminated start-up packet")
    parts = [part.decode("utf-8", "replace") for part in payload.rstrip(b"\0").split(b"\0")]
    if len(parts) % 2:
        parts.append("")
    return dict(zip(parts[::2], parts[1::2], strict=True))


def authentication(code: int) -> bytes:
    """0: logged in; 3: send your password (only ever asked for inside TLS)."""
    return message(AUTHENTICATION, struct.pack("!i", code))


def parameter_status(name: str, value: str) -> bytes:
    """A ParameterStatus message."""
    return message(PARAMETER_STATUS, text(name) + text(value))


def ready(status: bytes) -> bytes:
    """ReadyForQuery; status is I (idle), T (in a transaction) or E (in a failed one)."""
    return message(READY, status)


def command_complete(tag: str) -> bytes:
    """A CommandComplete message."""
    return message(COMMAND_COMPLETE, text(tag))


def query(sql: str) -> bytes:
    """A simple Query message."""
    return message(QUERY, text(sql))


def statement(sql: str) -> bytes:
    """One statement by the extended protocol, which takes no more than one, its rows as text.

    Its replies end with ReadyForQuery, as those of a Query do.
    """
    parse, bind = text("") + text(sql) + bytes(2), text("") + text("") + bytes(6)
    describe, execute = b"P" + text(""), text("") + bytes(4)
    parts = ((PARSE, parse), (BIND, bind), (DESCRIBE, describe), (EXECUTE, execute), (SYNC, b""))
    return b"".join(message(kind, payload) for kind, payload in parts)


def error(
    text_: str, sqlstate: str, severity: str = "ERROR", detail: str = "", hint: str = ""
) -> bytes:
    """An ErrorResponse message."""
    fields = {"S": severity, "C": sqlstate, "M": text_, "D": detail, "H": hint}
    return message(ERROR, fields_of(fields))


def notice(text_: str, severity: str = "INFO") -> bytes:
    """A NoticeResponse message."""
    return message(NOTICE, fields_of({"S": severity, "C": "00000", "M": text_}))


def fields_of(fields: Mapping[str, str]) -> bytes:
    """The body of an ErrorResponse or NoticeResponse; empty fields are left out."""
    present = (name.encode() + text(value) for name, value in fields.items() if value)
    return b"".join(present) + b"\0"


def parse_fields(payload: bytes) -> dict[str, str]:
    """The fields of an ErrorResponse or NoticeResponse by their letter."""
    parts = payload.rstrip(b"\0").split(b"\0")
    return {chr(part[0]): part[1:].decode("utf-8", "replace") for part in parts if part}


def parse_data_row(payload: bytes) -> list[str | None]:
    """The values of a DataRow in text format."""
    count, offset = struct.unpack_from("!h", payload)[0], 2
    values: list[str | None] = []
    for _ in range(count):
        (length,) = struct.unpack_from("!i", payload, offset)
        offset += 4
        values.append(None if length < 0 else payload[offset : offset + length].decode())
        offset += max(length, 0)
    return values


def first_strings(payload: bytes, count: int) -> list[str]:
    """The first `count` zero-terminated strings; raises ProtocolError if there are fewer."""
    parts = payload.split(b"\0", count)
    if len(parts) <= count:
        raise ProtocolError("unterminated string in message")
    try:
        return [part.decode() for part in parts[:count]]
    except UnicodeDecodeError as problem:
        raise ProtocolError("string is not UTF-8") from problem


def join(messages: Iterable[bytes]) -> bytes:
    """Several messages as one piece, for one write."""
    return b"".join(messages)
