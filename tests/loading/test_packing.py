"""Small files are packed before COPY, and nobody can tell by the rows or by the errors."""

from __future__ import annotations

import gzip
import json
import os
import signal
from typing import Any

import pytest
from bad_files import Unsound, all_cases
from conftest import CLUSTER, EVENT, Pipeline
from script_runs import change, refused_here

import etl
from dwh.config import load_config
from dwh.loading import packing
from dwh.loading.packing import split
from dwh.loading.run import File
from dwh.loading.source_files import BEGINNING_BYTES, is_unreadable
from dwh.loading.work_folder import WorkFolder

CAPTURE = pytest.CaptureFixture[str]
BUCKET = f"{CLUSTER}-dwh-123456789012-us-west-2-an"
PLAY = json.dumps(EVENT)
BAD = json.dumps(EVENT | {"ts": "soon"})
ROWS = {
    "events": "SELECT * FROM staging_events",
    "songs": "SELECT * FROM staging_songs",
    "ledger": "SELECT file, etag, size, staging_table, rejected FROM loaded_files",
    "rejected": "SELECT file, line_number, column_name, value, reason FROM rejected_records",
}
SLICES = 4


def pack_from(pipeline: Pipeline, number: int | str) -> None:
    change(pipeline.config, load_PACK_SMALL_FILES_FROM=str(number))


def many(pipeline: Pipeline, number: int = 12) -> None:
    for item in range(number):
        pipeline.events({"itemInSession": item}, file=f"{item:03}.json")


def files_to_copy(pipeline: Pipeline, table: str = "staging_events") -> list[str]:
    query = f"SELECT DISTINCT part FROM staging_files WHERE staging_table = '{table}'"
    return [part for (part,) in pipeline.ask(query)]


def parts(pipeline: Pipeline) -> list[str]:
    """What is left in the work bucket."""
    prefix = f"{pipeline.warehouse.database}/parts/"
    s3 = pipeline.warehouse.cloud.client("s3")
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    return [each["Key"] for each in found]


def rows(pipeline: Pipeline) -> dict[str, list[tuple[Any, ...]]]:
    """All that a load leaves, whatever the run was called."""
    found = {name: sorted(pipeline.ask(query), key=repr) for name, query in ROWS.items()}
    star = {
        name: [row[1:] if name == "songplays" else row for row in rows]
        for name, rows in pipeline.star().items()
    }
    return found | {name: sorted(rows, key=repr) for name, rows in star.items()}


# ---------------------------------------------------------------------------- the same rows


def test_many_small_files_are_copied_as_one_part_for_each_slice(pipeline: Pipeline) -> None:
    many(pipeline)
    pack_from(pipeline, 10)
    pipeline.load()
    assert len(files_to_copy(pipeline)) == SLICES
    assert all(f"s3://{BUCKET}/" in part for part in files_to_copy(pipeline))
    ((found,),) = pipeline.ask(
        "SELECT source_file_count FROM sys_load_history WHERE table_name = 'staging_events'"
    )
    assert found == SLICES
    ledger = "SELECT COUNT(*), SUM(row_count) FROM loaded_files WHERE staging_table = '{}'"
    assert pipeline.ask(ledger.format("staging_events")) == [(13, 13)]
    assert len(files_to_copy(pipeline, "staging_songs")) == 1  # one song is not many
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(12,)]


@pytest.mark.parametrize("threshold", ["auto", "never", "14"])
def test_fewer_files_than_the_threshold_are_copied_as_they_are(
    pipeline: Pipeline, threshold: str
) -> None:
    many(pipeline)
    pack_from(pipeline, threshold)
    pipeline.load()
    assert len(files_to_copy(pipeline)) == 13


def test_auto_packs_on_aws_and_not_in_the_sandbox(pipeline: Pipeline) -> None:
    assert load_config(pipeline.config).pack_from == 0
    change(pipeline.config, target_TARGET="aws")
    assert load_config(pipeline.config).pack_from == 1000


def test_each_odd_file_comes_to_the_same_rows_and_rejections_packed_or_not(
    pipeline: Pipeline,
) -> None:
    pipeline.songs({}, {"song_id": "SO2"})
    many(pipeline)
    for number, case in enumerate(all_cases()):
        if not isinstance(case.expected, Unsound) and not is_unreadable(
            case.body[:BEGINNING_BYTES]
        ):
            pipeline.warehouse.put(f"{case.folder}/{number:03}-{case.name}.json", case.body)
    change(pipeline.config, load_MAX_BAD_RECORDS="9999")
    left: list[dict[str, list[tuple[Any, ...]]]] = []
    for threshold in ("never", "1"):
        pack_from(pipeline, threshold)
        forget(pipeline)
        pipeline.load()
        left.append(rows(pipeline))
    assert left[0] == left[1]
    assert len(left[0]["rejected"]) > 40
    plain = [part for part in files_to_copy(pipeline) if BUCKET not in part]
    assert len(plain) > 10
    assert 0 < len(files_to_copy(pipeline)) - len(plain) <= SLICES


def forget(pipeline: Pipeline) -> None:
    """Empty all tables."""
    tables = pipeline.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for (table,) in tables:
        pipeline.ask(f"DELETE FROM {table}")


def test_large_files_are_copied_as_they_are_beside_the_packed_ones(pipeline: Pipeline) -> None:
    many(pipeline)
    lines = [json.dumps(EVENT | {"itemInSession": 100 + n, "song": "x" * 900}) for n in range(1000)]
    large = pipeline.warehouse.put("log_data/large.json", "\n".join(lines))
    pack_from(pipeline, 2)
    pipeline.load()
    assert large in files_to_copy(pipeline)
    assert len(files_to_copy(pipeline)) == SLICES + 1
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(1012,)]
    counts = pipeline.ask("SELECT row_count FROM loaded_files ORDER BY 1 DESC LIMIT 2")
    assert counts == [(1000,), (1,)]


