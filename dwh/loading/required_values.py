"""Records that lack a value which the star cannot do without are counted, and stop the load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dwh.errors import ChecksError
from dwh.loading.checks import format_cells
from dwh.loading.run import Run
from dwh.loading.source_keys import find_source_keys
from dwh.loading.sql_required import KINDS, Kind, event_pages
from dwh.terminal import plural, say, step

if TYPE_CHECKING:
    from psycopg2.extensions import cursor


@dataclass
class Count:
    """How many records of a kind there are, how many lack a value, and these by column."""

    kind: Kind
    records: int
    incomplete: int
    lacking: dict[str, int]

    @property
    def summary(self) -> str:
        """How many lack which value."""
        columns = ", ".join(f"{number} without {name}" for name, number in self.lacking.items())
        return f"{self.incomplete} of {plural(self.records, self.kind.name)}: {columns}"


def check_required_values(cursor: cursor, run: Run) -> None:
    """Count the records that lack a required value, and show some.

    Raises ChecksError if there are more than MAX_BAD_RECORDS, or if all records of a kind are.
    """
    with step("required values") as current:
        counts = [count(cursor, kind) for kind in KINDS]
        incomplete = [each for each in counts if each.incomplete]
        is_whole_kind = any(each.incomplete == each.records for each in incomplete)
        total = sum(each.incomplete for each in incomplete)
        details = [line for each in incomplete for line in describe(cursor, each)]
        if is_whole_kind or total > run.config.max_bad_records:
            raise incomplete_records(run, incomplete, details)
        current.result = ", ".join(plural(each.records, each.kind.name) for each in counts)
        current.result += f"; {total} incomplete" if total else ""
    run.finish_step("required values", current.seconds)
    for line in details:
        say(line if line.startswith(" ") else f"warning: {line}")
    tell_of_no_play(cursor, counts)


def count(cursor: cursor, kind: Kind) -> Count:
    """Count what is staged of a kind."""
    cursor.execute(kind.counts_query)
    records, incomplete, *numbers = map(int, cursor.fetchone() or ())
    lacking = {name: number for name, number in zip(kind.columns, numbers, strict=True) if number}
    return Count(kind, records, incomplete, lacking)


def describe(cursor: cursor, found: Count) -> list[str]:
    """The numbers of incomplete records of a kind, and the first of them."""
    cursor.execute(found.kind.rows_query)
    rows = [format_cells(found.kind.columns + found.kind.shown, row) for row in cursor.fetchall()]
    return [found.summary, *(f"  {row}" for row in rows)]


def incomplete_records(run: Run, incomplete: list[Count], details: list[str]) -> ChecksError:
    """The error of records that lack values, with what their files have instead."""
    keys = find_source_keys(run, [(each.kind, list(each.lacking)) for each in incomplete])
    total = sum(each.incomplete for each in incomplete)
    allowed = run.config.max_bad_records
    what = f"{plural(total, 'record')} without a required value; MAX_BAD_RECORDS allows {allowed}"
    if total <= allowed:
        whole = next(each for each in incomplete if each.incomplete == each.records)
        what = f"no {whole.kind.name} of {whole.records} has all required values"
    return ChecksError(what, f"nothing was published; {keys.hint}", details + keys.lines)


def tell_of_no_play(cursor: cursor, counts: list[Count]) -> None:
    """Say which pages the events have, if none of them is a play."""
    events, plays = (each.records for each in counts if each.kind.table == "staging_events")
    if events and not plays:
        cursor.execute(event_pages)
        pages = ", ".join(f"{page} {number}" for page, number in cursor.fetchall())
        say(f"warning: no event is a play, whose page is NextSong; events by page: {pages}")
