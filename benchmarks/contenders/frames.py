"""The files as data frames, for both ways with pandas."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from sqlalchemy import Engine, create_engine

KEYS = {
    "userId": "user_id",
    "sessionId": "session_id",
    "itemInSession": "item_in_session",
    "firstName": "first_name",
    "lastName": "last_name",
    "userAgent": "user_agent",
}


def database(url: str) -> Engine:
    """The database of a URL of PostgreSQL's."""
    return create_engine(url.replace("postgresql:", "postgresql+psycopg2:"))


def read(folder: Path) -> pd.DataFrame:
    """All records of a folder's files, one after another."""
    frames = [
        pd.read_json(
            path, lines=True, dtype={"userId": str}, convert_dates=False, precise_float=True
        )
        for path in sorted(folder.glob("*.json"))
    ]
    return pd.concat(frames, ignore_index=True).rename(columns=KEYS)


def events_of(bucket: Path) -> pd.DataFrame:
    """The events of known users, the earliest first, with their time."""
    events = read(bucket / "log_data")
    events = events[events.user_id != ""].sort_values(["ts", "item_in_session"])
    return events.assign(start_time=pd.to_datetime(events.ts, unit="ms"))


def songs_of(catalogue: pd.DataFrame) -> pd.DataFrame:
    """One row per song_id."""
    ranked = catalogue.assign(no_year=~(catalogue.year > 0)).sort_values(
        ["no_year", "title", "artist_id", "year", "duration"]
    )
    columns = ["song_id", "title", "artist_id", "year", "duration", "artist_name"]
    return ranked.drop_duplicates("song_id")[columns]


def artists_of(catalogue: pd.DataFrame) -> pd.DataFrame:
    """One row per artist_id, the best located."""
    unplaced = catalogue.artist_latitude.isna() | catalogue.artist_longitude.isna()
    unnamed = ~(catalogue.artist_location.fillna("") != "")
    places = ["artist_location", "artist_latitude", "artist_longitude"]
    ranked = catalogue.assign(unplaced=unplaced, unnamed=unnamed).sort_values(
        ["unplaced", "unnamed", "artist_name", *places]
    )
    artists = ranked.drop_duplicates("artist_id")[["artist_id", "artist_name", *places]]
    return artists.set_axis(["artist_id", "name", "location", "latitude", "longitude"], axis=1)
