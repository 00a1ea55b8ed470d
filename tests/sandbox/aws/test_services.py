"""The sandbox answers for the services that it has, and lets moto invent no other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import TRUST, Cloud, Database

STATEMENT = {"Sql": "SELECT 1", "Database": "dev", "ClusterIdentifier": "c"}
ABSENT = [
    ("redshift-data", "execute_statement", STATEMENT),
    ("dynamodb", "list_tables", {}),
    ("lambda", "list_functions", {}),
    ("route53", "list_hosted_zones", {}),
    ("cloudformation", "list_stacks", {}),
    ("resourcegroupstaggingapi", "get_resources", {}),
]


@pytest.mark.parametrize(("service", "operation", "parameters"), ABSENT)
def test_service_that_the_sandbox_has_not_is_refused(
    cloud: Cloud, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="The sandbox has no service ") as refusal:
        getattr(cloud.client(service), operation)(**parameters)
    assert refusal.value.response["Error"]["Code"] == "UnsupportedOperation"
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


def test_managed_policy_of_aws_lets_a_role_read(warehouse: Database) -> None:
    iam = warehouse.cloud.client("iam")
    name = f"managed-{warehouse.database}"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    redshift = warehouse.cloud.client("redshift")
    redshift.modify_cluster_iam_roles(ClusterIdentifier="test-cluster", AddIamRoles=[role])
    warehouse.run("CREATE TABLE loaded (a INTEGER)")
    url = warehouse.put("file", '{"a": 1}')
    copy = f"COPY loaded FROM '{url}' IAM_ROLE '{role}' JSON 'auto'"
    with pytest.raises(Exception, match=r"(?i)access ?denied"):
        warehouse.run(copy)
    iam.attach_role_policy(RoleName=name, PolicyArn=READ_ONLY)
    warehouse.run(copy)
    assert warehouse.run("SELECT a FROM loaded") == [(1,)]
    iam.detach_role_policy(RoleName=name, PolicyArn=READ_ONLY)
    iam.delete_role(RoleName=name)


def test_managed_policies_of_aws_are_listed(cloud: Cloud) -> None:
    pages = cloud.client("iam").get_paginator("list_policies").paginate(Scope="AWS")
    assert READ_ONLY in {policy["Arn"] for page in pages for policy in page["Policies"]}
