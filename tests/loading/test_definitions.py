"""Tables that are not what sql_queries.py defines are told before a load, with the way out."""

from __future__ import annotations

import pytest
from conftest import Pipeline
from load_failures import loaded, unchanged
from script_runs import refused_here

import create_tables
import etl
import sql_queries
from dwh.definitions import differences, find_definitions, wanted_definition

__all__ = ["loaded"]

CAPTURE = pytest.CaptureFixture[str]
REMADE = [
    "DROP TABLE users",
    sql_queries.users_create.replace("DISTSTYLE ALL\nSORTKEY (user_id)", "DISTSTYLE EVEN"),
]


def settings(pipeline: Pipeline) -> list[str]:
    return ["--config", str(pipeline.config)]


def test_tables_that_create_tables_has_made_differ_in_nothing(pipeline: Pipeline) -> None:
    with pipeline.warehouse.another_connection() as session, session.cursor() as cursor:
        there = find_definitions(cursor)
    assert list(there) == list(sql_queries.tables)
    for table, found in there.items():
        assert list(differences(table, found)) == []
        assert found.sort_key == wanted_definition(table).sort_key


IN_PLACE = {
    "a column less": (
        ["ALTER TABLE users DROP COLUMN gender"],
        "users, column gender: is missing, should be character varying(64)",
        "users: kept, added: gender",
    ),
    "two columns less": (
        ["ALTER TABLE artists DROP COLUMN latitude", "ALTER TABLE artists DROP COLUMN location"],
        "artists, column location: is missing, should be character varying(1024)",
        "artists: kept, added: location, latitude",
    ),
    "staging of another kind": (
        [
            "ALTER TABLE staging_songs DROP COLUMN title",
            "ALTER TABLE staging_songs ADD title INTEGER",
        ],
        "staging_songs, column title: is integer, should be character varying(1024)",
        "staging_songs: made anew, as its definition has changed",
    ),
}


@pytest.mark.parametrize(("changes", "detail", "mended"), IN_PLACE.values(), ids=IN_PLACE)
def test_what_can_be_mended_in_place_is_told_and_mended_with_all_rows(
    loaded: Pipeline, capsys: CAPTURE, changes: list[str], detail: str, mended: str
) -> None:
    counts = "SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM artists)"
    before = loaded.ask(counts)
    for change in changes:
        loaded.ask(change)
    found = refused_here(etl, *settings(loaded), said=capsys)
    assert detail in found.details
    assert found.error.endswith(" differs from what sql_queries.py defines")
    assert found.hint == "mend that in place, and keep all rows: python create_tables.py"
    assert create_tables.main(settings(loaded)) == 0
    assert f"\n{mended} (" in capsys.readouterr().err
    assert loaded.ask(counts) == before
    assert etl.main(settings(loaded)) == 0


LASTING = {
    "type": (
        ["ALTER TABLE songs DROP COLUMN year", "ALTER TABLE songs ADD COLUMN year VARCHAR(9)"],
        ["songs, column year: is character varying(9), should be integer"],
    ),
    "length": (
        ["ALTER TABLE users DROP COLUMN level", "ALTER TABLE users ADD COLUMN level VARCHAR(9)"],
        ["users, column level: is character varying(9), should be character varying(64)"],
    ),
    "required column": (
        ["ALTER TABLE loaded_files DROP COLUMN rejected"],
        ["loaded_files, column rejected: is missing, should be bigint NOT NULL"],
    ),
    "keys": (
        REMADE,
        [
            "users, distribution: is EVEN, should be ALL",
            "users, sort key: is none, should be user_id",
        ],
    ),
}


@pytest.mark.parametrize(("changes", "details"), LASTING.values(), ids=LASTING)
def test_what_redshift_cannot_alter_is_told_by_both_scripts_and_nothing_is_changed(
    loaded: Pipeline, capsys: CAPTURE, changes: list[str], details: list[str]
) -> None:
    for change in changes:
        loaded.ask(change)
    for script in (etl, create_tables):
        with unchanged(loaded):
            found = refused_here(script, *settings(loaded), said=capsys)
        assert found.details == details
        assert found.hint.endswith("python etl.py --rebuild")


def test_whatever_is_wrong_with_the_tables_each_script_does_its_part(
    loaded: Pipeline, capsys: CAPTURE
) -> None:
    star = loaded.star()
    loaded.ask("DROP TABLE users")
    loaded.ask("ALTER TABLE songs DROP COLUMN year")
    loaded.ask("ALTER TABLE songs ADD COLUMN year VARCHAR(9)")
    loaded.ask("ALTER TABLE load_runs DROP COLUMN reason")
    found = refused_here(create_tables, *settings(loaded), said=capsys)
    assert found.hint.endswith("python etl.py --rebuild")
    loaded.ask("DROP TABLE users")
    assert etl.main(["--rebuild", *settings(loaded)]) == 0
    assert loaded.star() == star


def test_columns_that_others_have_added_are_left_alone(loaded: Pipeline, capsys: CAPTURE) -> None:
    loaded.ask("ALTER TABLE users ADD COLUMN note VARCHAR(9)")
    assert create_tables.main(settings(loaded)) == 0
    assert "users: kept, already there" in capsys.readouterr().err
    loaded.events({"itemInSession": 5}, file="more.json")
    loaded.load()
    assert loaded.ask("SELECT COUNT(*), COUNT(note) FROM users") == [(1, 0)]


def test_run_log_outlives_a_drop_unless_it_is_altered(loaded: Pipeline, capsys: CAPTURE) -> None:
    runs = "SELECT COUNT(*) FROM load_runs WHERE status = 'loaded'"
    assert create_tables.main(["--drop", *settings(loaded)]) == 0
    loaded.load()
    assert loaded.ask(runs) == [(2,)]
    loaded.ask("ALTER TABLE load_steps DROP COLUMN place")
    for script in (etl, create_tables):
        found = refused_here(script, *settings(loaded), said=capsys)
        assert found.details == ["load_steps, column place: is missing, should be integer NOT NULL"]
        assert "python create_tables.py --drop " in found.hint
    assert create_tables.main(["--drop", *settings(loaded)]) == 0
    loaded.load()
    assert loaded.ask(runs) == [(3,)]
    assert loaded.ask("SELECT COUNT(DISTINCT run_id) FROM load_steps") == [(1,)]
