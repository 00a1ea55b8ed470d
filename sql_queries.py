"""Every SQL statement of the pipeline, in the order in which they are run.

The dialect is Amazon Redshift's. It enforces no keys, so the load keeps them itself: a `batch_*`
table holds what the staged data adds or changes, one row per key. The checks that prove the result
are in dwh/loading/sql_checks.py.
"""

import re

# ---------------------------------------------------------------------------- drops

# The first is the one that a load locks: who drops them waits there.
tables = (
    "staging_files",
    "staging_events",
    "staging_songs",
    "songplays",
    "users",
    "songs",
    "artists",
    "time",
    "loaded_files",
    "load_runs",
    "load_steps",
    "rejected_records",
)

star_tables = ("songplays", "users", "songs", "artists", "time")

# What etl.py --rebuild makes anew from the files.
rebuilt_tables = (*star_tables, "loaded_files")

# What has no other source than the runs themselves.
log_tables = ("load_runs", "load_steps", "rejected_records")

drop_table_queries = {table: f"DROP TABLE IF EXISTS {table}" for table in tables}

count_template = "SELECT COUNT(*) FROM {table}"

count_queries = {table: count_template.format(table=table) for table in tables}

# Both views are the leader's, on every kind of warehouse.
table_columns = """
-- The columns of the tables that are there, as they are.
SELECT
    pg_table_def.tablename,
    pg_table_def."column" AS column_name,
    pg_table_def.type,
    pg_table_def."notnull" AS is_required,
    pg_table_def.distkey,
    pg_table_def.sortkey,
    pg_class_info.reldiststyle
FROM pg_table_def
INNER JOIN pg_class_info ON pg_table_def.tablename = pg_class_info.relname
INNER JOIN pg_namespace ON pg_class_info.relnamespace = pg_namespace.oid
WHERE pg_table_def.schemaname = 'public' AND pg_namespace.nspname = 'public'
"""

# Only a column that takes NULL can be added to a table that has rows.
add_column_template = "ALTER TABLE {table} ADD COLUMN {column}"

# ---------------------------------------------------------------------------- tables

staging_events_create = """
CREATE TABLE IF NOT EXISTS staging_events (
    -- One event of the app's log, as delivered, in the order of the JSONPaths file.
    artist VARCHAR(1024),
    auth VARCHAR(64),
    first_name VARCHAR(1024),
    gender VARCHAR(64),
    item_in_session INTEGER,
    last_name VARCHAR(1024),
    length DOUBLE PRECISION,
    level VARCHAR(64),
    location VARCHAR(1024),
    method VARCHAR(64),
    page VARCHAR(256),
    registration BIGINT,
    session_id INTEGER,
    song VARCHAR(1024),
    status INTEGER,
    ts BIGINT,
    user_agent VARCHAR(2048),
    user_id VARCHAR(64)
)
DISTSTYLE EVEN
"""

staging_songs_create = """
CREATE TABLE IF NOT EXISTS staging_songs (
    -- One song file, as delivered; the names are the keys of its JSON.
    num_songs INTEGER,
    artist_id VARCHAR(64),
    artist_latitude DOUBLE PRECISION,
    artist_longitude DOUBLE PRECISION,
    artist_location VARCHAR(1024),
    artist_name VARCHAR(1024),
    song_id VARCHAR(64),
    title VARCHAR(1024),
    duration DOUBLE PRECISION,
    year INTEGER
)
DISTSTYLE EVEN
"""

staging_files_create = """
CREATE TABLE IF NOT EXISTS staging_files (
    -- One file that the load copies, as S3 lists it; the names are the keys of its JSON. COPY reads
    -- it as the part: itself, or what it is packed into, there from the first line to the last.
    file VARCHAR(1100),
    etag VARCHAR(128),
    size BIGINT,
    staging_table VARCHAR(64),
    part VARCHAR(1100),
    first_line BIGINT,
    last_line BIGINT,
    record_count BIGINT
)
DISTSTYLE EVEN
"""

# No keys are declared. Redshift does not enforce them, but its planner relies on them: a check, or
# a DISTINCT, could then miss a key that is there twice.
# https://docs.aws.amazon.com/redshift/latest/dg/t_Defining_constraints.html
songplays_create = """
CREATE TABLE IF NOT EXISTS songplays (
    -- Fact: one play. Key: user_id, session_id, item_in_session, start_time.
    -- song_id and artist_id are NULL when the catalogue has no such song.
    songplay_id BIGINT IDENTITY(0, 1),
    start_time TIMESTAMP NOT NULL,
    user_id VARCHAR(64) NOT NULL,
    level VARCHAR(64),
    song_id VARCHAR(64),
    artist_id VARCHAR(64),
    session_id INTEGER NOT NULL,
    location VARCHAR(1024),
    user_agent VARCHAR(2048),
    item_in_session INTEGER NOT NULL,
    song VARCHAR(1024),
    artist VARCHAR(1024),
    length DOUBLE PRECISION
)
DISTKEY (song_id)
COMPOUND SORTKEY (start_time, session_id)
"""

