"""Whatever of a load fails, in whatever way: the star is the old one or the new one, never between.

And the next run makes it exactly what a run without faults does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg2
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from conftest import EVENT, Pipeline
from fast_clock import fast_clock
from fault_injection import WAYS, Faults, Killed, at
from script_runs import change
from star_questions import QUESTIONS
from superuser import execute_once_unused, superuser_connection

import etl
from dwh.errors import DwhError, explain

# What a load raises that fails.
FAILURES = (DwhError, psycopg2.Error, ClientError, BotoCoreError)
State = dict[str, list[tuple[Any, ...]]]


@dataclass
class Night:
    """A star as it was before a load, kept as a template; and what the load makes of it."""

    pipeline: Pipeline
    old: State
    new: State

    @contextmanager
    def database(self, number: int) -> Iterator[str]:
        """A copy of the old star for one load; its name."""
        name = f"{self.pipeline.warehouse.database}_{number}"
        template = self.pipeline.warehouse.database
        with superuser_connection(self.pipeline.warehouse, "postgres") as postgres:
            execute_once_unused(postgres, f"CREATE DATABASE {name} TEMPLATE {template}")
            change(self.pipeline.config, warehouse_DATABASE=name)
            yield name
            postgres.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")

    def state(self, database: str) -> State:
        with (
            superuser_connection(self.pipeline.warehouse, database) as postgres,
            postgres.cursor() as cursor,
        ):
            return {name: read(cursor, query) for name, query in QUESTIONS.items()}

    def published(self, database: str) -> int:
        """How many loads are on record as published."""
        with (
            superuser_connection(self.pipeline.warehouse, database) as postgres,
            postgres.cursor() as cursor,
        ):
            loads = "SELECT COUNT(*) FROM load_runs WHERE status = 'loaded'"
            return int(read(cursor, loads)[0][0])

    def run(self) -> None:
        with fast_clock():
            assert etl.main(["--config", str(self.pipeline.config)]) == 0


def read(cursor: Any, query: str) -> list[tuple[Any, ...]]:
    cursor.execute(query)
    return sorted(cursor.fetchall(), key=repr)


@pytest.fixture
def night(pipeline: Pipeline) -> Night:
    """A second load that has something to do for each of its statements."""
    # Its three songs are packed, its two files of events are not.
    change(pipeline.config, load_MAX_BAD_RECORDS="1", load_PACK_SMALL_FILES_FROM="3")
    pipeline.songs({"song_id": "SO5", "year": 0}, {"song_id": "SO6", "title": "Late"})
    pipeline.events({}, {"itemInSession": 1, "song": "Later", "userId": "40"}, file="a.json")
    pipeline.load()
    pipeline.songs({"song_id": "SO5", "year": 1999, "artist_location": "Oslo"})
    pipeline.songs({"song_id": "SO7", "title": "Later", "artist_id": "AR7"}, {"song_id": "SO8"})
    pipeline.events({"itemInSession": 2, "level": "paid", "ts": 1541105840000}, file="b.json")
    altered = [EVENT | {"location": "Another"}, EVENT | {"itemInSession": 3, "song": "Late"}]
    lines = [json.dumps(each) for each in altered]
    pipeline.warehouse.put("log_data/a.json", "\n".join([*lines, '{"ts": "soon"}']))
    pipeline.warehouse.connection.close()
    found = Night(pipeline, {}, {})
    found.old = found.state(pipeline.warehouse.database)
    with found.database(0) as database:
        found.run()
        found.new = found.state(database)
    return found


def fail(night: Night, faults: Faults) -> bool:
    """Run the load with a fault; whether it has succeeded all the same."""
    if isinstance(faults, Killed):
        return fail_in_a_child(night, faults)
    try:
        with at(faults):
            night.run()
    except FAILURES as error:
        told = explain(error)
        assert told.what
        assert told.hint
        return False
    return True


def fail_in_a_child(night: Night, faults: Killed) -> bool:
    child = os.fork()
    if child == 0:
        with suppress(BaseException), at(faults):
            night.run()
            os._exit(0)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    faults.count = faults.number if os.WIFSIGNALED(status) else 0
    return status == 0


def alternating(number: int) -> Faults:
    """Each point that is tried fails in another way than the one before."""
    return WAYS[number // QUICK % len(WAYS)](number)


# Of how many points the quick part tries one.
QUICK = 31
each_way = pytest.mark.parametrize(
    ("way", "step"),
    [
        (alternating, QUICK),
        *(pytest.param(way, 1, marks=pytest.mark.exhaustive) for way in WAYS),
    ],
)


@each_way
def test_star_is_the_old_or_the_new_one_and_the_next_run_makes_it_the_new_one(
    night: Night,
    way: Callable[[int], Faults],
    step: int,
    record_property: Callable[[str, object], None],
) -> None:
    assert all(night.old[table] != night.new[table] for table in QUESTIONS)
    points, is_met = 0, True
    while is_met:
        number = 1 + points * step
        faults = way(number)
        with night.database(number) as database:
            has_succeeded = fail(night, faults)
            is_met = faults.is_met
            state = night.state(database)
            assert state in ([night.new] if has_succeeded else [night.old, night.new]), number
            night.run()
            assert night.state(database) == night.new, number
            assert night.published(database) == 2, number
            points += is_met
    record_property(f"load, {way.__name__.lower()}", points)
    assert points >= 60 // step
