"""ALTER TABLE: what it changes of a table's storage, and what it moves from one to another."""

from __future__ import annotations

import psycopg2
import pytest
from conftest import Database
from superuser import superuser_connection

ENCODINGS = "SELECT TRIM(encoding) FROM pg_table_def WHERE tablename = 't'"

# https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE_examples_basic.html
INVENTORY = """
    CREATE TABLE t (
        inv_date_sk int4 not null, inv_item_sk int4 not null, inv_warehouse_sk int4 not null,
        inv_quantity_on_hand int4
    ) {}
"""
STORED = [
    ("", "diststyle key distkey inv_item_sk", ("KEY(inv_item_sk)", "AUTO(SORTKEY)", 0)),
    ("diststyle even", "distkey inv_item_sk", ("KEY(inv_item_sk)", "AUTO(SORTKEY)", 0)),
    ("diststyle even", "diststyle all", ("ALL", "AUTO(SORTKEY)", 0)),
    ("distkey (inv_item_sk)", "diststyle even", ("EVEN", "AUTO(SORTKEY)", 0)),
    ("distkey (inv_item_sk)", "diststyle auto", ("AUTO(ALL)", "AUTO(SORTKEY)", 0)),
    ("", "sortkey (inv_item_sk, inv_date_sk)", ("AUTO(ALL)", "inv_item_sk", 2)),
    ("", "compound sortkey (inv_item_sk)", ("AUTO(ALL)", "inv_item_sk", 1)),
    ("sortkey (inv_date_sk)", "sortkey (inv_item_sk)", ("AUTO(ALL)", "inv_item_sk", 1)),
    ("interleaved sortkey (inv_date_sk)", "sortkey none", ("AUTO(ALL)", None, 0)),
    ("sortkey (inv_date_sk)", "sortkey auto", ("AUTO(ALL)", "inv_date_sk", 1)),
    (
        "",
        "sortkey (inv_date_sk), alter distkey inv_item_sk",
        ("KEY(inv_item_sk)", "inv_date_sk", 1),
    ),
    ("", "diststyle all, alter sortkey (inv_date_sk)", ("ALL", "inv_date_sk", 1)),
]


@pytest.mark.parametrize(("made", "altered", "expected"), STORED)
def test_alter_table_changes_distribution_and_sort_keys(
    warehouse: Database, made: str, altered: str, expected: tuple[object, ...]
) -> None:
    warehouse.run(INVENTORY.format(made))
    warehouse.run("INSERT INTO t VALUES (1, 1, 1, 1)")
    with warehouse.connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE t ALTER {altered}")
        assert cursor.statusmessage == "ALTER TABLE"
    keys = "diststyle, sortkey1, sortkey_num"
    assert warehouse.run(f"SELECT {keys} FROM svv_table_info") == [expected]
    warehouse.run("CREATE TABLE u (LIKE t)")
    warehouse.run("INSERT INTO u SELECT * FROM t")
    assert warehouse.run(f"SELECT {keys} FROM svv_table_info") == [expected] * 2


def test_change_of_a_sort_key_can_be_taken_back(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a INT ENCODE zstd, b INT ENCODE zstd) SORTKEY (a)")
    keys = "SELECT TRIM(encoding), sortkey FROM pg_table_def"
    for end, expected in [
        ("ROLLBACK", [("zstd", 1), ("zstd", 0)]),
        ("COMMIT", [("zstd", 0), ("none", 1)]),
    ]:
        warehouse.run("BEGIN")
        warehouse.run("ALTER TABLE t ALTER SORTKEY (b)")
        assert warehouse.run(keys) == [("zstd", 0), ("none", 1)]
        warehouse.run(end)
        assert warehouse.run(keys) == expected
    warehouse.run("ALTER TABLE t DROP COLUMN a")


