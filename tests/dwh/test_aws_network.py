"""A network that fails, and requests that cannot be sent or verified."""

from __future__ import annotations

import aws_answers
import pytest
from aws_site import Aws, told
from botocore import exceptions

import setup_env

CAPTURE = pytest.CaptureFixture[str]
pytestmark = pytest.mark.usefixtures("no_pauses")


TO = {"endpoint_url": "https://redshift.us-west-2.amazonaws.com"}
NETWORK = [
    exceptions.ReadTimeoutError(**TO),
    exceptions.ConnectTimeoutError(**TO),
    exceptions.ConnectionClosedError(**TO),
    exceptions.EndpointConnectionError(**TO),
    exceptions.ProxyConnectionError(proxy_url="http://proxy:3128"),
]


@pytest.mark.parametrize("fault", NETWORK, ids=lambda each: type(each).__name__)
def test_network_that_fails_is_explained(site: Aws, capsys: CAPTURE, fault: Exception) -> None:
    def fail(**_: object) -> None:
        raise fault

    site.listen("before-send.redshift.DescribeClusters", fail)
    found = told(site, setup_env, said=capsys)
    assert found.error == f"the AWS endpoint cannot be reached ({fault})".replace(":)", ")")
    assert found.hint.startswith("check REGION and the network")


CANONICAL = """The request signature we calculated does not match the signature you provided.

The Canonical String for this request should have been
'POST
/
x-amz-security-token:{token}'
"""


def test_token_that_aws_quotes_is_not_printed(
    site: Aws, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "canary-token-of-a-session"
    monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    answer = ("iam.GetRole", 403, "SignatureDoesNotMatch", CANONICAL.format(token=token))
    aws_answers.refuse(site, *answer)
    found = told(site, setup_env, said=capsys)
    assert found.error.startswith("AWS does not accept the credentials (The request signature we")
    assert token not in str(found)


def test_token_with_a_line_break_is_explained_and_not_printed(
    site: Aws, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "canary-first-line\ncanary-second-line")
    found = told(site, setup_env, said=capsys)
    assert found.error.startswith("the AWS credentials cannot be sent (")
    assert found.hint == "there is a line break in one of them: set them again"
    assert "canary" not in str(found)