users_create = """
CREATE TABLE IF NOT EXISTS users (
    -- One user, as the latest event describes them; the event's time and place tell which is later.
    user_id VARCHAR(64) NOT NULL,
    first_name VARCHAR(1024),
    last_name VARCHAR(1024),
    gender VARCHAR(64),
    level VARCHAR(64),
    event_time TIMESTAMP NOT NULL,
    item_in_session INTEGER NOT NULL
)
DISTSTYLE ALL
SORTKEY (user_id)
"""

songs_create = """
CREATE TABLE IF NOT EXISTS songs (
    -- One song; artist_name is the name in the song's own record, by which plays find it.
    song_id VARCHAR(64) NOT NULL,
    title VARCHAR(1024),
    artist_id VARCHAR(64) NOT NULL,
    year INTEGER,
    duration DOUBLE PRECISION,
    artist_name VARCHAR(1024)
)
DISTKEY (song_id)
SORTKEY (song_id)
"""

artists_create = """
CREATE TABLE IF NOT EXISTS artists (
    -- One artist of the catalogue.
    artist_id VARCHAR(64) NOT NULL,
    name VARCHAR(1024),
    location VARCHAR(1024),
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION
)
DISTSTYLE ALL
SORTKEY (artist_id)
"""

time_create = """
CREATE TABLE IF NOT EXISTS time (
    -- One start_time of songplays, in UTC; week is ISO's, weekday 0 is Sunday.
    start_time TIMESTAMP NOT NULL,
    hour INTEGER NOT NULL,
    day INTEGER NOT NULL,
    week INTEGER NOT NULL,
    month INTEGER NOT NULL,
    year INTEGER NOT NULL,
    weekday INTEGER NOT NULL
)
DISTSTYLE ALL
SORTKEY (start_time)
"""

loaded_files_create = """
CREATE TABLE IF NOT EXISTS loaded_files (
    -- The ledger: one file that is in the star, as it was when it was last loaded. etag is empty if
    -- it changed meanwhile. row_count is NULL where COPY counts something else than rows.
    file VARCHAR(1100) NOT NULL,
    etag VARCHAR(128) NOT NULL,
    size BIGINT NOT NULL,
    staging_table VARCHAR(64) NOT NULL,
    row_count BIGINT,
    rejected BIGINT NOT NULL,
    run_id VARCHAR(64) NOT NULL
)
DISTSTYLE EVEN
SORTKEY (file)
"""

load_runs_create = """
CREATE TABLE IF NOT EXISTS load_runs (
    -- One run of etl.py; running is also what a run is that was killed.
    run_id VARCHAR(64) NOT NULL,
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    status VARCHAR(16) NOT NULL,
    files BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    reason VARCHAR(4096)
)
DISTSTYLE ALL
SORTKEY (started_at)
"""

load_steps_create = """
CREATE TABLE IF NOT EXISTS load_steps (
    -- One step of a run that has loaded something: the rows that are new, those that were there
    -- and are changed, and its seconds.
    run_id VARCHAR(64) NOT NULL,
    place INTEGER NOT NULL,
    step VARCHAR(64) NOT NULL,
    row_count BIGINT,
    changed_count BIGINT,
    seconds DOUBLE PRECISION NOT NULL
)
DISTSTYLE ALL
SORTKEY (run_id)
"""

rejected_records_create = """
CREATE TABLE IF NOT EXISTS rejected_records (
    -- One record that COPY refused and the load went on without.
    run_id VARCHAR(64) NOT NULL,
    file VARCHAR(1100) NOT NULL,
    line_number BIGINT NOT NULL,
    column_name VARCHAR(127) NOT NULL,
    value VARCHAR(4096) NOT NULL,
    reason VARCHAR(512) NOT NULL
)
DISTSTYLE EVEN
SORTKEY (run_id)
"""

# ---------------------------------------------------------------------------- rights

# CREATE ROLE and CREATE USER have no IF NOT EXISTS; whether a role may be granted twice is not
# documented.
known_roles = "SELECT role_name FROM svv_roles"

known_users = "SELECT usename FROM pg_user"

known_analysts = "SELECT user_name FROM svv_user_grants WHERE role_name = 'analysts'"

analysts_create = "CREATE ROLE analysts"

# The user is named after the IAM role and has no password: IAM alone lets it log in.
analyst_create = "CREATE USER {user} PASSWORD DISABLE"

analyst_grant = "GRANT ROLE analysts TO {user}"

# Granted by every run of create_tables.py, because the rights on a table are dropped with it.
# Without the first, everybody who can log in may create tables beside ours.
analysts_rights = {
    "no other tables": "REVOKE CREATE ON SCHEMA public FROM public",
    "schema": "GRANT USAGE ON SCHEMA public TO ROLE analysts",
    "star": f"GRANT SELECT ON TABLE {', '.join(star_tables)} TO ROLE analysts",
    "temporary tables": "GRANT TEMP ON DATABASE {database} TO ROLE analysts",
}

