"""What is in the sandbox's S3: the sample data, or a folder whose sub-folders are buckets."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, FakeKey, s3_backends

from sandbox import sample_data
from sandbox.copy.s3 import PARTITION

BUCKET_REGION = "us-west-2"
SAMPLE = "sample"


# A file system notes times in such steps: what changes within one is seen only later.
TICK_NANOSECONDS = 20_000_000
SECOND_NANOSECONDS = 1_000_000_000


class Stamp:
    """When a file or folder was changed last, taken before it is read.

    One that was changed a moment ago may change again with the same time: its stamp equals none.
    """

    def __init__(self, path: Path) -> None:
        found = path.stat()
        self._changed, self._size = found.st_mtime_ns, found.st_size
        # Some file systems know whole seconds, or two, only.
        is_coarse = self._changed % SECOND_NANOSECONDS == 0
        tick = 2 * SECOND_NANOSECONDS if is_coarse else TICK_NANOSECONDS
        self._is_settled = time.time_ns() - self._changed > tick

    def differs(self, known: Stamp | None) -> bool:
        """Whether there may have been a change since the other stamp was taken."""
        if known is None or not known._is_settled:
            return True
        return (self._changed, self._size) != (known._changed, known._size)


class FileKey(FakeKey):  # type: ignore[misc]
    """An object whose body is a file, read when it is asked for."""

    def __init__(self, name: str, path: Path, **settings: Any) -> None:
        self.path = path
        super().__init__(name=name, value=b"", **settings)
        self._value_buffer.close()
        self._known: Stamp | None = None
        self._digest = ""

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
    def last_modified(self) -> datetime:
        """When the file was changed last."""
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC).replace(tzinfo=None)

    @last_modified.setter
    def last_modified(self, _: datetime) -> None:
        """Ignore what moto sets, the time when it made the object."""

    @property
    def etag(self) -> str:
        """The MD5 of the file as it is now; computed again only when the file has changed."""
        stamp = Stamp(self.path)
        if stamp.differs(self._known):
            with self.path.open("rb") as stream:
                self._digest = hashlib.file_digest(stream, "md5").hexdigest()
            self._known = stamp
        return f'"{self._digest}"'


class FolderBucket(FakeBucket):  # type: ignore[misc]
    """A bucket that holds a folder's files, also those that come and go while it is in use."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder.name, DEFAULT_ACCOUNT_ID, BUCKET_REGION)
        self.folder = folder
        self._seen: dict[Path, Stamp] = {}
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
            return not self._seen or any(Stamp(path).differs(at) for path, at in self._seen.items())
        except FileNotFoundError:
            return True

    def _look(self) -> None:
        """List the folder's files. Each folder is stamped before it is listed."""
        seen: dict[Path, Stamp] = {}
        found = {_key_name(self.folder, path): path for path in self._files(seen)}
        for name in [name for name, key in self._keys.items() if isinstance(key, FileKey)]:
            if name not in found:
                dict.pop(self._keys, name)
        for name in sorted(found.keys() - self._keys.keys()):
            self._keys[name] = FileKey(name, found[name], **_settings(self.name))
        self._seen = seen

    def _files(self, seen: dict[Path, Stamp]) -> Iterator[Path]:
        folders = [self.folder]
        while folders:
            folder = folders.pop()
            with suppress(FileNotFoundError):  # it has gone, so that the one above has changed
                seen[folder] = Stamp(folder)
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(folder / entry.name)
                        elif entry.is_file():
                            yield folder / entry.name


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
            with suppress(S3ClientError):  # whoever asks for the files will be told
                _read_all(bucket)


def _read_all(bucket: FolderBucket) -> None:
    for key in list(bucket.keys.values()):
        with suppress(OSError):  # the file has gone meanwhile
            _ = key.etag


def _sample_bucket() -> Any:
    bucket = FakeBucket(sample_data.BUCKET, DEFAULT_ACCOUNT_ID, BUCKET_REGION)
    for name, body in sample_data.sample_objects():
        bucket.keys[name] = FakeKey(name=name, value=body, **_settings(bucket.name))
    return bucket


def _key_name(folder: Path, path: Path) -> str:
    """The key of a file. Raises the error of S3 for a name that can be none."""
    name = path.relative_to(folder).as_posix()
    try:
        name.encode()
    except UnicodeEncodeError:
        shown = ascii(os.fsencode(name))[2:-1]
        what = (
            f"a file of the bucket {folder.name} has a name that is not UTF-8: {shown}; rename it"
        )
        raise S3ClientError("InvalidObjectName", what) from None
    return name


def _settings(bucket: str) -> dict[str, Any]:
    return {
        "account_id": DEFAULT_ACCOUNT_ID,
        "region_name": BUCKET_REGION,
        "bucket_name": bucket,
        "version_id": "null",
    }
