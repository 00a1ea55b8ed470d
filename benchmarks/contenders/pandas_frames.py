"""pandas into PostgreSQL: everything in data frames, which `to_sql` writes."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from sqlalchemy import text

from benchmarks.contenders.frames import artists_of, database, events_of, read, songs_of
from benchmarks.contenders.plain_star import ANSWERS, CREATE


def main(bucket: Path, url: str) -> None:
    """Make the star of a bucket's files in a database."""
    catalogue, events = read(bucket / "song_data"), events_of(bucket)
    songs = songs_of(catalogue)
    plays = plays_of(events[events.page == "NextSong"], songs)
    star = {
        "songs": songs,
        "artists": artists_of(catalogue),
        "users": events.drop_duplicates("user_id", keep="last")[ANSWERS["users"].split(", ")],
        "songplays": plays[ANSWERS["songplays"].split(", ")],
        "time": times_of(plays),
    }
    with database(url).begin() as connection:
        connection.execute(text(CREATE))
        for table, frame in star.items():
            frame.to_sql(table, connection, if_exists="append", index=False)


def plays_of(plays: pd.DataFrame, songs: pd.DataFrame) -> pd.DataFrame:
    """One row per play, with its song if there is one."""
    key = ["user_id", "session_id", "item_in_session", "ts"]
    plays = plays.sort_values([*key, "song", "artist", "length"]).drop_duplicates(key)
    named = ["title", "artist_name", "duration"]
    matches = songs.sort_values("song_id").drop_duplicates(named)
    matches = matches[[*named, "song_id", "artist_id"]]
    return plays.merge(matches, "left", left_on=["song", "artist", "length"], right_on=named)


def times_of(plays: pd.DataFrame) -> pd.DataFrame:
    """One row per time of a play."""
    moments = plays.start_time.drop_duplicates()
    return pd.DataFrame(
        {
            "start_time": moments,
            "hour": moments.dt.hour,
            "day": moments.dt.day,
            "week": moments.dt.isocalendar().week,
            "month": moments.dt.month,
            "year": moments.dt.year,
            "weekday": (moments.dt.dayofweek + 1) % 7,
        }
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
