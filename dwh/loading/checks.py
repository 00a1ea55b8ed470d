"""The checks that the data has to pass before it is published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dwh.errors import ChecksError
from dwh.loading.run import Run
from dwh.loading.sql_checks import staged_checks, star_checks
from dwh.terminal import plural, step

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

# How many of the files are named in which a record may be.
NAMED_FILES = 5


def check_staging(cursor: cursor, run: Run) -> None:
    """Check what is staged. Raises ChecksError that shows what is wrong."""
    hint = "correct these records in their files, or move them away, and run this again"
    run_checks(cursor, "check of the files", staged_checks, run, hint)


def check_star(cursor: cursor, run: Run) -> None:
    """Check what the load has touched of the star. Raises ChecksError that shows what is wrong."""
    hint = "somebody has changed the tables: python etl.py --rebuild makes them anew"
    run_checks(cursor, "check of the star", star_checks, run, hint)


def run_checks(cursor: cursor, title: str, checks: dict[str, str], run: Run, hint: str) -> None:
    """Run checks, each of which returns what is wrong. Raises ChecksError that shows it."""
    with step(title) as current:
        faults: dict[str, list[str]] = {}
        for name, query in checks.items():
            cursor.execute(query, run.sql_parameters())
            if rows := cursor.fetchall():
                columns = [column.name for column in cursor.description or ()]
                faults[name] = [f"{name}: {plural(rows[0][-1], 'exception')}"]
                faults[name] += [f"  {format_row(columns, row)}" for row in rows]
        if faults:
            what = f"the data failed {len(faults)} of {plural(len(checks), 'check')}"
            details = [line for lines in faults.values() for line in lines]
            raise ChecksError(what, f"nothing was published; {hint}", details + loaded_from(run))
        current.result = f"{plural(len(checks), 'check')} passed"
    run.finish_step(title, current.seconds)


def loaded_from(run: Run) -> list[str]:
    """The files of the load, as far as they can be listed."""
    files = [file.url for file in run.all_files if file.size]
    more = [f"and {len(files) - NAMED_FILES} more"] if len(files) > NAMED_FILES else []
    return [f"loaded from: {', '.join([*files[:NAMED_FILES], *more])}"]


def format_row(columns: list[str], row: tuple[Any, ...]) -> str:
    """A row that is wrong, without the number of all."""
    return format_cells(columns[:-1], row[:-1])


def format_cells(columns: Sequence[str], row: Sequence[Any]) -> str:
    """The values of a row with the names of their columns."""
    pairs = zip(columns, row, strict=True)
    return ", ".join(f"{name} {'-' if value is None else value}" for name, value in pairs)
