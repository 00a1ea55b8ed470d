"""What is on record of tables: distribution, sort keys, encodings, sizes."""

from __future__ import annotations

import psycopg2
import pytest
from conftest import Database
from superuser import superuser_connection

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


def test_attributes_of_tables_are_on_record(warehouse: Database) -> None:
    warehouse.run(PLAYS)
    warehouse.run(LISTENERS)
    warehouse.run("INSERT INTO plays (song) VALUES ('a'), ('b'), (NULL)")
    warehouse.run("INSERT INTO listeners VALUES (1, 'n', 'x')")
    found = warehouse.run(
        'SELECT "table", diststyle, sortkey1, sortkey_num, tbl_rows, skew_rows IS NULL '
        "FROM svv_table_info ORDER BY 1"
    )
    assert found == [
        ("listeners", "ALL", "user_id", 2, 1, True),
        ("plays", "KEY(song)", "at", 1, 3, False),
    ]


def test_empty_tables_are_not_in_the_table_info(warehouse: Database) -> None:
    warehouse.run(PLAYS)
    assert warehouse.run("SELECT * FROM svv_table_info") == []


def test_columns_are_on_record(warehouse: Database) -> None:
    warehouse.run(PLAYS)
    found = warehouse.run(
        'SELECT "column", type, TRIM(encoding), distkey, sortkey, "notnull" FROM pg_table_def'
    )
    assert found == [
        ("id", "bigint", "az64", False, 0, True),
        ("song", "character varying(20)", "zstd", True, 0, False),
        ("at", "timestamp without time zone", "none", False, 1, False),
        ("level", "character(4)", "lzo", False, 0, False),
    ]


def test_rows_with_one_key_sit_on_one_slice(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a INT DISTKEY)")
    warehouse.run("INSERT INTO t SELECT NULL FROM (SELECT 1 UNION ALL SELECT 2) AS two")
    skew = "SELECT skew_rows FROM svv_table_info"
    assert warehouse.run(skew) == [(2,)]
    warehouse.run("DELETE FROM t")
    for value in range(200):
        warehouse.run(f"INSERT INTO t VALUES ({value})")
    ((ratio,),) = warehouse.run(skew)
    assert 1 <= ratio < 2.5


def test_table_like_another_inherits_its_keys(warehouse: Database) -> None:
    warehouse.run(PLAYS)
    warehouse.run("CREATE TABLE copies (LIKE plays)")
    keys = """
        SELECT "column", distkey, sortkey FROM pg_table_def
        WHERE tablename = 'copies' AND (distkey OR sortkey > 0)
    """
    assert warehouse.run(keys) == [("song", True, 0), ("at", False, 1)]