# ---------------------------------------------------------------------------- rebuild

dependents = """
-- The views that depend on our tables. One WITH NO SCHEMA BINDING depends on their names alone.
SELECT DISTINCT
    pg_namespace.nspname || '.' || dependent.relname AS dependent,
    ours.relname AS table_name
FROM pg_class AS ours
INNER JOIN pg_namespace AS own_schema ON ours.relnamespace = own_schema.oid
INNER JOIN pg_depend ON ours.oid = pg_depend.refobjid
INNER JOIN pg_rewrite ON pg_depend.objid = pg_rewrite.oid
INNER JOIN pg_class AS dependent ON pg_rewrite.ev_class = dependent.oid
INNER JOIN pg_namespace ON dependent.relnamespace = pg_namespace.oid
WHERE own_schema.nspname = 'public' AND ours.relname IN %(tables)s
ORDER BY 1, 2
"""

star_rows = """
-- The rows of each table of the star.
SELECT
    (SELECT COUNT(*) FROM songplays) AS songplays,
    (SELECT COUNT(*) FROM users) AS users,
    (SELECT COUNT(*) FROM songs) AS songs,
    (SELECT COUNT(*) FROM artists) AS artists,
    (SELECT COUNT(*) FROM time) AS start_times
"""

loading_seconds = """
-- How many loads have made the star, and how long they took.
SELECT
    COUNT(*) AS loads,
    SUM(DATEDIFF(MILLISECOND, started_at, ended_at)) / 1000.0 AS seconds
FROM load_runs
WHERE status = 'loaded'
"""

old_files = """
-- The files that the star was made of.
SELECT file FROM loaded_files
"""

exchange_queries = ("DROP TABLE {table}", "ALTER TABLE {new} RENAME TO {table}")

# ---------------------------------------------------------------------------- COPY

lock_template = """
-- A second load waits here until the first has committed, and then sees what it wrote.
LOCK {tables}
"""

limit_wait = """
-- No statement of this session takes longer; 0 is no limit.
SET statement_timeout TO %(milliseconds)s
"""

known_files = """
-- What the ledger knows of the files of one staging table.
SELECT file, etag FROM loaded_files WHERE staging_table = %(table)s
"""

lock_holders = """
-- The transactions that hold locks of these tables.
SELECT DISTINCT
    svv_transactions.pid,
    TRIM(svv_transactions.txn_owner) AS owner,
    svv_transactions.txn_start
FROM svv_transactions
INNER JOIN pg_class ON svv_transactions.relation = pg_class.oid
WHERE pg_class.relname IN %(tables)s AND svv_transactions.granted
ORDER BY svv_transactions.txn_start
"""

# DELETE, because Redshift's TRUNCATE would commit the transaction half-way.
clear_staging_queries = {
    "staging_events": "DELETE FROM staging_events",
    "staging_songs": "DELETE FROM staging_songs",
    "staging_files": "DELETE FROM staging_files",
}

# TRIMBLANKS, because Redshift's comparisons ignore trailing blanks, and its groups and sorts need
# not: cut at the door, they make a difference nowhere.
copy_template = """
COPY {table} (
    {columns}
)
FROM {manifest}
IAM_ROLE {role}
REGION {region}
MANIFEST{compression}
FORMAT AS JSON {json}
MAXERROR {max_error}
{trimming}
COMPUPDATE OFF STATUPDATE OFF
"""


def literal(text: str) -> str:
    """Quote a text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def columns_of(create: str) -> str:
    """The columns of a CREATE TABLE, in their order."""
    return ",\n    ".join(re.findall(r"(?m)^    (\w+) [A-Z]", create))


def copy_query(
    table: str,
    manifest: str,
    json: str,
    role: str,
    region: str,
    max_error: int,
    is_packed: bool = False,
) -> str:
    """Build the COPY of one staging table, which cannot carry bind parameters.

    It fails when it meets `max_error` bad records. The names of files are kept to the letter.
    """
    return copy_template.format(
        table=table,
        columns=columns_of(create_table_queries[table]),
        manifest=literal(manifest),
        role=literal(role),
        region=literal(region),
        json=literal(json),
        max_error=max_error,
        compression=" GZIP" if is_packed else "",
        trimming="" if table == "staging_files" else "TRIMBLANKS",
    )


last_copy = """
-- The rows that the COPY has loaded which this session has just run.
SELECT PG_LAST_COPY_COUNT() AS row_count
"""

# A COPY is known by its session and its time: the ids that functions give are not those of the SYS
# views, and a COPY whose transaction is undone has none.
copied_lines = """
-- The COPYs of this load in their order, and the lines that they have read, as far as they are on
-- record yet.
SELECT
    query_id,
    SUM(lines_scanned) AS line_count
