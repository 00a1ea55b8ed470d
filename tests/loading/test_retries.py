"""A load is tried again as a whole, where that is safe, and never published twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from conftest import CLUSTER, Pipeline
from fast_clock import fast_clock
from fault_injection import Faults, LostAfter, LostBefore, at
from script_runs import refused_here
from superuser import superuser_connection
from waiting import once

import etl
import sql_queries
from dwh import cluster_access, errors
from dwh.loading import attempts, staging

CAPTURE = pytest.CaptureFixture[str]


@pytest.fixture
def second_load(pipeline: Pipeline) -> Pipeline:
    """A pipeline with a load done and another one to do."""
    pipeline.songs({})
    pipeline.events({}, file="a.json")
    pipeline.load()
    pipeline.events({"itemInSession": 1}, {"userId": "40"}, file="b.json")
    return pipeline


def runs(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    return pipeline.ask("SELECT status FROM load_runs ORDER BY started_at, run_id")


def commits_of(pipeline: Pipeline) -> int:
    """The number of the last thing that a load asks for: its commit."""
    faults = Faults(10_000)
    with at(faults):
        pipeline.load()
    return faults.count


def tries(said: str) -> list[str]:
    return [line for line in said.splitlines() if "; trying again in " in line]


def test_load_whose_connection_is_lost_is_tried_again(
    second_load: Pipeline, capsys: CAPTURE
) -> None:
    capsys.readouterr()
    with fast_clock() as clock, at(LostBefore(30)):
        second_load.load()
    said = capsys.readouterr().err
    (line,) = tries(said)
    assert line.startswith("the connection to the warehouse was lost (")
    assert line.endswith("; trying again in 5 s")
    assert clock.now == attempts.WAREHOUSE_PAUSES[0]
    assert second_load.ask("SELECT COUNT(*) FROM songplays") == [(3,)]
    assert runs(second_load) == [("loaded",), ("loaded",)]


def test_load_whose_commit_lost_its_reply_is_found_done(
    second_load: Pipeline, capsys: CAPTURE
) -> None:
    second_load.load()
    second_load.events({"itemInSession": 2}, file="c.json")
    last = commits_of(second_load)
    second_load.events({"itemInSession": 3}, file="d.json")
    capsys.readouterr()
    with fast_clock(), at(LostAfter(last)):
        second_load.load()
    said = capsys.readouterr()
    assert len(tries(said.err)) == 1
    assert "the load was committed before the connection was lost" in said.err.splitlines()
    assert "songplays" in said.out
    assert second_load.ask("SELECT COUNT(*) FROM songplays") == [(5,)]
    assert runs(second_load) == [("loaded",)] * 4


def test_load_whose_session_is_ended_is_tried_again(
    second_load: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the cluster restarts."""
    ended: list[int] = []

    def end_and_stage(cursor: Any, *arguments: Any) -> None:
        if not ended:
            ended.append(cursor.connection.info.backend_pid)
            with superuser_connection(second_load.warehouse) as postgres:
                postgres.cursor().execute("SELECT pg_terminate_backend(%s)", ended)
        staging.copy_to_staging(cursor, *arguments)

    monkeypatch.setattr("etl.copy_to_staging", end_and_stage)
    with fast_clock():
        second_load.load()
    assert len(tries(capsys.readouterr().err)) == 1
    assert second_load.ask("SELECT COUNT(*) FROM songplays") == [(3,)]


def is_anybody_waiting(postgres: Any) -> bool:
    """True if a session waits for a lock that another one holds."""
    with postgres.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return cursor.fetchone() is not None


def test_serialization_failure_is_tried_again(second_load: Pipeline, capsys: CAPTURE) -> None:
    """Somebody changes a user while the load is about to replace the same one."""
    second_load.events({"level": "paid", "ts": 1541105840000}, file="c.json")
    other = second_load.warehouse.another_connection()
    other.cursor().execute("UPDATE users SET first_name = 'Augusta' WHERE user_id = '39'")
    with (
        superuser_connection(second_load.warehouse) as postgres,
        once(lambda: is_anybody_waiting(postgres), other.commit),
        fast_clock(),
    ):
        second_load.load()
    (line,) = tries(capsys.readouterr().err)
    assert line.startswith("another transaction changed the same tables; trying again in ")
    assert second_load.ask("SELECT level, first_name FROM users WHERE user_id = '39'") == [
        ("paid", "Ada")
    ]
    other.close()


CONFLICTS = [
    psycopg2.InternalError("1023\nDETAIL:  Serializable isolation violation on table"),
    psycopg2.InternalError("1018\nDETAIL:  Relation does not exist"),
    psycopg2.errors.DeadlockDetected("deadlock detected"),
    psycopg2.InternalError("could not complete because of conflict with concurrent transaction"),
]


@pytest.mark.parametrize("conflict", CONFLICTS, ids=str)
def test_conflict_is_tried_again(conflict: Exception) -> None:
    assert attempts.passing_reason(conflict, is_repeated=False) == errors.CONFLICT
    assert errors.explain_sql(conflict).hint == "run the script again"


class AtCopy(Faults):
    """The COPY of the events meets a serialization failure, once."""

    is_next = False

    def is_due(self) -> bool:
        due, self.is_next = self.is_next, False
        return due

    def of_warehouse(self, session: Any, ask: Callable[[], Any]) -> Any:
        raise psycopg2.InternalError("1023\nDETAIL:  Serializable isolation violation on table")


