"""Facts about COPY from JSON in S3, and about what Redshift says of it."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

from fact import Place, error_of, fact

from dwh.aws import polling
from dwh.loading.bad_records import RECORD_SECONDS
from dwh.loading.copy_errors import NOT_TAKEN
from dwh.loading.staging import LOADED, REJECTED

GUIDE = "https://docs.aws.amazon.com/redshift/latest/dg"
JSON_USAGE = f"{GUIDE}/copy-usage_notes-copy-from-json.html"
JSON_FORMAT = f"{GUIDE}/copy-parameters-data-format.html"
LOADING = f"{GUIDE}/copy-parameters-data-load.html"
ERRORS = f"{GUIDE}/SYS_LOAD_ERROR_DETAIL.html"
TWO_GOOD = '{"a": 1}\n{"a": 2}\n'
ONE_BAD = '{"a": 1}\n{"a": "x"}\n{"a": 2}\n'
AUTO = "FORMAT AS JSON 'auto'"


def errors_of_session(place: Place, columns: str) -> list[tuple[Any, ...]]:
    """What sys_load_error_detail has of this session, once it has something."""
    query = f"SELECT {columns} FROM sys_load_error_detail "
    query += "WHERE session_id = PG_BACKEND_PID() ORDER BY 1"
    found: list[tuple[Any, ...]] = []
    for _ in polling(RECORD_SECONDS):
        if found := place.run(query):
            break
    return found


@fact(f"{GUIDE}/r_COPY_command_examples.html", "dwh/loading/staging.py: read_answer", ["2"])
def copy_says_in_a_notice_how_many_records_it_has_loaded(place: Place) -> Any:
    place.table("a INTEGER")
    return LOADED.findall(place.load(TWO_GOOD))


@fact(f"{GUIDE}/PG_LAST_COPY_COUNT.html", "sql_queries.py: last_copy", 2)
def pg_last_copy_count_is_the_number_of_rows_loaded(place: Place) -> Any:
    place.table("a INTEGER")
    place.load(TWO_GOOD)
    return place.value("SELECT PG_LAST_COPY_COUNT()")


@fact(LOADING, "dwh/loading/staging.py: read_answer", (["2"], ["1"]))
def copy_says_in_a_notice_how_many_records_it_has_left_out(place: Place) -> Any:
    place.table("a INTEGER")
    said = place.load(ONE_BAD, f"{AUTO} MAXERROR 2")
    return LOADED.findall(said), REJECTED.findall(said)


@fact(LOADING, "dwh/loading/staging.py: copy", ("XX000", True))
def copy_fails_as_soon_as_it_has_met_maxerror_bad_records(place: Place) -> Any:
    place.table("a INTEGER")
    code, text = error_of(lambda: place.load(ONE_BAD, f"{AUTO} MAXERROR 1"))
    named = re.search("stl_load_errors|sys_load_error_detail", text)
    return code, bool(named) or text


@fact(ERRORS, "sql_queries.py: rejections", [(2, "a")])
def rejected_record_is_on_record_with_line_and_column_within_its_transaction(place: Place) -> Any:
    place.table("a INTEGER")
    place.load(ONE_BAD, f"{AUTO} MAXERROR 2")
    return errors_of_session(place, "line_number, TRIM(column_name)")


@fact(ERRORS, "sql_queries.py: rejections", True)
def rejected_record_is_on_record_with_the_whole_name_of_its_file(place: Place) -> Any:
    place.table("a INTEGER")
    url = place.put("bad.json", ONE_BAD)
    place.copy(url, f"{AUTO} MAXERROR 2")
    return errors_of_session(place, "TRIM(file_name)") == [(url,)]


@fact(ERRORS, "sql_queries.py: rejections", [(2,)])
def rejected_records_can_be_asked_for_by_a_time_that_a_table_holds(place: Place) -> Any:
    place.table("a INTEGER")
    place.run("CREATE TEMP TABLE began AS SELECT GETDATE() - INTERVAL '1 minute' AS at")
    place.load(ONE_BAD, f"{AUTO} MAXERROR 2")
    began = "start_time >= (SELECT at FROM began) AND line_number"
    return errors_of_session(place, f"CASE WHEN {began} = 2 THEN line_number END")


@fact(ERRORS, "sql_queries.py: rejections", [(2,)])
def records_of_a_failed_copy_outlive_the_rollback(place: Place) -> Any:
    place.table("a INTEGER")
    error_of(lambda: place.load(ONE_BAD))
    place.session.rollback()
    return errors_of_session(place, "line_number")


@fact(JSON_USAGE, "dwh/loading/bad_records.py: record_texts", [(4,)])
def record_of_several_lines_is_reported_at_its_last(place: Place) -> Any:
    place.table("a INTEGER")
    place.load('{"a": 1}\n{\n"a": "x"\n}\n', f"{AUTO} MAXERROR 2")
    return errors_of_session(place, "line_number")


@fact(ERRORS, "dwh/loading/bad_records.py: TOO_LONG", [("String length exceeds DDL length", "5")])
def text_is_measured_in_bytes_and_the_reason_names_the_ddl_length(place: Place) -> Any:
    place.table("a VARCHAR(5)")
    place.load('{"a": "\u00e9\u00e9\u00e9"}', f"{AUTO} MAXERROR 2")
    return errors_of_session(place, "TRIM(error_message), TRIM(column_length)")


@fact(
    f"{GUIDE}/loading-data-files-using-manifest.html",
    "dwh/loading/manifests.py: write_manifests",
    ["", "XX000"],
)
def copy_fails_over_a_mandatory_file_that_is_missing(place: Place) -> Any:
    place.table("a INTEGER")
    there = place.put("data.json", TWO_GOOD)
    codes = []
    for urls in ([there], [there, f"{there}-missing"]):
        entries = [{"url": url, "mandatory": True} for url in urls]
        manifest = place.put("list.manifest", json.dumps({"entries": entries}))
        codes.append(error_of(lambda url=manifest: place.copy(url, f"MANIFEST {AUTO}"))[0])  # type: ignore[misc]
    return codes


@fact(JSON_USAGE, "sql_queries.py: staging_songs_create", [(None, "b")])
def auto_matches_keys_to_columns_by_case(place: Place) -> Any:
    place.table("firstname VARCHAR(9), other VARCHAR(9)")
    place.load('{"firstName": "a", "other": "b"}')
    return place.run("SELECT firstname, other FROM t")


@fact(JSON_USAGE, "dwh/loading/required_values.py: check_required_values", [(None, 1)])
def key_that_is_missing_loads_null(place: Place) -> Any:
    place.table("a INTEGER, b INTEGER")
    place.load('{"b": 1}')
    return place.run("SELECT a, b FROM t")


@fact(JSON_FORMAT, "dwh/json_paths.py: read_json_paths", ("XX000", True))
def copy_fails_unless_there_are_as_many_paths_as_columns(place: Place) -> Any:
    place.table("a INTEGER, b INTEGER")
    paths = place.put("paths.json", '{"jsonpaths": ["$.a"]}')
    code, text = error_of(lambda: place.load(TWO_GOOD, f"FORMAT AS JSON '{paths}'"))
    return code, bool(re.search("(?i)jsonpath", text)) or text


@fact(JSON_FORMAT, "dwh/json_paths.py: PATH", [(1, 2)])
def paths_fill_the_columns_in_their_order(place: Place) -> Any:
    place.table("a INTEGER, b INTEGER")
    paths = place.put("paths.json", """{"jsonpaths": ["$['x']", "$['y']['z'][1]"]}""")
    place.load('{"x": 1, "y": {"z": [0, 2]}}', f"FORMAT AS JSON '{paths}'")
    return place.run("SELECT a, b FROM t")


@fact(JSON_USAGE, "sql_queries.py: batch_users_create", [("", None)])
def empty_text_stays_a_text_and_is_null_in_other_types(place: Place) -> Any:
    place.table("a VARCHAR(9), b INTEGER")
    place.load('{"a": "", "b": ""}')
    return place.run("SELECT a, b FROM t")


@fact(JSON_USAGE, "sql_queries.py: staging_events_create", [(39, 1540919166796)])
def number_may_be_quoted_or_have_a_zero_fraction(place: Place) -> Any:
    place.table("a INTEGER, b BIGINT")
    place.load('{"a": "39", "b": 1540919166796.0}')
    return place.run("SELECT a, b FROM t")


@fact(JSON_USAGE, "sql_queries.py: staging_events_create", ["1541105830796"])
def whole_number_into_varchar_keeps_its_digits(place: Place) -> Any:
    place.table("a VARCHAR(64)")
    place.load('{"a": 1541105830796}')
    return [place.value("SELECT a FROM t")]


@fact(
    f"{GUIDE}/copy-parameters-data-conversion.html#copy-trimblanks",
    "sql_queries.py: copy_template",
    [("x", 1)],
)
def trimblanks_cuts_blanks_at_the_end_of_varchar(place: Place) -> Any:
    place.table("a VARCHAR(9)")
    place.load('{"a": "x  "}', f"{AUTO} TRIMBLANKS")
    return place.run("SELECT a, LEN(a) FROM t")


@fact(
    ERRORS,
    "dwh/loading/packing.py: Parts",
    [(2,)],
)
def lines_of_a_gzip_file_are_counted_uncompressed(place: Place) -> Any:
    place.table("a INTEGER")
    place.load(gzip.compress(ONE_BAD.encode()), f"GZIP {AUTO} MAXERROR 2")
    return errors_of_session(place, "line_number")


@fact(f"{GUIDE}/r_BEGIN.html", "etl.py: load", 0)
def copy_is_undone_with_its_transaction(place: Place) -> Any:
    place.table("a INTEGER")
    place.session.commit()
    place.load(TWO_GOOD)
    place.session.rollback()
    return place.value("SELECT COUNT(*) FROM t")


@fact(f"{GUIDE}/SYS_LOAD_DETAIL.html", "sql_queries.py: copied_lines", [(2,)])
def lines_of_a_copy_are_on_record_within_its_own_transaction(place: Place) -> Any:
    place.table("a INTEGER")
    place.load(TWO_GOOD)
    query = "SELECT lines_scanned FROM sys_load_detail WHERE query_id IN "
    query += "(SELECT query_id FROM sys_load_history WHERE session_id = PG_BACKEND_PID())"
    found: list[tuple[Any, ...]] = []
    for _ in polling(RECORD_SECONDS):
        if found := place.run(query):
            break
    return found


@fact(
    f"{GUIDE}/copy-parameters-authorization.html",
    "dwh/loading/copy_errors.py: NOT_TAKEN",
    True,
)
def copy_names_a_role_that_it_cannot_take(place: Place) -> Any:
    place.table("a INTEGER")
    url, place.role = place.put("data.json", TWO_GOOD), f"{place.role}-other"
    _, text = error_of(lambda: place.copy(url))
    return bool(re.search(NOT_TAKEN, text)) or text
