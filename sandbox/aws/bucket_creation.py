"""CreateBucket of S3 with the tags that it is given, which moto leaves out.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
"""

from __future__ import annotations

from typing import Any

import xmltodict  # type: ignore[import-untyped]
from moto.s3.responses import S3Response

MOTO_PUT_BUCKET = S3Response._bucket_response_put


def put_bucket(response: Any, request: Any, bucket: str, query: dict[str, Any]) -> Any:
    """As moto does, then with tags; `query` is empty when a bucket is to be created."""
    answer = MOTO_PUT_BUCKET(response, request, bucket, query)
    if not query and response.body:
        tags = _tags(xmltodict.parse(response.body, force_list=("Tag",)))
        response.backend.put_bucket_tagging(bucket, tags)
    return answer


def _tags(document: Any) -> dict[str, str]:
    listed = (document.get("CreateBucketConfiguration") or {}).get("Tags") or {}
    return {tag["Key"]: tag.get("Value") or "" for tag in listed.get("Tag", [])}
