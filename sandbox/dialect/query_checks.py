"""Clauses that PostgreSQL knows and Redshift does not, in places where both have others.

https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html
"""

from __future__ import annotations

from sqlglot import exp

from sandbox.dialect.tables_read import TablesRead
from sandbox.errors import SYNTAX_ERROR, SqlError, not_supported, syntax_error

_MERGE_GRAMMAR = (
    "MERGE INTO target USING source [[AS] alias] ON condition "
    "WHEN MATCHED THEN {UPDATE SET .. | DELETE} WHEN NOT MATCHED THEN INSERT [(..)] VALUES (..)"
)
_CHANGES = (exp.Insert, exp.Update, exp.Delete, exp.Merge)


def check_query(tree: exp.Expr, tables: TablesRead) -> None:
    """Raise SqlError for what Redshift's grammar does not have."""
    if isinstance(tree, exp.Insert | exp.Merge) and tree.args.get("with_"):
        raise syntax_error(tree.key)
    if isinstance(tree, exp.Merge):
        _check_merge(tree)
    for query in tree.find_all(exp.CTE):
        _check_with(query)
    for rows in tree.find_all(exp.Values, exp.Anonymous):
        if rows.name.upper() == "VALUES" or isinstance(rows, exp.Values):
            _check_values(rows)
    for test in tree.find_all(exp.Any, exp.All):
        if not test.find(exp.Query) and not tables.only_of_system:
            raise not_supported("an array is not supported by Amazon Redshift", "Use IN.")


def _check_with(query: exp.CTE) -> None:
    if isinstance(query.this, _CHANGES):
        raise syntax_error(query.this.key)
    if query.args.get("materialized") is not None:
        raise not_supported("WITH .. AS MATERIALIZED is not supported by Amazon Redshift")


def _check_values(rows: exp.Expr) -> None:
    if not isinstance(rows.parent, exp.Insert) and not rows.find_ancestor(exp.When):
        raise not_supported(
            "a VALUES list as a table is not supported by Amazon Redshift",
            "Use SELECT .. UNION ALL SELECT.",
        )


def _check_merge(merge: exp.Merge) -> None:
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
