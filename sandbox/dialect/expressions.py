"""Rewrites inside a statement: what PostgreSQL would not parse, or would read differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sandbox.dialect.sql_text import Token, fold, is_cast, sql_name

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
# https://docs.aws.amazon.com/redshift/latest/dg/r_Numeric_types201.html
_NUMERIC_NAMES = frozenset(("numeric", "decimal"))
_NUMERIC_DEFAULT = "(18,0)"

_WORDS = _PART_NAMES.keys() | _NUMERIC_NAMES | {"sysdate", "delete"}

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
    if _is_date_part(keys, index) or keys[max(index - 2, 0) : index] == ["extract", "("]:
        name = _PART_NAMES.get(token.text[1:-1].lower())
        return f"'{name}'" if name else None
    return f"E{token.text}" if "\\" in token.text and token.text[0] == "'" else None


def _rewrite_word(token: Token, keys: list[str], index: int) -> str | None:
    key, before = token.key, keys[index - 1] if index else ""
    after = keys[index + 1] if index + 1 < len(keys) else ""
    if key[0] == "#":
        name = sql_name(token)
        return f"TEMP {name}" if before == "into" and keys[0] in ("select", "with") else name
    if key == "sysdate" and before not in (".", "as") and after not in ("(", "."):
        return "sysdate()"
    if key == "delete" and after != "from" and _begins_statement(keys, index):
        return f"{token.text} FROM"
    if key in _NUMERIC_NAMES and after != "(" and index and is_cast(keys, index):
        return token.text + _NUMERIC_DEFAULT
    return _rewrite_date_part(key, keys, index, after)


def _rewrite_date_part(key: str, keys: list[str], index: int, after: str) -> str | None:
    if key not in _PART_NAMES:
        return None
    if after == "," and _is_date_part(keys, index):
        return f"'{_PART_NAMES[key]}'"
    if after == "from" and keys[max(index - 2, 0) : index] == ["extract", "("]:
        return _PART_NAMES[key]
    return None


def _is_date_part(keys: list[str], index: int) -> bool:
    return index >= 2 and keys[index - 1] == "(" and keys[index - 2] in _PART_FUNCTIONS


def _begins_statement(keys: list[str], index: int) -> bool:
    """DELETE that begins the statement, or follows its WITH queries."""
    return index == 0 or (keys[0] == "with" and keys[index - 1] == ")")
