"""What AWS refuses, and what people are told: what went wrong, and what they can do about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import aws_answers
import boto3
import pytest
from aws_site import HERE, Aws, of_serverless, told
from cloud import Cloud
from script_runs import refused_here

import setup_env

CAPTURE = pytest.CaptureFixture[str]
pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture(scope="module")
def begun(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of an environment whose cluster is never made."""
    folder = tmp_path_factory.mktemp("begun")
    yield "begun"
    with pytest.MonkeyPatch.context() as patch:
        Aws(cloud, folder, patch, "begun").take_down()


@pytest.fixture
def new(cloud: Cloud, begun: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    found = Aws(cloud, tmp_path, monkeypatch, begun)
    yield found
    found.listen_no_more()


# ---------------------------------------------------------------------------- AWS's answers

ADA = "User: arn:aws:iam::123456789012:user/ada is not authorized to perform:"
CLUSTER_ARN = "arn:aws:redshift:us-west-2:123456789012:cluster:sparkify"
ASK = "ask for it: docs/operator-policy.json holds all"
QUOTA = "delete what is not needed, or raise it in the Service Quotas console"
WAIT = "wait a minute, then run the same command again"
LOG_IN = "log in again, for instance `aws sso login`"
CREATE = "redshift.CreateCluster"

# Operation, status, code and message of the answer; how the error begins, and the hint.
ANSWERS = [
    # Expired, or not the right ones.
    (
        ("iam.GetRole", 403, "ExpiredToken"),
        "The security token included in the request is expired",
        ("the AWS credentials have expired", LOG_IN),
    ),
    (
        ("ec2.DescribeVpcs", 400, "RequestExpired"),
        "Request has expired.",
        ("the AWS credentials have expired", LOG_IN),
    ),
    (
        ("iam.GetRole", 403, "SignatureDoesNotMatch"),
        "Signature expired: 20261122T101500Z is now earlier than 20261122T102000Z "
        "(20261122T103500Z - 15 min.)",
        ("this machine's clock is wrong", "set it"),
    ),
    # A region that is not enabled: IAM knows the keys, the region's services do not.
    # https://github.com/turbot/steampipe-plugin-aws/issues/75
    (
        ("ec2.DescribeVpcs", 401, "AuthFailure"),
        "AWS was not able to validate the provided access credentials",
        ("AWS does not accept the credentials", "check them .* REGION must be enabled"),
    ),
    (
        ("redshift.DescribeClusters", 403, "OptInRequired"),
        "The AWS Access Key Id needs a subscription for the service",
        ("AWS does not serve this", "enable REGION, or the service, in the account"),
    ),
    # Rights.
    (
        (CREATE, 403, "AccessDenied"),
        f"{ADA} redshift:CreateCluster on resource: {CLUSTER_ARN} "
        "because no identity-based policy allows the redshift:CreateCluster action",
        (f"AWS denies redshift:CreateCluster on {CLUSTER_ARN}", ASK),
    ),
    (
        (CREATE, 403, "AccessDenied"),
        f"{ADA} redshift:CreateCluster on resource: {CLUSTER_ARN} "
        "with an explicit deny in a service control policy",
        ("AWS denies redshift:CreateCluster", "a service control policy forbids it: ask the acc"),
    ),
    (
        (CREATE, 403, "AccessDenied"),
        f"{ADA} iam:PassRole on resource: arn:aws:iam::123456789012:role/sparkify-dwh/sparkify "
        "because no identity-based policy allows the iam:PassRole action",
        ("AWS denies iam:PassRole on arn:aws:iam::123456789012:role/sparkify-dwh/sparkify", ASK),
    ),
    (
        ("iam.GetRole", 403, "AccessDenied"),
        f"{ADA} iam:GetRole on resource: role sparkify-redshift-s3 because no identity-based "
        "policy allows the iam:GetRole action",
        ("AWS denies iam:GetRole on role sparkify-redshift-s3$", ASK),
    ),
    (
        ("s3.GetBucketTagging", 403, "AccessDenied"),
        f'{ADA} s3:GetBucketTagging on resource: "arn:aws:s3:::sparkify-dwh" because no '
        "identity-based policy allows the s3:GetBucketTagging action",
        ("AWS denies s3:GetBucketTagging on arn:aws:s3:::sparkify-dwh$", ASK),
    ),
    (
        ("ec2.DescribeVpcs", 403, "UnauthorizedOperation"),
        f"You are not authorized to perform this operation. {ADA} ec2:DescribeVpcs because no "
        "identity-based policy allows the ec2:DescribeVpcs action",
        ("AWS denies ec2:DescribeVpcs", ASK),
    ),
    (
        ("ec2.DescribeVpcs", 403, "UnauthorizedOperation"),
        "You are not authorized to perform this operation.",
        ("AWS denies DescribeVpcs", ASK),
    ),
    # What Redshift needs of EC2: https://github.com/aws/redshift-test-drive/pull/120
    (
        (CREATE, 400, "UnauthorizedOperation"),
        "Access Denied. Please ensure that your IAM Permissions allow this operation.",
        ("AWS denies CreateCluster, or what it needs of EC2$", "Redshift looks at the network"),
    ),
    # Quotas.
    (
        (CREATE, 400, "ClusterQuotaExceeded"),
        "The request would exceed the allowed number of cluster instances for this account.",
        ("the account's quota is reached", QUOTA),
    ),
    (
        (CREATE, 400, "NumberOfNodesQuotaExceeded"),
        "The operation would exceed the number of nodes allotted to the account.",
        ("the account's quota is reached", QUOTA),
    ),
    # Nodes that there are not. https://github.com/nccgroup/sadcloud/issues/23
    (
        (CREATE, 400, "NumberOfNodesQuotaExceeded"),
        "You do not have access to node type ra3.large. Choose another node type",
        ("AWS does not create such nodes here", "choose another NODE_TYPE in dwh.cfg"),
    ),
    (
        (CREATE, 400, "InvalidParameterValue"),
        "Invalid node type: ra3.large",
        ("AWS does not create such nodes here", "choose another NODE_TYPE in dwh.cfg"),
    ),
    (
        (CREATE, 400, "InsufficientClusterCapacity"),
        "The number of nodes specified exceeds the allotted capacity of the cluster.",
        ("AWS has nothing of this size free now", "try again later, or choose another NODE_TYPE"),
    ),
    # The network.
    (
        (CREATE, 400, "InvalidVPCNetworkStateFault"),
        "VPC Block Public Access is enabled in this account.",
        ("the VPC does not allow it", "see its subnets; .* set PUBLICLY_ACCESSIBLE = no"),
    ),
    # Too much at once, and it lasts.
    (
        ("redshift.DescribeClusters", 400, "Throttling"),
        "Rate exceeded",
        ("AWS is asked too often", WAIT),
    ),
    (
        ("ec2.DescribeVpcs", 503, "RequestLimitExceeded"),
        "Request limit exceeded.",
        ("AWS is asked too often", WAIT),
    ),
    # AWS itself, and what nobody has thought of.
    (
        ("redshift.DescribeClusters", 400, "UnheardOf"),
        "Something new.",
        (r"An error occurred \(UnheardOf\) when .*: Something new\.", "see the message of AWS"),
    ),
    (
        ("redshift.DescribeClusters", 503, "ServiceUnavailable"),
        "Service Unavailable",
        ("AWS has a fault of its own", "run the same command again in some minutes"),
    ),
]
TRIED_AGAIN = {"Throttling", "RequestLimitExceeded", "ServiceUnavailable"}


@pytest.mark.parametrize(("answer", "message", "explained"), ANSWERS)
def test_refusal_of_aws_is_explained(
    new: Aws,
    capsys: CAPTURE,
    answer: tuple[str, int, str],
    message: str,
    explained: tuple[str, str],
) -> None:
    tries = aws_answers.refuse(new, *answer, message)
    found = told(new, setup_env, said=capsys)
    error, hint = explained
    assert re.match(error, found.error), found
    assert re.match(hint, found.hint), found
    assert (len(tries) > 1) == (answer[2] in TRIED_AGAIN)
    if not error.startswith("AWS denies"):
        assert message in found.error


OF_SERVERLESS = [
    (
        ("CreateWorkgroup", "InsufficientCapacityException", "There is an insufficient capacity."),
        ("AWS has nothing of this size free now", "try again later, .*, BASE_CAPACITY or REG"),
    ),
    (
        ("CreateWorkgroup", "ValidationException", "4 is not a valid base capacity."),
        ("AWS does not take this capacity here", "set BASE_CAPACITY = 8 in dwh.cfg, "),
    ),
    (
        ("CreateUsageLimit", "ResourceNotFoundException", "The workgroup does not exist."),
        ("there is no such workgroup, or what .*", "check KIND, IDENTIFIER and REGION, or run "),
    ),
    (
        ("CreateWorkgroup", "UnauthorizedOperation", "You are not authorized."),
        ("AWS denies CreateWorkgroup, or what it needs of EC2", "Redshift looks at the network"),
    ),
]


@pytest.mark.parametrize(("answer", "explained"), OF_SERVERLESS)
@of_serverless
def test_refusal_of_redshift_serverless_is_explained(
    aws: Aws, capsys: CAPTURE, answer: tuple[str, str, str], explained: tuple[str, str]
) -> None:
    operation, code, message = answer
    aws.refuse(f"redshift-serverless.{operation}", *[(code, message)] * 9)
    found = told(aws, setup_env, said=capsys)
    assert re.match(explained[0], found.error), found
    assert re.match(explained[1], found.hint), found


def test_group_that_is_not_known_everywhere_yet_is_asked_for_again(aws: Aws) -> None:
    unknown = ("InvalidGroup.NotFound", "The security group 'sg-1' does not exist")
    tries = aws.refuse("ec2.AuthorizeSecurityGroupIngress", unknown, unknown)
    aws.set_up()
    assert len(tries) == 3
    assert aws.rules() == [(5439, HERE)]


LIMITS = [
    (
        ("iam.CreateRole", 409, "LimitExceeded"),
        "Cannot exceed quota for RolesPerAccount: 1000",
    ),
    (
        ("ec2.CreateSecurityGroup", 400, "SecurityGroupLimitExceeded"),
        "The maximum number of security groups for VPC 'vpc-3311ce57' has been reached.",
    ),
    (
        ("ec2.AuthorizeSecurityGroupIngress", 400, "RulesPerSecurityGroupLimitExceeded"),
        "The maximum number of rules per security group has been reached.",
    ),
]


def test_limits_of_roles_and_security_groups_are_explained(aws: Aws, capsys: CAPTURE) -> None:
    for answer, message in LIMITS:
        aws_answers.refuse(aws, *answer, message)
        found = told(aws, setup_env, said=capsys)
        assert (found.error, found.hint) == (f"the account's quota is reached ({message})", QUOTA)
        aws.listen_no_more()


def test_answer_that_cannot_be_read_is_called_so(site: Aws, capsys: CAPTURE) -> None:
    aws_answers.reply(site, "iam.GetRole", 200, "<GetRoleResponse><GetRoleResult>")
    found = told(site, setup_env, said=capsys)
    assert found.error.startswith("AWS's answer cannot be read (Unable to parse response (no elem")
    assert "look for a proxy" in found.hint


# ---------------------------------------------------------------------------- what is not there


def test_security_group_that_is_not_there_is_named(new: Aws, capsys: CAPTURE) -> None:
    new.change(access_EXISTING_SECURITY_GROUPS="sg-0123456789abcdef0")
    found = refused_here(setup_env, *new.arguments(setup_env), said=capsys)
    assert re.fullmatch(
        r"there is no such security group \(.*sg-0123456789abcdef0.*\)", found.error
    )
    assert found.hint.startswith("check EXISTING_SECURITY_GROUPS")


def test_subnet_group_that_is_not_there_is_named(new: Aws, capsys: CAPTURE) -> None:
    new.change(cluster_SUBNET_GROUP="nowhere")
    found = told(new, setup_env, said=capsys)
    assert found.error.startswith("there is no such subnet group (")
    assert "nowhere" in found.error
    assert found.hint == "check SUBNET_GROUP"


def test_region_without_a_default_vpc_is_named(new: Aws, capsys: CAPTURE) -> None:
    ec2 = boto3.Session().client("ec2", "eu-west-3")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(VpcId=vpc["VpcId"])
    new.change(aws_REGION="eu-west-3", access_ROLE=f"{new.name}-eu", s3_REGION="eu-west-3")
    found = told(new, setup_env, said=capsys)
    assert found.error == "eu-west-3 has no default VPC"
    assert found.hint.startswith("name a SUBNET_GROUP in dwh.cfg, or create it: aws ec2 create-def")
