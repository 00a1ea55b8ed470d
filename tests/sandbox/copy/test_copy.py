"""COPY from S3 as a client meets it: rows, notices, errors, records of loads."""

from __future__ import annotations

import gzip
import json
from typing import Any

import psycopg2
import pytest
from conftest import BUCKET, Database
from copy_cases import LINES, ROWS, events, rows

__all__ = ["events"]

LAYOUTS = {
    "lines": LINES,
    "pretty": "\n\n".join(json.dumps(json.loads(x), indent=2) for x in LINES.splitlines()),
    "concatenated": LINES.replace("\n", ""),
    "windows lines": LINES.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_json_loads_however_it_is_laid_out(events: Database, layout: str) -> None:
    events.load("events", LAYOUTS[layout])
    assert rows(events) == ROWS


def test_notice_tag_and_count_are_those_of_redshift(events: Database) -> None:
    events.connection.notices.clear()
    with events.connection.cursor() as cursor:
        url = events.put("one.json", LINES)
        cursor.execute(f"COPY events FROM '{url}' IAM_ROLE '{events.role}' JSON 'auto'")
        assert (cursor.statusmessage, cursor.rowcount) == ("COPY", -1)
    assert events.connection.notices == [
        "INFO:  Load into table 'events' completed, 2 record(s) loaded successfully.\n"
    ]
    assert events.run("SELECT pg_last_copy_count()") == [(2,)]
    history = "SELECT status, loaded_rows FROM sys_load_history"
    assert events.run(history) == [("completed", 2)]


def test_prefix_is_not_a_folder(events: Database) -> None:
    for number, key in enumerate(["part", "part/1.json", "part2.json", "other.json", "part/"]):
        body = "" if key.endswith("/") else f'{{"ts": {number}}}'
        events.put(f"prefix/{key}", body)
    events.copy("events", f"s3://{BUCKET}/{events.database}/prefix/part")
    assert events.run("SELECT ts FROM events ORDER BY ts") == [(0,), (1,), (2,)]


def test_keys_match_column_names_by_case_unless_told_to_ignore_it(events: Database) -> None:
    events.load("events", '{"Artist": "A", "ts": 1}')
    events.load("events", '{"Artist": "A", "TS": 2}', "JSON 'auto ignorecase'")
    assert events.run("SELECT artist, ts FROM events ORDER BY ts") == [(None, 1), ("A", 2)]


PATHS = [
    ["$.who.name", "$.when[1]", "$.seconds", "$.level"],
    ["$['who']['name']", "$['when'][1]", "$['seconds']", "$['level']"],
]


@pytest.mark.parametrize("paths", PATHS)
def test_jsonpaths_say_where_values_are(events: Database, paths: list[str]) -> None:
    url = events.put("paths.json", json.dumps({"jsonpaths": paths}))
    body = '{"who": {"name": "A"}, "when": [1, 2], "seconds": 3, "level": "paid"}'
    events.load("events", body, f"JSON '{url}'")
    assert rows(events) == [("A", 2, 3.0, "paid")]


def test_number_of_jsonpaths_must_match_the_columns(events: Database) -> None:
    url = events.put("paths.json", '{"jsonpaths": ["$.a"]}')
    with pytest.raises(psycopg2.InternalError, match="JSONPath size: 1, Number of columns"):
        events.load("events", "{}", f"JSON '{url}'")


def test_column_list_leaves_defaults_to_the_others(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (id INT IDENTITY(0,1), a INT DEFAULT 7, b INT DEFAULT 8)")
    warehouse.load("t", '{"b": 2}')
    warehouse.load("t (b)", '{"b": 3}')
    assert warehouse.run("SELECT a, b FROM t ORDER BY b") == [(None, 2), (7, 3)]


def test_gzip_is_undone_when_said_so(events: Database) -> None:
    events.load("events", gzip.compress(LINES.encode()), "JSON 'auto' GZIP")
    assert rows(events) == ROWS


def test_manifest_names_the_files(events: Database) -> None:
    one = events.put("m/1.json", '{"ts": 1}')
    entries = [{"url": one, "mandatory": True}, {"url": one}, {"url": one + ".missing"}]
    url = events.put("manifest", json.dumps({"entries": entries}))
    events.copy("events", url, "JSON 'auto' MANIFEST")
    assert events.run("SELECT ts FROM events") == [(1,), (1,)]


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        ([{"url": "missing", "mandatory": True}], "key does not exist.*Error NoSuchKey"),
        ([{"url": "missing"}], "None of the files in the manifest"),
    ],
)
def test_manifest_with_missing_files_fails(
    events: Database, entries: list[dict[str, Any]], text: str
) -> None:
    named = [e | {"url": f"s3://{BUCKET}/{events.database}/{e['url']}"} for e in entries]
    url = events.put("manifest", json.dumps({"entries": named}))
    with pytest.raises(psycopg2.InternalError, match=text):
        events.copy("events", url, "JSON 'auto' MANIFEST")


