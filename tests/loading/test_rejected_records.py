"""Bad records: they stop a load, or are kept aside and loaded once they are mended."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from conftest import BUCKET, EVENT, SONG, Pipeline
from script_runs import change, refused_here

import etl

CAPTURE = pytest.CaptureFixture[str]
REJECTED = """
SELECT file, line_number, column_name, value, reason FROM rejected_records
ORDER BY file, line_number
"""
GOOD = json.dumps(EVENT)
BAD = {
    2: (
        json.dumps(EVENT | {"ts": "soon"}),
        "ts",
        "soon",
        "Invalid digit, Value 's', Pos 0, Type: Long",
    ),
    3: (
        json.dumps(EVENT | {"level": "x" * 65}),
        "level",
        "x" * 65,
        "String length exceeds DDL length",
    ),
    4: ("{no json}", "", "{no json}", "Invalid JSON: "),
}


def events(pipeline: Pipeline, *lines: str, file: str = "mixed.json") -> str:
    return pipeline.warehouse.put(f"log_data/{file}", "".join(line + "\n" for line in lines))


def allow(pipeline: Pipeline, number: int) -> None:
    change(pipeline.config, load_MAX_BAD_RECORDS=str(number))


def later(minutes: int) -> str:
    return json.dumps(EVENT | {"ts": 1541105830796 + minutes * 60_000, "itemInSession": minutes})


def test_one_bad_record_stops_the_load_by_default(pipeline: Pipeline, capsys: CAPTURE) -> None:
    events(pipeline, GOOD, BAD[2][0])
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys)
    assert found.error == "there are bad records, and MAX_BAD_RECORDS in dwh.cfg allows 0"
    assert len(found.details) == 1
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(0,)]
    assert pipeline.ask(REJECTED) == []


@pytest.mark.parametrize("allowed", [0, 1, 11])
@pytest.mark.parametrize("number", [12, 30])
def test_ten_bad_records_are_shown_at_once(
    pipeline: Pipeline, capsys: CAPTURE, allowed: int, number: int
) -> None:
    url = events(pipeline, GOOD, *[BAD[2][0]] * number)
    allow(pipeline, allowed)
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys)
    assert len(found.details) == 10
    assert found.details[0] == f"{url} line 2, column ts, value 'soon': {BAD[2][3]}"
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(0,)]
    assert pipeline.ask(REJECTED) == []


def test_bad_records_of_logs_and_songs_are_shown_together(
    pipeline: Pipeline, capsys: CAPTURE
) -> None:
    log = events(pipeline, GOOD, BAD[2][0])
    track = pipeline.warehouse.put("song_data/bad.json", json.dumps(SONG | {"year": "MCM"}))
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys)
    assert [line.partition(", ")[0] for line in found.details] == [
        f"{log} line 2",
        f"{track} line 1",
    ]


def test_load_goes_on_without_bad_records_and_keeps_them(
    pipeline: Pipeline, capsys: CAPTURE
) -> None:
    url = events(pipeline, GOOD, BAD[2][0], BAD[3][0], BAD[4][0], later(1))
    allow(pipeline, 3)
    capsys.readouterr()
    pipeline.load()
    assert pipeline.ask("SELECT item_in_session FROM songplays ORDER BY 1") == [(0,), (1,)]
    kept = pipeline.ask(REJECTED)
    assert [row[:4] for row in kept] == [(url, n, *BAD[n][1:3]) for n in BAD]
    assert all(row[4].startswith(BAD[row[1]][3]) for row in kept)
    ledger = "SELECT row_count, rejected FROM loaded_files WHERE rejected > 0"
    assert pipeline.ask(ledger) == [(2, 3)]
    said = capsys.readouterr().err
    assert re.search(r"(?m)^copy staging_events: 3 rows, 3 rejected \(", said)
    assert re.search("(?m)^warning: 3 records rejected, kept in rejected_records$", said)
    (statement,) = re.findall(r'see them: python query\.py "(.*)"', said)
    assert len(pipeline.ask(statement)) == 3


def test_one_bad_record_too_many_stops_the_load(pipeline: Pipeline, capsys: CAPTURE) -> None:
    events(pipeline, GOOD, BAD[2][0], BAD[3][0], BAD[4][0])
    allow(pipeline, 2)
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys)
    assert len(found.details) == 3
    assert found.error == "there are bad records, and MAX_BAD_RECORDS in dwh.cfg allows 2"
    assert pipeline.ask(REJECTED) == []


def test_limit_is_of_logs_and_songs_together(pipeline: Pipeline, capsys: CAPTURE) -> None:
    events(pipeline, GOOD, BAD[2][0], BAD[3][0])
    bad_song = json.dumps(SONG | {"year": "MCM", "song_id": "SO9"})
    pipeline.warehouse.put("song_data/bad.json", bad_song)
    allow(pipeline, 2)
    refused_here(etl, "--config", str(pipeline.config), said=capsys)
    allow(pipeline, 3)
    pipeline.load()
    columns = pipeline.ask("SELECT column_name FROM rejected_records ORDER BY 1")
    assert columns == [("level",), ("ts",), ("year",)]


def test_rejected_record_is_loaded_once_its_file_is_mended(pipeline: Pipeline) -> None:
    allow(pipeline, 3)
    events(pipeline, GOOD, BAD[2][0])
    pipeline.load()
    pipeline.load()
    assert pipeline.ask("SELECT COUNT(*) FROM rejected_records") == [(1,)]
    events(pipeline, GOOD, later(2))
    pipeline.load()
    assert pipeline.ask("SELECT item_in_session FROM songplays ORDER BY 1") == [(0,), (2,)]
    ledger = "SELECT row_count, rejected FROM loaded_files WHERE file LIKE '%mixed.json'"
    assert pipeline.ask(ledger) == [(2, 0)]
    assert pipeline.ask("SELECT COUNT(*) FROM rejected_records") == [(1,)]  # the first run's


def test_every_rejected_record_belongs_to_its_run(pipeline: Pipeline) -> None:
    allow(pipeline, 5)
    for number in (1, 2):
        events(pipeline, *[BAD[2][0]] * number, file=f"{number}.json")
        pipeline.load()
    found = pipeline.ask(
        "SELECT COUNT(*), MAX(load_runs.rejected) FROM rejected_records "
        "INNER JOIN load_runs ON load_runs.run_id = rejected_records.run_id "
        "GROUP BY load_runs.run_id ORDER BY 1"
    )
    assert found == [(1, 1), (2, 2)]


AWKWARD: list[Any] = ['it\'s \\ "quoted"\t', "%s %(run_id)s", "\u00e9\u6f22" * 40, "y" * 5000]


@pytest.mark.parametrize("value", AWKWARD)
def test_rejected_value_of_any_kind_is_kept(pipeline: Pipeline, value: str) -> None:
    """Redshift shows the first 1,024 bytes, and dots for what is not ASCII."""
    events(pipeline, json.dumps(EVENT | {"gender": value + "z" * 65}))
    allow(pipeline, 1)
    pipeline.load()
    ((kept,),) = pipeline.ask("SELECT value FROM rejected_records")
    source = json.dumps(value + "z" * 65)[1:-1]
    assert kept == "".join(c if c.isascii() else "." for c in source)[:1024]


def test_nothing_is_cut_or_replaced_in_silence(pipeline: Pipeline) -> None:
    from sql_queries import copy_template

    assert "TRUNCATECOLUMNS" not in copy_template
    assert "ACCEPTINVCHARS" not in copy_template
    pipeline.warehouse.put("log_data/latin.json", b'{"artist": "caf\xe9"}')
    events(pipeline, json.dumps(EVENT | {"artist": "a" * 1025}))
    allow(pipeline, 5)
    pipeline.load()
    assert pipeline.ask("SELECT COUNT(*) FROM rejected_records") == [(2,)]
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(0,)]
    assert pipeline.ask(f"SELECT COUNT(*) FROM loaded_files WHERE file LIKE 's3://{BUCKET}/%'") > [
        (0,)
    ]
