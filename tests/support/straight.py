"""Straight to the PostgreSQL behind a warehouse, past the proxy, as its superuser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from conftest import Database


@contextmanager
def straight(warehouse: Database, database: str = "") -> Iterator[Any]:
    """A connection in autocommit to the warehouse's database, or to another one of its server."""
    folder = server(warehouse)
    found = psycopg2.connect(host=str(folder), user="rdsdb", dbname=database or warehouse.database)
    found.autocommit = True
    yield found
    found.close()


def server(warehouse: Database) -> Path:
    """The folder of the socket of the server that has the warehouse's database."""
    for folder in Path(warehouse.cloud.state.runtime_folder).glob("c*/"):
        try:
            psycopg2.connect(host=str(folder), user="rdsdb", dbname=warehouse.database).close()
        except psycopg2.OperationalError:
            continue
        return folder
    raise AssertionError("no server has the database")
