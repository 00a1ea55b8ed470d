"""What PostgreSQL would take and Redshift refuses, and what the sandbox recognises but cannot do.

https://docs.aws.amazon.com/redshift/latest/dg/c_redshift-and-postgres-sql.html

A pattern is a row of token keys: words in lower case and operators, where ' stands for a
literal, " for a quoted name, 0 for a number and $ for a parameter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sandbox.dialect.merge import check_merge
from sandbox.dialect.sql_text import Token, is_cast
from sandbox.dialect.tables_read import user_tables
from sandbox.errors import FEATURE_NOT_SUPPORTED, SqlError, not_supported, syntax_error


class Refusal(NamedTuple):
    """What is refused, and what to do instead."""

    what: str
    hint: str = ""


_NO_INDEX = "Declare a SORTKEY or a DISTKEY in CREATE TABLE."
_NO_SAVEPOINT = "Commit, or roll the whole transaction back."
_NO_TYPE = "See the data types of Amazon Redshift."

# How a statement begins. Words of _MODIFIERS are left out before comparing.
_STATEMENTS_NOT_IN_REDSHIFT = {
    "savepoint": Refusal("SAVEPOINT", _NO_SAVEPOINT),
    "rollback to": Refusal("ROLLBACK TO SAVEPOINT", _NO_SAVEPOINT),
    "release": Refusal("RELEASE SAVEPOINT", _NO_SAVEPOINT),
    "create index": Refusal("CREATE INDEX", _NO_INDEX),
    "create trigger": Refusal("CREATE TRIGGER"),
    "create sequence": Refusal("CREATE SEQUENCE", "Use an IDENTITY column."),
    "create extension": Refusal("CREATE EXTENSION"),
    "create domain": Refusal("CREATE DOMAIN"),
    "create type": Refusal("CREATE TYPE"),
    "create rule": Refusal("CREATE RULE"),
    "create tablespace": Refusal("CREATE TABLESPACE"),
    "do": Refusal("DO", "Use a stored procedure."),
    "listen": Refusal("LISTEN"),
    "notify": Refusal("NOTIFY"),
    "unlisten": Refusal("UNLISTEN"),
    "values": Refusal("a VALUES list as a statement", "Use SELECT .. UNION ALL SELECT."),
    "explain analyze": Refusal("EXPLAIN ANALYZE", "Use EXPLAIN [VERBOSE]."),
}
_STATEMENTS_NOT_IN_SANDBOX = {
    "unload": Refusal("UNLOAD"),
    "create external": Refusal("CREATE EXTERNAL"),
    "create library": Refusal("CREATE LIBRARY"),
    "analyze compression": Refusal("ANALYZE COMPRESSION"),
}
_MODIFIERS = frozenset(
    ("or", "replace", "temp", "temporary", "unique", "constraint", "event", "work", "transaction")
)

# What may stand anywhere in a statement.
_PHRASES_NOT_IN_REDSHIFT = {
    "on conflict (": Refusal("ON CONFLICT", "Use MERGE, or DELETE and INSERT."),
    "on conflict do": Refusal("ON CONFLICT", "Use MERGE, or DELETE and INSERT."),
    "on conflict on": Refusal("ON CONFLICT", "Use MERGE, or DELETE and INSERT."),
    "returning": Refusal("RETURNING", "SELECT the rows in a second statement."),
    "distinct on (": Refusal("DISTINCT ON", "Use a sub-query with row_number()."),
    "filter ( where": Refusal("FILTER (WHERE ..)", "Use CASE inside the aggregate."),
    "is distinct from": Refusal("IS DISTINCT FROM", "Compare with =, and with IS NULL."),
    "is not distinct from": Refusal("IS NOT DISTINCT FROM", "Compare with =, and with IS NULL."),
    "( values (": Refusal("a VALUES list as a table", "Use SELECT .. UNION ALL SELECT."),
    "for update": Refusal("SELECT .. FOR UPDATE", "Use LOCK."),
    "for no key update": Refusal("SELECT .. FOR NO KEY UPDATE", "Use LOCK."),
    "for share": Refusal("SELECT .. FOR SHARE", "Use LOCK."),
    "for key share": Refusal("SELECT .. FOR KEY SHARE", "Use LOCK."),
    "tablesample": Refusal("TABLESAMPLE"),
    "lateral": Refusal("LATERAL"),
    "overriding system value": Refusal("OVERRIDING SYSTEM VALUE"),
    "overriding user value": Refusal("OVERRIDING USER VALUE"),
    "array [": Refusal("ARRAY[..]"),
    "->": Refusal("the operator ->", "Use JSON_EXTRACT_PATH_TEXT."),
    "->>": Refusal("the operator ->>", "Use JSON_EXTRACT_PATH_TEXT."),
    "#>": Refusal("the operator #>", "Use JSON_EXTRACT_PATH_TEXT."),
    "#>>": Refusal("the operator #>>", "Use JSON_EXTRACT_PATH_TEXT."),
}
_PHRASES_NOT_IN_SANDBOX = {
    "qualify": Refusal("QUALIFY", "Use a sub-query with row_number()."),
    "select top 0": Refusal("TOP n", "Use LIMIT."),
    "select top $": Refusal("TOP n", "Use LIMIT."),
    "select distinct top 0": Refusal("TOP n", "Use LIMIT."),
    "select all top 0": Refusal("TOP n", "Use LIMIT."),
}
# A keyword after one of these is a name.
_BEFORE_A_NAME = frozenset((".", "as"))

_FUNCTIONS_NOT_IN_REDSHIFT = {
    "string_agg": Refusal("STRING_AGG", "Use LISTAGG."),
    "array_agg": Refusal("ARRAY_AGG", "Use LISTAGG."),
    "format": Refusal("FORMAT"),
    "clock_timestamp": Refusal("CLOCK_TIMESTAMP", "Use GETDATE()."),
    "statement_timestamp": Refusal("STATEMENT_TIMESTAMP", "Use GETDATE()."),
    "pg_sleep": Refusal("PG_SLEEP"),
    "div": Refusal("DIV", "Use / on integers."),
    "regexp_matches": Refusal("REGEXP_MATCHES", "Use REGEXP_SUBSTR."),
}
# A name with a list of columns after one of these, not a call.
_BEFORE_A_LIST = frozenset(
    (".", "as", "into", "table", "exists", "references", "view", "with", "recursive", "on")
)

_TYPES_NOT_IN_REDSHIFT = frozenset(
    ("json", "jsonb", "uuid", "bytea", "xml", "inet", "cidr", "macaddr", "money")
)

# https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions_leader_node_only.html
_LEADER_CALLS = frozenset(("now", "age", "current_schema", "current_schemas"))
_LEADER_WORDS = frozenset(
    ("current_timestamp", "current_time", "localtime", "localtimestamp", "current_schema")
)
_LEADER_MESSAGE = (
    "Specified types or functions (one per INFO message) not supported on Amazon Redshift tables."
)


class _Rule(NamedTuple):
    pattern: tuple[str, ...]
    message: str
    hint: str


def _rules(not_in_redshift: dict[str, Refusal], not_in_sandbox: dict[str, Refusal]) -> list[_Rule]:
    tables = (
        (not_in_redshift, "{} is not supported by Amazon Redshift"),
        (not_in_sandbox, "the sandbox does not do {}"),
    )
    return [
        _Rule(tuple(pattern.split()), message.format(refusal.what), refusal.hint)
        for table, message in tables
        for pattern, refusal in table.items()
    ]


def _by_first_key(rules: Iterable[_Rule]) -> dict[str, list[_Rule]]:
    found: dict[str, list[_Rule]] = {}
    for rule in rules:
        found.setdefault(rule.pattern[0], []).append(rule)
    return found


_STATEMENTS = _by_first_key(_rules(_STATEMENTS_NOT_IN_REDSHIFT, _STATEMENTS_NOT_IN_SANDBOX))
_PHRASES = _by_first_key(_rules(_PHRASES_NOT_IN_REDSHIFT, _PHRASES_NOT_IN_SANDBOX))
_FUNCTIONS = {rule.pattern[0]: rule for rule in _rules(_FUNCTIONS_NOT_IN_REDSHIFT, {})}

_PHRASE_WORDS = _PHRASES.keys() | _FUNCTIONS.keys()
_LEADER_NAMES = _LEADER_CALLS | _LEADER_WORDS | {"generate_series"}


def refuse(found: Sequence[Token]) -> None:
    """Raise SqlError if a statement's tokens contain what is refused."""
    keys = [token.key for token in found]
    _refuse_escape_literals(found)
    _refuse_statement(keys)
    if keys[0] == "copy":
        return _refuse_copy(found)
    if keys[0] == "explain":
        start = 2 if keys[1:2] == ["verbose"] else 1
        found, keys = found[start:], keys[start:]
    # Most statements contain none of these words, and need not be looked at one word at a time.
    present = set(keys)
    if present & _PHRASE_WORDS:
        _refuse_phrases(keys)
    if present & _TYPES_NOT_IN_REDSHIFT:
        _refuse_types(keys)
    _refuse_grammar(found, keys)
    if present & _LEADER_NAMES:
        _refuse_leader_functions(found, keys)
    return None


