"""Who calls AWS, and where that is: what people are told when either is wrong."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_site import Aws, told
from operators import new_operator, statement

import create_tables
import etl
import query
import setup_env
import shutdown_env
from dwh.aws import find_endpoint

CAPTURE = pytest.CaptureFixture[str]
SCRIPTS = [setup_env, create_tables, etl, query, shutdown_env]
pytestmark = pytest.mark.usefixtures("no_pauses")

# ---------------------------------------------------------------------------- none that can be used


@pytest.fixture
def nobody(site: Aws, tmp_path: Path) -> Aws:
    """The environment, for a user who has set nothing up."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        site.patch.delenv(name)
    site.patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    site.patch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    site.patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return site


SET_UP = "run `aws configure` or `aws sso login`, or set AWS_PROFILE"
SSO = """
sso_start_url = https://example.awsapps.com/start
sso_region = us-west-2
sso_account_id = 123456789012
sso_role_name = analyst
"""
USELESS: dict[str, tuple[dict[str, str], str, str, str]] = {
    "none": ({}, "", "AWS credentials are missing or incomplete (Unable to locate cred", SET_UP),
    "half": (
        {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"},
        "",
        "AWS credentials are missing or incomplete (Partial credentials found in env, missing: A",
        SET_UP,
    ),
    "unknown profile": (
        {"AWS_PROFILE": "ada"},
        "",
        "AWS_PROFILE names an unknown profile (The config profile (ada) could not be found)",
        "see `aws configure list-profiles`",
    ),
    "not logged in": (
        {},
        f"[default]{SSO}",
        "AWS credentials are missing or incomplete (Error loading SSO Token: Token for https://ex",
        SET_UP,
    ),
    "aws login without its package": (
        {},
        "[default]\nlogin_session = arn:aws:iam::123456789012:user/ada\n",
        "the AWS credentials take a package that is not installed (Missing Dependency: Usi",
        "credentials of `aws login` take one more: pip install 'botocore[crt]'",
    ),
    "broken helper": (
        {},
        "[default]\ncredential_process = false\n",
        "AWS credentials are missing or incomplete (Error when retrieving credentials from",
        SET_UP,
    ),
    "broken file": (
        {},
        "no section\n",
        "AWS's own configuration cannot be used (Unable to parse config file: ",
        "correct that file, or name another in AWS_CONFIG_FILE",
    ),
}


@pytest.mark.parametrize(("variables", "file", "error", "hint"), USELESS.values(), ids=USELESS)
def test_credentials_that_cannot_be_used_are_explained(
    nobody: Aws, capsys: CAPTURE, variables: dict[str, str], file: str, error: str, hint: str
) -> None:
    for name, value in variables.items():
        nobody.patch.setenv(name, value)
    Path(nobody.config.parent / "config").write_text(file)
    found = told(nobody, query, said=capsys)
    assert found.error.startswith(error), found
    assert found.hint == hint


@pytest.mark.parametrize("script", SCRIPTS)
def test_without_credentials_aws_is_not_asked(nobody: Aws, capsys: CAPTURE, script: Any) -> None:
    asked: list[str] = []
    nobody.listen("before-send", lambda request, **_: asked.append(request.url))
    assert told(nobody, script, said=capsys).hint == SET_UP
    assert asked == []


# ---------------------------------------------------------------------------- not the right ones


def act_as(site: Aws, key: str, secret: str) -> None:
    site.patch.setenv("AWS_ACCESS_KEY_ID", key)
    site.patch.setenv("AWS_SECRET_ACCESS_KEY", secret)


CHECK = "check them with `aws sts get-caller-identity`"


@pytest.mark.parametrize("script", [setup_env, query])
def test_keys_that_aws_does_not_know_are_explained(site: Aws, capsys: CAPTURE, script: Any) -> None:
    act_as(site, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI")
    found = told(site, script, said=capsys)
    what = "The security token included in the request is invalid."
    assert found.error == f"AWS does not accept the credentials ({what})"
    assert found.hint.startswith(CHECK)


def test_secret_that_does_not_belong_to_its_key_is_explained(site: Aws, capsys: CAPTURE) -> None:
    operator = new_operator(site.cloud)
    act_as(site, operator.key, operator.secret[::-1])
    found = told(site, query, said=capsys)
    assert found.error.startswith("AWS does not accept the credentials (The request signature we")
    assert found.hint.startswith(CHECK)
    assert operator.secret[::-1] not in str(found)


DENIED = [
    (setup_env, "iam:GetRole on arn:aws:iam::123456789012:role/sparkify-dwh/standing"),
    (etl, "redshift:DescribeClusters on arn:aws:redshift:us-west-2:123456789012:cluster:standing"),
]


@pytest.mark.parametrize(("script", "right"), DENIED)
def test_right_that_is_missing_is_named(
    site: Aws, capsys: CAPTURE, script: Any, right: str
) -> None:
    operator = new_operator(site.cloud)
    act_as(site, operator.key, operator.secret)
    found = told(site, script, said=capsys)
    assert found.error.startswith(f"AWS denies {right}")
    assert found.hint.startswith("ask for it: docs/operator-policy.json")
    operator.may({"Effect": "Deny", "Action": "*", "Resource": "*"}, statement("*"))
    found = told(site, script, said=capsys)
    assert found.error.startswith(f"AWS denies {right}")
    assert found.hint == "an identity-based policy forbids it: ask the account's administrators"


# ---------------------------------------------------------------------------- not the right place


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_region_that_does_not_exist_is_explained(site: Aws, capsys: CAPTURE) -> None:
    site.patch.setenv("AWS_ENDPOINT_URL_REDSHIFT", "http://redshift.us-west-9.invalid")
    site.change(aws_REGION="us-west-9")
    found = told(site, query, said=capsys)
    url = "http://redshift.us-west-9.invalid/"
    assert found.error == (
        f'the AWS endpoint cannot be reached (Could not connect to the endpoint URL: "{url}")'
    )
    assert found.hint.startswith("check REGION and the network")


def test_aws_that_does_not_answer_is_explained(
    site: Aws, capsys: CAPTURE, closed_port: int
) -> None:
    site.patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed_port}")
    for script in SCRIPTS:
        found = told(site, script, said=capsys)
        assert found.error.startswith("the AWS endpoint cannot be reached (Could not connect to")
        assert found.hint.startswith("check REGION and the network")


def test_own_address_that_nobody_tells_is_explained(site: Aws, capsys: CAPTURE) -> None:
    site.change(access_CLIENT_ADDRESS="auto")
    site.patch.setattr("dwh.reachability.find_endpoint", find_endpoint)
    found = told(site, setup_env, said=capsys)
    assert found.error.startswith("https://checkip.amazonaws.com does not tell this machine's addr")
    assert found.hint == "set CLIENT_ADDRESS in dwh.cfg instead of auto"
