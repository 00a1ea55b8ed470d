"""SELECT, INSERT, UPDATE, DELETE and MERGE: checked as a tree, and rewritten where necessary."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from sandbox.dialect.calls import (
    VALUES,
    named_after_argument,
    own_function,
    rewrite_call,
    rewrite_extract,
)
from sandbox.dialect.cast_types import cast_type
from sandbox.dialect.functions import check_function, section_of
from sandbox.dialect.grammar import parse, write
from sandbox.dialect.literals import plain
from sandbox.dialect.nodes import check_nodes
from sandbox.dialect.query_checks import check_query
from sandbox.dialect.select_lists import mark_aliases, qualify
from sandbox.dialect.sql_text import Token, tokens, words
from sandbox.dialect.tables_read import TablesRead, tables_read
from sandbox.dialect.windows import rewrite_window, rewrite_within_group
from sandbox.errors import FEATURE_NOT_SUPPORTED, SqlError, not_supported

_LEADER_MESSAGE = (
    "Specified types or functions (one per INFO message) not supported on Amazon Redshift tables."
)
# Words that sqlglot reads as it reads others, and PostgreSQL does not know.
_OTHER_WORDS = frozenset(("top", "minus", "approximate", "convert"))


@dataclass(frozen=True)
class Query:
    """A query for PostgreSQL, the tables that it reads, and what its aliases may stand for.

    `aliases` are texts that follow a name in `sql`, with what comes instead of both if no table
    has a column of that name.
    """

    sql: str
    tables: TablesRead = field(default_factory=TablesRead)
    aliases: tuple[tuple[str, str], ...] = ()


def translate_query(text: str, found: Sequence[Token], makes_table: bool = False) -> Query:
    """Translate a query, which may be what a table is made of.

    Raises SqlError for what Redshift refuses or the sandbox does not do.
    """
    rows = found[-1].kind == "rows"
    head, tail = (found[:-1], plain(text, found[-1:])) if rows else (found, "")
    sql = plain(text, head)
    tree = parse(sql)
    translation = _Rewriting(tree, makes_table)
    translation.run()
    if translation.changed or _OTHER_WORDS & {token.key for token in head}:
        sql = write(tree)
    aliases = tuple((mark, f"({write(value.copy())})") for mark, value in translation.marks.items())
    return Query(sql + tail, translation.tables, aliases)


def translate_expression(text: str) -> str:
    """Translate an expression that reads no table. Raises SqlError as `translate_query` does."""
    query = f"SELECT {text}"
    return translate_query(query, tokens(query)).sql.removeprefix("SELECT ")


class _Rewriting:
    """One pass over a tree, which checks each part and replaces what PostgreSQL reads otherwise."""

    def __init__(self, tree: exp.Expr, makes_table: bool) -> None:
        self.tree = tree
        self.writes = makes_table or isinstance(tree, exp.Insert) or tree.find(exp.Into)
        self.tables = tables_read(tree)
        self.marks: dict[str, exp.Expr] = {}
        self.changed = False

    def run(self) -> None:
        """Make a tree that PostgreSQL understands. Raises SqlError for what is refused."""
        check_query(self.tree, self.tables)
        check_nodes(self.tree, self.tables.only_of_system)
        for node in list(self.tree.walk(bfs=False)):
            handler = _HANDLERS.get(type(node))
            if handler:
                handler(self, node)
        for select in list(self.tree.find_all(exp.Select)):
            mark_aliases(select, self.marks)
            if select.args.get("qualify"):
                qualify(select)
                self.changed = True
        self.changed = self.changed or bool(self.marks)

    def replace(self, node: exp.Expr, other: exp.Expr | None) -> None:
        """Put another node in this one's place."""
        if other is not None:
            self.changed = True
        if other is not None and other is not node:
            node.replace(other)

    def column(self, column: exp.Column) -> None:
        """CURRENT_DATE, SYSDATE and their like look like columns."""
        name = column.name.lower()
        if column.table or column.this.args.get("quoted"):
            return
        if name in _LIKE_COLUMNS:
            check_function(name, not self.tables.of_user)
        if name in _LIKE_COLUMNS and section_of(name) == "leader":
            self.check_leader(name)
        if name in VALUES:
            self.replace(column, own_function(f'"{VALUES[name]}"', []))

    def call(self, call: exp.Anonymous) -> None:
        """A function by its name, which may be quoted."""
        name = call.name.lower()
        if name == "values" and call.find_ancestor(exp.When):
            return
        schema = call.parent.this if isinstance(call.parent, exp.Dot) else None
        if isinstance(schema, exp.Identifier) and schema.name != "pg_catalog":
            raise not_supported(f"the sandbox does not do the function {schema.name}.{name}()")
        if section_of(name) == "leader" or name == "generate_series":
            self.check_leader(name)
        is_list = name == "array" and not isinstance(call.expressions[0], exp.Query)
        check_function(name, not self.tables.of_user and not is_list)
        self.replace(call, rewrite_call(call, name) or named_after_argument(call, name))

    def check_leader(self, name: str) -> None:
        """Raise SqlError for a function of the leader node's where a table is read."""
        if self.tables.of_user or (name == "generate_series" and self.writes):
            raise leader_error(f"{name}()")

    def extract(self, extract: exp.Extract) -> None:
        """EXTRACT returns an integer."""
        self.replace(extract, rewrite_extract(extract))

    def type(self, data_type: exp.DataType) -> None:
        """A cast without a length means another one than PostgreSQL's."""
        written = data_type.meta.get("written") or data_type.sql("redshift")
        data_type.meta["sql"] = sql = cast_type(written, self.tables.only_of_system)
        name = written.lower()
        if name in _TYPES_WITH_A_LENGTH or re.match("(nvarchar|nchar)\\b|.*\\bmax\\b", name):
            self.changed = self.changed or sql != name

    def window(self, window: exp.Window) -> None:
        """A window function."""
        self.changed = rewrite_window(window) or self.changed

    def within_group(self, group: exp.WithinGroup) -> None:
        """An ordered aggregate, unless it is a window function's, which comes first."""
        if group.parent is not None:
            rewrite_within_group(group)
            self.changed = True

    def into(self, into: exp.Into) -> None:
        """SELECT INTO #name makes a temporary table."""
        if into.this.name.startswith("#") and not into.args.get("temporary"):
            into.set("temporary", True)
            self.changed = True

    def delete(self, delete: exp.Delete) -> None:
        """FROM may be left out."""
        if delete.args.get("tables") and not delete.this:
            delete.set("this", delete.args["tables"][0])
            delete.set("tables", None)
            self.changed = True


_LIKE_COLUMNS = words(
    "current_aws_account current_namespace current_schema current_session_arn current_time"
    " current_timestamp localtime localtimestamp"
)
_TYPES_WITH_A_LENGTH = words("varchar nvarchar text bpchar nchar numeric decimal dec") | {
    "character varying"
}
_HANDLERS: dict[type[exp.Expr], Callable[[_Rewriting, Any], None]] = {
    exp.Anonymous: _Rewriting.call,
    exp.Column: _Rewriting.column,
    exp.DataType: _Rewriting.type,
    exp.Delete: _Rewriting.delete,
    exp.Extract: _Rewriting.extract,
    exp.Into: _Rewriting.into,
    exp.Window: _Rewriting.window,
    exp.WithinGroup: _Rewriting.within_group,
}


def leader_error(function: str) -> SqlError:
    """A function that only the leader node has, in a query of a table."""
    return SqlError(
        _LEADER_MESSAGE,
        FEATURE_NOT_SUPPORTED,
        detail=f'Function "{function}" not supported.',
        hint="Only the leader node has it; use GETDATE() or SYSDATE for the time.",
    )
