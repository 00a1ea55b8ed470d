"""What the conditions of a caller's policies see of a call."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import BUCKET, CLUSTER, REGION, TRUST, Cloud, numbers
from operators import ACCOUNT, Operator, new_operator, statement

CLUSTERS = f"arn:aws:redshift:{REGION}:{ACCOUNT}:cluster"


@pytest.fixture(scope="module")
def operator(cloud: Cloud) -> Operator:
    return new_operator(cloud)


TAGS = [{"Key": "project", "Value": "p"}, {"Key": "environment", "Value": "e"}]


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"StringEquals": {"aws:RequestedRegion": REGION}}, True),
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, False),
        ({"StringEquals": {"aws:RequestTag/project": "p"}}, True),
        ({"StringEquals": {"aws:RequestTag/project": "q"}}, False),
        ({"Null": {"aws:RequestTag/owner": "true"}}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["project", "environment"]}}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["project"]}}, False),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["project"]}}, True),
        ({"StringEquals": {"aws:ResourceTag/project": "p"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
    ],
)
def test_conditions_see_the_request(operator: Operator, condition: Any, allowed: bool) -> None:
    operator.may(statement("redshift:CreateTags", f"{CLUSTERS}:none", Condition=condition))
    request = {"ResourceName": f"{CLUSTERS}:none", "Tags": TAGS}
    status, code, _ = operator.refusal("redshift", "create_tags", **request)
    assert (code == "AccessDenied") is not allowed, status


@pytest.mark.parametrize("form", ["aws", "iam"])
def test_conditions_see_the_tags_of_the_resource(operator: Operator, form: str) -> None:
    role = operator.cloud.create_role(f"role-{next(numbers)}", TRUST, None)
    condition = {"StringEquals": {f"{form}:ResourceTag/project": "p"}}
    operator.may(statement("iam:GetRole", role, Condition=condition))
    request = {"RoleName": role.rpartition("/")[2]}
    assert operator.refusal("iam", "get_role", **request)[0] == 403
    operator.iam.tag_role(**request, Tags=TAGS)
    assert operator.refusal("iam", "get_role", **request)[0] == 200


def test_cluster_is_known_by_its_tags(operator: Operator, cluster_role: str) -> None:
    condition = {"StringEquals": {"aws:ResourceTag/owner": operator.name}}
    operator.may(statement("redshift:DescribeClusters", Condition=condition))
    request = {"ClusterIdentifier": CLUSTER}
    assert operator.refusal("redshift", "describe_clusters", **request)[0] == 403
    tags = [{"Key": "owner", "Value": operator.name}]
    redshift, cluster = operator.cloud.client("redshift"), f"{CLUSTERS}:{CLUSTER}"
    redshift.create_tags(ResourceName=cluster, Tags=tags)
    assert operator.refusal("redshift", "describe_clusters", **request)[0] == 200
    redshift.delete_tags(ResourceName=cluster, TagKeys=["owner"])
    assert operator.refusal("redshift", "describe_clusters", **request)[0] == 403


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"StringEquals": {"iam:PassedToService": "redshift.amazonaws.com"}}, True),
        ({"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}, False),
    ],
)
def test_role_is_passed_to_redshift(operator: Operator, condition: Any, allowed: bool) -> None:
    role = operator.cloud.create_role(f"role-{next(numbers)}", TRUST, None)
    operator.may(statement("redshift:*"), statement("iam:PassRole", role, Condition=condition))
    request = {"ClusterIdentifier": "none", "AddIamRoles": [role]}
    code = operator.refusal("redshift", "modify_cluster_iam_roles", **request)[1]
    assert code == ("ClusterNotFound" if allowed else "AccessDenied")


def test_group_can_be_tagged_only_while_it_is_made(operator: Operator) -> None:
    creating = {"StringEquals": {"ec2:CreateAction": "CreateSecurityGroup"}}
    tagged = {"StringEquals": {"aws:RequestTag/project": "p"}}
    groups = f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/*"
    operator.may(
        statement("ec2:CreateSecurityGroup", groups, Condition=tagged),
        statement("ec2:CreateSecurityGroup", groups.replace("security-group", "vpc")),
        statement("ec2:CreateTags", groups, Condition=creating),
    )
    new = {"GroupName": f"group-{next(numbers)}", "Description": "d"}
    assert operator.refusal("ec2", "create_security_group", **new)[0] == 403
    specification = [{"ResourceType": "security-group", "Tags": TAGS}]
    group = operator.call("ec2", "create_security_group", **new, TagSpecifications=specification)
    request = {"Resources": [group["GroupId"]], "Tags": TAGS}
    assert operator.refusal("ec2", "create_tags", **request)[0] == 403


def test_group_is_known_by_its_vpc_and_tags(operator: Operator) -> None:
    ec2 = operator.cloud.client("ec2")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    name = f"group-{next(numbers)}"
    group = ec2.create_security_group(GroupName=name, Description="d")["GroupId"]
    arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/{vpc['VpcId']}"
    condition = {
        "ArnEquals": {"ec2:Vpc": arn},
        "StringEquals": {"ec2:ResourceTag/project": "p"},
    }
    operator.may(statement("ec2:DeleteSecurityGroup", Condition=condition))
    assert operator.refusal("ec2", "delete_security_group", GroupId=group)[0] == 403
    ec2.create_tags(Resources=[group], Tags=TAGS)
    assert operator.refusal("ec2", "delete_security_group", GroupId=group)[0] == 200


def test_prefix_is_what_may_be_listed(operator: Operator) -> None:
    condition = {"StringLike": {"s3:prefix": "logs*"}}
    operator.may(statement("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", Condition=condition))
    listing = ("s3", "list_objects_v2")
    assert operator.refusal(*listing, Bucket=BUCKET, Prefix="logs/1")[0] == 200
    assert operator.refusal(*listing, Bucket=BUCKET, Prefix="songs")[0] == 403
    assert operator.refusal(*listing, Bucket=BUCKET)[0] == 403


def test_first_cluster_makes_the_role_of_redshift_itself(operator: Operator) -> None:
    service = {"StringEquals": {"iam:AWSServiceName": "redshift.amazonaws.com"}}
    making = [statement("redshift:CreateCluster"), statement("ec2:Describe*")]
    operator.may(*making, statement("iam:CreateServiceLinkedRole", Condition=service))
    request = {"ClusterIdentifier": "c", "NodeType": "none", "MasterUsername": "awsuser"}
    assert operator.refusal("redshift", "create_cluster", **request)[1] == "InvalidParameterValue"
    iam, name = operator.iam, "AWSServiceRoleForRedshift"
    assert (
        iam.get_role(RoleName=name)["Role"]["Path"] == "/aws-service-role/redshift.amazonaws.com/"
    )
    operator.may(*making)
    assert operator.refusal("redshift", "create_cluster", **request)[1] == "InvalidParameterValue"
    operator.iam.delete_service_linked_role(RoleName=name)
    assert operator.refusal("redshift", "create_cluster", **request)[1] == "AccessDenied"
