"""Which files are new in S3, and the lists of them that COPY loads by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import sql_queries
from dwh.aws import attempt, s3_client, work_bucket
from dwh.config import Config
from dwh.errors import DwhError

if TYPE_CHECKING:
    from psycopg2.extensions import cursor


@dataclass(frozen=True, slots=True)
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


class Place(NamedTuple):
    """Where COPY finds a file: the part that it is in, its lines there, and its records if known.

    A file that is not packed is its own part.
    """

    part: str
    first_line: int = 1
    last_line: int = 2**62
    record_count: int | None = None


class Manifest(NamedTuple):
    """A list of files for COPY, and whether they are parts, which are compressed."""

    url: str
    is_packed: bool


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
    bucket, prefix = split_url(url)

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


def write_lists(
    config: Config, role: str, new: dict[str, list[File]], places: dict[str, Place]
) -> dict[str, list[Manifest]]:
    """Write for COPY, by staging table, which files to load.

    The files themselves are the rows of one more table, staging_files. Raises DwhError if the
    bucket for it is not there. https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
    """
    folder = work_folder(config, role)
    rows, lists = f"{folder}/staging_files.json", {}
    texts = {rows: "".join(as_json(row) + "\n" for row in ledger_rows(new, places))}
    for table, urls in to_copy(new, places, rows).items():
        lists[table] = [Manifest(f"{folder}/{table}{end}", end == PACKED) for end in urls]
        for manifest, found in zip(lists[table], urls.values(), strict=True):
            entries = [{"url": url, "mandatory": True} for url in found]
            texts[manifest.url] = as_json({"entries": entries})
    s3, account = s3_client(config), role.split(":")[4]
    for url, text in texts.items():
        write(s3, account, url, text.encode())
    return lists


# How the names of manifests end: of files that are read as they are, and of packed ones.
PLAIN, PACKED = ".manifest", "-packed.manifest"


def to_copy(
    new: dict[str, list[File]], places: dict[str, Place], rows: str
) -> dict[str, dict[str, list[str]]]:
    """By staging table and manifest, what COPY has to read."""
    found: dict[str, dict[str, list[str]]] = {"staging_files": {PLAIN: [rows]}}
    for table, files in new.items():
        plain = [file.url for file in files if file.size and file.url not in places]
        parts = list({places[file.url].part: None for file in files if file.url in places})
        found[table] = {end: urls for end, urls in ((PLAIN, plain), (PACKED, parts)) if urls}
    return found


def as_json(value: Any) -> str:
    """JSON as Redshift is documented to read it, letters as they are and not as escapes."""
    return json.dumps(value, ensure_ascii=False)


def ledger_rows(new: dict[str, list[File]], places: dict[str, Place]) -> Iterator[dict[str, Any]]:
    """The rows of staging_files."""
    for table, files in new.items():
        for file in files:
            place = places.get(file.url, Place(file.name))
            listed = {"file": file.name, "etag": file.etag, "size": file.size}
            yield listed | {"staging_table": table} | place._asdict()


def work_folder(config: Config, role: str) -> str:
    """Where in our own bucket the files are that a load writes."""
    return f"s3://{work_bucket(role.split(':')[4], config)}/{config.database}"


def split_url(url: str) -> tuple[str, str]:
    """The bucket and the key, or the beginning of keys, that a URL names."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key


def write(s3: Any, account: str, url: str, body: Any) -> None:
    """Write bytes, or what a file has, to our own bucket."""
    bucket, key = split_url(url)
    put, ours = s3.put_object, {"Bucket": bucket, "ExpectedBucketOwner": account}
    if attempt("NoSuchBucket", put, Key=key, Body=body, **ours) is None:
        raise DwhError(f"the bucket {bucket} is not there", "make it: python setup_env.py")
