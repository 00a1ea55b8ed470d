"""What stands in the sandbox for Redshift's slices, and for the blocks that a sort key spares."""

from __future__ import annotations

import pytest
from conftest import Database, Pipeline
from superuser import superuser_connection

BLOCKS = "EXPLAIN SELECT * FROM t WHERE moment >= '2020-01-02' AND moment < '2020-01-03'"


def plan(warehouse: Database, statement: str) -> str:
    with superuser_connection(warehouse) as postgres, postgres.cursor() as cursor:
        cursor.execute("ANALYZE t")
        cursor.execute(statement)
        return "\n".join(row[0] for row in cursor.fetchall())


def fill(warehouse: Database, create: str) -> None:
    warehouse.run(create)
    rows = ", ".join(f"(TIMESTAMP '2020-01-01' + {day} * INTERVAL '1 day', 0)" for day in range(99))
    warehouse.run(f"INSERT INTO t VALUES {rows}")
    for _ in range(5):
        warehouse.run("INSERT INTO t SELECT moment + INTERVAL '99 days', n FROM t")


@pytest.mark.parametrize(
    "keys", ["SORTKEY (moment)", "COMPOUND SORTKEY (moment, n)", "DISTKEY (n) SORTKEY (moment)"]
)
def test_range_of_the_first_sort_key_reads_no_other_rows(warehouse: Database, keys: str) -> None:
    fill(warehouse, f"CREATE TABLE t (moment TIMESTAMP, n INTEGER) {keys}")
    assert "Index Cond: ((moment >=" in plan(warehouse, BLOCKS)


def test_altered_sort_key_is_the_one_that_counts(warehouse: Database) -> None:
    fill(warehouse, "CREATE TABLE t (moment TIMESTAMP, n INTEGER) SORTKEY (n)")
    warehouse.run("ALTER TABLE t ALTER SORTKEY (moment)")
    assert "Index Cond: ((moment >=" in plan(warehouse, BLOCKS)
    warehouse.run("ALTER TABLE t ALTER SORTKEY NONE")
    assert "Index" not in plan(warehouse, BLOCKS)
    assert warehouse.connection.notices == []


def test_table_without_a_sort_key_is_read_as_a_whole(warehouse: Database) -> None:
    fill(warehouse, "CREATE TABLE t (moment TIMESTAMP, n INTEGER)")
    assert "Index" not in plan(warehouse, BLOCKS)


def test_text_as_sort_key_may_be_longer_than_an_index_could_hold(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a VARCHAR(65535) SORTKEY)")
    text = "".join(chr(33 + number * 7919 % 90) for number in range(60_000)).replace("'", "x")
    with warehouse.connection.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (%s)", [text.replace("\\", "x")])
    assert warehouse.run("SELECT LENGTH(a) FROM t") == [(60_000,)]


def test_sort_key_stays_one_for_a_table_of_another_name(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE s (moment TIMESTAMP SORTKEY, n INTEGER)")
    warehouse.run("ALTER TABLE s RENAME TO t")
    warehouse.run("CREATE TABLE s (moment TIMESTAMP SORTKEY, n INTEGER)")
    warehouse.run("CREATE TABLE u (LIKE t)")
    warehouse.run("DROP TABLE t")
    assert warehouse.run("SELECT COUNT(*) FROM u") == [(0,)]


def test_second_create_if_not_exists_changes_nothing(pipeline: Pipeline) -> None:
    create = "CREATE TABLE IF NOT EXISTS t (moment TIMESTAMP SORTKEY)"
    pipeline.ask(create)
    pipeline.ask(create)
    with superuser_connection(pipeline.warehouse) as postgres, postgres.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM pg_index WHERE indrelid = 't'::regclass")
        assert cursor.fetchall() == [(1,)]


def test_stv_slices_lists_the_slices_of_all_nodes(warehouse: Database) -> None:
    found = warehouse.run("SELECT node, slice, localslice, type FROM stv_slices ORDER BY 2")
    assert found == [(0, 0, 0, "D"), (0, 1, 1, "D"), (1, 2, 0, "D"), (1, 3, 1, "D")]


RANGES = "SELECT attname, null_frac FROM pg_stats WHERE tablename = 't' ORDER BY 1"


def test_ranges_of_values_are_known_as_soon_as_rows_are_there(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (n INTEGER, moment TIMESTAMP SORTKEY)")
    warehouse.run("INSERT INTO t VALUES (1, '2020-01-01'), (2, NULL)")
    with superuser_connection(warehouse) as postgres, postgres.cursor() as cursor:
        cursor.execute(RANGES)
        assert cursor.fetchall() == [("moment", 0.5), ("n", 0)]
    rows = '{"n": 3}' * 1000
    warehouse.load("t", rows, "FORMAT JSON 'auto' STATUPDATE OFF")
    warehouse.run("INSERT INTO t VALUES (4, '2020-01-01')")  # too few to look again
    with superuser_connection(warehouse) as postgres, postgres.cursor() as cursor:
        cursor.execute(RANGES)
        (_, nulls), (_, none) = cursor.fetchall()
        assert (round(nulls, 4), none) == (0.999, 0)


def test_insert_does_not_wait_for_the_transaction_of_another(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (n INTEGER, moment TIMESTAMP SORTKEY)")
    other = warehouse.another_connection()
    other.cursor().execute("INSERT INTO t VALUES (1, '2020-01-01')")
    warehouse.run("SET statement_timeout TO 9000")
    warehouse.run("INSERT INTO t VALUES (2, '2020-01-02')")
    assert warehouse.connection.notices == []
    other.commit()
    other.close()
    assert warehouse.run("SELECT COUNT(*) FROM t") == [(2,)]


def test_insert_needs_no_other_right_for_a_sort_key(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (n INTEGER, moment TIMESTAMP SORTKEY)")
    with superuser_connection(warehouse) as postgres, postgres.cursor() as cursor:
        cursor.execute(f"CREATE ROLE of_{warehouse.database}")
        cursor.execute(f"GRANT INSERT ON t TO of_{warehouse.database}")
        cursor.execute(f"SET SESSION AUTHORIZATION of_{warehouse.database}")
        cursor.execute("INSERT INTO t VALUES (1, '2020-01-01')")
    assert warehouse.run("SELECT COUNT(*) FROM t") == [(1,)]


def test_statupdate_off_gathers_no_statistics(pipeline: Pipeline) -> None:
    pipeline.load()  # its COPYs say STATUPDATE OFF
    statistics = "SELECT COUNT(*) FROM pg_stats WHERE tablename LIKE 'staging_%'"
    assert pipeline.ask(statistics) == [(0,)]
