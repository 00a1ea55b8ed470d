"""The records that COPY has rejected, and the load goes on without."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import sql_queries
from dwh.aws import s3_client
from dwh.errors import DwhError
from dwh.loading.bad_records import RECORD_SECONDS, wait_for_bad_records, with_values
from dwh.loading.copy_errors import too_many
from dwh.loading.packing import READERS
from dwh.loading.run import BadRecord, Run
from dwh.loading.source_files import format_of, is_unreadable, read_beginning
from dwh.terminal import plural

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

# A statement has at most 16 MB, and a value here at most 4 kB.
ROWS_A_STATEMENT = 1000


def keep_rejected_records(cursor: cursor, run: Run) -> None:
    """Keep the records that COPY has rejected.

    Here alone a load needs the rows of a system view: COPY tells how many, but not which. Raises
    DwhError if there are more than allowed, or if Redshift does not say in time which they are.
    """
    found = wait_for_bad_records(cursor, run, run.rejected)
    if run.rejected > run.config.max_bad_records:
        raise too_many(found, plural(run.rejected, "bad record"), run)
    if len(found) < run.rejected:
        what = f"COPY rejected {plural(run.rejected, 'record')}, and sys_load_error_detail shows"
        what += f" {len(found)} after {RECORD_SECONDS} s"
        hint = "nothing was changed; run the script again, or mend the files: MAX_BAD_RECORDS = 0"
        raise DwhError(what, hint)
    refuse_unreadable_files(run, found)
    run.rejections = with_values(run, found)
    insert(cursor, run)


def insert(cursor: cursor, run: Run) -> None:
    """Enter the records that the load goes on without."""
    from psycopg2.extras import execute_values

    rows = [
        (run.run_id, each.file, each.line, each.column, each.value, each.reason)
        for each in run.rejections
    ]
    execute_values(cursor, sql_queries.rejected_records_insert, rows, page_size=ROWS_A_STATEMENT)


def refuse_unreadable_files(run: Run, records: list[BadRecord]) -> None:
    """Raise DwhError for files that are no JSON at all: to COPY such a file can be one bad record.

    It does not tell which file a row is from, so that the files with bad records are looked at.
    """
    urls = {file.name: file.url for file in run.all_files}
    found = [urls[name] for name in dict.fromkeys(each.file for each in records) if name in urls]
    s3 = s3_client(run.config, READERS)
    with ThreadPoolExecutor(READERS) as pool:
        contents = pool.map(lambda url: read_beginning(s3, url), found)
        details = [
            f"{url} {format_of(content) or 'has no record that can be read'}"
            for url, content in zip(found, contents, strict=True)
            if is_unreadable(content)
        ]
    if details:
        what = f"nothing can be read of {plural(len(details), 'file')}"
        hint = "nothing was changed; MAX_BAD_RECORDS allows bad records, but no such file: mend it"
        raise DwhError(what, f"{hint}, or move it away", details)
