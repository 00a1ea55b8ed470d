"""The star's tables and statements as any database takes them, and what is asked of each star."""

from __future__ import annotations

CREATE = """
CREATE TABLE songplays (
    start_time TIMESTAMP, user_id VARCHAR, level VARCHAR, song_id VARCHAR, artist_id VARCHAR,
    session_id INTEGER, location VARCHAR, user_agent VARCHAR, item_in_session INTEGER
);
CREATE TABLE users (
    user_id VARCHAR, first_name VARCHAR, last_name VARCHAR, gender VARCHAR, level VARCHAR
);
CREATE TABLE songs (
    song_id VARCHAR, title VARCHAR, artist_id VARCHAR, year INTEGER, duration DOUBLE PRECISION,
    artist_name VARCHAR
);
CREATE TABLE artists (
    artist_id VARCHAR, name VARCHAR, location VARCHAR,
    latitude DOUBLE PRECISION, longitude DOUBLE PRECISION
);
CREATE TABLE time (
    start_time TIMESTAMP,
    hour INTEGER, day INTEGER, week INTEGER, month INTEGER, year INTEGER, weekday INTEGER
);
"""

# From staging_events and staging_songs, whose columns are named as the pipeline's own.
FILL = """
INSERT INTO songs
SELECT song_id, title, artist_id, year, duration, artist_name
FROM (
    SELECT
        *,
        ROW_NUMBER() OVER (
            PARTITION BY song_id
            ORDER BY CASE WHEN year > 0 THEN 0 ELSE 1 END, title, artist_id, year, duration
        ) AS place
    FROM staging_songs
) AS ranked
WHERE place = 1;

INSERT INTO artists
SELECT artist_id, artist_name, artist_location, artist_latitude, artist_longitude
FROM (
    SELECT
        *,
        ROW_NUMBER() OVER (
            PARTITION BY artist_id
            ORDER BY
                CASE WHEN artist_latitude IS NULL OR artist_longitude IS NULL THEN 1 ELSE 0 END,
                CASE WHEN artist_location <> '' THEN 0 ELSE 1 END,
                artist_name, artist_location, artist_latitude, artist_longitude
        ) AS place
    FROM staging_songs
) AS ranked
WHERE place = 1;

INSERT INTO users
SELECT user_id, first_name, last_name, gender, level
FROM (
    SELECT
        *,
        ROW_NUMBER() OVER (
            PARTITION BY user_id ORDER BY ts DESC, item_in_session DESC
        ) AS place
    FROM staging_events
    WHERE user_id <> ''
) AS ranked
WHERE place = 1;

INSERT INTO songplays
SELECT
    {moment}, user_id, level, song_id, artist_id,
    session_id, location, user_agent, item_in_session
FROM (
    SELECT
        *,
        ROW_NUMBER() OVER (
            PARTITION BY user_id, session_id, item_in_session, ts ORDER BY song, artist, length
        ) AS place
    FROM staging_events
    WHERE page = 'NextSong' AND user_id <> ''
) AS plays
LEFT JOIN (
    SELECT
        song_id, artist_id, title, artist_name, duration,
        ROW_NUMBER() OVER (PARTITION BY title, artist_name, duration ORDER BY song_id) AS number
    FROM songs
) AS matches
    ON song = title AND artist = artist_name AND length = duration AND number = 1
WHERE place = 1;

INSERT INTO time
SELECT DISTINCT
    start_time,
    EXTRACT(HOUR FROM start_time), EXTRACT(DAY FROM start_time), EXTRACT(WEEK FROM start_time),
    EXTRACT(MONTH FROM start_time), EXTRACT(YEAR FROM start_time), EXTRACT(DOW FROM start_time)
FROM songplays;
"""

# What all stars must agree on.
ANSWERS = {
    "songplays": "start_time, user_id, level, song_id, artist_id, session_id, location, "
    "user_agent, item_in_session",
    "users": "user_id, first_name, last_name, gender, level",
    "songs": "song_id, title, artist_id, year, duration",
    "artists": "artist_id, name, location, latitude, longitude",
    "time": "start_time, hour, day, week, month, year, weekday",
}


def filled(moment: str) -> str:
    """FILL, with an expression for the time of `ts`, milliseconds since 1970."""
    return FILL.format(moment=moment)
