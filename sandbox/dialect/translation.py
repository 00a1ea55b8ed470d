"""Translates Redshift's SQL into PostgreSQL's, one statement at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from sandbox.dialect.alter_table import alter_table
from sandbox.dialect.create_table import create_table
from sandbox.dialect.literals import plain
from sandbox.dialect.query import Query, translate_query
from sandbox.dialect.record_table import record_table
from sandbox.dialect.rights import grant, user
from sandbox.dialect.sql_text import (
    POSTGRES_NAME_BYTES,
    Token,
    identifier,
    same_place,
    tokens,
    whole_name,
)
from sandbox.dialect.statements import KEPT_SETTINGS, check_statement, refuse_statement
from sandbox.dialect.tables_read import TablesRead
from sandbox.errors import SqlError, not_supported, syntax_error

_QUERIES = frozenset(("select", "with", "(", "insert", "update", "delete", "merge"))
_NAME_AT_THE_END = re.compile(r'(?:"[^"]+"|[\w$]+)$')
# Statements that are sent again and again, but no loads of literals.
_REMEMBERED, _LONGEST_REMEMBERED = 1000, 20_000


@dataclass(frozen=True)
class Translation:
    """A statement for PostgreSQL.

    `own` is one of the sandbox's own that belongs to it; `alone` names a command that cannot run
    inside a transaction; `tables` and `aliases` are those of a Query; `written` is the statement
    as it came.
    """

    sql: str
    own: str = ""
    alone: str = ""
    tables: TablesRead = field(default_factory=TablesRead)
    aliases: tuple[tuple[str, str], ...] = ()
    written: str = ""

    def place(self, position: int) -> int:
        """Where what stands at a position of `sql` was written, 0 if that is not known."""
        return (
            position if self.sql == self.written else same_place(position, self.sql, self.written)
        )

    def without_aliases(self, unknown: Callable[[str], str]) -> Translation:
        """The same with what an alias stands for where no table has a column of its name.

        `unknown(sql)` gives the mark behind the first name that no table has, "" if all are known.
        """
        sql, meanings = self.sql, dict(self.aliases)
        while meanings and (mark := unknown(sql)):
            before, _, after = sql.partition(mark)
            sql = _NAME_AT_THE_END.sub("", before) + meanings[mark] + after
        return replace(self, sql=sql, aliases=())


def translate(statement: str) -> Translation:
    """Translate one statement; one that PostgreSQL understands in the same sense stays as it is.

    Raises SqlError for what Redshift refuses and for what the sandbox does not do.
    """
    is_short = len(statement) < _LONGEST_REMEMBERED
    return _remembered(statement) if is_short else _translate(statement)


def _translate(statement: str) -> Translation:
    return replace(_translated(statement), written=statement)


def _translated(statement: str) -> Translation:
    found = tokens(statement)
    if not found:
        return Translation(statement)
    _check_tokens(found)
    if found[0].key == "merge":
        refuse_statement(" ".join(token.key for token in found))
    if found[0].key in _QUERIES:
        return _query(statement, found)
    start = check_statement(found)
    if start:
        query = _query(statement, found[start:])
        return replace(query, sql=f"{plain(statement, found[:start])} {query.sql}")
    handler = _HANDLERS.get(found[0].key)
    return handler(statement) if handler else Translation(plain(statement, found))


_remembered = lru_cache(_REMEMBERED)(_translate)


def _query(statement: str, found: Sequence[Token]) -> Translation:
    return _of(translate_query(statement, found))


def _of(query: Query, own: str = "") -> Translation:
    return Translation(query.sql, own, tables=query.tables, aliases=query.aliases)


def _check_tokens(found: Sequence[Token]) -> None:
    for token, after in zip(found, [*found[1:], None], strict=True):
        # A character has up to 4 bytes.
        if token.end - token.start > POSTGRES_NAME_BYTES // 4 and token.kind in ("word", "quoted"):
            whole_name(identifier(token))
        if token.key == "&" and after and after.key in "'\"" and token.end == after.start:
            raise syntax_error("U&")


def _create(statement: str) -> Translation:
    found = tokens(statement)
    kind = next(token.key for token in found[1:] if token.key not in _BEFORE_KIND)
    if kind == "user":
        return Translation(user(plain(statement, found, of_users=True)))
    if kind != "table":
        return Translation(plain(statement, found, of_users=kind == "role"))
    query, table = create_table(plain(statement, found))
    return _of(query, record_table(table))


def _alter(statement: str) -> Translation:
    found = tokens(statement)
    kind = found[1].key
    sql = plain(statement, found, of_users=kind in _OF_USERS)
    if kind == "table":
        return Translation(*alter_table(sql))
    return Translation(user(sql) if kind == "user" else sql)


def _drop(statement: str) -> Translation:
    found = tokens(statement)
    return Translation(plain(statement, found, of_users=found[1].key in _OF_USERS))


def _truncate(statement: str) -> Translation:
    """TRUNCATE commits. https://docs.aws.amazon.com/redshift/latest/dg/r_TRUNCATE.html"""
    return Translation(plain(statement, tokens(statement)), own="COMMIT")


