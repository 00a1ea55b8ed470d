"""The checks of a load, as SQL that can be pasted into a console once its values are filled in.

Each returns what is wrong: some rows of it, the number of all of it last. None is well.
"""

REPEATED_KEYS = """
-- Keys that more than one row has.
SELECT
    {key},
    copies,
    COUNT(*) OVER () AS exceptions
FROM (
    SELECT
        {key},
        COUNT(*) AS copies
    FROM {table}
    WHERE {where}
    GROUP BY {key}
    HAVING COUNT(*) > 1
) AS duplicates
ORDER BY {key}
LIMIT 5
"""
STAGED_KEYS = """
-- Staged keys that the dimension lacks, or has more than once.
SELECT
    {key},
    copies,
    COUNT(*) OVER () AS exceptions
FROM (
    SELECT
        staged.{key},
        COUNT({table}.{key}) AS copies
    FROM (
        SELECT DISTINCT {key}
        FROM staging_songs
        WHERE {where}
    ) AS staged
    LEFT JOIN {table} ON staged.{key} = {table}.{key}
    GROUP BY staged.{key}
    HAVING COUNT({table}.{key}) <> 1
) AS wrong
ORDER BY {key}
LIMIT 5
"""
ORPHANED_SONGS = """
-- Songs of unknown artists.
SELECT
    songs.song_id,
    songs.artist_id,
    COUNT(*) OVER () AS exceptions
FROM songs
LEFT JOIN artists ON songs.artist_id = artists.artist_id
WHERE
    artists.artist_id IS NULL
    AND {where}
ORDER BY 1, 2
LIMIT 5
"""
LOADED_TIME = "start_time >= %(first_play)s AND start_time <= %(last_play)s"


def one_row_per(table: str, key: str, where: str) -> str:
    """The check that no key of these rows is there twice."""
    return REPEATED_KEYS.format(table=table, key=key, where=where)


def one_row_per_staged(table: str, key: str, where: str) -> str:
    """The check that each key of these staged songs is in the dimension, once."""
    return STAGED_KEYS.format(table=table, key=key, where=where)


# Each returns what is wrong: some rows of it, the number of all of it last. None is well.
staged_checks = {
    "every listed file is staged": """
-- The number of files that are entered, if it is another one than were listed in S3.
SELECT
    listed,
    staged,
    1 AS exceptions
FROM (
    SELECT
        %(files)s AS listed,
        COUNT(*) AS staged
    FROM staging_files
) AS counted
WHERE listed <> staged
""",
    "every packed record was copied": """
-- Tables of which COPY has found another number of records in the parts than there were packed.
SELECT
    staging_table,
    packed,
    copied,
    COUNT(*) OVER () AS exceptions
FROM (
    SELECT
        staging_table,
        COALESCE(SUM(record_count), 0) AS packed,
        MAX(
            CASE staging_table
                WHEN 'staging_events' THEN %(events_packed)s ELSE %(songs_packed)s
            END
        ) AS copied
    FROM staging_files
    GROUP BY staging_table
) AS files
WHERE packed <> copied
ORDER BY staging_table
""",
    "every copied record is staged": """
-- Tables that hold another number of rows than COPY says.
SELECT
    staging_table,
    copied,
    staged,
    COUNT(*) OVER () AS exceptions
FROM (
    SELECT
        CAST('staging_events' AS VARCHAR(64)) AS staging_table,
        %(events_rows)s AS copied,
        COUNT(*) AS staged
    FROM staging_events
    UNION ALL
    SELECT
        CAST('staging_songs' AS VARCHAR(64)) AS staging_table,
        %(songs_rows)s AS copied,
        COUNT(*) AS staged
    FROM staging_songs
) AS counted
WHERE copied <> staged
ORDER BY staging_table
""",
    "every rejected record is on record": """
-- The number of records that the load has kept, if COPY has refused another one.
SELECT
    refused,
    kept,
    1 AS exceptions
FROM (
    SELECT
        %(rejected)s AS refused,
        COUNT(*) AS kept
    FROM rejected_records
    WHERE run_id = %(run_id)s
) AS counted
WHERE refused <> kept
""",
    "LOG_JSON_PATHS names the keys of the events": """
-- All events, if none has a session or a user: their keys are then not those of the columns.
SELECT
    sessions,
    users,
    events AS exceptions
FROM (
    SELECT
        COUNT(session_id) AS sessions,
        COUNT(user_id) AS users,
        COUNT(*) AS events
    FROM staging_events
) AS counted
WHERE sessions + users = 0 AND events > 0
""",
    "every event is of a sane time": """
-- Events before the year 2000, or more than a day in the future.
SELECT
    ts,
    page,
    user_id,
    session_id,
    item_in_session,
    COUNT(*) OVER () AS exceptions
FROM staging_events
WHERE
    ts < 946684800000
    OR ts > (SELECT (CAST(EXTRACT(EPOCH FROM GETDATE()) AS BIGINT) + 86400) * 1000)
ORDER BY ts, user_id, session_id, item_in_session
LIMIT 5
""",
}


