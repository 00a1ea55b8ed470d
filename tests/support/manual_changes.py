"""Altering an environment by hand, as somebody may do in the console."""

from __future__ import annotations

import json

from aws_site import ELSEWHERE, Aws
from conftest import ANYBODY_HERE, READ_EVERYTHING, TRUST

from dwh.provisioning.role import POLICY_NAME


def drop_role(aws: Aws) -> None:
    iam = aws.cloud.client("iam")
    iam.delete_role_policy(RoleName=aws.name, PolicyName=POLICY_NAME)
    iam.delete_role(RoleName=aws.name)


def drop_policy(aws: Aws) -> None:
    iam = aws.cloud.client("iam")
    iam.delete_role_policy(RoleName=aws.name, PolicyName=POLICY_NAME)


def widen_policy(aws: Aws) -> None:
    document = json.dumps(READ_EVERYTHING)
    put = aws.cloud.client("iam").put_role_policy
    put(RoleName=aws.name, PolicyName=POLICY_NAME, PolicyDocument=document)


def add_inline_policy(aws: Aws) -> None:
    document = json.dumps(READ_EVERYTHING)
    put = aws.cloud.client("iam").put_role_policy
    put(RoleName=aws.name, PolicyName="more", PolicyDocument=document)


def attach_policy(aws: Aws) -> None:
    iam = aws.cloud.client("iam")
    arn = f"arn:aws:iam::123456789012:policy/{aws.name}"
    iam.create_policy(PolicyName=aws.name, PolicyDocument=json.dumps(READ_EVERYTHING))
    iam.attach_role_policy(RoleName=aws.name, PolicyArn=arn)


def trust_another(aws: Aws) -> None:
    trust = json.dumps(TRUST).replace("redshift", "ec2")
    iam = aws.cloud.client("iam")
    iam.update_assume_role_policy(RoleName=aws.name, PolicyDocument=trust)


def trust_everybody(aws: Aws) -> None:
    trust = json.dumps(ANYBODY_HERE).replace("arn:aws:iam::123456789012:root", "*")
    iam = aws.cloud.client("iam")
    iam.update_assume_role_policy(RoleName=aws.analyst, PolicyDocument=trust)


def detach_role(aws: Aws) -> None:
    aws.attach([])


def drop_rule(aws: Aws) -> None:
    group = aws.group()
    revoke = aws.cloud.client("ec2").revoke_security_group_ingress
    revoke(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])


def open_more(aws: Aws) -> None:
    everywhere = {
        "IpProtocol": "tcp",
        "FromPort": 5440,
        "ToPort": 5440,
        "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
        "IpRanges": [{"CidrIp": ELSEWHERE}],
    }
    authorize = aws.cloud.client("ec2").authorize_security_group_ingress
    authorize(GroupId=aws.group()["GroupId"], IpPermissions=[everywhere])


def use_another_group(aws: Aws) -> None:
    (default,) = aws.cloud.client("ec2").describe_security_groups(
        Filters=[
            {"Name": "group-name", "Values": ["default"]},
            {"Name": "vpc-id", "Values": [aws.group()["VpcId"]]},
        ]
    )["SecurityGroups"]
    aws.modify(groups=[default["GroupId"]])


def open_bucket(aws: Aws) -> None:
    aws.cloud.client("s3").delete_public_access_block(Bucket=aws.bucket)


def encrypt_otherwise(aws: Aws) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    put = aws.cloud.client("s3").put_bucket_encryption
    put(Bucket=aws.bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def drop_bucket(aws: Aws) -> None:
    aws.cloud.client("s3").delete_bucket(Bucket=aws.bucket)


def make_private(aws: Aws) -> None:
    aws.modify(public=False)


def remove_limit(aws: Aws) -> None:
    api, arn = aws.serverless.api, aws.serverless.workgroup()["workgroupArn"]
    (limit,) = api.list_usage_limits(resourceArn=arn)["usageLimits"]
    api.delete_usage_limit(usageLimitId=limit["usageLimitId"])


def raise_limit(aws: Aws) -> None:
    api, arn = aws.serverless.api, aws.serverless.workgroup()["workgroupArn"]
    (limit,) = api.list_usage_limits(resourceArn=arn)["usageLimits"]
    api.update_usage_limit(usageLimitId=limit["usageLimitId"], amount=999, breachAction="log")


def raise_capacity(aws: Aws) -> None:
    """Both, so that the base is above the maximum that is wanted."""
    for setting in ("maxCapacity", "baseCapacity"):
        aws.serverless.api.update_workgroup(workgroupName=aws.name, **{setting: 16})
        aws.serverless.wait()


def drop_workgroup(aws: Aws) -> None:
    aws.serverless.delete_workgroup()


def pause(aws: Aws) -> None:
    redshift = aws.cloud.client("redshift")
    redshift.get_waiter("cluster_available").wait(ClusterIdentifier=aws.name)
    redshift.pause_cluster(ClusterIdentifier=aws.name)
