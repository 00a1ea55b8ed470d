"""What calls need besides the permission of their own name, on which resources and when."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import BUCKET, CLUSTER, REGION, Cloud
from operators import ACCOUNT, Operator, new_operator, statement

IAM = f"arn:aws:iam::{ACCOUNT}"
REDSHIFT = f"arn:aws:redshift:{REGION}:{ACCOUNT}"
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
S3 = f"arn:aws:s3:::{BUCKET}"
A_TAG = {"Key": "a", "Value": "b"}
ROLE = f"{IAM}:role/path/passed"
LINKED = "AWSServiceRoleForRedshift"
LINKED_ROLE = f"{IAM}:role/aws-service-role/redshift.amazonaws.com/{LINKED}"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:redshift!c-awsuser-"
TAGS = [{"Key": "project", "Value": "p"}, {"Key": "environment", "Value": "e"}]
DOCUMENT = '{"Version": "2012-10-17", "Statement": []}'
SECRET_ACTIONS = ("CreateSecret", "DescribeSecret", "UpdateSecret", "RotateSecret", "TagResource")
OF_A_SECRET = [(f"secretsmanager:{action}", f"{SECRET}*") for action in SECRET_ACTIONS]
PASSED = ("iam:PassRole", ROLE)
# What Redshift reads of EC2 in the caller's name before it makes a cluster.
NETWORK = [
    (f"ec2:Describe{what}", "*")
    for what in (
        *("AccountAttributes", "Addresses", "AvailabilityZones", "InternetGateways"),
        *("SecurityGroups", "Subnets", "Vpcs"),
    )
]
NETWORK_DENIED = "Access Denied. Please ensure that your IAM Permissions allow this operation."
RULE = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1}
Needed = list[tuple[str, str]]

# Requests that fail once they are allowed, so that they change nothing, and what they need.
NEW_CLUSTER = {
    "ClusterIdentifier": "c",
    "NodeType": "none",
    "MasterUsername": "awsuser",
    "ManageMasterPassword": True,
    "IamRoles": [ROLE],
    "Tags": TAGS,
}
SNAPSHOT = {"SnapshotIdentifier": "s", "SnapshotClusterIdentifier": "c"}
RESTORED = {"ClusterIdentifier": "d", "IamRoles": [ROLE], **SNAPSHOT}
CALLS: list[tuple[str, str, dict[str, Any], Needed]] = [
    (
        "redshift",
        "create_cluster",
        NEW_CLUSTER,
        [
            ("redshift:CreateCluster", f"{REDSHIFT}:cluster:c"),
            ("redshift:CreateTags", f"{REDSHIFT}:cluster:c"),
            PASSED,
            ("iam:CreateServiceLinkedRole", LINKED_ROLE),
            *OF_A_SECRET,
            ("secretsmanager:GetRandomPassword", "*"),
            *NETWORK,
        ],
    ),
    (
        "redshift",
        "restore_from_cluster_snapshot",
        RESTORED,
        [
            ("redshift:RestoreFromClusterSnapshot", f"{REDSHIFT}:cluster:d"),
            ("redshift:RestoreFromClusterSnapshot", f"{REDSHIFT}:snapshot:c/s"),
            PASSED,
            ("iam:CreateServiceLinkedRole", LINKED_ROLE),
            *NETWORK,
        ],
    ),
    (
        "redshift",
        "modify_cluster_iam_roles",
        {"ClusterIdentifier": "c", "AddIamRoles": [ROLE]},
        [("redshift:ModifyClusterIamRoles", f"{REDSHIFT}:cluster:c"), PASSED],
    ),
    (
        "redshift",
        "get_cluster_credentials",
        {"ClusterIdentifier": "c", "DbUser": "u", "DbName": "d", "AutoCreate": True},
        [
            ("redshift:GetClusterCredentials", f"{REDSHIFT}:dbuser:c/u"),
            ("redshift:GetClusterCredentials", f"{REDSHIFT}:dbname:c/d"),
            ("redshift:CreateClusterUser", f"{REDSHIFT}:dbuser:c/u"),
        ],
    ),
    (
        "redshift",
        "delete_cluster",
        {"ClusterIdentifier": CLUSTER},
        [
            ("redshift:DeleteCluster", f"{REDSHIFT}:cluster:{CLUSTER}"),
            ("secretsmanager:DeleteSecret", SECRET.replace("!c-", f"!{CLUSTER}-") + "*"),
        ],
    ),
    (
        "redshift",
        "delete_cluster_snapshot",
        SNAPSHOT,
        [("redshift:DeleteClusterSnapshot", f"{REDSHIFT}:snapshot:c/s")],
    ),
    (
        "redshift",
        "create_tags",
        {"ResourceName": f"{REDSHIFT}:cluster:c", "Tags": TAGS},
        [("redshift:CreateTags", f"{REDSHIFT}:cluster:c")],
    ),
    (
        "iam",
        "create_role",
        {"RoleName": CLUSTER * 9, "Path": "/p/", "AssumeRolePolicyDocument": "-", "Tags": TAGS},
        [("iam:CreateRole", f"{IAM}:role/p/{CLUSTER * 9}"), ("iam:TagRole", f"{IAM}:role/p/*")],
    ),
    (
        "ec2",
        "create_security_group",
        {
            "GroupName": "default",
            "Description": "d",
            "TagSpecifications": [{"ResourceType": "security-group", "Tags": TAGS}],
        },
        [
            ("ec2:CreateSecurityGroup", f"{EC2}:security-group/*"),
            ("ec2:CreateSecurityGroup", f"{EC2}:vpc/*"),
            ("ec2:CreateTags", f"{EC2}:security-group/*"),
        ],
    ),
    (
        "s3",
        "create_bucket",
        {
            "Bucket": BUCKET,
            "CreateBucketConfiguration": {"LocationConstraint": "us-west-2", "Tags": [A_TAG]},
        },
        [("s3:CreateBucket", S3), ("s3:TagResource", S3)],
    ),
    (
        "s3",
        "copy_object",
        {"Bucket": BUCKET, "Key": "new", "CopySource": f"{BUCKET}/none"},
        [("s3:PutObject", f"{S3}/new"), ("s3:GetObject", f"{S3}/none")],
    ),
    (
        "s3",
        "get_object",
        {"Bucket": BUCKET, "Key": "none"},
        [("s3:GetObject", f"{S3}/none"), ("s3:ListBucket", S3)],
    ),
]

ON_ONE = [
    *[
        ("redshift", operation, {"ClusterIdentifier": "c"}, f"{REDSHIFT}:cluster:c")
        for operation in (
            "describe_clusters",
            "modify_cluster",
            "pause_cluster",
            "resume_cluster",
            "describe_logging_status",
        )
    ],
    *[
        ("iam", operation, {"RoleName": "passed", **more}, ROLE)
        for operation, more in (
            ("attach_role_policy", {"PolicyArn": f"{IAM}:policy/no-such-policy"}),
            ("delete_role_policy", {"PolicyName": "none"}),
            ("detach_role_policy", {"PolicyArn": f"{IAM}:policy/no-such-policy"}),
            ("get_role", {}),
            ("get_role_policy", {"PolicyName": "none"}),
            ("list_attached_role_policies", {}),
            ("list_role_policies", {}),
            ("list_role_tags", {}),
            ("put_role_policy", {"PolicyName": "p", "PolicyDocument": "-"}),
            ("tag_role", {"Tags": TAGS}),
            ("untag_role", {"TagKeys": ["none"]}),
            ("update_assume_role_policy", {"PolicyDocument": DOCUMENT}),
        )
    ],
    *[
        ("ec2", operation, {"GroupId": "sg-1", **more}, f"{EC2}:security-group/sg-1")
        for operation, more in (
            ("authorize_security_group_ingress", {"IpPermissions": [RULE]}),
            ("delete_security_group", {}),
            ("revoke_security_group_ingress", {"IpPermissions": [RULE]}),
        )
    ],
    *[
        ("s3", operation, {"Bucket": BUCKET}, S3)
        for operation in (
            "get_bucket_encryption",
            "get_bucket_location",
            "get_bucket_policy",
            "get_bucket_tagging",
            "get_public_access_block",
            "head_bucket",
            "list_objects_v2",
        )
    ],
    ("s3", "put_object", {"Bucket": BUCKET, "Key": "a/b"}, f"{S3}/a/b"),
    ("s3", "delete_object", {"Bucket": BUCKET, "Key": "a/b"}, f"{S3}/a/b"),
]
ACTIONS = {
    "get_bucket_encryption": "s3:GetEncryptionConfiguration",
    "get_public_access_block": "s3:GetBucketPublicAccessBlock",
    "head_bucket": "s3:ListBucket",
    "list_objects_v2": "s3:ListBucket",
}
# The reference names no resource for these.
ON_ALL = [
    ("redshift", "describe_cluster_snapshots", f"{REDSHIFT}:*"),
    ("redshift", "describe_cluster_subnet_groups", f"{REDSHIFT}:*"),
    ("ec2", "describe_security_groups", f"{EC2}:*"),
    ("s3", "list_buckets", "arn:aws:s3:::*"),
]


@pytest.fixture(scope="module")
def operator(cloud: Cloud, passed_role: str) -> Operator:
    return new_operator(cloud)


@pytest.fixture(scope="module")
def passed_role(cloud: Cloud, cluster_role: str) -> str:
    iam = cloud.client("iam")
    role = iam.create_role(RoleName="passed", Path="/path/", AssumeRolePolicyDocument=DOCUMENT)
    assert role["Role"]["Arn"] == ROLE
    return ROLE


def is_denied(operator: Operator, *call: Any) -> bool:
    """Whether the call is refused for want of a permission, as if it were the account's first."""
    service, operation, request = call
    forget_linked_role(operator.iam)
    status, code, _ = operator.refusal(service, operation, **request)
    return status == 403 or code in {"AccessDenied", "UnauthorizedOperation"}