FROM sys_load_detail
WHERE query_id IN (
    SELECT query_id
    FROM sys_load_history
    WHERE
        session_id = PG_BACKEND_PID()
        AND start_time >= (SELECT started_at FROM load_runs WHERE run_id = %(run_id)s)
)
GROUP BY query_id
ORDER BY query_id
"""

copy_progress = """
-- How far the COPY that another session runs has come, if Redshift tells.
SELECT
    loaded_rows,
    file_bytes_scanned,
    source_file_bytes
FROM sys_load_history
WHERE session_id = %(session_id)s AND status = 'running'
ORDER BY query_id DESC
LIMIT 1
"""

rejections = """
-- The records that the COPYs of this load have rejected, as far as they are on record yet.
SELECT
    TRIM(file_name) AS file,
    line_number,
    COALESCE(TRIM(column_name), '') AS column_name,
    COALESCE(TRIM(column_length), '') AS column_length,
    COALESCE(TRIM(error_message), '') AS reason
FROM sys_load_error_detail
WHERE
    session_id = PG_BACKEND_PID()
    AND start_time >= (SELECT started_at FROM load_runs WHERE run_id = %(run_id)s)
ORDER BY file_name, line_number
"""

rejected_records_insert = """
INSERT INTO rejected_records (run_id, file, line_number, column_name, value, reason) VALUES %s
"""

# For the operator to ask; the id is one that etl.py has made.
rejected_records_question = (
    "SELECT file, line_number, reason FROM rejected_records WHERE run_id = '{run_id}'"
)

# ---------------------------------------------------------------------------- transforms

# The fact and the times are read only between the first and the last staged play, which the load
# asks for beforehand: as constants, they let the sort key spare the rest.
# Here and below, a play without a part of its key is left out: the load has counted it before.
staged_plays = """
-- The times of the first and the last staged play, NULL without plays.
SELECT
    TIMESTAMP 'epoch' + MIN(ts) * INTERVAL '0.001 second' AS first_play,
    TIMESTAMP 'epoch' + MAX(ts) * INTERVAL '0.001 second' AS last_play
FROM staging_events
WHERE
    page = 'NextSong'
    AND TRIM(user_id) <> ''
    AND session_id IS NOT NULL AND item_in_session IS NOT NULL AND ts IS NOT NULL
"""

# A batch ranks what is staged together with what the star already holds, by an order that is
# total over the stored columns. The row that wins depends on neither the order of the loads nor
# their number; where the stored row wins, there is nothing to do. An empty text is no value: it
# becomes NULL, which sorts last and matches nothing. -0.0 becomes 0.0, to which it is equal.
batch_songs_create = """
CREATE TEMP TABLE batch_songs AS
-- Songs that are new or better known: one row per song_id, what plays can match first, then a
-- known year.
WITH candidates AS (
    SELECT
        song_id,
        NULLIF(title, '') AS title,
        artist_id,
        year,
        CASE WHEN duration = 0 THEN 0 ELSE duration END AS duration,
        NULLIF(artist_name, '') AS artist_name,
        0 AS is_stored
    FROM staging_songs
    WHERE TRIM(song_id) <> '' AND TRIM(artist_id) <> ''
    UNION ALL
    SELECT
        song_id,
        NULLIF(title, '') AS title,
        artist_id,
        year,
        duration,
        NULLIF(artist_name, '') AS artist_name,
        1 AS is_stored
    FROM songs
    WHERE song_id IN (SELECT song_id FROM staging_songs)
)

SELECT
    song_id,
    title,
    artist_id,
    year,
    duration,
    artist_name
FROM candidates AS candidate
QUALIFY
    ROW_NUMBER() OVER (
        PARTITION BY song_id
        ORDER BY
            CASE
                WHEN title IS NULL OR artist_name IS NULL OR duration IS NULL THEN 1
                ELSE 0
            END,
            CASE WHEN year > 0 THEN 0 ELSE 1 END,
            title, artist_id, year, duration, artist_name, is_stored DESC
    ) = 1
    AND is_stored = 0
"""

touched_songs_create = """
CREATE TEMP TABLE touched_songs AS
-- By what plays have to look for their songs again: what the songs of the batch are, and were.
SELECT
    title,
    artist_name,
    duration
FROM batch_songs
UNION
SELECT
    songs.title,
    songs.artist_name,
    songs.duration
FROM songs
INNER JOIN batch_songs ON songs.song_id = batch_songs.song_id
"""

songs_delete = """
-- Songs whose record the batch replaces.
DELETE FROM songs USING batch_songs
WHERE songs.song_id = batch_songs.song_id
"""

songs_insert = """
INSERT INTO songs (song_id, title, artist_id, year, duration, artist_name)
-- One row per song_id.
SELECT
    song_id,
    title,
    artist_id,
    year,
    duration,
    artist_name
