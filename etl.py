"""Load the warehouse: copy the files from S3 to the staging tables, and these into the star.

All of it is one transaction: the analysts see the old star until the new one has passed its
checks. Loading the same files again changes nothing.

Example:
    python etl.py
"""

from __future__ import annotations

import re
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sql_queries
from aws import polling, role_arn
from dwh import Config, load_config, transaction
from errors import ChecksError, DwhError, first_line
from terminal import counted, parser, print_table, run, say, step

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

LONGEST_VALUE = 60
# IAM tells Redshift of a new or changed role within about a minute.
ROLE_DELAY_SECONDS = 60
FIRST_PAUSE_SECONDS = 2
NOT_TAKEN = "not authorized to assume|Not authorized to get credentials|not associated"


class RoleError(DwhError):
    """The cluster cannot take its role, or not yet."""


def main(argv: list[str] | None = None) -> int:
    """Stage, transform, check, commit; then say what is in the warehouse."""
    config = load_config(parser(__doc__).parse_args(argv).config)
    role = role_arn(config)
    for _ in polling(ROLE_DELAY_SECONDS, FIRST_PAUSE_SECONDS):
        try:
            load(config, role)
            return 0
        except RoleError as error:
            refusal = error
            say("waiting until Redshift may take the role: IAM can need a minute to tell it")
    raise refusal


def load(config: Config, role: str) -> None:
    """Load everything in one transaction. Raises RoleError while the role cannot be taken."""
    seconds: dict[str, float] = {}
    with transaction(config) as cursor:
        lock(cursor)
        before = count_rows(cursor)
        stage(cursor, config, role, seconds)
        transform(cursor, before, seconds)
        check(cursor)
        after = count_rows(cursor)
        matched = count(cursor, sql_queries.matched_plays_count)
    report(before, after, seconds, matched)


def lock(cursor: cursor) -> None:
    """Let no other load work on the same tables; wait for one that does."""
    with step("staging tables") as current, current.waiting("waiting for other loads"):
        cursor.execute(sql_queries.lock_staging)
        current.result = "locked"


def stage(cursor: cursor, config: Config, role: str, seconds: dict[str, float]) -> None:
    """Replace what is staged by the files that S3 holds now."""
    sources = {
        "staging_events": (config.log_data, config.log_json_paths),
        "staging_songs": (config.song_data, "auto"),
    }
    for table, (source, json) in sources.items():
        with step(f"copy {table}") as current:
            cursor.execute(sql_queries.clear_staging_queries[table])
            copy(cursor, table, source, json, role, config.s3_region)
            current.result = counted(count(cursor, sql_queries.count_queries[table]), "row")
            seconds[table] = current.seconds


def copy(cursor: cursor, table: str, source: str, json: str, role: str, region: str) -> None:
    """Copy one table's files, and explain why if that fails."""
    import psycopg2

    try:
        cursor.execute(sql_queries.copy_query(table, source, json, role, region))
    except psycopg2.InternalError as error:
        raise explain_copy(cursor, error, table, source) from error


def explain_copy(cursor: cursor, error: Exception, table: str, source: str) -> DwhError:
    """Why a COPY failed: what is missing in S3, or the records that it refused."""
    message = str(error)
    view = re.search("stl_load_errors|sys_load_error_detail", message)
    if view:
        cursor.connection.rollback()
        cursor.execute(sql_queries.newest_load_errors[view[0]])
        return bad_records(table, source, cursor.fetchall())
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
    "S3 prefix .* does not exist": (
        "nothing in S3 starts like this; check LOG_DATA and SONG_DATA in dwh.cfg"
    ),
    "NoSuchBucket": "there is no such bucket; check [s3] in dwh.cfg",
    "NoSuchKey": "there is no such file; check LOG_JSON_PATHS in dwh.cfg",
    "PermanentRedirect": "the bucket is elsewhere; set REGION in [s3] of dwh.cfg",
    "(?i)jsonpath": "correct the file that LOG_JSON_PATHS in dwh.cfg names",
    "AccessDenied": "the cluster's role may not read this; run python setup_env.py again",
}


def bad_records(table: str, source: str, errors: list[tuple[Any, ...]]) -> DwhError:
    """The records that a COPY refused: where they are, and why."""
    details = []
    for file, line, column, value, reason in errors:
        place = f", column {column}, value {shortened(value or '')!r}" if column else ""
        details.append(f"{file} line {line}{place}: {reason}")
    what = f"{source} has records that do not fit {table}"
    return DwhError(what, "correct or remove these files; nothing was changed", details)


def shortened(value: str) -> str:
    """The beginning of a long value, and that it is only this."""
    return value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 1]}\u2026"


def transform(cursor: cursor, before: dict[str, int], seconds: dict[str, float]) -> None:
    """Bring the star up to date with what is staged."""
    for table, statements in sql_queries.transform_queries.items():
        with step(f"transform {table}") as current:
            for statement in statements:
                fill(cursor, table, statement)
            new = count(cursor, sql_queries.count_queries[table]) - before[table]
            current.result = counted(new, "new row")
            seconds[table] = current.seconds


def fill(cursor: cursor, table: str, statement: str) -> None:
    """Run a statement of the transform, and say where a value did not fit."""
    import psycopg2

    try:
        cursor.execute(statement)
    except psycopg2.DataError as error:  # SQLSTATE class 22
        what = f"{table} cannot be filled: {first_line(error)}"
        hint = "a value of the files does not fit; look for it in LOG_DATA and SONG_DATA"
        raise DwhError(what, hint) from error


def check(cursor: cursor) -> None:
    """Refuse to publish a star that is not sound."""
    with step("check") as current:
        counts = {name: count(cursor, query) for name, query in sql_queries.checks.items()}
        faults = [
            f"{name}: {counted(found, 'exception')}" for name, found in counts.items() if found
        ]
        if faults:
            what = f"the data failed {len(faults)} of {len(counts)} checks"
            hint = "nothing was published; query the source for records without keys"
            raise ChecksError(what, hint, faults)
        current.result = f"{len(counts)} checks passed"


def count(cursor: cursor, query: str) -> int:
    """The one number that a query returns."""
    cursor.execute(query)
    (number,) = cursor.fetchone() or (0,)
    return int(number)


def count_rows(cursor: cursor) -> dict[str, int]:
    """The rows of each table."""
    return {name: count(cursor, query) for name, query in sql_queries.count_queries.items()}


def report(
    before: dict[str, int], after: dict[str, int], seconds: dict[str, float], matched: int
) -> None:
    """Print what each table holds, what is new in it, and how long that took."""
    rows: list[tuple[Any, ...]] = []
    for table, now in after.items():
        new = None if table.startswith("staging") else now - before[table]
        rows.append((table, now, new, Decimal(f"{seconds[table]:.2f}")))
        if table == "songplays":
            rows.append(("- matched to a song", matched, None, None))
    print_table("Warehouse", ("table", "rows", "new rows", "seconds"), rows)
    say("Next: python query.py")


if __name__ == "__main__":
    sys.exit(run(main))
