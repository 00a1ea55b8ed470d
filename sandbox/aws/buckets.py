"""What is in the sandbox's S3: the sample data, or a folder whose sub-folders are buckets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import FakeBucket, FakeKey, s3_backends

from sandbox import sample_data
from sandbox.aws.storage import PARTITION

BUCKET_REGION = "us-west-2"
SAMPLE = "sample"


class FileKey(FakeKey):  # type: ignore[misc]
    """An object whose body is a file, read when it is asked for."""

    def __init__(self, name: str, path: Path, **settings: Any) -> None:
        super().__init__(name=name, value=b"", **settings)
        self._value_buffer.close()
        self.path = path
        self.contentsize = path.stat().st_size

    def open_file(self) -> BinaryIO:
        """The body as a stream."""
        return cast(BinaryIO, self.path.open("rb"))

    @property
    def value(self) -> bytes:
        """The whole body."""
        return self.path.read_bytes()

    @value.setter
    def value(self, new_value: bytes) -> None:
        if new_value:
            raise NotImplementedError("a file in a folder of buckets is not written")
        self.contentsize = 0

    @property
    def etag(self) -> str:
        """The MD5 of the file as it is now."""
        with self.path.open("rb") as stream:
            return f'"{hashlib.file_digest(stream, "md5").hexdigest()}"'


def fill(data: str) -> None:
    """Put the sample data, or the folder `data`, into moto's S3. Raises OSError."""
    if data == SAMPLE:
        _fill_bucket(sample_data.BUCKET, _sample_keys())
        return
    for folder in sorted(path for path in Path(data).iterdir() if path.is_dir()):
        _fill_bucket(folder.name, _file_keys(folder))


def _fill_bucket(name: str, keys: Iterable[Any]) -> None:
    bucket = FakeBucket(name, DEFAULT_ACCOUNT_ID, BUCKET_REGION)
    for key in keys:
        bucket.keys[key.name] = key
    s3_backends[DEFAULT_ACCOUNT_ID][PARTITION].buckets[name] = bucket


def _sample_keys() -> Iterator[Any]:
    for name, body in sample_data.sample_objects():
        yield FakeKey(name=name, value=body, **_settings(sample_data.BUCKET))


def _file_keys(folder: Path) -> Iterator[Any]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield FileKey(path.relative_to(folder).as_posix(), path, **_settings(folder.name))


def _settings(bucket: str) -> dict[str, Any]:
    return {
        "account_id": DEFAULT_ACCOUNT_ID,
        "region_name": BUCKET_REGION,
        "bucket_name": bucket,
        "version_id": "null",
    }