FROM batch_songs
"""

batch_artists_create = """
CREATE TEMP TABLE batch_artists AS
-- Artists that are new or better known: one row per artist_id, a known name first, then the best
-- located, then the alphabetically first name.
WITH candidates AS (
    SELECT
        artist_id,
        NULLIF(artist_name, '') AS name,
        NULLIF(artist_location, '') AS location,
        CASE WHEN artist_latitude = 0 THEN 0 ELSE artist_latitude END AS latitude,
        CASE WHEN artist_longitude = 0 THEN 0 ELSE artist_longitude END AS longitude,
        0 AS is_stored
    FROM staging_songs
    WHERE TRIM(artist_id) <> ''
    UNION ALL
    SELECT
        artist_id,
        NULLIF(name, '') AS name,
        NULLIF(location, '') AS location,
        latitude,
        longitude,
        1 AS is_stored
    FROM artists
    WHERE artist_id IN (SELECT artist_id FROM staging_songs)
)

SELECT
    artist_id,
    name,
    location,
    latitude,
    longitude
FROM candidates AS candidate
QUALIFY
    ROW_NUMBER() OVER (
        PARTITION BY artist_id
        ORDER BY
            CASE WHEN name IS NULL THEN 1 ELSE 0 END,
            CASE WHEN latitude IS NULL OR longitude IS NULL THEN 1 ELSE 0 END,
            CASE WHEN location IS NULL THEN 1 ELSE 0 END,
            name, location, latitude, longitude, is_stored DESC
    ) = 1
    AND is_stored = 0
"""

artists_delete = """
-- Artists whose record the batch replaces.
DELETE FROM artists USING batch_artists
WHERE artists.artist_id = batch_artists.artist_id
"""

artists_insert = """
INSERT INTO artists (artist_id, name, location, latitude, longitude)
-- One row per artist_id.
SELECT
    artist_id,
    name,
    location,
    latitude,
    longitude
FROM batch_artists
"""

batch_users_create = """
CREATE TEMP TABLE batch_users AS
-- Users that are new or seen later: one row per user_id, the latest event first. What has no
-- place in its session counts as the first there.
WITH latest AS (
    SELECT
        user_id,
        MAX(ts) AS ts
    FROM staging_events
    WHERE TRIM(user_id) <> '' AND ts IS NOT NULL
    GROUP BY user_id
),

candidates AS (
    SELECT
        staging_events.user_id,
        NULLIF(staging_events.first_name, '') AS first_name,
        NULLIF(staging_events.last_name, '') AS last_name,
        NULLIF(staging_events.gender, '') AS gender,
        NULLIF(staging_events.level, '') AS level,
        TIMESTAMP 'epoch' + staging_events.ts * INTERVAL '0.001 second' AS event_time,
        COALESCE(staging_events.item_in_session, -1) AS item_in_session,
        0 AS is_stored
    FROM staging_events
    INNER JOIN latest
        ON staging_events.user_id = latest.user_id AND staging_events.ts = latest.ts
    UNION ALL
    SELECT
        user_id,
        NULLIF(first_name, '') AS first_name,
        NULLIF(last_name, '') AS last_name,
        NULLIF(gender, '') AS gender,
        NULLIF(level, '') AS level,
        event_time,
        item_in_session,
        1 AS is_stored
    FROM users
    WHERE user_id IN (SELECT user_id FROM latest)
)

SELECT
    user_id,
    first_name,
    last_name,
    gender,
    level,
    event_time,
    item_in_session
FROM candidates AS candidate
QUALIFY
    ROW_NUMBER() OVER (
        PARTITION BY user_id
        ORDER BY
            event_time DESC, item_in_session DESC,
            level, first_name, last_name, gender, is_stored DESC
    ) = 1
    AND is_stored = 0
"""

users_delete = """
-- Users whose record the batch replaces.
DELETE FROM users USING batch_users
WHERE users.user_id = batch_users.user_id
"""

users_insert = """
INSERT INTO users (
    user_id, first_name, last_name, gender, level, event_time, item_in_session
)
-- One row per user_id.
SELECT
    user_id,
    first_name,
    last_name,
    gender,
    level,
    event_time,
    item_in_session
FROM batch_users
"""

batch_plays_create = """
CREATE TEMP TABLE batch_plays AS
-- Plays that are new: one row per key, however often the event is delivered; what songs can match
-- first.
WITH candidates AS (
    SELECT
        TIMESTAMP 'epoch' + ts * INTERVAL '0.001 second' AS start_time,
        user_id,
        NULLIF(level, '') AS level,
        session_id,
        NULLIF(location, '') AS location,
        NULLIF(user_agent, '') AS user_agent,
        item_in_session,
        NULLIF(song, '') AS song,
        NULLIF(artist, '') AS artist,
        CASE WHEN length = 0 THEN 0 ELSE length END AS length,
        0 AS is_stored
    FROM staging_events
    WHERE
        page = 'NextSong'
        AND TRIM(user_id) <> ''
        AND session_id IS NOT NULL AND item_in_session IS NOT NULL AND ts IS NOT NULL
    UNION ALL
    SELECT
        start_time,
        user_id,
        NULLIF(level, '') AS level,
        session_id,
        NULLIF(location, '') AS location,
        NULLIF(user_agent, '') AS user_agent,
        item_in_session,
        NULLIF(song, '') AS song,
        NULLIF(artist, '') AS artist,
        length,
        1 AS is_stored
    FROM songplays
    WHERE start_time >= %(first_play)s AND start_time <= %(last_play)s
)

