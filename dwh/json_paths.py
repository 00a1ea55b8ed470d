"""The file that LOG_JSON_PATHS names: which key of an event goes to which column."""

from __future__ import annotations

import json
import re
from typing import Any

import sql_queries
from dwh.aws import attempt, s3_client, split_url
from dwh.config import Config
from dwh.errors import DwhError

# $['key'], $.key, [0], and these one within another; the two notations are not mixed.
# https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html
PATH = re.compile(r"\$(\['[^'\\]+'\]|\[\d{1,9}\])+|\$(\.[^'.\[\]*?@]+|\[\d{1,9}\])+")
PART = re.compile(r"\['([^']*)'\]|\.([^.\[\]']+)|\[(\d+)\]")
HINT = "correct the file that LOG_JSON_PATHS in dwh.cfg names"

# The keys, or places in a list, that lead to a value.
Path = list[str]


def columns_of(table: str) -> list[str]:
    """The columns of a staging table, in the order in which COPY fills them."""
    create = sql_queries.create_table_queries[table]
    return re.findall(r"\w+", sql_queries.columns_of(create))


def read_json_paths(config: Config) -> dict[str, Path]:
    """Where COPY looks for the value of each column of the events.

    Raises DwhError if the file is not there or COPY could not use it, and ClientError if S3 does
    not give it.
    """
    url = config.log_json_paths
    bucket, key = split_url(url)
    get = s3_client(config).get_object
    answer = attempt("NoSuchBucket NoSuchKey", get, Bucket=bucket, Key=key)
    if answer is None:
        raise DwhError(f"there is no {url}", "check LOG_JSON_PATHS in dwh.cfg")
    columns = columns_of("staging_events")
    paths = listed_paths(answer["Body"].read(), url)
    if paths is None:  # COPY then does as without the file: it takes the columns' own names
        return {column: [column] for column in columns}
    if len(paths) != len(columns):
        what = f"{url} has {len(paths)} paths, and staging_events has {len(columns)} columns"
        raise DwhError(what, f"{HINT}: one path for each of {', '.join(columns)}")
    return {
        column: ["".join(part) for part in PART.findall(path)]
        for column, path in zip(columns, paths, strict=True)
    }


def listed_paths(content: bytes, url: str) -> list[str] | None:
    """The paths of a file, None if it has none. Raises DwhError if it is not what COPY takes."""
    try:
        document = json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise DwhError(f"{url} is not JSON in UTF-8: {error}", HINT) from error
    if not isinstance(document, dict) or len(document) != 1:
        raise DwhError(f'{url} is not one object with the key "jsonpaths" alone', HINT)
    if "jsonpaths" not in document:
        return None
    paths = document["jsonpaths"]
    if not isinstance(paths, list) or not paths:
        raise DwhError(f'{url}: "jsonpaths" is not a list of paths', HINT)
    if wrong := [path for path in paths if not isinstance(path, str) or not PATH.fullmatch(path)]:
        raise DwhError(f"{url}: {wrong[0]!r} is not a path that COPY takes", HINT)
    return paths


def value_at(record: Any, path: Path) -> Any:
    """What a record has there. Raises LookupError if it has nothing."""
    for part in path:
        if isinstance(record, list) and part.isdigit():
            record = record[int(part)]
        elif isinstance(record, dict):
            record = record[part]
        else:
            raise LookupError(part)
    return record
