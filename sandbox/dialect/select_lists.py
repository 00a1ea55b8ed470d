"""QUALIFY, and the names that a select list gives, which its other parts may use.

https://docs.aws.amazon.com/redshift/latest/dg/r_QUALIFY_clause.html
https://docs.aws.amazon.com/redshift/latest/dg/r_SELECT_list.html
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sandbox.errors import SYNTAX_ERROR, SqlError, not_supported

# Where a name of the select list may stand, besides its later items.
_CLAUSES = ("where", "group", "having", "qualify")
_INNER = ("from_", "joins", "where", "group", "having")
_OUTER = ("limit", "offset", "distinct", "into", "with_")


def mark_aliases(select: exp.Select, marks: dict[str, exp.Expr]) -> None:
    """Mark what may mean an alias, and add what the alias stands for to `marks`.

    A column of the tables goes before an alias of the same name: PostgreSQL knows which there are.
    """
    known: dict[str, exp.Expr] = {}
    for item in select.expressions:
        _mark(item, known, marks)
        if isinstance(item, exp.Alias):
            known.setdefault(item.alias.lower(), item.this)
    for clause in _CLAUSES:
        if known and (part := select.args.get(clause)):
            _mark(part, known, marks)


def _mark(tree: exp.Expr, known: dict[str, exp.Expr], marks: dict[str, exp.Expr]) -> None:
    for column in _columns(tree) if known else ():
        meaning = known.get(column.name.lower())
        if meaning is not None and not column.table and "mark" not in column.meta:
            column.meta["mark"] = mark = f"/*{len(marks) + 1}*/"
            marks[mark] = meaning


def _columns(tree: exp.Expr) -> Iterator[exp.Column]:
    """The columns of an expression, without those in queries inside it."""
    for node in tree.walk(prune=lambda node: isinstance(node, exp.Query)):
        if isinstance(node, exp.Column):
            yield node


def qualify(select: exp.Select) -> None:
    """Replace QUALIFY by a query around this one, which keeps the rows that it asks for.

    Raises SqlError where the name before it has no alias, for which it would be taken.
    """
    _check_alias(select)
    inner = exp.Select(**{key: select.args.get(key) for key in _INNER})
    names = _Names(inner)
    items = [part for item in select.expressions for part in _items(item, select, names)]
    keep = _kept(select.args["qualify"].this, names)
    order = select.args.get("order")
    for key in (*_INNER, "qualify"):
        select.set(key, None)
    select.set("expressions", items)
    select.set("from_", exp.From(this=inner.subquery("qualified", copy=False)))
    select.set("where", exp.Where(this=keep))
    if order:
        _order_outside(order, {item.alias_or_name.lower() for item in items}, names)


def _check_alias(select: exp.Select) -> None:
    if any(select.args.get(clause) for clause in ("where", "group", "having")):
        return
    joins = select.args.get("joins") or []
    last = (joins[-1] if joins else select.args["from_"]).this
    if isinstance(last, exp.Table) and not last.alias:
        message = f'"{last.name}" needs an alias, as QUALIFY follows it directly'
        raise SqlError(message, SYNTAX_ERROR)


def _kept(condition: exp.Expr, names: _Names) -> exp.Expr:
    """The condition outside; a rank is compared there, where PostgreSQL stops at the last one."""
    terms = list(condition.flatten()) if isinstance(condition, exp.And) else [condition]
    kept: list[exp.Expr] = []
    for term in terms:
        if isinstance(term, exp.EQ | exp.LT | exp.LTE) and isinstance(term.this, exp.Window):
            kept.append(type(term)(this=names.add(term.this), expression=term.expression))
        else:
            kept.append(names.add(term))
    return exp.and_(*kept, copy=False)


class _Names:
    """The columns of the query inside, under names that nobody else uses."""

    def __init__(self, inner: exp.Select) -> None:
        self.inner = inner

    def add(self, value: exp.Expr) -> exp.Column:
        """Compute this inside, and return what it is called outside."""
        name = f"sandbox {len(self.inner.expressions) + 1}"
        self.inner.append("expressions", exp.alias_(value, name, quoted=True, copy=False))
        return exp.column(name, quoted=True)


def _items(item: exp.Expr, select: exp.Select, names: _Names) -> Iterator[exp.Expr]:
    if item.is_star:
        for table in _starred(item, select):
            whole = names.add(exp.column(table.alias_or_name.lower(), quoted=True))
            yield exp.Dot(this=exp.Paren(this=whole), expression=exp.Star())
        return
    value = item.this if isinstance(item, exp.Alias) else item
    yield exp.alias_(names.add(value), _column_name(item), quoted=True)


def _starred(item: exp.Expr, select: exp.Select) -> list[exp.Expr]:
    """The tables whose columns a star means."""
    joins = select.args.get("joins") or []
    if any(join.args.get("using") or join.args.get("method") for join in joins):
        raise not_supported("the sandbox does not do QUALIFY with * and JOIN .. USING")
    tables = [select.args["from_"].this, *(join.this for join in joins)]
    table = item.table if isinstance(item, exp.Column) else ""
    return [each for each in tables if table.lower() in ("", each.alias_or_name.lower())]


def _column_name(item: exp.Expr) -> str:
    """The name that PostgreSQL gives to an item of a select list."""
    if isinstance(item, exp.Alias | exp.Column):
        return str(item.alias_or_name).lower()
    if isinstance(item, exp.Window | exp.WithinGroup | exp.Paren):
        return _column_name(item.this)
    if isinstance(item, exp.Anonymous):
        return str(item.name).lower()
    if isinstance(item, exp.Dot):
        return _column_name(item.expression)
    if isinstance(item, exp.Case):
        return "case"
    if isinstance(item, exp.Cast):
        inner = _column_name(item.this)
        return inner if inner != "?column?" else item.to.meta["sql"].partition("(")[0]
    return "?column?"


def _order_outside(order: exp.Order, named: set[str], names: _Names) -> None:
    for term in order.expressions:
        value = term.this
        is_name = isinstance(value, exp.Column) and not value.table and value.name.lower() in named
        if not is_name and not (isinstance(value, exp.Literal) and not value.is_string):
            term.set("this", names.add(value))
