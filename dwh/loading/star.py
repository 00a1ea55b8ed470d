"""From staging into the star: songs, artists, users, plays, and the times of the plays."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import sql_queries
from dwh.errors import DwhError, first_line
from dwh.loading.files import changed_files
from dwh.loading.run import LoadedPlays, Run
from dwh.terminal import plural, say, step

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

VALUE_ERRORS = "(?i)too long|overflow|out of range|invalid|divi(de|sion)|cannot cast"


def insert_into_star(cursor: cursor, run: Run) -> None:
    """Bring the star up to date with what is staged.

    Raises DwhError for a value that does not fit.
    """
    cursor.execute(sql_queries.staged_plays)
    run.first_play, run.last_play = cursor.fetchone() or (None, None)
    for table, statements in sql_queries.transform_queries.items():
        rows: Counter[str] = Counter()
        with step(f"transform {table}") as current:
            for statement in statements:
                rows.update(transform(cursor, table, statement, run))
            changed = rows["DELETE"] + rows["UPDATE"]
            new = rows["INSERT"] - rows["DELETE"]
            current.result = f"{plural(new, 'new row')}, {changed} changed"
        run.finish_step(f"transform {table}", current.seconds, new, changed)
    cursor.execute(sql_queries.loaded_plays, run.sql_parameters())
    run.plays = LoadedPlays(*map(int, cursor.fetchone() or ()))


def transform(cursor: cursor, table: str, statement: str, run: Run) -> dict[str, int]:
    """Run a statement of the transform; what it did to how many rows."""
    import psycopg2

    try:
        cursor.execute(statement, run.sql_parameters())
    except (psycopg2.DataError, psycopg2.InternalError) as error:
        # SQLSTATE 22xxx is the leader's; the compute nodes have XX000 for everything.
        if isinstance(error, psycopg2.InternalError) and not re.search(VALUE_ERRORS, str(error)):
            raise
        what = f"{table} cannot be filled: {first_line(error)}"
        hint = "a value of the files does not fit; look for it in LOG_DATA and SONG_DATA"
        raise DwhError(what, hint) from error
    return {(cursor.statusmessage or "").partition(" ")[0]: cursor.rowcount}


def record_files(cursor: cursor, run: Run) -> None:
    """Enter the files of the load into the ledger, as COPY has read them.

    Of a file that has changed since it was listed nobody knows that: it has no ETag there, and is
    loaded again by the next run.
    """
    if changed := changed_files(run):
        cursor.execute(sql_queries.staging_files_forget, {"files": tuple(f.name for f in changed)})
        say(f"warning: {plural(len(changed), 'file')} changed meanwhile, and will be loaded again")
    cursor.execute(sql_queries.loaded_files_delete)
    cursor.execute(sql_queries.loaded_files_insert, run.sql_parameters())
