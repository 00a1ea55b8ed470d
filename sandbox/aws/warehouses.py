"""The warehouses that the APIs have made: each begins here, and all end with the sandbox."""

from __future__ import annotations

import ssl
from pathlib import Path

from sandbox.aws.background import STATE_LOCK, background
from sandbox.cluster.warehouse import ClusterIdentity, Warehouse
from sandbox.postgres.server import Postgres

END_SECONDS = 15


class _Warehouses:
    """What warehouses are made of, and those that there are."""

    def __init__(self) -> None:
        self._parts: tuple[Postgres, ssl.SSLContext] | None = None
        self._running: set[Warehouse] = set()

    def give(self, postgres: Postgres, tls: ssl.SSLContext) -> None:
        """Have those that are made from now on hold their data in this PostgreSQL."""
        self._parts = postgres, tls

    def make(self, identity: ClusterIdentity, data: Path | None) -> Warehouse:
        """A warehouse, which begins with a copy of the data if there is some."""
        assert self._parts is not None
        warehouse = Warehouse(self._parts[0], identity, self._parts[1], data)
        with STATE_LOCK:
            self._running.add(warehouse)
            if background.has_ended:
                warehouse.stop()
        return warehouse

    def stop_all(self) -> None:
        """Stop every warehouse, whatever has become of it, and the work that goes on."""
        background.end()
        with STATE_LOCK:
            running = list(self._running)
        for warehouse in running:
            warehouse.stop()
        background.join(END_SECONDS)


_warehouses = _Warehouses()
give = _warehouses.give
make = _warehouses.make
stop_all = _warehouses.stop_all
