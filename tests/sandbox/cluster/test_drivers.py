"""Drivers and libraries work unmodified against the sandbox, as its README tells to use them."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pandas
import psycopg
import pytest
import redshift_connector
import sqlalchemy
from conftest import CLUSTER, Database

ORDERS = """
    CREATE TABLE orders (
        id BIGINT NOT NULL PRIMARY KEY, price DECIMAL(8, 2), day DATE, note VARCHAR(20)
    ) DISTKEY (id) SORTKEY (day, id)
"""
LINES = "CREATE TABLE lines (id BIGINT REFERENCES orders (id), number INT)"
ROW = (7, Decimal("12.50"), datetime.date(2020, 2, 29), "é'\\")


@pytest.fixture
def way_in(warehouse: Database) -> dict[str, Any]:
    """What every client needs to know, in libpq's words."""
    warehouse.run(ORDERS)
    warehouse.run(LINES)
    endpoint, credentials = warehouse.cloud.way_in(CLUSTER)
    return {
        "host": endpoint["Address"],
        "port": endpoint["Port"],
        "dbname": warehouse.database,
        "user": credentials["DbUser"],
        "password": credentials["DbPassword"],
        "sslmode": "verify-full",
        "sslrootcert": warehouse.cloud.state.ca_file,
    }


@pytest.fixture
def engine(way_in: dict[str, Any]) -> sqlalchemy.Engine:
    login = f"{quote(way_in['user'])}:{quote(way_in['password'], safe='')}"
    place = f"{way_in['host']}:{way_in['port']}/{way_in['dbname']}"
    tls = f"sslmode=verify-full&sslrootcert={quote(way_in['sslrootcert'])}"
    return sqlalchemy.create_engine(f"redshift+psycopg2://{login}@{place}?{tls}")


def test_psycopg_3_binds_values(way_in: dict[str, Any]) -> None:
    with psycopg.connect(**way_in, client_encoding="utf-8") as connection:
        connection.execute("INSERT INTO orders VALUES (%s, %s, %s, %s)", ROW)
        found = connection.execute("SELECT TOP 1 * FROM orders WHERE id = %s", [7]).fetchall()
    assert found == [ROW]


def of_redshift(way_in: dict[str, Any]) -> dict[str, Any]:
    """The way in by redshift_connector's words; it takes the CA from the environment."""
    names = {"dbname": "database", "host": "host", "port": "port"}
    return {new: way_in[old] for old, new in names.items()}


def test_redshift_connector_logs_in_by_password(
    way_in: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", way_in["sslrootcert"])
    login = {"user": way_in["user"], "password": way_in["password"]}
    with redshift_connector.connect(**of_redshift(way_in), **login) as connection:
        cursor = connection.cursor()
        cursor.executemany(
            "INSERT INTO orders VALUES (%s, %s, %s, %s)", [ROW, (8, None, None, None)]
        )
        cursor.execute("SELECT * FROM orders ORDER BY id")
        assert cursor.fetchall() == ([*ROW], [8, None, None, None])
        assert [row[2] for row in cursor.get_tables(schema_pattern="public")] == ["lines", "orders"]
        columns = cursor.get_columns(tablename_pattern="orders")
        assert [row[3] for row in columns] == ["id", "price", "day", "note"]


def test_redshift_connector_logs_in_by_iam(
    warehouse: Database, way_in: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", way_in["sslrootcert"])
    with redshift_connector.connect(
        iam=True,
        cluster_identifier=CLUSTER,
        database=way_in["dbname"],
        db_user=way_in["user"].removeprefix("IAM:"),
        region="us-west-2",
        access_key_id="test",
        secret_access_key="test",
        endpoint_url=warehouse.cloud.state.endpoint_url,
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT current_user")
        assert cursor.fetchall() == ([way_in["user"].removeprefix("IAM:")],)


def test_sqlalchemy_reflects_tables(engine: sqlalchemy.Engine) -> None:
    tables = sqlalchemy.MetaData()
    tables.reflect(engine)
    assert sorted(tables.tables) == ["lines", "orders"]
    orders = tables.tables["orders"]
    assert [(column.name, str(column.type), column.nullable) for column in orders.columns] == [
        ("id", "BIGINT", False),
        ("price", "NUMERIC(8, 2)", True),
        ("day", "DATE", True),
        ("note", "VARCHAR(20)", True),
    ]
    assert [column.name for column in orders.primary_key] == ["id"]
    assert [str(key.column) for key in tables.tables["lines"].foreign_keys] == ["orders.id"]
    options = sqlalchemy.inspect(engine).get_table_options("orders")
    assert options["redshift_distkey"] == "id"
    assert options["redshift_sortkey"] == ("day", "id")


def test_pandas_writes_and_reads_through_sqlalchemy(engine: sqlalchemy.Engine) -> None:
    pandas.DataFrame({"a": [1, 2], "b": ["x", None]}).to_sql("frame", engine, index=False)
    found = pandas.read_sql("SELECT a + 1 AS c, c * 2 AS d, b FROM frame ORDER BY a", engine)
    assert found["d"].tolist() == [4, 6]
    assert found["b"].fillna("").tolist() == ["x", ""]
