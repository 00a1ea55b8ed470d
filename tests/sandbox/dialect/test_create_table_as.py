"""Tables that a query makes: their types and their checks."""

from __future__ import annotations

import psycopg2
import pytest
from conftest import Database

MADE_BY_A_QUERY = [
    "CREATE TABLE made AS {query}",
    "CREATE TEMP TABLE made AS {query}",
    "SELECT * INTO made FROM ({query}) AS x",
    "SELECT * INTO TEMP made FROM ({query}) AS x",
]
QUERY = """
    SELECT 'é' || n AS label, REPEAT('é', 150) AS long, NULL AS nothing, '5'::varchar(9) AS short,
        'x'::char(4) AS code, n / 3.00 AS part, SUM(n::bigint) OVER () AS total, n
    FROM numbers
"""


@pytest.mark.parametrize("statement", MADE_BY_A_QUERY)
def test_tables_made_by_a_query_have_redshifts_types(warehouse: Database, statement: str) -> None:
    warehouse.run("CREATE TABLE numbers (n INT)")
    warehouse.run("INSERT INTO numbers VALUES (1), (2)")
    warehouse.run(statement.format(query=QUERY))
    types = warehouse.run(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = 'made'::regclass AND attnum > 0 ORDER BY attnum"
    )
    assert [name for (name,) in types] == [
        "character varying(256)",
        "character varying(1024)",
        "character varying(256)",
        "character varying(9)",
        "character(4)",
        "numeric(38,20)",
        "bigint",
        "integer",
    ]


CHECKED = [
    ("a", "é" * 6, r"type character varying\(10\)"),
    ("b", "é" * 129, r"type character varying\(256\)"),
    ("c", "é", '"c"'),
]


@pytest.mark.parametrize("statement", MADE_BY_A_QUERY)
def test_tables_made_by_a_query_keep_the_checks_of_bytes(
    warehouse: Database, statement: str
) -> None:
    warehouse.run("CREATE TABLE t (a VARCHAR(10), c CHAR(3))")
    warehouse.run(statement.format(query="SELECT a, UPPER(a) AS b, c FROM t"))
    for column, value, words in CHECKED:
        with pytest.raises(psycopg2.errors.StringDataRightTruncation, match=words):
            warehouse.run(f"INSERT INTO made ({column}) VALUES ('{value}')")
