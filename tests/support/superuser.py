"""Connections to the PostgreSQL behind a warehouse, past the endpoint, mostly as its superuser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from waiting import wait_until

if TYPE_CHECKING:
    from conftest import Database


@contextmanager
def superuser_connection(warehouse: Database, database: str = "") -> Iterator[Any]:
    """A connection in autocommit to the warehouse's database, or to another one of its server."""
    with connection_past_the_endpoint(warehouse, "rdsdb", database) as found:
        yield found


@contextmanager
def connection_past_the_endpoint(
    warehouse: Database, user: str, database: str = ""
) -> Iterator[Any]:
    """The same as any user: as if the endpoint let every statement through."""
    folder = server(warehouse.cloud.state.runtime_folder, warehouse.database)
    name = database or warehouse.database
    with closing(psycopg2.connect(host=str(folder), user=user, dbname=name)) as found:
        found.autocommit = True
        yield found


@cache
def server(runtime: str, database: str) -> Path:
    """The folder of the socket of the server that has a database."""
    for folder in Path(runtime).glob("c*/"):
        try:
            psycopg2.connect(host=str(folder), user="rdsdb", dbname=database).close()
        except psycopg2.OperationalError:
            continue
        return folder
    raise AssertionError("no server has the database")


def execute_once_unused(postgres: Any, statement: str) -> None:
    """Run a statement once the sessions of the database that it needs have ended."""

    def is_done() -> bool:
        try:
            postgres.cursor().execute(statement)
        except psycopg2.errors.ObjectInUse:
            return False
        return True

    wait_until(is_done, statement)
