"""The digests of S3's requests, which moto stores and does not compare with the body.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Callable
from hashlib import md5, sha1, sha256
from typing import Any

from sandbox.aws.permissions.call import Call

DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    "ChecksumCRC32": lambda body: zlib.crc32(body).to_bytes(4),
    "ChecksumSHA1": lambda body: sha1(body, usedforsecurity=False).digest(),
    "ChecksumSHA256": lambda body: sha256(body).digest(),
    "ContentMD5": lambda body: md5(body, usedforsecurity=False).digest(),
}


def wrong(call: Call, response: Any) -> str | None:
    """The digest in a request that is not its body's, None if all are right.

    The digests that complete an upload of parts are of all parts.
    """
    in_chunks = "aws-chunked" in response.headers.get("Content-Encoding", "")
    if in_chunks or call.operation == "CompleteMultipartUpload":
        return None
    for name, digest in DIGESTS.items():
        given = call.get(name)
        if given and given != b64encode(digest(response.body)).decode():
            return name.removeprefix("Checksum")
    return None
