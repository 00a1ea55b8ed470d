"""A folder of buckets is S3: its files are objects, as they are at the moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Cloud

from sandbox import control

BUCKETS = ("listed", "changing", "written")


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
