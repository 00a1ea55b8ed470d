"""The checks that the data has to pass before it is published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dwh.errors import ChecksError
from dwh.loading.run import Run
from dwh.terminal import counted, step

if TYPE_CHECKING:
    from psycopg2.extensions import cursor


# How many of the files are named in which a record may be.
NAMED_FILES = 5


def check(cursor: cursor, title: str, checks: dict[str, str], run: Run, hint: str) -> None:
    """Run checks, each of which returns what is wrong. Raises ChecksError that shows it."""
    with step(title) as current:
        faults: dict[str, list[str]] = {}
        for name, query in checks.items():
            cursor.execute(query, run.values())
            if rows := cursor.fetchall():
                columns = [column.name for column in cursor.description or ()]
                faults[name] = [f"{name}: {counted(rows[0][-1], 'exception')}"]
                faults[name] += [f"  {shown(columns, row)}" for row in rows]
        if faults:
            what = f"the data failed {len(faults)} of {counted(len(checks), 'check')}"
            details = [line for lines in faults.values() for line in lines]
            raise ChecksError(what, f"nothing was published; {hint}", details + named(run))
        current.result = f"{counted(len(checks), 'check')} passed"
    run.done(title, current.seconds)


def named(run: Run) -> list[str]:
    """The files of the load, as far as they can be listed."""
    files = [file.url for file in run.all_files if file.size]
    more = [f"and {len(files) - NAMED_FILES} more"] if len(files) > NAMED_FILES else []
    return [f"loaded from: {', '.join([*files[:NAMED_FILES], *more])}"]


def shown(columns: list[str], row: tuple[Any, ...]) -> str:
    """A row that is wrong, without the number of all."""
    pairs = list(zip(columns, row, strict=True))[:-1]
    return ", ".join(f"{name} {'-' if value is None else value}" for name, value in pairs)
