"""What is in the sandbox's S3: the sample data, or a folder whose sub-folders are buckets."""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import FakeBucket, FakeKey, s3_backends

from sandbox import sample_data
from sandbox.copy.s3 import PARTITION

BUCKET_REGION = "us-west-2"
SAMPLE = "sample"


class FileKey(FakeKey):  # type: ignore[misc]
    """An object whose body is a file, read when it is asked for."""

    def __init__(self, name: str, path: Path, **settings: Any) -> None:
        super().__init__(name=name, value=b"", **settings)
        self._value_buffer.close()
        self.path = path
        self._known = (0, 0, "")

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

    @property
    def size(self) -> int:
        """The file's size in bytes as it is now."""
        return self.path.stat().st_size

    @property
    def etag(self) -> str:
        """The MD5 of the file as it is now; computed again only when the file has changed."""
        found = self.path.stat()
        changed, size, digest = self._known
        if (found.st_mtime_ns, found.st_size) != (changed, size):
            with self.path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "md5").hexdigest()
            self._known = (found.st_mtime_ns, found.st_size, digest)
        return f'"{digest}"'


class FolderBucket(FakeBucket):  # type: ignore[misc]
    """A bucket that holds a folder's files, also those that come and go while it is in use."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder.name, DEFAULT_ACCOUNT_ID, BUCKET_REGION)
        self.folder = folder
        self._seen: dict[Path, int] = {}
        self._looking = threading.Lock()

    @property
    def keys(self) -> Any:
        """moto's keys, after a look at the folder if one of its folders has changed."""
        with self._looking:
            if self._folders_changed():
                self._look()
        return self._keys

    @keys.setter
    def keys(self, value: Any) -> None:
        self._keys = value

    def _folders_changed(self) -> bool:
        try:
            return not self._seen or any(_changed(path) != at for path, at in self._seen.items())
        except FileNotFoundError:
            return True

    def _look(self) -> None:
        paths = sorted(self.folder.rglob("*"))
        self._seen = {path: _changed(path) for path in [self.folder, *paths] if path.is_dir()}
        found = {_key_name(self.folder, path): path for path in paths if path.is_file()}
        for name in [name for name, key in self._keys.items() if isinstance(key, FileKey)]:
            if name not in found:
                dict.pop(self._keys, name)
        for name in found.keys() - self._keys.keys():
            self._keys[name] = FileKey(name, found[name], **_settings(self.name))


def fill(data: str) -> None:
    """Put the sample data, or the folder `data`, into moto's S3. Raises OSError."""
    buckets = s3_backends[DEFAULT_ACCOUNT_ID][PARTITION].buckets
    if data == SAMPLE:
        buckets[sample_data.BUCKET] = _sample_bucket()
        return
    for folder in sorted(path for path in Path(data).iterdir() if path.is_dir()):
        buckets[folder.name] = FolderBucket(folder)


def look_ahead() -> None:
    """Look through the folders, and reckon the ETags of their files, before anybody asks."""
    for bucket in list(s3_backends[DEFAULT_ACCOUNT_ID][PARTITION].buckets.values()):
        if isinstance(bucket, FolderBucket):
            for key in list(bucket.keys.values()):
                with suppress(OSError):  # the file has gone meanwhile
                    _ = key.etag


def _sample_bucket() -> Any:
    bucket = FakeBucket(sample_data.BUCKET, DEFAULT_ACCOUNT_ID, BUCKET_REGION)
    for name, body in sample_data.sample_objects():
        bucket.keys[name] = FakeKey(name=name, value=body, **_settings(bucket.name))
    return bucket


def _changed(folder: Path) -> int:
    return folder.stat().st_mtime_ns


def _key_name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _settings(bucket: str) -> dict[str, Any]:
    return {
        "account_id": DEFAULT_ACCOUNT_ID,
        "region_name": BUCKET_REGION,
        "bucket_name": bucket,
        "version_id": "null",
    }
