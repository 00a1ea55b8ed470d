"""What a long COPY has come to so far, asked by a second connection."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import sql_queries
from dwh.config import Config
from dwh.connection import connect
from dwh.terminal import MEGABYTE, Step

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

# A COPY that is done by then is not worth a second connection.
PATIENCE_SECONDS = 2
PAUSE_SECONDS = 0.5


@contextmanager
def show_copy_progress(config: Config, cursor: cursor, current: Step) -> Iterator[None]:
    """Show, while the block runs a COPY with this cursor, how far it has come."""
    over, session_id = threading.Event(), cursor.connection.info.backend_pid
    watcher = threading.Thread(target=watch, args=(config, session_id, current, over), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join(PAUSE_SECONDS)


def watch(config: Config, session_id: int, current: Step, over: threading.Event) -> None:
    """Ask again and again until it is over; whatever goes wrong is no harm to the COPY."""
    if over.wait(PATIENCE_SECONDS):
        return
    with suppress(Exception), connect(config) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            while not over.wait(PAUSE_SECONDS):
                cursor.execute(sql_queries.copy_progress, {"session_id": session_id})
                for rows, scanned, total in cursor.fetchall():
                    if not over.is_set():
                        show(current, rows, scanned, total)


def show(current: Step, rows: int, scanned: int, total: int) -> None:
    """Show rows and bytes."""
    size = f"{scanned / MEGABYTE:,.0f} of {total / MEGABYTE:,.0f} MB"
    current.advance(f"{rows:,} rows, {size}", scanned / total if total else 0)
