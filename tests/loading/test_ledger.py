"""Each file is loaded once, and again only when it has changed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import BUCKET, CLUSTER, EVENT, Pipeline
from hypothesis import given
from hypothesis import strategies as st
from script_runs import change, refused_here

import create_tables
import etl
from dwh.errors import DwhError
from dwh.loading import staging
from dwh.loading.run import File

CAPTURE = pytest.CaptureFixture[str]
COPIES = "SELECT COUNT(*) FROM sys_load_history"
LEDGER = "SELECT file, row_count, rejected, staging_table FROM loaded_files ORDER BY file"
WORK_BUCKET = f"{CLUSTER}-dwh-123456789012-us-west-2-an"


def run(pipeline: Pipeline, *options: str) -> None:
    assert etl.main(["--config", str(pipeline.config), *options]) == 0


def url(pipeline: Pipeline, key: str) -> str:
    return f"s3://{BUCKET}/{pipeline.warehouse.database}/{key}"


def staged(pipeline: Pipeline) -> list[str]:
    """The files that the last load has copied."""
    prefix = len(url(pipeline, ""))
    files = pipeline.ask("SELECT file FROM staging_files")
    return sorted(file[prefix:] for (file,) in files)


def test_run_with_nothing_new_copies_nothing_and_says_so(
    pipeline: Pipeline, capsys: CAPTURE
) -> None:
    pipeline.load()
    before, copies = pipeline.star(), pipeline.ask(COPIES)
    capsys.readouterr()
    run(pipeline)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[-1].startswith("Every file is loaded already; ")
    assert (pipeline.star(), pipeline.ask(COPIES)) == (before, copies)


def test_only_what_is_new_is_copied(pipeline: Pipeline) -> None:
    pipeline.load()
    pipeline.events({}, {"itemInSession": 1}, file="2018-11-02-events.json")
    pipeline.load()
    assert staged(pipeline) == ["log_data/2018-11-02-events.json"]
    assert pipeline.ask("SELECT COUNT(*) FROM staging_events") == [(2,)]
    assert pipeline.ask("SELECT COUNT(*) FROM staging_songs") == [(0,)]
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(2,)]


def test_file_that_has_changed_is_copied_again(pipeline: Pipeline) -> None:
    pipeline.events({}, file="a.json")
    pipeline.events({"itemInSession": 1}, file="b.json")
    pipeline.load()
    pipeline.events({"itemInSession": 2}, file="a.json")
    pipeline.load()
    assert staged(pipeline) == ["log_data/a.json"]
    items = pipeline.ask("SELECT item_in_session FROM songplays ORDER BY 1")
    assert items == [(0,), (1,), (2,)]  # what was delivered once stays


def test_file_that_is_delivered_again_as_it_was_is_not_copied(pipeline: Pipeline) -> None:
    pipeline.load()
    copies = pipeline.ask(COPIES)
    pipeline.events({"page": "Home", "userId": ""}, file="2018-11-00-events.json")
    pipeline.load()
    assert pipeline.ask(COPIES) == copies


def test_all_copies_every_file_again(pipeline: Pipeline) -> None:
    pipeline.load()
    files, before = staged(pipeline), pipeline.star()
    run(pipeline, "--rebuild")
    assert staged(pipeline) == files
    assert len(files) == 2
    assert pipeline.star() == before


def test_ledger_tells_each_file_with_its_rows_and_its_run(pipeline: Pipeline) -> None:
    pipeline.events({}, {"itemInSession": 1}, file="a.json")
    pipeline.warehouse.put("log_data/empty.json", b"")
    pipeline.load()
    rows = {file.rpartition("/")[2]: row for file, *row in pipeline.ask(LEDGER)}
    assert rows["a.json"] == [2, 0, "staging_events"]
    assert rows["empty.json"] == [0, 0, "staging_events"]
    (song,) = {row[0] for row in rows.values() if row[2] == "staging_songs"}
    assert song == 1
    s3 = pipeline.warehouse.cloud.client("s3")
    for file, etag, size in pipeline.ask("SELECT file, etag, size FROM loaded_files"):
        bucket, _, key = file.removeprefix("s3://").partition("/")
        found = s3.head_object(Bucket=bucket, Key=key)
        assert (found["ETag"].strip('"'), found["ContentLength"]) == (etag, size)
    ((runs,),) = pipeline.ask(
        "SELECT COUNT(DISTINCT run_id) FROM loaded_files NATURAL JOIN load_runs"
    )
    assert runs == 1


def test_rows_are_unknown_where_redshift_counts_lines(pipeline: Pipeline) -> None:
    pipeline.warehouse.put("log_data/many-lines.json", json.dumps(EVENT, indent=2))
    pipeline.load()
    counts = pipeline.ask("SELECT DISTINCT staging_table, row_count FROM loaded_files ORDER BY 1")
    assert counts == [("staging_events", None), ("staging_songs", 1)]


def test_ledger_is_as_before_after_a_load_that_failed(pipeline: Pipeline) -> None:
    pipeline.load()
    before = pipeline.ask(LEDGER)
    pipeline.events({}, file="good.json")
    pipeline.warehouse.put("log_data/bad.json", "{")
    with pytest.raises(DwhError):
        pipeline.load()
    assert pipeline.ask(LEDGER) == before


NAMES = [
    "a b.json",
    "100%25.json",
    'it\'s "quoted".json',
    "plus+and&.json",
    "\u00e9\u6f22\U0001f600.json",
    "blank at its end ",
    "{}%(run_id)s%s.json",
    "x" * 300,
]


def test_files_of_any_name_are_loaded_once(pipeline: Pipeline) -> None:
    for number, name in enumerate(NAMES):
        pipeline.events({"itemInSession": number}, file=name)
    pipeline.load()
    items = pipeline.ask("SELECT item_in_session FROM songplays ORDER BY 1")
    assert items == [(number,) for number in range(len(NAMES))]
    copies = pipeline.ask(COPIES)
    pipeline.load()
    assert pipeline.ask(COPIES) == copies


def test_more_files_than_one_page_lists_are_loaded(pipeline: Pipeline) -> None:
    warehouse = pipeline.warehouse
    folder = Path(warehouse.cloud.state.data, BUCKET, warehouse.database, "log_data", "many")
    folder.mkdir(parents=True)
    for number in range(1001):
        line = json.dumps(EVENT | {"itemInSession": number})
        (folder / f"{number:04}.json").write_text(line)
    pipeline.load()
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(1001,)]


def test_files_that_are_gone_leave_their_rows_and_bring_no_error(pipeline: Pipeline) -> None:
    pipeline.events({}, file="a.json")
    pipeline.load()
    before = pipeline.star()
    s3 = pipeline.warehouse.cloud.client("s3")
    for file, *_ in pipeline.ask(LEDGER):
        bucket, _, key = file.removeprefix("s3://").partition("/")
        if key.endswith("a.json"):
            s3.delete_object(Bucket=bucket, Key=key)
    pipeline.load()
    assert pipeline.star() == before


def test_lists_are_mandatory_and_name_what_is_new(pipeline: Pipeline) -> None:
    pipeline.load()
    pipeline.events({}, file="new.json")
    pipeline.warehouse.put("log_data/empty.json", b"")
    pipeline.load()
    s3 = pipeline.warehouse.cloud.client("s3")
    key = f"{pipeline.warehouse.database}/staging_events.manifest"
    body = s3.get_object(Bucket=WORK_BUCKET, Key=key)["Body"].read()
    wanted = {"url": url(pipeline, "log_data/new.json"), "mandatory": True}
    assert json.loads(body) == {"entries": [wanted]}


def test_file_that_goes_before_it_is_copied_fails_the_load(
    pipeline: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was listed, so that it must be loaded; the next run lists again."""
    pipeline.events({}, file="a.json")
    gone = pipeline.warehouse.put("log_data/gone.json", json.dumps(EVENT | {"userId": "7"}))
    s3 = pipeline.warehouse.cloud.client("s3")

    def stage(*arguments: Any) -> None:
        s3.delete_object(Bucket=BUCKET, Key=gone.partition(f"{BUCKET}/")[2])
        staging.copy_to_staging(*arguments)

    monkeypatch.setattr("etl.copy_to_staging", stage)
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys)
    assert found.error.startswith(f"{gone} cannot be loaded: ")
    assert found.hint.startswith("there is no such file now; ")
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(0,)]
    monkeypatch.undo()
    pipeline.load()
    assert pipeline.ask("SELECT user_id FROM songplays") == [("39",)]


