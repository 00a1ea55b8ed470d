"""What a query may be made of. A part of the grammar that is not listed here is refused.

https://docs.aws.amazon.com/redshift/latest/dg/c_redshift-and-postgres-sql.html
"""

from __future__ import annotations

import re

from sqlglot import exp

from sandbox.errors import FEATURE_NOT_SUPPORTED, SqlError

# sqlglot's kinds of node, each with the parts that mean the same to Redshift and to PostgreSQL,
# or that this package rewrites.
_KINDS = """
Select: with_ distinct expressions from_ joins where group having qualify order limit offset into
Union Except Intersect: this expression with_ distinct order limit offset
Subquery: this alias with_ order limit offset joins
With: expressions recursive
CTE: this alias materialized
TableAlias: this columns
ColumnDef: this kind
Into: this temporary
From Where Having Qualify Offset Paren Not Neg BitwiseNot Exists Star Null Boolean Default: this
Distinct Order Tuple Schema: this expressions
Limit: this expression
Group: expressions rollup cube grouping_sets
Rollup Cube GroupingSets: expressions
Join: this on using side kind method
Table: this db catalog alias joins
Column: this table db catalog
Identifier: this quoted
Dot Collate AtTimeZone: this expression zone
Literal: this is_string
Parameter Var: this
Alias: this alias
Insert: with_ this expression default
Values Whens: expressions
Update: with_ this expressions from_ where
Delete: with_ this tables using where
Merge: this using on whens
When: matched then
Add Sub Mul Div Mod Pow DPipe BitwiseAnd BitwiseOr BitwiseXor: this expression typed safe
BitwiseLeftShift BitwiseRightShift: this expression
And Or EQ NEQ GT GTE LT LTE Is SimilarTo RegexpLike RegexpILike Escape: this expression
Like ILike: this expression negate
Operator: this operator expression
Between: this low high
In: this expressions query
Any All: this
Case: this ifs default
If: this true
Interval: this unit
IntervalSpan: this expression
Cast: this to
DataType DataTypeParam: this expressions nested values kind
ObjectIdentifier PseudoType: this
Extract: this expression
StrPosition: this substr
Substring: this start length
Trim: this expression position
Anonymous: this expressions
WithinGroup: this expression
Window: this partition_by order spec over alias
WindowSpec: kind start start_side end end_side
Ordered: this desc nulls_first
IgnoreNulls RespectNulls: this
Sqrt Cbrt: this
"""
_PARTS: dict[str, frozenset[str]] = {
    kind: frozenset(parts.split())
    for kinds, _, parts in (line.partition(":") for line in _KINDS.strip().splitlines())
    for kind in kinds.split()
}

# Parts that Redshift's documentation says it does not have.
_REFUSED = {
    "Insert.conflict": ("ON CONFLICT", "Use MERGE, or DELETE and INSERT."),
    "Insert.returning": ("RETURNING", "SELECT the rows in a second statement."),
    "Update.returning": ("RETURNING", "SELECT the rows in a second statement."),
    "Delete.returning": ("RETURNING", "SELECT the rows in a second statement."),
    "Distinct.on": ("DISTINCT ON", "Use a sub-query with row_number()."),
    "Filter": ("FILTER (WHERE ..)", "Use CASE inside the aggregate."),
    "NullSafeEQ": ("IS NOT DISTINCT FROM", "Compare with =, and with IS NULL."),
    "NullSafeNEQ": ("IS DISTINCT FROM", "Compare with =, and with IS NULL."),
    "Select.locks": ("SELECT .. FOR UPDATE or FOR SHARE", "Use LOCK."),
    "Table.sample": ("TABLESAMPLE", ""),
    "Lateral": ("LATERAL", ""),
    "Fetch": ("FETCH FIRST", "Use LIMIT."),
    "Table.only": ("ONLY", ""),
    "JSONExtract": ("the operator ->", "Use JSON_EXTRACT_PATH_TEXT."),
    "JSONExtractScalar": ("the operator ->>", "Use JSON_EXTRACT_PATH_TEXT."),
    "JSONBExtract": ("the operator #>", "Use JSON_EXTRACT_PATH_TEXT."),
    "JSONBExtractScalar": ("the operator #>>", "Use JSON_EXTRACT_PATH_TEXT."),
    "ParseJSON": ('type "json"', "See the data types of Amazon Redshift."),
}
_UNDONE = {
    "Array": "ARRAY[..]",
    "Bracket": "subscripts",
    "Column.join_mark": "the outer join operator (+)",
    "Connect": "CONNECT BY",
    "Select.connect": "CONNECT BY",
    "Select.exclude": "EXCLUDE",
    "Select.windows": "WINDOW",
    "Star.except_": "EXCLUDE",
    "Table.pivots": "PIVOT and UNPIVOT",
    "Pivot": "PIVOT and UNPIVOT",
}
UNDONE = tuple(_UNDONE.values())
NOT_IN_REDSHIFT = tuple(what for what, _ in _REFUSED.values())
# What clients write in queries of the catalogue, which the leader runs as PostgreSQL would.
_OF_THE_LEADER = frozenset(("Array", "Bracket", "ArrayOverlaps", "ArrayContainsAll"))


def check_nodes(tree: exp.Expr, is_of_leader: bool) -> None:
    """Raise SqlError for the first part of a tree that is not done, by its name."""
    for node in tree.walk():
        kind = type(node).__name__
        if is_of_leader and kind in _OF_THE_LEADER:
            continue
        if kind not in _PARTS:
            raise _refusal(kind)
        for part, value in node.args.items():
            if value and part not in _PARTS[kind]:
                raise _refusal(f"{kind}.{part}")


def _refusal(part: str) -> SqlError:
    kind = part.partition(".")[0]
    if part in _REFUSED or kind in _REFUSED:
        what, hint = _REFUSED.get(part) or _REFUSED[kind]
        message = f"{what} is not supported by Amazon Redshift"
        return SqlError(message, FEATURE_NOT_SUPPORTED, hint=hint)
    what = _UNDONE.get(part) or _UNDONE.get(kind) or _words(part)
    return SqlError(f"the sandbox does not do {what}", FEATURE_NOT_SUPPORTED)


def _words(part: str) -> str:
    """A part's name in sqlglot as words: WindowSpec.exclude is WINDOW SPEC .. EXCLUDE."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", part.rstrip("_").replace(".", " .. ")).upper()