def forget_linked_role(iam: Any) -> None:
    if LINKED in [role["RoleName"] for role in iam.list_roles()["Roles"]]:
        iam.delete_service_linked_role(RoleName=LINKED)


@pytest.mark.parametrize(
    ("service", "operation", "request_", "needed"), CALLS, ids=[call[1] for call in CALLS]
)
def test_call_needs_each_of_its_permissions_and_no_more(
    operator: Operator, service: str, operation: str, request_: Any, needed: Needed
) -> None:
    statements = [statement(*permission) for permission in needed]
    operator.may(*statements)
    assert not is_denied(operator, service, operation, request_)
    for number, (action, resource) in enumerate(needed):
        operator.may(*statements[:number], *statements[number + 1 :])
        forget_linked_role(operator.iam)
        status, code, text = operator.refusal(service, operation, **request_)
        if (action, resource) in NETWORK:
            assert (status, code, text) == (400, "UnauthorizedOperation", NETWORK_DENIED)
        else:
            assert f"not authorized to perform: {action} on resource: " in text
            assert resource.rstrip("*") in text


@pytest.mark.parametrize(
    ("service", "operation", "request_", "resource"), ON_ONE, ids=[call[1] for call in ON_ONE]
)
def test_call_needs_its_permission_on_the_one_resource(
    operator: Operator, service: str, operation: str, request_: Any, resource: str
) -> None:
    camel = "".join(map(str.capitalize, operation.split("_")))
    action = ACTIONS.get(operation, f"{service}:{camel}")
    operator.may(statement(action, resource))
    assert not is_denied(operator, service, operation, request_)
    operator.may(statement(action, f"{resource}-other"))
    assert is_denied(operator, service, operation, request_)


