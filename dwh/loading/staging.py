"""COPY, from S3 into the staging tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import sql_queries
from dwh.aws import polling
from dwh.config import Config
from dwh.errors import DwhError, first_line, passing_reason
from dwh.loading.files import Manifest, sources, write_lists
from dwh.loading.progress import watched
from dwh.loading.run import NO_COPY, Copied, Run
from dwh.terminal import counted, step

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

LONGEST_VALUE = 60
# Bad records that are shown together.
SHOWN_RECORDS = 10
# How long Redshift may take to have on record which records a COPY has rejected.
RECORD_SECONDS = 30
# https://docs.aws.amazon.com/redshift/latest/dg/r_COPY_command_examples.html
LOADED = re.compile(r"completed, (\d+) record\(s\) loaded successfully")
REJECTED = re.compile(r"completed, (\d+) record\(s\) could not be loaded")
NOT_TAKEN = "not authorized to assume|Not authorized to get credentials|not associated"


class RoleError(DwhError):
    """The cluster cannot take its role, or not yet."""


def stage(cursor: cursor, config: Config, role: str, run: Run) -> None:
    """Replace what is staged by the new files. Raises DwhError for what cannot be loaded."""
    for clear in sql_queries.clear_staging_queries.values():
        cursor.execute(clear)
    for table, manifests in write_lists(config, role, run.files, run.places).items():
        run.copies[table] = []
        with step(f"copy {table}") as current, watched(config, cursor, current):
            for manifest in manifests:
                run.copies[table].append(copy(cursor, config, role, run, table, manifest))
            rows, rejected = run.copied(table)
            current.result = counted(rows, "row") + (f", {rejected} rejected" if rejected else "")
        run.done(f"copy {table}", current.seconds, rows)
    cursor.execute(sql_queries.copied_lines, run.values())
    run.lines.update(cursor.fetchall())
    if run.rejected:
        keep_rejected(cursor, config, run)


def copy(
    cursor: cursor, config: Config, role: str, run: Run, table: str, manifest: Manifest
) -> Copied:
    """Copy the files of a manifest to their table, and explain why if that fails.

    It goes on for some bad records more than are allowed, so that they can be shown together.
    """
    import psycopg2

    json = config.log_json_paths if table == "staging_events" else "auto"
    allowed = max(config.max_bad_records - run.rejected, 0)
    most = 1 if table == "staging_files" else allowed + SHOWN_RECORDS
    query = sql_queries.copy_query(
        table, manifest.url, json, role, config.s3_region, most, manifest.is_packed
    )
    cursor.connection.notices.clear()
    try:
        cursor.execute(query)
    except psycopg2.InternalError as error:
        if passing_reason(error, is_repeated=False):
            raise
        raise explain_copy(cursor, error, config, run, table) from error
    return read_answer(cursor, table, manifest.is_packed)


def read_answer(cursor: cursor, table: str, is_packed: bool) -> Copied:
    """What the COPY that has just run says of itself, in its notices and its count.

    Nothing else decides a load: the system views may be late with their rows, and the ids of the
    STL tables and of the SYS views are not the same.
    https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_system-tables.html
    Raises DwhError unless the two agree: a COPY leaves records out and says so in a notice only.
    """
    said = " ".join(line.strip() for line in cursor.connection.notices)
    cursor.execute(sql_queries.last_copy)
    copy_id, count = cursor.fetchone() or (NO_COPY, 0)
    loaded, rejected = (sum(map(int, words.findall(said))) for words in (LOADED, REJECTED))
    if not LOADED.search(said) or loaded != count:
        what = (
            f"the COPY of {table} has loaded {counted(count, 'row')}, and says: {said or 'nothing'}"
        )
        hint = "nothing was changed; see whether something between here and Redshift drops notices"
        raise DwhError(what, hint)
    return Copied(copy_id, is_packed, loaded, rejected)


# ---------------------------------------------------------------------------- rejected records


def keep_rejected(cursor: cursor, config: Config, run: Run) -> None:
    """Keep the records that COPY has rejected.

    Here alone a load needs the rows of a system view: COPY tells how many, but not which. Raises
    DwhError if there are more than allowed, or if Redshift does not say in time which they are.
    """
    shown = wait_for_rows(cursor, sql_queries.count_rejected, run, run.rejected)
    if run.rejected > config.max_bad_records:
        cursor.execute(sql_queries.first_rejected_records, run.values())
        raise bad_records(cursor.fetchall(), config, run)
    if shown < run.rejected:
        what = f"COPY rejected {counted(run.rejected, 'record')}, and stl_load_errors shows {shown}"
        what += f" after {RECORD_SECONDS} s"
        hint = "nothing was changed; run the script again, or mend the files: MAX_BAD_RECORDS = 0"
        raise DwhError(what, hint)
    cursor.execute(sql_queries.rejected_records_insert, run.values())


def wait_for_rows(cursor: cursor, query: str, run: Run, number: int) -> int:
    """Wait, at most RECORD_SECONDS, until a query counts as many rows; how many it has counted."""
    shown = 0
    for _ in polling(RECORD_SECONDS):
        cursor.execute(query, run.values())
        (shown,) = cursor.fetchone() or (0,)
        if shown >= number:
            break
    return shown


# ---------------------------------------------------------------------------- why it failed


def explain_copy(
    cursor: cursor, error: Exception, config: Config, run: Run, table: str
) -> DwhError:
    """Why a COPY failed: what is missing in S3, or the records that it rejected."""
    message = str(error)
    source = sources(config).get(table, ("", table))[1]
    # Newer builds name the SYS view; a cluster has the STL table too, which also has the values.
    if re.search("stl_load_errors|sys_load_error_detail", message):
        cursor.connection.rollback()
        wait_for_rows(cursor, sql_queries.count_failed_records, run, 1)
        cursor.execute(sql_queries.failed_records, run.values())
        return bad_records(cursor.fetchall(), config, run)
    file = re.search(r"S3 key being read : (s3://\S+)", message)
    reason = re.sub(",Rid .*", "", first_line(error))
    what = f"{file[1] if file else source} cannot be loaded: {reason}"
    if re.search(NOT_TAKEN, message):
        return RoleError(what, "the cluster may not take its role: run python setup_env.py again")
    if file and "AccessDenied" in message:
        return DwhError(what, denied_hint(file[1], config))
    for pattern, hint in COPY_HINTS.items():
        if re.search(pattern, message):
            return DwhError(what, hint)
    return DwhError(what, "see the message of Redshift; nothing was changed")


COPY_HINTS = {
    "NoSuchBucket": "there is no such bucket; check [s3] in dwh.cfg",
    "NoSuchKey": "there is no such file now; check LOG_JSON_PATHS in dwh.cfg, or try again",
    "PermanentRedirect": "the bucket is elsewhere; set REGION in [s3] of dwh.cfg",
    "(?i)jsonpath": "correct the file that LOG_JSON_PATHS in dwh.cfg names",
    "AccessDenied": "the cluster's role may not read this; run python setup_env.py again",
}


def denied_hint(url: str, config: Config) -> str:
    """What to do about a file that S3 does not give.

    It answers 403 to both, a file that is missing and one that is forbidden, unless the role may
    list the whole bucket: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    missing = "if it has gone since it was listed, run the script again"
    if url == config.log_json_paths:
        missing = "if there is no such file, check LOG_JSON_PATHS in dwh.cfg"
    return f"{missing}; if the cluster's role may not read it, run python setup_env.py"


def bad_records(errors: list[tuple[Any, ...]], config: Config, run: Run) -> DwhError:
    """The records that COPY rejected: where they are, and why."""
    details = [] if errors else [f"stl_load_errors does not show them after {RECORD_SECONDS} s"]
    for part, line_of_part, column, value, reason in errors:
        file, line = run.original(part, line_of_part)
        place = f", column {column}, value {shortened(value or '')!r}" if column else ""
        details.append(f"{file} line {line}{place}: {reason}")
    what = f"there are bad records, and MAX_BAD_RECORDS in dwh.cfg allows {config.max_bad_records}"
    hint = "nothing was changed; correct these files, or move away what is no plain JSON"
    return DwhError(what, hint, details)


def shortened(value: str) -> str:
    """The beginning of a long value, and that it is only this."""
    return value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 1]}\u2026"
