"""A long COPY says how far it has come, in real rows and bytes."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from conftest import Pipeline
from superuser import superuser_connection

from dwh import terminal
from dwh.loading import progress

CAPTURE = pytest.CaptureFixture[str]
EVENTS = 4000
# Each row takes a while.
SLOW = """
CREATE FUNCTION public.slowly() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(0.0004); RETURN NEW; END';
CREATE TRIGGER slowly BEFORE INSERT ON public.staging_events
    FOR EACH ROW EXECUTE FUNCTION public.slowly();
"""
LINE = re.compile(r"copy staging_events: ([\d,]+) rows, (\d+) of (\d+) MB, (\d+)% \(\d+ s\)")


@pytest.fixture
def slow(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """A pipeline whose COPY of events takes seconds, and that is talkative."""
    with superuser_connection(pipeline.warehouse) as postgres:
        postgres.cursor().execute(SLOW)
    user_agent = "x" * 2000
    pipeline.events(*({"itemInSession": n, "userAgent": user_agent} for n in range(EVENTS)))
    monkeypatch.setattr(terminal, "SECONDS_BETWEEN_LINES", 0)
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(progress, "PAUSE_SECONDS", 0.05)
    return pipeline


def test_rows_and_bytes_are_those_of_the_running_copy(slow: Pipeline, capsys: CAPTURE) -> None:
    capsys.readouterr()
    slow.load()
    lines = capsys.readouterr().err.splitlines()
    found = [
        [int(each.replace(",", "")) for each in LINE.findall(line)[0]]
        for line in lines
        if LINE.match(line)
    ]
    rows, megabytes, totals, shares = map(list, zip(*found, strict=True))
    assert rows == sorted(rows)
    assert any(0 < each < EVENTS for each in rows)
    assert any(0 < each < 100 for each in shares)
    assert set(totals) == {9}
    assert max(megabytes) <= 9
    done = next(
        line for line in lines if line.startswith(f"copy staging_events: {EVENTS + 1} rows (")
    )
    assert lines.index(done) > max(n for n, line in enumerate(lines) if LINE.match(line))


def test_watcher_that_cannot_watch_is_no_harm(
    pipeline: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = threading.Event()

    def refuse(_: Any) -> None:
        tried.set()
        raise OSError("too many connections")

    monkeypatch.setattr(progress, "connect", refuse)
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0)
    pipeline.events({}, file="a.json")
    pipeline.load()
    assert tried.is_set()
    said = capsys.readouterr().err
    assert not LINE.search(said)
    assert "Traceback" not in said
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(1,)]