SELECT
    start_time,
    user_id,
    level,
    session_id,
    location,
    user_agent,
    item_in_session,
    song,
    artist,
    length
FROM candidates AS candidate
QUALIFY
    ROW_NUMBER() OVER (
        PARTITION BY user_id, session_id, item_in_session, start_time
        ORDER BY
            CASE WHEN song IS NULL OR artist IS NULL OR length IS NULL THEN 1 ELSE 0 END,
            song, artist, length, level, location, user_agent, is_stored DESC
    ) = 1
    AND is_stored = 0
"""

song_matches_create = """
CREATE TEMP TABLE song_matches AS
-- What a play is matched by: one row per title, artist name and duration that is looked for, the
-- lowest song_id.
WITH wanted AS (
    SELECT
        song AS title,
        artist AS artist_name,
        length AS duration
    FROM batch_plays
    UNION
    SELECT
        title,
        artist_name,
        duration
    FROM touched_songs
)

SELECT
    song.title,
    song.artist_name,
    song.duration,
    song.song_id,
    song.artist_id
FROM songs AS song
INNER JOIN wanted AS sought
    ON
        song.title = sought.title
        AND song.artist_name = sought.artist_name
        AND song.duration = sought.duration
QUALIFY
    ROW_NUMBER() OVER (
        PARTITION BY song.title, song.artist_name, song.duration
        ORDER BY song.song_id
    ) = 1
"""

songplays_delete = """
-- Plays that an event of the same key, but another content, replaces.
DELETE FROM songplays USING batch_plays
WHERE
    songplays.user_id = batch_plays.user_id
    AND songplays.session_id = batch_plays.session_id
    AND songplays.item_in_session = batch_plays.item_in_session
    AND songplays.start_time = batch_plays.start_time
    AND songplays.start_time >= %(first_play)s AND songplays.start_time <= %(last_play)s
"""

songplays_insert = """
INSERT INTO songplays (
    start_time, user_id, level, song_id, artist_id, session_id, location, user_agent,
    item_in_session, song, artist, length
)
-- One row per play; without a match it stays, its song and artist unknown.
SELECT
    batch_plays.start_time,
    batch_plays.user_id,
    batch_plays.level,
    song_matches.song_id,
    song_matches.artist_id,
    batch_plays.session_id,
    batch_plays.location,
    batch_plays.user_agent,
    batch_plays.item_in_session,
    batch_plays.song,
    batch_plays.artist,
    batch_plays.length
FROM batch_plays
LEFT JOIN song_matches
    ON
        batch_plays.song = song_matches.title
        AND batch_plays.artist = song_matches.artist_name
        AND batch_plays.length = song_matches.duration
"""

rematched_plays_create = """
CREATE TEMP TABLE rematched_plays AS
-- Earlier plays whose song came late, or whose song's record has changed since. A table of its
-- own, because Redshift takes no outer join in an UPDATE.
SELECT
    songplays.songplay_id,
    song_matches.song_id,
    song_matches.artist_id
FROM songplays
INNER JOIN touched_songs
    ON
        songplays.song = touched_songs.title
        AND songplays.artist = touched_songs.artist_name
        AND songplays.length = touched_songs.duration
LEFT JOIN song_matches
    ON
        songplays.song = song_matches.title
        AND songplays.artist = song_matches.artist_name
        AND songplays.length = song_matches.duration
WHERE
    COALESCE(songplays.song_id, '') <> COALESCE(song_matches.song_id, '')
    OR COALESCE(songplays.artist_id, '') <> COALESCE(song_matches.artist_id, '')
"""

songplays_rematch = """
-- Their songs as they are now.
UPDATE songplays
SET song_id = rematched_plays.song_id, artist_id = rematched_plays.artist_id
FROM rematched_plays
WHERE songplays.songplay_id = rematched_plays.songplay_id
"""

time_insert = """
INSERT INTO time (start_time, hour, day, week, month, year, weekday)
-- One row per start_time of the new plays that is not there yet.
SELECT DISTINCT
    batch_plays.start_time,
    EXTRACT(HOUR FROM batch_plays.start_time) AS hour,
    EXTRACT(DAY FROM batch_plays.start_time) AS day,
    EXTRACT(WEEK FROM batch_plays.start_time) AS week,
    EXTRACT(MONTH FROM batch_plays.start_time) AS month,
    EXTRACT(YEAR FROM batch_plays.start_time) AS year,
    EXTRACT(DOW FROM batch_plays.start_time) AS weekday
