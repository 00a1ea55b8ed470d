"""The star that a set of records makes, by the rules, in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

Record = dict[str, Any]
Row = tuple[Any, ...]
Star = dict[str, list[Row]]
EPOCH = datetime(1970, 1, 1)


def star_of(events: Iterable[Record], songs: Iterable[Record]) -> Star:
    """Every row of the star, songplay_id aside, in the order of `repr`."""
    logged, catalogue = list(map(known_values, events)), list(map(known_values, songs))
    known = best(filter(has_ids, catalogue), lambda song: song["song_id"], song_rank)
    plays = best(filter(is_play, logged), play_key, play_rank)
    rows = {
        "songplays": [play_row(play, known) for play in plays],
        "users": [user_row(event) for event in best(filter(has_user, logged), user_id, user_rank)],
        "songs": [song_row(song) for song in known],
        "artists": [
            artist_row(each) for each in best(filter(artist_id, catalogue), artist_id, artist_rank)
        ],
        "time": [time_row(start) for start in {start_time(play) for play in plays}],
    }
    return {table: sorted(found, key=repr) for table, found in rows.items()}


def best(
    records: Iterable[Record],
    key: Callable[[Record], Hashable],
    rank: Callable[[Record], Any],
) -> list[Record]:
    """The first record by rank of each key."""
    found: dict[Hashable, Record] = {}
    for record in records:
        rival = found.get(key(record))
        if rival is None or rank(record) < rank(rival):
            found[key(record)] = record
    return list(found.values())


def known_values(record: Record) -> Record:
    """Without blanks at the end of texts, without texts that are empty then, and without -0.0."""
    return {key: known_value(value) for key, value in record.items()}


def known_value(value: Any) -> Any:
    if isinstance(value, str):
        return value.rstrip(" ") or None
    return value + 0 if isinstance(value, float) else value


def order(*values: Any) -> list[tuple[bool, Any]]:
    """Values in ascending order, what is unknown last."""
    return [(value is None, value) for value in values]


# ---------------------------------------------------------------------------- events


def has_user(event: Record) -> bool:
    return bool(event["userId"])


def is_play(event: Record) -> bool:
    return event["page"] == "NextSong" and None not in play_key(event)


def user_id(event: Record) -> Any:
    return event["userId"]


def start_time(event: Record) -> datetime:
    return EPOCH + timedelta(milliseconds=event["ts"])


def item(event: Record) -> int:
    """The place in the session; what has none comes first there."""
    return -1 if event["itemInSession"] is None else int(event["itemInSession"])


def user_rank(event: Record) -> Any:
    names = ("level", "firstName", "lastName", "gender")
    return -event["ts"], -item(event), order(*(event[name] for name in names))


def user_row(event: Record) -> Row:
    names = (event["firstName"], event["lastName"], event["gender"], event["level"])
    return (event["userId"], *names, start_time(event), item(event))


def play_key(event: Record) -> tuple[Any, ...]:
    return tuple(event[name] for name in ("userId", "sessionId", "itemInSession", "ts"))


def play_rank(event: Record) -> Any:
    names = ("song", "artist", "length", "level", "location", "userAgent")
    is_unknown = None in (event["song"], event["artist"], event["length"])
    return is_unknown, order(*(event[name] for name in names))


def play_row(play: Record, songs: list[Record]) -> Row:
    heard = (play["song"], play["artist"], play["length"])
    named = [
        each for each in songs if (each["title"], each["artist_name"], each["duration"]) == heard
    ]
    match = (
        min(named, key=lambda song: str(song["song_id"]), default={}) if None not in heard else {}
    )
    return (
        start_time(play),
        play["userId"],
        play["level"],
        match.get("song_id"),
        match.get("artist_id"),
        play["sessionId"],
        play["location"],
        play["userAgent"],
        play["itemInSession"],
        *heard,
    )


def time_row(start: datetime) -> Row:
    week = start.isocalendar().week
    weekday = start.replace(tzinfo=UTC).isoweekday() % 7
    return (start, start.hour, start.day, week, start.month, start.year, weekday)


# ---------------------------------------------------------------------------- songs


def has_ids(song: Record) -> bool:
    return bool(song["song_id"] and song["artist_id"])


def artist_id(song: Record) -> Any:
    return song["artist_id"]


def song_rank(song: Record) -> Any:
    is_dated = (song["year"] or 0) > 0
    names = ("title", "artist_id", "year", "duration", "artist_name")
    is_unknown = None in (song["title"], song["artist_name"], song["duration"])
    return is_unknown, not is_dated, order(*(song[name] for name in names))


def song_row(song: Record) -> Row:
    names = ("song_id", "title", "artist_id", "year", "duration", "artist_name")
    return tuple(song[name] for name in names)


def artist_rank(song: Record) -> Any:
    is_placed = None not in (song["artist_latitude"], song["artist_longitude"])
    names = ("artist_name", "artist_location", "artist_latitude", "artist_longitude")
    is_unknown, is_nowhere = song["artist_name"] is None, song["artist_location"] is None
    return is_unknown, not is_placed, is_nowhere, order(*(song[name] for name in names))


def artist_row(song: Record) -> Row:
    names = ("artist_id", "artist_name", "artist_location", "artist_latitude", "artist_longitude")
    return tuple(song[name] for name in names)