@pytest.mark.parametrize(("service", "operation", "less"), ON_ALL)
def test_call_without_a_resource_needs_its_permission_on_all(
    operator: Operator, service: str, operation: str, less: str
) -> None:
    operator.may(statement(f"{service}:*", less))
    assert is_denied(operator, service, operation, {})
    operator.may(statement(f"{service}:*"))
    assert not is_denied(operator, service, operation, {})


# ---------------------------------------------------------------------------- S3


def test_each_of_several_objects_is_deleted_or_refused_on_its_own(operator: Operator) -> None:
    operator.may(
        statement("s3:*"), {**statement("s3:DeleteObject", f"{S3}/keep*"), "Effect": "Deny"}
    )
    keys = [f"{operator.name} & co", "keep <this>", "keep that"]
    for key in keys:
        operator.call("s3", "put_object", Bucket=BUCKET, Key=key, Body=b"")
    objects = {"Objects": [{"Key": key} for key in keys]}
    answer = operator.call("s3", "delete_objects", Bucket=BUCKET, Delete=objects)
    assert [each["Key"] for each in answer["Deleted"]] == keys[:1]
    assert [each["Key"] for each in answer["Errors"]] == keys[1:]
    assert "explicit deny" in answer["Errors"][0]["Message"]
    root = operator.cloud.client("s3")
    root.delete_objects(Bucket=BUCKET, Delete=objects)


@pytest.mark.parametrize("operation", ["get_object", "head_object"])
def test_missing_object_is_told_only_to_who_may_list_the_whole_bucket(
    operator: Operator, operation: str
) -> None:
    read, request = statement("s3:GetObject"), {"Bucket": BUCKET, "Key": "no-such-key"}
    operator.may(read, statement("s3:ListBucket", S3))
    assert operator.refusal("s3", operation, **request)[0] == 404
    prefix = {"Condition": {"StringLike": {"s3:prefix": "*"}}}
    for listing in ([], [statement("s3:ListBucket", S3, **prefix)]):
        operator.may(read, *listing)
        assert operator.refusal("s3", operation, **request)[0] == 403


def test_bucket_with_a_policy_is_not_guessed_about(operator: Operator) -> None:
    operator.may(statement("s3:*"))
    bucket = operator.name
    place = {"LocationConstraint": REGION}
    operator.call("s3", "create_bucket", Bucket=bucket, CreateBucketConfiguration=place)
    operator.call("s3", "put_bucket_policy", Bucket=bucket, Policy=DOCUMENT)
    assert operator.refusal("s3", "list_objects_v2", Bucket=bucket)[1] == "UnsupportedOperation"
    operator.call("s3", "delete_bucket_policy", Bucket=bucket)
    assert operator.refusal("s3", "list_objects_v2", Bucket=bucket)[0] == 200
