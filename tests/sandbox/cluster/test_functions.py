"""Functions and operators that PostgreSQL has too, with the results that Redshift documents.

Each entry is named after its page, https://docs.aws.amazon.com/redshift/latest/dg/PAGE.html.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import psycopg2
import pytest
from conftest import Database

WORDS = "'passwd7 plain A1234 a1234', '(?=[^ ]*[a-z])(?=[^ ]*[0-9])[^ ]+'"
CAT = r"'This is a cat, this is a dog. This is a mouse.', 'this is a (\\w+)'"
LATE = "'2009-12-31 23:15:59'"


def day(year: int, month: int, day: int) -> datetime.datetime:
    return datetime.datetime(year, month, day)


DOCUMENTED: dict[str, list[tuple[str, Any]]] = {
    "REGEXP_REPLACE": [
        ("REGEXP_REPLACE('the fox', 'FOX', 'quick brown fox', 1, 'i')", "the quick brown fox"),
        (f"REGEXP_REPLACE({WORDS}, '[hidden]', 1, 'p')", "[hidden] plain A1234 [hidden]"),
        (f"REGEXP_REPLACE({WORDS}, '[hidden]', 1, 'ip')", "[hidden] plain [hidden] [hidden]"),
        (r"REGEXP_REPLACE('sed@lacusUtnec.ca', '@.*\\.(org|gov|com|edu|ca)$')", "sed"),
        ("REGEXP_REPLACE('abab', 'b', 'c')", "acac"),
        ("REGEXP_REPLACE('abab', 'b', 'c', 0)", "acac"),
        ("REGEXP_REPLACE('abab', 'b', 'c', 3)", "abac"),
        ("REGEXP_REPLACE('abab', 'b', 'c', 5)", "abab"),
        ("REGEXP_REPLACE('abab', NULL, 'c')", None),
        ("REGEXP_REPLACE('abab', 'b', NULL)", None),
    ],
    "REGEXP_SUBSTR": [
        ("REGEXP_SUBSTR('the fox', 'FOX', 1, 1, 'i')", "fox"),
        (f"REGEXP_SUBSTR({WORDS}, 1, 2, 'p')", "a1234"),
        (f"REGEXP_SUBSTR({WORDS}, 1, 2, 'ip')", "A1234"),
        (f"REGEXP_SUBSTR({CAT}, 1, 2, 'ie')", "dog"),
        ("REGEXP_SUBSTR('abc', 'b', 1, 1, 'e')", "b"),
        (r"REGEXP_SUBSTR('a(b', '\\(b', 1, 1, 'e')", "(b"),
        ("REGEXP_SUBSTR('abc', 'd')", ""),
        ("REGEXP_SUBSTR('abc', 'c', 4)", ""),
        ("REGEXP_SUBSTR('abc', 'c', 1, 0)", None),
        ("REGEXP_SUBSTR('abc', 'c', 1, 4)", None),
        ("REGEXP_SUBSTR(NULL, 'c')", None),
    ],
    "REGEXP_INSTR": [
        ("REGEXP_INSTR('the fox', 'FOX', 1, 1, 0, 'i')", 5),
        (f"REGEXP_INSTR({WORDS}, 1, 2, 0, 'p')", 21),
        (f"REGEXP_INSTR({WORDS}, 1, 2, 0, 'ip')", 15),
        ("REGEXP_INSTR('the fox', 'e', 1, 1, 2)", 4),
        ("REGEXP_INSTR('the fox', 'fox', 8)", 0),
        ("REGEXP_INSTR('the fox', 'fox', 1, 0)", 0),
    ],
    "REGEXP_COUNT": [
        ("REGEXP_COUNT('abcdefghijklmnopqrstuvwxyz', '[a-z]{3}')", 8),
        ("REGEXP_COUNT('the fox', 'FOX', 1, 'i')", 1),
        (f"REGEXP_COUNT({WORDS}, 1, 'p')", 2),
        (f"REGEXP_COUNT({WORDS}, 1, 'ip')", 3),
        ("REGEXP_COUNT('abc', 'c', 4)", 0),
    ],
    "r_CONCAT": [
        ("CONCAT('December 25, ', '2008')", "December 25, 2008"),
        ("CONCAT('Thursday, ', CONCAT('December 25, ', '2008'))", "Thursday, December 25, 2008"),
        ("CONCAT(' seats ', NVL(NULL, 0))", " seats 0"),
        ("CONCAT('a', NULL)", None),
        ("'a' || NULL", None),
    ],
    "r_Dateparts_for_datetime_functions": [
        ("EXTRACT(decade FROM TIMESTAMP '1999-02-16 20:38:40')", 200),
        ("EXTRACT(decade FROM TIMESTAMP '2000-02-16 20:38:40')", 201),
        ("DATE_PART(decade, TIMESTAMP '2010-02-16 20:38:40')", 202),
        ("EXTRACT(century FROM TIMESTAMP '2000-12-16 12:21:13')", 20),
        ("EXTRACT(mil FROM TIMESTAMP '2001-12-16 12:21:13')", 3),
    ],
    "r_EXTRACT_function": [
        ("EXTRACT(ms FROM TIME '18:25:33.123456')", 123),
        ("EXTRACT(ms FROM TIMETZ '18:25:33.123456 EST')", 123),
        ("EXTRACT(ms FROM TIMESTAMPTZ '2009-09-09 12:08:43.101')", 101),
        ("EXTRACT(year FROM TIMESTAMPTZ '1.12.1997 07:37:16.00 PST')", 1997),
    ],
    "r_DATE_PART_function": [
        ("DATE_PART(microsecond, TIMESTAMP '20220502 04:05:06.789')", 789000),
        ("DATE_PART(month, DATE '20220502')", 5),
        ("DATE_PART(dayofweek, TIMESTAMP '20220502 04:05:06.789')", 1),
    ],
    "r_DATEADD_function": [
        ("DATEADD(month, 18, '2008-02-28')", day(2009, 8, 28)),
        ("DATEADD(month, 12, '2016-02-29')", day(2017, 2, 28)),
        ("DATEADD(year, 1, '2016-02-29')", day(2017, 3, 1)),
        ("DATEADD(year, 4, '2016-02-29')", day(2020, 2, 29)),
        ("DATEADD(year, -1, '2017-01-29')", day(2016, 1, 29)),
        ("DATEADD(quarter, 1, '2017-01-29')", day(2017, 4, 29)),
    ],
    "r_DATE_TRUNC": [("DATE_TRUNC('month', DATE '2020-04-30')", day(2020, 4, 1))],
    "r_TO_CHAR": [
        ("TO_CHAR(618.80, 'l99999D99')", "$   618.80"),
        ("TO_CHAR(-125, '999PL')", "-125 "),
        ("TO_CHAR(5, '\"Total \"9')", "Total  5"),
        (f"TO_CHAR(TIMESTAMP {LATE}, 'HH12:MI:SS TZ')", "11:15:59 UTC"),
        (f"TO_CHAR(TIMESTAMP {LATE}, 'MONTH-DY-DD')", "DECEMBER -THU-31"),
    ],
    "r_SQRT": [("SQRT(ROUND(16.4))", 4.0)],
    "r_EXP": [("EXP(1.0)", 2.71828182845905)],
    "r_POWER": [("POWER(2.0, 3)", 8.0), ("POW(2, 3)", 8.0)],
    "r_LOG": [("LOG(100.0)", 2.0)],
    "r_extra_float_digits": [("PI()", 3.14159265358979), ("SIN(-PI())", -1.22464679914735e-16)],
    "r_OCTET_LENGTH": [("OCTET_LENGTH('a'::char(5))", 1), ("OCTET_LENGTH('a '::varchar)", 2)],
    "r_TO_TIMESTAMP": [("TO_TIMESTAMP('', 'YYYY')::timestamp", day(1, 1, 1))],
    "r_CEILING_FLOOR": [("CEIL(5) / 2", 2), ("CEILING(29::bigint) / 2", 14), ("CEIL(28.05)", 29)],
    "r_FLOOR": [("FLOOR(5::smallint) / 2", 2), ("FLOOR(1.3::real)::varchar", "1")],
    "r_ROUND": [
        ("ROUND(9007199254740993)", 9007199254740993),
        ("ROUND(28.05, 1)", Decimal("28.1")),
    ],
    "r_SIGN": [("SIGN(-5) / 2", 0), ("SIGN(-2.5)", -1)],
    "r_TRUNC": [("TRUNC(5) / 2", 2), ("TRUNC(111.15, 1)", Decimal("111.1"))],
    "r_BPCHARCMP": [("BPCHARCMP('c', 'a')", 1), ("BPCHARCMP('a', 'a ')", 0)],
    "r_BTTEXT_PATTERN_CMP": [("BTTEXT_PATTERN_CMP('a', 'c')", -1)],
    "r_CHR": [("CHR(65)", "A"), ("CHR(8364)", None)],
    "crc32-function": [("CRC32('Amazon Redshift')", "f2726906")],
    "r_LOWER": [("LOWER('ÉLAN'::varchar(9))", "élan")],
    "r_UPPER": [("UPPER('élan')", "ÉLAN")],
    "r_INITCAP": [("INITCAP('élan d''ÉTÉ')", "Élan D'Été")],
    "r_Character_types": [
        ("'a ' = 'a'", True),
        ("'a ' <> 'a'", False),
        ("'a ' > 'a'", False),
        ("' a' = 'a'", False),
        ("'a ' IN ('b', 'a')", True),
        ("NULLIF('a ', 'a')", None),
        ("CASE 'a ' WHEN 'a' THEN 1 END", 1),
        ("LEN('a ')", 2),
    ],
    "r_patternmatching_condition_like": [("'a ' LIKE 'a'", False), ("'É' ILIKE 'é'", False)],
}


@pytest.mark.parametrize("page", DOCUMENTED)
def test_functions_give_the_documented_results(warehouse: Database, page: str) -> None:
    found = [(each, *warehouse.run(f"SELECT {each}")[0]) for each, _ in DOCUMENTED[page]]
    assert found == DOCUMENTED[page]


# The numbers 1, 2 and 4 as n.
TYPES: dict[str, list[tuple[str, Any, str]]] = {
    "r_SUM": [("SUM(n::bigint)", 7, "bigint"), ("SUM(n * 1.5)", Decimal("10.5"), "numeric")],
    "r_STDDEV_functions": [
        ("STDDEV(n)", 1.52752523165195, "double precision"),
        ("STDDEV_POP(n * 1.0)", 1.24721912892465, "double precision"),
    ],
    "r_VARIANCE_functions": [
        ("VARIANCE(n::bigint)", 2.33333333333333, "double precision"),
        ("VAR_POP(n::smallint)", 1.55555555555556, "double precision"),
    ],
}


@pytest.mark.parametrize("page", TYPES)
def test_aggregates_have_the_documented_types(warehouse: Database, page: str) -> None:
    warehouse.run("CREATE TABLE numbers (n INT)")
    warehouse.run("INSERT INTO numbers VALUES (1), (2), (4)")
    for call, value, name in TYPES[page]:
        found = warehouse.run(f"SELECT {call}, pg_typeof({call})::varchar FROM numbers")
        assert found == [(value, name)]


# By r_Character_types, of the texts a, "a " and b.
IGNORING_BLANKS = [
    ("SELECT COUNT(DISTINCT a) FROM texts", 2),
    ("SELECT COUNT(*) FROM (SELECT DISTINCT a FROM texts) AS x", 2),
    ("SELECT COUNT(*) FROM (SELECT a FROM texts GROUP BY a) AS x", 2),
    ("SELECT COUNT(*) FROM (SELECT a FROM texts UNION SELECT 'b  ') AS x", 2),
    ("SELECT COUNT(*) FROM texts AS t INNER JOIN texts AS u ON t.a = u.a", 5),
    ("SELECT COUNT(*) FROM texts AS t INNER JOIN codes AS u ON t.a = u.a", 2),
    ("SELECT COUNT(*) FROM texts WHERE a BETWEEN 'a' AND 'a'", 2),
    ("SELECT MAX(number) FROM (SELECT RANK() OVER (ORDER BY a) AS number FROM texts) AS x", 3),
    ("SELECT COUNT(*) FROM (SELECT MAX(a) AS a FROM texts) AS x WHERE a = 'b '", 1),
]


def test_blanks_at_the_end_do_not_count(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE texts (a VARCHAR(5))")
    warehouse.run("INSERT INTO texts VALUES ('a'), ('a '), ('b')")
    warehouse.run("CREATE TABLE codes (a CHAR(5))")
    warehouse.run("INSERT INTO codes VALUES ('a')")
    found = [(query, *warehouse.run(query)[0]) for query, _ in IGNORING_BLANKS]
    assert found == IGNORING_BLANKS


NAMES = {
    "date_add": "DATEADD(day, 1, '2008-02-28')",
    "date_diff": "DATEDIFF(qtr, '1998-07-01', CURRENT_DATE)",
    "pgdate_part": "DATE_PART(minute, SYSDATE)",
    "date_part": "EXTRACT(minute FROM SYSDATE)",
    "coalesce": "NVL(1, 2)",
    "dlog10": "LOG(100)",
    "timestamp": "SYSDATE",
    "date": "CURRENT_DATE",
    "concat": "CONCAT('a', 'b')",
    "?column?": "'a' || 'b'",
}


def test_columns_have_the_documented_names(warehouse: Database) -> None:
    with warehouse.connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(NAMES.values())}")
        assert [column.name for column in cursor.description] == list(NAMES)


# What the pages do not say, or say otherwise than PostgreSQL, which would take it.
REFUSED = {
    "CONCAT('a', 'b', 'c')": "42883",
    "SUBSTRING('abc', 'b.')": "22P02",
    "TO_TIMESTAMP(0)": "42883",
    "RANDOM(1, 9)": "42883",
    "DECODE('616263', 'hex')": "42883",
    "LEFT('abc', -1)": "0A000",
    "RIGHT('abc', -1)": "0A000",
    "SPLIT_PART('a.b', '.', -1)": "0A000",
    "REGEXP_REPLACE('abc', '(b)', '[$1]')": "0A000",
    r"REGEXP_REPLACE('abc', '(b)', '[\\1]')": "0A000",
    "REGEXP_COUNT('abc', 'B', 1, 'g')": "0A000",
    "REGEXP_SUBSTR('abc', 'a|ab', 1, 1, 'p')": "0A000",
    "REGEXP_INSTR('abc', 'a.*?', 1, 1, 0, 'p')": "0A000",
}


@pytest.mark.parametrize("call", REFUSED)
def test_what_is_not_documented_is_refused(warehouse: Database, call: str) -> None:
    with pytest.raises(psycopg2.Error) as caught:
        warehouse.run(f"SELECT {call}")
    assert caught.value.pgcode == REFUSED[call]


def test_refusals_wait_for_the_values_that_they_are_for(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE texts (a VARCHAR(9), n INT, p VARCHAR(1))")
    warehouse.run("INSERT INTO texts VALUES ('cat', 2, 'i')")
    left = (
        "SELECT LEFT(a, n), REGEXP_SUBSTR(a, 'A|AT', 1, 1, p) FROM texts WHERE RIGHT(a, n) = 'at'"
    )
    assert warehouse.run(left) == [("ca", "at")]
