"""Literals and quoted names as PostgreSQL and sqlglot read them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sandbox.dialect.sql_text import Token, fold, sql_name
from sandbox.errors import SYNTAX_ERROR, SqlError

# A backslash escapes in every literal of Redshift's; in numbers it gives bytes.
# https://www.postgresql.org/docs/8.0/sql-syntax.html#SQL-SYNTAX-CONSTANTS
_ESCAPE = re.compile(
    rb"\\(?:x(?P<hex>[0-9A-Fa-f]{1,2})|(?P<octal>[0-7]{1,3})|(?P<other>.))|''", re.DOTALL
)
_CONTROLS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_LITERAL = re.compile(r"'(?:[^'\\]++|\\.|'')*+'", re.DOTALL)


def plain(text: str, found: Sequence[Token], of_users: bool = False) -> str:
    """The text of these tokens, without escapes in literals, and with quoted names in lower case.

    The quoted names of users keep their case.
    https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
    https://docs.aws.amazon.com/redshift/latest/dg/r_enable_case_sensitive_identifier.html
    """
    pieces: list[str] = []
    position = found[0].start if found else 0
    for token, replacement in _edits(found, of_users):
        pieces += text[position : token.start], replacement
        position = token.end
    return "".join(pieces) + (text[position : found[-1].end] if found else "")


def _edits(found: Sequence[Token], of_users: bool) -> Iterator[tuple[Token, str]]:
    for token in found:
        if token.kind == "string" and ("\\" in token.text or token.text[0] != "'"):
            yield token, literal(token.text)
        elif token.kind == "rows" and "\\" in token.text:
            yield token, _LITERAL.sub(lambda match: literal(match[0]), token.text)
        elif token.kind == "quoted" and not of_users:
            yield token, fold(token.text)
        elif token.kind == "word" and token.text[0] == "#":
            yield token, sql_name(token)


def literal(written: str) -> str:
    """A literal, E'..' and $$..$$ too, as standard SQL has it.

    Raises SqlError for one that does not end.
    """
    if written[0] == "$":
        tag = written[: written.index("$", 1) + 1]
        value, ends = written[len(tag) :].removesuffix(tag), written[len(tag) :].endswith(tag)
    else:
        value = _unescaped(written[written.index("'") + 1 : -1])
        ends = _LITERAL.fullmatch(written.lstrip("eE")) is not None
    if not ends:
        raise SqlError(f'unterminated quoted string at or near "{written}"', SYNTAX_ERROR)
    return "'" + value.replace("'", "''") + "'"


def _unescaped(text: str) -> str:
    value = _ESCAPE.sub(_undone, text.encode())
    try:
        if b"\0" not in value:
            return value.decode()
    except UnicodeDecodeError:
        pass
    raise SqlError('invalid byte sequence for encoding "UTF8"', "22021")


def _undone(match: re.Match[bytes]) -> bytes:
    if match["hex"] or match["octal"]:
        number = int(match["hex"], 16) if match["hex"] else int(match["octal"], 8)
        return bytes([number & 0xFF])
    return _CONTROLS.get(match["other"], match["other"]) if match["other"] else b"'"