ENCODED_BY = [
    ("c0 int encode lzo, c1 varchar(16) encode lzo", "column c0 encode az64", "az64 lzo Y"),
    ("c0 int encode lzo, c1 varchar(16) encode lzo", "column c1 encode bytedict", "lzo bytedict Y"),
    ("c0 int, c1 varchar", "column c0 encode lzo", "lzo lzo Y"),
    ("c0 int, c1 int", "column c0 encode raw, alter column c1 encode zstd", "none zstd Y"),
    ("c0 int encode zstd, c1 varchar encode lzo", "encode auto", "zstd lzo Y, AUTO(ENCODE)"),
]


@pytest.mark.parametrize(("columns", "altered", "expected"), ENCODED_BY)
def test_alter_table_changes_encodings(
    warehouse: Database, columns: str, altered: str, expected: str
) -> None:
    warehouse.run(f"CREATE TABLE t ({columns})")
    warehouse.run("INSERT INTO t VALUES (1, 1)")
    warehouse.run(f"ALTER TABLE t ALTER {altered}")
    found = [name for (name,) in warehouse.run(ENCODINGS)]
    ((encoded,),) = warehouse.run("SELECT encoded FROM svv_table_info")
    assert " ".join([*found, encoded]) == expected


def test_added_column_has_the_encoding_that_is_named(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a INT)")
    warehouse.run("ALTER TABLE t ADD COLUMN b INT ENCODE zstd")
    assert warehouse.run(ENCODINGS) == [("az64",), ("zstd",)]


REFUSED = [
    ("TABLE t (a INT)", "distkey b", 'column "b" of relation "t" does not exist'),
    ("TABLE t (a INT ENCODE lzo)", "column a encode lzo", 'encoded as "lzo" already'),
    ("TABLE t (a INT)", "column a encode text255", "not supported for column .* integer"),
    ("TABLE t (a INT) INTERLEAVED SORTKEY (a)", "column a encode lzo", "interleaved"),
    ("TABLE t (a INT) INTERLEAVED SORTKEY (a)", "distkey a", "interleaved"),
    ("TEMP TABLE t (a INT)", "diststyle all", "temporary tables"),
    ("VIEW t AS SELECT 1 AS a", "distkey a", "cannot be performed"),
]


@pytest.mark.parametrize(("made", "altered", "message"), REFUSED)
def test_alter_table_refuses_what_is_documented(
    warehouse: Database, made: str, altered: str, message: str
) -> None:
    warehouse.run(f"CREATE {made}")
    with pytest.raises(psycopg2.Error, match=message):
        warehouse.run(f"ALTER TABLE t ALTER {altered}")


# https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE_APPEND.html
SALES = "(id INT NOT NULL, price NUMERIC(8, 2)) DISTKEY (id) SORTKEY (id)"
MORE = "(price NUMERIC(8, 2), id INT NOT NULL, seller INT DEFAULT 7) DISTKEY (id) SORTKEY (id)"
NUMBERED = "(n INT IDENTITY(1, 1), id INT)"
APPENDED = [
    (SALES, SALES, "", (2, "5.00")),
    (SALES, MORE, "IGNOREEXTRA", (2, "5.00")),
    (MORE, SALES, "FILLTARGET", ("5.00", 2, 7)),
    ("(id INT)", NUMBERED, "IGNOREEXTRA", (2,)),
    (NUMBERED, "(id INT)", "FILLTARGET", (4, 2)),
]


@pytest.mark.parametrize(("target", "source", "extra", "expected"), APPENDED)
def test_append_moves_the_rows(
    warehouse: Database, target: str, source: str, extra: str, expected: tuple[object, ...]
) -> None:
    warehouse.run(f"CREATE TABLE t {target}")
    warehouse.run(f"CREATE TABLE s {source}")
    columns, values = ("id, price", "2, 5") if "price" in source else ("id", "2")
    warehouse.run(f"INSERT INTO s ({columns}) VALUES ({values})")
    with warehouse.connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE t APPEND FROM s {extra}")
        assert cursor.statusmessage == "ALTER TABLE"
    ((*found,),) = warehouse.run("SELECT * FROM t")
    assert [str(value) for value in found] == [str(value) for value in expected]
    assert warehouse.run("SELECT COUNT(*) FROM s") == [(0,)]


