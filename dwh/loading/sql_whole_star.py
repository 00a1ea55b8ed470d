"""The checks of a star as it stands, with no load under way.

Each returns what is wrong: some rows of it, the number of all of it last. None is well.
"""

from dwh.loading.sql_checks import ORPHANED_SONGS, one_row_per, star_checks

# Whether somebody else has changed the star since. After create_tables.py --drop, the ledger does
# not have the last load, and nothing is compared.
rows_check = {
    "every table has the rows that the last load left": """
-- Tables of the star that have other rows than when the last load ended.
WITH last_load AS (
    SELECT run_id
    FROM load_runs
    WHERE
        status = 'loaded'
        AND ended_at = (SELECT MAX(ended_at) FROM load_runs WHERE status = 'loaded')
        AND run_id IN (SELECT run_id FROM loaded_files)
),

star AS (
    SELECT
        'rows in songplays' AS step,
        COUNT(*) AS row_count
    FROM songplays
    UNION ALL
    SELECT
        'rows in users' AS step,
        COUNT(*) AS row_count
    FROM users
    UNION ALL
    SELECT
        'rows in songs' AS step,
        COUNT(*) AS row_count
    FROM songs
    UNION ALL
    SELECT
        'rows in artists' AS step,
        COUNT(*) AS row_count
    FROM artists
    UNION ALL
    SELECT
        'rows in time' AS step,
        COUNT(*) AS row_count
    FROM time
)

SELECT
    star.step,
    star.row_count AS has,
    load_steps.row_count AS should_have,
    COUNT(*) OVER () AS exceptions
FROM last_load
INNER JOIN load_steps ON last_load.run_id = load_steps.run_id
INNER JOIN star ON load_steps.step = star.step
WHERE star.row_count <> load_steps.row_count
ORDER BY 1
"""
}

KEYS = {"loaded_files": "file", "users": "user_id", "songs": "song_id", "artists": "artist_id"}
BOUNDED = (
    "songplays: one row per play",
    "songplays: one row per songplay_id",
    "time: one row per start_time",
    "every play's user is in users",
    "every matched artist is in artists",
    "every play's start_time is in time",
)

whole_star_checks = {
    **{
        f"{table}: one row per {key}": one_row_per(table, key, f"{key} IS NOT NULL")
        for table, key in KEYS.items()
    },
    **{name: star_checks[name] for name in BOUNDED},
    "every matched song is in songs": """
-- Plays whose song is not there or is another artist's.
SELECT
    songplays.song_id,
    songplays.artist_id,
    songplays.start_time,
    COUNT(*) OVER () AS exceptions
FROM songplays
LEFT JOIN songs
    ON songplays.song_id = songs.song_id AND songplays.artist_id = songs.artist_id
WHERE songplays.song_id IS NOT NULL AND songs.song_id IS NULL
ORDER BY 1, 2, 3
LIMIT 5
""",
    "every song's artist is in artists": ORPHANED_SONGS.format(where="songs.song_id IS NOT NULL"),
}
