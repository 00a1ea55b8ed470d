"""Bad records: they stop a load, or are kept aside and loaded once they are mended."""

from __future__ import annotations

import bz2
import gzip
import json
import re
from typing import Any

import pytest
from conftest import BUCKET, EVENT, SONG, Pipeline
from script_runs import change, refused_here

import etl
import query
from dwh.loading import bad_records

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
    assert found.error == "1 bad record, and MAX_BAD_RECORDS in dwh.cfg allows 0"
    assert len(found.details) == 1
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(0,)]
    assert pipeline.ask(REJECTED) == []


@pytest.mark.parametrize("allowed", [0, 1, 11])
def test_many_bad_records_of_a_file_hide_no_other_file(
    pipeline: Pipeline, capsys: CAPTURE, allowed: int
) -> None:
    many = events(pipeline, GOOD, *[BAD[2][0]] * 38, file="a-many.json")
    one = events(pipeline, GOOD, GOOD, BAD[2][0], file="z-one.json")
    allow(pipeline, allowed)
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys)
    assert found.error == f"39 bad records, and MAX_BAD_RECORDS in dwh.cfg allows {allowed}"
    assert found.details == [
        f"{many} line 2, column ts, value 'soon': {BAD[2][3]}",
        f"{many} line 3, column ts, value 'soon': {BAD[2][3]}",
        f"and 36 more in {many}",
        f"{one} line 3, column ts, value 'soon': {BAD[2][3]}",
    ]
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(0,)]
    assert pipeline.ask(REJECTED) == []


def test_copy_that_gives_up_names_the_files_that_it_has_met(
    pipeline: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dwh.loading.staging.COUNTED_RECORDS", 5)
    for number in range(13):
        events(pipeline, BAD[2][0], file=f"{number:02}.json")
    monkeypatch.setattr("dwh.loading.copy_errors.SHOWN_FILES", 3)
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys)
    assert found.error == "at least 5 bad records, and MAX_BAD_RECORDS in dwh.cfg allows 0"
    assert [line.partition(" line")[0][-7:] for line in found.details[:3]] == [
        "00.json",
        "01.json",
        "02.json",
    ]
    assert found.details[3:] == ["and 2 more files"]


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
    table = said.partition("Rejected records\n")[2]
    shown = [re.split(" {2,}", line.strip()) for line in table.splitlines() if url in line]
    assert [row[:2] for row in shown] == [[url, str(line)] for line in BAD]
    assert [BAD[line][1] for line in BAD] == [row[2].strip("-") for row in shown]
    (statement,) = re.findall(r'all of them: python query\.py --admin "(.*)"', said)
    config = ["--config", str(pipeline.config)]
    capsys.readouterr()
    assert query.main(["--admin", "--csv", statement, *config]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_one_bad_record_too_many_stops_the_load(pipeline: Pipeline, capsys: CAPTURE) -> None:
    events(pipeline, GOOD, BAD[2][0], BAD[3][0], BAD[4][0])
    allow(pipeline, 2)
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys)
    assert len(found.details) == 3
    assert found.error == "3 bad records, and MAX_BAD_RECORDS in dwh.cfg allows 2"
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
    """As it is in the file, of which the system views show nothing: its first 1,024 letters."""
    events(pipeline, json.dumps(EVENT | {"gender": value + "z" * 65}))
    allow(pipeline, 1)
    pipeline.load()
    ((kept, reason),) = pipeline.ask("SELECT value, reason FROM rejected_records")
    assert kept == (value + "z" * 65)[:1024]
    size = len((value + "z" * 65).encode())
    assert reason.endswith(f": {size} bytes in the file, at most 64 in the column")


def in_many_lines(**changes: Any) -> str:
    return json.dumps(EVENT | changes, indent=2)


LAYOUTS = {
    "over several lines": ([GOOD, in_many_lines(ts="soon"), GOOD], "soon"),
    "between others of several lines": (
        [in_many_lines(), in_many_lines(ts="soon"), in_many_lines()],
        "soon",
    ),
    "a number": ([json.dumps(EVENT | {"sessionId": 2**70})], str(2**70)),
    "as it is written": ([GOOD.replace("1541105830796", "1.50E+400")], "1.50E+400"),
    "an object": ([json.dumps(EVENT | {"sessionId": {"a": [1, None]}})], '{"a": ["1", null]}'),
}


@pytest.mark.parametrize(("lines", "value"), LAYOUTS.values(), ids=LAYOUTS)
def test_rejected_value_is_found_however_its_record_is_written(
    pipeline: Pipeline, lines: list[str], value: str
) -> None:
    events(pipeline, *lines)
    allow(pipeline, 3)
    pipeline.load()
    assert pipeline.ask("SELECT value FROM rejected_records") == [(value,)]


def test_packed_record_is_shown_by_the_line_and_the_value_of_its_own_file(
    pipeline: Pipeline,
) -> None:
    change(pipeline.config, load_PACK_SMALL_FILES_FROM="2")
    events(pipeline, GOOD, file="a.json")
    url = events(pipeline, GOOD, GOOD, BAD[2][0], file="b.json")
    allow(pipeline, 3)
    pipeline.load()
    assert [row[:4] for row in pipeline.ask(REJECTED)] == [(url, 3, "ts", "soon")]