NOT_APPENDED = [
    ("TABLE t (a INT)", "TABLE s (a INT, b INT)", "", "IGNOREEXTRA"),
    ("TABLE t (a INT, b INT)", "TABLE s (a INT)", "", "FILLTARGET"),
    ("TABLE t (a INT, b INT)", "TABLE s (a INT, c INT)", "IGNOREEXTRA", "FILLTARGET"),
    (f"TABLE t {NUMBERED}", f"TABLE s {NUMBERED}", "FILLTARGET", "IGNOREEXTRA"),
    ("TABLE t (a INT)", "TABLE s (a BIGINT)", "", "same attributes, not a"),
    ("TABLE t (a VARCHAR(9))", "TABLE s (a VARCHAR(8))", "", "same attributes, not a"),
    ("TABLE t (a INT)", "TABLE s (a INT ENCODE lzo)", "", "same attributes, not a"),
    ("TABLE t (a INT)", "TABLE s (a INT NOT NULL)", "", "same attributes, not a"),
    ("TABLE t (a INT)", "TABLE s (a INT SORTKEY)", "", "same distribution and sort keys"),
    ("TABLE t (a INT)", "TABLE s (a INT DISTKEY)", "", "same distribution and sort keys"),
    ("TABLE t (a INT)", "TEMP TABLE s (a INT)", "", "two permanent tables"),
    ("TABLE t (a INT)", "VIEW s AS SELECT 1 AS a", "", "cannot be performed"),
]


@pytest.mark.parametrize(("target", "source", "extra", "message"), NOT_APPENDED)
def test_append_takes_like_tables_only(
    warehouse: Database, target: str, source: str, extra: str, message: str
) -> None:
    warehouse.run(f"CREATE {target}")
    warehouse.run(f"CREATE {source}")
    with pytest.raises(psycopg2.Error, match=message):
        warehouse.run(f"ALTER TABLE t APPEND FROM s {extra}")
    assert warehouse.run("SELECT COUNT(*) FROM t") == [(0,)]


@pytest.mark.parametrize(
    ("statement", "command"),
    [
        ("ALTER TABLE t APPEND FROM s", "ALTER TABLE APPEND"),
        ("ALTER TABLE t ALTER COLUMN a TYPE VARCHAR(9)", "ALTER TABLE ALTER COLUMN"),
        ("VACUUM t", "VACUUM"),
    ],
)
def test_some_statements_run_outside_of_a_transaction(
    warehouse: Database, statement: str, command: str
) -> None:
    warehouse.run("CREATE TABLE t (a VARCHAR(5))")
    warehouse.run("CREATE TABLE s (LIKE t)")
    warehouse.run("BEGIN")
    with pytest.raises(
        psycopg2.errors.ActiveSqlTransaction, match=f"{command} cannot run inside a transaction"
    ):
        warehouse.run(statement)
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        warehouse.run("SELECT 1")
    warehouse.run("ROLLBACK")


@pytest.mark.parametrize(
    "statement",
    ["ALTER TABLE t SET WITHOUT OIDS", "SELECT sandbox.append('t', 's', '')"],
)
def test_tables_of_others_are_not_altered(warehouse: Database, statement: str) -> None:
    warehouse.run("CREATE TABLE t (a INT)")
    warehouse.run("CREATE TABLE s (a INT)")
    warehouse.run("INSERT INTO t VALUES (1)")
    with superuser_connection(warehouse) as postgres, postgres.cursor() as cursor:
        cursor.execute(f"CREATE ROLE of_{warehouse.database}")
        cursor.execute(f"SET SESSION AUTHORIZATION of_{warehouse.database}")
        cursor.execute("""SELECT sandbox.alter_table('t', '{"diststyle": "ALL"}')""")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute(statement)
    assert warehouse.run("SELECT diststyle FROM svv_table_info") == [("AUTO(ALL)",)]
