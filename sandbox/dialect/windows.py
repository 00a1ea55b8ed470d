"""Window functions: the frames that Redshift demands, and what PostgreSQL lacks.

https://docs.aws.amazon.com/redshift/latest/dg/c_Window_functions.html
"""

from __future__ import annotations

from sqlglot import exp

from sandbox.dialect.calls import own_function
from sandbox.dialect.sql_text import words
from sandbox.errors import SqlError, not_supported

# Over an ordered window, these need a frame clause.
_FRAMED = words(
    "avg count first_value last_value max min nth_value stddev stddev_pop stddev_samp sum"
    " var_pop var_samp variance"
)
_KNOWN_VALUES = ("first_value", "last_value")
_WHOLE_PARTITION = exp.WindowSpec(
    kind="ROWS",
    start="UNBOUNDED",
    start_side="PRECEDING",
    end="UNBOUNDED",
    end_side="FOLLOWING",
)
# What LAG and LEAD look at, when they pass over NULLs.
_NEIGHBOURS = {
    "lag": (("UNBOUNDED", "PRECEDING"), ("1", "PRECEDING")),
    "lead": (("1", "FOLLOWING"), ("UNBOUNDED", "FOLLOWING")),
}


def rewrite_window(window: exp.Window) -> bool:
    """Rewrite a window function in place; whether that was necessary.

    Raises SqlError for one without the frame that Redshift demands, and for RANGE.
    """
    call, nulls = _unwrapped(window.this)
    if isinstance(call, exp.WithinGroup):
        rewrite_within_group(call, window)
        return True
    name = call.name.lower() if isinstance(call, exp.Anonymous) else ""
    spec = window.args.get("spec")
    if spec and spec.text("kind").upper() != "ROWS":
        raise not_supported(
            f"{spec.text('kind').upper()} in a window is not supported by Amazon Redshift"
        )
    if name in _FRAMED and window.args.get("order") and not spec:
        raise not_supported(
            "Aggregate window functions with an ORDER BY clause require a frame clause"
        )
    if name == "ratio_to_report":
        _divide_by_the_whole(window, call)
        return True
    if nulls is None:
        return False
    window.set("this", call)
    if isinstance(nulls, exp.IgnoreNulls):
        _pass_over_nulls(window, call, name)
    return True


def rewrite_within_group(group: exp.WithinGroup, window: exp.Window | None = None) -> None:
    """Replace LISTAGG and the percentiles, which PostgreSQL has otherwise, or not over a window.

    https://docs.aws.amazon.com/redshift/latest/dg/r_LISTAGG.html
    https://docs.aws.amazon.com/redshift/latest/dg/r_PERCENTILE_CONT.html
    """
    call, order = group.this, group.expression
    name = call.name.lower()
    if name.startswith("percentile_"):
        group.replace(_percentile(name, call, order))
    elif name == "listagg":
        _list(group, call, order, window)
    else:
        raise not_supported(f"the sandbox does not do {name.upper()} WITHIN GROUP")


def _percentile(name: str, call: exp.Anonymous, order: exp.Order) -> exp.Expr:
    if len(order.expressions) != 1 or len(call.expressions) != 1:
        raise not_supported(f"the sandbox does not do this form of {name.upper()}")
    (fraction,), (term,) = call.expressions, order.expressions
    if fraction.is_number and not 0 <= float(fraction.name) <= 1:
        raise SqlError(f"percentile value {fraction.name} is not between 0 and 1", "22003")
    descending = exp.Boolean(this=bool(term.args.get("desc")))
    return own_function(name, [own_function("ranked", [fraction, term.this, descending])])


def _list(
    group: exp.WithinGroup, call: exp.Anonymous, order: exp.Order, window: exp.Window | None
) -> None:
    first = call.expressions[0] if call.expressions else None
    distinct = isinstance(first, exp.Distinct)
    arguments = list(first.expressions if isinstance(first, exp.Distinct) else call.expressions)
    if window is not None:
        window.set("order", order)
        window.set("spec", _WHOLE_PARTITION.copy())
    elif arguments:
        arguments[-1] = exp.Order(this=arguments[-1], expressions=order.expressions)
    list_of = exp.Anonymous(this="listagg", expressions=arguments)
    group.replace(own_function("listagg", arguments) if distinct else list_of)


def _divide_by_the_whole(window: exp.Window, call: exp.Expr) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_WF_RATIO_TO_REPORT.html"""
    (value,) = call.expressions
    whole = window.copy()
    whole.set("this", exp.Anonymous(this="sum", expressions=[value.copy()]))
    window.replace(own_function("ratio_to_report", [value, whole]))


def _unwrapped(call: exp.Expr) -> tuple[exp.Expr, exp.Expr | None]:
    """The call without IGNORE NULLS or RESPECT NULLS, and which of them stood inside or behind."""
    if isinstance(call, exp.IgnoreNulls | exp.RespectNulls):
        return call.this, call
    first = call.expressions[0] if isinstance(call, exp.Anonymous) and call.expressions else None
    if isinstance(first, exp.IgnoreNulls | exp.RespectNulls):
        first.replace(first.this)
        return call, first
    return call, None


def _pass_over_nulls(window: exp.Window, call: exp.Expr, name: str) -> None:
    """PostgreSQL has no IGNORE NULLS; aggregates of the sandbox's own find the known values."""
    if name in _KNOWN_VALUES:
        window.set("this", own_function(name, call.expressions))
        return
    if name not in _NEIGHBOURS or (len(call.expressions) > 1 and call.expressions[1].name != "1"):
        raise not_supported(f"the sandbox does not do {name.upper()} IGNORE NULLS of this kind")
    start, end = _NEIGHBOURS[name]
    window.set("this", own_function(name, call.expressions[:1]))
    window.set(
        "spec",
        exp.WindowSpec(
            kind="ROWS", start=start[0], start_side=start[1], end=end[0], end_side=end[1]
        ),
    )
