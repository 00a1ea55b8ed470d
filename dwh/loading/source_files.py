"""A look into the files themselves, where COPY tells too little of what is in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from dwh.aws import split_url

BEGINNING_BYTES = 1_000_000
# What a file is that begins so, and what to do. Of the first ones nothing can be read as JSON.
UNREADABLE = {
    rb"\x1f\x8b": "is compressed with gzip: unpack it",
    rb"BZh": "is compressed with bzip2: unpack it",
    rb"\x28\xb5\x2f\xfd": "is compressed with Zstandard: unpack it",
    rb"PK\x03\x04": "is a ZIP archive: unpack it",
    rb"PAR1": "is a Parquet file: write it as JSON",
    rb"\xff\xfe|\xfe\xff|[\s{\[]\x00|\x00[\s{\[]": "is in UTF-16: write it in UTF-8",
    rb"\s*\[": "is a JSON array: write one object after another, without brackets and commas",
}
BYTE_ORDER_MARK = {rb"\xef\xbb\xbf": "begins with a byte order mark: write it in UTF-8 without one"}


def read_beginning(s3: Any, url: str) -> bytes:
    """The first megabyte of a file. Raises ClientError if S3 does not give it."""
    bucket, key = split_url(url)
    part = f"bytes=0-{BEGINNING_BYTES - 1}"
    return bytes(s3.get_object(Bucket=bucket, Key=key, Range=part)["Body"].read())


def format_of(content: bytes) -> str | None:
    """What a file is, by its first bytes, if it is not plain JSON in UTF-8; and what to do."""
    formats = (UNREADABLE | BYTE_ORDER_MARK).items()
    return next((text for start, text in formats if re.match(start, content, re.DOTALL)), None)


def is_utf8(content: bytes) -> bool:
    """Whether a file that begins so is in UTF-8, as far as that can be seen."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return error.start >= BEGINNING_BYTES - 4  # the beginning may end within a letter
    return True


def is_unreadable(content: bytes) -> bool:
    """Whether a file that begins so has no record at all, be its values right or wrong."""
    if any(re.match(start, content, re.DOTALL) for start in UNREADABLE):
        return True
    return next(read_records(content.decode("utf-8", "replace")), None) is None


def read_records(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The JSON objects of a text and the lines where they begin; what is none is left out."""
    decoder, place, line = json.JSONDecoder(), 0, 1
    while (start := text.find("{", place)) >= 0:
        line += text.count("\n", place, start)
        try:
            record, place = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            # Goes on behind the line: what is within a broken record is no record.
            place = text.find("\n", start) + 1 or len(text)
        else:
            yield line, record
        line += text.count("\n", start, place)
