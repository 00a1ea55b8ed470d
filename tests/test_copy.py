"""COPY from S3 as a client meets it: rows, notices, errors, records of loads."""

from __future__ import annotations

import gzip
import json
from typing import Any

import psycopg2
import pytest
from conftest import BUCKET, TRUST, Warehouse

EVENTS = "CREATE TABLE events (artist VARCHAR(20), ts BIGINT, length FLOAT, level VARCHAR(5))"
LINES = (
    '{"artist": "Quote \\"Q\\"", "ts": 1540919166796.0, "length": 1.5, "level": "free"}\n'
    '{"level": "", "artist": null, "ts": "39", "other": 1}\n'
)
ROWS = [('Quote "Q"', 1540919166796, 1.5, "free"), (None, 39, None, "")]


@pytest.fixture
def events(warehouse: Warehouse) -> Warehouse:
    warehouse.run(EVENTS)
    return warehouse


def rows(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.run("SELECT artist, ts, length, level FROM events ORDER BY artist")


LAYOUTS = {
    "lines": LINES,
    "pretty": "\n\n".join(json.dumps(json.loads(x), indent=2) for x in LINES.splitlines()),
    "concatenated": LINES.replace("\n", ""),
    "windows lines": LINES.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_json_loads_however_it_is_laid_out(events: Warehouse, layout: str) -> None:
    events.load("events", LAYOUTS[layout])
    assert rows(events) == ROWS


def test_notice_tag_and_count_are_those_of_redshift(events: Warehouse) -> None:
    events.connection.notices.clear()
    with events.connection.cursor() as cursor:
        url = events.put("one.json", LINES)
        cursor.execute(f"COPY events FROM '{url}' IAM_ROLE '{events.role}' JSON 'auto'")
        assert (cursor.statusmessage, cursor.rowcount) == ("COPY", -1)
    assert events.connection.notices == [
        "INFO:  Load into table 'events' completed, 2 record(s) loaded successfully.\n"
    ]
    assert events.run("SELECT pg_last_copy_count()") == [(2,)]
    ((query_id,),) = events.run("SELECT pg_last_copy_id()")
    history = f"SELECT status, loaded_rows FROM sys_load_history WHERE query_id = {query_id}"
    assert events.run(history) == [("completed", 2)]


def test_prefix_is_not_a_folder(events: Warehouse) -> None:
    for number, key in enumerate(["part", "part/1.json", "part2.json", "other.json", "part/"]):
        body = "" if key.endswith("/") else f'{{"ts": {number}}}'
        events.put(f"prefix/{key}", body)
    events.copy("events", f"s3://{BUCKET}/{events.database}/prefix/part")
    assert events.run("SELECT ts FROM events ORDER BY ts") == [(0,), (1,), (2,)]


def test_keys_match_column_names_by_case_unless_told_to_ignore_it(events: Warehouse) -> None:
    events.load("events", '{"Artist": "A", "ts": 1}')
    events.load("events", '{"Artist": "A", "TS": 2}', "JSON 'auto ignorecase'")
    assert events.run("SELECT artist, ts FROM events ORDER BY ts") == [(None, 1), ("A", 2)]


PATHS = [
    ["$.who.name", "$.when[1]", "$.seconds", "$.level"],
    ["$['who']['name']", "$['when'][1]", "$['seconds']", "$['level']"],
]


@pytest.mark.parametrize("paths", PATHS)
def test_jsonpaths_say_where_values_are(events: Warehouse, paths: list[str]) -> None:
    url = events.put("paths.json", json.dumps({"jsonpaths": paths}))
    body = '{"who": {"name": "A"}, "when": [1, 2], "seconds": 3, "level": "paid"}'
    events.load("events", body, f"JSON '{url}'")
    assert rows(events) == [("A", 2, 3.0, "paid")]


def test_number_of_jsonpaths_must_match_the_columns(events: Warehouse) -> None:
    url = events.put("paths.json", '{"jsonpaths": ["$.a"]}')
    with pytest.raises(psycopg2.InternalError, match="JSONPath size: 1, Number of columns"):
        events.load("events", "{}", f"JSON '{url}'")


def test_column_list_leaves_defaults_to_the_others(warehouse: Warehouse) -> None:
    warehouse.run("CREATE TABLE t (id INT IDENTITY(0,1), a INT DEFAULT 7, b INT DEFAULT 8)")
    warehouse.load("t", '{"b": 2}')
    warehouse.load("t (b)", '{"b": 3}')
    assert warehouse.run("SELECT a, b FROM t ORDER BY b") == [(None, 2), (7, 3)]


def test_gzip_is_undone_when_said_so(events: Warehouse) -> None:
    events.load("events", gzip.compress(LINES.encode()), "JSON 'auto' GZIP")
    assert rows(events) == ROWS


def test_manifest_names_the_files(events: Warehouse) -> None:
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
    events: Warehouse, entries: list[dict[str, Any]], text: str
) -> None:
    named = [e | {"url": f"s3://{BUCKET}/{events.database}/{e['url']}"} for e in entries]
    url = events.put("manifest", json.dumps({"entries": named}))
    with pytest.raises(psycopg2.InternalError, match=text):
        events.copy("events", url, "JSON 'auto' MANIFEST")


def test_options_come_in_any_order_and_case(events: Warehouse) -> None:
    url = events.put("one.json", LINES)
    events.run(
        f"copy events from '{url}' -- comment\n maxerror as 3 statupdate off timeformat 'auto' "
        f"TruncateColumns emptyasnull FORMAT as json as 'auto' dateformat as 'auto' "
        f"blanksasnull compupdate off region 'us-west-2' iam_role '{events.role}'"
    )
    assert rows(events) == [ROWS[0], (None, 39, None, None)]


@pytest.mark.parametrize("option", ["NONSENSE", "MAXERROR 'x'", "JSON 'auto' JSON 'auto'"])
def test_option_that_is_not_known_is_a_syntax_error(events: Warehouse, option: str) -> None:
    with pytest.raises(psycopg2.errors.SyntaxError, match="syntax error at or near"):
        events.load("events", "{}", f"JSON 'auto' {option}")


def test_timestamps_by_format(warehouse: Warehouse) -> None:
    warehouse.run("CREATE TABLE t (at TIMESTAMP)")
    warehouse.load("t", '{"at": 1541105830796}', "JSON 'auto' TIMEFORMAT 'epochmillisecs'")
    warehouse.load("t", '{"at": "2018-11-02 20:57:10.796"}')
    assert warehouse.run("SELECT DISTINCT at::varchar FROM t") == [
        ("2018-11-01 20:57:10.796",),
        ("2018-11-02 20:57:10.796",),
    ]


def test_decimals_are_cut_by_copy_and_rounded_by_insert(warehouse: Warehouse) -> None:
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
    events: Warehouse, body: str, column: str | None, code: int | None, reason: str | None
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


def test_errors_below_the_limit_are_skipped_and_told(events: Warehouse) -> None:
    events.connection.notices.clear()
    events.load("events", LINES + '{"ts": "x"}', "JSON 'auto' MAXERROR 2")
    assert rows(events) == ROWS
    assert events.connection.notices == [
        "INFO:  Load into table 'events' completed, 2 record(s) loaded successfully.\n",
        "INFO:  Load into table 'events' completed, 1 record(s) could not be loaded.  "
        "Check 'stl_load_errors' system table for details.\n",
    ]


def test_as_many_errors_as_the_limit_fail_the_load(events: Warehouse) -> None:
    with pytest.raises(psycopg2.InternalError, match=r"Load into table .events. failed"):
        events.load("events", LINES + '{"ts": "x"}\n' * 2, "JSON 'auto' MAXERROR 2")
    assert rows(events) == []


def test_char_columns_of_system_tables_are_padded(events: Warehouse) -> None:
    events.load("events", '{"ts": "x"}', "JSON 'auto' MAXERROR 2")
    ((name, column),) = events.run("SELECT filename, colname FROM stl_load_errors")
    assert (len(name), len(column)) == (256, 127)


def test_lengths_are_bytes_for_insert_too(warehouse: Warehouse) -> None:
    warehouse.run("CREATE TABLE t (a VARCHAR(3))")
    warehouse.run("INSERT INTO t VALUES ('abc')")
    with pytest.raises(psycopg2.errors.StringDataRightTruncation):
        warehouse.run("INSERT INTO t VALUES ('abé')")


def test_copy_belongs_to_the_clients_transaction(events: Warehouse) -> None:
    events.run("BEGIN")
    events.load("events", LINES)
    assert events.run("SELECT COUNT(*) FROM events") == [(2,)]
    with events.another_connection() as other, other.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM events")
        assert cursor.fetchall() == [(0,)]
    events.run("ROLLBACK")
    assert rows(events) == []
    assert events.run("SELECT status FROM sys_load_history") == [("completed",)]
    assert events.run("SELECT pg_last_copy_id()") == [(-1,)]


def test_failed_copy_aborts_the_transaction(events: Warehouse) -> None:
    events.run("BEGIN")
    events.run("INSERT INTO events (ts) VALUES (1)")
    with pytest.raises(psycopg2.InternalError, match=r"Load into table .events. failed"):
        events.load("events", '{"ts": "x"}')
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        events.load("events", LINES)
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        events.run("SELECT 1")
    events.run("ROLLBACK")
    assert rows(events) == []
    assert len(events.run("SELECT line_number FROM stl_load_errors")) == 1


def test_several_statements_in_one_message_are_one_transaction(events: Warehouse) -> None:
    good, bad = events.put("good.json", LINES), events.put("bad.json", '{"ts": "x"}')
    copy = "COPY events FROM '{}' IAM_ROLE '" + events.role + "' JSON 'auto'; "
    with pytest.raises(psycopg2.InternalError, match=r"Load into table .events. failed"):
        events.run(copy.format(good) + copy.format(bad))
    assert rows(events) == []
    events.run(copy.format(good) + "INSERT INTO events (artist, ts) VALUES ('last', 0)")
    assert len(rows(events)) == 3


def test_table_made_in_the_same_transaction_can_be_loaded(warehouse: Warehouse) -> None:
    warehouse.run("BEGIN")
    warehouse.run(EVENTS)
    warehouse.load("events", LINES)
    warehouse.run("COMMIT")
    assert rows(warehouse) == ROWS


def test_unknown_table_and_column_are_named(events: Warehouse) -> None:
    with pytest.raises(psycopg2.errors.UndefinedTable, match="nowhere"):
        events.load("nowhere", LINES)
    with pytest.raises(psycopg2.errors.UndefinedColumn, match="nothing"):
        events.load("events (nothing)", LINES)


def test_nothing_under_the_prefix(events: Warehouse) -> None:
    with pytest.raises(psycopg2.InternalError) as caught:
        events.copy("events", f"s3://{BUCKET}/no/such/prefix")
    text = "The specified S3 prefix 'no/such/prefix' does not exist"
    assert caught.value.diag.message_primary == text
    assert "code:      8001" in str(caught.value.diag.message_detail)


def test_missing_bucket_and_wrong_region(events: Warehouse) -> None:
    with pytest.raises(psycopg2.InternalError, match="Status 404,Error NoSuchBucket"):
        events.copy("events", "s3://no-such-bucket/x")
    url = events.put("one.json", LINES)
    with pytest.raises(psycopg2.InternalError, match="Status 301,Error PermanentRedirect"):
        events.copy("events", url, "JSON 'auto' REGION 'eu-west-1'")


ONE_PREFIX = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": f"arn:aws:s3:::{BUCKET}",
            "Condition": {"StringLike": {"s3:prefix": ["allowed*"]}},
        },
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/allowed*",
        },
    ],
}
LIST_ONLY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}],
}
OTHER_TRUST = json.loads(json.dumps(TRUST).replace("redshift.", "ec2."))
ROLES = [
    ("stranger", TRUST, None, False, "not associated to cluster"),
    ("untrusting", OTHER_TRUST, None, True, "not authorized to assume IAM Role"),
    ("powerless", TRUST, None, True, "Access Denied,Status 403,Error AccessDenied"),
    ("lister", TRUST, LIST_ONLY, True, "Access Denied,Status 403,Error AccessDenied"),
    ("elsewhere", TRUST, ONE_PREFIX, True, "Access Denied,Status 403,Error AccessDenied"),
]


