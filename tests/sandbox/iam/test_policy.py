"""IAM policies decide who may do what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.iam import policy

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


VPC = "arn:aws:ec2:us-west-2:123456789012:vpc/vpc-1"
NO_KEYS: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"StringEquals": {"s3:prefix": ["a", "b"]}}, {"s3:prefix": "b"}, True),
        ({"StringEquals": {"s3:prefix": "a*"}}, {"s3:prefix": "ab"}, False),
        ({"StringEquals": {"s3:prefix": ""}}, {"s3:prefix": ""}, True),
        ({"StringEquals": {"s3:prefix": ""}}, NO_KEYS, False),
        ({"StringLike": {"s3:prefix": "*"}}, NO_KEYS, False),
        ({"StringNotEquals": {"s3:prefix": ["a", "b"]}}, {"s3:prefix": "c"}, True),
        ({"StringNotEquals": {"s3:prefix": ["a", "b"]}}, {"s3:prefix": "b"}, False),
        ({"StringNotEquals": {"s3:prefix": "a"}}, NO_KEYS, True),
        ({"StringNotLike": {"s3:prefix": "a*"}}, {"s3:prefix": "ab"}, False),
        ({"StringNotLike": {"s3:prefix": "a*"}}, NO_KEYS, True),
        ({"StringEqualsIfExists": {"s3:prefix": "a"}}, NO_KEYS, True),
        ({"StringEqualsIfExists": {"s3:prefix": "a"}}, {"s3:prefix": "b"}, False),
        ({"StringNotLikeIfExists": {"s3:prefix": "a*"}}, {"s3:prefix": "ab"}, False),
        ({"Null": {"s3:prefix": "true"}}, NO_KEYS, True),
        ({"Null": {"s3:prefix": True}}, {"s3:prefix": ""}, False),
        ({"Null": {"s3:prefix": "false"}}, {"s3:prefix": ""}, True),
        ({"Null": {"aws:TagKeys": "true"}}, NO_KEYS, True),
        ({"Bool": {"aws:SecureTransport": "True"}}, {"aws:securetransport": "true"}, True),
        ({"Bool": {"aws:SecureTransport": False}}, {"aws:securetransport": "true"}, False),
        ({"ArnEquals": {"ec2:Vpc": VPC}}, {"ec2:vpc": VPC}, True),
        ({"ArnLike": {"ec2:Vpc": "arn:aws:ec2:*:*:vpc/*"}}, {"ec2:vpc": VPC}, True),
        ({"ArnLike": {"ec2:Vpc": "arn:aws:ec2:*::vpc/vpc-1"}}, {"ec2:vpc": VPC}, False),
        ({"ArnLike": {"ec2:Vpc": VPC}}, NO_KEYS, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:tagkeys": ["a"]}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}, {"aws:tagkeys": ["a", "b"]}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}, NO_KEYS, True),
        (
            {"ForAllValues:StringNotLike": {"aws:TagKeys": "a*"}},
            {"aws:tagkeys": ["b", "a1"]},
            False,
        ),
        ({"ForAnyValue:StringLike": {"aws:TagKeys": "a*"}}, {"aws:tagkeys": ["b", "a1"]}, True),
        ({"ForAnyValue:StringLike": {"aws:TagKeys": "a*"}}, NO_KEYS, False),
        ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": "a"}}, NO_KEYS, False),
        ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": "a"}}, {"aws:tagkeys": ["a", "b"]}, True),
        ({"StringEquals": {"aws:RequestTag/Owner": "x"}}, {"aws:requesttag/owner": "x"}, True),
        (
            {"StringEquals": {"aws:RequestTag/a": "x", "aws:ResourceTag/a": "x"}},
            {"aws:requesttag/a": "x"},
            False,
        ),
    ],
)
def test_condition_is_met_as_aws_says(condition: Any, context: Any, expected: bool) -> None:
    documents = [document(allow(Condition=condition))]
    assert policy.allows(documents, "s3:GetObject", "*", context) is expected


@pytest.mark.parametrize(
    "condition",
    [
        {"NumericEqualsIfExists": {"s3:max-keys": "10"}},
        {"StringEqualsIgnoreCase": {"s3:prefix": "a"}},
        {"ArnNotLike": {"ec2:Vpc": VPC}},
        {"ArnLike": {"ec2:Vpc": "arn:aws:ec2:*:vpc/vpc-1"}},
        {"NumericEquals": {"s3:max-keys": "10"}},
        {"StringEquals": {"s3:delimiter": "/"}},
        {"StringEquals": {"redshift:ResourceTag/a": "b"}},
        {"StringEquals": {"aws:TagKeys": "a"}},
        {"ForAllValues:ArnLike": {"ec2:Vpc": VPC}},
        {"ForSomeValues:StringLike": {"aws:TagKeys": "a"}},
        {"StringEquals": {"aws:RequestedRegion": "us-west-2"}},
        {"Null": {"aws:SecureTransport": "true"}},
        {"StringEquals": {"s3:prefix": "${aws:username}"}},
    ],
)
def test_condition_that_may_or_may_not_be_met_is_an_error(condition: Any) -> None:
    documents = [document(allow(Condition=condition))]
    with pytest.raises(policy.UnknownConditionError):
        policy.allows(documents, "s3:ListBucket", BUCKET_ARN, {"s3:prefix": "a", "ec2:vpc": VPC})


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", True),
        ("arn:aws:ec2:us-west-2:123456789012:vpc/*", True),
        ("arn:aws:ec2:*:*:vpc/vpc-?", True),
        ("arn:aws:ec2:*", True),
        ("arn:aws:ec2", True),
        ("arn:aws:ec2:*:vpc/vpc-1", False),
        ("arn:aws:ec2*vpc-1", False),
        ("arn:aws:ec2::123456789012:vpc/*", False),
    ],
)
def test_wildcard_stays_within_a_part_of_the_arn(pattern: str, expected: bool) -> None:
    documents = [document(allow("ec2:*", pattern))]
    assert policy.allows(documents, "ec2:DeleteVpc", VPC) is expected
    assert policy.allows(documents, "ec2:DescribeVpcs", "*") is (pattern == "*")


def test_variable_in_a_resource_is_an_error_where_it_matters() -> None:
    documents = [document(allow("s3:GetObject", f"{BUCKET_ARN}/${{aws:username}}/*"))]
    assert not policy.allows(documents, "s3:ListBucket", BUCKET_ARN)
    with pytest.raises(policy.UnknownConditionError, match="aws:username"):
        policy.allows(documents, "s3:GetObject", f"{BUCKET_ARN}/a/b")
    everything = [document(allow("*", [f"{BUCKET_ARN}/${{aws:username}}/*", "arn:aws:ec2:*"]))]
    assert policy.allows(everything, "ec2:DeleteVpc", VPC)


def test_key_that_is_not_known_to_be_absent_is_an_error() -> None:
    condition = {"StringNotEquals": {"aws:RequestTag/a": "b"}}
    documents = [document(allow("*", Condition=condition))]
    absent, unknown = policy.Permission("a:B"), policy.Permission("a:B", complete=False)
    assert policy.decide(documents, absent) == "Allow"
    with pytest.raises(policy.UnknownConditionError):
        policy.decide(documents, unknown)


@pytest.mark.parametrize(
    ("principal", "effect", "expected"),
    [
        ({"AWS": "arn:aws:iam::1:user/a"}, "Allow", True),
        ({"AWS": ["arn:aws:iam::1:user/b", "arn:aws:iam::1:user/a"]}, "Allow", True),
        ({"AWS": "arn:aws:iam::1:user/a"}, "Deny", False),
        ({"AWS": "arn:aws:iam::1:user/*"}, "Allow", False),
        ("*", "Allow", True),
        ({"Service": "redshift.amazonaws.com"}, "Allow", False),
    ],
)
def test_trust_names_its_callers(principal: Any, effect: str, expected: bool) -> None:
    trust = {"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole"}
    permission = policy.Permission("sts:AssumeRole", "arn:aws:iam::1:role/r")
    assert policy.names_caller(document(trust), {"arn:aws:iam::1:user/a"}, permission) is expected


def test_trust_in_everybody_else_is_an_error() -> None:
    trust = {"Effect": "Deny", "NotPrincipal": {"AWS": "1"}, "Action": "sts:AssumeRole"}
    with pytest.raises(policy.UnknownConditionError, match="NotPrincipal"):
        policy.names_caller(document(trust), {"a"}, policy.Permission("sts:AssumeRole"))
