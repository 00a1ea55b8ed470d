"""A query that has to be written anew for PostgreSQL still means the same.

TOP makes the sandbox write it anew, LIMIT leaves it as it is: both have to be one view.
"""

from __future__ import annotations

import pytest
from conftest import Database

TABLE = """
    CREATE TABLE t (
        a INT, b BIGINT, c NUMERIC(8, 2), d FLOAT, s VARCHAR(20), k CHAR(3), y DATE, m TIMESTAMP,
        z TIMESTAMPTZ, o BOOLEAN, "User" INT, "select" VARCHAR(5)
    )
"""
EXPRESSIONS = """
    a + b * -2 - -1; (a + b) * 2; a % 3; a / 2; -a % 3; ~a & 1 | 2 # 3; a << 1 >> 1; a ^ 2; d ^ -1
    NOT o AND a = 1 OR o; NOT (o OR a > 1); NOT a IN (1, 2); (a <> 1) = o
    a BETWEEN 1 AND 2 AND b = 1; (a, b) = (1, 2); a = ANY (SELECT b FROM t); NOT EXISTS (SELECT 1)
    (a, b) IN (SELECT a, b FROM t); EXISTS (SELECT 1 FROM t u WHERE u.a = t.a); a > ALL (SELECT 1)
    s || 'a' || NULL; 'it''s'; '\\\\'; 'a\\nb'; s LIKE 'a|_%' ESCAPE '|'; s ILIKE '%B'; s || a
    s SIMILAR TO '(a|b)%'; s ~ '^a'; s ~* 'C'; s ~ 'd' AND o
    o IS TRUE; o IS FALSE; o IS NULL; (s IS NULL) = o; NOT s IS NULL
    y + 1; y - y; m - m; m + INTERVAL '1 day 2 hours'; m - INTERVAL '3' DAY; DATE '2020-02-29'
    m AT TIME ZONE 'UTC'; z AT TIME ZONE 'MST'; TIMESTAMP '2020-01-01 00:00:00'; TIME '10:00'
    a::BIGINT; CAST(b AS SMALLINT); c::NUMERIC(5, 1)::FLOAT8; s::VARCHAR(3); k::CHAR(2); a::TEXT
    y::TIMESTAMP; m::DATE; '1'::INT + 1; (a + b)::REAL; -1::INT; NULL::DATE; o::INT; s::NUMERIC
    CASE a WHEN 1 THEN 'x' WHEN 2 THEN s END; CASE WHEN o THEN 1 ELSE NULL END + 1
    (SELECT MAX(a) FROM t)
    RANK() OVER (ORDER BY a); LAG(a, 2) OVER (PARTITION BY o, s ORDER BY b NULLS FIRST)
    SUM(a) OVER (PARTITION BY o ORDER BY y DESC NULLS LAST ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
    SUBSTRING(s, 2, 3); TRIM(s); TRIM(BOTH 'x' FROM s); POSITION('a' IN s); LEFT(s, 1); LEN(s)
    EXTRACT(month FROM m); DATE_PART(dow, y); DATE_TRUNC('week', m); DATEADD(hour, 2, m)
    COALESCE(a, b, 1); NULLIF(a, 1); GREATEST(a, b); LEAST(a, 2); NVL(s, 'x'); MD5(s)
    "User"; t."select"
"""
QUERIES = [
    "x.a, w.b AS e FROM t x JOIN (SELECT b FROM t) AS w USING (b) LEFT JOIN t y ON x.a = y.b",
    "* FROM (SELECT a, b FROM t) AS q (c, d) CROSS JOIN (SELECT 1 AS e) r",
    "x.*, 1 AS one FROM t x NATURAL JOIN (SELECT 1 AS a) y",
    "x.a FROM t x FULL JOIN t y ON x.a = y.a RIGHT JOIN t z ON z.a = y.a, t v WHERE v.a = 1",
    '\'x\' AS "Mixed Case", a AS "order" FROM "t"',
    "a AS x, (SELECT MAX(b) FROM t u WHERE u.a = t.a) AS most FROM t ORDER BY most DESC, 1",
    "* FROM (SELECT a FROM t UNION ALL SELECT b FROM t INTERSECT SELECT 1 ORDER BY 1) q",
    "* FROM ((SELECT a FROM t) UNION (SELECT 1 EXCEPT SELECT 2)) q",
    "DISTINCT o, s FROM t ORDER BY s, o DESC",
    "a, COUNT(*), COUNT(DISTINCT s) AS n FROM t GROUP BY GROUPING SETS ((a), ()), CUBE (a)",
    "o, SUM(c) / COUNT(a) AS x, AVG(d) FROM t WHERE o GROUP BY o HAVING MAX(s) > 'a'",
]


def shown(warehouse: Database, query: str) -> list[str]:
    """What PostgreSQL makes of a query that stays as it is, and of the same written anew."""
    found = []
    for statement in (f"SELECT {query} LIMIT 9", f"SELECT TOP 9 {query}"):
        warehouse.run(f"CREATE VIEW v AS {statement}")
        found += warehouse.run("SELECT pg_get_viewdef(oid) FROM pg_class WHERE relname = 'v'")
        warehouse.run("DROP VIEW v")
    return [text for (text,) in found]


def test_expressions_mean_the_same_when_they_are_written_anew(warehouse: Database) -> None:
    warehouse.run(TABLE)
    for line in EXPRESSIONS.strip().splitlines():
        items = [f"{item} AS c{number}" for number, item in enumerate(line.split(";"))]
        as_it_is, anew = shown(warehouse, f"{', '.join(items)} FROM t")
        assert as_it_is == anew


@pytest.mark.parametrize("query", QUERIES)
def test_queries_mean_the_same_when_they_are_written_anew(warehouse: Database, query: str) -> None:
    warehouse.run(TABLE)
    as_it_is, anew = shown(warehouse, query)
    assert as_it_is == anew