def _refuse_escape_literals(found: Sequence[Token]) -> None:
    if any(token.kind == "string" and token.text[0] in "eE" for token in found):
        hint = "Write an ordinary literal: backslash escapes work in those."
        raise SqlError('type "e" does not exist', "42704", hint=hint)


def _refuse_statement(keys: Sequence[str]) -> None:
    rules = _STATEMENTS.get(keys[0])
    head = tuple(key for key in keys[:6] if key not in _MODIFIERS) if rules else ()
    for rule in rules or ():
        if head[: len(rule.pattern)] == rule.pattern:
            raise _refusal(rule)


def _refuse_copy(found: Sequence[Token]) -> None:
    """Raise SqlError for a COPY that neither reads S3 nor can be read by the sandbox."""
    keys = [token.key for token in found]
    if "from" not in keys:
        raise not_supported("COPY .. TO is not supported by Amazon Redshift; use UNLOAD")
    source = found[keys.index("from") + 1 :][:1]
    if not source or not source[0].text.lower().startswith("'s3://"):
        raise not_supported(
            "LOAD source is not supported. (Hint: only S3 or DynamoDB or EMR based load is allowed)"
        )


def _refuse_phrases(keys: Sequence[str]) -> None:
    for index, key in enumerate(keys):
        if key not in _PHRASE_WORDS:
            continue
        before = keys[index - 1] if index else ""
        rule = _FUNCTIONS.get(key)
        if rule and keys[index + 1 : index + 2] == ["("] and before not in _BEFORE_A_LIST:
            raise _refusal(rule)
        if key != "(" and before in _BEFORE_A_NAME:
            continue
        for rule in _PHRASES.get(key, ()):
            if tuple(keys[index : index + len(rule.pattern)]) == rule.pattern:
                raise _refusal(rule)


