"""What Redshift's queries have that PostgreSQL's have not, by the examples of its pages."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest
from conftest import Database

# https://docs.aws.amazon.com/redshift/latest/dg/r_QUALIFY_clause.html
SALES = """
    create table store_sales (
        ss_sold_date date, ss_sold_time time, ss_item text, ss_sales_price float
    );
    insert into store_sales values
    ('2022-01-01', '09:00:00', 'Product 1', 100.0), ('2022-01-01', '11:00:00', 'Product 2', 500.0),
    ('2022-01-01', '15:00:00', 'Product 3', 20.0), ('2022-01-01', '17:00:00', 'Product 4', 1000.0),
    ('2022-01-01', '18:00:00', 'Product 5', 30.0), ('2022-01-02', '10:00:00', 'Product 6', 5000.0),
    ('2022-01-02', '16:00:00', 'Product 7', 5.0)
"""
DEAREST = "row_number() OVER (PARTITION BY ss_sold_date ORDER BY ss_sales_price DESC) <= 2"
PLAYS = """
    CREATE TABLE plays (id INT, listener VARCHAR(10), seconds INT, note VARCHAR(10));
    INSERT INTO plays VALUES (1, 'ann', 100, NULL), (2, 'ann', 200, 'x'), (3, 'bob', 50, NULL),
    (4, 'bob', 70, 'y'), (5, 'bob', 70, NULL)