def test_options_come_in_any_order_and_case(events: Database) -> None:
    url = events.put("one.json", LINES)
    events.run(
        f"copy events from '{url}' -- comment\n maxerror as 3 statupdate off timeformat 'auto' "
        f"TruncateColumns emptyasnull FORMAT as json as 'auto' dateformat as 'auto' "
        f"blanksasnull compupdate off region 'us-west-2' iam_role '{events.role}'"
    )
    assert rows(events) == [ROWS[0], (None, 39, None, None)]


@pytest.mark.parametrize("option", ["NONSENSE", "MAXERROR 'x'", "JSON 'auto' JSON 'auto'"])
def test_option_that_is_not_known_is_a_syntax_error(events: Database, option: str) -> None:
    with pytest.raises(psycopg2.errors.SyntaxError, match="syntax error at or near"):
        events.load("events", "{}", f"JSON 'auto' {option}")


def test_timestamps_by_format(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (at TIMESTAMP)")
    warehouse.load("t", '{"at": 1541105830796}', "JSON 'auto' TIMEFORMAT 'epochmillisecs'")
    warehouse.load("t", '{"at": "2018-11-02 20:57:10.796"}')
    assert warehouse.run("SELECT DISTINCT at::varchar FROM t") == [
        ("2018-11-01 20:57:10.796",),
        ("2018-11-02 20:57:10.796",),
    ]


def test_decimals_are_cut_by_copy_and_rounded_by_insert(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (n NUMERIC(4,2))")
    warehouse.load("t", '{"n": 20.259}')
    warehouse.run("INSERT INTO t VALUES (20.259)")
    assert warehouse.run("SELECT n::varchar FROM t ORDER BY n") == [("20.25",), ("20.26",)]


BAD = [
    ('{"artist": "é23456789012345678901"}', "artist", 1204, "String length exceeds DDL length"),
    ('{"ts": "1x"}', "ts", 1207, "Invalid digit, Value 'x', Pos 1, Type: Long"),
    ('{"length": "long"}', "length", 1208, None),
    ('{"ts": ', None, None, None),
]


@pytest.mark.parametrize(("body", "column", "code", "reason"), BAD)
def test_bad_value_fails_the_load_and_is_on_record(
    events: Database, body: str, column: str | None, code: int | None, reason: str | None
) -> None:
    url = events.put("bad.json", LINES + body)
    with pytest.raises(psycopg2.errors.InternalError_) as caught:
        events.copy("events", url)
    assert caught.value.pgcode == "XX000"
    assert caught.value.diag.message_primary == (
        "Load into table 'events' failed.  Check 'stl_load_errors' system table for details."
    )
    assert rows(events) == []
    ((file_name, line, found, found_code, found_reason),) = events.run(
        "SELECT TRIM(filename), line_number, TRIM(colname), err_code, TRIM(err_reason) "
        "FROM stl_load_errors WHERE session = pg_backend_pid()"
    )
    assert (file_name, line) == (url, 3)
    assert column is None or found == column
    assert code is None or found_code == code
    assert reason is None or found_reason == reason
    ((detail_line,),) = events.run("SELECT line_number FROM sys_load_error_detail")
    assert detail_line == 3
    assert events.run("SELECT status, error_count FROM sys_load_history") == [("aborted", 1)]
    assert events.run("SELECT pg_last_copy_count()") == [(0,)]


def test_errors_below_the_limit_are_skipped_and_told(events: Database) -> None:
    events.connection.notices.clear()
    events.load("events", LINES + '{"ts": "x"}', "JSON 'auto' MAXERROR 2")
    assert rows(events) == ROWS
    assert events.connection.notices == [
        "INFO:  Load into table 'events' completed, 2 record(s) loaded successfully.\n",
        "INFO:  Load into table 'events' completed, 1 record(s) could not be loaded.  "
        "Check 'stl_load_errors' system table for details.\n",
    ]


def test_as_many_errors_as_the_limit_fail_the_load(events: Database) -> None:
    with pytest.raises(psycopg2.InternalError, match=r"Load into table .events. failed"):
        events.load("events", LINES + '{"ts": "x"}\n' * 2, "JSON 'auto' MAXERROR 2")
    assert rows(events) == []


def test_char_columns_of_system_tables_are_padded(events: Database) -> None:
    events.load("events", '{"ts": "x"}', "JSON 'auto' MAXERROR 2")
    ((name, column),) = events.run("SELECT filename, colname FROM stl_load_errors")
    assert (len(name), len(column)) == (256, 127)


def test_lengths_are_bytes_for_insert_too(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a VARCHAR(3))")
    warehouse.run("INSERT INTO t VALUES ('abc')")
    with pytest.raises(psycopg2.errors.StringDataRightTruncation):
        warehouse.run("INSERT INTO t VALUES ('abé')")


def test_unknown_table_and_column_are_named(events: Database) -> None:
    with pytest.raises(psycopg2.errors.UndefinedTable, match="nowhere"):
        events.load("nowhere", LINES)
    with pytest.raises(psycopg2.errors.UndefinedColumn, match="nothing"):
        events.load("events (nothing)", LINES)


def test_nothing_under_the_prefix(events: Database) -> None:
    with pytest.raises(psycopg2.InternalError) as caught:
        events.copy("events", f"s3://{BUCKET}/no/such/prefix")
    text = "The specified S3 prefix 'no/such/prefix' does not exist"
    assert caught.value.diag.message_primary == text
    assert "code:      8001" in str(caught.value.diag.message_detail)


def test_missing_bucket_and_wrong_region(events: Database) -> None:
    with pytest.raises(psycopg2.InternalError, match="Status 404,Error NoSuchBucket"):
        events.copy("events", "s3://no-such-bucket/x")
    url = events.put("one.json", LINES)
    with pytest.raises(psycopg2.InternalError, match="Status 301,Error PermanentRedirect"):
        events.copy("events", url, "JSON 'auto' REGION 'eu-west-1'")


def test_many_small_objects_load_in_one_copy(events: Database) -> None:
    for number in range(120):
        events.put(f"many/{number:03}.json", json.dumps({"ts": number}))
    events.copy("events", f"s3://{BUCKET}/{events.database}/many/")
    assert events.run("SELECT COUNT(*), SUM(ts) FROM events") == [(120, 7140)]
    assert events.run("SELECT source_file_count FROM sys_load_history") == [(120,)]


def test_type_that_copy_does_not_load_is_refused_and_the_session_lives(
    warehouse: Database,
) -> None:
    warehouse.run("CREATE TABLE t (a TIME)")
    with pytest.raises(psycopg2.errors.FeatureNotSupported, match="does not load columns of type"):
        warehouse.load("t", "{}")
    assert warehouse.run("SELECT 1") == [(1,)]


def test_table_without_privilege_is_refused_and_the_session_lives(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a INT)")
    found = warehouse.cloud.credentials(user="reader", AutoCreate=True)
    reader = warehouse.cloud.connect(
        warehouse.database, user=found["DbUser"], password=found["DbPassword"]
    )
    url = warehouse.put("one.json", '{"a": 1}')
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        reader.cursor().execute(f"COPY t FROM '{url}' IAM_ROLE '{warehouse.role}' JSON 'auto'")
    reader.rollback()
    reader.cursor().execute("SELECT 1")
    reader.close()


def test_identity_by_default_can_be_loaded(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a INT GENERATED BY DEFAULT AS IDENTITY(1, 1), b INT)")
    warehouse.load("t (a, b)", '{"a": 5, "b": 6}')
    assert warehouse.run("SELECT a, b FROM t") == [(5, 6)]


def test_copy_reads_utf_8_whatever_the_clients_encoding(events: Database) -> None:
    events.run("SET client_encoding TO latin1")
    events.load("events", '{"artist": "café", "ts": 1}')
    events.run("SET client_encoding TO utf8")
    assert events.run("SELECT artist FROM events") == [("café",)]


def test_url_of_any_form_is_answered(events: Database) -> None:
    for url in ("s3://[x/key", "s3://no bucket/k", "s3://x"):
        with pytest.raises(psycopg2.InternalError):
            events.copy("events", url)