def test_star_that_lost_a_table_is_filled_again_with_everything(
    pipeline: Pipeline, capsys: CAPTURE
) -> None:
    pipeline.songs({})
    pipeline.load()
    before = pipeline.star()
    pipeline.ask("DROP TABLE songs")
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys)
    assert found.error == "this table is not there: songs"
    assert found.hint == "make it: python create_tables.py"
    assert create_tables.main(["--config", str(pipeline.config)]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == "Next: python etl.py --rebuild"
    run(pipeline, "--rebuild")
    assert pipeline.star() == before
    assert create_tables.main(["--config", str(pipeline.config)]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == "Next: python etl.py"


ENDS = st.lists(st.sampled_from([" ", "%20", "%2520", "%25", "0", "2", "a"]), max_size=4)


@given(ENDS, ENDS)
def test_no_two_files_share_a_name_in_the_ledger(one: list[str], other: list[str]) -> None:
    urls = ["s3://b/" + "".join(end) for end in (one, other)]
    names = [File(url, "", 0, "").name for url in urls]
    assert (names[0] == names[1]) == (urls[0] == urls[1])
    assert not any(name.endswith(" ") for name in names)


def test_names_that_differ_in_a_blank_at_their_end_are_two_files(pipeline: Pipeline) -> None:
    for number, end in enumerate(("", " ", "%20")):
        pipeline.events({"itemInSession": number}, file=f"a.json{end}")
    pipeline.load()
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(3,)]
    copies = pipeline.ask(COPIES)
    pipeline.load()
    assert pipeline.ask(COPIES) == copies


def test_file_with_a_long_name_is_on_record_by_all_of_it(pipeline: Pipeline) -> None:
    """Redshift cuts it in its own records."""
    change(pipeline.config, load_MAX_BAD_RECORDS="1")
    name = pipeline.warehouse.put(f"log_data/{'y' * 300}.json", json.dumps(EVENT) + "\n{}\n{")
    pipeline.load()
    assert pipeline.ask("SELECT file, line_number FROM rejected_records") == [(name, 3)]
    ledger = "SELECT file, row_count, rejected FROM loaded_files WHERE rejected > 0"
    assert pipeline.ask(ledger) == [(name, 2, 1)]


def test_bucket_for_lists_that_is_not_there_is_to_be_made(
    pipeline: Pipeline, capsys: CAPTURE
) -> None:
    s3 = pipeline.warehouse.cloud.client("s3")
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=WORK_BUCKET).get("Contents", [])]
    for key in keys:
        s3.delete_object(Bucket=WORK_BUCKET, Key=key)
    s3.delete_bucket(Bucket=WORK_BUCKET)
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys)
    pipeline.warehouse.cloud.create_work_bucket(CLUSTER)
    assert found.error == f"the bucket {WORK_BUCKET} is not there"
    assert found.hint == "make it: python setup_env.py"
    pipeline.load()


