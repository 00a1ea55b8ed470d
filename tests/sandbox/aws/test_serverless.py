"""Redshift Serverless: namespaces, workgroups and what they need, as AWS documents them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from botocore.exceptions import ClientError
from cloud import REGION, Cloud
from conftest import BUCKET, numbers
from operators import new_operator, statement
from serverless_site import ServerlessSite


@pytest.fixture(scope="module")
def standing_site(cloud: Cloud, cluster_role: str) -> Iterator[ServerlessSite]:
    """A namespace with a workgroup, which tests leave as it is."""
    site = ServerlessSite(cloud, f"serverless-{next(numbers)}")
    site.create_namespace(iamRoles=[cluster_role], tags=[{"key": "team", "value": "a"}])
    site.create_workgroup()
    yield site
    site.delete()


@pytest.fixture
def new_site(cloud: Cloud) -> Iterator[ServerlessSite]:
    """A name of which there is nothing yet, and nothing afterwards."""
    site = ServerlessSite(cloud, f"serverless-{next(numbers)}")
    yield site
    site.wait()
    if not site.is_gone("namespace"):
        site.delete()


def code(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        call(**request)
    return str(refusal.value.response["Error"]["Code"])


def test_namespace_is_described_and_its_password_is_in_its_secret_alone(
    standing_site: ServerlessSite, cluster_role: str
) -> None:
    found = standing_site.namespace()
    assert found["iamRoles"] == [f"IamRole(applyStatus=in-sync, iamRoleArn={cluster_role})"]
    name = f":secret:redshift!{standing_site.name}-awsuser-"
    assert name in found["adminPasswordSecretArn"]
    secret = standing_site.secret()
    assert secret["username"] == "awsuser"
    assert secret["password"] not in str(found)
    tags = standing_site.api.list_tags_for_resource(resourceArn=found["namespaceArn"])["tags"]
    assert tags == [{"key": "team", "value": "a"}]


def test_administrator_logs_in_with_the_secret_and_others_by_iam(
    standing_site: ServerlessSite,
) -> None:
    assert standing_site.run("SELECT current_user") == [("awsuser",)]
    found = standing_site.api.get_credentials(workgroupName=standing_site.name)
    assert found["dbUser"] == "IAM:moto"
    session = standing_site.connect(found["dbUser"], found["dbPassword"])
    cursor = session.cursor()
    cursor.execute("SELECT current_user")
    assert cursor.fetchall() == [("IAM:moto",)]
    session.close()


PROVISIONED = [
    ("stl_load_errors", "SELECT * FROM stl_load_errors"),
    ("stl_query", "SELECT query FROM pg_catalog.stl_query AS q"),
    ("stv_slices", "SELECT 1 FROM pg_class, stv_slices"),
    ("svl_qlog", "WITH a AS (SELECT 1 FROM svl_qlog) SELECT * FROM a"),
]


@pytest.mark.parametrize(("view", "query"), PROVISIONED)
def test_views_of_clusters_are_refused_in_redshift_s_words(
    standing_site: ServerlessSite, view: str, query: str
) -> None:
    with pytest.raises(psycopg2.Error) as refusal:
        standing_site.run(query)
    assert refusal.value.pgcode == "42501"
    assert str(refusal.value).strip() == f"permission denied for relation {view}"
    assert standing_site.run("SELECT COUNT(*) FROM sys_load_history") == [(0,)]
    assert standing_site.run("SELECT 'stl_query' AS stl_query") == [("stl_query",)]


def test_copy_names_the_view_that_serverless_has(
    standing_site: ServerlessSite, cluster_role: str
) -> None:
    body = '{"a": "x"}'
    standing_site.cloud.client("s3").put_object(Bucket=BUCKET, Key="bad.json", Body=body)
    standing_site.run("CREATE TABLE t (a INTEGER)")
    copy = f"COPY t FROM 's3://{BUCKET}/bad.json' IAM_ROLE '{cluster_role}' FORMAT JSON 'auto'"
    with pytest.raises(psycopg2.Error, match="Check 'sys_load_error_detail' system table"):
        standing_site.run(f"{copy} REGION '{REGION}'")


REFUSED = {
    "capacity": ({"baseCapacity": 5}, "ValidationException"),
    "maximum below the base": ({"baseCapacity": 32, "maxCapacity": 8}, "ValidationException"),
    "port": ({"port": 80}, "ValidationException"),
    "one subnet": ({"subnetIds": ["one"]}, "ValidationException"),
    "no namespace": ({"namespaceName": "nowhere"}, "ResourceNotFoundException"),
    "routing": ({"enhancedVpcRouting": True}, "UnsupportedOperation"),
}


@pytest.mark.parametrize(("settings", "answer"), REFUSED.values(), ids=REFUSED)
def test_workgroup_that_cannot_be_is_refused(
    standing_site: ServerlessSite, settings: dict[str, Any], answer: str
) -> None:
    if "subnetIds" in settings:
        ec2 = standing_site.cloud.client("ec2")
        settings = {"subnetIds": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]]}
    names = {"workgroupName": "another", "namespaceName": standing_site.name}
    assert code(standing_site.api.create_workgroup, **names | settings) == answer


def test_only_one_setting_is_updated_in_a_request(standing_site: ServerlessSite) -> None:
    api, name = standing_site.api, {"workgroupName": standing_site.name}
    assert code(api.update_workgroup, **name, baseCapacity=8, port=5440) == "ValidationException"
    api.update_workgroup(**name, baseCapacity=8)
    assert standing_site.workgroup()["status"] == "MODIFYING"
    assert code(api.update_workgroup, **name, port=5440) == "ConflictException"
    standing_site.wait()
    assert standing_site.workgroup()["baseCapacity"] == 8


def test_group_of_a_workgroup_is_not_deleted(standing_site: ServerlessSite) -> None:
    (group,) = standing_site.workgroup()["securityGroupIds"]
    ec2 = standing_site.cloud.client("ec2")
    assert code(ec2.delete_security_group, GroupId=group) == "DependencyViolation"


def test_usage_limit_is_one_of_its_period_and_goes_with_the_workgroup(
    new_site: ServerlessSite,
) -> None:
    new_site.create_namespace()
    new_site.create_workgroup()
    arn = new_site.workgroup()["workgroupArn"]
    limit = {"resourceArn": arn, "usageType": "serverless-compute", "period": "daily"}
    new_site.api.create_usage_limit(**limit, amount=4, breachAction="deactivate")
    assert code(new_site.api.create_usage_limit, **limit, amount=5) == "ConflictException"
    (found,) = new_site.api.list_usage_limits(resourceArn=arn)["usageLimits"]
    new_site.api.update_usage_limit(usageLimitId=found["usageLimitId"], amount=6)
    (found,) = new_site.api.list_usage_limits(resourceArn=arn)["usageLimits"]
    assert (found["amount"], found["breachAction"]) == (6, "deactivate")
    assert code(new_site.api.delete_namespace, namespaceName=new_site.name) == "ConflictException"
    new_site.delete()
    assert new_site.api.list_usage_limits(resourceArn=arn)["usageLimits"] == []


def test_rows_come_back_from_the_final_snapshot_with_a_new_password(
    new_site: ServerlessSite,
) -> None:
    new_site.create_namespace()
    new_site.create_workgroup()
    new_site.run("CREATE TABLE kept AS SELECT 1 AS a")
    before = new_site.secret()["password"]
    new_site.delete(snapshot=f"{new_site.name}-final")
    (found,) = new_site.api.list_snapshots(namespaceName=new_site.name)["snapshots"]
    assert (found["status"], found["adminUsername"]) == ("AVAILABLE", "awsuser")
    new_site.create_namespace()
    new_site.create_workgroup()
    names = {"namespaceName": new_site.name, "workgroupName": new_site.name}
    request = {"snapshotName": found["snapshotName"], "manageAdminPassword": True}
    new_site.api.restore_from_snapshot(**names, **request)
    new_site.wait()
    assert new_site.run("SELECT a FROM kept") == [(1,)]
    assert new_site.secret()["password"] != before
    new_site.api.delete_snapshot(snapshotName=found["snapshotName"])


def test_data_stay_with_a_namespace_without_a_workgroup(new_site: ServerlessSite) -> None:
    new_site.create_namespace()
    new_site.create_workgroup()
    new_site.run("CREATE TABLE kept AS SELECT 1 AS a")
    new_site.delete_workgroup()
    new_site.create_workgroup()
    assert new_site.run("SELECT a FROM kept") == [(1,)]


def test_calls_are_checked_against_the_caller_s_policy(standing_site: ServerlessSite) -> None:
    operator = new_operator(standing_site.cloud)
    operator.may()
    name = {"workgroupName": standing_site.name}
    serverless, secrets = "redshift-serverless", "secretsmanager"
    status, refusal, text = operator.refusal(serverless, "get_workgroup", **name)
    assert (status, refusal) == (400, "AccessDeniedException")
    arn = standing_site.workgroup()["workgroupArn"]
    assert f"not authorized to perform: redshift-serverless:GetWorkgroup on resource: {arn}" in text
    operator.may(statement("redshift-serverless:GetWorkgroup", arn))
    assert operator.refusal(serverless, "get_workgroup", **name)[0] == 200
    secret = {"SecretId": standing_site.namespace()["adminPasswordSecretArn"]}
    assert operator.refusal(secrets, "get_secret_value", **secret)[1] == "AccessDeniedException"
    operator.may(statement("secretsmanager:GetSecretValue", secret["SecretId"]))
    assert operator.refusal(secrets, "get_secret_value", **secret)[0] == 200


def test_tags_of_a_namespace_can_be_a_condition(standing_site: ServerlessSite) -> None:
    operator = new_operator(standing_site.cloud)
    name = {"namespaceName": standing_site.name}
    for team, status in {"a": 200, "b": 400}.items():
        condition = {"StringEquals": {"aws:ResourceTag/team": team}}
        operator.may(statement("redshift-serverless:GetNamespace", Condition=condition))
        found = operator.refusal("redshift-serverless", "get_namespace", **name)
        assert found[0] == status


@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [
        ("redshift-serverless", "create_snapshot", {"namespaceName": "abc", "snapshotName": "s"}),
        ("redshift-serverless", "list_recovery_points", {}),
        ("secretsmanager", "list_secrets", {}),
    ],
)
def test_what_the_sandbox_does_not_do_is_refused(
    cloud: Cloud, service: str, operation: str, request_: dict[str, Any]
) -> None:
    assert code(getattr(cloud.client(service), operation), **request_) == "UnsupportedOperation"