# What the load has touched is checked: the keys that are staged, and the plays of their time.
star_checks = {
    "songplays: one row per play": one_row_per(
        "songplays", "user_id, session_id, item_in_session, start_time", LOADED_TIME
    ),
    "songplays: one row per songplay_id": one_row_per("songplays", "songplay_id", LOADED_TIME),
    "time: one row per start_time": one_row_per("time", "start_time", LOADED_TIME),
    "loaded_files: one row per file": one_row_per(
        "loaded_files", "file", "file IN (SELECT file FROM staging_files)"
    ),
    "every listed file is in loaded_files": """
-- Files that the ledger lacks.
SELECT
    staging_files.file,
    COUNT(*) OVER () AS exceptions
FROM staging_files
LEFT JOIN loaded_files
    ON staging_files.file = loaded_files.file AND staging_files.etag = loaded_files.etag
WHERE loaded_files.file IS NULL
ORDER BY 1
LIMIT 5
""",
    "users: one row per staged user": """
-- Staged users that the dimension lacks, or has more than once.
SELECT
    user_id,
    copies,
    COUNT(*) OVER () AS exceptions
FROM (
    SELECT
        staged.user_id,
        COUNT(users.user_id) AS copies
    FROM (
        SELECT
            user_id,
            MAX(ts) AS ts
        FROM staging_events
        WHERE TRIM(user_id) <> ''
        GROUP BY user_id
    ) AS staged
    LEFT JOIN users ON staged.user_id = users.user_id
    GROUP BY staged.user_id
    HAVING
        COUNT(users.user_id) > 1
        OR (COUNT(users.user_id) = 0 AND MAX(staged.ts) IS NOT NULL)
) AS wrong
ORDER BY user_id
LIMIT 5
""",
    "songs: one row per staged song": one_row_per_staged(
        "songs", "song_id", "TRIM(song_id) <> '' AND TRIM(artist_id) <> ''"
    ),
    "artists: one row per staged artist": one_row_per_staged(
        "artists", "artist_id", "TRIM(artist_id) <> ''"
    ),
    "every play's user is in users": """
-- Plays of unknown users.
SELECT
    songplays.user_id,
    songplays.start_time,
    COUNT(*) OVER () AS exceptions
FROM songplays
LEFT JOIN users ON songplays.user_id = users.user_id
WHERE
    users.user_id IS NULL
    AND songplays.start_time >= %(first_play)s AND songplays.start_time <= %(last_play)s
ORDER BY 1, 2
LIMIT 5
""",
    "every matched song is in songs": """
-- Plays, of this load or of its songs, whose song is not there or is another artist's.
SELECT
    song_id,
    artist_id,
    start_time,
    COUNT(*) OVER () AS exceptions
FROM (
    SELECT
        songplays.song_id,
        songplays.artist_id,
        songplays.start_time
    FROM songplays
    LEFT JOIN songs
        ON songplays.song_id = songs.song_id AND songplays.artist_id = songs.artist_id
    WHERE
        songplays.song_id IS NOT NULL AND songs.song_id IS NULL
        AND songplays.start_time >= %(first_play)s AND songplays.start_time <= %(last_play)s
    UNION
    SELECT
        songplays.song_id,
        songplays.artist_id,
        songplays.start_time
    FROM songplays
    INNER JOIN batch_songs ON songplays.song_id = batch_songs.song_id
    LEFT JOIN songs
        ON songplays.song_id = songs.song_id AND songplays.artist_id = songs.artist_id
    WHERE songs.song_id IS NULL
) AS plays
ORDER BY song_id, artist_id, start_time
LIMIT 5
""",
    "every matched artist is in artists": """
-- Plays of artists that are not there.
SELECT
    songplays.artist_id,
    songplays.start_time,
    COUNT(*) OVER () AS exceptions
FROM songplays
LEFT JOIN artists ON songplays.artist_id = artists.artist_id
WHERE
    songplays.artist_id IS NOT NULL AND artists.artist_id IS NULL
    AND songplays.start_time >= %(first_play)s AND songplays.start_time <= %(last_play)s
ORDER BY 1, 2
LIMIT 5
""",
    "every song's artist is in artists": ORPHANED_SONGS.format(
        where="songs.song_id IN (SELECT song_id FROM staging_songs)"
    ),
    "every play's start_time is in time": """
-- Plays at an unknown time.
SELECT
    songplays.start_time,
    songplays.user_id,
    COUNT(*) OVER () AS exceptions
FROM songplays
LEFT JOIN time
    ON
        songplays.start_time = time.start_time
        AND time.start_time >= %(first_play)s AND time.start_time <= %(last_play)s
WHERE
    time.start_time IS NULL
    AND songplays.start_time >= %(first_play)s AND songplays.start_time <= %(last_play)s
ORDER BY 1, 2
LIMIT 5
""",
    "plays in staging = plays in the fact": """
-- Staged plays that the fact lacks; that it has none twice is another check.
SELECT
    staging_events.user_id,
    staging_events.session_id,
    staging_events.item_in_session,
    staging_events.ts,
    COUNT(*) OVER () AS exceptions
FROM staging_events
LEFT JOIN songplays
    ON
        staging_events.user_id = songplays.user_id
        AND staging_events.session_id = songplays.session_id
        AND staging_events.item_in_session = songplays.item_in_session
        AND TIMESTAMP 'epoch' + staging_events.ts * INTERVAL '0.001 second'
        = songplays.start_time
        AND songplays.start_time >= %(first_play)s AND songplays.start_time <= %(last_play)s
WHERE
    staging_events.page = 'NextSong'
    AND TRIM(staging_events.user_id) <> ''
    AND staging_events.session_id IS NOT NULL
    AND staging_events.item_in_session IS NOT NULL
    AND staging_events.ts IS NOT NULL
    AND songplays.user_id IS NULL
ORDER BY 1, 2, 3, 4
LIMIT 5
""",
}
