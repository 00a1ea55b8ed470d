"""Readers see the old star or the new one, at every moment of a load."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from conftest import Pipeline

TOTALS = """
SELECT
    (SELECT COUNT(*) FROM songplays), (SELECT COUNT(song_id) FROM songplays),
    (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM songs),
    (SELECT COUNT(*) FROM artists), (SELECT COUNT(*) FROM time)
"""
# Plays, and as many rows as the join of the whole star has.
JOINED = """
SELECT COUNT(*), COUNT(users.user_id), COUNT(time.start_time), SUM(songs.duration)
FROM songplays
LEFT JOIN users ON songplays.user_id = users.user_id
LEFT JOIN time ON songplays.start_time = time.start_time
LEFT JOIN songs ON songplays.song_id = songs.song_id
LEFT JOIN artists ON songplays.artist_id = artists.artist_id AND songs.artist_id = artists.artist_id
"""
Seen = tuple[tuple[Any, ...], tuple[Any, ...]]


def look(pipeline: Pipeline, over: threading.Event, looking: threading.Event) -> list[Seen]:
    """Poll totals and joins, both in one transaction, until it is over."""
    found: list[Seen] = []
    reader = pipeline.warehouse.another_connection()
    while not over.is_set():
        with reader, reader.cursor() as cursor:
            cursor.execute(TOTALS)
            totals = cursor.fetchone()
            cursor.execute(JOINED)
            found.append((totals, cursor.fetchone()))
        looking.set()
    reader.close()
    return found


def test_reader_sees_the_old_star_and_then_the_new_one(pipeline: Pipeline) -> None:
    pipeline.songs({})
    plays = [
        {"itemInSession": n, "ts": 1541105830796 + n, "userId": str(n % 50)} for n in range(3000)
    ]
    pipeline.events(*plays[:1500], file="a.json")
    pipeline.load()
    pipeline.songs({"year": 1999, "duration": 200.5}, {"song_id": "SO9", "title": "Another song"})
    renamed = [play | {"level": "paid", "song": "Another song"} for play in plays]
    pipeline.events(*renamed, file="a.json")
    over, looking = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(look, pipeline, over, looking)
        looking.wait(20)
        pipeline.load()
        looking.clear()
        looking.wait(20)  # once more, after the load
        over.set()
        seen = reading.result()
    distinct = list(dict.fromkeys(seen))
    assert len(seen) > 10
    old, *rest = distinct
    assert old[0][0] == 1500
    assert old[1][:3] == (1500, 1500, 1500)
    (new,) = rest
    assert new[0][0] == 3000
    assert new[1][:3] == (3000, 3000, 3000)
    assert seen == [old] * seen.count(old) + [new] * seen.count(new)


def test_second_load_waits_and_finds_nothing_new(pipeline: Pipeline) -> None:
    pipeline.songs({})
    pipeline.events(*({"itemInSession": n} for n in range(200)))
    with ThreadPoolExecutor(3) as pool:
        for load in [pool.submit(pipeline.load) for _ in range(3)]:
            load.result()
    assert pipeline.ask("SELECT COUNT(*), COUNT(song_id) FROM songplays") == [(200, 200)]
    statuses = pipeline.ask("SELECT status FROM load_runs ORDER BY status")
    assert statuses == [("loaded",), ("nothing new",), ("nothing new",)]
