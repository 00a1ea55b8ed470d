"""Each check finds what it is there for, and nothing is published then."""

from __future__ import annotations

import re
from typing import Any

import psycopg2
import pytest
from conftest import Pipeline
from script_runs import refused_here

import etl
import query
from dwh.loading import checks
from dwh.loading.sql_checks import staged_checks, star_checks

CAPTURE = pytest.CaptureFixture[str]
FILES, STAR = "check of the files", "check of the star"
PLAY = (
    "start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, "
    "item_in_session, song, artist, length"
)
# A check, what spoils the data just before it, what it counts then, and what it shows first.
SPOILED: list[tuple[str, str, int, str]] = [
    (
        "every packed record was copied",
        "UPDATE staging_files SET record_count = 5 WHERE staging_table = 'staging_songs'",
        1,
        "staging_table staging_songs, packed 5, copied 0",
    ),
    (
        "every listed file is staged",
        "DELETE FROM staging_files WHERE staging_table = 'staging_events'",
        1,
        "listed 2, staged 1",
    ),
    (
        "every copied record is staged",
        "DELETE FROM staging_events WHERE item_in_session = 0",
        1,
        "staging_table staging_events, copied 2, staged 1",
    ),
    (
        "every rejected record is on record",
        "INSERT INTO rejected_records SELECT run_id, 'f', 1, '', '', '' FROM load_runs "
        "WHERE status = 'running'",
        1,
        "refused 0, kept 1",
    ),
    (
        "LOG_JSON_PATHS names the keys of the events",
        "UPDATE staging_events SET session_id = NULL, user_id = NULL",
        2,
        "sessions 0, users 0",
    ),
    (
        "every event is of a sane time",
        "UPDATE staging_events SET ts = 5",
        2,
        "ts 5, page NextSong, user_id 39, session_id 1, item_in_session 0",
    ),
    (
        "songplays: one row per play",
        f"INSERT INTO songplays ({PLAY}) SELECT {PLAY} FROM songplays",
        2,
        "user_id 39, session_id 1, item_in_session 0, start_time 2018-11-01 20:57:10.796000, copi",
    ),
    ("users: one row per staged user", "INSERT INTO users SELECT * FROM users", 1, "user_id 39, c"),
    ("users: one row per staged user", "DELETE FROM users", 1, "user_id 39, copies 0"),
    (
        "users: one row per staged user",
        "UPDATE staging_events SET ts = NULL, page = 'Home' WHERE user_id = '39'; "
        "INSERT INTO users SELECT * FROM users",
        1,
        "user_id 39, copies 2",
    ),
    ("songs: one row per staged song", "INSERT INTO songs SELECT * FROM songs", 1, "song_id SO1"),
    ("songs: one row per staged song", "DELETE FROM songs", 1, "song_id SO1, copies 0"),
    (
        "artists: one row per staged artist",
        "INSERT INTO artists SELECT * FROM artists",
        1,
        "artist_id AR1, copies 2",
    ),
    (
        "time: one row per start_time",
        "INSERT INTO time SELECT * FROM time",
        1,
        "start_time 2018-11-01 20:57:10.796000, copies 2",
    ),
    (
        "loaded_files: one row per file",
        "INSERT INTO loaded_files SELECT * FROM loaded_files WHERE file LIKE '%new.json'",
        1,
        "file s3://",
    ),
    (
        "every listed file is in loaded_files",
        "DELETE FROM loaded_files WHERE file LIKE '%new.json'",
        1,
        "file s3://",
    ),
    (
        "plays in staging = plays in the fact",
        "DELETE FROM songplays",
        2,
        "user_id 39, session_id 1, item_in_session 0, ts 1541105830796",
    ),
    ("artists: one row per staged artist", "DELETE FROM artists", 1, "artist_id AR1, copies 0"),
    ("every play's user is in users", "DELETE FROM users", 2, "user_id 39, start_time 2018-11-01"),
    (
        "every matched song is in songs",
        "UPDATE songplays SET song_id = 'nowhere'",
        1,
        "song_id nowhere, artist_id AR1, start_time 2018-11-01 20:57:10.796000",
    ),
    (
        "every matched artist is in artists",
        "UPDATE songplays SET artist_id = 'nobody'",
        2,
        "artist_id nobody, start_time 2018-11-01",
    ),
    (
        "every song's artist is in artists",
        "UPDATE songs SET artist_id = 'nobody'",
        1,
        "song_id SO1, artist_id nobody",
    ),
    (
        "every play's start_time is in time",
        "DELETE FROM time",
        2,
        "start_time 2018-11-01 20:57:10.796000, user_id 39",
    ),
]


