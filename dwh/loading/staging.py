"""COPY, from S3 into the staging tables."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import sql_queries
from dwh.config import Config
from dwh.errors import DwhError
from dwh.json_paths import read_json_paths
from dwh.loading.attempts import passing_reason
from dwh.loading.copy_errors import COUNTED_RECORDS, explain_copy
from dwh.loading.manifests import Manifest, write_manifests
from dwh.loading.progress import show_copy_progress
from dwh.loading.rejected import keep_rejected_records
from dwh.loading.run import CopyResult, Run
from dwh.terminal import plural, step

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

# https://docs.aws.amazon.com/redshift/latest/dg/r_COPY_command_examples.html
LOADED = re.compile(r"completed, (\d+) record\(s\) loaded successfully")
REJECTED = re.compile(r"completed, (\d+) record\(s\) could not be loaded")


def copy_to_staging(cursor: cursor, run: Run) -> None:
    """Replace what is staged by the new files. Raises DwhError for what cannot be loaded."""
    if "staging_events" in run.files:
        check_json_paths(run.config)
    for clear in sql_queries.clear_staging_queries.values():
        cursor.execute(clear)
    for table, manifests in write_manifests(run).items():
        run.copies[table] = []
        with step(f"copy {table}") as current, show_copy_progress(run.config, cursor, current):
            for manifest in manifests:
                run.copies[table].append(copy(cursor, run, table, manifest))
            rows, rejected = run.copy_totals(table)
            current.result = plural(rows, "row") + (f", {rejected} rejected" if rejected else "")
        run.finish_step(f"copy {table}", current.seconds, rows)
    count_lines(cursor, run)
    if run.rejected:
        keep_rejected_records(cursor, run)


def count_lines(cursor: cursor, run: Run) -> None:
    """Tell the run which COPYs have as many lines on record as they have found records.

    The system views may be late with that: then the ledger does not tell the rows of each file.
    """
    cursor.execute(sql_queries.copied_lines, run.sql_parameters())
    found = cursor.fetchall()
    if len(found) == len(run.all_copies):
        both = zip(found, run.all_copies, strict=True)
        run.counted_copies += [each for (each, lines), copy in both if lines == copy.records]


def check_json_paths(config: Config) -> None:
    """Raise DwhError if COPY could not use LOG_JSON_PATHS; if we may not read it, COPY decides."""
    from botocore.exceptions import ClientError

    with suppress(ClientError):
        read_json_paths(config)


def copy(cursor: cursor, run: Run, table: str, manifest: Manifest) -> CopyResult:
    """Copy the files of a manifest to their table, and explain why if that fails.

    It goes on for some bad records more than are allowed, so that they can be shown together, but
    for no more than COPY takes:
    https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-load.html
    """
    import psycopg2

    config = run.config
    json = config.log_json_paths if table == "staging_events" else "auto"
    allowed = max(config.max_bad_records - run.rejected, 0)
    most = 1 if table == "staging_files" else allowed + COUNTED_RECORDS
    query = sql_queries.copy_query(
        table, manifest.url, json, run.role, config.s3_region, most, manifest.is_packed
    )
    cursor.connection.notices.clear()
    try:
        cursor.execute(query)
    except psycopg2.InternalError as error:
        if passing_reason(error, is_repeated=False):
            raise
        raise explain_copy(cursor, error, run, table, manifest.files) from error
    return read_answer(cursor, table, manifest.is_packed)


def read_answer(cursor: cursor, table: str, is_packed: bool) -> CopyResult:
    """What the COPY that has just run says of itself, in its notices and its count.

    Nothing else decides a load, as the system views may be late with their rows. Raises DwhError
    unless the two agree: a COPY leaves records out and says so in a notice only.
    """
    said = " ".join(line.strip() for line in cursor.connection.notices)
    cursor.execute(sql_queries.last_copy)
    (count,) = cursor.fetchone() or (0,)
    loaded, rejected = (sum(map(int, words.findall(said))) for words in (LOADED, REJECTED))
    if not LOADED.search(said) or loaded != count:
        what = (
            f"the COPY of {table} has loaded {plural(count, 'row')}, and says: {said or 'nothing'}"
        )
        hint = "nothing was changed; see whether something between here and Redshift drops notices"
        raise DwhError(what, hint)
    return CopyResult(is_packed, loaded, rejected)
