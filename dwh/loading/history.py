"""What etl.py --history shows: the last runs, or one of them with all that is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sql_queries
from dwh.config import Config
from dwh.connection import connect
from dwh.errors import DwhError
from dwh.terminal import print_table, shorten

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

PARTS = {
    "Steps": sql_queries.steps_of_run,
    "Files": sql_queries.files_of_run,
    "Rejected records": sql_queries.records_of_run,
}


def show_history(config: Config, run_id: str = "") -> None:
    """Print the last runs, or the one that is named. Raises DwhError if there is no such run."""
    with connect(config) as session, session.cursor() as cursor:
        if run_id:
            show_run(cursor, run_id)
        else:
            show_last_runs(cursor)


def show_last_runs(cursor: cursor) -> None:
    """Print a row for each of the last runs, and under them why they have failed."""
    cursor.execute(sql_queries.last_runs)
    rows = cursor.fetchall()
    columns = ("run", "status", "seconds", "files", "new plays", "rejected")
    print_table("Last runs", columns, [row[:-1] for row in rows])
    for run_id, *_, reason in rows:
        if reason:
            print(f"{run_id}: {reason}")


def show_run(cursor: cursor, run_id: str) -> None:
    """Print what is on record of a run. Raises DwhError if there is no such run."""
    named = {"run_id": run_id}
    cursor.execute(sql_queries.one_run, named)
    row = cursor.fetchone()
    if row is None:
        what = f"no run {run_id} is on record"
        raise DwhError(what, "see which there are: python etl.py --history")
    columns = ("status", "started, UTC", "seconds", "files", "MB", "rejected")
    print_table(f"Run {run_id}", columns, [row[:-1]])
    if row[-1]:
        print(f"Reason: {row[-1]}\n")
    for title, query in PARTS.items():
        show_part(cursor, title, query, named)


def show_part(cursor: cursor, title: str, query: str, named: dict[str, Any]) -> None:
    """Print what a query finds of a run; its last column is the number of all."""
    cursor.execute(query, named)
    columns = [column.name for column in cursor.description or ()][:-1]
    if rows := cursor.fetchall():
        number = rows[0][-1]
        some = f", the first {len(rows)} of {number}" if number > len(rows) else ""
        print_table(f"{title}{some}", columns, [tuple(map(shown, row[:-1])) for row in rows])


def shown(value: Any) -> Any:
    """A value; of a long text only the beginning, but for the names of files."""
    is_text = isinstance(value, str) and not value.startswith("s3://")
    return shorten(value) if is_text else value
