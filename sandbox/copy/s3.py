"""S3 as COPY sees it: the objects in moto's store, read under the rights of a role."""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends

from sandbox.errors import SqlError, not_supported
from sandbox.iam import policy

PARTITION = "aws"
SERVICE = "redshift.amazonaws.com"
READ_SIZE = 1 << 20


@dataclass(frozen=True)
class StoredObject:
    """One object for COPY to read; `size` in bytes as stored."""

    url: str
    size: int
    open: Callable[[], BinaryIO]


def aws_failure(
    message: str, code: int, context: str = "", location: str = "s3_utility.cpp:568"
) -> SqlError:
    """An error of S3 or IAM inside COPY, with the DETAIL block that Redshift gives it."""
    rule = "-" * 47
    lines = [
        f"error:  {message}",
        f"code:      {code}",
        f"context:   {context}",
        "query:     0",
        f"location:  {location}",
        "process:   padbmaster [pid=0]",
    ]
    return SqlError(message, detail="\n  " + "\n  ".join([rule, *lines, rule]) + "\n")


def s3_failure(text: str, status: int, code: str, context: str = "") -> SqlError:
    """What COPY says when S3 refuses a request."""
    request, extended = secrets.token_hex(8).upper(), secrets.token_hex(16)
    return aws_failure(
        f"S3ServiceException:{text},Status {status},Error {code},"
        f"Rid {request},ExtRid {extended},CanRetry 1",
        8001,
        context,
    )


class RoleStorage:
    """S3 through a role: lists and reads what the role's policies allow.

    Raises SqlError when the role does not exist, is not attached to the cluster or does not
    trust Redshift, in the words of a cluster.
    """

    def __init__(self, role: str, user: str, attached: list[str], region: str) -> None:
        self.region = region
        backend = iam_backends[DEFAULT_ACCOUNT_ID][PARTITION]
        if role not in attached:
            raise _not_associated()
        found = next((known for known in backend.get_roles() if known.arn == role), None)
        if found is None or not _trusts_redshift(found):
            raise _not_assumable(role, user)
        if found.permissions_boundary_arn:
            raise not_supported("the sandbox does not evaluate permissions boundaries of roles")
        self._documents = list(_policy_documents(found))
        # A bucket that is a folder is looked through once for a COPY, not once for a file.
        self._keys: dict[str, Any] = {}

    def find(self, url: str) -> list[StoredObject]:
        """All objects whose keys begin with the url's key; at least one."""
        bucket_name, prefix = split_url(url)
        context = f"Listing bucket={bucket_name} prefix={prefix}"
        bucket = self._bucket(bucket_name, context)
        self._require("s3:ListBucket", bucket_name, "", context, {"s3:prefix": prefix})
        known = self._keys_of(bucket)
        keys = [key for name, key in sorted(known.items()) if name.startswith(prefix)]
        if not keys:
            raise aws_failure(f"The specified S3 prefix '{prefix}' does not exist", 8001)
        for key in keys:
            self._require("s3:GetObject", bucket_name, key.name, f"S3 key being read : {_url(key)}")
        return [_stored(key) for key in keys]

    def get(self, url: str) -> StoredObject:
        """The one object with this url."""
        bucket_name, name = split_url(url)
        context = f"S3 key being read : {url}"
        bucket = self._bucket(bucket_name, context)
        self._require("s3:GetObject", bucket_name, name, context)
        key = self._keys_of(bucket).get(name)
        if key is None:
            # Who may not list the bucket, whatever the prefix, is not told that a key is missing.
            # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
            self._require("s3:ListBucket", bucket_name, "", context)
            raise s3_failure("The specified key does not exist.", 404, "NoSuchKey", context)
        return _stored(key)

    def manifest(self, url: str) -> list[StoredObject]:
        """The objects that a manifest names, each as often as it names them.

        COPY needs LIST on their buckets besides GET on them:
        https://docs.aws.amazon.com/redshift/latest/dg/s3serviceexception-error.html
        """
        try:
            self._require_listing(url)
            body = read_all(self.get(url))
        except SqlError as problem:
            text = f"Problem reading manifest file - {problem.message}"
            raise SqlError(text, detail=problem.detail) from None
        found = list(self._entries(url, body))
        if not found:
            raise aws_failure(f"None of the files in the manifest {url} exists", 8001)
        return found

    def _require_listing(self, url: str) -> None:
        name, key = split_url(url)
        context = f"Listing bucket={name} prefix={key}"
        self._require("s3:ListBucket", name, "", context, {"s3:prefix": key})

    def _entries(self, url: str, body: bytes) -> Iterator[StoredObject]:
        listed: set[str] = set()
        for entry in _manifest_entries(url, body):
            bucket = split_url(entry["url"])[0]
            if bucket not in listed:
                self._require_listing(entry["url"])
                listed.add(bucket)
            try:
                yield self.get(entry["url"])
            except SqlError as problem:
                missing = "NoSuchKey" in problem.message
                if entry.get("mandatory", False) or not missing:
                    raise

    def _keys_of(self, bucket: Any) -> Any:
        if bucket.name not in self._keys:
            self._keys[bucket.name] = bucket.keys
        return self._keys[bucket.name]

    def _bucket(self, name: str, context: str) -> Any:
        bucket = s3_backends[DEFAULT_ACCOUNT_ID][PARTITION].buckets.get(name)
        if bucket is None:
            raise s3_failure("The specified bucket does not exist", 404, "NoSuchBucket", context)
        if bucket.region_name != self.region:
            text = (
                "The bucket you are attempting to access must be addressed using the specified "
                "endpoint. Please send all future requests to this endpoint."
            )
            raise s3_failure(text, 301, "PermanentRedirect", context)
        if bucket.policy:
            raise not_supported(f"the sandbox does not evaluate the policy of bucket {name}")
        return bucket

    def _require(
        self, action: str, bucket: str, key: str, context: str, keys: dict[str, str] | None = None
    ) -> None:
        resource = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
        with _conditions_known():
            allowed = policy.allows(self._documents, action, resource, keys)
        if not allowed:
            raise s3_failure("Access Denied", 403, "AccessDenied", context)


