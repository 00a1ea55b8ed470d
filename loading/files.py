"""Which files are new in S3, and the lists of them that COPY loads by."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sql_queries
from aws import attempt, s3_client, work_bucket
from dwh import Config
from errors import DwhError

if TYPE_CHECKING:
    from psycopg2.extensions import cursor


@dataclass(frozen=True)
class File:
    """A file as S3 lists it; `size` in bytes. The ETag changes whenever the content does."""

    url: str
    etag: str
    size: int

    @property
    def name(self) -> str:
        """The URL as the ledger has it: Redshift does not tell texts by blanks at their ends."""
        bare = self.url.rstrip(" ")
        return bare + "%20" * (len(self.url) - len(bare))


def sources(config: Config) -> dict[str, tuple[str, str]]:
    """Where the files of each staging table are: the key in dwh.cfg, and how their URLs begin."""
    return {
        "staging_events": ("LOG_DATA", config.log_data),
        "staging_songs": ("SONG_DATA", config.song_data),
    }


def find_new(cursor: cursor, config: Config, everything: bool) -> dict[str, list[File]]:
    """By staging table, the files that the ledger does not know as they are now.

    `everything` takes those too that it knows. Raises DwhError if there never was a file.
    """
    s3, new = s3_client(config), {}
    for table, (key, url) in sources(config).items():
        listed = list_files(s3, key, url)
        known = ledger(cursor, table)
        if not listed and not any(file.startswith(url) for file in known):
            raise DwhError(f"nothing in S3 starts with {url}", f"check {key} in dwh.cfg")
        if files := [file for file in listed if everything or is_new(file, known)]:
            new[table] = files
    return new


def list_files(s3: Any, key: str, url: str) -> list[File]:
    """All files whose URLs begin so. Raises DwhError if there is no such bucket."""
    bucket, _, prefix = url.removeprefix("s3://").partition("/")

    def find() -> list[File]:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [
            File(f"s3://{bucket}/{each['Key']}", each["ETag"].strip('"'), each["Size"])
            for page in pages
            for each in page.get("Contents", [])
        ]

    found = attempt("NoSuchBucket", find)
    if found is None:
        raise DwhError(f"there is no bucket {bucket} in S3", f"check {key} in dwh.cfg")
    return list(found)


def ledger(cursor: cursor, table: str) -> dict[str, str]:
    """The ETags of the files that are in the star, by their URLs."""
    cursor.execute(sql_queries.known_files, {"table": table})
    return dict(cursor.fetchall())


def is_new(file: File, known: dict[str, str]) -> bool:
    """Whether the ledger does not know the file as it is now."""
    return known.get(file.name) != file.etag


def write_lists(config: Config, role: str, new: dict[str, list[File]]) -> dict[str, str]:
    """Write for COPY, by staging table, which files to load; the URLs of these manifests.

    The files themselves are the rows of one more table, staging_files. Raises DwhError if the
    bucket for it is not there. https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
    """
    account = role.split(":")[4]
    folder = f"s3://{work_bucket(account, config)}/{config.database}"
    rows = f"{folder}/staging_files.json"
    texts = {rows: "".join(as_json(row) + "\n" for row in ledger_rows(new))}
    urls = {table: [file.url for file in files if file.size] for table, files in new.items()}
    lists = {table: found for table, found in ({"staging_files": [rows]} | urls).items() if found}
    for table, found in lists.items():
        entries = [{"url": url, "mandatory": True} for url in found]
        texts[manifest(folder, table)] = as_json({"entries": entries})
    s3 = s3_client(config)
    for url, text in texts.items():
        write(s3, account, url, text)
    return {table: manifest(folder, table) for table in lists}


def as_json(value: Any) -> str:
    """JSON as Redshift is documented to read it, letters as they are and not as escapes."""
    return json.dumps(value, ensure_ascii=False)


def manifest(folder: str, table: str) -> str:
    """The URL of the list of a staging table's files."""
    return f"{folder}/{table}.manifest"


def ledger_rows(new: dict[str, list[File]]) -> list[dict[str, Any]]:
    """The rows of staging_files."""
    return [
        {"file": file.name, "etag": file.etag, "size": file.size, "staging_table": table}
        for table, files in new.items()
        for file in files
    ]


def write(s3: Any, account: str, url: str, text: str) -> None:
    """Write a file to our own bucket."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    body = text.encode()
    put, ours = s3.put_object, {"Bucket": bucket, "ExpectedBucketOwner": account}
    if attempt("NoSuchBucket", put, Key=key, Body=body, **ours) is None:
        raise DwhError(f"the bucket {bucket} is not there", "make it: python setup_env.py")
