"""A folder of buckets is S3: its files are objects, as they are at the moment."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Cloud

from sandbox import control
from sandbox.aws import buckets
from sandbox.aws.buckets import FolderBucket

BUCKETS = ("listed", "changing", "odd", "written")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for bucket in BUCKETS:
        (folder / bucket / "logs" / "2018").mkdir(parents=True)
        (folder / bucket / "logs" / "2018" / "1.json").write_text('{"a": 1}')
    (folder / "not a bucket.txt").write_text("ignored")
    return folder


@pytest.fixture(scope="module")
def s3(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    state = tmp_path_factory.mktemp("buckets") / "state"
    yield Cloud(control.start(state, folder)).client("s3")
    control.stop(state)


def names(s3: Any, bucket: str) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_sub_folders_are_buckets_and_files_objects(s3: Any) -> None:
    assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} == set(BUCKETS)
    found = s3.get_object(Bucket="listed", Key="logs/2018/1.json")
    assert (found["Body"].read(), found["ContentLength"]) == (b'{"a": 1}', 8)


def test_files_that_come_change_and_go_are_seen(s3: Any, folder: Path) -> None:
    bucket = folder / "changing"
    assert names(s3, "changing") == ["logs/2018/1.json"]
    (bucket / "logs" / "2018" / "2.json").write_text("{}")
    (bucket / "songs").mkdir()
    (bucket / "songs" / "3.json").write_text("{}")
    assert names(s3, "changing") == ["logs/2018/1.json", "logs/2018/2.json", "songs/3.json"]
    before = s3.head_object(Bucket="changing", Key="logs/2018/1.json")
    (bucket / "logs" / "2018" / "1.json").write_text('{"a": 22}')
    after = s3.head_object(Bucket="changing", Key="logs/2018/1.json")
    assert (before["ContentLength"], after["ContentLength"]) == (8, 9)
    assert before["ETag"] != after["ETag"]
    (bucket / "logs" / "2018" / "1.json").unlink()
    assert names(s3, "changing") == ["logs/2018/2.json", "songs/3.json"]


def test_objects_that_are_put_do_not_touch_the_folder(s3: Any, folder: Path) -> None:
    s3.put_object(Bucket="written", Key="logs/2018/1.json", Body=b"new")
    s3.put_object(Bucket="written", Key="logs/2018/9.json", Body=b"new")
    assert names(s3, "written") == ["logs/2018/1.json", "logs/2018/9.json"]
    assert s3.get_object(Bucket="written", Key="logs/2018/1.json")["Body"].read() == b"new"
    assert (folder / "written" / "logs" / "2018" / "1.json").read_text() == '{"a": 1}'
    assert not (folder / "written" / "logs" / "2018" / "9.json").exists()


def test_file_whose_name_is_not_utf_8_is_named_at_once(s3: Any, folder: Path) -> None:
    file = folder / "odd" / os.fsdecode(b"caf\xe9.json")
    try:
        file.touch()
    except OSError:
        pytest.skip("this file system takes no such name")
    calls: list[None] = []
    s3.meta.events.register("before-send", lambda **_: calls.append(None))
    age(file.parent)
    for _ in range(2):
        with pytest.raises(ClientError, match=r"not UTF-8: caf\\xe9\.json; rename it"):
            names(s3, "odd")
    assert len(calls) == 2
    file.rename(file.with_name("caf\u00e9.json"))
    assert names(s3, "odd") == ["caf\u00e9.json", "logs/2018/1.json"]


# ---------------------------------------------------------------------------- at the same moment


def scan_and_then(patch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Have something happen to the files once each folder has been listed."""
    scan = os.scandir

    @contextmanager
    def scandir(folder: Any) -> Iterator[Any]:
        with scan(folder) as entries:
            found = list(entries)
        happens()
        yield found

    patch.setattr(os, "scandir", scandir)


def age(path: Path) -> None:
    """Date a file or folder back by a minute."""
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 60))


def test_file_that_comes_during_the_look_is_seen_at_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "1.json").write_text("{}")
    age(tmp_path)
    bucket = FolderBucket(tmp_path)
    scan_and_then(monkeypatch, (tmp_path / "2.json").touch)
    assert list(bucket.keys) == ["1.json"]
    monkeypatch.undo()
    assert list(bucket.keys) == ["1.json", "2.json"]


@pytest.fixture
def slow_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that may note the same time for a quarter of an hour."""
    monkeypatch.setattr(buckets, "TICK_NANOSECONDS", 10**12)


def test_file_that_comes_with_the_time_of_the_one_before_is_seen(
    tmp_path: Path, slow_clock: None
) -> None:
    (tmp_path / "1.json").write_text("{}")
    before = tmp_path.stat().st_mtime_ns
    bucket = FolderBucket(tmp_path)
    assert list(bucket.keys) == ["1.json"]
    (tmp_path / "2.json").write_text("{}")
    os.utime(tmp_path, ns=(before, before))
    assert list(bucket.keys) == ["1.json", "2.json"]


def test_etag_of_a_file_that_changes_with_the_time_of_before_is_another(
    tmp_path: Path, slow_clock: None
) -> None:
    file = tmp_path / "1.json"
    file.write_text("{}")
    key = FolderBucket(tmp_path).keys["1.json"]
    before, etag = file.stat().st_mtime_ns, key.etag
    file.write_text("[]")
    os.utime(file, ns=(before, before))
    assert key.etag != etag


def test_folder_that_stays_is_looked_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "1.json").write_text("{}")
    age(tmp_path)
    bucket = FolderBucket(tmp_path)
    looks: list[None] = []
    scan_and_then(monkeypatch, lambda: looks.append(None))
    for _ in range(3):
        assert list(bucket.keys) == ["1.json"]
    assert len(looks) == 1
