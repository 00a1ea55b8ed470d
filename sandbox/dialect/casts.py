"""The types that a statement casts to, by :: or by CAST(.. AS ..)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sandbox.dialect.column_types import NOT_IN_SANDBOX, TYPE_NAMES
from sandbox.dialect.sql_text import Token, cast_end, identifier
from sandbox.errors import (
    FEATURE_NOT_SUPPORTED,
    SYNTAX_ERROR,
    SqlError,
    not_supported,
    syntax_error,
)

# Types that only the leader node has, for its catalogues.
_CATALOGUE_TYPES = frozenset(
    ("oid", "name", "regclass", "regtype", "regproc", "regprocedure", "regnamespace", "xid")
)
_KNOWN = _CATALOGUE_TYPES | {"interval"} | {name.split()[0] for name in TYPE_NAMES}
# What may stand before a literal, as in json '{}'.
_NAMES_NOT_IN_REDSHIFT = (
    "json jsonb uuid bytea xml inet cidr macaddr macaddr8 money bit varbit point box circle line"
    " lseg path polygon tsvector tsquery int4range int8range numrange tsrange tstzrange daterange"
    " int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange"
    " jsonpath pg_lsn"
)
_NOT_IN_REDSHIFT = frozenset(_NAMES_NOT_IN_REDSHIFT.split())
_END_OF_INPUT = SqlError("syntax error at end of input", SYNTAX_ERROR)
_NO_TYPE = "See the data types of Amazon Redshift."


def refuse_types(found: Sequence[Token], keys: Sequence[str], present: set[str]) -> None:
    """Raise SqlError for a type that Redshift or the sandbox has not, arrays among them."""
    if present & _NOT_IN_REDSHIFT:
        for index, key in enumerate(keys[:-1]):
            if key in _NOT_IN_REDSHIFT and keys[index + 1] == "'":
                raise _unsupported(key)
    if "::" in present or "cast" in present:
        for start, end in _casts(keys):
            _check_type(found, keys, start, end)


def _casts(keys: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where the types of casts begin and end."""
    for index in range(1, len(keys)):
        end = cast_end(keys, index) if keys[index - 1] in ("::", "as") else 0
        if end:
            yield index, end


def _check_type(found: Sequence[Token], keys: Sequence[str], start: int, end: int) -> None:
    if keys[start : start + 2] == ["pg_catalog", "."]:
        start += 2
    token = found[start] if start < len(found) else None
    if token is None or token.kind not in ("word", "quoted"):
        raise syntax_error(token.text) if token else _END_OF_INPUT
    name = identifier(token)
    if name in NOT_IN_SANDBOX:
        raise not_supported(f"the sandbox does not do casts to the type {name}")
    if name not in _KNOWN:
        raise _unsupported(name)
    if keys[end : end + 1] in (["["], ["array"]):
        raise _unsupported(f"{name}[]")


def _unsupported(name: str) -> SqlError:
    message = f'type "{name}" is not supported by Amazon Redshift'
    return SqlError(message, FEATURE_NOT_SUPPORTED, hint=_NO_TYPE)
