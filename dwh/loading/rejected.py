"""The records that COPY has rejected, and the load goes on without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sql_queries
from dwh.errors import DwhError
from dwh.loading.copy_errors import RECORD_SECONDS, bad_records, wait_for_rows
from dwh.loading.run import Run
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
        raise bad_records(cursor.fetchall(), run)
    if shown < run.rejected:
        what = f"COPY rejected {plural(run.rejected, 'record')}, and stl_load_errors shows {shown}"
        what += f" after {RECORD_SECONDS} s"
        hint = "nothing was changed; run the script again, or mend the files: MAX_BAD_RECORDS = 0"
        raise DwhError(what, hint)
    cursor.execute(sql_queries.rejected_records_insert, run.sql_parameters())
