"""Who signs with the keys of an IAM identity acts with the rights of its policies."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.config import Config
from conftest import BUCKET, REGION, Cloud, numbers
from operators import ACCOUNT, Operator, document, new_operator, statement

CLUSTERS = f"arn:aws:redshift:{REGION}:{ACCOUNT}:cluster"
DENIED = "User: {} is not authorized to perform: {} because no identity-based policy allows the {}"


@pytest.fixture
def operator(cloud: Cloud) -> Operator:
    return new_operator(cloud)


def assumed(operator: Operator, role: str, **more: Any) -> Operator:
    """A session of the role, as the operator gets it."""
    answer = operator.call("sts", "assume_role", RoleArn=role, RoleSessionName="session", **more)
    keys = answer["Credentials"]
    return Operator(
        operator.cloud,
        answer["AssumedRoleUser"]["Arn"],
        keys["AccessKeyId"],
        keys["SecretAccessKey"],
        keys["SessionToken"],
    )


def new_role(cloud: Cloud, principal: Any, *statements: dict[str, Any]) -> str:
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    policy = {"Version": "2012-10-17", "Statement": list(statements)} if statements else None
    trusting = {"Version": "2012-10-17", "Statement": [trust]}
    return cloud.create_role(f"role-{next(numbers)}", trusting, policy)


# ---------------------------------------------------------------------------- what AWS says


@pytest.mark.parametrize(
    ("service", "operation", "request_", "expected"),
    [
        ("redshift", "describe_clusters", {}, ("redshift:DescribeClusters", f"{CLUSTERS}:*")),
        ("iam", "list_roles", {"PathPrefix": "/a/"}, ("iam:ListRoles", "{iam}:role/a/")),
        ("iam", "get_role", {"RoleName": "none"}, ("iam:GetRole", "{iam}:role/none")),
        ("iam", "list_users", {}, ("iam:ListUsers", "*")),
        ("s3", "list_objects_v2", {"Bucket": "b"}, ("s3:ListBucket", '"arn:aws:s3:::b"')),
    ],
)
def test_denied_call_names_who_may_not_do_what_on_which_resource(
    operator: Operator, service: str, operation: str, request_: Any, expected: tuple[str, str]
) -> None:
    action, resource = expected
    what = f"{action} on resource: {resource.format(iam=f'arn:aws:iam::{ACCOUNT}')}"
    text = f"{DENIED.format(operator.arn, what, action)} action"
    assert operator.refusal(service, operation, **request_) == (403, "AccessDenied", text)


def test_ec2_has_its_own_words(operator: Operator) -> None:
    first = "You are not authorized to perform this operation. "
    action = "ec2:DescribeVpcs"
    text = f"{first}{DENIED.format(operator.arn, action, action)} action"
    assert operator.refusal("ec2", "describe_vpcs") == (403, "UnauthorizedOperation", text)


def test_explicit_deny_wins_and_is_told(operator: Operator) -> None:
    operator.may(statement("redshift:*"), {**statement("redshift:Describe*"), "Effect": "Deny"})
    status, code, text = operator.refusal("redshift", "describe_clusters", ClusterIdentifier="c")
    assert (status, code) == (403, "AccessDenied")
    assert text.endswith(f"{CLUSTERS}:c with an explicit deny in an identity-based policy")


def test_everybody_may_ask_who_they_are(operator: Operator) -> None:
    operator.may({**statement("*"), "Effect": "Deny"})
    assert operator.call("sts", "get_caller_identity")["Arn"] == operator.arn


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "1"}}, "IAM condition NumericLessThan"),
        ({"StringEquals": {"aws:SourceVpc": "v"}}, "IAM condition StringEquals aws:SourceVpc"),
        ({"StringLike": {"aws:RequestTag/a": "${aws:username}"}}, "${aws:username}"),
    ],
)
def test_condition_that_is_not_known_is_an_error(
    operator: Operator, condition: Any, text: str
) -> None:
    operator.may(statement("*", Condition=condition))
    tags = [{"Key": "a", "Value": "b"}]
    refusal = operator.refusal("redshift", "create_tags", ResourceName=f"{CLUSTERS}:c", Tags=tags)
    assert refusal[:2] == (400, "UnsupportedOperation")
    assert text in refusal[2]


def test_key_is_not_taken_as_absent_in_a_call_about_which_little_is_known(
    operator: Operator,
) -> None:
    operator.may(statement("*", Condition={"StringNotEquals": {"aws:RequestTag/a": "b"}}))
    request = {"ParameterGroupName": "p", "ParameterGroupFamily": "redshift-2.0"}
    refusal = operator.refusal(
        "redshift", "create_cluster_parameter_group", **request, Description="d"
    )
    assert refusal[:2] == (400, "UnsupportedOperation")


# ---------------------------------------------------------------------------- credentials


@pytest.mark.parametrize(
    ("service", "operation", "unknown", "wrong"),
    [
        (
            "redshift",
            "describe_clusters",
            (403, "InvalidClientTokenId", "The security token included in the request is invalid."),
            (403, "SignatureDoesNotMatch", "The request signature we calculated does not match"),
        ),
        (
            "ec2",
            "describe_vpcs",
            (401, "AuthFailure", "AWS was not able"),
            (401, "AuthFailure", ""),
        ),
        (
            "s3",
            "list_buckets",
            (403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist"),
            (403, "SignatureDoesNotMatch", "The request signature we calculated does not match"),
        ),
    ],
)
def test_credentials_are_verified(
    operator: Operator, service: str, operation: str, unknown: Any, wrong: Any
) -> None:
    operator.may(statement("*"))
    assert operator.refusal(service, operation)[0] == 200
    stranger = Operator(operator.cloud, "", f"AKIA{'X' * 16}", operator.secret)
    impostor = Operator(operator.cloud, "", operator.key, "not the secret")
    for caller, expected in ((stranger, unknown), (impostor, wrong)):
        status, code, text = caller.refusal(service, operation)
        assert (status, code) == expected[:2]
        assert text.startswith(expected[2])


def test_key_that_is_inactive_or_deleted_is_unknown(operator: Operator) -> None:
    operator.may(statement("*"))
    iam, key = operator.iam, {"UserName": operator.name}
    iam.update_access_key(**key, AccessKeyId=operator.key, Status="Inactive")
    assert operator.refusal("sts", "get_caller_identity")[1] == "InvalidClientTokenId"
    iam.update_access_key(**key, AccessKeyId=operator.key, Status="Active")
    assert operator.refusal("sts", "get_caller_identity")[0] == 200
    iam.delete_access_key(**key, AccessKeyId=operator.key)
    assert operator.refusal("sts", "get_caller_identity")[1] == "InvalidClientTokenId"


def test_any_other_key_is_the_root_of_the_account(cloud: Cloud) -> None:
    root = Operator(cloud, "", "nobody", "nothing")
    assert root.call("iam", "list_roles")["Roles"] is not None
    assert root.call("s3", "list_objects_v2", Bucket=BUCKET)["Name"] == BUCKET


def test_url_signed_with_the_key_of_a_user_is_refused(operator: Operator) -> None:
    operator.may(statement("*"))
    request = {"Bucket": BUCKET, "Key": "k"}
    url = operator.client("s3").generate_presigned_url("get_object", Params=request)
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(url)
    assert answer.value.code == 400
    assert b"signatures outside of the Authorization header" in answer.value.read()


def test_signature_of_any_key_and_prefix_is_right(operator: Operator) -> None:
    operator.may(statement("s3:*"))
    key = f"{operator.name}/a b+c=ü/&%25*~.json"
    operator.call("s3", "put_object", Bucket=BUCKET, Key=key, Body=b"body", Metadata={"a": "b c"})
    prefix = f"{operator.name}/a b+"
    (found,) = operator.call("s3", "list_objects_v2", Bucket=BUCKET, Prefix=prefix)["Contents"]
    assert found["Key"] == key
    assert operator.call("s3", "get_object", Bucket=BUCKET, Key=key)["Body"].read() == b"body"


# ---------------------------------------------------------------------------- identities


def test_policies_of_groups_and_managed_ones_count(operator: Operator) -> None:
    iam, name = operator.iam, operator.name
    iam.create_group(GroupName=name)
    iam.add_user_to_group(GroupName=name, UserName=name)
    inline = document(statement("ec2:DescribeVpcs"))
    iam.put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=inline)
    managed = document(statement("iam:ListRoles"))
    arn = iam.create_policy(PolicyName=name, PolicyDocument=managed)["Policy"]["Arn"]
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    assert operator.refusal("ec2", "describe_vpcs")[0] == 200
    assert operator.refusal("iam", "list_roles")[0] == 200
    assert operator.refusal("ec2", "describe_subnets")[0] == 403


def test_session_of_a_role_has_the_rights_of_the_role(operator: Operator) -> None:
    role = new_role(operator.cloud, {"AWS": operator.arn}, statement("iam:ListRoles"))
    session = assumed(operator, role)
    assert session.call("sts", "get_caller_identity")["Arn"] == session.name
    assert session.refusal("iam", "list_roles")[0] == 200
    _, code, text = session.refusal("iam", "list_users")
    assert code == "AccessDenied"
    assert text.startswith(f"User: {session.name} is not authorized to perform: iam:ListUsers")


def test_session_needs_its_token(operator: Operator) -> None:
    role = new_role(operator.cloud, {"AWS": operator.arn}, statement("*"))
    session = assumed(operator, role)
    other = Operator(operator.cloud, "", session.key, session.secret, "another token")
    assert other.refusal("iam", "list_roles")[1] == "InvalidClientTokenId"
    assert other.refusal("s3", "list_buckets")[1] == "InvalidToken"


def test_session_that_has_expired_is_refused(operator: Operator) -> None:
    role = new_role(operator.cloud, {"AWS": operator.arn}, statement("*"))
    operator.client("sts", config=Config(parameter_validation=False))
    session = assumed(operator, role, DurationSeconds=-1)
    assert session.refusal("iam", "list_roles")[:2] == (403, "ExpiredToken")
    assert session.refusal("ec2", "describe_vpcs")[:2] == (400, "RequestExpired")
    assert session.refusal("s3", "list_buckets")[:2] == (400, "ExpiredToken")


def test_session_policy_and_boundary_limit_the_role(operator: Operator) -> None:
    role = new_role(operator.cloud, {"AWS": operator.arn}, statement("iam:*"))
    limit = document(statement(["iam:ListRoles", "iam:ListUsers"]))
    session = assumed(operator, role, Policy=limit)
    assert session.refusal("iam", "list_roles")[0] == 200
    text = session.refusal("iam", "list_groups")[2]
    assert text.endswith("because no session policy allows the iam:ListGroups action")
    iam, name = operator.iam, role.rpartition("/")[2]
    boundary = document(statement("iam:ListUsers"))
    arn = iam.create_policy(PolicyName=name, PolicyDocument=boundary)["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=arn)
    text = session.refusal("iam", "list_roles")[2]
    assert text.endswith("because no permissions boundary allows the iam:ListRoles action")
    assert session.refusal("iam", "list_users")[0] == 200


def test_session_ends_with_its_role(operator: Operator) -> None:
    role = new_role(operator.cloud, {"AWS": operator.arn}, statement("*"))
    session, name = assumed(operator, role), role.rpartition("/")[2]
    operator.iam.delete_role_policy(RoleName=name, PolicyName="read")
    operator.iam.delete_role(RoleName=name)
    assert session.refusal("iam", "list_roles")[1] == "InvalidClientTokenId"


@pytest.mark.parametrize(
    ("principal", "allowed", "expected"),
    [
        ({"AWS": ACCOUNT}, True, 200),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, True, 200),
        ({"AWS": ACCOUNT}, False, 403),
        ("*", False, 200),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/another"}, True, 403),
        ({"Service": "redshift.amazonaws.com"}, True, 403),
    ],
)
def test_role_decides_who_may_assume_it(
    operator: Operator, principal: Any, allowed: bool, expected: int
) -> None:
    role = new_role(operator.cloud, principal)
    operator.may(statement("sts:AssumeRole" if allowed else "sts:TagSession", role))
    request = {"RoleArn": role, "RoleSessionName": "session"}
    status, _, text = operator.refusal("sts", "assume_role", **request)
    assert status == expected
    what = f"{operator.arn} is not authorized to perform: sts:AssumeRole on resource: {role}"
    assert expected == 200 or text.startswith(f"User: {what}")