"""


@pytest.fixture
def sales(warehouse: Database) -> Database:
    warehouse.run(SALES)
    return warehouse


@pytest.fixture
def plays(warehouse: Database) -> Database:
    warehouse.run(PLAYS)
    return warehouse


def test_qualify_keeps_the_rows_that_a_window_function_chooses(sales: Database) -> None:
    query = f"SELECT * FROM store_sales ss WHERE ss_sold_time > time '12:00:00' QUALIFY {DEAREST}"
    found = sales.run(f"{query} ORDER BY ss_item")
    assert [(row[2], row[3]) for row in found] == [
        ("Product 4", 1000.0),
        ("Product 5", 30.0),
        ("Product 7", 5.0),
    ]
    columns = "ss_sold_date, ss_sold_time, ss_item, ss_sales_price"
    assert found == sales.run(f"{query.replace('*', columns)} ORDER BY ss_item")


QUALIFIED = [
    ("SELECT id FROM plays p QUALIFY COUNT(*) OVER (PARTITION BY listener) = 2", [(1,), (2,)]),
    (
        "SELECT listener, SUM(seconds) FROM plays GROUP BY listener "
        "HAVING COUNT(*) > 1 QUALIFY RANK() OVER (ORDER BY SUM(seconds) DESC) = 1",
        [("ann", 300)],
    ),
    (
        "SELECT DISTINCT listener FROM plays p QUALIFY ROW_NUMBER() OVER (ORDER BY id) > 2",
        [("bob",)],
    ),
    (
        "SELECT TOP 1 listener AS who, ROW_NUMBER() OVER (PARTITION BY who ORDER BY id) AS number "
        "FROM plays p QUALIFY number = 2 AND seconds > 60 ORDER BY seconds",
        [("bob", 2)],
    ),
    (
        "SELECT COUNT(*) FROM (SELECT p.*, q.id FROM plays p JOIN plays q ON p.id = q.id "
        "QUALIFY LAG(p.id) OVER (ORDER BY p.id) IS NULL) x",
        [(1,)],
    ),
]


@pytest.mark.parametrize(("query", "rows"), QUALIFIED)
def test_qualify_goes_with_other_clauses(plays: Database, query: str, rows: Any) -> None:
    assert sorted(plays.run(query)) == rows


def test_table_before_qualify_needs_an_alias(plays: Database) -> None:
    with pytest.raises(psycopg2.errors.SyntaxError, match='"plays" needs an alias'):
        plays.run("SELECT id FROM plays QUALIFY ROW_NUMBER() OVER (ORDER BY id) = 1")


# https://docs.aws.amazon.com/redshift/latest/dg/r_SELECT_list.html
ALIASES: list[tuple[str, list[tuple[Any, ...]]]] = [
    ("SELECT seconds / 5 AS fifth, fifth * 2 AS twice FROM plays WHERE id = 1", [(20, 40)]),
    ("SELECT id + 1 AS a, a + 1 AS b, b + a AS c FROM plays WHERE c = 5", [(2, 3, 5)]),
    ("SELECT seconds AS id, id + 0 AS still FROM plays WHERE id = 3", [(50, 3)]),
    ('SELECT p.Seconds / 5 AS Fifth, FIFTH * 2 AS "Twice" FROM Plays p WHERE ID = 1', [(20, 40)]),
    ("SELECT listener AS who, COUNT(*) AS n FROM plays GROUP BY who HAVING n > 2", [("bob", 3)]),
    ("SELECT (SELECT MAX(id) AS most FROM plays) AS most, most + 1 AS next", [(5, 6)]),
    (
        "WITH x AS (SELECT id AS number, number * 2 AS twice FROM plays) SELECT MAX(twice) FROM x",
        [(10,)],
    ),
    ("INSERT INTO plays SELECT 6 AS a, 'c' || a, a * 2, NULL", []),
    ("CREATE TABLE made AS SELECT id AS a, a + 1 AS b FROM plays", []),
]


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize(("query", "rows"), ALIASES)
def test_aliases_stand_for_what_they_name(
    plays: Database, query: str, rows: Any, autocommit: bool
) -> None:
    plays.connection.autocommit = autocommit
    assert plays.run(query) == rows


def test_name_that_is_neither_column_nor_alias_is_an_error(plays: Database) -> None:
    with pytest.raises(psycopg2.errors.UndefinedColumn, match='"nothing" does not exist'):
        plays.run("SELECT id AS number, nothing + number FROM plays")


RESULTS = [
    ("SELECT TOP 2 id FROM plays ORDER BY id DESC", [(5,), (4,)]),
    ("SELECT id FROM plays MINUS SELECT 1 ORDER BY 1", [(2,), (3,), (4,), (5,)]),
    ("SELECT APPROXIMATE COUNT(DISTINCT listener) FROM plays", [(2,)]),
    (
        "SELECT id, LAG(note) IGNORE NULLS OVER (ORDER BY id) FROM plays ORDER BY id",
        [(1, None), (2, None), (3, "x"), (4, "x"), (5, "y")],
    ),
    (
        "SELECT id, LEAD(note IGNORE NULLS) OVER (ORDER BY id) FROM plays ORDER BY id",
        [(1, "x"), (2, "y"), (3, "y"), (4, None), (5, None)],
    ),
    (
        "SELECT FIRST_VALUE(note IGNORE NULLS) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING "
        "AND UNBOUNDED FOLLOWING) FROM plays WHERE id < 3",
        [("x",), ("x",)],
    ),
    (
        "SELECT listener, LISTAGG(id, ', ') WITHIN GROUP (ORDER BY id DESC) FROM plays "
        "GROUP BY listener ORDER BY listener",
        [("ann", "2, 1"), ("bob", "5, 4, 3")],
    ),
    (
        "SELECT LISTAGG(DISTINCT listener, '|') WITHIN GROUP (ORDER BY id) FROM plays",
        [("ann|bob",)],
    ),
    (
        "SELECT id, LISTAGG(id) WITHIN GROUP (ORDER BY id) OVER (PARTITION BY listener) "
        "FROM plays WHERE id < 4 ORDER BY id",
        [(1, "12"), (2, "12"), (3, "3")],
    ),
    ("SELECT MEDIAN(seconds) FROM plays", [(70,)]),
    ("SELECT PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY seconds) FROM plays", [(70,)]),
    (
        "SELECT listener, RATIO_TO_REPORT(seconds) OVER (PARTITION BY listener) FROM plays "
        "WHERE id > 3 ORDER BY id",
        [("bob", 0.5), ("bob", 0.5)],
    ),
    (
        "SELECT DECODE(note, NULL, 'none', 'x', 'ex', note) FROM plays WHERE id < 5 ORDER BY id",
        [("none",), ("ex",), ("none",), ("y",)],
    ),
    (
        "SELECT NVL2(note, 'known', 'none') FROM plays WHERE id < 3 ORDER BY id",
        [("none",), ("known",)],
    ),
    ("SELECT CONVERT(VARCHAR(2), seconds) FROM plays WHERE id = 1", [("10",)]),
    ("SELECT COUNT(*) FROM plays WHERE 1 AND id", [(5,)]),
    ("SELECT id FROM plays WHERE seconds = '50'::VARCHAR", [(3,)]),
    (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) "
        "SELECT i FROM n",
        [(1,), (2,), (3,)],
    ),
]


@pytest.mark.parametrize(("query", "rows"), RESULTS)
def test_queries_give_redshifts_results(plays: Database, query: str, rows: Any) -> None:
    assert plays.run(query) == rows


def test_columns_have_the_names_that_redshift_gives_them(plays: Database) -> None:
    with plays.connection.cursor() as cursor:
        cursor.execute(
            "SELECT LISTAGG(note) WITHIN GROUP (ORDER BY id), "
            "FIRST_VALUE(MAX(note) IGNORE NULLS) OVER (), NVL(NULL, 1), DATEADD(day, 1, SYSDATE), "
            "RATIO_TO_REPORT(MAX(id)) OVER (), MEDIAN(id), NULLIF(1, 2) FROM plays"
        )
        names = [column.name for column in cursor.description]
        cursor.execute("SELECT NULLIF(Id, 1), NULLIF(id, 1) + 1 FROM plays")
        names += [column.name for column in cursor.description]
    assert names == [
        *("listagg", "first_value", "coalesce", "date_add", "ratio_to_report", "median"),
        *("nullif", "id", "?column?"),
    ]


PLACES = [
    ("SELECT id, nothing FROM plays", "nothing"),
    ("select   TOP 3 id,   nothing from plays", "nothing"),
    ("SELECT NVL(id, 1) AS a, a + 1 AS b, a + nowhere FROM plays", "nowhere"),
    ("SELECT id FROM missing QUALIFY ROW_NUMBER() OVER (ORDER BY id) = 1", "missing"),
]


@pytest.mark.parametrize(("query", "word"), PLACES)
def test_errors_point_at_the_place_in_the_statement(plays: Database, query: str, word: str) -> None:
    with pytest.raises(psycopg2.Error) as caught:
        plays.run(query.replace("missing", "missing m"))
    assert int(caught.value.diag.statement_position or 0) - 1 == query.index(word)
