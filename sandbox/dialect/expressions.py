"""Rewrites inside a statement: what PostgreSQL would not parse, or would read differently."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sandbox.dialect.column_types import MAX_VARCHAR
from sandbox.dialect.refusals import is_call
from sandbox.dialect.sql_text import Token, fold, is_cast, sql_name
from sandbox.errors import SqlError, not_supported

# https://docs.aws.amazon.com/redshift/latest/dg/r_Dateparts_for_datetime_functions.html
_DATE_PARTS = {
    "millennium": "millennium millennia mil mils",
    "century": "century centuries c cent cents",
    "decade": "decade decades dec decs",
    "epoch": "epoch",
    "year": "year years y yr yrs",
    "quarter": "quarter quarters qtr qtrs",
    "month": "month months mon mons",
    "week": "week weeks w",
    "dow": "dayofweek dow dw weekday",
    "doy": "dayofyear doy dy yearday",
    "day": "day days d",
    "hour": "hour hours h hr hrs",
    "minute": "minute minutes m min mins",
    "second": "second seconds s sec secs",
    "millisecond": "millisecond milliseconds ms msec msecs msecond mseconds"
    " millisec millisecs millisecon",
    "microsecond": "microsecond microseconds microsec microsecs usecond useconds us usec usecs",
}
_PART_NAMES = {alias: name for name, aliases in _DATE_PARTS.items() for alias in aliases.split()}
_PART_FUNCTIONS = frozenset(
    ("date_part", "pgdate_part", "date_trunc", "dateadd", "date_add", "datediff", "date_diff")
)
_VARCHARS = ("varchar", "nvarchar", "varying")
_PARTS_OF_DATES = frozenset(("date_part", "pgdate_part"))
# The names that a column has by default, which is what PostgreSQL has to see.
# https://docs.aws.amazon.com/redshift/latest/dg/r_DATEADD_function.html
# https://docs.aws.amazon.com/redshift/latest/dg/r_NVL_function.html
_CALLS = {
    "date_part": "pgdate_part",
    "dateadd": "date_add",
    "datediff": "date_diff",
    "log": "dlog10",
    "nvl": "coalesce",
}
_VALUES = {"current_date": "sandbox.date()", "sysdate": 'sandbox."timestamp"()'}
# What a cast to a type without its length or precision means.
# https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
# https://docs.aws.amazon.com/redshift/latest/dg/r_Numeric_types201.html
_CASTS = {
    "numeric": "numeric(18,0)",
    "decimal": "decimal(18,0)",
    "varchar": "varchar(256)",
    "nvarchar": "varchar(256)",
    "text": "varchar(256)",
    "varying": "varying(256)",
    "bpchar": "char(256)",
    "nchar": "char(1)",
}
# The same with a length.
_LONG_CASTS = {"nvarchar": "varchar", "nchar": "char"}

_WORDS = {"delete", "extract", "from", "max", *_PART_NAMES, *_CASTS, *_CALLS, *_VALUES}

_LITERAL = re.compile(r"'(?:[^'\\]++|\\.|'')*+'", re.DOTALL)

# A token to replace, and the text that comes instead of it.
_Edit = tuple[Token, str]


def rewrite_expressions(statement: str, found: Sequence[Token]) -> str:
    """The statement with its tokens replaced where the dialects differ, and otherwise untouched."""
    pieces: list[str] = []
    position = 0
    for token, replacement in _edits(found):
        pieces += statement[position : token.start], replacement
        position = token.end
    return "".join(pieces) + statement[position:] if pieces else statement


def _edits(found: Sequence[Token]) -> Iterator[_Edit]:
    keys = [token.key for token in found]
    for index, token in enumerate(found):
        if token.kind == "word" and token.key not in _WORDS and token.key[0] != "#":
            continue
        replacement = _rewrite(found, keys, index)
        if replacement is not None and replacement != token.text:
            yield token, replacement


def _rewrite(found: Sequence[Token], keys: list[str], index: int) -> str | None:
    token = found[index]
    if token.kind == "rows":
        return _LITERAL.sub(_escaped, token.text) if "\\" in token.text else None
    if token.kind == "string":
        return _rewrite_literal(token, keys, index)
    if token.kind == "quoted":
        # https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
        return fold(token.text)
    if token.kind == "word":
        return _rewrite_word(token, keys, index)
    return None


def _rewrite_literal(token: Token, keys: list[str], index: int) -> str | None:
    """A backslash escapes in an ordinary literal, which PostgreSQL has to be told."""
    if _is_date_part(keys, index) or _is_extract(keys, index - 2):
        return _date_part(token.text[1:-1], keys[index - 2])
    return f"E{token.text}" if "\\" in token.text and token.text[0] == "'" else None


def _escaped(literal: re.Match[str]) -> str:
    return f"E{literal[0]}" if "\\" in literal[0] else literal[0]


def _rewrite_word(token: Token, keys: list[str], index: int) -> str | None:
    key, before = token.key, keys[index - 1] if index else ""
    after = keys[index + 1] if index + 1 < len(keys) else ""
    if key[0] == "#":
        name = sql_name(token)
        return f"TEMP {name}" if before == "into" and keys[0] in ("select", "with") else name
    if key in _VALUES and before not in (".", "as") and after not in ("(", "."):
        return _VALUES[key]
    if key in _CALLS and is_call(keys, index):
        return _CALLS[key]
    if key == "delete" and after != "from" and _begins_statement(keys, index):
        return f"{token.text} FROM"
    if key in _CASTS and index and before != ".":
        return _rewrite_cast(key, keys, index)
    if key == "max" and after == ")" and before == "(" and keys[index - 2] in _VARCHARS:
        return str(MAX_VARCHAR)
    return _rewrite_date_part(token, keys, index)


def _rewrite_cast(key: str, keys: list[str], index: int) -> str | None:
    first = index - 1 if key == "varying" and keys[index - 1] == "character" else index
    if not is_cast(keys, first):
        return None
    has_length = keys[index + 1 : index + 2] == ["("]
    return _LONG_CASTS.get(key) if has_length else _CASTS[key]


def _rewrite_date_part(token: Token, keys: list[str], index: int) -> str | None:
    """EXTRACT(part FROM x) becomes a function of the sandbox's, which returns an integer."""
    if token.key == "extract" and _is_extract(keys, index):
        if keys[index + 2] not in _PART_NAMES and keys[index + 2] != "'":
            raise _unknown_part(keys[index + 2])
        return "sandbox.date_part"
    if token.key == "from":
        return "," if _is_extract(keys, index - 3) else None
    if _is_extract(keys, index - 2):
        return _date_part(token.text, "extract")
    if keys[index + 1 : index + 2] == [","] and _is_date_part(keys, index):
        return _date_part(token.text, keys[index - 2])
    return None


def _is_extract(keys: list[str], index: int) -> bool:
    """Whether EXTRACT(part FROM begins at this index."""
    return (
        index >= 0
        and keys[index : index + 2] == ["extract", "("]
        and keys[index + 3 : index + 4] == ["from"]
    )


def _date_part(written: str, function: str) -> str | None:
    """The part as PostgreSQL calls it. Raises SqlError for one that only PostgreSQL has."""
    name = _PART_NAMES.get(written.lower())
    if name == "millisecond" and function in _PARTS_OF_DATES:
        raise not_supported("the sandbox does not do DATE_PART of milliseconds; use EXTRACT")
    if name is None and (function == "extract" or function in _PARTS_OF_DATES):
        raise _unknown_part(written.lower())
    return f"'{name}'" if name else None


def _unknown_part(name: str) -> SqlError:
    return not_supported(f'the sandbox does not do the date part "{name}"')


def _is_date_part(keys: list[str], index: int) -> bool:
    return index >= 2 and keys[index - 1] == "(" and keys[index - 2] in _PART_FUNCTIONS


def _begins_statement(keys: list[str], index: int) -> bool:
    """DELETE that begins the statement, or follows its WITH queries."""
    return index == 0 or (keys[0] == "with" and keys[index - 1] == ")")
