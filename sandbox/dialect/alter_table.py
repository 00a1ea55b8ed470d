"""ALTER TABLE as Redshift has it: one action a statement, and few of them.

https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
"""

from __future__ import annotations

from sandbox.dialect.column_definitions import read_column
from sandbox.dialect.column_types import constraint_name, read_type
from sandbox.dialect.sql_text import identifier, quote_name, sql_name
from sandbox.dialect.token_reader import Reader
from sandbox.errors import SqlError, not_supported

_CONSTRAINTS = ("constraint", "primary", "unique", "foreign", "check")
_SAME_ACTIONS = ("drop", "owner", "rename")
_STORAGE = ("distkey", "diststyle", "sortkey", "compound", "interleaved", "encode")


def alter_table(text: str) -> str:
    """Translate an ALTER TABLE. Raises SqlError for what Redshift or the sandbox does not do."""
    reader = Reader(text)
    reader.expect("alter", "table")
    name = reader.name()
    action = reader.position
    _refuse_several_actions(reader)
    reader.position = action
    head = f"ALTER TABLE {name.sql}"
    if reader.accept("add"):
        return f"{head} {_add_column(reader, name.last)}"
    if reader.accept("alter"):
        return f"{head} {_alter_column(reader, name.last)}"
    _check_action(reader)
    return text


def _check_action(reader: Reader) -> None:
    """Raise SqlError unless the action is one that PostgreSQL does in the same way."""
    if reader.accept("append"):
        raise not_supported("the sandbox does not do ALTER TABLE APPEND; use INSERT INTO .. SELECT")
    if reader.accept("drop", "constraint"):
        raise not_supported("the sandbox does not do ALTER TABLE DROP CONSTRAINT")
    if not reader.accept_one_of(_SAME_ACTIONS):
        raise reader.error()


def _refuse_several_actions(reader: Reader) -> None:
    reader.skip_expression((",",))
    if reader.key == "," and not _is_storage(reader):
        raise not_supported("ALTER TABLE does one action a statement on Amazon Redshift")


def _is_storage(reader: Reader) -> bool:
    return any(token.key == "encode" for token in reader.tokens)


def _add_column(reader: Reader, table: str) -> str:
    if reader.key in _CONSTRAINTS:
        raise not_supported(
            "the sandbox does not do ALTER TABLE ADD constraint; declare keys in CREATE TABLE"
        )
    reader.accept("column")
    if reader.key == "if":
        raise reader.error()
    column = read_column(reader, table)
    if column.keys or column.identity or column.distkey or column.sortkey:
        raise not_supported(
            "ALTER TABLE ADD COLUMN takes no key, IDENTITY, DISTKEY or SORTKEY on Amazon Redshift"
        )
    if column.not_null and column.default.lower() in ("", "null"):
        raise SqlError(
            "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression",
            "42601",
        )
    return f"ADD COLUMN {column.sql} {column.type.check(column.name)}".rstrip()


def _alter_column(reader: Reader, table: str) -> str:
    """Only the length of a VARCHAR can change; the check of its bytes goes along."""
    if reader.key in _STORAGE:
        raise not_supported(f"the sandbox does not do ALTER TABLE ALTER {reader.key.upper()}")
    reader.accept("column")
    token = reader.take()
    column = identifier(token)
    if reader.accept("encode"):
        raise not_supported("the sandbox does not do ALTER TABLE ALTER COLUMN ENCODE")
    if not reader.accept("type"):
        raise not_supported("ALTER COLUMN changes only a VARCHAR's size on Amazon Redshift")
    column_type = read_type(reader, f"{table}.{column}")
    reader.finish()
    if column_type.name != "varchar":
        raise not_supported("ALTER COLUMN changes only a VARCHAR's size on Amazon Redshift")
    old = quote_name(constraint_name("byte_length", column))
    return (
        f"ALTER COLUMN {sql_name(token)} TYPE {column_type.sql}, "
        f"DROP CONSTRAINT IF EXISTS {old}, ADD {column_type.check(column)}"
    )
