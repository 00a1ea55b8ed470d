"""The warehouses that the APIs have made: each begins here, and all end with the sandbox."""

from __future__ import annotations

import ssl
from pathlib import Path

from sandbox.aws.background import STATE_LOCK, background
from sandbox.cluster.warehouse import ClusterIdentity, Warehouse
from sandbox.postgres.server import Postgres

END_SECONDS = 15


_parts: list[tuple[Postgres, ssl.SSLContext]] = []
_running: set[Warehouse] = set()


def give(postgres: Postgres, tls: ssl.SSLContext) -> None:
    """Have those that are made from now on hold their data in this PostgreSQL."""
    _parts[:] = [(postgres, tls)]


def make(identity: ClusterIdentity, data: Path | None) -> Warehouse:
    """A warehouse, which begins with a copy of the data if there is some."""
    postgres, tls = _parts[0]
    warehouse = Warehouse(postgres, identity, tls, data)
    with STATE_LOCK:
        _running.add(warehouse)
        if background.has_ended:
            warehouse.stop()
    return warehouse


def stop_all() -> None:
    """Stop every warehouse, whatever has become of it, and the work that goes on."""
    background.end()
    with STATE_LOCK:
        running = list(_running)
    for warehouse in running:
        warehouse.stop()
    background.join(END_SECONDS)
