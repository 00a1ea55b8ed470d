"""Listing a bucket, page by page, as S3 does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Cloud

BUCKET = "listing"
KEYS = ["a/1", "a/2", "a/&<>", "a/é 漢", "a/😀", "b/1", "b c+d", "z"]


@pytest.fixture(scope="module")
def s3(cloud: Cloud) -> Iterator[Any]:
    found = cloud.client("s3")
    where = {"LocationConstraint": "us-west-2"}
    found.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    for key in KEYS:
        found.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    yield found
    for key in KEYS:
        found.delete_object(Bucket=BUCKET, Key=key)
    found.delete_bucket(Bucket=BUCKET)


def pages(s3: Any, **request: Any) -> list[list[str]]:
    found = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, **request)
    return [[each["Key"] for each in page.get("Contents", [])] for page in found]


@pytest.mark.parametrize("prefix", ["", "a/", "a/é", "b", "b c+", "nothing"])
def test_keys_with_a_prefix_are_listed_in_the_order_of_their_bytes(s3: Any, prefix: str) -> None:
    wanted = sorted((key for key in KEYS if key.startswith(prefix)), key=str.encode)
    assert pages(s3, Prefix=prefix) == [wanted]


@pytest.mark.parametrize("size", [1, 3, len(KEYS), len(KEYS) + 1])
def test_every_key_is_on_one_page(s3: Any, size: int) -> None:
    found = pages(s3, PaginationConfig={"PageSize": size})
    assert [key for page in found for key in page] == sorted(KEYS)
    assert [len(page) for page in found[:-1]] == [size] * (len(found) - 1)
    assert found[-1]


def test_page_begins_after_the_key_that_is_named(s3: Any) -> None:
    assert pages(s3, StartAfter="b/1") == [["z"]]


def test_object_is_described_as_by_itself(s3: Any) -> None:
    (found,) = s3.list_objects_v2(Bucket=BUCKET, Prefix="a/é")["Contents"]
    itself = s3.head_object(Bucket=BUCKET, Key="a/é 漢")
    assert (found["ETag"], found["Size"]) == (itself["ETag"], itself["ContentLength"])
    assert found["LastModified"] == itself["LastModified"]
    assert found["StorageClass"] == "STANDARD"


def test_folders_are_told_apart(s3: Any) -> None:
    found = s3.list_objects_v2(Bucket=BUCKET, Delimiter="/")
    assert [each["Prefix"] for each in found["CommonPrefixes"]] == ["a/", "b/"]
    assert [each["Key"] for each in found["Contents"]] == ["b c+d", "z"]


@pytest.fixture
def versions(s3: Any) -> str:
    """A bucket that keeps versions, with an object, and with one that was deleted."""
    bucket = "listing-versions"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for key in ("gone", "kept"):
        s3.put_object(Bucket=bucket, Key=key)
    s3.delete_object(Bucket=bucket, Key="gone")
    return bucket


def test_deleted_object_of_a_bucket_with_versions_is_listed_as_a_version(
    s3: Any, versions: str
) -> None:
    found = s3.list_objects_v2(Bucket=versions)
    assert [each["Key"] for each in found["Contents"]] == ["kept"]
    found = s3.list_object_versions(Bucket=versions)
    assert [(each["Key"], each["IsLatest"]) for each in found["Versions"]] == [
        ("gone", False),
        ("kept", True),
    ]
    assert [(each["Key"], each["IsLatest"]) for each in found["DeleteMarkers"]] == [("gone", True)]
    found = s3.list_object_versions(Bucket=versions, Prefix="g")
    assert [each["Key"] for each in found["Versions"] + found["DeleteMarkers"]] == ["gone", "gone"]


REFUSED = [
    ({"Bucket": "nowhere"}, "NoSuchBucket"),
    ({"Bucket": BUCKET, "ContinuationToken": "?"}, "InvalidArgument"),
]


@pytest.mark.parametrize(("request_", "code"), REFUSED)
def test_what_cannot_be_listed_is_refused(s3: Any, request_: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError) as error:
        s3.list_objects_v2(**request_)
    assert error.value.response["Error"]["Code"] == code
