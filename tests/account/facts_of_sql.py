"""Facts about Redshift's SQL and its transactions."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg2
from fact import Place, error_of, fact

from dwh.aws import polling
from dwh.errors import is_conflict

GUIDE = "https://docs.aws.amazon.com/redshift/latest/dg"
ISOLATION = f"{GUIDE}/c_serial_isolation.html"


@contextmanager
def shared_table(place: Place, name: str) -> Iterator[None]:
    """A table with one row that other sessions see, dropped at the end."""
    place.run(f"DROP TABLE IF EXISTS {name}")
    place.run(f"CREATE TABLE {name} (a INTEGER)")
    place.run(f"INSERT INTO {name} VALUES (1)")
    place.session.commit()
    try:
        yield
    finally:
        place.session.rollback()
        place.run(f"DROP TABLE IF EXISTS {name}")
        place.session.commit()


@fact(f"{GUIDE}/r_TRUNCATE.html", "sql_queries.py: clear_staging_queries", 0)
def truncate_commits(place: Place) -> Any:
    with shared_table(place, "fact_truncate"):
        place.run("TRUNCATE fact_truncate")
        place.session.rollback()
        return place.value("SELECT COUNT(*) FROM fact_truncate")


@fact(f"{GUIDE}/r_statement_timeout.html", "dwh/tables.py: lock", "57014")
def lock_is_waited_for_no_longer_than_statement_timeout(place: Place) -> Any:
    with shared_table(place, "fact_lock"), place.another() as other:
        place.run("LOCK fact_lock")
        cursor = other.cursor()
        cursor.execute("SET statement_timeout TO 1000")
        return error_of(lambda: cursor.execute("LOCK fact_lock"))[0]


@fact(ISOLATION, "dwh/tables.py: lock", (True, 2))
def who_has_waited_for_a_lock_sees_what_was_committed_meanwhile(place: Place) -> Any:
    def wait_and_count(cursor: Any) -> Any:
        cursor.execute("SET statement_timeout TO 60000")
        cursor.execute("LOCK fact_snapshot")
        cursor.execute("SELECT COUNT(*) FROM fact_snapshot")
        return cursor.fetchone()[0]

    waiting = "SELECT 1 FROM svv_transactions WHERE NOT granted"
    with (
        shared_table(place, "fact_snapshot"),
        place.another() as other,
        ThreadPoolExecutor(1) as pool,
    ):
        place.run("LOCK fact_snapshot")
        found = pool.submit(wait_and_count, other.cursor())
        for _ in polling(30):
            if place.run(waiting) or found.done():
                break
        has_waited = bool(place.run(waiting))
        place.run("INSERT INTO fact_snapshot VALUES (2)")
        place.session.commit()
        return (has_waited, found.result())


@fact(
    f"{GUIDE}/c_serial_isolation-serializable-isolation-troubleshooting.html",
    "dwh/errors.py: is_conflict",
    True,
)
def change_of_what_another_transaction_has_changed_is_a_conflict(place: Place) -> Any:
    with shared_table(place, "fact_conflict"), place.another() as other:
        cursor = other.cursor()
        cursor.execute("SELECT COUNT(*) FROM fact_conflict")
        place.run("UPDATE fact_conflict SET a = 2")
        place.session.commit()
        try:
            cursor.execute("UPDATE fact_conflict SET a = 3")
            other.commit()
        except psycopg2.Error as error:
            return is_conflict(error) or str(error)
    return "no error"


@fact(f"{GUIDE}/r_SVV_TRANSACTIONS.html", "sql_queries.py: lock_holders", True)
def svv_transactions_shows_who_holds_a_lock(place: Place) -> Any:
    with shared_table(place, "fact_holder"), place.another() as other:
        cursor = other.cursor()
        cursor.execute("SELECT PG_BACKEND_PID()")
        pid = cursor.fetchone()[0]
        cursor.execute("LOCK fact_holder")
        holders = place.run(
            "SELECT DISTINCT pid FROM svv_transactions INNER JOIN pg_class ON relation = oid "
            "WHERE relname = 'fact_holder' AND granted"
        )
        return holders == [(pid,)] or holders


@fact(
    "https://www.postgresql.org/docs/current/protocol-message-formats.html",
    "dwh/loading/star.py: transform",
    ["INSERT 2", "UPDATE 1", "DELETE 1"],
)
def changes_are_counted_in_their_command_tags(place: Place) -> Any:
    place.table("a INTEGER")
    place.run("CREATE TEMP TABLE u (a INTEGER)")
    place.run("INSERT INTO u VALUES (1)")
    statements = (
        "INSERT INTO t SELECT 1 UNION ALL SELECT 2",
        "UPDATE t SET a = 3 FROM u WHERE t.a = u.a + 1",
        "DELETE FROM t USING u WHERE t.a = u.a",
    )
    found = []
    for statement in statements:
        place.run(statement)
        found.append(f"{place.cursor.statusmessage.split()[0]} {place.cursor.rowcount}")
    return found


@fact(f"{GUIDE}/r_CREATE_TABLE_NEW.html", "sql_queries.py: songplays_create", True)
def not_null_is_enforced(place: Place) -> Any:
    place.table("a INTEGER NOT NULL")
    return bool(error_of(lambda: place.run("INSERT INTO t SELECT CAST(NULL AS INTEGER)"))[0])


@fact(f"{GUIDE}/r_CREATE_TABLE_NEW.html", "sql_queries.py: songplays_rematch", [(3, 3)])
def identity_gives_each_row_a_number_of_its_own(place: Place) -> Any:
    place.table("id BIGINT IDENTITY(0, 1), a INTEGER")
    for number in range(3):
        place.run(f"INSERT INTO t (a) VALUES ({number})")
    return place.run("SELECT COUNT(id), COUNT(DISTINCT id) FROM t")


@fact(
    f"{GUIDE}/r_interval_literals.html",
    "sql_queries.py: staged_plays",
    datetime.datetime(2018, 11, 1, 20, 57, 10, 796000),
)
def milliseconds_since_1970_become_a_timestamp_with_its_milliseconds(place: Place) -> Any:
    place.table("ts BIGINT")
    place.run("INSERT INTO t VALUES (1541105830796)")
    return place.value("SELECT TIMESTAMP 'epoch' + MAX(ts) * INTERVAL '0.001 second' FROM t")


@fact(
    f"{GUIDE}/r_Dateparts_for_datetime_functions.html",
    "sql_queries.py: time_insert",
    [(52, 0), (44, 6), (1, 1)],
)
def weeks_are_those_of_iso_8601_and_sunday_is_0(place: Place) -> Any:
    place.table("a TIMESTAMP")
    for day in ("2017-01-01", "2018-11-03", "2018-12-31"):
        place.run(f"INSERT INTO t VALUES ('{day}')")
    return place.run("SELECT EXTRACT(WEEK FROM a), EXTRACT(DOW FROM a) FROM t ORDER BY a")


@fact(
    f"{GUIDE}/r_Window_function_synopsis.html",
    "sql_queries.py: batch_songs_create",
    [(1, 1), (None, 2)],
)
def nulls_come_last_in_the_ascending_order_of_a_window(place: Place) -> Any:
    place.table("a INTEGER")
    place.run("INSERT INTO t SELECT 1 UNION ALL SELECT CAST(NULL AS INTEGER)")
    return place.run("SELECT a, ROW_NUMBER() OVER (ORDER BY a) AS place FROM t ORDER BY place")


@fact(f"{GUIDE}/r_QUALIFY_clause.html", "sql_queries.py: batch_plays_create", [(1,), (3,)])
def qualify_keeps_rows_by_their_rank_and_by_columns_that_are_not_selected(place: Place) -> Any:
    place.table("a INTEGER, b INTEGER, is_stored INTEGER")
    place.run("INSERT INTO t SELECT 1, 1, 0 UNION ALL SELECT 2, 1, 0 UNION ALL SELECT 3, 2, 0")
    place.run("INSERT INTO t SELECT 4, 3, 1")
    rank = "ROW_NUMBER() OVER (PARTITION BY b ORDER BY a, is_stored DESC)"
    query = f"SELECT a FROM candidates AS candidate QUALIFY {rank} = 1 AND is_stored = 0"
    place.run(f"CREATE TEMP TABLE ranked AS WITH candidates AS (SELECT * FROM t) {query}")
    return place.run("SELECT a FROM ranked ORDER BY a")


@fact(f"{GUIDE}/r_UNION.html", "sql_queries.py: touched_songs_create", True)
def union_and_distinct_take_nulls_for_equal(place: Place) -> Any:
    place.table("a INTEGER, b INTEGER")
    place.run("INSERT INTO t SELECT 1, CAST(NULL AS INTEGER)")
    union = "SELECT a, b FROM t UNION SELECT a, b FROM t"
    distinct = "SELECT DISTINCT a, b FROM (SELECT a, b FROM t UNION ALL SELECT a, b FROM t) AS u"
    return place.run(union) == place.run(distinct) == [(1, None)]


@fact(f"{GUIDE}/r_CREATE_TABLE_AS.html", "dwh/loading/star.py: insert_into_star", "42P01")
def temporary_table_is_undone_with_its_transaction(place: Place) -> Any:
    place.run("CREATE TEMP TABLE fact_temporary AS SELECT 1 AS a")
    place.session.rollback()
    return error_of(lambda: place.run("SELECT a FROM fact_temporary"))[0]


DEFINED = [
    ("a", "character varying(64)", True, True, 1),
    ("b", "timestamp without time zone", False, False, 0),
    ("c", "double precision", False, False, 0),
    ("d", "bigint", False, False, 0),
]


@fact(f"{GUIDE}/r_PG_TABLE_DEF.html", "sql_queries.py: table_columns", DEFINED)
def pg_table_def_tells_a_table_in_the_transaction_that_makes_it(place: Place) -> Any:
    place.run(
        "CREATE TABLE fact_defined (a VARCHAR(64) NOT NULL, b TIMESTAMP, c DOUBLE PRECISION, "
        "d BIGINT) DISTKEY (a) SORTKEY (a)"
    )
    query = 'SELECT "column", type, "notnull", distkey, sortkey FROM pg_table_def '
    found = place.run(f"{query} WHERE schemaname = 'public' AND tablename = 'fact_defined'")
    return sorted(found)


STYLES = [("fact_all", 8), ("fact_even", 0), ("fact_key", 1)]


@fact(f"{GUIDE}/r_PG_CLASS_INFO.html", "dwh/definitions.py: STYLES", STYLES)
def pg_class_info_tells_the_distribution_style(place: Place) -> Any:
    for name, style in {"all": "ALL", "even": "EVEN", "key": "KEY DISTKEY (a)"}.items():
        place.run(f"CREATE TABLE fact_{name} (a INTEGER) DISTSTYLE {style}")
    query = "SELECT relname, reldiststyle FROM pg_class_info WHERE relname IN "
    return sorted(place.run(f"{query} ('fact_all', 'fact_even', 'fact_key')"))


@fact(f"{GUIDE}/r_ALTER_TABLE.html", "sql_queries.py: exchange_queries", [(2,)])
def tables_are_exchanged_in_a_transaction(place: Place) -> Any:
    for name, number in {"fact_old": 1, "fact_new": 2}.items():
        place.run(f"CREATE TABLE {name} AS SELECT {number} AS a")
    place.run("DROP TABLE fact_old")
    place.run("ALTER TABLE fact_new RENAME TO fact_old")
    return place.run("SELECT a FROM fact_old")


@fact(f"{GUIDE}/r_GRANT.html", "create_tables.py: let_analysts_read", [("IAMR:Fact", "fact_role")])
def role_is_made_and_granted_in_a_transaction(place: Place) -> Any:
    place.run("CREATE ROLE fact_role")
    place.run('CREATE USER "IAMR:Fact" PASSWORD DISABLE')
    place.table("a INTEGER")
    place.run("GRANT SELECT ON TABLE t TO ROLE fact_role")
    place.run('GRANT ROLE fact_role TO "IAMR:Fact"')
    grants = "SELECT user_name, role_name FROM svv_user_grants WHERE role_name = 'fact_role'"
    return place.run(grants)


@fact(f"{GUIDE}/r_SYSDATE.html", "sql_queries.py: run_end", True)
def sysdate_is_the_moment_when_the_transaction_began(place: Place) -> Any:
    first = place.value("SELECT SYSDATE")
    return bool(place.value("SELECT SYSDATE") == first)
