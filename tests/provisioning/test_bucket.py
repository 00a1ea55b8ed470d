"""The bucket for lists of files: where it is, what it is called, and how it goes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from aws_site import Aws
from test_plan import plan

import shutdown_env
from dwh.config import load_config
from dwh.ownership import work_bucket

CAPTURE = pytest.CaptureFixture[str]


def test_bucket_moves_with_the_files_to_load(aws: Aws, capsys: CAPTURE) -> None:
    aws.set_up()
    aws.change(s3_REGION="us-east-1")
    capsys.readouterr()
    aws.set_up()
    said, moved = capsys.readouterr().err, aws.bucket.replace("us-west-2", "us-east-1")
    assert plan(said)["delete"] == [(f"bucket {aws.bucket}", "no longer in REGION of [s3]")]
    assert aws.buckets == [moved]
    location = aws.cloud.client("s3").get_bucket_location(Bucket=moved)["LocationConstraint"]
    assert location is None  # as S3 calls us-east-1


def test_buckets_of_long_identifiers_have_valid_names_of_their_own(aws: Aws) -> None:
    config = load_config(aws.config)
    identifiers = ["a", "b" * 27, "b" * 28, "c" * 63, f"{'c' * 62}d", f"{'d-' * 31}e"]
    for region in ("us-east-1", "ap-southeast-2"):
        found = {
            work_bucket("123456789012", replace(config, identifier=each, s3_region=region))
            for each in identifiers
        }
        assert len(found) == len(identifiers)
        for name in found:
            assert re.fullmatch(rf"[a-z][a-z0-9-]{{0,62}}-dwh-123456789012-{region}-an", name)
            assert len(name) <= 63


def test_bucket_is_emptied_of_all_versions_and_deleted(aws: Aws) -> None:
    aws.set_up()
    s3 = aws.cloud.client("s3")
    for versioned in (False, True):
        status = {"Status": "Enabled" if versioned else "Suspended"}
        s3.put_bucket_versioning(Bucket=aws.bucket, VersioningConfiguration=status)
        for key in ("a", "a", "b/\u00e9 \u6f22"):
            s3.put_object(Bucket=aws.bucket, Key=key, Body=b"x")
        s3.delete_object(Bucket=aws.bucket, Key="a")
    aws.run(shutdown_env, "--yes", "--no-snapshot")
    assert not any(aws.environment().values())


def test_bucket_that_is_written_to_meanwhile_is_emptied_again(aws: Aws) -> None:
    aws.set_up()
    s3, keys = aws.cloud.client("s3"), ["late", "later"]

    def write(**_: object) -> None:
        if keys:
            s3.put_object(Bucket=aws.bucket, Key=keys.pop(), Body=b"x")

    aws.listen("before-call.s3.DeleteBucket", write)
    aws.run(shutdown_env, "--yes", "--no-snapshot")
    assert not any(aws.environment().values())
