"""What is on record of each run, and how it is shown."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

import pytest
from conftest import EVENT, ROOT, Pipeline
from fault_injection import Killed, at
from script_runs import change, refused_here
from waiting import HANG_SECONDS

import etl
from dwh import terminal
from dwh.loading import staging

CAPTURE = pytest.CaptureFixture[str]
RUNS = "SELECT status, files, rejected, reason FROM load_runs ORDER BY started_at, run_id"


def history(pipeline: Pipeline, said: CAPTURE) -> list[list[str]]:
    """The rows that --history prints, and the reasons under them."""
    said.readouterr()
    assert etl.main(["--history", "--config", str(pipeline.config)]) == 0
    printed, told = said.readouterr()
    assert told == ""
    title, *lines = [line.strip() for line in printed.splitlines() if line.strip(" \u2500")]
    assert title == "Last runs"
    assert len(max(printed.splitlines()[:4], key=len)) <= 80
    columns, *rows = [re.split(" {2,}", line) for line in lines]
    assert columns == ["run", "status", "seconds", "files", "new plays", "rejected"]
    return rows


def test_run_is_on_record_with_what_it_has_loaded(pipeline: Pipeline) -> None:
    pipeline.songs({})
    pipeline.events({}, {"itemInSession": 1}, file="a.json")
    pipeline.load()
    ((run_id, status, files, size, rejected),) = pipeline.ask(
        "SELECT run_id, status, files, bytes, rejected FROM load_runs"
    )
    assert (status, files, rejected) == ("loaded", 4, 0)
    assert pipeline.ask("SELECT SUM(size) FROM loaded_files") == [(size,)]
    counts = {"songplays": 2, "users": 1, "songs": 2, "artists": 2, "time": 1}
    query = "SELECT step, row_count, seconds FROM load_steps ORDER BY place"
    steps = pipeline.ask(query)
    assert {step: rows for step, rows, _ in steps} == {
        "rows of the star": None,
        "files in S3": None,
        "copy staging_files": 4,
        "copy staging_events": 3,
        "copy staging_songs": 2,
        "required values": None,
        "check of the files": None,
        "transform songs": 2,
        "transform artists": 2,
        "transform users": 1,
        "transform songplays": 2,
        "transform time": 1,
        "check of the star": None,
        **{f"rows in {table}": rows for table, rows in counts.items()},
    }
    assert all(seconds >= 0 for *_, seconds in steps)
    assert pipeline.ask("SELECT DISTINCT run_id FROM load_steps") == [(run_id,)]


def test_end_is_when_the_load_ends(
    pipeline: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stage_slowly(*arguments: Any) -> None:
        time.sleep(1.5)
        staging.copy_to_staging(*arguments)

    monkeypatch.setattr("etl.copy_to_staging", stage_slowly)
    pipeline.load()
    ((lasted,),) = pipeline.ask("SELECT DATEDIFF(ms, started_at, ended_at) FROM load_runs")
    assert lasted > 1500
    ((_, _, seconds, *_),) = history(pipeline, capsys)
    assert float(seconds) >= 1.5


def test_secret_that_is_hidden_from_the_terminal_is_not_put_on_record(
    pipeline: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("the token canary-token is malformed")

    monkeypatch.setattr("etl.copy_to_staging", fail)
    terminal.hide("canary-token")
    refused_here(etl, "--config", str(pipeline.config), said=capsys)
    ((reason,),) = pipeline.ask("SELECT reason FROM load_runs")
    assert reason == "ValueError: the token *** is malformed"


def test_run_that_found_nothing_new_is_on_record(pipeline: Pipeline) -> None:
    pipeline.load()
    pipeline.load()
    assert pipeline.ask(RUNS) == [("loaded", 2, 0, None), ("nothing new", 0, 0, None)]


def test_run_that_failed_is_on_record_with_its_reason(pipeline: Pipeline, capsys: CAPTURE) -> None:
    pipeline.warehouse.put("log_data/bad.json", "{")
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys)
    pipeline.events({"ts": 1}, file="bad.json")
    refused_here(etl, "--config", str(pipeline.config), said=capsys, code=3)
    (first, second) = pipeline.ask(RUNS)
    assert first == ("failed", 3, 0, f"{found.error}: {found.details[0]}")
    assert second[3] == (
        "the data failed 1 of 6 checks: every event is of a sane time: 1 exception"
    )
    assert pipeline.ask("SELECT COUNT(*) FROM load_steps") == [(0,)]


def test_reason_of_any_length_and_language_is_kept(
    pipeline: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("\u6f22\0%s" * 3000)

    monkeypatch.setattr("etl.copy_to_staging", fail)
    refused_here(etl, "--config", str(pipeline.config), said=capsys)
    ((status, _, _, reason),) = pipeline.ask(RUNS)
    assert status == "failed"
    assert reason.startswith("ValueError: \u6f22%s\u6f22%s")


def test_run_that_was_killed_is_on_record_as_running(pipeline: Pipeline) -> None:
    child = os.fork()
    if child == 0:
        with suppress(BaseException), at(Killed(40)):
            etl.main(["--config", str(pipeline.config)])
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert pipeline.ask(RUNS) == [("running", 0, 0, None)]
    pipeline.load()
    assert [row[0] for row in pipeline.ask(RUNS)] == ["running", "loaded"]


def test_run_that_was_stopped_by_ctrl_c_is_on_record(pipeline: Pipeline) -> None:
    other = pipeline.warehouse.another_connection()
    other.cursor().execute("LOCK staging_files")
    command = [sys.executable, str(ROOT / "etl.py"), "--config", str(pipeline.config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        next(line for line in process.stderr if "waiting for another load" in line)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130
    other.close()
    assert pipeline.ask(RUNS) == [("interrupted", 0, 0, None)]


def test_history_shows_the_last_runs_the_newest_last(pipeline: Pipeline, capsys: CAPTURE) -> None:
    assert history(pipeline, capsys) == []
    pipeline.events({}, file="a.json")
    pipeline.load()
    pipeline.load()
    pipeline.warehouse.put("log_data/bad.json", json.dumps(EVENT | {"ts": "x"}))
    refused_here(etl, "--config", str(pipeline.config), said=capsys)
    first, second, third, (reason,) = history(pipeline, capsys)
    assert [first[1], *first[3:]] == ["loaded", "3", "1", "0"]
    assert [second[1], *second[3:]] == ["nothing new", "0", "-", "0"]
    assert [third[1], *third[3:]] == ["failed", "1", "-", "0"]
    assert reason.startswith(f"{third[0]}: 1 bad record, ")
    assert re.search(r"bad\.json line 1, column ts, value 'x': Invalid digit", reason)
    assert all(re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{6}", row[0]) for row in (first, second, third))


def shown(pipeline: Pipeline, said: CAPTURE, run_id: str) -> str:
    said.readouterr()
    assert etl.main(["--history", run_id, "--config", str(pipeline.config)]) == 0
    return said.readouterr().out


def test_history_of_one_run_shows_its_steps_files_and_rejected_records(
    pipeline: Pipeline, capsys: CAPTURE
) -> None:
    change(pipeline.config, load_MAX_BAD_RECORDS="1")
    pipeline.warehouse.put("log_data/bad.json", f"{json.dumps(EVENT | {'ts': 'x'})}\n")
    pipeline.events({}, file="good.json")
    pipeline.load()
    ((run_id, *_),) = history(pipeline, capsys)
    lines = [" ".join(line.split()) for line in shown(pipeline, capsys, run_id).splitlines()]
    assert lines[0] == f"Run {run_id}"
    assert {"Steps", "Files", "Rejected records"} <= set(lines)
    assert any(line.startswith("transform songplays 1 0 ") for line in lines)
    assert any(re.fullmatch(r"s3://\S+/bad\.json (0|-) 1", line) for line in lines)
    assert any(re.match(r"s3://\S+/bad\.json 1 ts x Invalid digit", line) for line in lines)
    assert not any(line.endswith(" ") for line in shown(pipeline, capsys, run_id).splitlines())


def test_history_of_a_run_that_failed_tells_why(pipeline: Pipeline, capsys: CAPTURE) -> None:
    pipeline.warehouse.put("log_data/bad.json", json.dumps(EVENT | {"ts": "x"}))
    refused_here(etl, "--config", str(pipeline.config), said=capsys)
    (run, _) = history(pipeline, capsys)
    assert "\nReason: 1 bad record, " in shown(pipeline, capsys, run[0])


def test_history_of_a_run_that_never_was_says_so(pipeline: Pipeline, capsys: CAPTURE) -> None:
    found = refused_here(etl, "--history", "x'y", "--config", str(pipeline.config), said=capsys)
    assert found.error == "no run x'y is on record"
    assert found.hint == "see which there are: python etl.py --history"


def test_history_is_of_the_last_twenty_runs(pipeline: Pipeline, capsys: CAPTURE) -> None:
    values = ", ".join(f"('r{n:02}', GETDATE(), 'running', 0, 0, 0)" for n in range(25))
    columns = "run_id, started_at, status, files, bytes, rejected"
    pipeline.ask(f"INSERT INTO load_runs ({columns}) VALUES {values}")
    assert [row[0] for row in history(pipeline, capsys)] == [f"r{n:02}" for n in range(5, 25)]


def printed_plays(pipeline: Pipeline, said: CAPTURE, *options: str) -> list[str]:
    """What a load prints of the plays."""
    said.readouterr()
    assert etl.main([*options, "--config", str(pipeline.config)]) == 0
    lines = [" ".join(line.split()) for line in said.readouterr().out.splitlines()]
    return [line.rpartition(" ")[0] for line in lines if line.startswith(("songplays", "- "))]


def test_load_prints_the_share_of_the_plays_of_its_time_that_are_matched(
    pipeline: Pipeline, capsys: CAPTURE
) -> None:
    pipeline.songs({})
    pipeline.events({}, {"itemInSession": 1, "song": "Unknown"})
    assert printed_plays(pipeline, capsys) == [
        "songplays 2 0",
        "- matched to a song: 1 of 2 (50.0%) - -",
    ]
    pipeline.events({"ts": 1541205830796, "song": "Late"}, file="night.json")
    assert printed_plays(pipeline, capsys) == [
        "songplays 1 0",
        "- matched to a song: 0 of 1 (0.0%) - -",
    ]
    pipeline.songs({"song_id": "SO2", "title": "Late"})
    assert printed_plays(pipeline, capsys) == ["songplays 0 1"]
    again = printed_plays(pipeline, capsys, "--rebuild")
    assert again == ["songplays 3 0", "- matched to a song: 2 of 3 (66.7%) - -"]