FROM batch_plays
LEFT JOIN time
    ON
        batch_plays.start_time = time.start_time
        AND time.start_time >= %(first_play)s AND time.start_time <= %(last_play)s
WHERE time.start_time IS NULL
"""

loaded_plays = """
-- The plays of this time, and those that have found their song.
SELECT
    COUNT(*) AS plays,
    COUNT(song_id) AS matched
FROM songplays
WHERE start_time >= %(first_play)s AND start_time <= %(last_play)s
"""

# ---------------------------------------------------------------------------- ledger and run log

staging_files_forget = """
-- Of files that may have been copied as another version than was listed, none is known.
UPDATE staging_files SET etag = '' WHERE file IN %(files)s
"""

loaded_files_delete = """
-- What the ledger said of files that are loaded again.
DELETE FROM loaded_files USING staging_files
WHERE loaded_files.file = staging_files.file
"""

loaded_files_insert = """
INSERT INTO loaded_files (file, etag, size, staging_table, row_count, rejected, run_id)
-- One row per file of the load. The COPYs named here are those whose lines are rows; a large file
-- has several entries. Redshift cuts names: one that two files begin with is taken for neither.
WITH scanned AS (
    SELECT
        TRIM(file_name) AS short_name,
        SUM(lines_scanned) AS line_count
    FROM sys_load_detail
    WHERE
        query_id IN %(counted_copies)s
        AND TRIM(file_name) IN (
            SELECT LEFT(part, 256)
            FROM staging_files
            GROUP BY LEFT(part, 256)
            HAVING COUNT(DISTINCT part) = 1
        )
    GROUP BY TRIM(file_name)
),

refused AS (
    SELECT
        file,
        COUNT(*) AS record_count
    FROM rejected_records
    WHERE run_id = %(run_id)s
    GROUP BY file
)

SELECT
    staging_files.file,
    staging_files.etag,
    staging_files.size,
    staging_files.staging_table,
    CASE
        WHEN staging_files.size = 0 THEN 0
        ELSE
            COALESCE(staging_files.record_count, scanned.line_count)
            - COALESCE(refused.record_count, 0)
    END AS row_count,
    COALESCE(refused.record_count, 0) AS rejected,
    %(run_id)s AS run_id
FROM staging_files
LEFT JOIN scanned ON LEFT(staging_files.part, 256) = scanned.short_name
LEFT JOIN refused ON staging_files.file = refused.file
"""

run_status = """
-- What has become of a run; no row if it has not begun.
SELECT status FROM load_runs WHERE run_id = %(run_id)s
"""

run_begin = """
INSERT INTO load_runs (run_id, started_at, status, files, bytes, rejected)
-- Committed at once, so that a run that is killed is on record.
VALUES (%(run_id)s, SYSDATE, 'running', 0, 0, 0)
"""

# The end is reckoned from the start, as SYSDATE is the moment when a transaction began.
run_end = """
-- Part of the load's own transaction: it tells a load that is published from one that is not.
UPDATE load_runs
SET
    ended_at = DATEADD(MILLISECOND, %(milliseconds)s, started_at),
    status = %(status)s,
    files = %(files)s,
    bytes = %(bytes)s,
    rejected = %(rejected)s
WHERE run_id = %(run_id)s AND status = 'running'
"""

run_failed = """
-- Leaves a run alone that was published after all.
UPDATE load_runs
SET
    ended_at = DATEADD(MILLISECOND, %(milliseconds)s, started_at),
    status = %(status)s,
    files = %(files)s,
    bytes = %(bytes)s,
    reason = %(reason)s
WHERE run_id = %(run_id)s AND status = 'running'
"""

steps_insert = """
INSERT INTO load_steps (run_id, place, step, row_count, changed_count, seconds) VALUES %s
"""

# In a list of several rows, a NULL needs a cast to take the type of its column.
steps_row = "(%s, %s, %s, CAST(%s AS BIGINT), CAST(%s AS BIGINT), %s)"

last_runs = """
-- The last runs, the newest last.
SELECT
    newest.run_id,
    newest.status,
    ROUND(DATEDIFF(MILLISECOND, newest.started_at, newest.ended_at) / 1000.0, 1) AS seconds,
    newest.files,
    load_steps.row_count AS new_plays,
    newest.rejected,
    newest.reason
FROM (
    SELECT
        run_id,
        started_at,
        ended_at,
        status,
        files,
        rejected,
        reason
    FROM load_runs
    ORDER BY started_at DESC, run_id DESC
    LIMIT 20
) AS newest
LEFT JOIN load_steps
    ON newest.run_id = load_steps.run_id AND load_steps.step = 'transform songplays'
ORDER BY newest.started_at, newest.run_id
"""

one_run = """
SELECT
    status,
    DATE_TRUNC('second', started_at) AS started,
    ROUND(DATEDIFF(MILLISECOND, started_at, ended_at) / 1000.0, 1) AS seconds,
    files,
    ROUND(bytes / 1000000.0, 1) AS mb,
    rejected,
    reason