# ---------------------------------------------------------------------------- errors


def test_error_names_the_original_file_and_its_line(pipeline: Pipeline, capsys: CAPTURE) -> None:
    many(pipeline)
    pack_from(pipeline, 2)
    url = pipeline.warehouse.put("log_data/007.json", f"{PLAY}\n\n{PLAY}\n{BAD}\n{PLAY}")
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys)
    assert found.details == [
        f"{url} line 4, column ts, value 'soon': Invalid digit, Value 's', Pos 0, Type: Long"
    ]
    assert parts(pipeline) == []


def test_rejected_record_is_kept_with_its_original_file_and_line(pipeline: Pipeline) -> None:
    many(pipeline)
    pack_from(pipeline, 2)
    change(pipeline.config, load_MAX_BAD_RECORDS="9")
    urls = [
        pipeline.warehouse.put("log_data/003.json", f"{PLAY}\r\n{BAD}"),
        pipeline.warehouse.put("log_data/004.json", BAD),
        pipeline.warehouse.put("log_data/005.json", f"{PLAY}\n{BAD}\n{BAD}\n"),
    ]
    pipeline.load()
    kept = pipeline.ask("SELECT file, line_number FROM rejected_records ORDER BY 1, 2")
    assert kept == [(urls[0], 2), (urls[1], 1), (urls[2], 2), (urls[2], 3)]
    ledger = "SELECT row_count, rejected FROM loaded_files WHERE rejected > 0 ORDER BY file"
    assert pipeline.ask(ledger) == [(1, 1), (0, 1), (1, 2)]


def test_record_that_copy_does_not_find_in_a_part_fails_a_check(
    pipeline: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(pipeline)
    pack_from(pipeline, 2)
    monkeypatch.setattr(packing, "count_records", lambda content: 2)
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys, code=3)
    assert found.details[:2] == [
        "every packed record was copied: 1 exception",
        "  staging_table staging_events, packed 26, copied 13",
    ]


def test_file_that_has_gone_since_it_was_listed_is_named(
    pipeline: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(pipeline)
    pack_from(pipeline, 2)
    gone = f"{pipeline.warehouse.database}/log_data/007.json"

    def split_late(files: list[File], number: int) -> list[list[File]]:
        pipeline.warehouse.cloud.client("s3").delete_object(Bucket="test-bucket", Key=gone)
        return split(files, number)

    monkeypatch.setattr(packing, "split", split_late)
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys)
    assert found.error == f"s3://test-bucket/{gone} is not there any more"
    assert parts(pipeline) == []
    monkeypatch.undo()
    pipeline.load()
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(11,)]


# ---------------------------------------------------------------------------- no trace


def test_parts_are_removed_after_the_load(pipeline: Pipeline) -> None:
    many(pipeline)
    pack_from(pipeline, 2)
    pipeline.load()
    assert parts(pipeline) == []


def killed_once_it_has_packed(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    child = os.fork()
    if child == 0:
        try:
            kill = signal.SIGKILL
            monkeypatch.setattr("etl.copy_to_staging", lambda *_: os.kill(os.getpid(), kill))
            pipeline.load()
        finally:
            os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("threshold", ["2", "never"])
def test_parts_of_a_run_that_was_killed_are_removed_by_the_next(
    pipeline: Pipeline, threshold: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.load()
    many(pipeline)
    pack_from(pipeline, 2)
    killed_once_it_has_packed(pipeline, monkeypatch)
    assert len(parts(pipeline)) == SLICES
    pack_from(pipeline, threshold)
    pipeline.load()
    assert parts(pipeline) == []
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(12,)]


def test_parts_that_cannot_be_removed_are_no_fault_of_the_load(
    pipeline: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(pipeline)
    pack_from(pipeline, 2)
    remove, s3 = WorkFolder.remove, pipeline.warehouse.cloud.client("s3")

    def deny(folder: WorkFolder, name: str) -> None:
        if name != packing.PARTS:
            s3.delete_object(Bucket="no-such-bucket", Key="any")
        remove(folder, name)

    monkeypatch.setattr(WorkFolder, "remove", deny)
    pipeline.load()
    warnings = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert len(warnings) == 1
    assert warnings[0].startswith("warning: packed files stay in S3 until the next run: ")
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(12,)]
    assert len(parts(pipeline)) == SLICES


def test_parts_are_gzip_files_that_hold_whole_lines(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(pipeline)
    pack_from(pipeline, 2)
    monkeypatch.setattr(WorkFolder, "remove", lambda *_: None)
    pipeline.load()
    s3 = pipeline.warehouse.cloud.client("s3")
    bodies = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in parts(pipeline)]
    lines = [line for body in bodies for line in gzip.decompress(body).splitlines()]
    assert [json.loads(line)["page"] for line in lines] == ["NextSong"] * 12 + ["Home"]


def test_progress_is_shown_while_files_are_packed(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[str, float]] = []
    monkeypatch.setattr("dwh.terminal.Step.advance", lambda _, *state: shown.append(state))
    monkeypatch.setattr(packing, "SHOWN_EVERY", 5)
    many(pipeline)
    pack_from(pipeline, 2)
    pipeline.load()
    assert [text for text, _ in shown] == ["5 of 13 files", "10 of 13 files"]
