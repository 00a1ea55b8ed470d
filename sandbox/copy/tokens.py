"""The tokens of a COPY statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.errors import SYNTAX_ERROR, SqlError, syntax_error

STRING = "string"
QUOTED_NAME = "quoted name"

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\r\n]*)
      | (?P<comment>/\*)
      | (?P<string>'(?:[^'\\]|''|\\.)*')
      | (?P<quoted>"(?:[^"]|"")+")
      | (?P<word>[^\W\d][\w$]*)
      | (?P<number>\d+(?!\w))
      | (?P<parameter>\$\d+)
      | (?P<mark>[(),.;])""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_ESCAPE = re.compile(r"''|\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@dataclass(frozen=True)
class Token:
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
        return self.text.lower() if self.kind == "word" else self.text

    @property
    def shown(self) -> str:
        """The token in an error message, where a literal's content never belongs."""
        return "'...'" if self.kind == STRING else self.text


def tokens(text: str) -> Iterator[Token]:
    """The statement's tokens, without white space and comments.

    Raises SqlError 42601 at what is no token, or is never closed.
    """
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _no_token(text[position])
        position = match.end()
        if match.lastgroup == "comment":
            position = _end_of_comment(text, position)
        elif match.lastgroup != "space":
            yield _token(match.lastgroup or "", match.group())


def _token(kind: str, text: str) -> Token:
    if kind == "string":
        return Token(STRING, _ESCAPE.sub(_unescaped, text[1:-1]))
    if kind == "quoted":
        return Token(QUOTED_NAME, text[1:-1].replace('""', '"'))
    return Token(kind, text)


def _unescaped(match: re.Match[str]) -> str:
    escaped = match.group(1)
    if escaped is None:
        return "'"
    if escaped.isdigit() or escaped in "xu":
        raise SqlError("numeric escapes in a literal are not supported", SYNTAX_ERROR)
    return _ESCAPED.get(escaped, escaped)


def _no_token(character: str) -> SqlError:
    if character == "'":
        return SqlError("unterminated quoted string", SYNTAX_ERROR)
    if character == '"':
        return SqlError("unterminated quoted identifier", SYNTAX_ERROR)
    return syntax_error(character)


def _end_of_comment(text: str, position: int) -> int:
    """Where a comment ends whose opening mark lies before the position; comments nest."""
    depth = 1
    while depth:
        edge = _COMMENT_EDGE.search(text, position)
        if edge is None:
            raise SqlError("unterminated /* comment", SYNTAX_ERROR)
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return position
