"""A star that somebody has changed, or whose files are gone, is told the next night."""

from __future__ import annotations

import pytest
from conftest import BUCKET, Pipeline
from load_failures import unchanged
from script_runs import refused_here

import create_tables
import etl

CAPTURE = pytest.CaptureFixture[str]
CURE = "somebody has changed the tables: python etl.py --rebuild makes them anew"
ROWS = "every table has the rows that the last load left: 1 exception"


@pytest.fixture
def loaded(empty_pipeline: Pipeline) -> Pipeline:
    """A star of a song, an artist, and two plays of two users."""
    empty_pipeline.songs({})
    empty_pipeline.events({}, {"userId": "8", "ts": 1541105830797})
    empty_pipeline.load()
    return empty_pipeline


def settings(pipeline: Pipeline, *options: str) -> list[str]:
    return [*options, "--config", str(pipeline.config)]


DAMAGE = {
    "DELETE FROM users WHERE user_id = '8'": "rows in users, has 1, should_have 2",
    "DELETE FROM songplays": "rows in songplays, has 0, should_have 2",
    "INSERT INTO artists (artist_id) VALUES ('AR9')": "rows in artists, has 2, should_have 1",
    "TRUNCATE songs": "rows in songs, has 0, should_have 1",
    "DELETE FROM time": "rows in time, has 0, should_have 2",
}


@pytest.mark.parametrize(("damage", "shown"), DAMAGE.items())
@pytest.mark.parametrize("options", [(), ("--check",)])
def test_rows_that_others_have_changed_are_told_and_the_cure_works(
    loaded: Pipeline, capsys: CAPTURE, damage: str, shown: str, options: tuple[str, ...]
) -> None:
    loaded.ask(damage)
    with unchanged(loaded):
        found = refused_here(etl, *settings(loaded, *options), said=capsys, code=3)
    assert found.details[:2] == [ROWS, f"  step {shown}"]
    assert found.hint.endswith(CURE)
    assert etl.main(settings(loaded, "--rebuild")) == 0
    for more in ((), ("--check",)):
        assert etl.main(settings(loaded, *more)) == 0


SPOILED = {
    "UPDATE users SET user_id = '9' WHERE user_id = '8'": "every play's user is in users",
    "UPDATE songplays SET song_id = 'SO9', artist_id = 'AR9'": "every matched song is in songs",
    "UPDATE songplays SET artist_id = 'AR9' WHERE artist_id > ''": "every matched artist is in art",
    "UPDATE songs SET artist_id = 'AR9'": "every song's artist is in artists",
    "UPDATE time SET start_time = DATEADD(day, 1, start_time)": "every play's start_time is in t",
    "UPDATE users SET user_id = '8'": "users: one row per user_id",
    "UPDATE loaded_files SET file = 's3://a/b'": "loaded_files: one row per file",
    "UPDATE time SET start_time = '2018-11-01'": "time: one row per start_time",
    "UPDATE songplays SET user_id = '8', start_time = '2018-11-01'": "songplays: one row per play",
}


@pytest.mark.parametrize(("damage", "name"), SPOILED.items())
def test_check_looks_at_rows_that_no_load_has_touched_since(
    loaded: Pipeline, capsys: CAPTURE, damage: str, name: str
) -> None:
    loaded.ask(damage)
    found = refused_here(etl, *settings(loaded, "--check"), said=capsys, code=3)
    assert any(line.startswith(name) for line in found.details), found.details
    assert found.hint == CURE


def test_check_of_a_good_star_says_so_and_changes_nothing(
    loaded: Pipeline, capsys: CAPTURE
) -> None:
    with unchanged(loaded):
        assert etl.main(settings(loaded, "--check")) == 0
    assert "check of the star: 13 checks passed (" in capsys.readouterr().err


def test_tables_that_were_made_anew_are_not_missed(loaded: Pipeline) -> None:
    assert create_tables.main(settings(loaded, "--drop")) == 0
    assert etl.main(settings(loaded, "--check")) == 0
    loaded.load()
    assert etl.main(settings(loaded, "--check")) == 0


# ---------------------------------------------------------------------------- files that are gone


def remove(pipeline: Pipeline, name: str) -> None:
    key = f"{pipeline.warehouse.database}/{name}"
    pipeline.warehouse.cloud.client("s3").delete_object(Bucket=BUCKET, Key=key)


@pytest.fixture
def many(loaded: Pipeline) -> Pipeline:
    """Four files of events, and one of songs."""
    for number in range(2, 5):
        loaded.events({"itemInSession": number}, file=f"{number}.json")
    loaded.load()
    return loaded


def test_folder_that_is_empty_all_at_once_does_not_end_as_nothing_new(
    many: Pipeline, capsys: CAPTURE
) -> None:
    for name in ("2018-11-01-events.json", "2.json", "3.json", "4.json"):
        remove(many, f"log_data/{name}")
    with unchanged(many):
        found = refused_here(etl, *settings(many), said=capsys)
    assert found.error.startswith("LOG_DATA lists 0 files under s3://")
    assert found.error.endswith(", where 4 have been loaded from")
    assert "python etl.py --rebuild makes the star of those that are left" in found.hint
    newest = "SELECT status, reason FROM load_runs ORDER BY started_at DESC LIMIT 1"
    assert many.ask(newest) == [("failed", found.error)]


def test_folder_that_has_lost_most_of_its_files_is_told_even_when_some_are_new(
    many: Pipeline, capsys: CAPTURE
) -> None:
    for name in ("2018-11-01-events.json", "2.json"):
        remove(many, f"log_data/{name}")
    many.load()
    assert "nothing new" in capsys.readouterr().err
    remove(many, "log_data/3.json")
    found = refused_here(etl, *settings(many), said=capsys)
    assert found.error.startswith("LOG_DATA lists 1 file under s3://")
    remove(many, "log_data/4.json")
    many.events({"itemInSession": 9}, file="9.json")
    many.load()
    assert "warning: LOG_DATA lists 1 file under s3://" in capsys.readouterr().err
    assert etl.main(settings(many, "--rebuild")) == 0
    assert many.ask("SELECT item_in_session FROM songplays") == [(9,)]
