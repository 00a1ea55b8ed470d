"""What goes wrong in a load: in S3, in the files, in the rights; the star stays as it was."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from conftest import (
    BUCKET,
    EVENT,
    JSON_PATHS,
    SONG,
    Pipeline,
)
from load_failures import fails_and_changes_nothing, loaded, unchanged
from script_runs import change, refused, refused_here

import etl

__all__ = ["loaded"]

# ---------------------------------------------------------------------------- S3

NOWHERE = f"s3://{BUCKET}/nowhere"
S3_FAULTS = [
    ("LOG_DATA", NOWHERE, f"nothing in S3 starts with {NOWHERE}", "check LOG_DATA in dwh.cfg"),
    ("SONG_DATA", NOWHERE, f"nothing in S3 starts with {NOWHERE}", "check SONG_DATA in dwh.cfg"),
    ("LOG_JSON_PATHS", NOWHERE, f"there is no {NOWHERE}", "check LOG_JSON_PATHS in dwh"),
    ("LOG_DATA", "s3://no-bucket/a", "there is no bucket no-bucket in S3", "check LOG_DATA in dwh"),
    (
        "SONG_DATA",
        "s3://no-bucket/a",
        "there is no bucket no-bucket in S3",
        "check SONG_DATA in dw",
    ),
    ("LOG_JSON_PATHS", "s3://no-bucket/a", "there is no s3://no-bucket/a", "check LOG_JSON"),
    ("REGION", "eu-west-1", "the bucket .*-eu-west-1-an is not there", "make it: python setup_env"),
]


@pytest.mark.parametrize(("key", "value", "error", "hint"), S3_FAULTS)
def test_what_is_missing_in_s3_is_named(
    loaded: Pipeline, key: str, value: str, error: str, hint: str
) -> None:
    change(loaded.config, **{f"s3_{key}": value})
    found = fails_and_changes_nothing(loaded)
    assert re.fullmatch(error, found.error)
    assert re.search(hint, found.hint)
    assert "Rid " not in found.error


JSON_PATHS_FAULTS = {
    "empty": "",
    "no JSON": "[",
    "no paths": "{}",
    "too few paths": json.dumps({"jsonpaths": JSON_PATHS["jsonpaths"][1:]}),
}


@pytest.mark.parametrize("body", JSON_PATHS_FAULTS.values(), ids=JSON_PATHS_FAULTS.keys())
def test_unusable_json_paths_file_is_named(loaded: Pipeline, body: str) -> None:
    loaded.warehouse.put("log_json_path.json", body)
    found = fails_and_changes_nothing(loaded)
    assert "/log_json_path.json " in found.error
    assert found.hint.startswith("correct the file that LOG_JSON_PATHS in dwh.cfg names")


# ---------------------------------------------------------------------------- records


def event(**changes: Any) -> str:
    return json.dumps(EVENT | changes) + "\n"


def song(**changes: Any) -> str:
    return json.dumps(SONG | changes) + "\n"


LONG = "x" * 65
RECORD_FAULTS = [
    ("log_data", event() + "{'ts': 1}\n", 2, "", "Invalid JSON: .*"),
    ("log_data", event()[:100], 1, "", "Invalid JSON: .*"),
    (
        "log_data",
        event(level=LONG),
        1,
        f"level, value '{'x' * 59}\u2026'",
        "String length exceeds .*",
    ),
    ("log_data", event() * 2 + event(ts="soon"), 3, "ts, value 'soon'", "Invalid digit, .*"),
    ("log_data", event(sessionId=2**31), 1, "session_id, value '2147483648'", ".* overflow, .*"),
    ("log_data", event(song="\0"), 1, "song, value '.*'", "NUL in a text: .*"),
    ("song_data", song()[:-9], 1, "", "Invalid JSON: .*"),
    ("song_data", song(song_id=LONG), 1, f"song_id, value '{'x' * 59}\u2026'", "String length .*"),
    ("song_data", song(year="MCM"), 1, "year, value 'MCM'", "Invalid digit, .*"),
    ("song_data", song(duration="long"), 1, "duration, value 'long'", "Invalid float .*"),
]


@pytest.mark.parametrize(("folder", "body", "line", "value", "reason"), RECORD_FAULTS)
def test_record_that_does_not_fit_is_shown(
    loaded: Pipeline, folder: str, body: str, line: int, value: str, reason: str
) -> None:
    url = loaded.warehouse.put(f"{folder}/bad.json", body)
    found = fails_and_changes_nothing(loaded)
    assert found.error == "1 bad record, and MAX_BAD_RECORDS in dwh.cfg allows 0"
    place = f"{url} line {line}" + (f", column {value}" if value else "")
    (detail,) = found.details
    assert re.fullmatch(f"{place}: {reason}", detail)
    assert found.hint.startswith("nothing was changed; correct these files, or move away what ")


def test_load_works_again_once_the_bad_file_is_corrected(loaded: Pipeline) -> None:
    before = loaded.star()
    loaded.warehouse.put("log_data/late.json", event(ts="soon"))
    fails_and_changes_nothing(loaded)
    loaded.warehouse.put("log_data/late.json", event(ts=1541105830797))
    loaded.load()
    assert len(loaded.star()["songplays"]) == len(before["songplays"]) + 1


TIME = "every event is of a sane time: 1 exception"
CHECK_FAULTS = [
    ("log_data", event(ts=2**52), TIME, "ts 4503599627370496, page NextSong, user_id 39, "),
    ("log_data", event(ts=946684799999), TIME, "ts 946684799999, page NextSong, user_id 39, "),
    ("log_data", event(ts=-1, page="Home", userId=""), TIME, "ts -1, page Home, user_id , sess"),
]


@pytest.mark.parametrize(("folder", "body", "fault", "row"), CHECK_FAULTS)
def test_data_that_fails_a_check_is_not_published(
    loaded: Pipeline, folder: str, body: str, fault: str, row: str
) -> None:
    loaded.warehouse.put(f"{folder}/unsound.json", body)
    found = fails_and_changes_nothing(loaded, code=3)
    assert re.fullmatch(r"the data failed 1 of \d+ checks", found.error)
    assert found.details[0] == fault
    assert found.details[1].strip().startswith(row)
    assert found.hint.startswith("nothing was published; ")


def test_event_of_the_next_hours_is_loaded(loaded: Pipeline) -> None:
    """Clocks of clients differ, and some are in another time zone than they say."""
    soon = int(time.time() + 20 * 3600) * 1000
    loaded.events({"ts": soon}, {"ts": 946684800000}, file="other-clocks.json")
    loaded.load()
    assert loaded.ask("SELECT COUNT(*) FROM songplays") == [(3,)]


def test_check_shows_some_of_many_rows_and_their_number(loaded: Pipeline) -> None:
    loaded.events(*({"ts": n} for n in range(12)), file="early.json")
    url = f"s3://{BUCKET}/{loaded.warehouse.database}/log_data/early.json"
    with unchanged(loaded):
        found = refused("etl.py", "--config", str(loaded.config), code=3)
    assert found.details[0] == TIME.replace("1 exception", "12 exceptions")
    *rows, files = found.details[1:]
    assert [re.match(r" *ts (\d+),", each) is not None for each in rows] == [True] * 5
    assert files == f"loaded from: {url}"


def test_value_that_does_not_fit_the_star_is_named_with_its_table(
    loaded: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dwh.loading.attempts.require_tables", lambda *_, **__: None)
    loaded.ask("ALTER TABLE songplays ADD COLUMN more VARCHAR(1)")
    loaded.ask("ALTER TABLE songplays DROP COLUMN song")
    loaded.ask("ALTER TABLE songplays RENAME COLUMN more TO song")
    loaded.events({"ts": 1541105830797}, file="late.json")
    with_columns = loaded.ask("SELECT * FROM songplays")
    found = refused_here(etl, "--config", str(loaded.config))
    assert re.fullmatch("songplays cannot be filled: .*too long.*", found.error)
    assert found.hint.startswith("a value of the files does not fit")
    assert re.search(r"^transform songplays: failed \(\d+\.\d s\)$", found.progress[-1])
    assert loaded.ask("SELECT * FROM songplays") == with_columns
