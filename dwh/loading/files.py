"""Which files are new in S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sql_queries
from dwh.aws import attempt, s3_client, split_url
from dwh.errors import DwhError
from dwh.loading.run import File, Run
from dwh.sources import no_bucket, no_files, sources
from dwh.terminal import MEGABYTE, plural, say, step

# So many files are listed again one by one; of more, all that have the prefix are.
LISTED_ONE_BY_ONE = 20
# What share of the files that have been loaded is to be there still.
FEWEST = 0.5

if TYPE_CHECKING:
    from psycopg2.extensions import cursor


def find_new_files(cursor: cursor, run: Run) -> None:
    """Tell the run the files that the ledger does not know as they are now.

    Raises DwhError if there never was a file, or most are gone and nothing is new.
    """
    with step("files in S3") as current, current.waiting("listing"):
        s3 = s3_client(run.config)
        for table, (key, url) in sources(run.config).items():
            listed, known = list_files(s3, key, url), read_ledger(cursor, table)
            loaded = sum(file.startswith(url) for file in known)
            if not listed and not loaded:
                raise no_files(key, url)
            if files := [file for file in listed if is_new(file, known)]:
                run.files[table] = files
            if len(listed) < FEWEST * loaded:
                tell_loss(f"{key} lists {plural(len(listed), 'file')} under {url}", loaded, files)
        tell_gone(run)
        found, size = plural(len(run.all_files), "file"), run.bytes / MEGABYTE
        current.result = f"{found} to load, {size:.1f} MB" if run.files else "nothing new"
    run.finish_step("files in S3", current.seconds)


def tell_gone(run: Run) -> None:
    """Say which files the old star was made of that are gone, as a rebuild loads what is there."""
    if gone := run.files_before - {file.name for file in run.all_files}:
        others = f" and {plural(len(gone) - 1, 'more file')}" if len(gone) > 1 else ""
        say(f"warning: the new star is without {min(gone)}{others}, loaded before and gone since")


def tell_loss(what: str, loaded: int, new: list[File]) -> None:
    """Say that most files are gone that have been loaded. Raises DwhError if nothing is new."""
    what += f", where {loaded} have been loaded from"
    if new:
        say(f"warning: {what}")
        return
    hint = (
        "look for what has become of them; if they are to be gone, python etl.py --rebuild makes "
    )
    raise DwhError(what, f"{hint}the star of those that are left")


def list_files(s3: Any, key: str, url: str) -> list[File]:
    """All files whose URLs begin so. Raises DwhError if there is no such bucket."""
    bucket, prefix = split_url(url)

    def find() -> list[File]:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [
            File(
                f"s3://{bucket}/{each['Key']}",
                each["ETag"].strip('"'),
                each["Size"],
                str(each["LastModified"]),
            )
            for page in pages
            for each in page.get("Contents", [])
        ]

    found = attempt("NoSuchBucket", find)
    if found is None:
        raise no_bucket(key, url)
    return list(found)


def changed_files(run: Run) -> list[File]:
    """The files that are not, or have not been, as they were listed, since COPY may have read them.

    A file may be again what it was, so that the time of its last modification decides, too. What
    was packed was read as it was listed.
    """
    s3, changed = s3_client(run.config), []
    for table, (key, url) in sources(run.config).items():
        copied = [file for file in run.files.get(table, []) if file.url not in run.locations]
        urls = [file.url for file in copied] if len(copied) <= LISTED_ONE_BY_ONE else [url]
        now = {file for each in urls for file in list_files(s3, key, each)}
        changed += [file for file in copied if file not in now]
    return changed


def read_ledger(cursor: cursor, table: str) -> dict[str, str]:
    """The ETags of the files that are in the star, by their URLs."""
    cursor.execute(sql_queries.known_files, {"table": table})
    return dict(cursor.fetchall())


def is_new(file: File, known: dict[str, str]) -> bool:
    """Whether the ledger does not know the file as it is now."""
    return known.get(file.name) != file.etag
