"""The tokens of a COPY statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.dialect.sql_text import scan, whole_name
from sandbox.errors import SYNTAX_ERROR, SqlError, syntax_error

STRING = "string"
QUOTED_NAME = "quoted name"
MARKS = frozenset("(),.;")

_CLOSED_STRING = re.compile(r"'(?:[^'\\]|''|\\.)*'", re.DOTALL)
_CLOSED_NAME = re.compile(r'"(?:[^"]|"")+"', re.DOTALL)
_ESCAPE = re.compile(r"''|\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@dataclass(frozen=True)
class CommandToken:
    """A token; `text` is a literal's or a quoted name's value, else as written."""

    kind: str
    text: str

    @property
    def word(self) -> str:
        """The keyword this may be, in upper case; empty for anything but a bare word."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def name(self) -> str:
        """The identifier this is: folded to lower case unless quoted."""
        return whole_name(self.text.lower() if self.kind == "word" else self.text)

    @property
    def shown(self) -> str:
        """The token in an error message, where a literal's content never belongs."""
        return "'...'" if self.kind == STRING else self.text


def tokens(text: str) -> Iterator[CommandToken]:
    """The statement's tokens, without white space and comments.

    Raises SqlError 42601 at what is no token of COPY, or is never closed.
    """
    for found in scan(text):
        yield _token(found.kind, found.text)


def _token(kind: str, text: str) -> CommandToken:
    if kind == "string":
        return CommandToken(
            STRING, _ESCAPE.sub(_unescaped, _closed(text, _CLOSED_STRING, "string")[1:-1])
        )
    if kind == "quoted":
        name = _closed(text, _CLOSED_NAME, "identifier")
        return CommandToken(QUOTED_NAME, name[1:-1].replace('""', '"'))
    if kind == "operator":
        return CommandToken("mark", _mark(text))
    return CommandToken(kind, text)


def _closed(text: str, pattern: re.Pattern[str], what: str) -> str:
    if pattern.fullmatch(text):
        return text
    if text[0] in "'\"":
        raise SqlError(f"unterminated quoted {what}", SYNTAX_ERROR)
    raise syntax_error(text[:1])


def _mark(text: str) -> str:
    if text.startswith("/*"):
        raise SqlError("unterminated /* comment", SYNTAX_ERROR)
    if text not in MARKS:
        raise syntax_error(text)
    return text


def _unescaped(match: re.Match[str]) -> str:
    escaped = match.group(1)
    if escaped is None:
        return "'"
    if escaped.isdigit() or escaped in "xu":
        raise SqlError("numeric escapes in a literal are not supported", SYNTAX_ERROR)
    return _ESCAPED.get(escaped, escaped)
