"""Whatever the pieces and the order in which the input comes, it ends in the same star."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import BUCKET, EVENT, MASTER, SONG, Pipeline
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from script_runs import change
from star_model import Record, Star, star_of
from superuser import superuser_connection

import etl
from sql_queries import star_tables

numbers = itertools.count(1)
Batch = dict[str, list[Record]]

# Few values, so that keys collide, records contradict each other, and plays find their songs.
Values = dict[str, list[Any]]
EVENTS: Values = {
    "page": ["NextSong", "NextSong", "NextSong", "Home"],
    "userId": ["1", "2", "2 ", ""],
    "sessionId": [1],
    "itemInSession": [0, 1],
    "ts": [1541105830796, 1541105830797],
    "song": ["T1", "T2", "", None],
    "artist": ["N1", "N2", ""],
    "length": [1.5, 2.5, 0.0, -0.0, None],
    "level": ["free", "paid", "", None],
    "firstName": ["Ada", "Zo\u00eb", "", None],
    "location": ["Here", "Here ", "There", "", None],
}
SONGS: Values = {
    "song_id": ["S1", "S2", "S3"],
    "artist_id": ["A1", "A2"],
    "title": ["T1", "T1 ", "T2", ""],
    "artist_name": ["N1", "N2", "", None],
    "duration": [1.5, 2.5, 0.0, -0.0, None],
    "year": [0, 1999, 2001, None],
    "artist_location": ["", "Oslo", None],
    "artist_latitude": [59.9, 0.0, -0.0, None],
    "artist_longitude": [10.7, None],
}
# Is delivered with each batch, so that not all of its records lack a value.
WHOLE_EVENT = EVENT | {"userId": "whole"}
WHOLE_SONG = SONG | {"song_id": "whole", "artist_id": "whole"}


@st.composite
def variants(draw: st.DrawFn, first: Record, values: Values) -> list[Record]:
    """Records each of which differs from one before it in one or two keys."""
    found = [first]
    for _ in range(draw(st.integers(3, 7))):
        changed = draw(st.lists(st.sampled_from(sorted(values)), min_size=1, max_size=2))
        altered = {key: draw(st.sampled_from(values[key])) for key in changed}
        found.append(draw(st.sampled_from(found)) | altered)
    return found


@st.composite
def deliveries(draw: st.DrawFn) -> list[Batch]:
    """Batches of files, cut from one input: with repeats, and files that come again altered."""
    events = draw(variants(EVENT | {key: each[0] for key, each in EVENTS.items()}, EVENTS))
    catalogue = draw(variants(SONG | {key: each[0] for key, each in SONGS.items()}, SONGS))
    logs = st.lists(st.sampled_from(events), min_size=1, max_size=4)
    tracks = st.lists(st.sampled_from(catalogue), min_size=1, max_size=3)
    files = {f"log_data/{name}": logs for name in "ab"} | {f"song_data/{n}": tracks for n in "ab"}
    batch = st.fixed_dictionaries({}, optional=files)
    return draw(st.lists(batch, min_size=2, max_size=4))


class Warehouses:
    """Empty stars, a database of its own for each example."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.template = pipeline.warehouse.database

    def load(self, batches: list[Batch], is_rebuilt: bool) -> Star:
        """Deliver and load batch by batch, and rebuild at the end; the star that this ends in."""
        name = f"{self.template}_{next(numbers)}"
        with superuser_connection(self.pipeline.warehouse, "postgres") as postgres:
            copy = f"CREATE DATABASE {name} TEMPLATE {self.template} OWNER {MASTER}"
            postgres.cursor().execute(copy)
            folder = f"s3://{BUCKET}/{name}"
            logs, tracks = f"{folder}/log_data", f"{folder}/song_data"
            change(self.pipeline.config, s3_LOG_DATA=logs, s3_SONG_DATA=tracks)
            change(self.pipeline.config, warehouse_DATABASE=name)
            nothing: Batch = {"log_data/none": [], "song_data/none": []}
            for batch in [nothing, *batches]:
                self.deliver(name, batch)
                assert etl.main(["--config", str(self.pipeline.config)]) == 0
            if is_rebuilt:
                assert etl.main(["--rebuild", "--config", str(self.pipeline.config)]) == 0
            found = self.star(name)
            postgres.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")
        return found

    def deliver(self, folder: str, batch: Batch) -> None:
        s3 = self.pipeline.warehouse.cloud.client("s3")
        number = next(numbers)
        whole = {f"log_data/{number}": [WHOLE_EVENT], f"song_data/{number}": [WHOLE_SONG]}
        for file, lines in (batch | whole).items():
            body = "".join(json.dumps(line) + "\n" for line in lines)
            s3.put_object(Bucket=BUCKET, Key=f"{folder}/{file}", Body=body.encode())

    def star(self, database: str) -> Star:
        found = {}
        with (
            superuser_connection(self.pipeline.warehouse, database) as postgres,
            postgres.cursor() as cursor,
        ):
            for table in star_tables:
                cursor.execute(f"SELECT * FROM {table}")
                rows = [row[1:] if table == "songplays" else row for row in cursor.fetchall()]
                found[table] = sorted(rows, key=repr)
        return found


@pytest.fixture
def warehouses(empty_pipeline: Pipeline) -> Iterator[Warehouses]:
    empty_pipeline.warehouse.connection.close()
    change(empty_pipeline.config, load_MAX_BAD_RECORDS="1000")
    yield Warehouses(empty_pipeline)


def ends_in_the_same_star(warehouses: Warehouses, batches: list[Batch], is_rebuilt: bool) -> None:
    """That of all that was delivered or, rebuilt, of the files as they are at the end."""
    found = warehouses.load(batches, is_rebuilt)
    latest = {file: lines for batch in batches for file, lines in batch.items()}
    delivered = [latest] if is_rebuilt else batches
    events = [
        each for batch in delivered for file, e in batch.items() if file[0] == "l" for each in e
    ]
    tracks = [
        each for batch in delivered for file, e in batch.items() if file[0] == "s" for each in e
    ]
    assert found == star_of([*events, WHOLE_EVENT], [*tracks, WHOLE_SONG])


SHARED = settings(suppress_health_check=list(HealthCheck), deadline=None)


@settings(SHARED, max_examples=4)
@given(batches=deliveries(), is_rebuilt=st.sampled_from([False, False, False, True]))
def test_star_depends_on_what_was_delivered_and_on_nothing_else(
    warehouses: Warehouses, batches: list[Batch], is_rebuilt: bool
) -> None:
    ends_in_the_same_star(warehouses, batches, is_rebuilt)


@pytest.mark.exhaustive
@settings(SHARED, max_examples=300)
@given(batches=deliveries(), is_rebuilt=st.sampled_from([False, False, False, True]))
def test_star_depends_on_nothing_else_in_many_examples(
    warehouses: Warehouses, batches: list[Batch], is_rebuilt: bool
) -> None:
    ends_in_the_same_star(warehouses, batches, is_rebuilt)