# ---------------------------------------------------------------------------- files that change


def write_file(pipeline: Pipeline, item: int, minute: int) -> None:
    """Write the event of a play into the folder of buckets, at this minute."""
    warehouse = pipeline.warehouse
    file = Path(warehouse.cloud.state.data, BUCKET, warehouse.database, "log_data", "day.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(EVENT | {"itemInSession": item}))
    os.utime(file, (minute * 60, minute * 60))


def played(pipeline: Pipeline) -> list[int]:
    return [item for (item,) in pipeline.ask("SELECT item_in_session FROM songplays ORDER BY 1")]


def nothing() -> None:
    """Happens."""


def around(patch: pytest.MonkeyPatch, name: str, *happens: Callable[[], None]) -> None:
    """Have something happen before, and after, a step of the load."""
    step = getattr(etl, name)

    def run_step(*arguments: Any) -> None:
        happens[0]()
        step(*arguments)
        happens[-1]()

    patch.setattr(etl, name, run_step)


def test_file_that_is_another_one_only_while_it_is_copied_is_loaded_again(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, capsys: CAPTURE
) -> None:
    write_file(pipeline, 1, minute=1)
    with monkeypatch.context() as patch:
        around(
            patch,
            "copy_to_staging",
            lambda: write_file(pipeline, 2, minute=2),
            lambda: write_file(pipeline, 1, minute=3),
        )
        capsys.readouterr()
        pipeline.load()
    assert (
        "warning: 1 file changed meanwhile, and will be loaded again\n" in capsys.readouterr().err
    )
    assert played(pipeline) == [2]
    pipeline.load()
    assert played(pipeline) == [1, 2]
    copies = pipeline.ask(COPIES)
    pipeline.load()
    assert pipeline.ask(COPIES) == copies


@pytest.mark.parametrize("threshold", ["never", "1"])
def test_file_that_changes_between_the_list_and_the_copy_is_loaded_again(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, threshold: str
) -> None:
    change(pipeline.config, load_PACK_SMALL_FILES_FROM=threshold)
    write_file(pipeline, 1, minute=1)
    with monkeypatch.context() as patch:
        around(patch, "pack_small_files", lambda: write_file(pipeline, 2, minute=2), nothing)
        pipeline.load()
    assert played(pipeline) == [2]
    write_file(pipeline, 1, minute=3)
    pipeline.load()
    assert played(pipeline) == [1, 2]


def test_packed_file_is_the_one_that_was_listed_whatever_comes_later(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(pipeline.config, load_PACK_SMALL_FILES_FROM="1")
    write_file(pipeline, 1, minute=1)
    with monkeypatch.context() as patch:
        around(patch, "pack_small_files", nothing, lambda: write_file(pipeline, 2, minute=2))
        pipeline.load()
    assert played(pipeline) == [1]
    pipeline.load()
    assert played(pipeline) == [1, 2]


def test_many_files_are_listed_again_together(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dwh.loading.files.LISTED_ONE_BY_ONE", 1)
    write_file(pipeline, 1, minute=1)
    pipeline.events({"itemInSession": 5}, file="other.json")
    around(monkeypatch, "copy_to_staging", nothing, lambda: write_file(pipeline, 2, minute=2))
    pipeline.load()
    changed = pipeline.ask("SELECT file FROM loaded_files WHERE etag = ''")
    assert changed == [(url(pipeline, "log_data/day.json"),)]
