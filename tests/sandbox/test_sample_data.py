"""The sample data is what it claims to be, computed here without the pipeline or the sandbox."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox.sample_data import SONG_COUNT, generated_events, generated_songs, sample_objects

Record = dict[str, Any]

EVENT_KEYS = (
    "artist,auth,firstName,gender,itemInSession,lastName,length,level,location,method,page,"
    "registration,sessionId,song,status,ts,userAgent,userId"
)
SONG_KEYS = (
    "num_songs,artist_id,artist_latitude,artist_longitude,artist_location,artist_name,song_id,"
    "title,duration,year"
)


def grouped(records: list[Record], *keys: str) -> list[list[Record]]:
    """The records that agree in the keys, in order of their first appearance."""
    groups = defaultdict(list)
    for record in records:
        groups[tuple(record[key] for key in keys)].append(record)
    return list(groups.values())


def differing(records: list[Record], *keys: str) -> int:
    return len(grouped(records, *keys))


# Everything below is derived from the objects alone.
OBJECTS = dict(sample_objects())
LOGS = {key: body for key, body in OBJECTS.items() if key.startswith("log_data/")}
LINES = [line for body in LOGS.values() for line in body.split(b"\n")]
BODIES = [body for key, body in OBJECTS.items() if key.startswith("song_data/")]
EVENTS: list[Record] = [json.loads(line) for line in LINES]
SONGS: list[Record] = [json.loads(body) for body in BODIES]
PLAY_KEY = ("userId", "sessionId", "itemInSession", "ts")
PLAYS = [
    group[0]
    for group in grouped([e for e in EVENTS if e["page"] == "NextSong" and e["userId"]], *PLAY_KEY)
]
LOWEST_LAST = sorted(SONGS, key=lambda song: str(song["song_id"]), reverse=True)
SONG_OF = {(song["title"], song["artist_name"], song["duration"]): song for song in LOWEST_LAST}
PLAYED = [(play["song"], play["artist"], play["length"]) for play in PLAYS]
MATCHED = [SONG_OF[song] for song in PLAYED if song in SONG_OF]
HISTORIES = grouped(
    sorted((e for e in EVENTS if e["userId"]), key=lambda e: (e["ts"], e["itemInSession"])),
    "userId",
)
DIGEST = """
from hashlib import sha256
from sandbox.sample_data import sample_objects
print(sha256(b"".join(key.encode() + body for key, body in sample_objects())).hexdigest(), end="")
"""


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_every_byte_is_the_same_as_ever_whatever_the_hash_seed(seed: str) -> None:
    command, root = [sys.executable, "-c", DIGEST], Path(__file__).parents[2]
    environment = os.environ | {"PYTHONHASHSEED": seed}
    digest = subprocess.run(command, env=environment, cwd=root, capture_output=True, check=True)
    assert digest.stdout == b"243b8d2430d0a98b7b0183ac287758bfee5a483f73670356bc5bf136e0616596"


def test_totals_are_the_known_ones() -> None:
    assert len(EVENTS) == 7868
    assert differing(EVENTS, "sessionId") == 978
    assert len(PLAYS) == 6336
    assert differing(PLAYS, "ts") == 6330
    assert len(MATCHED) == 560
    assert differing(MATCHED, "song_id") == 179
    assert len(HISTORIES) == 97
    assert sum(history[-1]["level"] == "paid" for history in HISTORIES) == 22
    assert differing(SONGS, "song_id") == SONG_COUNT == 14_896
    assert differing(SONGS, "artist_id") == 8740


def test_most_played_songs_are_a_ranking_of_pleasant_titles() -> None:
    ranking = Counter(song["title"] for song in MATCHED).most_common(2)
    assert ranking == [("Lanterns on the Water", 56), ("Slow Train to Elsewhere", 41)]


def test_keys_are_like_the_originals() -> None:
    days = [f"log_data/2018/11/2018-11-{day:02}-events.json" for day in range(1, 31)]
    songs = [key for key in OBJECTS if key.startswith("song_data/")]
    pattern = re.compile(r"song_data/([A-Z])/([A-Z])/([A-Z])/TR\1\2\3[A-Z]{2}128F[0-9A-F]{7}\.json")
    assert list(OBJECTS) == ["log_json_path.json", *songs, *days]
    assert all(pattern.fullmatch(key) for key in songs)
    assert len({key.rpartition("/")[0] for key in songs}) == 26 * 26


def test_records_have_the_originals_keys_in_their_order() -> None:
    assert {",".join(event) for event in EVENTS} == {EVENT_KEYS}
    assert {",".join(song) for song in SONGS} == {SONG_KEYS}
    paths = [f"$['{key}']" for key in EVENT_KEYS.split(",")]
    assert json.loads(OBJECTS["log_json_path.json"]) == {"jsonpaths": paths}


def test_records_are_written_in_the_originals_style() -> None:
    compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
    spaced = json.JSONEncoder(ensure_ascii=False).encode
    for line, event in zip(LINES, EVENTS, strict=True):
        ascii_only = json.dumps(event, separators=(",", ":"))
        styles = {text.replace("/", "\\/").encode() for text in (ascii_only, compact(event))}
        assert line in styles
    for body, song in zip(BODIES, SONGS, strict=True):
        assert body in {json.dumps(song).encode(), spaced(song).encode()}


def test_files_hold_the_events_of_their_own_day() -> None:
    for key, body in LOGS.items():
        moments = [json.loads(line)["ts"] / 1000 for line in body.split(b"\n")]
        days = {datetime.fromtimestamp(moment, UTC).date().isoformat() for moment in moments}
        assert days == {key[-22:-12]}


def test_no_value_is_one_that_a_wide_table_refuses() -> None:
    strings = [v for record in EVENTS + SONGS for v in record.values() if isinstance(v, str)]
    names = [event[key] or "" for event in EVENTS for key in ("firstName", "lastName")]
    assert max(len(string.encode()) for string in strings) < 512
    assert max(len(name.encode()) for name in names) < 32
    assert not any("\0" in string for string in strings)
    assert all(re.fullmatch("SO[A-Z]{5}12A8[0-9A-F]{7}", song["song_id"]) for song in SONGS)
    assert all(re.fullmatch("AR[A-Z]{5}1187[0-9A-F]{7}", song["artist_id"]) for song in SONGS)
    assert all(type(event["ts"]) is int and type(event["userId"]) is str for event in EVENTS)


@pytest.mark.parametrize(
    ("lines", "pattern"),
    [
        (LINES, rb'"\\"Mozilla\\/5\.0 \('),
        (LINES, rb'"registration":15\d{11}\.0,'),
        (LINES, rb'"length":200\.0,'),
        (BODIES, rb'"duration": 200\.0,'),
        (BODIES, rb'"artist_latitude": null, "artist_longitude": null, "artist_location": ""'),
        (BODIES, rb'"artist_latitude": \d+\.\d+, "artist_longitude": -\d'),
        (BODIES, rb'"year": 0\}'),
        *itertools.product(
            (LINES, BODIES),
            (
                *(rb'\\"', rb"Side A\\tSide B", rb'"\\\\N"', rb'"\\\\\."', rb"\\u00e9"),
                *("é".encode(), rb"\\ud83c\\udfb[5-7]", "🎵".encode()),
            ),
        ),
    ],
)
def test_some_record_is_written_with(lines: list[bytes], pattern: bytes) -> None:
    assert any(re.search(pattern, line) for line in lines)


def test_most_plays_match_no_song_popular_ones_included() -> None:
    ranking = [song for song, _ in Counter(PLAYED).most_common(10)]
    assert 0.05 < len(MATCHED) / len(PLAYS) < 0.1
    assert 3 <= sum(song in SONG_OF for song in ranking) <= 7


def test_some_users_go_from_free_to_paid_and_back_and_others_the_reverse() -> None:
    levels = [[level for level, _ in itertools.groupby(e["level"] for e in h)] for h in HISTORIES]
    assert ["free", "paid", "free"] in levels
    assert ["paid", "free", "paid"] in levels


def test_one_user_is_last_seen_twice_at_once_and_only_the_item_tells_the_level() -> None:
    ties = [h[-2:] for h in HISTORIES if len(h) > 1 and h[-2]["ts"] == h[-1]["ts"]]
    ((first, last),) = ties
    assert (first["level"], last["level"]) == ("free", "paid")
    assert first["itemInSession"] < last["itemInSession"]
    assert EVENTS.index(first) > EVENTS.index(last)


def test_time_and_item_always_tell_a_users_names_and_level() -> None:
    shown = ("firstName", "lastName", "gender", "level")
    moments = [m for history in HISTORIES for m in grouped(history, "ts", "itemInSession")]
    assert all(differing(moment, *shown) == 1 for moment in moments)


def test_one_user_takes_names_that_are_neither_all_least_nor_all_greatest() -> None:
    (renamed,) = [history for history in HISTORIES if differing(history, "lastName") > 1]
    assert renamed[0]["firstName"] < renamed[-1]["firstName"]
    assert renamed[0]["lastName"] > renamed[-1]["lastName"]


def test_logged_out_events_tell_a_level_and_no_user() -> None:
    logged_out = [event for event in EVENTS if event["auth"] == "Logged Out"]
    known = {key for event in logged_out for key, value in event.items() if value is not None}
    assert " ".join(sorted(known)) == (
        "auth itemInSession level method page sessionId status ts userId"
    )
    assert logged_out == [event for event in EVENTS if event["userId"] == ""]


def test_events_are_of_the_originals_pages() -> None:
    assert ",".join(sorted({event["page"] for event in EVENTS})) == (
        "About,Downgrade,Error,Help,Home,Login,Logout,NextSong,Save Settings,Settings,"
        "Submit Downgrade,Submit Upgrade,Upgrade"
    )


def test_one_play_is_delivered_twice_apart_from_itself() -> None:
    ((twice, _),) = [item for item in Counter(LINES).items() if item[1] > 1]
    first, second = [number for number, line in enumerate(LINES) if line == twice]
    assert EVENTS[first]["page"] == "NextSong"
    assert second > first + 1


@pytest.mark.parametrize("part", PLAY_KEY)
def test_some_plays_differ_in_one_part_of_their_key(part: str) -> None:
    assert differing(PLAYS, *(key for key in PLAY_KEY if key != part)) < len(PLAYS)


def test_milliseconds_tell_plays_of_one_second_apart() -> None:
    assert len({play["ts"] // 1000 for play in PLAYS}) < differing(PLAYS, "ts")
    assert len({play["ts"] % 1000 for play in PLAYS}) > 900


def test_two_songs_are_alike_and_the_lowest_id_is_neither_first_nor_the_lowest_artists() -> None:
    alike = [g for g in grouped(SONGS, "title", "artist_name", "duration") if len(g) > 1]
    ((first, second),) = alike
    assert first["song_id"] > second["song_id"]
    assert first["artist_id"] < second["artist_id"]
    assert second in MATCHED


@pytest.mark.parametrize(
    ("same", "other"),
    [
        (("title", "artist_name"), "duration"),
        (("title", "duration"), "artist_name"),
        (("artist_id",), "artist_name"),
        (("artist_id",), "artist_location"),
    ],
)
def test_some_played_songs_share(same: tuple[str, ...], other: str) -> None:
    groups = grouped(MATCHED, *same)
    assert any(differing(group, other) > 1 for group in groups)


@pytest.mark.parametrize("part", range(3))
def test_some_plays_miss_a_song_by_one_part_only(part: int) -> None:
    rest = {key[:part] + key[part + 1 :] for key in SONG_OF}
    assert any(key[:part] + key[part + 1 :] in rest for key in PLAYED if key not in SONG_OF)


CASES: dict[str, Callable[[str], object]] = {
    "more than 256 characters": lambda text: len(text) > 256,
    "more than 256 bytes only": lambda text: len(text) < 256 < len(text.encode()),
    "a last backslash": re.compile(r"\\$").search,
    "characters with a meaning": lambda text: all(mark in text for mark in ",'"),
    "a quote": re.compile('"').search,
    "a tab": re.compile("\t").search,
    "two bytes a character": re.compile("[\x80-\u07ff]").search,
    "three bytes a character": re.compile("[\u0800-\uffff]").search,
    "four bytes a character": re.compile("[\U00010000-\U0010ffff]").search,
    "a number": re.compile(r"-?[0-9.]+").fullmatch,
    "null": re.compile("null").fullmatch,
    "None": re.compile("None").fullmatch,
}


@pytest.mark.parametrize("key", ["title", "artist_name", "artist_location"])
@pytest.mark.parametrize("case", CASES)
def test_some_played_song_has(key: str, case: str) -> None:
    assert any(CASES[case](song[key]) for song in MATCHED)


@pytest.mark.parametrize("mark", ['"', "'", "\\", "ø", "Null"])
def test_some_users_name_has(mark: str) -> None:
    assert any(mark in h[-1]["firstName"] + h[-1]["lastName"] for h in HISTORIES)


def test_generated_events_are_the_samples_and_go_on_in_time() -> None:
    lines = list(generated_events(20_000))
    moments = [json.loads(line)["ts"] for line in lines]
    assert moments == sorted(moments)
    assert moments[-1] - moments[0] > 60 * 24 * 3600 * 1000
    assert len(set(LINES) - set(lines)) < 100
    assert lines[:100] == list(generated_events(100))


def test_generated_songs_are_the_samples_and_go_on_with_others() -> None:
    bodies = list(generated_songs(SONG_COUNT + 5_000))
    assert bodies[:SONG_COUNT] == BODIES
    assert len({json.loads(body)["song_id"] for body in bodies}) == SONG_COUNT + 5_000
