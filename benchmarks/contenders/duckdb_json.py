"""DuckDB reads the JSON, and makes the star of it in plain SQL."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from benchmarks.contenders.plain_star import CREATE, filled

STAGING = """
CREATE TEMP TABLE staging_events AS
SELECT
    artist, "itemInSession" AS item_in_session, "firstName" AS first_name,
    "lastName" AS last_name, gender, length, level, location, page, "sessionId" AS session_id,
    song, ts, "userAgent" AS user_agent, "userId" AS user_id
FROM read_json('{bucket}/log_data/*.json', format = 'newline_delimited', columns = {{
    artist: 'VARCHAR', "itemInSession": 'INTEGER', "firstName": 'VARCHAR', "lastName": 'VARCHAR',
    gender: 'VARCHAR', length: 'DOUBLE', level: 'VARCHAR', location: 'VARCHAR', page: 'VARCHAR',
    "sessionId": 'INTEGER', song: 'VARCHAR', ts: 'BIGINT', "userAgent": 'VARCHAR',
    "userId": 'VARCHAR'
}});
CREATE TEMP TABLE staging_songs AS
FROM read_json('{bucket}/song_data/*.json', format = 'newline_delimited', columns = {{
    song_id: 'VARCHAR', title: 'VARCHAR', duration: 'DOUBLE', year: 'INTEGER',
    artist_id: 'VARCHAR', artist_name: 'VARCHAR', artist_location: 'VARCHAR',
    artist_latitude: 'DOUBLE', artist_longitude: 'DOUBLE'
}});
"""


def main(bucket: Path, database: str) -> None:
    """Make the star of a bucket's files in a database file."""
    with duckdb.connect(database) as session:
        session.execute(STAGING.format(bucket=bucket))
        session.execute(CREATE + filled("make_timestamp(ts * 1000)"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