class KeyReader(io.RawIOBase):
    """Reads an object piece by piece, without a copy of the whole."""

    def __init__(self, key: Any) -> None:
        self._key = key
        self._offset = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer from where the last read ended."""
        with self._key.lock:
            store = self._key._value_buffer
            store.seek(self._offset)
            data = store.read(len(buffer))
        buffer[: len(data)] = data
        self._offset += len(data)
        return len(data)


def read_all(stored: StoredObject) -> bytes:
    """The whole body of a small object."""
    with stored.open() as stream:
        return stream.read()


def split_url(url: str) -> tuple[str, str]:
    """Bucket and key of an s3:// url; raises SqlError for anything else."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not bucket:
        raise SqlError(f"The S3 path {url!r} is not of the form s3://bucket/key")
    return bucket, key


def _stored(key: Any) -> StoredObject:
    def open_key() -> BinaryIO:
        opener = getattr(key, "open_file", None)
        return opener() if opener else cast(BinaryIO, io.BufferedReader(KeyReader(key), READ_SIZE))

    return StoredObject(_url(key), key.size, open_key)


def _url(key: Any) -> str:
    return f"s3://{key.bucket_name}/{key.name}"


def _manifest_entries(url: str, body: bytes) -> list[dict[str, Any]]:
    try:
        entries = json.loads(body)["entries"]
        if all(isinstance(entry["url"], str) for entry in entries):
            return list(entries)
    except (ValueError, KeyError, TypeError):
        pass
    raise aws_failure(f"Problem reading manifest file - {url} is not a valid manifest", 8001)


@contextmanager
def _conditions_known() -> Iterator[None]:
    try:
        yield
    except policy.UnknownConditionError as unknown:
        text = f"the sandbox cannot evaluate the IAM condition {unknown}"
        raise not_supported(text) from None


def _trusts_redshift(role: Any) -> bool:
    with _conditions_known():
        return policy.trusts(role.assume_role_policy_document, SERVICE)


def _policy_documents(role: Any) -> Iterator[str]:
    yield from role.policies.values()
    for managed in role.managed_policies.values():
        yield next(version.document for version in managed.versions if version.is_default)


def _not_associated() -> SqlError:
    return aws_failure(
        "exception name : UnauthorizedException, error type : 138, message: The requested role "
        "ARN is not associated to cluster, should retry : 0",
        30000,
        location="xen_aws_credentials_mgr.cpp:411",
    )


def _not_assumable(role: str, user: str) -> SqlError:
    return aws_failure(
        f"User {user} is not authorized to assume IAM Role {role}",
        8001,
        location="xen_aws_credentials_mgr.cpp:272",
    )
