"""A folder of buckets is S3: its files are objects, as they are at the moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Cloud


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data" / "music" / "logs" / "2018").mkdir(parents=True)
    (tmp_path / "data" / "music" / "logs" / "2018" / "1.json").write_text('{"a": 1}')
    (tmp_path / "data" / "empty").mkdir()
    (tmp_path / "data" / "not a bucket.txt").write_text("ignored")
    return tmp_path / "data"


def names(s3: Any) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket="music").get("Contents", [])]


def test_sub_folders_are_buckets_and_files_objects(
    folder: Path, new_sandbox: Callable[..., Cloud]
) -> None:
    s3 = new_sandbox(folder).client("s3")
    assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} == {"music", "empty"}
    found = s3.get_object(Bucket="music", Key="logs/2018/1.json")
    assert (found["Body"].read(), found["ContentLength"]) == (b'{"a": 1}', 8)


def test_files_that_come_change_and_go_are_seen(
    folder: Path, new_sandbox: Callable[..., Cloud]
) -> None:
    s3 = new_sandbox(folder).client("s3")
    assert names(s3) == ["logs/2018/1.json"]
    (folder / "music" / "logs" / "2018" / "2.json").write_text("{}")
    (folder / "music" / "songs").mkdir()
    (folder / "music" / "songs" / "3.json").write_text("{}")
    assert names(s3) == ["logs/2018/1.json", "logs/2018/2.json", "songs/3.json"]
    before = s3.head_object(Bucket="music", Key="logs/2018/1.json")
    (folder / "music" / "logs" / "2018" / "1.json").write_text('{"a": 22}')
    after = s3.head_object(Bucket="music", Key="logs/2018/1.json")
    assert (before["ContentLength"], after["ContentLength"]) == (8, 9)
    assert before["ETag"] != after["ETag"]
    (folder / "music" / "logs" / "2018" / "1.json").unlink()
    assert names(s3) == ["logs/2018/2.json", "songs/3.json"]


def test_objects_that_are_put_do_not_touch_the_folder(
    folder: Path, new_sandbox: Callable[..., Cloud]
) -> None:
    s3 = new_sandbox(folder).client("s3")
    s3.put_object(Bucket="music", Key="logs/2018/1.json", Body=b"new")
    s3.put_object(Bucket="music", Key="logs/2018/9.json", Body=b"new")
    assert names(s3) == ["logs/2018/1.json", "logs/2018/9.json"]
    assert s3.get_object(Bucket="music", Key="logs/2018/1.json")["Body"].read() == b"new"
    assert (folder / "music" / "logs" / "2018" / "1.json").read_text() == '{"a": 1}'
    assert not (folder / "music" / "logs" / "2018" / "9.json").exists()
