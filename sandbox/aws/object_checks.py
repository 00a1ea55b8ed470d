"""What S3 checks of a request, and moto does not: digests of the body, and the source of a copy.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Callable
from hashlib import md5, sha1, sha256
from typing import Any

from moto.s3.models import s3_backends

from sandbox.aws.permissions.call import Call
from sandbox.aws.refusals import RefusalError

DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    "ChecksumCRC32": lambda body: zlib.crc32(body).to_bytes(4),
    "ChecksumSHA1": lambda body: sha1(body, usedforsecurity=False).digest(),
    "ChecksumSHA256": lambda body: sha256(body).digest(),
    "ContentMD5": lambda body: md5(body, usedforsecurity=False).digest(),
}


def check(call: Call, body: Any) -> None:
    """Raise RefusalError for a digest that is not the body's, or a source that is another."""
    if name := _wrong_digest(call, body):
        raise RefusalError("digest", name)
    if call.get("CopySource"):
        _check_source(call)


def _wrong_digest(call: Call, body: Any) -> str | None:
    """The digest that is not the body's; those that complete an upload are of all parts."""
    in_chunks = "aws-chunked" in (call.get("ContentEncoding") or "")
    if in_chunks or call.operation == "CompleteMultipartUpload":
        return None
    for name, digest in DIGESTS.items():
        given = call.get(name)
        if given and given != b64encode(digest(body)).decode():
            return name.removeprefix("Checksum")
    return None


def _check_source(call: Call) -> None:
    bucket, key, version = call.copy_source()
    backend = s3_backends[call.account]["aws"]
    found = backend.get_object(bucket, key, version) if bucket in backend.buckets else None
    for parameter, is_wanted in {"CopySourceIfMatch": True, "CopySourceIfNoneMatch": False}.items():
        etag = call.get(parameter)
        if found and etag and (etag.strip('"') in ("*", found.etag.strip('"'))) != is_wanted:
            raise RefusalError("precondition")