@pytest.mark.parametrize(("name", "trust", "policy", "attached", "text"), ROLES)
def test_role_needs_everything_to_read(
    events: Warehouse, name: str, trust: Any, policy: Any, attached: bool, text: str
) -> None:
    url = events.put("one.json", LINES)
    role = events.cloud.create_role(name, trust, policy)
    if attached:
        attach(events, add=[role])
    try:
        with pytest.raises(psycopg2.InternalError, match=text):
            events.run(f"COPY events FROM '{url}' IAM_ROLE '{role}' JSON 'auto'")
    finally:
        attach(events, remove=[role])
        events.cloud.client("iam").delete_role_policy(
            RoleName=name, PolicyName="read"
        ) if policy else None
        events.cloud.client("iam").delete_role(RoleName=name)


def test_role_that_was_deleted_cannot_be_assumed(events: Warehouse) -> None:
    role = events.cloud.create_role("gone", TRUST, None)
    attach(events, add=[role])
    events.cloud.client("iam").delete_role(RoleName="gone")
    url = events.put("one.json", LINES)
    with pytest.raises(psycopg2.InternalError, match="not authorized to assume"):
        events.run(f"COPY events FROM '{url}' IAM_ROLE '{role}' JSON 'auto'")
    attach(events, remove=[role])


