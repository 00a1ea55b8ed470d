"""Redshift's SQL as text: cutting it into tokens and into statements."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from sandbox.errors import not_supported, syntax_error

# Redshift's names have up to 127; PostgreSQL cuts longer ones than these.
POSTGRES_NAME_BYTES = 63

_TOKEN = re.compile(
    r"""
    (?: [ \t\r\n\f\v]++ | --[^\r\n]*+ )*+
    (?:
      (?P<comment> /\* )
    | (?P<string> (?:[eE])?'(?:[^'\\]++|\\.?|'')*+'? )
    | (?P<quoted> "(?:[^"]++|"")*+"? )
    | (?P<dollar> \$(?P<tag>(?:[^\W\d]\w*+)?)\$(?:.*?\$(?P=tag)\$|.*+) )
    | (?P<parameter> \$\d++ )
    | (?P<word> \#?[^\W\d][\w$]*+ )
    | (?P<number> (?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)? )
    | (?P<operator> ::|:=|->>?|\#>>?|<>|<=|>=|!=|\|\||. )
    )?
    """,
    re.VERBOSE | re.DOTALL,
)
# Rows of a VALUES list, after the first, that are made of plain literals only.
_MORE_ROWS = re.compile(
    r"""
    (?:
      {blank} , {blank} \( {blank} {literal} (?: {blank} , {blank} {literal} )*+ {blank} \)
    ){{16,}}+
    """.format(
        blank=r"[ \t\r\n\f\v]*+",
        literal=r"""(?:
            [-+]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:e[-+]?[0-9]++)?
          | '(?:[^'\\]++|\\.|'')*+' (?:::(?:date|time|timestamp|timestamptz)\b)?
          | (?:null|true|false|default)\b
        )""",
    ),
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
# What may follow the first word of a type.
_TYPE_WORDS = frozenset(("varying", "precision", "with", "without", "time", "zone", "("))
_ARRAY_KEYS = frozenset(("[", "0", "]", "array"))
_KEYS = {"string": "'", "quoted": '"', "number": "0", "parameter": "$"}


class Token(NamedTuple):
    """A piece of SQL with its place in the text.

    `kind` is word, quoted, string, number, parameter, operator or rows. `key` is what patterns
    compare: the word in lower case, the operator itself, or one character that stands for the
    kind, so that nothing inside quotes is ever taken for a keyword.

    A long list of rows of plain literals, as INSERT has it, is one token from its second row on.
    """

    kind: str
    text: str
    start: int
    end: int
    key: str


def tokens(text: str) -> list[Token]:
    """Cut SQL into tokens, without white space and comments.

    Ordinary literals take backslash escapes, as Redshift's do. A literal or a quoted name that
    does not end reaches to the end of the text; so does a comment, as one operator token, for
    PostgreSQL to complain about.
    """
    return list(scan(text))


def scan(text: str) -> Iterator[Token]:
    """The same as `tokens`, one by one: for who needs only the first of a long text."""
    # A third faster than Token(..), of which long texts have millions.
    position, end, match = 0, len(text), _TOKEN.match
    while position < end:
        found = match(text, position)
        if found is None or found.lastgroup is None:
            return
        kind = found.lastgroup
        start, position = found.span(kind)
        if kind == "comment":
            position, closed = _comment_end(text, position)
            if closed:
                continue
            kind = "operator"
        elif kind == "dollar":
            kind = "string"
        piece = text[start:position]
        key = _KEYS.get(kind) or piece.lower()
        yield tuple.__new__(Token, (kind, piece, start, position, key))
        if piece == ")" and (rows := _MORE_ROWS.match(text, position)):
            start, position = rows.span()
            yield Token("rows", text[start:position], start, position, "rows of literals")


def _comment_end(text: str, position: int) -> tuple[int, bool]:
    """Where a comment that began before position ends, and whether it does; comments nest."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(text, position):
        depth += 1 if edge.group() == "/*" else -1
        if not depth:
            return edge.end(), True
    return len(text), False


def same_place(position: int, text: str, original: str) -> int:
    """Where in the original stands the token that a position of the text is in; 0 if it does not.

    Positions count characters from 1, as those of errors do.
    """
    before = [token for token in scan(text) if token.start < position]
    if not before:
        return 0
    key, number = before[-1].key, sum(token.key == before[-1].key for token in before)
    same = (token.start + 1 for token in scan(original) if token.key == key)
    return next(islice(same, number - 1, None), 0)


def split(text: str) -> list[str]:
    """The statements of a text, without their semicolons; empty ones are dropped."""
    statements: list[str] = []
    first: Token | None = None
    last: Token | None = None
    for token in scan(text):
        if token.key != ";":
            first, last = first or token, token
        elif first and last:
            statements.append(text[first.start : last.end])
            first = last = None
    if first and last:
        statements.append(text[first.start : last.end])
    return statements


def is_cast(keys: Sequence[str], index: int) -> bool:
    """Whether the type at this index is what a value is cast to, by :: or by CAST(.. AS ..)."""
    return cast_end(keys, index) > 0


def cast_end(keys: Sequence[str], index: int) -> int:
    """The index after the type at this index, 0 if no value is cast to it; [] is not part of it."""
    before = keys[index - 1] if index else ""
    if before not in ("::", "as"):
        return 0
    end = _type_end(keys, index)
    if before == "::":
        return end
    closing = end
    while keys[closing : closing + 1] and keys[closing] in _ARRAY_KEYS:
        closing += 1
    is_call = keys[closing : closing + 1] == [")"]
    opening = opening_of(keys, closing) if is_call else 0
    return end if opening > 0 and keys[opening - 1] == "cast" else 0


def _type_end(keys: Sequence[str], index: int) -> int:
    end = index + (3 if keys[index + 1 : index + 2] == ["."] else 1)
    while keys[end : end + 1] and keys[end] in _TYPE_WORDS:
        if keys[end] == "(":
            while keys[end : end + 1] not in ([")"], []):
                end += 1
        end += 1
    return end


def opening_of(keys: Sequence[str], closing: int) -> int:
    """The index of the parenthesis that the one at this index closes; -1 if there is none."""
    depth = 0
    for index in range(closing, -1, -1):
        depth += {")": 1, "(": -1}.get(keys[index], 0)
        if not depth:
            return index
    return -1


def identifier(token: Token) -> str:
    """The name that a word or a quoted name stands for; Redshift folds both to lower case.

    https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
    """
    if token.kind not in ("word", "quoted"):
        raise syntax_error(token.text)
    name = token.text[1:-1].replace('""', '"') if token.kind == "quoted" else token.text
    return fold(name)


def whole_name(name: str) -> str:
    """The name as it is. Raises SqlError for one that PostgreSQL would cut."""
    if len(name.encode()) > POSTGRES_NAME_BYTES:
        raise not_supported(f"the sandbox takes names of up to {POSTGRES_NAME_BYTES} bytes: {name}")
    return name


def sql_name(token: Token) -> str:
    """A word or a quoted name as PostgreSQL should read it.

    A word stays a word, so that PostgreSQL goes on refusing its reserved ones; #name, a temporary
    table's, has to be quoted.
    """
    name = identifier(token)
    return quote_name(name) if token.kind == "quoted" or name.startswith("#") else token.text


def fold(name: str) -> str:
    """A name with its ASCII letters in lower case."""
    return name.lower() if name.isascii() else re.sub("[A-Z]+", lambda m: m.group().lower(), name)


def words(text: str) -> frozenset[str]:
    """The words of a text, for tables of them."""
    return frozenset(text.split())


def quote_name(name: str) -> str:
    """A name as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'
