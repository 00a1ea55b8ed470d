"""Calls of functions that PostgreSQL has under another name, or as another construct."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from sandbox.dialect.date_parts import date_part
from sandbox.dialect.sql_text import words
from sandbox.errors import SqlError

# The names that a column has by default, which is what PostgreSQL has to see.
# https://docs.aws.amazon.com/redshift/latest/dg/r_DATEADD_function.html
# https://docs.aws.amazon.com/redshift/latest/dg/r_NVL_function.html
_OTHER_NAMES = {
    "date_part": "pgdate_part",
    "dateadd": "date_add",
    "datediff": "date_diff",
    "log": "dlog10",
    "nvl": "coalesce",
}
_WITH_PARTS = words("date_part pgdate_part date_trunc dateadd date_add datediff date_diff")
# What stands for a value without parentheses, by the name that its column has.
VALUES = {
    "current_date": "date",
    "current_user_id": "current_user_id",
    "sysdate": "timestamp",
}


def own_function(name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """A call of a function of the sandbox's own."""
    call = exp.Anonymous(this=name, expressions=arguments)
    return exp.Dot(this=exp.to_identifier("sandbox"), expression=call)


def rewrite_call(call: exp.Anonymous, name: str) -> exp.Expr | None:
    """What comes instead of a call, None if it stays. Raises SqlError for wrong arguments."""
    has_changed = name in _WITH_PARTS and _name_part(call, name)
    if name in _CONSTRUCTS:
        return _CONSTRUCTS[name](call)
    if name in _OTHER_NAMES:
        call.set("this", _OTHER_NAMES[name])
        return call
    return call if has_changed else None


def named_after_argument(call: exp.Anonymous, name: str) -> exp.Expr | None:
    """NULLIF as a column that has the name of its first argument.

    https://docs.aws.amazon.com/redshift/latest/dg/r_NULLIF_function.html
    """
    first = call.expressions[0] if call.expressions else None
    is_item = isinstance(call.parent, exp.Select) and call.arg_key == "expressions"
    if name != "nullif" or not is_item or not isinstance(first, exp.Column):
        return None
    return exp.alias_(call.copy(), first.name.lower(), quoted=True)


def rewrite_extract(extract: exp.Extract) -> exp.Expr:
    """EXTRACT as a function of the sandbox's, which returns an integer."""
    part = exp.Literal.string(date_part(extract.this.name, "extract"))
    return own_function("date_part", [part, extract.expression])


def _name_part(call: exp.Anonymous, name: str) -> bool:
    """Make a date part the literal that PostgreSQL knows; whether it was something else."""
    first = call.expressions[0] if call.expressions else None
    is_word = isinstance(first, exp.Column) and not first.table
    if first is None or not (is_word or first.is_string):
        return False
    part = date_part(first.name, name)
    if not part or (first.is_string and part == first.name):
        return False
    first.replace(exp.Literal.string(part))
    return True


def _nvl2(call: exp.Anonymous) -> exp.Expr:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_NVL2.html"""
    value, known, unknown = _arguments(call, 3, 3)
    return exp.Case(ifs=[exp.If(this=_is_null(value, False), true=known)], default=unknown)


def _decode(call: exp.Anonymous) -> exp.Expr:
    """NULL equals NULL here. https://docs.aws.amazon.com/redshift/latest/dg/r_DECODE_expression.html"""
    value, *rest = _arguments(call, 3, 1000)
    default = rest.pop() if len(rest) % 2 else None
    branches = [
        exp.If(this=_same(value, search), true=result)
        for search, result in zip(rest[::2], rest[1::2], strict=True)
    ]
    return exp.Case(ifs=branches, default=default)


def _same(value: exp.Expr, search: exp.Expr) -> exp.Expr:
    if isinstance(search, exp.Null):
        return _is_null(value.copy(), True)
    equal = exp.EQ(this=exp.paren(value.copy()), expression=exp.paren(search))
    if search.is_string or search.is_number:
        return equal
    both = exp.and_(_is_null(value.copy(), True), _is_null(search.copy(), True))
    return exp.or_(equal, both)


def _is_null(value: exp.Expr, expected: bool) -> exp.Expr:
    test = exp.Is(this=exp.paren(value), expression=exp.Null())
    return test if expected else exp.Not(this=test)


def _arguments(call: exp.Anonymous, fewest: int, most: int) -> list[exp.Expr]:
    found: list[exp.Expr] = list(call.expressions)
    if not fewest <= len(found) <= most:
        raise SqlError(
            f"function {call.name.lower()} does not take {len(found)} arguments", "42883"
        )
    return found


_CONSTRUCTS: dict[str, Callable[[exp.Anonymous], exp.Expr]] = {
    "decode": _decode,
    "nvl2": _nvl2,
}
