"""The rules of the data: small inputs, exact rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from conftest import Pipeline

from dwh.errors import DwhError

MATCHES = "SELECT song_id, artist_id FROM songplays"


def test_play_becomes_one_row_with_its_milliseconds(pipeline: Pipeline) -> None:
    pipeline.events({})
    pipeline.load()
    rows = pipeline.ask(
        "SELECT start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, "
        "item_in_session, song, artist, length FROM songplays"
    )
    assert rows == [
        (
            datetime(2018, 11, 1, 20, 57, 10, 796_000),
            "39",
            "free",
            None,
            None,
            1,
            "London, UK",
            '"Mozilla/5.0"',
            0,
            "The Song",
            "The Artist",
            200.5,
        )
    ]


def test_every_millisecond_is_kept_exactly(pipeline: Pipeline) -> None:
    moments = [1541105830000 + number for number in (0, 1, 7, 333, 499, 500, 501, 999)]
    pipeline.events(*({"ts": ts} for ts in moments))
    pipeline.load()
    rows = pipeline.ask("SELECT start_time FROM songplays ORDER BY 1")
    epoch = datetime(1970, 1, 1)
    assert [(start_time - epoch) / timedelta(milliseconds=1) for (start_time,) in rows] == moments


def test_event_delivered_twice_is_one_play(pipeline: Pipeline) -> None:
    pipeline.events({}, {}, {"itemInSession": 1})
    pipeline.events({}, file="again.json")
    pipeline.load()
    assert pipeline.ask("SELECT item_in_session FROM songplays ORDER BY 1") == [(0,), (1,)]


APART = [{"userId": "40"}, {"sessionId": 2}, {"itemInSession": 1}, {"ts": 1541105830797}]


@pytest.mark.parametrize("change", APART)
def test_plays_that_differ_in_a_part_of_the_key_are_two(
    pipeline: Pipeline, change: dict[str, Any]
) -> None:
    pipeline.events({}, change)
    pipeline.load()
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(2,)]


NO_PLAYS = [
    {"page": "Home"},
    {"page": "nextsong"},
    {"page": "Login", "userId": ""},
    {"page": "About", "userId": None},
]


@pytest.mark.parametrize("change", NO_PLAYS)
def test_other_events_are_no_plays(pipeline: Pipeline, change: dict[str, Any]) -> None:
    pipeline.events(change)
    pipeline.load()
    assert pipeline.ask("SELECT COUNT(*) FROM songplays") == [(0,)]
    assert pipeline.ask("SELECT COUNT(*) FROM time") == [(0,)]


def test_play_is_matched_by_title_artist_and_duration(pipeline: Pipeline) -> None:
    pipeline.songs({})
    pipeline.events({})
    pipeline.load()
    assert pipeline.ask(MATCHES) == [("SO1", "AR1")]


NEAR = [{"title": "the song"}, {"artist_name": "Artist"}, {"duration": 200.50001}]


@pytest.mark.parametrize("change", NEAR)
def test_play_that_matches_no_song_stays_without_one(
    pipeline: Pipeline, change: dict[str, Any]
) -> None:
    pipeline.songs(change)
    pipeline.events({})
    pipeline.load()
    assert pipeline.ask(MATCHES) == [(None, None)]


def test_play_that_matches_several_songs_is_one_row_with_the_lowest_id(
    pipeline: Pipeline,
) -> None:
    pipeline.songs({"song_id": "SO3"}, {"song_id": "SO2", "artist_id": "AR9"}, {"song_id": "SO4"})
    pipeline.events({})
    pipeline.load()
    assert pipeline.ask(MATCHES) == [("SO2", "AR9")]


def test_songs_own_artist_name_matches_though_the_artist_has_another(pipeline: Pipeline) -> None:
    pipeline.songs(
        {"artist_name": "The Artist feat. A Friend"},
        {"song_id": "SO2", "title": "Other", "artist_name": "A Name That Sorts First"},
    )
    pipeline.events({"artist": "The Artist feat. A Friend"})
    pipeline.load()
    assert pipeline.ask(MATCHES) == [("SO1", "AR1")]


def test_song_that_arrives_after_its_plays_is_matched_to_them(pipeline: Pipeline) -> None:
    pipeline.events({})
    pipeline.load()
    pipeline.songs({"song_id": "SO2"})
    pipeline.load()
    assert pipeline.ask(MATCHES) == [("SO2", "AR1")]
    pipeline.songs({"song_id": "SO1", "artist_id": "AR5"})
    pipeline.load()
    assert pipeline.ask(MATCHES) == [("SO1", "AR5")]


def users(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    return pipeline.ask("SELECT user_id, first_name, last_name, gender, level FROM users")


def test_user_has_the_latest_name_and_level(pipeline: Pipeline) -> None:
    later = {"ts": 1541105830797, "level": "paid", "lastName": "King", "page": "Upgrade"}
    pipeline.events(later, {"level": "free"})
    pipeline.load()
    assert users(pipeline) == [("39", "Ada", "King", "F", "paid")]


def test_same_moment_is_decided_by_the_item_in_the_session(pipeline: Pipeline) -> None:
    pipeline.events({"itemInSession": 10, "level": "paid"}, {"itemInSession": 9, "level": "free"})
    pipeline.load()
    assert users(pipeline) == [("39", "Ada", "Lovelace", "F", "paid")]


def test_event_without_a_place_in_its_session_counts_as_its_first(pipeline: Pipeline) -> None:
    nowhere = {"itemInSession": None, "page": "Upgrade", "level": "paid"}
    pipeline.events({}, nowhere)
    pipeline.load()
    assert users(pipeline) == [("39", "Ada", "Lovelace", "F", "free")]
    pipeline.events(nowhere | {"ts": 1541105830797}, file="later.json")
    pipeline.load()
    assert users(pipeline) == [("39", "Ada", "Lovelace", "F", "paid")]


def test_older_data_loaded_later_does_not_overwrite_a_user(pipeline: Pipeline) -> None:
    pipeline.events({"level": "paid"})
    pipeline.load()
    pipeline.events({"level": "free", "ts": 1541105830000}, file="2018-10-31-events.json")
    pipeline.load()
    assert users(pipeline) == [("39", "Ada", "Lovelace", "F", "paid")]


def test_user_is_one_who_was_seen_in_any_event(pipeline: Pipeline) -> None:
    pipeline.events({"page": "Home", "userId": "7"}, {"page": "Home", "userId": ""})
    pipeline.load()
    assert [user_id for user_id, *_ in users(pipeline)] == ["7"]


VARIANTS: list[dict[str, Any]] = [
    {"artist_location": "", "artist_name": "B"},
    {"artist_location": "Oslo", "artist_latitude": 59.9, "artist_longitude": 10.7},
    {"artist_location": "Bergen", "artist_name": "C"},
]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_artists_variants_do_not_depend_on_their_order(
    pipeline: Pipeline, order: tuple[int, ...]
) -> None:
    for place in order:
        pipeline.songs(VARIANTS[place] | {"song_id": f"SO{place}{place}"})
        pipeline.load()
    found = pipeline.ask(
        "SELECT name, location, latitude, longitude FROM artists WHERE artist_id = 'AR1'"
    )
    assert found == [("The Artist", "Oslo", 59.9, 10.7)]


@pytest.mark.parametrize("years", [(0, 1999), (1999, 0)])
def test_songs_variants_do_not_depend_on_their_order(
    pipeline: Pipeline, years: tuple[int, ...]
) -> None:
    for year in years:
        pipeline.songs({"year": year})
        pipeline.load()
    assert pipeline.ask("SELECT year FROM songs WHERE song_id = 'SO1'") == [(1999,)]


def test_time_has_redshifts_date_parts_in_utc(pipeline: Pipeline) -> None:
    pipeline.events({"ts": 1541289599999}, {"ts": 1541289600000})
    pipeline.load()
    rows = pipeline.ask(
        "SELECT hour, day, week, month, year, weekday FROM time ORDER BY start_time"
    )
    assert rows == [(23, 3, 44, 11, 2018, 6), (0, 4, 44, 11, 2018, 0)]


def test_time_has_one_row_for_plays_of_the_same_moment(pipeline: Pipeline) -> None:
    pipeline.events({}, {"userId": "40"})
    pipeline.load()
    assert pipeline.ask("SELECT COUNT(*) FROM time") == [(1,)]


AWKWARD = {
    "quotes": "He said \"No\" and 'Yes'",
    "backslash": "C:\\new\\table",
    "tab and line break": "a\tb\nc\rd",
    "not ascii": "Café 漢字 😀",
    "long": "é" * 400,
    "null as text": "null",
    "marker as text": "\\N",
    "end marker": "\\.",
    "blanks": "  padded",
}


@pytest.mark.parametrize("name", AWKWARD.values(), ids=AWKWARD.keys())
def test_awkward_names_are_kept_and_matched(pipeline: Pipeline, name: str) -> None:
    pipeline.songs({"artist_name": name, "title": name})
    pipeline.events({"artist": name, "song": name})
    pipeline.load()
    assert pipeline.ask("SELECT song, artist, song_id FROM songplays") == [(name, name, "SO1")]
    assert pipeline.ask("SELECT title FROM songs WHERE song_id = 'SO1'") == [(name,)]


def test_trailing_blanks_make_no_difference(pipeline: Pipeline) -> None:
    pipeline.songs({"artist_name": "The Artist "}, {"artist_name": "The Artist", "year": 1999})
    pipeline.events({"song": "The Song  "}, {"level": "free "}, {"userId": "39 "})
    pipeline.load()
    found = pipeline.ask("SELECT user_id, level, song, artist, song_id FROM songplays")
    assert found == [("39", "free", "The Song", "The Artist", "SO1")]
    assert pipeline.ask("SELECT name FROM artists WHERE artist_id = 'AR1'") == [("The Artist",)]


def test_second_load_changes_nothing(pipeline: Pipeline) -> None:
    pipeline.songs({}, {"song_id": "SO2"})
    pipeline.events({}, {"itemInSession": 1, "level": "paid"}, {"page": "Home"})
    pipeline.load()
    first = pipeline.star()
    pipeline.load()
    assert pipeline.star() == first
    assert len(first["songplays"]) == 2


def test_failed_load_leaves_the_star_as_it_was(pipeline: Pipeline) -> None:
    pipeline.events({})
    pipeline.load()
    before = pipeline.star(), pipeline.ask("SELECT COUNT(*) FROM staging_events")
    pipeline.events({"itemInSession": 5}, {"ts": "not a time"}, file="bad.json")
    with pytest.raises(DwhError, match="1 bad record, "):
        pipeline.load()
    assert (pipeline.star(), pipeline.ask("SELECT COUNT(*) FROM staging_events")) == before


def test_failed_check_publishes_nothing(pipeline: Pipeline) -> None:
    pipeline.load()
    before = pipeline.star()
    pipeline.events({}, {"itemInSession": 1, "ts": 1})
    with pytest.raises(DwhError, match="failed 1 of") as caught:
        pipeline.load()
    assert caught.value.exit_code == 3
    assert pipeline.star() == before
