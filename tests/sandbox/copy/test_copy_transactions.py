"""COPY within transactions, and what is remembered of the last one."""

from __future__ import annotations

import psycopg2
import pytest
from conftest import Database
from copy_cases import EVENTS, LINES, ROWS, events, rows

__all__ = ["events"]


def test_copy_belongs_to_the_clients_transaction(events: Database) -> None:
    events.run("BEGIN")
    events.load("events", LINES)
    assert events.run("SELECT COUNT(*) FROM events") == [(2,)]
    with events.another_connection() as other, other.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM events")
        assert cursor.fetchall() == [(0,)]
    events.run("ROLLBACK")
    assert rows(events) == []
    assert events.run("SELECT status FROM sys_load_history") == [("completed",)]
    assert events.run("SELECT pg_last_copy_id()") == [(-1,)]


def test_failed_copy_aborts_the_transaction(events: Database) -> None:
    events.run("BEGIN")
    events.run("INSERT INTO events (ts) VALUES (1)")
    with pytest.raises(psycopg2.InternalError, match=r"Load into table .events. failed"):
        events.load("events", '{"ts": "x"}')
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        events.load("events", LINES)
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        events.run("SELECT 1")
    events.run("ROLLBACK")
    assert rows(events) == []
    assert len(events.run("SELECT line_number FROM stl_load_errors")) == 1


def test_several_statements_in_one_message_are_one_transaction(events: Database) -> None:
    good, bad = events.put("good.json", LINES), events.put("bad.json", '{"ts": "x"}')
    copy = "COPY events FROM '{}' IAM_ROLE '" + events.role + "' JSON 'auto'; "
    with pytest.raises(psycopg2.InternalError, match=r"Load into table .events. failed"):
        events.run(copy.format(good) + copy.format(bad))
    assert rows(events) == []
    events.run(copy.format(good) + "INSERT INTO events (artist, ts) VALUES ('last', 0)")
    assert len(rows(events)) == 3


def test_table_made_in_the_same_transaction_can_be_loaded(warehouse: Database) -> None:
    warehouse.run("BEGIN")
    warehouse.run(EVENTS)
    warehouse.load("events", LINES)
    warehouse.run("COMMIT")
    assert rows(warehouse) == ROWS


def test_last_copy_id_is_that_of_the_failed_load(events: Database) -> None:
    events.load("events", LINES)
    with pytest.raises(psycopg2.InternalError, match="failed"):
        events.load("events", '{"ts": "x"}')
    ((count, copy_id),) = events.run("SELECT pg_last_copy_count(), pg_last_copy_id()")
    assert count == 0
    assert events.run("SELECT query FROM stl_load_errors") == [(copy_id,)]


def test_last_copy_follows_the_transaction(events: Database) -> None:
    last = "SELECT pg_last_copy_count(), pg_last_copy_id()"
    events.run("BEGIN")
    events.load("events", LINES)
    events.run("COMMIT")
    committed = events.run(last)
    events.run("BEGIN")
    events.load("events", '{"ts": 1}')
    assert events.run(last) != committed
    events.run("ROLLBACK")
    assert events.run(last) == committed
    events.run("BEGIN")
    with pytest.raises(psycopg2.InternalError, match="failed"):
        events.load("events", '{"ts": "x"}')
    events.run("ROLLBACK")
    assert events.run(last) == [(0, committed[0][1])]


def test_statements_of_one_message_are_one_transaction_until_they_end_it(
    events: Database,
) -> None:
    good, bad = events.put("good.json", LINES), events.put("bad.json", '{"ts": "x"}')
    copy = "COPY events FROM '{}' IAM_ROLE '" + events.role + "' JSON 'auto'; "
    with pytest.raises(psycopg2.InternalError, match="failed"):
        events.run("INSERT INTO events (ts) VALUES (77); " + copy.format(bad) + "COMMIT")
    assert rows(events) == []
    events.run(copy.format(good) + "ROLLBACK")
    assert rows(events) == []
    events.run("BEGIN; " + copy.format(good))
    events.run("ROLLBACK")
    assert rows(events) == []
    events.run("BEGIN; " + copy.format(good) + "COMMIT; INSERT INTO events (ts) VALUES (1)")
    assert len(rows(events)) == 3