def test_serialization_failure_of_a_copy_is_tried_again(
    second_load: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults, build, seen = AtCopy(0), sql_queries.copy_query, list[str]()

    def copy_query(table: str, *more: Any) -> str:
        faults.is_next = table == "staging_events" and table not in seen
        seen.append(table)
        return build(table, *more)

    monkeypatch.setattr(sql_queries, "copy_query", copy_query)
    with fast_clock(), at(faults):
        second_load.load()
    (line,) = tries(capsys.readouterr().err)
    assert line.startswith("another transaction changed the same tables; trying again in ")
    assert second_load.ask("SELECT COUNT(*) FROM songplays") == [(3,)]


def lose_once_then(monkeypatch: pytest.MonkeyPatch, then: Callable[[Any], None]) -> None:
    """Have the connection lost when files are staged, and something else at the second try."""
    losses = [psycopg2.OperationalError("server closed the connection unexpectedly")]

    def stage(cursor: Any, *more: Any) -> None:
        if losses:
            raise losses.pop()
        then(cursor)
        staging.copy_to_staging(cursor, *more)

    monkeypatch.setattr("etl.copy_to_staging", stage)


def test_cluster_that_restarts_is_waited_for(
    second_load: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_once_then(monkeypatch, lambda _: None)
    look, states = cluster_access.refuse_stuck, ["available", "rebooting", "modifying"]

    def pretend(cluster: dict[str, Any]) -> None:
        cluster["ClusterStatus"] = states.pop(0) if states else "available"
        look(cluster)

    monkeypatch.setattr(cluster_access, "refuse_stuck", pretend)
    with fast_clock() as clock:
        second_load.load()
    lost, *away = tries(capsys.readouterr().err)
    assert lost.startswith("the connection to the warehouse was lost (")
    assert [line.partition(";")[0] for line in away] == [
        f"the cluster {CLUSTER} is {status}" for status in ("rebooting", "modifying")
    ]
    assert clock.now == sum(attempts.WAREHOUSE_PAUSES[:3])
    assert second_load.ask("SELECT COUNT(*) FROM songplays") == [(3,)]


def test_load_that_somebody_cancels_is_not_tried_again(
    second_load: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_too_long(cursor: Any) -> None:
        cursor.execute("SET statement_timeout TO 1")
        cursor.execute("SELECT COUNT(*) FROM pg_class AS a, pg_class AS b, pg_class AS c")

    lose_once_then(monkeypatch, take_too_long)
    with fast_clock():
        found = refused_here(etl, "--config", str(second_load.config), said=capsys)
    assert found.error.startswith("canceling statement due to ")
    assert len(tries("\n".join(found.progress))) == 1


class Again(LostBefore):
    """The connection is lost at this point, and at each one after it."""

    def is_due(self) -> bool:
        self.count += 1
        return self.count >= self.number

    def of_aws(self, request: Any) -> None:
        """AWS goes on working."""


def test_load_that_fails_each_time_gives_up(second_load: Pipeline, capsys: CAPTURE) -> None:
    before = second_load.star()
    with fast_clock() as clock, at(Again(30)):
        found = refused_here(etl, "--config", str(second_load.config), said=capsys)
    assert clock.now == sum(attempts.WAREHOUSE_PAUSES)
    assert len([line for line in found.progress if "; trying again in " in line]) == 4
    assert found.hint
    assert second_load.star() == before
    assert runs(second_load)[0] == ("loaded",)
    second_load.load()
    assert second_load.ask("SELECT COUNT(*) FROM songplays") == [(3,)]


def test_warehouse_that_is_away_for_a_while_is_tried_again(
    second_load: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, failures = psycopg2.connect, [2, 1]

    def refuse_twice(*arguments: Any, **more: Any) -> Any:
        if len(failures) < 2 and failures:
            failures.pop()
            more["port"] = 1
        return connect(*arguments, **more)

    def lose(cursor: Any, *arguments: Any) -> None:
        if len(failures) == 2:
            failures.pop()
            raise psycopg2.OperationalError("server closed the connection unexpectedly")
        staging.copy_to_staging(cursor, *arguments)

    monkeypatch.setattr(psycopg2, "connect", refuse_twice)
    monkeypatch.setattr("etl.copy_to_staging", lose)
    with fast_clock() as clock:
        second_load.load()
    first, second = tries(capsys.readouterr().err)
    assert first.startswith("the connection to the warehouse was lost (")
    assert "cannot be reached" in second
    assert clock.now == sum(attempts.WAREHOUSE_PAUSES[:2])


NOT_AGAIN: list[tuple[Callable[[Pipeline], object], str]] = [
    (lambda p: p.events({"ts": "x"}, file="bad.json"), "1 bad record, "),
    (lambda p: p.events({"ts": 1}, file="bad.json"), "the data failed 1 of"),
    (lambda p: p.ask("DROP TABLE time"), "this table is not there: time"),
]


@pytest.mark.parametrize(("spoil", "error"), NOT_AGAIN)
def test_what_would_fail_again_is_not_tried_again(
    second_load: Pipeline, capsys: CAPTURE, spoil: Callable[[Pipeline], object], error: str
) -> None:
    spoil(second_load)
    code = 3 if "data failed" in error else 1
    found = refused_here(etl, "--config", str(second_load.config), said=capsys, code=code)
    assert error in found.error
    assert not tries("\n".join(found.progress))


def test_warehouse_that_was_never_reached_is_not_tried_again(
    second_load: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = psycopg2.connect
    monkeypatch.setattr(psycopg2, "connect", lambda *a, **k: connect(*a, **{**k, "port": 1}))
    found = refused_here(etl, "--config", str(second_load.config), said=capsys)
    assert "cannot be reached" in found.error
    assert not tries("\n".join(found.progress))