def attach(
    warehouse: Warehouse, add: list[str] | None = None, remove: list[str] | None = None
) -> None:
    warehouse.cloud.client("redshift").modify_cluster_iam_roles(
        ClusterIdentifier="test-cluster", AddIamRoles=add or [], RemoveIamRoles=remove or []
    )


def test_many_small_objects_load_in_one_copy(events: Warehouse) -> None:
    for number in range(120):
        events.put(f"many/{number:03}.json", json.dumps({"ts": number}))
    events.copy("events", f"s3://{BUCKET}/{events.database}/many/")
    assert events.run("SELECT COUNT(*), SUM(ts) FROM events") == [(120, 7140)]
    assert events.run("SELECT source_file_count FROM sys_load_history") == [(120,)]


def test_type_that_copy_does_not_load_is_refused_and_the_session_lives(
    warehouse: Warehouse,
) -> None:
    warehouse.run("CREATE TABLE t (a TIME)")
    with pytest.raises(psycopg2.errors.FeatureNotSupported, match="does not load columns of type"):
        warehouse.load("t", "{}")
    assert warehouse.run("SELECT 1") == [(1,)]


def test_table_without_privilege_is_refused_and_the_session_lives(warehouse: Warehouse) -> None:
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


def test_last_copy_id_is_that_of_the_failed_load(events: Warehouse) -> None:
    events.load("events", LINES)
    with pytest.raises(psycopg2.InternalError, match="failed"):
        events.load("events", '{"ts": "x"}')
    ((count, query_id),) = events.run("SELECT pg_last_copy_count(), pg_last_copy_id()")
    assert count == 0
    status = f"SELECT status FROM sys_load_history WHERE query_id = {query_id}"
    assert events.run(status) == [("aborted",)]


