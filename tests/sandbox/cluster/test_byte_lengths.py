"""VARCHAR(n) and CHAR(n): a cast cuts at n bytes, and what is stored must fit."""

from __future__ import annotations

import psycopg2
import pytest
from conftest import Database
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CASTS = [
    ("'Kansas City'::varchar(6)", "Kansas"),
    ("CAST('Ǆaé' AS VARCHAR(4))", "Ǆa"),
    ("'ééé'::varchar(5)", "éé"),
    ("'é'::varchar(1)", ""),
    ("'😀😀'::varchar(7)", "😀"),
    ("'short '::varchar(20)", "short "),
    ("NULL::varchar(2)", None),
    ("12345::varchar(3)", "123"),
    ("'ab'::char(4)", "ab  "),
    ("'abcdef'::char(4)", "abcd"),
    ("'aé'::char(4)", "aé "),
    ("'aéé'::char(4)", "aé "),
    ("NULL::char(4)", None),
]


def test_cast_cuts_at_bytes(warehouse: Database) -> None:
    (found,) = warehouse.run(f"SELECT {', '.join(cast for cast, _ in CASTS)}")
    assert list(found) == [value for _, value in CASTS]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.sampled_from("aé€😀 "), max_size=12), st.integers(1, 12))
def test_cast_keeps_all_characters_that_fit(warehouse: Database, text: str, size: int) -> None:
    kept = text.encode()[:size].decode(errors="ignore")
    cursor = warehouse.connection.cursor()
    cursor.execute(f"SELECT %s::varchar({size})", (text,))
    assert cursor.fetchone() == (kept,)


def test_stored_value_loses_nothing_but_blanks(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (v VARCHAR(3), c CHAR(3))")
    warehouse.run("INSERT INTO t VALUES ('ab   ', 'ab   ')")
    warehouse.run("INSERT INTO t SELECT 'é    '::varchar(9), 'x'::varchar(9)")
    assert warehouse.run("SELECT v, c FROM t ORDER BY v") == [("ab ", "ab "), ("é ", "x  ")]
    for values in ("'éé', ''", "'abcd', ''", "'', 'abcd'", "'', 'é'"):
        with pytest.raises(psycopg2.errors.StringDataRightTruncation):
            warehouse.run(f"INSERT INTO t VALUES ({values})")


def test_compute_nodes_have_one_code_for_all_values(warehouse: Database) -> None:
    """XX000, where the leader, which works out what names no table, has a code of its own."""
    warehouse.run("CREATE TABLE t (v VARCHAR(3), n INT)")
    warehouse.run("INSERT INTO t VALUES ('abc', 0)")
    with pytest.raises(psycopg2.errors.DivisionByZero):
        warehouse.run("SELECT 1 / 0")
    for statement in (
        "SELECT 1 / n FROM t",
        "INSERT INTO t (v) SELECT v || v FROM t",
        "UPDATE t SET v = v || 'd'",
        "SELECT CAST(v AS INTEGER) FROM t",
    ):
        with pytest.raises(psycopg2.errors.InternalError_):
            warehouse.run(statement)