def test_nothing_is_cut_or_replaced_in_silence(pipeline: Pipeline) -> None:
    from sql_queries import copy_template

    assert "TRUNCATECOLUMNS" not in copy_template
    assert "ACCEPTINVCHARS" not in copy_template
    pipeline.warehouse.put("log_data/latin.json", b'{"artist": "caf\xe9"}\n')
    events(pipeline, json.dumps(EVENT | {"artist": "a" * 1025}))
    allow(pipeline, 5)
    pipeline.load()
    assert pipeline.ask("SELECT COUNT(*) FROM rejected_records") == [(2,)]
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(0,)]
    assert pipeline.ask(f"SELECT COUNT(*) FROM loaded_files WHERE file LIKE 's3://{BUCKET}/%'") > [
        (0,)
    ]


# ---------------------------------------------------------------------------- no JSON at all

NO_JSON = {
    "array": (f"[{GOOD},\n{GOOD}]".encode(), "is a JSON array: write one object after another, "),
    "indented array": (f" \n[\n{GOOD}\n]".encode(), "is a JSON array: "),
    "gzip": (gzip.compress(GOOD.encode()), "is compressed with gzip: unpack it"),
    "bzip2": (bz2.compress(GOOD.encode()), "is compressed with bzip2: unpack it"),
    "UTF-16": (GOOD.encode("utf-16"), "is in UTF-16: write it in UTF-8"),
    "UTF-16, no mark": (GOOD.encode("utf-16-le"), "is in UTF-16: write it in UTF-8"),
    "CSV": (b"artist,song\nA,B\n", "has no record that can be read"),
    "cut": (GOOD.encode()[:50], "has no record that can be read"),
}


@pytest.mark.parametrize(("body", "said"), NO_JSON.values(), ids=NO_JSON)
def test_file_of_which_nothing_can_be_read_stops_the_load_whatever_is_allowed(
    pipeline: Pipeline, capsys: CAPTURE, body: bytes, said: str
) -> None:
    events(pipeline, GOOD, file="good.json")
    url = pipeline.warehouse.put("log_data/odd.json", body)
    allow(pipeline, 99)
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys)
    assert found.error == "nothing can be read of 1 file"
    (detail,) = found.details
    assert detail.startswith(f"{url} {said}")
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(0,)]


WHOLE = {
    **{name: case for name, case in NO_JSON.items() if "no record" not in case[1]},
    "byte order mark": (b"\xef\xbb\xbf" + GOOD.encode(), "begins with a byte order mark: "),
}


@pytest.mark.parametrize(("body", "said"), WHOLE.values(), ids=WHOLE)
def test_file_that_is_no_plain_json_is_named_once_with_what_it_is(
    pipeline: Pipeline, capsys: CAPTURE, body: bytes, said: str
) -> None:
    url = pipeline.warehouse.put("log_data/odd.json", body * 3)
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys)
    (detail,) = found.details
    assert detail.startswith(f"{url} {said}")


def test_file_in_latin_1_is_named_once_and_said_to_be_no_utf_8(
    pipeline: Pipeline, capsys: CAPTURE
) -> None:
    body = json.dumps(EVENT | {"song": "caf\u00e9"}, ensure_ascii=False).encode("latin-1")
    url = pipeline.warehouse.put("log_data/latin.json", body)
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys)
    (detail,) = found.details
    assert detail.startswith(f"{url} line 1, column song, value ")
    assert detail.endswith("; the file is not in UTF-8")


def test_file_that_nobody_may_read_is_shown_by_its_records(
    pipeline: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(*_: object) -> None:
        raise OSError("not now")

    monkeypatch.setattr("dwh.loading.copy_errors.read_beginning", deny)
    url = events(pipeline, "[1]")
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys)
    assert found.details[0].startswith(f"{url} line 1: ")


def test_values_are_found_among_thousands_of_bad_lines(pipeline: Pipeline) -> None:
    events(pipeline, *["{"] * 8_000, GOOD, *["rubbish"] * 8_000, BAD[2][0])
    allow(pipeline, 16_001)
    pipeline.load()
    found = pipeline.ask("SELECT value FROM rejected_records WHERE column_name = 'ts'")
    assert found == [("soon",)]


NESTED = {"Name": "}{", "more": {"and": {"more": "\\"}}}


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_value_is_found_in_a_record_that_holds_others(
    pipeline: Pipeline, indent: int | None
) -> None:
    record = json.dumps(EVENT | {"about": NESTED} | {"ts": "soon"}, indent=indent)
    events(pipeline, GOOD, record, later(1))
    allow(pipeline, 1)
    pipeline.load()
    assert pipeline.ask(REJECTED)[0][2:4] == ("ts", "soon")


def test_value_that_may_be_of_another_record_on_the_line_is_not_shown(pipeline: Pipeline) -> None:
    events(pipeline, GOOD, BAD[2][0] + json.dumps(EVENT | {"ts": "late"}))
    allow(pipeline, 2)
    pipeline.load()
    assert {row[3] for row in pipeline.ask(REJECTED)} == {""}


def test_value_of_a_file_that_was_changed_meanwhile_is_not_shown(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(pipeline, 1)
    events(pipeline, GOOD, BAD[2][0])
    find_paths = bad_records.find_paths

    def replace(run: Any) -> Any:
        events(pipeline, GOOD, BAD[2][0].replace("soon", "late"))
        return find_paths(run)

    monkeypatch.setattr(bad_records, "find_paths", replace)
    pipeline.load()
    assert [row[2:4] for row in pipeline.ask(REJECTED)] == [("ts", "")]
