"""A table to load and objects to load into it, for the tests of COPY."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Database

EVENTS = "CREATE TABLE events (artist VARCHAR(20), ts BIGINT, length FLOAT, level VARCHAR(5))"
LINES = (
    '{"artist": "Quote \\"Q\\"", "ts": 1540919166796.0, "length": 1.5, "level": "free"}\n'
    '{"level": "", "artist": null, "ts": "39", "other": 1}\n'
)
ROWS = [('Quote "Q"', 1540919166796, 1.5, "free"), (None, 39, None, "")]


@pytest.fixture
def events(warehouse: Database) -> Database:
    warehouse.run(EVENTS)
    return warehouse


def rows(warehouse: Database) -> list[tuple[Any, ...]]:
    return warehouse.run("SELECT artist, ts, length, level FROM events ORDER BY artist")
