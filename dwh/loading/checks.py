"""The checks that the data has to pass before it is published."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sql_queries
from dwh.config import Config
from dwh.connection import connect
from dwh.errors import ChecksError
from dwh.loading.run import Run
from dwh.loading.sql_checks import staged_checks, star_checks
from dwh.loading.sql_whole_star import rows_check, whole_star_checks
from dwh.tables import require_tables
from dwh.terminal import plural, step

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

# How many of the files are named in which a record may be.
NAMED_FILES = 5
CURE = "somebody has changed the tables: python etl.py --rebuild makes them anew"
EVER = {"first_play": datetime.min, "last_play": datetime.max}


def check_staging(cursor: cursor, run: Run) -> None:
    """Check what is staged. Raises ChecksError that shows what is wrong."""
    hint = "correct these records in their files, or move them away, and run this again"
    check_load(cursor, "check of the files", staged_checks, run, hint)


def check_star(cursor: cursor, run: Run) -> None:
    """Check what the load has touched of the star. Raises ChecksError that shows what is wrong."""
    check_load(cursor, "check of the star", star_checks, run, CURE)


def check_rows(cursor: cursor, run: Run) -> None:
    """Check that the star has the rows that the last load left there.

    Raises ChecksError that shows what is wrong.
    """
    check_load(cursor, "rows of the star", rows_check, run, CURE)


def note_rows(cursor: cursor, run: Run) -> None:
    """Note as steps of the run how many rows it leaves in each table of the star."""
    cursor.execute(sql_queries.star_rows)
    for table, rows in zip(sql_queries.star_tables, cursor.fetchone() or (), strict=True):
        run.finish_step(f"rows in {table}", 0, rows)


def check_whole_star(config: Config) -> None:
    """Run all checks of a star, whatever its loads have touched.

    Raises ChecksError that shows what is wrong.
    """
    with connect(config) as session, session.cursor() as cursor:
        require_tables(cursor)
        checks = rows_check | whole_star_checks
        run_checks(cursor, "check of the star", checks, EVER, CURE)


def check_load(cursor: cursor, title: str, checks: dict[str, str], run: Run, hint: str) -> None:
    """Run checks as a step of a load. Raises ChecksError that shows what is wrong."""
    hint = f"nothing was published; {hint}"
    seconds = run_checks(cursor, title, checks, run.sql_parameters(), hint, loaded_from(run))
    run.finish_step(title, seconds)


def run_checks(
    cursor: cursor,
    title: str,
    checks: dict[str, str],
    parameters: dict[str, Any],
    hint: str,
    more: Sequence[str] = (),
) -> float:
    """Run checks, each of which returns what is wrong; how many seconds that took.

    Raises ChecksError that shows what is wrong, and more.
    """
    with step(title) as current:
        faults: dict[str, list[str]] = {}
        for name, query in checks.items():
            cursor.execute(query, parameters)
            if rows := cursor.fetchall():
                columns = [column.name for column in cursor.description or ()]
                faults[name] = [f"{name}: {plural(rows[0][-1], 'exception')}"]
                faults[name] += [f"  {format_row(columns, row)}" for row in rows]
        if faults:
            what = f"the data failed {len(faults)} of {plural(len(checks), 'check')}"
            details = [line for lines in faults.values() for line in lines]
            raise ChecksError(what, hint, [*details, *more])
        current.result = f"{plural(len(checks), 'check')} passed"
    return current.seconds


def loaded_from(run: Run) -> list[str]:
    """The files of the load, as far as they can be listed."""
    files = [file.url for file in run.all_files if file.size]
    if not files:
        return []
    more = [f"and {len(files) - NAMED_FILES} more"] if len(files) > NAMED_FILES else []
    return [f"loaded from: {', '.join([*files[:NAMED_FILES], *more])}"]


def format_row(columns: list[str], row: tuple[Any, ...]) -> str:
    """A row that is wrong, without the number of all."""
    return format_cells(columns[:-1], row[:-1])


def format_cells(columns: Sequence[str], row: Sequence[Any]) -> str:
    """The values of a row with the names of their columns."""
    pairs = zip(columns, row, strict=True)
    return ", ".join(f"{name} {'-' if value is None else value}" for name, value in pairs)
