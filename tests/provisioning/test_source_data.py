"""What etl.py will load is looked at before a cluster is made for it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from aws_site import Aws, told
from conftest import BUCKET, JSON_PATHS, SOURCES

import setup_env
from dwh import json_paths
from dwh.config import load_config
from dwh.errors import DwhError
from dwh.provisioning import source_data

CAPTURE = pytest.CaptureFixture[str]


def paths(*found: Any) -> bytes:
    return json.dumps({"jsonpaths": list(found)}).encode()


def test_plan_names_what_will_be_loaded(aws: Aws, capsys: CAPTURE) -> None:
    aws.run(setup_env, "--dry-run")
    (row,) = [line for line in capsys.readouterr().out.splitlines() if "source data" in line]
    assert re.split(" {2,}", row.strip()) == ["check", "source data", source_data.DATA]


MISSING = [
    ({"s3_LOG_DATA": f"s3://{SOURCES}/nothing"}, f"nothing in S3 starts with s3://{SOURCES}/noth"),
    ({"s3_SONG_DATA": "s3://no-such-bucket/a"}, "there is no bucket no-such-bucket in S3"),
    ({"s3_LOG_JSON_PATHS": f"s3://{SOURCES}/none"}, f"there is no s3://{SOURCES}/none"),
]


def test_data_that_is_not_there_is_told_before_anything_is_made(aws: Aws, capsys: CAPTURE) -> None:
    before = aws.config.read_text()
    for settings, error in MISSING:
        aws.config.write_text(before)
        aws.change(**settings)
        found = told(aws, setup_env, said=capsys)
        assert found.error.startswith(error)
        (key,) = settings
        assert found.hint == f"check {key.removeprefix('s3_')} in dwh.cfg"
    assert not any(aws.environment().values())


def test_bucket_that_is_closed_is_said_to_be_that(aws: Aws, capsys: CAPTURE) -> None:
    disabled = ("AllAccessDisabled", "All access to this object has been disabled")
    aws.refuse("s3.ListObjectsV2", disabled)
    found = told(aws, setup_env, said=capsys)
    assert found.error == f"the bucket's owner has closed it ({disabled[1]})"
    aws.listen_no_more()
    aws.refuse("s3.ListObjectsV2", ("AccessDenied", "Access Denied"))
    found = told(aws, setup_env, said=capsys)
    assert found.error == "AWS denies ListObjectsV2"
    assert found.hint.startswith("the bucket's owner may have closed it; if not, ask for ")
    assert not any(aws.environment().values())


def test_where_there_is_a_cluster_the_data_may_be_away(site: Aws, capsys: CAPTURE) -> None:
    site.change(s3_LOG_DATA=f"s3://{SOURCES}/nothing")
    site.run(setup_env, "--dry-run")
    assert f"warning: nothing in S3 starts with s3://{SOURCES}/nothing" in capsys.readouterr().out


COLUMNS = json_paths.columns_of("staging_events")
NO_PATHS = [
    (b"\xff", "is not JSON in UTF-8"),
    (b'{"jsonpaths": [', "is not JSON in UTF-8"),
    (b"[]", "is not one object"),
    (b'{"jsonpaths": [], "more": 1}', "is not one object"),
    (paths(), "is not a list of paths"),
    (b'{"jsonpaths": "$.a"}', "is not a list of paths"),
    (paths("$.a"), f"has 1 paths, and staging_events has {len(COLUMNS)} columns"),
    (paths("$.a", 1), "1 is not a path that COPY takes"),
    (paths("artist"), "'artist' is not a path that COPY takes"),
    (paths("$.a['b']"), "is not a path that COPY takes"),
    (paths("$..a"), "is not a path that COPY takes"),
    (paths("$.a[*]"), "is not a path that COPY takes"),
]


def test_paths_that_copy_would_not_take_are_told(site: Aws) -> None:
    s3, key = site.cloud.client("s3"), f"{site.name}/wrong.json"
    site.change(s3_LOG_JSON_PATHS=f"s3://{BUCKET}/{key}")
    config = load_config(site.config)
    for content, error in NO_PATHS:
        s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        with pytest.raises(DwhError, match=error) as caught:
            json_paths.read_json_paths(config)
        assert caught.value.hint.startswith("correct the file that LOG_JSON_PATHS in dwh.cfg names")
    s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(JSON_PATHS))
    assert list(json_paths.read_json_paths(config)) == COLUMNS
    s3.put_object(Bucket=BUCKET, Key=key, Body=b'{"other": 1}')
    assert json_paths.read_json_paths(config) == {column: [column] for column in COLUMNS}
