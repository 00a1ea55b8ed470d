"""The policy in docs/ is exactly what the scripts need: enough, and nothing in it is idle."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from aws_site import Aws, each_kind
from botocore.exceptions import ClientError
from conftest import BUCKET, EVENT, READ_EVERYTHING, ROOT, TRUST
from serverless_site import ServerlessSite

import create_tables
import etl
import query
import setup_env
import shutdown_env
from dwh.errors import DwhError, explain
from dwh.provisioning.role import POLICY_NAME

ACCOUNT = "123456789012"
POLICIES = {
    "cluster": (ROOT / "docs" / "operator-policy.json").read_text(),
    "serverless": (ROOT / "docs" / "operator-policy-serverless.json").read_text(),
}
SERVICE_ROLE = "AWSServiceRoleForRedshift"
Permission = tuple[str, str]


class PolicyHolder:
    """An IAM user who has the policy, or the policy without one of its actions."""

    def __init__(self, aws: Aws) -> None:
        self.aws, self.iam = aws, aws.cloud.client("iam")
        values = {"ACCOUNT_ID": ACCOUNT, "REGION": "us-west-2", "IDENTIFIER": aws.name}
        values |= {"FILES_BUCKET": BUCKET, "LOG_PREFIX": f"{aws.name}/log_data"}
        values |= {"SONG_PREFIX": f"{aws.name}/song_data", "JSON_PATHS": f"{aws.name}/paths.json"}
        values |= {
            "ANALYST_ROLE": aws.analyst,
            "ROLE": aws.name,
            "DATABASE": "sparkify",
            "USER": "sparkify_admin",
        }
        text = POLICIES[aws.kind]
        for placeholder, value in values.items():
            text = text.replace(placeholder, value)
        self.statements = json.loads(text)["Statement"]
        self.iam.create_user(UserName=aws.name)
        key = self.iam.create_access_key(UserName=aws.name)["AccessKey"]
        aws.patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        aws.patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        self.key_id = key["AccessKeyId"]
        self.may_do_all_but(None)

    @property
    def permissions(self) -> list[Permission]:
        return [(each["Sid"], action) for each in self.statements for action in actions(each)]

    def may_do_all_but(self, missing: Permission | None) -> None:
        kept = [
            each | {"Action": [a for a in actions(each) if (each["Sid"], a) != missing]}
            for each in self.statements
        ]
        document = {"Version": "2012-10-17", "Statement": [each for each in kept if each["Action"]]}
        put = self.iam.put_user_policy
        put(UserName=self.aws.name, PolicyName="all", PolicyDocument=json.dumps(document))

    def fails_without(self, missing: Permission, step: Callable[[], None]) -> None:
        self.may_do_all_but(missing)
        with pytest.raises((ClientError, DwhError)) as denial:
            step()
        found = explain(denial.value)
        named = found.what.removeprefix("AWS denies ")
        named += found.hint if missing in NETWORK else ""
        assert missing[1] in named, missing

    def remove(self) -> None:
        self.iam.delete_user_policy(UserName=self.aws.name, PolicyName="all")
        self.iam.delete_access_key(UserName=self.aws.name, AccessKeyId=self.key_id)
        self.iam.delete_user(UserName=self.aws.name)


def actions(statement: dict[str, Any]) -> list[str]:
    return as_list(statement["Action"])


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@pytest.fixture
def operator(aws: Aws) -> Iterator[PolicyHolder]:
    found = PolicyHolder(aws)
    yield found
    found.remove()
    for name, value in aws.variables.items():
        aws.patch.setenv(name, value)


# ---------------------------------------------------------------------------- a life


def alter(aws: Aws) -> None:
    """Alter by hand all that setup_env.py mends."""
    iam, ec2 = map(aws.cloud.client, ("iam", "ec2"))
    document = json.dumps(READ_EVERYTHING)
    arn = iam.create_policy(PolicyName=aws.name, PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=aws.name, PolicyArn=arn)
    iam.put_role_policy(RoleName=aws.name, PolicyName="more", PolicyDocument=document)
    trust = json.dumps(TRUST).replace("redshift", "ec2")
    iam.update_assume_role_policy(RoleName=aws.name, PolicyDocument=trust)
    rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    ec2.authorize_security_group_ingress(GroupId=aws.group()["GroupId"], IpPermissions=[rule])
    aws.attach([])
    aws.modify(public=False)


def forget_redshift(aws: Aws) -> None:
    """Make the account one in which nobody has created a cluster yet."""
    iam = aws.cloud.client("iam")
    if SERVICE_ROLE in [role["RoleName"] for role in iam.list_roles()["Roles"]]:
        iam.delete_role(RoleName=SERVICE_ROLE)


def make_bucket_of_a_neighbour(aws: Aws) -> str:
    """Make the bucket of another environment, at which the operator may not look; its name."""
    name = f"x{aws.bucket}"
    where = {"LocationConstraint": "us-west-2"}
    aws.cloud.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)
    return name


def use_subnet_group(aws: Aws) -> None:
    """Name a subnet group of the default VPC in the configuration."""
    ec2, redshift = map(aws.cloud.client, ("ec2", "redshift"))
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    redshift.create_cluster_subnet_group(
        ClusterSubnetGroupName=aws.name, Description="for tests", SubnetIds=[subnet]
    )
    aws.change(cluster_SUBNET_GROUP=aws.name)


# What Redshift needs of EC2 before it makes a cluster; it does not say which of them is missing.
NETWORK = [
    ("LookAround", "ec2:DescribeAccountAttributes"),
    ("LookAround", "ec2:DescribeAddresses"),
    ("LookAround", "ec2:DescribeAvailabilityZones"),
    ("LookAround", "ec2:DescribeInternetGateways"),
    ("LookAround", "ec2:DescribeSubnets"),
]
SECRET = "SecretThatRedshiftKeepsThePasswordIn"
# What is needed first in which step of a life, in the order of the calls.
LOOK = [
    ("RolesThatAreNotThereYet", "iam:GetRole"),
    ("WorkBucket", "s3:GetBucketTagging"),
    ("LookAround", "ec2:DescribeVpcs"),
    ("LookAround", "ec2:DescribeSecurityGroups"),
    ("LookAround", "redshift:DescribeClusters"),
    ("Roles", "iam:ListRoles"),
    ("LookAround", "s3:ListAllMyBuckets"),
    ("FilesToLoad", "s3:ListBucket"),
    ("FilesToCheckAndToPack", "s3:GetObject"),
    ("Roles", "iam:CreateRole"),
    ("Roles", "iam:TagRole"),
    ("Roles", "iam:PutRolePolicy"),
    ("Roles", "iam:GetRole"),
    ("Roles", "iam:GetRolePolicy"),
    ("Roles", "iam:ListRolePolicies"),
    ("Roles", "iam:ListAttachedRolePolicies"),
    ("WorkBucket", "s3:CreateBucket"),
    ("WorkBucket", "s3:TagResource"),
    ("WorkBucket", "s3:PutBucketPublicAccessBlock"),
    ("WorkBucket", "s3:GetBucketPublicAccessBlock"),
    ("WorkBucket", "s3:GetEncryptionConfiguration"),
    ("WorkBucket", "s3:PutEncryptionConfiguration"),
    ("NewSecurityGroupInAVpc", "ec2:CreateSecurityGroup"),
    ("NewSecurityGroupWithItsTags", "ec2:CreateSecurityGroup"),
    ("TagsOfANewSecurityGroup", "ec2:CreateTags"),
    ("LookAround", "ec2:DescribeSecurityGroupRules"),
    ("OwnSecurityGroups", "ec2:AuthorizeSecurityGroupIngress"),
]
NEW_SECRET = [
    (SECRET, "secretsmanager:CreateSecret"),
    (SECRET, "secretsmanager:DescribeSecret"),
    (SECRET, "secretsmanager:UpdateSecret"),
    (SECRET, "secretsmanager:RotateSecret"),
    (SECRET, "secretsmanager:TagResource"),
    ("PasswordThatNobodySees", "secretsmanager:GetRandomPassword"),
]
SETUP = {
    "cluster": [
        ("LookAround", "redshift-serverless:GetNamespace"),
        ("Cluster", "redshift:CreateCluster"),
        ("Cluster", "redshift:CreateTags"),
        ("RoleForRedshiftAlone", "iam:PassRole"),
        ("FirstClusterOfTheAccount", "iam:CreateServiceLinkedRole"),
        *NETWORK,
        *NEW_SECRET,
        ("LogInAsUser", "redshift:GetClusterCredentials"),
        ("LogInToDatabase", "redshift:GetClusterCredentials"),
    ],
    "serverless": [
        ("LookAround", "redshift-serverless:GetNamespace"),
        ("LookAround", "redshift-serverless:GetWorkgroup"),
        ("LookAround", "ec2:DescribeSubnets"),
        ("NewNamespaceAndWorkgroup", "redshift-serverless:CreateNamespace"),
        ("RoleForRedshiftAlone", "iam:PassRole"),
        ("FirstNamespaceOfTheAccount", "iam:CreateServiceLinkedRole"),
        *NEW_SECRET,
        ("LookAround", "redshift-serverless:ListTagsForResource"),
        ("NewNamespaceAndWorkgroup", "redshift-serverless:CreateWorkgroup"),
        ("NewNamespaceAndWorkgroup", "redshift-serverless:TagResource"),
        *(each for each in NETWORK if "Subnets" not in each[1]),
        ("LookAround", "redshift-serverless:ListUsageLimits"),
        ("UsageLimits", "redshift-serverless:CreateUsageLimit"),
        (SECRET, "secretsmanager:GetSecretValue"),
    ],
}
LOAD = [
    ("WorkBucket", "s3:ListBucketVersions"),
    ("WorkBucketFiles", "s3:PutObject"),
]
MEND = [
    ("Roles", "iam:UpdateAssumeRolePolicy"),
    ("Roles", "iam:DeleteRolePolicy"),
    ("Roles", "iam:DetachRolePolicy"),
    ("OwnSecurityGroups", "ec2:RevokeSecurityGroupIngress"),
]
MEND_WAREHOUSE = {
    "cluster": [
        ("Cluster", "redshift:ModifyClusterIamRoles"),
        ("Cluster", "redshift:ModifyCluster"),
    ],
    "serverless": [
        ("OwnNamespaceAndWorkgroup", "redshift-serverless:UpdateNamespace"),
        ("OwnNamespaceAndWorkgroup", "redshift-serverless:UpdateWorkgroup"),
    ],
}
END = {
    "cluster": [
        ("LookAround", "redshift-serverless:ListNamespaces"),
        ("LookAround", "redshift-serverless:ListWorkgroups"),
        ("LookAround", "redshift-serverless:ListTagsForResource"),
        ("Cluster", "redshift:DeleteCluster"),
        (SECRET, "secretsmanager:DeleteSecret"),
        ("LookAround", "redshift:DescribeClusterSnapshots"),
    ],
    "serverless": [
        ("LookAround", "redshift-serverless:ListNamespaces"),
        ("LookAround", "redshift-serverless:ListWorkgroups"),
        ("OwnNamespaceAndWorkgroup", "redshift-serverless:DeleteWorkgroup"),
        ("OwnNamespaceAndWorkgroup", "redshift-serverless:DeleteNamespace"),
        (SECRET, "secretsmanager:DeleteSecret"),
    ],
}
AFTERWARDS: dict[str, list[Permission]] = {
    "cluster": [],
    "serverless": [
        ("LookAround", "redshift-serverless:ListSnapshots"),
        ("Snapshots", "redshift-serverless:TagResource"),
    ],
}
SHUTDOWN = [
    ("OwnSecurityGroups", "ec2:DeleteSecurityGroup"),
    ("Roles", "iam:DeleteRole"),
    ("WorkBucketFiles", "s3:DeleteObjectVersion"),
    ("WorkBucket", "s3:DeleteBucket"),
]
RESTORE = {
    "cluster": [
        ("Snapshots", "redshift:CreateTags"),
        ("Cluster", "redshift:RestoreFromClusterSnapshot"),
        ("Snapshots", "redshift:RestoreFromClusterSnapshot"),
    ],
    "serverless": [
        ("LookAround", "redshift-serverless:GetSnapshot"),
        ("OwnNamespaceAndWorkgroup", "redshift-serverless:RestoreFromSnapshot"),
        ("Snapshots", "redshift-serverless:RestoreFromSnapshot"),
        ("OwnNamespaceAndWorkgroup", "redshift-serverless:TagResource"),
    ],
}


@pytest.mark.parametrize("is_each_tried", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
@each_kind
def test_policy_is_enough_for_all_scripts_and_nothing_in_it_is_idle(
    operator: PolicyHolder, is_each_tried: bool
) -> None:
    aws, needed = operator.aws, list[Permission]()

    def go(permissions: list[Permission], script: Any, *options: str) -> None:
        for each in permissions if is_each_tried else []:
            operator.fails_without(each, lambda: aws.run(script, *options))
            needed.append(each)
        operator.may_do_all_but(None)
        aws.run(script, *options)

    forget_redshift(aws)
    neighbour = make_bucket_of_a_neighbour(aws)
    namespace = ServerlessSite(aws.cloud, f"x{aws.name}")
    namespace.create_namespace()
    aws.put_files()
    go(LOOK + SETUP[aws.kind], setup_env)
    aws.run(create_tables)
    aws.change(load_PACK_SMALL_FILES_FROM="1")
    go(LOAD, etl)
    go([("LogInAsAnalyst", "sts:AssumeRole")], query)
    alter(aws)
    go(MEND + MEND_WAREHOUSE[aws.kind], setup_env)
    if aws.kind == "cluster":
        go([("Cluster", "redshift:PauseCluster")], shutdown_env, "--pause")
        go([("Cluster", "redshift:ResumeCluster")], setup_env)
    else:
        aws.change(serverless_DAILY_LIMIT="9")
        go([("UsageLimits", "redshift-serverless:UpdateUsageLimit")], setup_env)
        aws.change(serverless_DAILY_LIMIT="none")
        go([("UsageLimits", "redshift-serverless:DeleteUsageLimit")], setup_env)
    go(END[aws.kind] + SHUTDOWN + AFTERWARDS[aws.kind], shutdown_env, "--yes")
    (snapshot,) = aws.snapshots
    if aws.kind == "cluster":
        operator.fails_without(NETWORK[0], lambda: aws.run(setup_env, "--restore", snapshot))
    go(RESTORE[aws.kind], setup_env, "--restore", snapshot)
    aws.run(query)
    aws.run(shutdown_env, "--yes", "--no-snapshot")
    if aws.kind == "cluster":
        use_subnet_group(aws)
        go([("LookAround", "redshift:DescribeClusterSubnetGroups")], setup_env, "--dry-run")
    assert sorted(needed) == (sorted(operator.permissions) if is_each_tried else [])
    aws.cloud.client("s3").delete_bucket(Bucket=neighbour)
    namespace.delete()


def test_policies_of_both_kinds_say_the_same_of_what_both_have() -> None:
    both = [
        {each["Sid"]: each for each in json.loads(text)["Statement"]} for text in POLICIES.values()
    ]
    own = {"LookAround", "Snapshots", "RoleForRedshiftAlone", SECRET}
    common = set(both[0]) & set(both[1]) - own
    assert len(common) > 10
    for sid in common:
        assert both[0][sid] == both[1][sid]
    for text in POLICIES.values():  # as much as IAM takes of a managed policy
        assert len(re.sub(r"\s", "", text)) < 6144


def test_command_of_the_docs_puts_the_names_in() -> None:
    docs = (ROOT / "docs" / "provisioning.md").read_text()
    (command,) = re.findall(r"(?ms)^    (sed .*?) > my-policy.json$", docs)
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=True)
    statements = json.loads(done.stdout)["Statement"]
    named = {arn for each in statements for arn in as_list(each["Resource"])}
    assert "arn:aws:redshift:us-west-2:123456789012:dbname:sparkify/sparkify" in named
    assert not [arn for arn in named if re.search(r"\b[A-Z_]{4,}\b", arn)]


def test_operator_may_do_nothing_to_what_is_not_the_environments(operator: PolicyHolder) -> None:
    aws = operator.aws
    session = boto3.Session()
    iam, ec2, redshift = (session.client(name, "us-west-2") for name in ("iam", "ec2", "redshift"))
    theirs = aws.cloud.client("ec2").create_security_group(
        GroupName=f"{aws.name}-theirs", Description="not ours"
    )["GroupId"]
    forbidden: list[Callable[[], Any]] = [
        lambda: iam.create_role(RoleName="x", AssumeRolePolicyDocument=json.dumps(TRUST)),
        lambda: iam.put_role_policy(
            RoleName="x", PolicyName=POLICY_NAME, PolicyDocument=json.dumps(READ_EVERYTHING)
        ),
        lambda: iam.attach_role_policy(RoleName=aws.name, PolicyArn="arn:aws:iam::aws:policy/A"),
        lambda: iam.create_user(UserName="x"),
        lambda: ec2.delete_security_group(GroupId=theirs),
        lambda: ec2.create_security_group(GroupName="untagged", Description="x"),
        lambda: redshift.delete_cluster(ClusterIdentifier="other", SkipFinalClusterSnapshot=True),
        lambda: redshift.get_cluster_credentials(ClusterIdentifier=aws.name, DbUser="other"),
        lambda: redshift.delete_cluster_snapshot(SnapshotIdentifier="kept"),
    ]
    for call in forbidden:
        with pytest.raises(ClientError) as denial:
            call()
        assert explain(denial.value).what.startswith("AWS denies ")
    aws.cloud.client("ec2").delete_security_group(GroupId=theirs)


def test_role_of_the_cluster_reads_the_configured_prefixes_and_nothing_else(aws: Aws) -> None:
    aws.put_files()
    aws.set_up()
    aws.run(create_tables)
    aws.run(etl)
    s3 = aws.cloud.client("s3")
    s3.put_object(Bucket=BUCKET, Key=f"{aws.name}/other/1", Body=json.dumps(EVENT))
    aws.change(s3_LOG_DATA=f"s3://{BUCKET}/{aws.name}/other")
    with pytest.raises(Exception, match="Access Denied"):
        aws.run(etl)
