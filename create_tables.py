"""Create the staging tables and the star schema in the warehouse.

Creates what is missing, keeps what is there, adds columns that are new, and lets analysts read the
star. --drop deletes the tables and creates them anew, all but those of the run log; it shows what
will be lost and asks first, except in the sandbox.

Example:
    python create_tables.py
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dwh.config import Config, load_config
from dwh.connection import transaction
from dwh.definitions import Difference, addition, differences, find_definitions
from dwh.tables import altered, lasting
from dwh.terminal import confirm, parser, plural, run_script, say, step
from dwh.warehouse_access import database_user
from sql_queries import (
    analyst_create,
    analyst_grant,
    analysts_create,
    analysts_rights,
    clear_staging_queries,
    count_queries,
    create_table_queries,
    drop_table_queries,
    known_analysts,
    known_roles,
    known_users,
    log_tables,
    star_tables,
)

if TYPE_CHECKING:
    from psycopg2.extensions import cursor


def main(argv: list[str] | None = None) -> int:
    """Create the tables in one transaction, after dropping them if told to."""
    options = parser(__doc__)
    options.add_argument("--drop", action="store_true", help="delete all first but the run log")
    options.add_argument("--yes", action="store_true", help="do not ask")
    arguments = options.parse_args(argv)
    config = load_config(arguments.config)
    if arguments.drop:
        losses = count_losses(config)
        if losses and config.target.is_billed and not arguments.yes:
            confirm("Delete these tables and their rows?")
    with transaction(config) as cursor:
        if arguments.drop:
            drop_tables(cursor)
        faults, everything = create_tables(cursor)
        let_analysts_read(cursor, config)
    if faults:
        raise altered(faults)
    say(f"Next: python etl.py{' --rebuild' if everything else ''}")
    return 0


def count_losses(config: Config) -> dict[str, int]:
    """Say how many rows each table would lose."""
    losses = {}
    with transaction(config) as cursor, step("tables") as current:
        with current.waiting("waiting for a load"):
            for table in find_droppable(cursor):
                cursor.execute(count_queries[table])
                (losses[table],) = cursor.fetchone() or (0,)
        current.result = f"{len(losses)} there"
    for table, rows in losses.items():
        say(f"delete {table}: {plural(rows, 'row')}")
    return losses


def find_droppable(cursor: cursor) -> list[str]:
    """Our tables that are there, without those of the run log that are as they are defined."""
    there = find_definitions(cursor)
    return [
        table
        for table, definition in there.items()
        if table not in log_tables or any(lasting(table, definition))
    ]


def drop_tables(cursor: cursor) -> None:
    """Drop the tables; nothing is lost until the transaction ends."""
    for table in find_droppable(cursor):
        with step(f"drop {table}") as current, current.waiting("waiting for a load"):
            cursor.execute(drop_table_queries[table])


def create_tables(cursor: cursor) -> tuple[list[Difference], bool]:
    """Create the tables that are missing, and say of each what became of it.

    What differs from the definitions and cannot be altered; and whether rows are missing of files
    that the ledger takes for loaded.
    """
    there = find_definitions(cursor)
    for table, statement in create_table_queries.items():
        with step(table) as current:
            if table not in there:
                cursor.execute(statement)
                current.result = "created"
            else:
                current.result = keep(cursor, table, list(differences(table, there[table])))
    faults = [each for table in there for each in lasting(table, there[table])]
    if there and not set(star_tables) <= set(there):
        cursor.execute(count_queries["loaded_files"])
        return faults, cursor.fetchone() != (0,)
    return faults, False


def keep(cursor: cursor, table: str, found: list[Difference]) -> str:
    """Mend a table that is there; what became of it. Staging tables hold nothing to keep."""
    if not found:
        return "kept, already there"
    if table in clear_staging_queries:
        cursor.execute(drop_table_queries[table])
        cursor.execute(create_table_queries[table])
        return "made anew, as its definition has changed"
    added = [each.added for each in found if each.added]
    for name in added:
        cursor.execute(addition(table, name))
    results = ["kept", *([f"added: {', '.join(added)}"] if added else [])]
    if len(added) < len(found):
        results.append("differs from its definition")
    return ", ".join(results)


def let_analysts_read(cursor: cursor, config: Config) -> None:
    """Let analysts read the star: a database role may, and the user of ANALYST_ROLE has it."""
    from psycopg2.sql import SQL, Identifier

    user = database_user(config)
    names = {"user": Identifier(user), "database": Identifier(config.database)}
    statements = [
        *missing(cursor, "analysts", known_roles, analysts_create),
        *analysts_rights.values(),
        *missing(cursor, user, known_users, analyst_create),
        *missing(cursor, user, known_analysts, analyst_grant),
    ]
    with step("analysts") as current:
        for statement in statements:
            cursor.execute(SQL(statement).format(**names))
        current.result = f"may read the star, as {user}"


def missing(cursor: cursor, name: str, known: str, statement: str) -> list[str]:
    """The statement, unless the query for what is known finds the name."""
    cursor.execute(known)
    return [] if (name,) in cursor.fetchall() else [statement]


if __name__ == "__main__":
    sys.exit(run_script(main))
