"""What calls of S3 need.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.s3.models import s3_backends

from sandbox.aws import offered
from sandbox.aws.permissions.call import Call, request_tags
from sandbox.aws.refusals import RefusalError
from sandbox.iam.policy import Permission

READS = frozenset({"GetObject", "HeadObject"})
# Whoever manages a bucket's policy must not need the sandbox to understand it.
OF_A_POLICY = frozenset({"DeleteBucketPolicy", "GetBucketPolicy", "PutBucketPolicy"})


def permissions(call: Call) -> Iterator[Permission]:
    """The permissions of an operation.

    Raises RefusalError for a bucket with a policy of its own.
    """
    bucket = _find_bucket(call)
    if bucket and bucket.policy and call.operation not in OF_A_POLICY:
        raise RefusalError("unchecked", f"the policy of bucket {bucket.name}")
    action = f"s3:{offered.ACTIONS.get(call.operation, call.operation)}"
    if call.operation == "DeleteObjects":
        yield from (_delete(call, each) for each in call.get("Delete")["Objects"])
    elif call.get("Key"):
        yield from _of_object(call, action)
    elif call.get("Bucket"):
        context = {} if call.get("Prefix") is None else {"s3:prefix": str(call.get("Prefix"))}
        yield call.permission(action, _arn(call.get("Bucket")), context)
        if tags := (call.get("CreateBucketConfiguration") or {}).get("Tags"):
            yield call.permission("s3:TagResource", _arn(call.get("Bucket")), request_tags(tags))
    else:
        yield call.permission(action)


def _delete(call: Call, named: dict[str, Any]) -> Permission:
    """One of the objects, or of their versions, that DeleteObjects names."""
    action = "s3:DeleteObjectVersion" if named.get("VersionId") else "s3:DeleteObject"
    return call.permission(action, _arn(call.get("Bucket"), named["Key"]))


def _of_object(call: Call, action: str) -> Iterator[Permission]:
    if call.get("VersionId") and action in ("s3:GetObject", "s3:DeleteObject"):
        action += "Version"
    yield call.permission(action, _arn(call.get("Bucket"), call.get("Key")))
    if call.get("Tagging") and isinstance(call.get("Tagging"), str):
        tagged = _arn(call.get("Bucket"), call.get("Key"))
        yield call.permission("s3:PutObjectTagging", tagged)
    if call.get("CopySource"):
        bucket, key, _ = call.copy_source()
        yield call.permission("s3:GetObject", _arn(bucket, key))
    if call.operation in READS and not _is_there(call):
        # That an object is missing is told only to those who may list the bucket.
        yield call.permission("s3:ListBucket", _arn(call.get("Bucket")))


def _is_there(call: Call) -> bool:
    bucket = _find_bucket(call)
    return bucket is None or call.get("Key") in bucket.keys


def _find_bucket(call: Call) -> Any:
    return s3_backends[call.account]["aws"].buckets.get(call.get("Bucket"))


def _arn(bucket: str, key: str = "") -> str:
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
