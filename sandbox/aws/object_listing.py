"""Listing the objects of S3, fast enough for folders of many thousand small files.

moto looks at every object of the bucket for each page, and takes apart and puts together again the
date of each. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from itertools import islice
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from moto.s3.exceptions import InvalidContinuationToken
from moto.s3.models import FakeDeleteMarker, S3Backend
from moto.s3.responses import S3Response

MOTO_LIST_OBJECTS = S3Response.list_objects_v2
MOTO_LIST_VERSIONS = S3Backend.list_object_versions
PAGE_SIZE = 1000
# What is left to moto.
SPECIAL = {"delimiter", "fetch-owner"}
START = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
)


def list_objects(response: Any) -> Any:
    """As moto does, but a page in the time of a page, not of the bucket."""
    query = {name: values[0] for name, values in response.querystring.items()}
    if query.keys() & SPECIAL:
        return MOTO_LIST_OBJECTS(response)
    bucket = response.backend.get_bucket(response.bucket_name)
    keys, prefix = bucket.keys, query.get("prefix", "")
    names = sorted(name for name in keys if name.startswith(prefix))
    last = _last_name(query)
    remaining = islice(names, bisect_right(names, last) if last else 0, None)
    there = ((n, keys[n]) for n in remaining if not isinstance(keys[n], FakeDeleteMarker))
    size = min(int(query.get("max-keys", PAGE_SIZE)), PAGE_SIZE)
    page = list(islice(there, size))
    more = bool(size) and next(there, None) is not None
    return 200, {"Content-Type": "application/xml"}, _document(bucket.name, query, page, more)


def list_object_versions(backend: Any, bucket_name: str, **query: Any) -> Any:
    """As moto does, which copies every object of the bucket; here those with the prefix alone."""
    stored = backend.get_bucket(bucket_name).keys.iterlists()
    wanted = [each for each in stored if each[0].startswith(query["prefix"])]
    bucket = SimpleNamespace(keys=SimpleNamespace(iterlists=lambda: wanted))
    narrowed = SimpleNamespace(get_bucket=lambda _: bucket)
    return MOTO_LIST_VERSIONS(narrowed, bucket_name, **query)


def _last_name(query: dict[str, str]) -> str:
    """The name after which the page begins."""
    token = query.get("continuation-token")
    if token is None:
        return query.get("start-after", "")
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidContinuationToken from None


def _document(bucket: str, query: dict[str, str], page: list[tuple[str, Any]], more: bool) -> bytes:
    encode = quote if query.get("encoding-type") == "url" else str
    head = {
        "Name": bucket,
        "Prefix": encode(query.get("prefix", "")),
        "MaxKeys": query.get("max-keys", str(PAGE_SIZE)),
        "KeyCount": str(len(page)),
        "IsTruncated": "true" if more else "false",
        "EncodingType": query.get("encoding-type"),
        "ContinuationToken": query.get("continuation-token"),
        "StartAfter": query.get("start-after"),
    }
    if more:
        head["NextContinuationToken"] = base64.urlsafe_b64encode(page[-1][0].encode()).decode()
    parts = [START, *(_element(name, text) for name, text in head.items() if text is not None)]
    for name, key in page:
        parts += (
            "<Contents><Key>",
            escape(encode(name)),
            f"</Key><LastModified>{key.last_modified:%Y-%m-%dT%H:%M:%S.000Z}</LastModified><ETag>",
            escape(key.etag),
            f"</ETag><Size>{key.size}</Size>"
            f"<StorageClass>{key.storage_class}</StorageClass></Contents>",
        )
    return "".join([*parts, "</ListBucketResult>"]).encode()


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"
