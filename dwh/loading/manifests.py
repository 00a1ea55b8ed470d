"""The lists of files that COPY loads by.

https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from dwh.loading.run import FileLocation, Run

# How the names of manifests end: of files that are read as they are, and of packed ones.
PLAIN, PACKED = ".manifest", "-packed.manifest"


class Manifest(NamedTuple):
    """A list of files for COPY, and whether they are parts, which are compressed."""

    url: str
    is_packed: bool
    files: list[str]


def write_manifests(run: Run) -> dict[str, list[Manifest]]:
    """Write for COPY, by staging table, which files to load.

    The files themselves are the rows of one more table, staging_files. Raises DwhError if the
    bucket for it is not there.
    """
    rows = "".join(as_json(row) + "\n" for row in ledger_rows(run))
    written = run.folder.write("staging_files.json", rows.encode())
    manifests: dict[str, list[Manifest]] = {}
    for table, lists in ({"staging_files": {PLAIN: [written]}} | to_copy(run)).items():
        manifests[table] = []
        for end, urls in lists.items():
            text = as_json({"entries": [{"url": url, "mandatory": True} for url in urls]})
            url = run.folder.write(f"{table}{end}", text.encode())
            manifests[table].append(Manifest(url, end == PACKED, urls))
    return manifests


def to_copy(run: Run) -> dict[str, dict[str, list[str]]]:
    """By staging table and manifest, what COPY has to read of the files."""
    found: dict[str, dict[str, list[str]]] = {}
    for table, files in run.files.items():
        packed = [run.locations[file.url] for file in files if file.url in run.locations]
        plain = [file.url for file in files if file.size and file.url not in run.locations]
        lists = {PLAIN: plain, PACKED: list(dict.fromkeys(each.part for each in packed))}
        found[table] = {end: urls for end, urls in lists.items() if urls}
    return found


def ledger_rows(run: Run) -> Iterator[dict[str, Any]]:
    """The rows of staging_files."""
    for table, files in run.files.items():
        for file in files:
            location = run.locations.get(file.url, FileLocation(file.name))
            listed = {"file": file.name, "etag": file.etag, "size": file.size}
            yield listed | {"staging_table": table} | location._asdict()


def as_json(value: Any) -> str:
    """JSON as Redshift is documented to read it, letters as they are and not as escapes."""
    return json.dumps(value, ensure_ascii=False)
