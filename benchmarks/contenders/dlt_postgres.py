"""dlt into PostgreSQL, and the star of it in plain SQL."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import closing
from pathlib import Path

# It asks for these as it is imported: nothing is to be sent anywhere, nor kept in the home folder.
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
os.environ["DLT_DATA_DIR"] = tempfile.mkdtemp(dir=Path(sys.argv[1]).parent.parent)

import dlt
import psycopg2
from dlt.sources.filesystem import filesystem, read_jsonl

from benchmarks.contenders.plain_star import CREATE, filled

MOMENT = "TIMESTAMP 'epoch' + ts * INTERVAL '0.001 second'"


def main(bucket: Path, url: str) -> None:
    """Make the star of a bucket's files in a database."""
    # With its CSV files empty texts would become NULL.
    pipeline = dlt.pipeline(
        "star",
        # It insists on a host and a password; the folder of the socket comes first all the same.
        destination=dlt.destinations.postgres(url.replace("@/", ":none@localhost/")),
        dataset_name="public",
    )
    pipeline.run(
        [
            resource(bucket, "log_data", "staging_events"),
            resource(bucket, "song_data", "staging_songs"),
        ],
        write_disposition="replace",
    )
    with closing(psycopg2.connect(url)) as session, session.cursor() as cursor:
        cursor.execute(CREATE + filled(MOMENT))
        session.commit()


def resource(bucket: Path, folder: str, table: str) -> dlt.sources.DltResource:
    """A folder's files as a table."""
    files = filesystem(bucket_url=str(bucket / folder), file_glob="*.json")
    found: dlt.sources.DltResource = (files | read_jsonl()).with_name(table)
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
