"""Why a COPY failed: what is missing in S3, what is forbidden, or what no record can be."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from dwh.aws import s3_client
from dwh.config import Config
from dwh.errors import DwhError, RoleError, first_line
from dwh.loading.bad_records import RECORD_SECONDS, wait_for_bad_records, with_values
from dwh.loading.run import BadRecord, Run
from dwh.loading.source_files import format_of, is_utf8, read_beginning
from dwh.sources import sources
from dwh.terminal import plural, shorten

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

# For so many bad records more than are allowed a COPY goes on, so that they can be shown together.
# Both are at most the 100,000 that COPY takes, as dwh.cfg's reader sees to.
COUNTED_RECORDS = 1000
SHOWN_FILES, SHOWN_OF_A_FILE = 10, 2
NOT_TAKEN = "not authorized to assume|Not authorized to get credentials|not associated"
COPY_HINTS = {
    "NoSuchBucket": "there is no such bucket; check [s3] in dwh.cfg",
    "NoSuchKey": "there is no such file now; check LOG_JSON_PATHS in dwh.cfg, or try again",
    "PermanentRedirect": "the bucket is elsewhere; set REGION in [s3] of dwh.cfg",
    "(?i)jsonpath": "correct the file that LOG_JSON_PATHS in dwh.cfg names",
    "AccessDenied": "the cluster's role may not read this; run python setup_env.py again",
    "": "see the message of Redshift; nothing was changed",
}


def explain_copy(
    cursor: cursor, error: Exception, run: Run, table: str, files: list[str]
) -> DwhError:
    """Why the COPY of these files failed: what is missing in S3, or the records it rejected."""
    message = str(error)
    source = sources(run.config).get(table, ("", table))[1]
    if re.search("stl_load_errors|sys_load_error_detail", message):
        cursor.connection.rollback()
        found = wait_for_bad_records(cursor, run, 1, files)
        return too_many(found, f"at least {len(found):,} bad records", run)
    file = re.search(r"S3 key being read : (s3://\S+)", message)
    reason = re.sub(",Rid .*", "", first_line(error))
    what = f"{file[1] if file else source} cannot be loaded: {reason}"
    if re.search(NOT_TAKEN, message):
        return RoleError(what, "the cluster may not take its role: run python setup_env.py again")
    if file and "AccessDenied" in message:
        return DwhError(what, denied_hint(file[1], run.config))
    hint = next(hint for pattern, hint in COPY_HINTS.items() if re.search(pattern, message))
    return DwhError(what, hint)


def denied_hint(url: str, config: Config) -> str:
    """What to do about a file that S3 does not give.

    It answers 403 to both, a file that is missing and one that is forbidden, unless the role may
    list the whole bucket: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    missing = "if it has gone since it was listed, run the script again"
    if url == config.log_json_paths:
        missing = "if there is no such file, check LOG_JSON_PATHS in dwh.cfg"
    return f"{missing}; if the cluster's role may not read it, run python setup_env.py"


def too_many(records: list[BadRecord], number: str, run: Run) -> DwhError:
    """The error of records that COPY rejected: where they are, and why."""
    by_file: dict[str, list[BadRecord]] = {}
    for record in records:
        by_file.setdefault(record.file, []).append(record)
    details = []
    for file in list(by_file)[:SHOWN_FILES]:
        details += describe(run, file, by_file[file])
    if len(by_file) > SHOWN_FILES:
        details.append(f"and {plural(len(by_file) - SHOWN_FILES, 'more file')}")
    if not records:
        details = [f"sys_load_error_detail does not show them after {RECORD_SECONDS} s"]
    what = f"{number}, and MAX_BAD_RECORDS in dwh.cfg allows {run.config.max_bad_records}"
    hint = "nothing was changed; correct these files, or move away what is no plain JSON"
    return DwhError(what, hint, details)


def describe(run: Run, file: str, records: list[BadRecord]) -> list[str]:
    """What is wrong with a file: what it is, if it is no plain JSON, or some of its bad records."""
    shown, end = records[:SHOWN_OF_A_FILE], ""
    with suppress(Exception):  # whoever may not read the file sees the records without values
        content = read_beginning(s3_client(run.config), file)
        if known := format_of(content):
            return [f"{file} {known}"]
        if not is_utf8(content):
            shown, end = records[:1], "; the file is not in UTF-8"
        shown = with_values(run, shown)
    more = len(records) - len(shown)
    lines = [in_words(each) + end for each in shown]
    return lines + ([f"and {more} more in {file}"] if more else [])


def in_words(record: BadRecord) -> str:
    """Where a record is, the value that it is rejected for, and why."""
    value = f", column {record.column}, value {shorten(record.value)!r}" if record.column else ""
    return f"{record.file} line {record.line}{value}: {record.reason}"