def spoil(patch: pytest.MonkeyPatch, name: str, statement: str) -> None:
    """Have a statement run just before the checks that the named one is among."""
    where = FILES if name in staged_checks else STAR
    run_checks = checks.run_checks

    def spoil_and_check(cursor: Any, title: str, *more: Any) -> float:
        if title == where:
            cursor.execute(statement)
        return run_checks(cursor, title, *more)

    patch.setattr(checks, "run_checks", spoil_and_check)


@pytest.fixture
def loaded_once(pipeline: Pipeline) -> Pipeline:
    """A star, and a file of events and one song to be loaded."""
    pipeline.load()
    pipeline.events({}, {"itemInSession": 1}, file="new.json")
    pipeline.songs({})
    return pipeline


def finds(pipeline: Pipeline, said: CAPTURE, name: str, number: int, row: str) -> None:
    """Whether a load fails a check, which counts so much and shows such a row first."""
    before = pipeline.star()
    found = refused_here(etl, "--config", str(pipeline.config), said=said, code=3)
    line = f"{name}: {number} exception{'s' if number > 1 else ''}"
    assert line in found.details, found.details
    shown = found.details[found.details.index(line) + 1]
    assert shown.strip().startswith(row), shown
    assert pipeline.star() == before
    assert pipeline.ask("SELECT COUNT(*) FROM loaded_files") == [(2,)]


@pytest.mark.parametrize(("name", "statement", "number", "row"), SPOILED)
def test_check_finds_what_it_is_there_for(
    loaded_once: Pipeline, capsys: CAPTURE, name: str, statement: str, number: int, row: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        spoil(patch, name, statement)
        finds(loaded_once, capsys, name, number, row)
    loaded_once.load()
    assert loaded_once.ask("SELECT COUNT(*) FROM songplays") == [(2,)]


IDENTITY = "songplays: one row per songplay_id"


def test_id_that_is_none_is_found(
    loaded_once: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redshift makes the ids; here is a table that makes the same one each time."""
    monkeypatch.setattr("dwh.loading.attempts.require_tables", lambda *_, **__: None)
    loaded_once.ask("ALTER TABLE songplays RENAME TO former")
    loaded_once.ask(f"CREATE TABLE songplays AS SELECT songplay_id, {PLAY} FROM former")
    loaded_once.ask("ALTER TABLE songplays ADD COLUMN added BIGINT DEFAULT 7")
    loaded_once.ask("ALTER TABLE songplays DROP COLUMN songplay_id")
    loaded_once.ask("ALTER TABLE songplays RENAME COLUMN added TO songplay_id")
    finds(loaded_once, capsys, IDENTITY, 1, "songplay_id 7, copies 2")


def test_every_check_is_tried() -> None:
    assert {name for name, *_ in SPOILED} | {IDENTITY} == staged_checks.keys() | star_checks.keys()


# ---------------------------------------------------------------------------- the lock


def test_lock_that_is_held_too_long_ends_the_run(
    loaded_once: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dwh.tables.MINUTE", 20)
    other = loaded_once.warehouse.another_connection()
    other.cursor().execute("LOCK staging_files")
    config = ("--config", str(loaded_once.config))
    found = refused_here(etl, *config, said=capsys)
    assert found.error == "another load holds its lock for 30 minutes"
    (holder,) = found.details
    assert re.fullmatch(f"process {other.info.backend_pid} of .*, in a transaction .* UTC", holder)
    told = re.fullmatch('let it end, or end it: python query.py --admin "(.*)"', found.hint)
    assert told
    assert query.main(["--admin", told[1], *config]) == 0
    with pytest.raises(psycopg2.OperationalError):
        other.cursor().execute("SELECT 1")
    loaded_once.load()


def test_reader_with_an_open_transaction_is_not_waited_for(loaded_once: Pipeline) -> None:
    reader = loaded_once.warehouse.another_connection()
    for table in ("staging_events", "songplays", "load_runs", "loaded_files"):
        reader.cursor().execute(f"SELECT COUNT(*) FROM {table}")
    loaded_once.load()
    assert loaded_once.ask("SELECT COUNT(*) FROM songplays") == [(2,)]
    reader.close()
