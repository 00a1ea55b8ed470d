"""The records that COPY has rejected, and the load goes on without."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import sql_queries
from dwh.aws import s3_client
from dwh.errors import DwhError
from dwh.loading.copy_errors import RECORD_SECONDS, bad_records, wait_for_rows
from dwh.loading.packing import READERS
from dwh.loading.run import Run
from dwh.loading.source_files import format_of, is_unreadable, read_beginning
from dwh.terminal import plural

if TYPE_CHECKING:
    from psycopg2.extensions import cursor


def keep_rejected_records(cursor: cursor, run: Run) -> None:
    """Keep the records that COPY has rejected.

    Here alone a load needs the rows of a system view: COPY tells how many, but not which. Raises
    DwhError if there are more than allowed, or if Redshift does not say in time which they are.
    """
    shown = wait_for_rows(cursor, sql_queries.count_rejected, run, run.rejected)
    if run.rejected > run.config.max_bad_records:
        cursor.execute(sql_queries.first_rejected_records, run.sql_parameters())
        raise bad_records(cursor.fetchall(), plural(run.rejected, "bad record"), run)
    if shown < run.rejected:
        what = f"COPY rejected {plural(run.rejected, 'record')}, and stl_load_errors shows {shown}"
        what += f" after {RECORD_SECONDS} s"
        hint = "nothing was changed; run the script again, or mend the files: MAX_BAD_RECORDS = 0"
        raise DwhError(what, hint)
    cursor.execute(sql_queries.rejected_records_insert, run.sql_parameters())
    cursor.execute(sql_queries.shown_rejections, run.sql_parameters())
    run.rejections = cursor.fetchall()
    refuse_unreadable_files(cursor, run)


def refuse_unreadable_files(cursor: cursor, run: Run) -> None:
    """Raise DwhError for files that are no JSON at all: to COPY such a file can be one bad record.

    It does not tell which file a row is from, so that the files with bad records are looked at.
    """
    urls = {file.name: file.url for file in run.all_files}
    cursor.execute(sql_queries.rejected_files, run.sql_parameters())
    found = [urls[name] for (name,) in cursor.fetchall() if name in urls]
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
