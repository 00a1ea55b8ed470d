"""What etl.py prints at its end."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

import sql_queries
from dwh.loading.run import BadRecord, FinishedStep, Run
from dwh.terminal import plural, print_table, say, shorten

SHOWN_RECORDS = 20


def print_load(run: Run) -> None:
    """Print what is new in each table, how long that took, and what comes next."""
    if not run.files:
        say("Every file is loaded already; make the star anew from them: python etl.py --rebuild")
        return
    print_table("Loaded", ("table", "new", "changed", "seconds"), rows_of(run))
    if run.rejected:
        columns = ("file", "line", "column", "value", "reason")
        first = run.rejections[:SHOWN_RECORDS]
        more = len(first) < run.rejected
        title = f"The first {SHOWN_RECORDS} rejected records" if more else "Rejected records"
        print_table(title, columns, map(shown, first), sys.stderr)
        say(f"warning: {plural(run.rejected, 'record')} rejected, kept in rejected_records")
        statement = sql_queries.rejected_records_question.format(run_id=run.run_id)
        say(f'  all of them: python query.py --admin "{statement}"')
    say("Next: python query.py")


def shown(record: BadRecord) -> tuple[Any, ...]:
    """A rejected record, of a long value only the beginning."""
    value = shorten(record.value)
    return record.file, record.line, record.column or None, value, record.reason


def rows_of(run: Run) -> list[tuple[Any, ...]]:
    """A row for each table, and one under the plays for those that match a song."""
    steps = {step.name: step for step in run.steps}
    rows: list[tuple[Any, ...]] = []
    for table in run.files:
        copied, _ = run.copy_totals(table)
        rows.append((table, copied, None, in_seconds(steps[f"copy {table}"])))
    for table in sql_queries.star_tables:
        step = steps[f"transform {table}"]
        rows.append((table, step.new, step.changed, in_seconds(step)))
        if table == "songplays" and run.plays.number:
            number, matched = run.plays
            share = f"{matched} of {number} ({matched / number:.1%})"
            rows.append((f"- matched to a song: {share}", None, None, None))
    return rows


def in_seconds(step: FinishedStep) -> Decimal:
    """How long a step took, to two places."""
    return Decimal(f"{step.seconds:.2f}")
