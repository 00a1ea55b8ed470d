"""Clauses that PostgreSQL knows and Redshift does not, in places where both have others.

https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from sandbox.dialect.tables_read import TablesRead
from sandbox.errors import SYNTAX_ERROR, SqlError, not_supported, syntax_error

_MERGE_GRAMMAR = (
    "MERGE INTO target USING source [[AS] alias] ON condition "
    "WHEN MATCHED THEN {UPDATE SET .. | DELETE} WHEN NOT MATCHED THEN INSERT [(..)] VALUES (..)"
)
_CHANGES = (exp.Insert, exp.Update, exp.Delete, exp.Merge)


# What PostgreSQL's catalogue has of its own, and would show of the sandbox's objects.
_OF_POSTGRES = ("pg_statio_", "pg_indexes", "pg_sequences")
_INFORMATION = ("columns", "schemata", "table_privileges", "tables", "views")
_SYSTEM_COLUMNS = ("cmax", "cmin", "ctid", "tableoid", "xmax", "xmin")


def check_query(tree: exp.Expr, tables: TablesRead) -> None:
    """Raise SqlError for what Redshift's grammar does not have."""
    if isinstance(tree, exp.Insert | exp.Merge) and tree.args.get("with_"):
        raise syntax_error(tree.key)
    for node in tree.walk():
        check = _CHECKS.get(type(node))
        if check:
            check(node, tables)


def _check_with(query: exp.CTE, _: TablesRead) -> None:
    if isinstance(query.this, _CHANGES):
        raise syntax_error(query.this.key)
    if query.args.get("materialized") is not None:
        raise not_supported("WITH .. AS MATERIALIZED is not supported by Amazon Redshift")


def _check_values(rows: exp.Expr, _: TablesRead) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/c_Examples_of_INSERT_30.html"""
    if isinstance(rows, exp.Anonymous) and rows.name.upper() != "VALUES":
        return
    if not isinstance(rows.parent, exp.Insert) and not rows.find_ancestor(exp.When):
        raise not_supported(
            "a VALUES list as a table is not supported by Amazon Redshift",
            "Use SELECT .. UNION ALL SELECT.",
        )
    if len(rows.expressions) > 1 and isinstance(rows, exp.Values) and rows.find(exp.Query):
        raise not_supported("cannot use subqueries in multi-row VALUES")


def _check_array(test: exp.Expr, tables: TablesRead) -> None:
    if not test.find(exp.Query) and not tables.only_of_system:
        raise not_supported("an array is not supported by Amazon Redshift", "Use IN.")


def _check_set_operation(operation: exp.SetOperation, _: TablesRead) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_UNION.html"""
    if not isinstance(operation, exp.Union) and operation.args.get("distinct") is False:
        raise not_supported(f"{operation.key.upper()} ALL is not supported by Amazon Redshift")
    for side in (operation.this, operation.expression):
        query = side.unnest() if isinstance(side, exp.Subquery) else side
        if query.args.get("limit") or query.args.get("offset"):
            raise not_supported("LIMIT may not be used within input to set operations.")


def _check_table(table: exp.Table, _: TablesRead) -> None:
    name = table.name.lower()
    is_hidden = table.db.lower() == "information_schema" and name not in _INFORMATION
    if is_hidden or name.startswith(_OF_POSTGRES):
        raise not_supported(f"the sandbox does not do the system table {name}")


def _check_column(column: exp.Column, tables: TablesRead) -> None:
    if column.name.lower() in _SYSTEM_COLUMNS and tables.of_user:
        raise not_supported(f"the sandbox does not do the system column {column.name}")


def _check_orders(select: exp.Select, _: TablesRead) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_LISTAGG.html"""
    groups = [item for item in select.find_all(exp.WithinGroup) if _is_of(item, select)]
    if len({group.expression.sql() for group in groups}) > 1:
        raise not_supported(
            "within group ORDER BY clauses for aggregate functions must be the same"
        )


def _is_of(group: exp.WithinGroup, select: exp.Select) -> bool:
    """True if it is an aggregate of this query, and no window function."""
    return group.parent_select is select and not isinstance(group.parent, exp.Window)


def _check_merge(merge: exp.Merge, _: TablesRead) -> None:
    if merge.this.args.get("alias"):
        raise _departs("the target of a MERGE takes no alias; write its full name")
    source = merge.args["using"]
    names = {table.name for table in source.find_all(exp.Table)}
    if isinstance(source, exp.Subquery) and merge.this.name in names:
        raise not_supported(
            "Source view/subquery in Merge statement cannot reference target table."
        )
    whens = merge.args["whens"].expressions
    if any(when.args.get("condition") or when.args.get("source") for when in whens):
        raise _departs("WHEN [NOT] MATCHED takes no further condition")
    if [bool(when.args.get("matched")) for when in whens] != [True, False]:
        raise _departs("a MERGE needs WHEN MATCHED and then WHEN NOT MATCHED, once each")
    matched, missing = (when.args["then"] for when in whens)
    is_delete = isinstance(matched, exp.Var) and matched.name.upper() == "DELETE"
    if not (isinstance(matched, exp.Update) or is_delete):
        raise _departs("WHEN MATCHED takes UPDATE SET or DELETE")
    if not isinstance(missing, exp.Insert):
        raise _departs("WHEN NOT MATCHED takes INSERT")
    if not missing.find(exp.Tuple, exp.Anonymous) or missing.find(exp.Alias):
        raise _departs("INSERT takes VALUES here")


def _departs(message: str) -> SqlError:
    return SqlError(message, SYNTAX_ERROR, hint=_MERGE_GRAMMAR)


_CHECKS: dict[type[exp.Expr], Callable[[Any, TablesRead], None]] = {
    exp.All: _check_array,
    exp.Anonymous: _check_values,
    exp.Any: _check_array,
    exp.CTE: _check_with,
    exp.Column: _check_column,
    exp.Except: _check_set_operation,
    exp.Intersect: _check_set_operation,
    exp.Merge: _check_merge,
    exp.Select: _check_orders,
    exp.Table: _check_table,
    exp.Union: _check_set_operation,
    exp.Values: _check_values,
}
