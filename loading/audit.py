"""The checks that the data has to pass before it is published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from errors import ChecksError
from loading.run import Run
from terminal import counted, step

if TYPE_CHECKING:
    from psycopg2.extensions import cursor


def check(
    cursor: cursor, title: str, checks: dict[str, str], values: dict[str, Any], run: Run
) -> None:
    """Run checks, each of which returns what is wrong. Raises ChecksError that shows it."""
    with step(title) as current:
        faults: dict[str, list[str]] = {}
        for name, query in checks.items():
            cursor.execute(query, values)
            if rows := cursor.fetchall():
                columns = [column.name for column in cursor.description or ()]
                faults[name] = [f"{name}: {counted(rows[0][-1], 'exception')}"]
                faults[name] += [f"  {shown(columns, row)}" for row in rows]
        if faults:
            raise failed(faults, len(checks))
        current.result = f"{len(checks)} checks passed"
    run.done(title, None, current.seconds)


def shown(columns: list[str], row: tuple[Any, ...]) -> str:
    """A row that is wrong, without the number of all."""
    pairs = list(zip(columns, row, strict=True))[:-1]
    return ", ".join(f"{name} {'-' if value is None else value}" for name, value in pairs)


def failed(faults: dict[str, list[str]], number: int) -> ChecksError:
    """The error of data that has not passed."""
    what = f"the data failed {len(faults)} of {number} checks"
    hint = "nothing was published; correct these records in their files, and run this again"
    return ChecksError(what, hint, [line for lines in faults.values() for line in lines])
