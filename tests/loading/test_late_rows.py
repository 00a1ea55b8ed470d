"""Rows of system views that Redshift shows late, or never: they explain a load, and decide none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cloud import rows_held_back
from conftest import EVENT, SONG, Pipeline
from fast_clock import fast_clock
from load_failures import loaded, unchanged
from script_runs import change, refused_here

import etl
from dwh import connection
from dwh.loading import bad_records, staging
from dwh.terminal import plural
from sandbox.copy.load_log import LINES_OF_A_COMMIT

__all__ = ["loaded"]

CAPTURE = pytest.CaptureFixture[str]
BAD = json.dumps(EVENT | {"ts": "soon"})
BOTH = ("stl", "sys")


def allow(pipeline: Pipeline, number: int) -> None:
    change(pipeline.config, load_MAX_BAD_RECORDS=str(number))


def put(pipeline: Pipeline, *lines: str, file: str = "mixed.json") -> str:
    return pipeline.warehouse.put(f"log_data/{file}", "\n".join(lines))


@pytest.mark.parametrize("families", [("sys",), ("stl",), BOTH, ()])
def test_clean_load_is_right_though_no_row_is_ever_shown(
    pipeline: Pipeline, families: tuple[str, ...]
) -> None:
    pipeline.songs({})
    pipeline.events({}, {"itemInSession": 1})
    with rows_held_back(pipeline.warehouse.cloud, *families), fast_clock() as clock:
        pipeline.load()
    assert clock.now == 0
    assert pipeline.ask("SELECT COUNT(*), COUNT(song_id) FROM songplays") == [(2, 2)]
    counts = pipeline.ask("SELECT DISTINCT row_count IS NULL FROM loaded_files")
    assert counts == [("sys" in families,)]


def test_packed_load_is_right_though_no_row_is_ever_shown(pipeline: Pipeline) -> None:
    change(pipeline.config, load_PACK_SMALL_FILES_FROM="2")
    for item in range(5):
        pipeline.events({"itemInSession": item}, file=f"{item}.json")
    with rows_held_back(pipeline.warehouse.cloud, *BOTH):
        pipeline.load()
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(5,)]


def test_load_with_rejected_records_waits_until_their_rows_are_there(pipeline: Pipeline) -> None:
    allow(pipeline, 1)
    url = put(pipeline, json.dumps(EVENT), BAD)
    with rows_held_back(pipeline.warehouse.cloud, *BOTH) as release, fast_clock() as clock:
        clock.on_sleep = release
        pipeline.load()
    assert clock.now > 0
    kept = pipeline.ask("SELECT file, line_number, column_name, value FROM rejected_records")
    assert kept == [(url, 2, "ts", "soon")]


def test_rejected_records_that_are_never_shown_stop_the_load(
    loaded: Pipeline, capsys: CAPTURE
) -> None:
    allow(loaded, 9)
    put(loaded, json.dumps(EVENT), BAD, BAD)
    with rows_held_back(loaded.warehouse.cloud, "sys"), unchanged(loaded), fast_clock() as clock:
        found = refused_here(etl, "--config", str(loaded.config), said=capsys)
    assert clock.now >= bad_records.RECORD_SECONDS
    assert found.error == ("COPY rejected 2 records, and sys_load_error_detail shows 0 after 30 s")
    assert found.hint.startswith("nothing was changed; run the script again")
    loaded.load()
    assert loaded.ask("SELECT COUNT(*) FROM rejected_records") == [(2,)]


@pytest.mark.parametrize("number", [1, 12])
@pytest.mark.parametrize("is_late", [False, True])
def test_record_that_stops_the_load_is_named_as_soon_as_it_is_shown(
    loaded: Pipeline, capsys: CAPTURE, number: int, is_late: bool
) -> None:
    """One of them is left out by COPY, which goes on; twelve make it fail."""
    url = put(loaded, *[BAD] * number)
    cloud = loaded.warehouse.cloud
    with rows_held_back(cloud, "sys") as release, unchanged(loaded), fast_clock() as clock:
        clock.on_sleep = release if is_late else None
        found = refused_here(etl, "--config", str(loaded.config), said=capsys)
    counted = plural(number, "bad record")
    assert found.error == f"{counted}, and MAX_BAD_RECORDS in dwh.cfg allows 0"
    shown = f"{url} line 1, column ts, value 'soon': Invalid digit, Value 's', Pos 0, Type: Long"
    assert found.details[0] == (
        shown if is_late else "sys_load_error_detail does not show them after 30 s"
    )


def test_failed_copy_is_not_explained_by_the_records_of_another(
    loaded: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The events' COPY has left one record out when that of the songs fails."""
    monkeypatch.setattr(staging, "COUNTED_RECORDS", 10)
    allow(loaded, 1)
    put(loaded, json.dumps(EVENT), BAD)
    song = json.dumps(SONG | {"year": "MCM"})
    url = loaded.warehouse.put("song_data/bad.json", "\n".join([song] * 11))
    with unchanged(loaded):
        found = refused_here(etl, "--config", str(loaded.config), said=capsys)
    assert found.error.startswith("at least 10 bad records, ")
    assert [line.partition(" line ")[0] for line in found.details[:-1]] == [url, url]
    assert found.details[-1] == f"and 8 more in {url}"


class Deaf(list[Any]):
    """Takes no notice, as a pooler between here and Redshift may pass none on."""

    def append(self, notice: Any) -> None:
        pass


@pytest.fixture
def no_notices(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    log_in = connection.log_in

    def log_in_deaf(*arguments: Any) -> Any:
        session = log_in(*arguments)
        session.notices = Deaf()
        return session

    monkeypatch.setattr(connection, "log_in", log_in_deaf)
    yield


def test_load_whose_notices_are_lost_is_refused(
    loaded: Pipeline, capsys: CAPTURE, no_notices: None
) -> None:
    """COPY may have left records out, and tells that in a notice only."""
    put(loaded, json.dumps(EVENT), BAD)
    with unchanged(loaded):
        found = refused_here(etl, "--config", str(loaded.config), said=capsys)
    assert found.error == "the COPY of staging_files has loaded 1 row, and says: nothing"
    assert "drops notices" in found.hint


def test_rows_of_a_large_file_are_counted_from_all_its_entries(pipeline: Pipeline) -> None:
    lines = [json.dumps(EVENT | {"itemInSession": item}) for item in range(LINES_OF_A_COMMIT + 1)]
    put(pipeline, *lines, file="large.json")
    pipeline.load()
    counts = pipeline.ask("SELECT row_count FROM loaded_files ORDER BY 1 DESC LIMIT 1")
    assert counts == [(LINES_OF_A_COMMIT + 1,)]
