"""Records that lack what the star cannot do without stop a load, with the keys that they have."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from conftest import EVENT, JSON_PATHS, SONG, Pipeline
from load_failures import fails_and_changes_nothing, loaded
from script_runs import Complaint, change, refused_here

import etl
from dwh.loading import source_keys

__all__ = ["loaded"]
CAPTURE = pytest.CaptureFixture[str]
Key = tuple[str, Any]


def lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def without(record: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != key}


def play(number: int, **changes: Any) -> dict[str, Any]:
    return EVENT | {"itemInSession": number} | changes


# ---------------------------------------------------------------------------- what is required

EMPTY_EVENTS = [
    ("page", None),
    ("page", ""),
    ("userId", ""),
    ("userId", "  "),
    ("sessionId", None),
    ("itemInSession", ""),
    ("ts", None),
    ("song", ""),
    ("artist", None),
    ("length", None),
]
EMPTY_SONGS = [
    ("song_id", ""),
    ("title", " "),
    ("artist_id", None),
    ("artist_name", ""),
    ("duration", None),
]


@pytest.mark.parametrize(("key", "value"), EMPTY_EVENTS)
def test_event_or_play_without_a_required_value_stops_the_load(
    loaded: Pipeline, key: str, value: Any
) -> None:
    url = loaded.warehouse.put("log_data/new.json", lines(play(1), play(2, **{key: value})))
    found = fails_and_changes_nothing(loaded, code=3)
    assert found.error == "1 record without a required value; MAX_BAD_RECORDS allows 0"
    column = re.sub("([A-Z])", r"_\1", key).lower()
    kind = "1 of 4 events" if key == "page" else "1 of 3 plays"
    assert found.details[0] == f"{kind}: 1 without {column}"
    assert re.search(rf"\b{column} (-|,|$)", found.details[1])
    assert found.details[2:] == [f"{url} line 2: {key} is empty"]
    assert found.hint.startswith("nothing was published; correct these records in their files, or")


@pytest.mark.parametrize(("key", "value"), EMPTY_SONGS)
def test_song_without_a_required_value_stops_the_load(
    loaded: Pipeline, key: str, value: Any
) -> None:
    record = SONG | {"song_id": "SO7"} | {key: value}
    url = loaded.warehouse.put("song_data/new.json", json.dumps(record, indent=1))
    found = fails_and_changes_nothing(loaded, code=3)
    assert found.details[0] == f"1 of 3 songs: 1 without {key}"
    assert found.details[2:] == [f"{url} line 1: {key} is empty"]


def test_event_that_is_no_play_needs_nothing_but_its_page(loaded: Pipeline) -> None:
    bare = dict.fromkeys(EVENT) | {"page": "Error"}
    loaded.warehouse.put("log_data/new.json", lines(bare, play(1)))
    loaded.load()
    assert loaded.ask("SELECT COUNT(*) FROM songplays") == [(2,)]


def test_as_many_as_are_allowed_are_shown_and_the_load_goes_on(
    loaded: Pipeline, capsys: CAPTURE
) -> None:
    change(loaded.config, load_MAX_BAD_RECORDS="3")
    plays = (play(1), play(2, userId=""), play(3, song=None))
    loaded.warehouse.put("log_data/new.json", lines(*plays))
    loaded.warehouse.put("song_data/new.json", lines(SONG | {"song_id": None}, SONG))
    capsys.readouterr()
    loaded.load()
    said = capsys.readouterr().err
    assert re.search(r"(?m)^required values: 3 events, 3 plays, 2 songs; 3 incomplete \(", said)
    assert "warning: 2 of 3 plays: 1 without user_id, 1 without song\n" in said
    assert "warning: 1 of 2 songs: 1 without song_id\n" in said
    # Without a part of its key it is no play; without its song it is one that matches nothing.
    played = "SELECT item_in_session, song FROM songplays ORDER BY 1"
    assert loaded.ask(played) == [(0, "The Song"), (1, "The Song"), (3, None)]
    assert loaded.ask("SELECT song_id FROM songs ORDER BY 1") == [("SO0",), ("SO1",)]


def test_one_more_than_is_allowed_stops_the_load(loaded: Pipeline) -> None:
    change(loaded.config, load_MAX_BAD_RECORDS="1")
    loaded.warehouse.put("log_data/new.json", lines(play(1), play(2, ts=None)))
    loaded.warehouse.put("song_data/new.json", lines(SONG | {"title": ""}, SONG))
    found = fails_and_changes_nothing(loaded, code=3)
    assert found.error == "2 records without a required value; MAX_BAD_RECORDS allows 1"


# ---------------------------------------------------------------------------- wrong keys


def fails(pipeline: Pipeline) -> Complaint:
    """What a load of the new files alone says, which must fail its checks."""
    before = pipeline.star()
    found = refused_here(etl, "--config", str(pipeline.config), code=3)
    assert pipeline.star() == before
    return found


def test_all_of_a_kind_stop_the_load_however_many_are_allowed(loaded: Pipeline) -> None:
    change(loaded.config, load_MAX_BAD_RECORDS="1000")
    record = without(EVENT, "userId") | {"userid": "39"}
    url = loaded.warehouse.put("log_data/new.json", lines(record, record | {"itemInSession": 1}))
    found = fails(loaded)
    assert found.error == "no play of 2 has all required values"
    missing = "there is no key userId for user_id; the nearest is userid"
    assert found.details[-1] == f"{url} line 1: {missing}"
    assert re.fullmatch(
        r"nothing was published; call the key userId in the files, or name userid in "
        r"s3://\S+/log_json_path.json \(LOG_JSON_PATHS\)",
        found.hint,
    )


@pytest.mark.parametrize("path", ["$['PAGE']", "$.Page", "$['event']['page']", "$.kind[0]"])
def test_json_paths_file_is_named_where_it_is_to_blame(loaded: Pipeline, path: str) -> None:
    paths = [path if "'page'" in each else each for each in JSON_PATHS["jsonpaths"]]
    if path[1] == ".":
        paths = [re.sub(r"\['(\w+)'\]", r".\1", each) for each in paths]
    loaded.warehouse.put("log_json_path.json", json.dumps({"jsonpaths": paths}))
    loaded.warehouse.put("log_data/new.json", lines(play(1)))
    found = fails(loaded)
    assert found.details[0] == "1 of 1 event: 1 without page"
    assert re.search("name the key page in s3://.*, which LOG_JSON_PATHS names", found.hint)


PATHS_FAULTS = {
    "another key": ({"paths": JSON_PATHS["jsonpaths"]}, "userId"),
    "other names": ({"jsonpaths": [f"$['{key.lower()}_']" for key in EVENT]}, "page"),
}


@pytest.mark.parametrize(("body", "key"), PATHS_FAULTS.values(), ids=PATHS_FAULTS.keys())
def test_json_paths_that_find_no_keys_publish_nothing(
    loaded: Pipeline, body: dict[str, list[str]], key: str
) -> None:
    loaded.warehouse.put("log_json_path.json", json.dumps(body))
    found = fails_and_changes_nothing(loaded, code=3)
    assert re.search(rf"name the key {key} in s3://.*, which LOG_JSON_PATHS names", found.hint)


def test_wrong_key_of_a_song_is_named_with_its_file(loaded: Pipeline) -> None:
    record = without(SONG, "artist_name") | {"song_id": "SO8", "Artist Name": "The Artist"}
    url = loaded.warehouse.put("song_data/new.json", json.dumps(record, indent=2))
    found = fails(loaded)
    missing = "there is no key artist_name for artist_name; the nearest is Artist Name"
    assert found.details[-1] == f"{url} line 1: {missing}"
    assert found.hint == (
        "nothing was published; call the key artist_name in the files, instead of Artist Name"
    )


def test_key_that_nothing_is_like_is_told_with_the_keys_that_there_are(loaded: Pipeline) -> None:
    record = {"song_id": "SO8", "artist_id": "A", "artist_name": "B", "title": "C"}
    url = loaded.warehouse.put("song_data/new.json", json.dumps(record))
    found = fails(loaded)
    missing = "there is no key duration for duration; it has song_id, artist_id, artist_name, title"
    assert found.details[-1] == f"{url} line 1: {missing}"


def test_record_that_lacks_a_value_is_found_behind_whole_ones(loaded: Pipeline) -> None:
    home = EVENT | {"page": "Home", "userId": ""}
    loaded.warehouse.put("log_data/a.json", lines(play(1), play(2)))
    url = loaded.warehouse.put("log_data/b.json", lines(play(3), home, play(4, userId="")))
    assert fails(loaded).details[-1] == f"{url} line 3: userId is empty"


def test_load_that_may_not_look_into_the_files_says_so(
    loaded: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(_: Any) -> None:
        raise OSError("not now")

    monkeypatch.setattr(source_keys, "s3_client", deny)
    loaded.warehouse.put("log_data/new.json", lines(play(1, userId="")))
    assert fails(loaded).details[-1] == "the files could not be searched: OSError: not now"


# ---------------------------------------------------------------------------- no play


def test_load_without_a_play_says_which_pages_there_are(loaded: Pipeline, capsys: CAPTURE) -> None:
    new = lines(play(1, page="nextSong"), play(2, page="nextSong"), play(3, page="Home"))
    loaded.warehouse.put("log_data/new.json", new)
    capsys.readouterr()
    loaded.load()
    assert (
        "warning: no event is a play, whose page is NextSong; events by page: nextSong 2, Home 1\n"
    ) in capsys.readouterr().err
