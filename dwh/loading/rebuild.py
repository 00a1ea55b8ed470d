"""The star made anew from all files, beside the old one, and put in its place at the end.

Analysts see the old star until the transaction is committed, and the new one from then on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import sql_queries
from dwh.definitions import differences, find_definitions, wanted_definition
from dwh.errors import DwhError
from dwh.loading.run import Run
from dwh.tables import lock
from dwh.terminal import plural, say, step

if TYPE_CHECKING:
    from psycopg2.extensions import connection, cursor

# What follows these words is a table; so is what a point follows. In texts and comments neither is;
# an apostrophe in a comment begins no text.
NAMES = "|".join(sql_queries.rebuilt_tables)
WORDS = r"\b(FROM|JOIN|INTO|UPDATE|USING|CREATE TABLE)\s+"
TEXT = r"--[^\n]*|'(?:[^']|'')*'"
NAMED = re.compile(rf"{TEXT}|{WORDS}({NAMES})\b|\b({NAMES})(?=\.)")


def new_name(table: str) -> str:
    """What a table is called while it is made."""
    return f"{table}_rebuilt"


def of_new_tables(statement: str) -> str:
    """The statement, about the tables that are being made instead of those that are there."""

    def rename(found: re.Match[str]) -> str:
        word, named, qualifying = found.groups()
        if not named and not qualifying:
            return found[0]
        return f"{word} {new_name(named)}" if word else new_name(qualifying)

    return NAMED.sub(rename, statement)


def open_cursor(session: connection, run: Run) -> cursor:
    """A cursor for a load; of a rebuild, one that works on the tables that are being made."""
    if not run.is_rebuild:
        return session.cursor()
    from psycopg2.extensions import cursor as plain_cursor

    class RebuildCursor(plain_cursor):
        """Runs each statement about the tables that are being made."""

        def execute(self, statement: Any, values: Any = None) -> None:
            if isinstance(statement, str):
                statement = of_new_tables(statement)
            super().execute(statement, values)

    return session.cursor(cursor_factory=RebuildCursor)


def begin_rebuild(cursor: cursor, run: Run) -> None:
    """Make the new tables, still empty. Raises DwhError if something depends on the old ones."""
    refuse_dependents(cursor)
    say_how_long(cursor)
    there, old = find_definitions(cursor), cursor.connection.cursor()
    if "loaded_files" in there and not list(differences("loaded_files", there["loaded_files"])):
        old.execute(sql_queries.old_files)
        run.files_before = {name for (name,) in old.fetchall()}
    for table in sql_queries.clear_staging_queries:
        if list(differences(table, there[table])):
            cursor.execute(sql_queries.drop_table_queries[table])
            cursor.execute(sql_queries.create_table_queries[table])
    for table in sql_queries.rebuilt_tables:
        if table not in there:  # nothing to exchange the new one for
            old.execute(sql_queries.create_table_queries[table])
        elif others := there[table].columns.keys() - wanted_definition(table).columns.keys():
            say(f"warning: {table} is made without what others added: {', '.join(sorted(others))}")
        make_new(cursor, table)


def say_how_long(cursor: cursor) -> None:
    """Say how long it has taken to make the old star."""
    cursor.execute(sql_queries.loading_seconds)
    ((loads, seconds),) = cursor.fetchall()
    if loads:
        took = f"{plural(loads, 'load')} that made this star took {round(seconds or 0)} s in all"
        say(f"loading every file again; the {took}")


def make_new(cursor: cursor, table: str) -> None:
    """Make a new table. Raises DwhError if there is one of its name."""
    import psycopg2

    statement = sql_queries.create_table_queries[table]
    try:
        cursor.execute(statement.replace("TABLE IF NOT EXISTS", "TABLE"))
    except psycopg2.errors.DuplicateTable as error:
        what = f"there is a table {new_name(table)} already, which the new {table} is to be made as"
        raise DwhError(what, "nothing was changed; rename it, or drop it") from error


def refuse_dependents(cursor: cursor) -> None:
    """Raise DwhError over what others have made of our tables: it would go with them."""
    cursor.execute(sql_queries.dependents, {"tables": sql_queries.rebuilt_tables})
    if found := cursor.fetchall():
        raise lost_with_tables([f"{dependent} depends on {table}" for dependent, table in found])


def lost_with_tables(details: list[str]) -> DwhError:
    """The error of what depends on the old tables."""
    hint = "nothing was changed; drop them first, and make them again afterwards, best as "
    return DwhError(
        "views of others would be lost with the old tables",
        f"{hint}views WITH NO SCHEMA BINDING, which stay",
        details,
    )


def finish_rebuild(cursor: cursor, run: Run) -> None:
    """Put the new tables in the place of the old ones, with the analysts' rights on them.

    All are locked before one is exchanged. Raises DwhError if others read them for too long.
    """
    import psycopg2

    old = cursor.connection.cursor()
    with step("exchange") as current, current.waiting("waiting for queries to end"):
        complaint = "the star is made, but others have read the old one for"
        lock(old, run.config, sql_queries.rebuilt_tables, complaint)
        for table in sql_queries.rebuilt_tables:
            for statement in sql_queries.exchange_queries:
                try:
                    old.execute(statement.format(table=table, new=new_name(table)))
                except psycopg2.errors.DependentObjectsStillExist as error:
                    details = [error.diag.message_detail or str(error)]
                    raise lost_with_tables(details) from error
        old.execute(sql_queries.analysts_rights["star"])
        current.result = f"{plural(len(sql_queries.rebuilt_tables), 'table')} in place"
    run.finish_step("exchange", current.seconds)
