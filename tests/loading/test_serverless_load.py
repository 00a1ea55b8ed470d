"""The load on Redshift Serverless, which has none of the tables that only clusters have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from aws_site import Aws, told
from conftest import BUCKET, EVENT, SONG

import create_tables
import etl
import query
from dwh.config import load_config
from dwh.connection import connect

CAPTURE = pytest.CaptureFixture[str]
GOOD = json.dumps(EVENT)
BAD = json.dumps(EVENT | {"ts": "soon"})


@pytest.fixture
def loaded(serverless: Aws) -> Iterator[Aws]:
    """A workgroup whose star has one play; its tables are made anew for each test."""
    own = serverless.config.read_text()
    serverless.put_files()
    serverless.set_up()
    serverless.run(create_tables, "--drop", "--yes")
    serverless.run(etl)
    yield serverless
    s3 = serverless.cloud.client("s3")
    for each in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{serverless.name}/")["Contents"]:
        s3.delete_object(Bucket=BUCKET, Key=each["Key"])
    serverless.config.write_text(own)
    serverless.set_up()


def put(aws: Aws, key: str, *records: str) -> str:
    """Write a file of records; its URL."""
    body = "".join(f"{record}\n" for record in records)
    aws.cloud.client("s3").put_object(Bucket=BUCKET, Key=f"{aws.name}/{key}", Body=body)
    return f"s3://{BUCKET}/{aws.name}/{key}"


def ask(aws: Aws, statement: str) -> list[tuple[Any, ...]]:
    """What the owner of the tables is answered."""
    with connect(load_config(aws.config)) as session, session.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def test_every_row_is_there_once_however_often_it_is_loaded(loaded: Aws) -> None:
    put(loaded, "log_data/2", GOOD, json.dumps(EVENT | {"itemInSession": 7}))
    put(loaded, "song_data/2", json.dumps(SONG | {"song_id": "SO9", "title": "Another"}))
    loaded.run(etl)
    loaded.run(etl, "--rebuild")
    plays = "SELECT COUNT(*), COUNT(DISTINCT item_in_session), COUNT(song_id) FROM songplays"
    assert ask(loaded, plays) == [(2, 2, 2)]
    counts = "SELECT SUM(row_count), COUNT(*) FROM loaded_files WHERE row_count IS NOT NULL"
    assert ask(loaded, counts) == [(5, 4)]


def test_rejected_records_are_kept_with_what_is_in_their_files(loaded: Aws) -> None:
    url = put(loaded, "log_data/2", GOOD, BAD, json.dumps(EVENT | {"itemInSession": 7}))
    loaded.change(load_MAX_BAD_RECORDS="1")
    loaded.run(etl)
    kept = "SELECT file, line_number, column_name, value FROM rejected_records"
    assert ask(loaded, kept) == [(url, 2, "ts", "soon")]
    assert ask(loaded, "SELECT COUNT(*) FROM songplays") == [(2,)]


@pytest.mark.parametrize("number", [1, 1001])
def test_bad_records_that_stop_the_load_are_explained(
    loaded: Aws, capsys: CAPTURE, number: int
) -> None:
    """One is left out by COPY, which goes on; more than it allows make it fail."""
    url = put(loaded, "log_data/2", *[BAD] * number)
    found = told(loaded, etl, said=capsys)
    assert "bad record" in found.error
    said = f"{url} line 1, column ts, value 'soon': Invalid digit, Value 's', Pos 0, Type: Long"
    assert found.details[0] == said
    assert ask(loaded, "SELECT COUNT(*) FROM songplays") == [(1,)]


def test_small_files_are_packed_into_a_part_for_each_unit_of_capacity(
    loaded: Aws, capsys: CAPTURE
) -> None:
    for number in range(9):
        put(loaded, f"log_data/{number}", json.dumps(EVENT | {"itemInSession": number}))
    loaded.change(load_PACK_SMALL_FILES_FROM="2")
    capsys.readouterr()
    loaded.run(etl)
    assert "pack staging_events: 9 files in 4 parts" in capsys.readouterr().err
    assert ask(loaded, "SELECT COUNT(*) FROM songplays") == [(9,)]


def test_analyst_reads_the_star_and_the_warehouse_refuses_the_rest(
    loaded: Aws, capsys: CAPTURE
) -> None:
    loaded.run(query, "SELECT COUNT(*) AS n FROM songplays", "--csv")
    assert capsys.readouterr().out == "n\n1\n"
    for statement in ("SELECT * FROM rejected_records", "DELETE FROM users"):
        found = told(loaded, query, statement, said=capsys)
        assert found.error.startswith("permission denied for relation ")
