"""CreateBucket and DeleteObjects of S3: as moto does, which leaves something out.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import xmltodict  # type: ignore[import-untyped]
from moto.s3.responses import S3Response

MOTO_PUT_BUCKET = S3Response._bucket_response_put
MOTO_DELETE_OBJECTS = S3Response._bucket_response_delete_keys
END = "</DeleteResult>"
NOTHING = f'<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{END}'


def put_bucket(response: Any, request: Any, bucket: str, query: dict[str, Any]) -> Any:
    """Do what a PUT of a bucket asks for, and tag a new one."""
    answer = MOTO_PUT_BUCKET(response, request, bucket, query)
    tags = (response.call.get("CreateBucketConfiguration") or {}).get("Tags")
    if tags:
        named = {tag["Key"]: tag.get("Value", "") for tag in tags}
        response.backend.put_bucket_tagging(bucket, named)
    return answer


def delete_objects(response: Any, bucket: str, authenticated: bool = True) -> Any:
    """Delete objects, but not those in `response.refused_objects`: messages by key."""
    refused: dict[str, str] = getattr(response, "refused_objects", {})
    if not refused:
        return MOTO_DELETE_OBJECTS(response, bucket, authenticated)
    request = xmltodict.parse(response.body, strip_whitespace=False, force_list=("Object",))
    allowed = [each for each in request["Delete"]["Object"] if each["Key"] not in refused]
    status, headers, body = 200, {}, NOTHING
    if allowed:
        request["Delete"]["Object"] = allowed
        response.body = xmltodict.unparse(request).encode()
        status, headers, body = MOTO_DELETE_OBJECTS(response, bucket, authenticated)
    errors = "".join(_error(key, message) for key, message in refused.items())
    return status, headers, body.replace(END, errors + END)


def _error(key: str, message: str) -> str:
    parts = {"Key": key, "Code": "AccessDenied", "Message": message}
    inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in parts.items())
    return f"<Error>{inner}</Error>"