def test_encodings_of_a_table_made_by_a_query_are_by_type(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t SORTKEY (a) AS SELECT 1 AS a, 2 AS b, 'x' AS c, true AS d")
    found = warehouse.run("SELECT TRIM(encoding), sortkey FROM pg_table_def")
    assert found == [("none", 1), ("az64", 0), ("lzo", 0), ("none", 0)]


ENCODINGS = "SELECT TRIM(encoding) FROM pg_table_def WHERE tablename = 't'"


def test_encodings_default_by_type(warehouse: Database) -> None:
    columns = (
        "(a INT, b NUMERIC, c DATE, d TIMESTAMPTZ, e CHAR, f TEXT, g BOOL, h REAL, i FLOAT,"
        " j TEXT ENCODE text255, k INT ENCODE raw, l BIGINT) SORTKEY (l)"
    )
    warehouse.run(f"CREATE TABLE t {columns}")
    assert [name for (name,) in warehouse.run(ENCODINGS)] == [
        *("az64", "az64", "az64", "az64", "lzo", "lzo", "none", "none"),
        *("none", "text255", "none", "none"),
    ]


def test_temporary_tables_are_not_encoded(warehouse: Database) -> None:
    warehouse.run("SET search_path TO pg_temp")
    warehouse.run("CREATE TEMP TABLE t (a INT, b TEXT)")
    types = "SELECT attencodingtype FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0"
    assert warehouse.run(types) == [(0,), (0,)]


def test_renamed_columns_keep_their_keys_and_checks(warehouse: Database) -> None:
    warehouse.run(PLAYS)
    warehouse.run("ALTER TABLE plays RENAME COLUMN song TO title")
    warehouse.run("ALTER TABLE plays RENAME COLUMN at TO moment")
    keys = 'SELECT "column", TRIM(encoding), distkey, sortkey FROM pg_table_def'
    assert warehouse.run(f"{keys} WHERE distkey OR sortkey > 0") == [
        ("title", "zstd", True, 0),
        ("moment", "none", False, 1),
    ]
    warehouse.run("ALTER TABLE plays RENAME COLUMN level TO tier")
    with pytest.raises(psycopg2.errors.StringDataRightTruncation, match='"tier"'):
        warehouse.run("INSERT INTO plays (tier) VALUES ('é')")
    warehouse.run("ALTER TABLE plays ALTER COLUMN title TYPE VARCHAR(40)")
    warehouse.run(f"INSERT INTO plays (title) VALUES ('{'é' * 11}')")
    found = warehouse.run("SELECT diststyle, sortkey1, skew_rows FROM svv_table_info")
    assert found == [("KEY(title)", "moment", 1)]


@pytest.mark.parametrize(("column", "key"), [("song", "distkey"), ("at", "sortkey")])
def test_key_columns_cannot_be_dropped(warehouse: Database, column: str, key: str) -> None:
    warehouse.run(PLAYS)
    with pytest.raises(psycopg2.NotSupportedError, match=f'cannot drop {key} column "{column}"'):
        warehouse.run(f"ALTER TABLE plays DROP COLUMN {column}")
    warehouse.run("ALTER TABLE plays DROP COLUMN level")
    warehouse.run("CREATE TABLE copies (LIKE plays)")
    warehouse.run("DROP TABLE plays")


def test_table_like_one_that_has_lost_a_column_inherits_its_keys(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a INT, b INT ENCODE zstd, c INT) DISTKEY (c) SORTKEY (c, b)")
    warehouse.run("ALTER TABLE t DROP COLUMN a")
    warehouse.run("CREATE TABLE u (LIKE t)")
    keys = 'SELECT "column", TRIM(encoding), distkey, sortkey FROM pg_table_def'
    assert warehouse.run(f"{keys} WHERE tablename = 'u'") == [
        ("b", "zstd", False, 2),
        ("c", "none", True, 1),
    ]


def test_attributes_are_those_of_the_table_that_was_made(warehouse: Database) -> None:
    warehouse.run("CREATE TEMP TABLE t (a INT) DISTSTYLE EVEN")
    warehouse.run("CREATE TABLE t (a INT) DISTSTYLE ALL")
    warehouse.run("INSERT INTO public.t VALUES (1)")
    assert warehouse.run("SELECT diststyle FROM svv_table_info") == [("ALL",)]


ENCODED = [("a INT", "Y, AUTO(ENCODE)"), ("a INT SORTKEY", "Y, AUTO(ENCODE)")]


@pytest.mark.parametrize(("column", "encoded"), [*ENCODED, ("a INT ENCODE az64", "Y")])
def test_a_named_encoding_turns_the_automatic_ones_off(
    warehouse: Database, column: str, encoded: str
) -> None:
    warehouse.run(f"CREATE TABLE t ({column})")
    warehouse.run("INSERT INTO t VALUES (1)")
    assert warehouse.run("SELECT encoded FROM svv_table_info") == [(encoded,)]


def test_locked_table_does_not_hold_up_the_table_info(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a INT)")
    warehouse.run("INSERT INTO t VALUES (1)")
    warehouse.run("CREATE TABLE u AS SELECT 1 AS a")
    other = warehouse.another_connection()
    other.cursor().execute("LOCK t")
    found = warehouse.run('SELECT "table", tbl_rows FROM svv_table_info ORDER BY 1')
    assert found == [("t", None), ("u", 1)]
    other.close()


def test_temporary_tables_of_others_are_not_in_the_table_info(warehouse: Database) -> None:
    other = warehouse.another_connection()
    other.cursor().execute("CREATE TEMP TABLE t AS SELECT 1 AS a")
    other.commit()
    assert warehouse.run("SELECT * FROM svv_table_info") == []
    other.close()


def test_views_are_not_read_for_the_table_info(warehouse: Database) -> None:
    warehouse.run("CREATE VIEW v AS SELECT 1 AS a")
    with superuser_connection(warehouse) as postgres, postgres.cursor() as cursor:
        cursor.execute("SELECT tbl_rows FROM sandbox.measure('v'::regclass, 'KEY', 'a')")
        assert cursor.fetchall() == [(None,)]


# https://docs.aws.amazon.com/redshift/latest/dg/r_CTAS_examples.html
@pytest.mark.parametrize("keys", ["(1) SORTKEY (1, 3)", "(eventid) SORTKEY (eventid, dateid)"])
def test_keys_of_a_table_made_by_a_query_go_by_number_too(warehouse: Database, keys: str) -> None:
    warehouse.run("CREATE TABLE event (eventid INT, venueid SMALLINT, dateid SMALLINT, name TEXT)")
    warehouse.run(f"CREATE TABLE made DISTKEY {keys} AS SELECT * FROM event")
    found = warehouse.run("SELECT distkey, sortkey FROM pg_table_def WHERE tablename = 'made'")
    assert found == [(True, 1), (False, 0), (False, 2), (False, 0)]


@pytest.mark.parametrize("key", ["5", "b"])
def test_keys_of_a_table_made_by_a_query_are_columns_of_it(warehouse: Database, key: str) -> None:
    with pytest.raises(psycopg2.NotSupportedError, match=f'"{key}" specified as distkey/sortkey'):
        warehouse.run(f"CREATE TABLE made SORTKEY ({key}) AS SELECT 1 AS a")
