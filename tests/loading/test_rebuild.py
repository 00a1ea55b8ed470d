"""etl.py --rebuild makes the star anew from the files, and exchanges it for the old one."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from conftest import BUCKET, EVENT, Pipeline
from load_failures import Star, loaded, unchanged
from script_runs import refused_here

import create_tables
import etl
from dwh.loading.rebuild import of_new_tables

__all__ = ["loaded"]

CAPTURE = pytest.CaptureFixture[str]


def rebuild(pipeline: Pipeline) -> None:
    assert etl.main(["--rebuild", "--config", str(pipeline.config)]) == 0


def comparable(star: Star) -> Star:
    """The star without the ids of plays, which a rebuild gives anew."""
    return star | {"songplays": sorted((row[1:] for row in star["songplays"]), key=repr)}


DAMAGES = {
    "rows deleted": "DELETE FROM users",
    "a table emptied": "DELETE FROM songplays",
    "values altered": "UPDATE songs SET title = 'Another'",
    "rows doubled": "INSERT INTO time SELECT * FROM time",
    "a column of another type": "ALTER TABLE artists DROP COLUMN latitude",
    "a ledger that forgot": "DELETE FROM loaded_files",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_star_is_made_anew(loaded: Pipeline, damage: str) -> None:
    star, ledger = comparable(loaded.star()), loaded.ask("SELECT file, etag FROM loaded_files")
    loaded.ask(damage)
    rebuild(loaded)
    assert comparable(loaded.star()) == star
    assert sorted(loaded.ask("SELECT file, etag FROM loaded_files")) == sorted(ledger)
    assert create_tables.main(["--config", str(loaded.config)]) == 0
    loaded.load()
    assert comparable(loaded.star()) == star


def test_rows_of_a_bad_delivery_go_with_its_file(loaded: Pipeline) -> None:
    star = comparable(loaded.star())
    loaded.events({"userId": "99", "itemInSession": 3}, file="bad-delivery.json")
    loaded.load()
    assert comparable(loaded.star()) != star
    key = f"{loaded.warehouse.database}/log_data/bad-delivery.json"
    loaded.warehouse.cloud.client("s3").delete_object(Bucket=BUCKET, Key=key)
    rebuild(loaded)
    assert comparable(loaded.star()) == star
    assert loaded.ask("SELECT COUNT(*) FROM loaded_files WHERE file LIKE '%bad-delivery%'") == [
        (0,)
    ]


def test_definition_that_redshift_cannot_alter_is_cured(loaded: Pipeline) -> None:
    star = comparable(loaded.star())
    loaded.ask("ALTER TABLE songs DROP COLUMN year")
    loaded.ask("ALTER TABLE songs ADD COLUMN year VARCHAR(9)")
    loaded.ask("ALTER TABLE staging_events DROP COLUMN page")
    rebuild(loaded)
    assert comparable(loaded.star()) == star
    loaded.load()


def test_rebuild_that_fails_leaves_the_old_star(loaded: Pipeline, capsys: CAPTURE) -> None:
    loaded.warehouse.put("log_data/bad.json", json.dumps(EVENT | {"ts": "soon"}))
    with unchanged(loaded):
        found = refused_here(etl, "--rebuild", "--config", str(loaded.config), said=capsys)
    assert found.error.startswith("1 bad record, ")
    left = "SELECT tablename FROM pg_tables WHERE tablename LIKE '%rebuilt'"
    assert loaded.ask(left) == []
    assert loaded.ask("SELECT status FROM load_runs ORDER BY started_at") == [
        ("loaded",),
        ("failed",),
    ]


def test_star_is_not_made_of_nothing(loaded: Pipeline, capsys: CAPTURE) -> None:
    s3 = loaded.warehouse.cloud.client("s3")
    prefix = f"{loaded.warehouse.database}/song_data/"
    for each in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]:
        s3.delete_object(Bucket=BUCKET, Key=each["Key"])
    with unchanged(loaded):
        found = refused_here(etl, "--rebuild", "--config", str(loaded.config), said=capsys)
    assert found.error.startswith("nothing in S3 starts with ")


def test_views_that_would_go_with_the_tables_are_named_first(
    loaded: Pipeline, capsys: CAPTURE
) -> None:
    loaded.ask("CREATE VIEW theirs AS SELECT COUNT(*) AS plays FROM songplays")
    with unchanged(loaded):
        found = refused_here(etl, "--rebuild", "--config", str(loaded.config), said=capsys)
    assert found.error == "views of others would be lost with the old tables"
    assert found.details == ["public.theirs depends on songplays"]
    loaded.ask("DROP VIEW theirs")
    rebuild(loaded)


def test_rebuild_says_which_files_are_gone_and_what_others_added(
    loaded: Pipeline, capsys: CAPTURE
) -> None:
    for number in (3, 4):
        loaded.events({"userId": "99", "itemInSession": number}, file=f"night-{number}.json")
    loaded.load()
    loaded.ask("ALTER TABLE users ADD COLUMN note VARCHAR(9)")
    prefix = f"{loaded.warehouse.database}/log_data/"
    for number in (3, 4):
        key = f"{prefix}night-{number}.json"
        loaded.warehouse.cloud.client("s3").delete_object(Bucket=BUCKET, Key=key)
    capsys.readouterr()
    rebuild(loaded)
    assert [line for line in capsys.readouterr().err.splitlines() if "warning" in line] == [
        "warning: users is made without what others added: note",
        f"warning: the new star is without s3://{BUCKET}/{prefix}night-3.json and 1 more file, "
        "loaded before and gone since",
    ]


def test_reader_who_does_not_end_ends_the_rebuild_and_is_named(
    loaded: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dwh.tables.MINUTE", 20)
    reader = loaded.warehouse.another_connection()
    reader.cursor().execute("SELECT COUNT(*) FROM artists")
    with unchanged(loaded):
        found = refused_here(etl, "--rebuild", "--config", str(loaded.config), said=capsys)
    assert found.error == "the star is made, but others have read the old one for 30 minutes"
    assert found.details[0].startswith(f"process {reader.info.backend_pid} of ")
    reader.close()
    rebuild(loaded)


def test_view_made_during_a_rebuild_is_named(
    loaded: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = etl.check_star

    def make_view_and_check(*arguments: Any) -> None:
        loaded.ask("CREATE VIEW late AS SELECT COUNT(*) AS plays FROM songplays")
        check(*arguments)

    monkeypatch.setattr(etl, "check_star", make_view_and_check)
    with unchanged(loaded):
        found = refused_here(etl, "--rebuild", "--config", str(loaded.config), said=capsys)
    assert found.error == "views of others would be lost with the old tables"
    assert "view late depends on table songplays" in found.details[0]


def test_readers_see_the_old_star_until_the_new_one_is_there(
    loaded: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    rights = "SELECT relname, relacl FROM pg_class WHERE relname IN ('users', 'time') ORDER BY 1"
    before = loaded.ask(rights)
    loaded.ask("DELETE FROM users")
    seen: list[Any] = []
    check = etl.check_star

    def look_and_check(*arguments: Any) -> None:
        with loaded.warehouse.another_connection() as session, session.cursor() as cursor:
            cursor.execute("SELECT (SELECT COUNT(*) FROM users), COUNT(*) FROM songplays")
            seen.extend(cursor.fetchall())
        check(*arguments)

    monkeypatch.setattr(etl, "check_star", look_and_check)
    rebuild(loaded)
    assert seen == [(0, 1)]
    assert loaded.ask("SELECT (SELECT COUNT(*) FROM users), COUNT(*) FROM songplays") == [(1, 1)]
    assert loaded.ask(rights) == before
    assert "analysts=r" in str(before)


def test_rebuild_says_first_how_long_it_may_take(loaded: Pipeline, capsys: CAPTURE) -> None:
    capsys.readouterr()
    rebuild(loaded)
    said = capsys.readouterr().err.splitlines()
    lines = [line for line in said if line.startswith("loading every file again; ")]
    assert re.fullmatch(r".*; the 1 load that made this star took \d+ s in all", lines[0])
    assert any(line.startswith("exchange: 6 tables in place (") for line in said)


STATEMENTS = {
    "DELETE FROM songs USING batch WHERE songs.song_id = batch.song_id": (
        "DELETE FROM songs_rebuilt USING batch WHERE songs_rebuilt.song_id = batch.song_id"
    ),
    "SELECT COUNT(user_id) AS users FROM staging_events": (
        "SELECT COUNT(user_id) AS users FROM staging_events"
    ),
    "INSERT INTO time (start_time) SELECT songplays.start_time FROM\n    songplays": (
        "INSERT INTO time_rebuilt (start_time) SELECT songplays_rebuilt.start_time FROM "
        "songplays_rebuilt"
    ),
}


@pytest.mark.parametrize(("statement", "renamed"), STATEMENTS.items())
def test_statements_are_about_the_new_tables(statement: str, renamed: str) -> None:
    assert of_new_tables(statement) == renamed


def test_text_in_quotes_is_not_renamed() -> None:
    statement = "COPY staging_songs FROM 's3://my.songs.bucket/it''s/users.json' JSON 'auto'"
    assert of_new_tables(statement) == statement


def test_table_that_is_in_the_way_of_a_new_one_is_named(loaded: Pipeline, capsys: CAPTURE) -> None:
    loaded.ask("CREATE TABLE users_rebuilt AS SELECT * FROM users")
    with unchanged(loaded):
        found = refused_here(etl, "--rebuild", "--config", str(loaded.config), said=capsys)
    assert found.error.startswith("there is a table users_rebuilt already")
    loaded.ask("DROP TABLE users_rebuilt")
    rebuild(loaded)


def test_apostrophes_of_comments_hide_no_table() -> None:
    statement = "-- the song's record\nSELECT a FROM songplays WHERE a <> ''"
    assert of_new_tables(statement) == statement.replace("songplays", "songplays_rebuilt")