def test_last_copy_follows_the_transaction(events: Warehouse) -> None:
    last = "SELECT pg_last_copy_count(), pg_last_copy_id()"
    events.run("BEGIN")
    events.load("events", LINES)
    events.run("COMMIT")
    committed = events.run(last)
    events.run("BEGIN")
    events.load("events", '{"ts": 1}')
    assert events.run(last) != committed
    events.run("ROLLBACK")
    assert events.run(last) == committed
    events.run("BEGIN")
    with pytest.raises(psycopg2.InternalError, match="failed"):
        events.load("events", '{"ts": "x"}')
    events.run("ROLLBACK")
    assert events.run(last) == [(0, committed[0][1])]


def test_statements_of_one_message_are_one_transaction_until_they_end_it(
    events: Warehouse,
) -> None:
    good, bad = events.put("good.json", LINES), events.put("bad.json", '{"ts": "x"}')
    copy = "COPY events FROM '{}' IAM_ROLE '" + events.role + "' JSON 'auto'; "
    with pytest.raises(psycopg2.InternalError, match="failed"):
        events.run("INSERT INTO events (ts) VALUES (77); " + copy.format(bad) + "COMMIT")
    assert rows(events) == []
    events.run(copy.format(good) + "ROLLBACK")
    assert rows(events) == []
    events.run("BEGIN; " + copy.format(good))
    events.run("ROLLBACK")
    assert rows(events) == []
    events.run("BEGIN; " + copy.format(good) + "COMMIT; INSERT INTO events (ts) VALUES (1)")
    assert len(rows(events)) == 3


def test_identity_by_default_can_be_loaded(warehouse: Warehouse) -> None:
    warehouse.run("CREATE TABLE t (a INT GENERATED BY DEFAULT AS IDENTITY(1, 1), b INT)")
    warehouse.load("t (a, b)", '{"a": 5, "b": 6}')
    assert warehouse.run("SELECT a, b FROM t") == [(5, 6)]


def test_copy_reads_utf_8_whatever_the_clients_encoding(events: Warehouse) -> None:
    events.run("SET client_encoding TO latin1")
    events.load("events", '{"artist": "café", "ts": 1}')
    events.run("SET client_encoding TO utf8")
    assert events.run("SELECT artist FROM events") == [("café",)]


def test_url_of_any_form_is_answered(events: Warehouse) -> None:
    for url in ("s3://[x/key", "s3://no bucket/k", "s3://x"):
        with pytest.raises(psycopg2.InternalError):
            events.copy("events", url)