def _refusal(rule: _Rule) -> SqlError:
    return SqlError(rule.message, FEATURE_NOT_SUPPORTED, hint=rule.hint)


def _refuse_types(keys: Sequence[str]) -> None:
    for index, key in enumerate(keys):
        if key in _TYPES_NOT_IN_REDSHIFT and is_cast(keys, index):
            raise SqlError(
                f'type "{key}" is not supported by Amazon Redshift',
                FEATURE_NOT_SUPPORTED,
                hint=_NO_TYPE,
            )


def _refuse_grammar(found: Sequence[Token], keys: Sequence[str]) -> None:
    """Statements that PostgreSQL knows with more clauses than Redshift."""
    first = keys[0] if keys else ""
    if first == "merge":
        check_merge(found)
    elif first == "lock" and ("in" in keys or "nowait" in keys):
        raise syntax_error("NOWAIT" if "nowait" in keys else "IN")
    elif first == "with":
        _refuse_with(found)


def _refuse_with(found: Sequence[Token]) -> None:
    depth, before = 0, ""
    for token in found:
        depth += {"(": 1, ")": -1}.get(token.key, 0)
        changes = ("insert", "merge") if depth == 0 else ("insert", "update", "delete", "merge")
        if token.key in changes and before == (")" if depth == 0 else "("):
            raise syntax_error(token.text)
        before = token.key


def _refuse_leader_functions(found: Sequence[Token], keys: Sequence[str]) -> None:
    called = _leader_functions(keys)
    series = "generate_series" if _is_called(keys, "generate_series") else ""
    if (called or series) and user_tables(found):
        raise _leader_error(called or series + "()")
    # The rows of generate_series cannot leave the leader for a table's slices.
    if series and (keys[0] in ("insert", "create")):
        raise _leader_error(series + "()")


def _leader_functions(keys: Sequence[str]) -> str:
    for index, key in enumerate(keys):
        if index and keys[index - 1] in _BEFORE_A_NAME:
            continue
        if key in _LEADER_CALLS and keys[index + 1 : index + 2] == ["("]:
            return f"{key}()"
        if key in _LEADER_WORDS:
            return f"{key}()"
    return ""


def _is_called(keys: Sequence[str], name: str) -> bool:
    return any(
        key == name and keys[index + 1 : index + 2] == ["("] for index, key in enumerate(keys)
    )


def _leader_error(function: str) -> SqlError:
    return SqlError(
        _LEADER_MESSAGE,
        FEATURE_NOT_SUPPORTED,
        detail=f'Function "{function}" not supported.',
        hint="Only the leader node has it; use GETDATE() or SYSDATE for the time.",
    )