FROM load_runs
WHERE run_id = %(run_id)s
"""

steps_of_run = """
SELECT
    step,
    row_count AS "rows",
    changed_count AS changed,
    seconds,
    COUNT(*) OVER () AS number
FROM load_steps
WHERE run_id = %(run_id)s
ORDER BY place
"""

files_of_run = """
-- The files that no later run has loaded again.
SELECT
    file,
    row_count AS "rows",
    rejected,
    COUNT(*) OVER () AS number
FROM loaded_files
WHERE run_id = %(run_id)s
ORDER BY rejected DESC, file
LIMIT 20
"""

records_of_run = """
SELECT
    file,
    line_number AS line,
    column_name AS "column",
    value,
    reason,
    COUNT(*) OVER () AS number
FROM rejected_records
WHERE run_id = %(run_id)s
ORDER BY file, line_number
LIMIT 20
"""

# ---------------------------------------------------------------------------- questions
# What the analysts ask, by title.

questions = {
    "How many plays there are, and how many match a song of the catalogue": """
-- One row over all plays.
SELECT
    COUNT(*) AS plays,
    COUNT(song_id) AS matched,
    COUNT(DISTINCT user_id) AS listeners
FROM songplays
""",
    "Most played songs (plays that match a song)": """
-- One row per song.
SELECT
    songs.title,
    artists.name AS artist,
    COUNT(*) AS plays
FROM songplays
INNER JOIN songs ON songplays.song_id = songs.song_id
INNER JOIN artists ON songplays.artist_id = artists.artist_id
GROUP BY songs.song_id, songs.title, artists.name
ORDER BY plays DESC, songs.title, songs.song_id
LIMIT 10
""",
    "Most played artists (plays that match a song)": """
-- One row per artist.
SELECT
    artists.name AS artist,
    COUNT(*) AS plays,
    COUNT(DISTINCT songplays.user_id) AS listeners
FROM songplays
INNER JOIN artists ON songplays.artist_id = artists.artist_id
GROUP BY artists.artist_id, artists.name
ORDER BY plays DESC, artists.name, artists.artist_id
LIMIT 10
""",
    "Most played artists (all plays, by the name the app reported)": """
-- One row per name in the log, matched or not.
SELECT
    artist,
    COUNT(*) AS plays,
    COUNT(DISTINCT user_id) AS listeners
FROM songplays
GROUP BY artist
ORDER BY plays DESC, artist
LIMIT 10
""",
    "Plays by hour of day (all plays, UTC)": """
-- One row per hour with a play.
SELECT
    time.hour,
    COUNT(*) AS plays
FROM songplays
INNER JOIN time ON songplays.start_time = time.start_time
GROUP BY time.hour
ORDER BY time.hour
""",
    "Plays by weekday (all plays, UTC; 0 is Sunday)": """
-- One row per weekday with a play.
SELECT
    time.weekday,
    COUNT(*) AS plays
FROM songplays
INNER JOIN time ON songplays.start_time = time.start_time
GROUP BY time.weekday
ORDER BY time.weekday
""",
    "Free against paid (all plays, by the user's latest level)": """
-- One row per level.
SELECT
    users.level,
    COUNT(DISTINCT users.user_id) AS users,
    COUNT(songplays.songplay_id) AS plays
FROM users
LEFT JOIN songplays ON users.user_id = songplays.user_id
GROUP BY users.level
ORDER BY users.level
""",
    "Busiest locations (all plays)": """
-- One row per location of the log.
SELECT
    location,
    COUNT(*) AS plays,
    COUNT(DISTINCT user_id) AS listeners
FROM songplays
GROUP BY location
ORDER BY plays DESC, location
LIMIT 10
""",
}

# ---------------------------------------------------------------------------- lists

create_table_queries = {
    "staging_files": staging_files_create,
    "staging_events": staging_events_create,
    "staging_songs": staging_songs_create,
    "songplays": songplays_create,
    "users": users_create,
    "songs": songs_create,
    "artists": artists_create,
    "time": time_create,
    "loaded_files": loaded_files_create,
    "load_runs": load_runs_create,
    "load_steps": load_steps_create,
    "rejected_records": rejected_records_create,
}

# By the table that each step fills, in this order: plays look up songs, time is made of plays.
transform_queries = {
    "songs": (batch_songs_create, touched_songs_create, songs_delete, songs_insert),
    "artists": (batch_artists_create, artists_delete, artists_insert),
    "users": (batch_users_create, users_delete, users_insert),
    "songplays": (
        batch_plays_create,
        song_matches_create,
        songplays_delete,
        songplays_insert,
        rematched_plays_create,
        songplays_rematch,
    ),
    "time": (time_insert,),
}

if __name__ == "__main__":
    print("This is where the SQL stands. It is run by:")
    print("  python create_tables.py   drops, tables and rights")
    print("  python etl.py             COPY, transforms, ledger and run log")
    print("  python query.py           questions")
