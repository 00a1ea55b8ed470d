"""pandas and SQLAlchemy into PostgreSQL row by row, as most tutorials do it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection, text

from benchmarks.contenders.frames import artists_of, database, events_of, read, songs_of
from benchmarks.contenders.plain_star import CREATE

# Without them each row would look through the whole of a table.
KEYS = """
ALTER TABLE songs ADD PRIMARY KEY (song_id);
ALTER TABLE artists ADD PRIMARY KEY (artist_id);
ALTER TABLE users ADD PRIMARY KEY (user_id);
ALTER TABLE time ADD PRIMARY KEY (start_time);
ALTER TABLE songplays ADD PRIMARY KEY (user_id, session_id, item_in_session, start_time);
CREATE INDEX ON songs (title);
"""
SONG = """
INSERT INTO songs VALUES (:song_id, :title, :artist_id, :year, :duration, :artist_name)
ON CONFLICT DO NOTHING
"""
ARTIST = """
INSERT INTO artists VALUES (:artist_id, :name, :location, :latitude, :longitude)
ON CONFLICT DO NOTHING
"""
USER = """
INSERT INTO users VALUES (:user_id, :first_name, :last_name, :gender, :level)
ON CONFLICT (user_id) DO UPDATE SET
    first_name = EXCLUDED.first_name, last_name = EXCLUDED.last_name,
    gender = EXCLUDED.gender, level = EXCLUDED.level
"""
MATCH = """
SELECT song_id, artist_id FROM songs
WHERE title = :song AND artist_name = :artist AND duration = :length ORDER BY song_id LIMIT 1
"""
PLAY = """
INSERT INTO songplays VALUES (
    :start_time, :user_id, :level, :song_id, :artist_id,
    :session_id, :location, :user_agent, :item_in_session
) ON CONFLICT DO NOTHING
"""
TIME = """
INSERT INTO time VALUES (:start_time, :hour, :day, :week, :month, :year, :weekday)
ON CONFLICT DO NOTHING
"""


def main(bucket: Path, url: str) -> None:
    """Make the star of a bucket's files in a database."""
    catalogue = read(bucket / "song_data")
    with database(url).begin() as connection:
        connection.execute(text(CREATE + KEYS))
        insert(connection, SONG, songs_of(catalogue))
        insert(connection, ARTIST, artists_of(catalogue))
        for event in rows_of(events_of(bucket)):
            connection.execute(text(USER), event)
            if event["page"] == "NextSong":
                play(connection, event)


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows with None for what is missing."""
    found: list[dict[str, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return found


def insert(connection: Connection, statement: str, frame: pd.DataFrame) -> None:
    """Insert a frame's rows."""
    for row in rows_of(frame):
        connection.execute(text(statement), row)


def play(connection: Connection, event: dict[str, Any]) -> None:
    """Insert a play and its time."""
    moment = event["start_time"]
    parts = {"hour": moment.hour, "day": moment.day, "week": moment.week, "month": moment.month}
    parts |= {"year": moment.year, "weekday": (moment.dayofweek + 1) % 7}
    connection.execute(text(TIME), {"start_time": moment, **parts})
    song, artist = connection.execute(text(MATCH), event).first() or (None, None)
    connection.execute(text(PLAY), event | {"song_id": song, "artist_id": artist})


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
