"""IAM policies decide what COPY's role may read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.aws import policy

BUCKET_ARN = "arn:aws:s3:::music"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any = "s3:*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


LOGS_ONLY = {"StringLike": {"s3:prefix": ["logs*"]}}


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([], False),
        ([allow()], True),
        ([allow("S3:getobject")], True),
        ([allow(["s3:ListBucket", "s3:Get*"])], True),
        ([allow("s3:ListBucket")], False),
        ([allow(resource="arn:aws:s3:::music/logs*")], True),
        ([allow(resource="arn:aws:s3:::music/songs*")], False),
        ([allow(resource="arn:aws:s3:::mus.c/logs*")], False),
        ([allow(), {**allow(), "Effect": "Deny"}], False),
        ([{"Effect": "Allow", "NotAction": "s3:PutObject", "Resource": "*"}], True),
        ([{"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"}], False),
    ],
)
def test_statements_decide_together(statements: list[dict[str, Any]], expected: bool) -> None:
    documents = [document(statement) for statement in statements]
    assert policy.allows(documents, "s3:GetObject", f"{BUCKET_ARN}/logs/1.json") is expected


@pytest.mark.parametrize(
    ("prefix", "expected"), [("logs", True), ("logs/2018", True), ("songs", False), ("", False)]
)
def test_condition_limits_the_prefix_that_may_be_listed(prefix: str, expected: bool) -> None:
    documents = [document(allow("s3:ListBucket", BUCKET_ARN, Condition=LOGS_ONLY))]
    found = policy.allows(documents, "s3:ListBucket", BUCKET_ARN, {"s3:prefix": prefix})
    assert found is expected


def test_condition_that_is_not_known_is_an_error() -> None:
    documents = [document(allow(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}))]
    with pytest.raises(policy.UnknownConditionError, match="IpAddress"):
        policy.allows(documents, "s3:GetObject", "*")


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ({"Service": "redshift.amazonaws.com"}, True),
        ({"Service": ["ec2.amazonaws.com", "redshift.amazonaws.com"]}, True),
        ({"Service": "ec2.amazonaws.com"}, False),
        ({"AWS": "*"}, False),
    ],
)
def test_only_a_role_that_trusts_the_service_can_be_assumed(principal: Any, expected: bool) -> None:
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    assert policy.trusts(document(trust), "redshift.amazonaws.com") is expected


def test_trust_with_a_condition_is_an_error() -> None:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "redshift.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "x"}},
    }
    with pytest.raises(policy.UnknownConditionError):
        policy.trusts(document(trust), "redshift.amazonaws.com")


def test_denied_trust_is_none() -> None:
    trust = {"Principal": {"Service": "redshift.amazonaws.com"}, "Action": "sts:AssumeRole"}
    both = document({**trust, "Effect": "Allow"}, {**trust, "Effect": "Deny"})
    assert not policy.trusts(both, "redshift.amazonaws.com")


@pytest.mark.parametrize("body", ["{}", "[]", '{"Statement": [{}, "x"]}', '{"Statement": {}}'])
def test_document_without_statements_allows_nothing(body: str) -> None:
    assert not policy.allows([body], "s3:GetObject", "*")
    assert not policy.trusts(body, "redshift.amazonaws.com")


def test_condition_keys_ignore_case_and_unknown_ones_are_errors() -> None:
    deny = {**allow(Condition={"StringLike": {"S3:Prefix": "logs*"}}), "Effect": "Deny"}
    documents = [document(allow()), document(deny)]
    assert not policy.allows(documents, "s3:ListBucket", BUCKET_ARN, {"s3:prefix": "logs/1"})
    unknown = document(allow(Condition={"StringEquals": {"aws:PrincipalAccount": "1"}}))
    with pytest.raises(policy.UnknownConditionError, match="aws:PrincipalAccount"):
        policy.allows([unknown], "s3:GetObject", "*")
