"""Translates Redshift's SQL into PostgreSQL's, one statement at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.dialect.alter_table import alter_table
from sandbox.dialect.create_table import TableAttributes, create_table
from sandbox.dialect.expressions import rewrite_expressions
from sandbox.dialect.refusals import refuse
from sandbox.dialect.rights import create_role, create_user, grant
from sandbox.dialect.sql_text import tokens
from sandbox.dialect.token_reader import Reader
from sandbox.errors import SqlError

__all__ = ["TableAttributes", "Translation", "translate"]

_BEFORE_TABLE = ("local", "temp", "temporary")
# https://docs.aws.amazon.com/redshift/latest/dg/r_VACUUM_command.html
_VACUUM_KINDS = (("full",), ("sort", "only"), ("delete", "only"), ("reindex",), ("recluster",))


@dataclass(frozen=True)
class Translation:
    """A statement for PostgreSQL.

    `table` is what a CREATE TABLE declared; `commits` is true if the statement ends the
    transaction that it runs in.
    """

    sql: str
    table: TableAttributes | None = None
    commits: bool = False


def translate(statement: str) -> Translation:
    """Translate one statement; one that PostgreSQL understands in the same sense stays as it is.

    Raises SqlError for what Redshift refuses and for what the sandbox cannot do.
    """
    found = tokens(statement)
    if not found:
        return Translation(statement)
    refuse(found)
    first = found[0].key
    if first == "copy":
        return Translation(statement)
    # The quoted names of users keep their case.
    names_users = first in _RIGHTS or (first in _OF_USERS and found[1:2] and found[1].key == "user")
    sql = statement if names_users else rewrite_expressions(statement, found)
    handler = _HANDLERS.get(first)
    return handler(sql) if handler else Translation(sql)


def _create(sql: str) -> Translation:
    reader = Reader(sql)
    reader.expect("create")
    while reader.accept_one_of(_BEFORE_TABLE):
        pass
    if reader.key in _CREATE_RIGHTS:
        return Translation(_CREATE_RIGHTS[reader.key](sql))
    if reader.key != "table":
        return Translation(sql)
    translated, attributes = create_table(sql)
    return Translation(translated, attributes)


def _alter(sql: str) -> Translation:
    is_table = Reader(sql).accept("alter", "table")
    return Translation(alter_table(sql) if is_table else sql)


def _truncate(sql: str) -> Translation:
    """TRUNCATE commits. https://docs.aws.amazon.com/redshift/latest/dg/r_TRUNCATE.html"""
    reader = Reader(sql)
    reader.expect("truncate")
    reader.accept("table")
    reader.name()
    reader.finish()
    return Translation(sql, commits=True)


def _vacuum(sql: str) -> Translation:
    reader = Reader(sql)
    reader.expect("vacuum")
    any(reader.accept(*kind) for kind in _VACUUM_KINDS)
    table = f" {reader.name().sql}" if reader.key else ""
    if table and reader.accept("to"):
        _check_percentage(reader)
    reader.accept("boost")
    reader.finish()
    return Translation(f"VACUUM{table}")


def _check_percentage(reader: Reader) -> None:
    if not 0 <= reader.integer() <= 100:
        raise SqlError("VACUUM threshold must be between 0 and 100 percent", "22023")
    reader.expect("percent")


def _analyze(sql: str) -> Translation:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_ANALYZE.html"""
    reader = Reader(sql)
    reader.expect("analyze")
    reader.accept("verbose")
    if not reader.key:
        return Translation(sql)
    table = reader.name().sql
    if reader.accept("predicate", "columns") or reader.accept("all", "columns"):
        sql = f"ANALYZE {table}"
    elif reader.key == "(":
        reader.names()
    reader.finish()
    return Translation(sql)


def _show(sql: str) -> Translation:
    is_version = Reader(sql).accept("show", "server_version")
    return Translation("SELECT '8.0.2' AS server_version" if is_version else sql)


_RIGHTS, _OF_USERS = ("grant", "revoke"), ("create", "alter", "drop")
_CREATE_RIGHTS = {"role": create_role, "user": create_user}
_HANDLERS: dict[str, Callable[[str], Translation]] = {
    "alter": _alter,
    "analyze": _analyze,
    "create": _create,
    **dict.fromkeys(_RIGHTS, lambda sql: Translation(grant(sql))),
    "show": _show,
    "truncate": _truncate,
    "vacuum": _vacuum,
}
