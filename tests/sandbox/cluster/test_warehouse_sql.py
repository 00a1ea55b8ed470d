"""Redshift's SQL through the wire: tables, their attributes, transactions, what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import psycopg2
import pytest
from conftest import Database
from superuser import superuser_connection
from waiting import once

PLAYS = """
    CREATE TABLE plays (
        id BIGINT IDENTITY(0, 1) NOT NULL,
        song VARCHAR(20) DISTKEY ENCODE zstd,
        at TIMESTAMP SORTKEY,
        level CHAR(4),
        PRIMARY KEY (id)
    )
"""
LISTENERS = """
    CREATE TABLE listeners (user_id INT PRIMARY KEY, name VARCHAR(MAX), note TEXT)
    DISTSTYLE ALL COMPOUND SORTKEY (user_id, name)
"""


def test_keys_are_declared_and_not_enforced(warehouse: Database) -> None:
    warehouse.run(LISTENERS)
    warehouse.run("INSERT INTO listeners VALUES (1, 'first'), (1, 'second')")
    assert warehouse.run("SELECT COUNT(*) FROM listeners") == [(2,)]
    with pytest.raises(psycopg2.errors.NotNullViolation):
        warehouse.run("INSERT INTO listeners VALUES (NULL, 'third')")


def test_identity_values_have_gaps(warehouse: Database) -> None:
    warehouse.run(PLAYS)
    warehouse.run("INSERT INTO plays (song) VALUES ('a'), ('b'), ('c')")
    values = [value for (value,) in warehouse.run("SELECT id FROM plays ORDER BY id")]
    assert len(set(values)) == 3
    assert values[-1] - values[0] > 2
    with pytest.raises(psycopg2.Error):
        warehouse.run("INSERT INTO plays (id, song) VALUES (1, 'x')")


def test_create_table_belongs_to_the_transaction(warehouse: Database) -> None:
    warehouse.run("BEGIN")
    warehouse.run(PLAYS)
    warehouse.run("ROLLBACK")
    assert warehouse.run("SELECT * FROM pg_table_def") == []
    warehouse.run(PLAYS)


def test_create_if_not_exists_keeps_what_is_there(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a INT) DISTSTYLE EVEN")
    warehouse.run("INSERT INTO t VALUES (1)")
    warehouse.run("CREATE TABLE IF NOT EXISTS t (a INT) DISTSTYLE ALL")
    assert warehouse.run("SELECT diststyle FROM svv_table_info") == [("EVEN",)]


def test_char_columns_hold_ascii_only(warehouse: Database) -> None:
    warehouse.run(PLAYS)
    with pytest.raises(psycopg2.errors.StringDataRightTruncation, match="ASCII"):
        warehouse.run("INSERT INTO plays (level) VALUES ('é')")


def test_truncate_commits(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a INT)")
    warehouse.run("CREATE TABLE log (a INT)")
    warehouse.run("INSERT INTO t VALUES (1)")
    warehouse.run("BEGIN")
    warehouse.run("INSERT INTO log VALUES (1)")
    warehouse.run("TRUNCATE t")
    warehouse.run("ROLLBACK")
    assert warehouse.run("SELECT (SELECT COUNT(*) FROM t), (SELECT COUNT(*) FROM log)") == [(0, 1)]


REFUSED = [
    "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
    "INSERT INTO t VALUES (1) RETURNING a",
    "SAVEPOINT here",
    "SELECT DISTINCT ON (a) a FROM t",
    "SELECT COUNT(*) FILTER (WHERE a > 1) FROM t",
    "SELECT a FROM t WHERE a IS DISTINCT FROM 1",
    "CREATE INDEX i ON t (a)",
    "CREATE TABLE u (a SERIAL)",
    "CREATE TABLE u (a JSONB)",
    "CREATE TABLE u (a INT CHECK (a > 0))",
    "SELECT NOW() FROM t",
    "SELECT STRING_AGG(a::varchar, ',') FROM t",
    "COPY t FROM STDIN",
    "COPY t TO STDOUT",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_what_redshift_refuses_is_refused(warehouse: Database, statement: str) -> None:
    warehouse.run("CREATE TABLE t (a INT)")
    with pytest.raises(psycopg2.Error) as caught:
        warehouse.run(statement)
    assert caught.value.pgcode in ("0A000", "42601", "42704")
    assert warehouse.run("SELECT COUNT(*) FROM t") == [(0,)]


def test_refusal_aborts_the_transaction(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a INT)")
    warehouse.run("BEGIN")
    warehouse.run("INSERT INTO t VALUES (1)")
    with pytest.raises(psycopg2.NotSupportedError):
        warehouse.run("SAVEPOINT here")
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        warehouse.run("SELECT 1")
    warehouse.run("ROLLBACK")


WORKS = [
    ("SELECT GETDATE() IS NULL", False),
    ("SELECT SYSDATE IS NULL", False),
    ("SELECT NVL(NULL, 3)", 3),
    ("SELECT LEN('abc')", 3),
    ("SELECT EXTRACT(weekday FROM TIMESTAMP '2018-11-04 10:00:00')", 0),
    ("SELECT EXTRACT(week FROM TIMESTAMP '2018-11-03 10:00:00')", 44),
    ("SELECT EXTRACT(hour FROM TIMESTAMP '2018-11-03 21:00:00') / 5", 4),
    ("SELECT EXTRACT(sec FROM TIMESTAMP '2009-09-21 11:10:03.189717')", 3),
    ("SELECT EXTRACT(ms FROM TIMESTAMP '2009-09-09 12:08:43.101')", 101),
    ("SELECT EXTRACT(epoch FROM TIMESTAMP '2018-11-01 20:57:10.796')", 1541105830),
    ("SELECT EXTRACT(year FROM DATE '2018-11-01')", 2018),
    ("SELECT DATE_PART(sec, TIMESTAMP '2009-09-21 11:10:03.189717')", 3.189717),
    ("SELECT AVG(a) FROM (SELECT 1 AS a UNION ALL SELECT 2) AS x", 1),
    ("SELECT AVG(a::bigint) FROM (SELECT -1 AS a UNION ALL SELECT -2) AS x", -1),
    ("SELECT AVG(a::smallint) FROM (SELECT 1 AS a UNION ALL SELECT NULL) AS x", 1),
    ("SELECT AVG(9223372036854775807) FROM generate_series(1, 3)", 9223372036854775807),
    ("SELECT AVG(a) FROM (SELECT 1.00 AS a UNION ALL SELECT 2.05) AS x", Decimal("1.52")),
    ("SELECT AVG(a) FROM (SELECT 1::float AS a UNION ALL SELECT 2) AS x", 1.5),
    ("SELECT AVG(1) FROM (SELECT 1 AS a) AS x WHERE a > 1", None),
    ("SELECT LEN(REPEAT('x', 300)::varchar)", 256),
    ("SELECT LEN(CAST(REPEAT('x', 300) AS VARCHAR(MAX)))", 300),
    ("SHOW server_version", "8.0.2"),
    ("SELECT current_setting('server_version')", "8.0.2"),
    ("SELECT current_setting('timezone')", "UTC"),
    ("SELECT DATEADD(day, 1, '2018-11-30')::date::varchar", "2018-12-01"),
    ("SELECT DATEDIFF(month, '2018-11-30', '2018-12-01')", 1),
    ("SELECT 'a\\\\b'", "a\\b"),
]


@pytest.mark.parametrize(("statement", "expected"), WORKS)
def test_redshift_functions_work(warehouse: Database, statement: str, expected: Any) -> None:
    assert warehouse.run(statement) == [(expected,)]


def test_extract_names_its_column_date_part(warehouse: Database) -> None:
    with warehouse.connection.cursor() as cursor:
        cursor.execute("SELECT EXTRACT(hour FROM SYSDATE), EXTRACT(day FROM SYSDATE) AS day")
        assert [column.name for column in cursor.description] == ["date_part", "day"]


BOOLEANS = ["SELECT true::varchar", "SELECT CAST(a > 1 AS varchar(5)) FROM t"]


@pytest.mark.parametrize("statement", BOOLEANS)
def test_booleans_are_no_texts(warehouse: Database, statement: str) -> None:
    warehouse.run("CREATE TABLE t (a INT)")
    warehouse.run("INSERT INTO t VALUES (1)")
    with pytest.raises(psycopg2.errors.CannotCoerce) as caught:
        warehouse.run(statement)
    message = "cannot cast type boolean to character varying"
    assert caught.value.diag.message_primary == message
    assert caught.value.diag.context is None


def test_merge_with_two_rows_for_one_is_an_error_in_redshifts_words(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a INT, b INT)")
    warehouse.run("INSERT INTO t VALUES (1, 1)")
    warehouse.run("CREATE TABLE s (a INT, b INT)")
    warehouse.run("INSERT INTO s VALUES (1, 2), (1, 3)")
    with pytest.raises(psycopg2.Error, match=r"^Found multiple matches to update the same tuple\."):
        warehouse.run(
            "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET b = s.b "
            "WHEN NOT MATCHED THEN INSERT VALUES (s.a, s.b)"
        )


NOT_FOR_CLIENTS = [
    "SELECT * FROM sandbox.table_attributes",
    "UPDATE sandbox.settings SET slices = 1",
]


@pytest.mark.parametrize("statement", NOT_FOR_CLIENTS)
def test_the_sandboxs_own_functions_and_tables_are_not_for_clients(
    warehouse: Database, statement: str
) -> None:
    warehouse.run("CREATE TABLE t (a INT)")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        warehouse.run(statement)


def test_long_list_of_rows_is_inserted_whole(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a INT, b VARCHAR(20))")
    values = ",".join(f"({number}, 'it''s; --{number}')" for number in range(20_000))
    warehouse.run(f"INSERT INTO t VALUES {values}")
    found = warehouse.run("SELECT COUNT(DISTINCT a), MAX(b) FROM t")
    assert found == [(20_000, "it's; --9999")]


def test_lost_update_is_a_serialization_failure_in_redshifts_words(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a INT)")
    warehouse.run("INSERT INTO t VALUES (1)")
    warehouse.run("BEGIN")
    warehouse.run("SELECT * FROM t")
    other = warehouse.another_connection()
    other.cursor().execute("UPDATE t SET a = 2")
    other.commit()
    other.close()
    with pytest.raises(psycopg2.InternalError) as caught:
        warehouse.run("UPDATE t SET a = 3")
    assert (caught.value.pgcode, caught.value.diag.message_primary) == ("XX000", "1023")


def test_text_of_any_kind_survives_the_trip(warehouse: Database) -> None:
    text = "quote ' double \" back \\ semi ; tab \t é 漢 -- not a comment /* nor this */"
    with warehouse.connection.cursor() as cursor:
        cursor.execute("SELECT %s", (text,))
        assert cursor.fetchall() == [(text,)]


def test_large_result_arrives_whole(warehouse: Database) -> None:
    rows = warehouse.run("SELECT number, repeat('x', 100) FROM generate_series(1, 50000) AS number")
    assert len(rows) == 50_000
    assert rows[-1] == (50_000, "x" * 100)


def test_query_can_be_cancelled(warehouse: Database) -> None:
    def is_running() -> bool:
        with postgres.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE %s",
                ("SELECT COUNT(*) FROM generate_series%",),
            )
            return cursor.fetchone() is not None

    with (
        superuser_connection(warehouse) as postgres,
        once(is_running, warehouse.connection.cancel),
        pytest.raises(psycopg2.errors.QueryCanceled),
    ):
        warehouse.run("SELECT COUNT(*) FROM generate_series(1, 100000000000)")
    assert warehouse.run("SELECT 1") == [(1,)]