def _vacuum(statement: str) -> Translation:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_VACUUM_command.html"""
    found = tokens(statement)
    keys = [token.key for token in found]
    end = keys.index("to") if "to" in keys else len(keys) - (keys[-1] == "boost")
    if end < len(keys) - 1 and int(found[end + 1].text) > 100:
        raise SqlError("VACUUM threshold must be between 0 and 100 percent", "22023")
    words = next((words for words in _VACUUM_KINDS if keys[1 : 1 + len(words)] == words), [])
    sql = f"VACUUM {plain(statement, found[1 + len(words) : end])}".rstrip()
    return Translation(sql, alone="VACUUM")


def _analyze(statement: str) -> Translation:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_ANALYZE.html"""
    found = tokens(statement)
    first = 2 if [token.key for token in found[1:2]] == ["verbose"] else 1
    last = len(found) - (2 if found[-1].key == "columns" else 0)
    return Translation(f"ANALYZE {plain(statement, found[first:last])}".rstrip())


def _set(statement: str) -> Translation:
    """PostgreSQL keeps a setting that it does not know under a name with a dot."""
    return Translation(_KEPT.sub(r"redshift.\g<0>", plain(statement, tokens(statement)), count=1))


def _show(statement: str) -> Translation:
    keys = " ".join(token.key for token in tokens(statement)[1:])
    return Translation(_SHOWN.get(keys, statement))


def _copy(statement: str) -> Translation:
    """COPY from S3 is not for PostgreSQL, and there is no other."""
    keys = [token.key for token in tokens(statement)]
    if "$" in keys:
        raise syntax_error("$1")
    raise not_supported(
        "LOAD source is not supported. (Hint: only S3 or DynamoDB or EMR based load is allowed)"
    )


def _rights(statement: str) -> Translation:
    return Translation(grant(plain(statement, tokens(statement), of_users=True)))


_KEPT = re.compile(rf"\b(?:{'|'.join(KEPT_SETTINGS)})\b", re.IGNORECASE)
_SHOWN = {
    "all": "SELECT lower(name) AS name, setting FROM pg_catalog.pg_settings WHERE lower(name) IN"
    " ('datestyle', 'extra_float_digits', 'search_path', 'statement_timeout', 'timezone')",
    "search_path": "SELECT replace(current_setting('search_path'), '\"', '') AS search_path",
    "server_version": "SELECT '8.0.2' AS server_version",
}
_OF_USERS = frozenset(("user", "group", "role"))
_BEFORE_KIND = frozenset(("local", "temp", "temporary", "or", "replace"))
_VACUUM_KINDS = [["full"], ["sort", "only"], ["delete", "only"], ["reindex"], ["recluster"]]
_HANDLERS: dict[str, Callable[[str], Translation]] = {
    "alter": _alter,
    "analyze": _analyze,
    "copy": _copy,
    "create": _create,
    "drop": _drop,
    "grant": _rights,
    "reset": _set,
    "revoke": _rights,
    "set": _set,
    "show": _show,
    "truncate": _truncate,
    "vacuum": _vacuum,
}
