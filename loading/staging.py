"""COPY, from S3 into the staging tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import sql_queries
from aws import polling
from dwh import Config
from errors import DwhError, first_line, passing_reason
from loading.files import Manifest, sources, write_lists
from loading.progress import watched
from loading.run import Copied, Run
from terminal import counted, step

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

LONGEST_VALUE = 60
# Bad records that are shown together.
SHOWN_RECORDS = 10
# How long Redshift may take to have all on record of a COPY that it has done.
RECORD_SECONDS = 30
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
    if run.rejected > config.max_bad_records:
        cursor.execute(sql_queries.first_refused_records, run.values())
        raise bad_records(cursor.fetchall(), config, run)
    cursor.execute(sql_queries.rejected_records_insert, run.values())


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
    try:
        cursor.execute(query)
    except psycopg2.InternalError as error:
        if passing_reason(error, is_repeated=False):
            raise
        raise explain_copy(cursor, error, config, run, table) from error
    return find_copied(cursor, manifest.is_packed)


def find_copied(cursor: cursor, is_packed: bool) -> Copied:
    """What the COPY that has just run has come to, once Redshift has all of it on record.

    If that never agrees, the checks say what is missing.
    """
    (copy_id,) = ask(cursor, sql_queries.last_copy)
    found = Copied(copy_id, is_packed)
    for _ in polling(RECORD_SECONDS):
        if history := ask(cursor, sql_queries.copy_history, copy_id=copy_id):
            files = ask(cursor, sql_queries.copied_files, copy_id=copy_id)
            (refused,) = ask(cursor, sql_queries.refused_records, copy_id=copy_id)
            found = Copied(copy_id, is_packed, *map(int, (*history, *files)))
            if (found.files, refused) == (found.found, found.rejected):
                break
    return found


def ask(cursor: cursor, query: str, **values: Any) -> Any:
    """The one row that a query returns, None without."""
    cursor.execute(query, values)
    return cursor.fetchone()


# ---------------------------------------------------------------------------- why it failed


def explain_copy(
    cursor: cursor, error: Exception, config: Config, run: Run, table: str
) -> DwhError:
    """Why a COPY failed: what is missing in S3, or the records that it refused."""
    message = str(error)
    source = sources(config).get(table, ("", table))[1]
    view = re.search("stl_load_errors|sys_load_error_detail", message)
    if view:
        cursor.connection.rollback()
        cursor.execute(sql_queries.newest_load_errors[view[0]])
        return bad_records(cursor.fetchall(), config, run)
    file = re.search(r"S3 key being read : (s3://\S+)", message)
    reason = re.sub(",Rid .*", "", first_line(error))
    what = f"{file[1] if file else source} cannot be loaded: {reason}"
    if re.search(NOT_TAKEN, message):
        return RoleError(what, "the cluster may not take its role: run python setup_env.py again")
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


def bad_records(errors: list[tuple[Any, ...]], config: Config, run: Run) -> DwhError:
    """The records that COPY refused: where they are, and why."""
    details = []
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
