"""Taking it all down: nothing is left, nothing of others is touched, nothing unasked on AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from aws_site import Aws, each_kind, of_serverless
from conftest import READ_EVERYTHING, TRUST

import shutdown_env
from dwh.errors import DwhError

CAPTURE = pytest.CaptureFixture[str]
NOTHING: dict[str, list[Any]] = {
    "roles": [],
    "groups": [],
    "clusters": [],
    "buckets": [],
    "serverless": [],
}

# ---------------------------------------------------------------------------- what others have made


def make_role(aws: Aws) -> None:
    aws.cloud.create_role(aws.name)


def make_role_elsewhere(aws: Aws) -> None:
    """With our tags, as copied from another, but not where ours are."""
    tags = {"project": "sparkify-dwh", "environment": aws.name, "region": "us-west-2"}
    aws.cloud.client("iam").create_role(
        RoleName=aws.name,
        AssumeRolePolicyDocument=json.dumps(TRUST),
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )


def delete_bare_role(aws: Aws) -> None:
    aws.cloud.client("iam").delete_role(RoleName=aws.name)


def make_group(aws: Aws) -> None:
    aws.cloud.client("ec2").create_security_group(GroupName=aws.name, Description="theirs")


def make_cluster(aws: Aws) -> None:
    aws.cloud.create_cluster(aws.name)


def make_bucket(aws: Aws) -> None:
    where = {"LocationConstraint": "us-west-2"}
    aws.cloud.client("s3").create_bucket(Bucket=aws.bucket, CreateBucketConfiguration=where)


def delete_role(aws: Aws) -> None:
    aws.cloud.client("iam").delete_role_policy(RoleName=aws.name, PolicyName="read")
    aws.cloud.client("iam").delete_role(RoleName=aws.name)


def delete_group(aws: Aws) -> None:
    aws.cloud.client("ec2").delete_security_group(GroupId=aws.group()["GroupId"])


def delete_cluster(aws: Aws) -> None:
    aws.cloud.delete_cluster(aws.name)


def delete_bucket(aws: Aws) -> None:
    aws.cloud.client("s3").delete_bucket(Bucket=aws.bucket)


FOREIGN = [
    ("role", "ROLE", "roles", make_role, delete_role),
    ("role", "ROLE", "roles", make_role_elsewhere, delete_bare_role),
    ("security group", "SECURITY_GROUP", "groups", make_group, delete_group),
    ("cluster", "IDENTIFIER", "clusters", make_cluster, delete_cluster),
    ("bucket", "IDENTIFIER", "buckets", make_bucket, delete_bucket),
]


@pytest.mark.parametrize(("kind", "key", "listed", "make", "delete"), FOREIGN)
def test_what_others_have_made_is_refused_and_kept(
    aws: Aws,
    kind: str,
    key: str,
    listed: str,
    make: Callable[[Aws], None],
    delete: Callable[[Aws], None],
) -> None:
    make(aws)
    before = aws.environment()
    with pytest.raises(DwhError) as refusal:
        aws.set_up()
    name = aws.bucket if kind == "bucket" else aws.name
    assert refusal.value.what.startswith(f"the {kind} {name} is there, but was not made for ")
    assert refusal.value.hint.startswith(f"choose another {key} in dwh.cfg")
    if listed == "clusters":
        with pytest.raises(DwhError) as left:
            aws.run(shutdown_env, "--yes")
        assert left.value.details == [
            f"cluster {aws.name}, which has not the tags of this environment",
            f"the tags of this environment are project = sparkify-dwh, environment = {aws.name}, "
            "region = us-west-2",
        ]
    else:
        aws.run(shutdown_env, "--yes")
    assert aws.environment() == before
    assert [kinds for kinds, found in before.items() if found] == [listed]
    delete(aws)


@of_serverless
@pytest.mark.parametrize("kind", ["namespace", "workgroup"])
def test_namespace_or_workgroup_of_others_is_refused_and_kept(aws: Aws, kind: str) -> None:
    site = aws.serverless
    if kind == "workgroup":
        aws.set_up()
        site.delete_workgroup()
        site.create_workgroup()
    else:
        site.create_namespace()
    before = aws.environment()["serverless"]
    with pytest.raises(DwhError) as refusal:
        aws.set_up()
    assert refusal.value.what.startswith(f"the {kind} {aws.name} is there, but was not made for ")
    assert aws.environment()["serverless"] == before
    with pytest.raises(DwhError, match=f"there is a {kind} that may belong to {aws.name}") as left:
        aws.run(shutdown_env, "--yes")
    assert left.value.details[0] == f"{kind} {aws.name}, which has not the tags of this environment"
    assert aws.environment()["serverless"] == before
    site.delete()


def test_foreign_cluster_is_not_paused(aws: Aws) -> None:
    make_cluster(aws)
    with pytest.raises(DwhError, match=f"the cluster {aws.name} is there, but was not made for"):
        aws.run(shutdown_env, "--pause")
    assert aws.cluster["ClusterStatus"] == "available"
    delete_cluster(aws)


@each_kind
def test_neighbour_in_the_same_account_is_left_alone(aws: Aws) -> None:
    aws.set_up()
    before, own = aws.environment(), aws.config.read_text()
    other = f"{aws.name}x"
    names = own.replace(f"= {aws.name}\n", f"= {other}\n")
    aws.config.write_text(names.replace(f"= {aws.analyst}\n", f"= {other}-analyst\n"))
    aws.set_up()
    aws.run(shutdown_env, "--yes", "--no-snapshot")
    aws.config.write_text(own)
    assert aws.environment() == before


# ---------------------------------------------------------------------------- what is left


@each_kind
def test_teardown_deletes_what_dwh_cfg_no_longer_names(aws: Aws) -> None:
    aws.set_up()
    aws.change(access_ROLE=f"{aws.name}-new", access_SECURITY_GROUP=f"{aws.name}-new")
    aws.run(shutdown_env, "--yes", "--no-snapshot")
    assert aws.environment() == NOTHING


def test_role_that_was_given_more_policies_by_hand_is_deleted(aws: Aws) -> None:
    aws.set_up()
    iam = aws.cloud.client("iam")
    document = json.dumps(READ_EVERYTHING)
    arn = iam.create_policy(PolicyName=aws.name, PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=aws.name, PolicyArn=arn)
    iam.put_role_policy(RoleName=aws.name, PolicyName="more", PolicyDocument=document)
    aws.run(shutdown_env, "--yes", "--no-snapshot")
    assert aws.environment() == NOTHING
    iam.delete_policy(PolicyArn=arn)


def test_sweep_lists_what_could_not_be_deleted_and_the_run_fails(
    aws: Aws, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.set_up()
    monkeypatch.setattr("dwh.provisioning.security_group.IN_USE_SECONDS", 1)
    in_use = ("DependencyViolation", "resource sg has a dependent object")
    aws.refuse("ec2.DeleteSecurityGroup", *[in_use] * 20)
    with pytest.raises(DwhError) as left:
        aws.run(shutdown_env, "--yes", "--no-snapshot")
    assert left.value.what == f"1 thing of {aws.name} could not be deleted"
    assert left.value.details == [f"security group {aws.name}"]
    assert "run python shutdown_env.py again" in left.value.hint
    assert left.value.exit_code == 1
    said = capsys.readouterr().err
    assert f"security group {aws.name}: still in use" in said
    assert f"role {aws.name}: deleted" in said
    assert "sweep: 1 thing left" in said
    aws.listen_no_more()
    aws.run(shutdown_env, "--yes", "--no-snapshot")
    assert "sweep: nothing is left" in capsys.readouterr().err
    assert aws.environment() == NOTHING


def test_cluster_that_goes_by_another_name_is_told_before_anything_is_deleted(aws: Aws) -> None:
    """Such as one that was restored by hand from our snapshot, which has our tags."""
    aws.set_up()
    other = f"{aws.name}x"
    aws.cloud.create_cluster(other, Tags=aws.cluster["Tags"])
    before = aws.environment()
    with pytest.raises(DwhError) as left:
        aws.run(shutdown_env, "--yes", "--no-snapshot")
    assert left.value.what.endswith(f" may belong to {aws.name}, and is billed")
    assert left.value.details[0] == f"cluster {other}"
    assert left.value.hint.startswith("nothing was deleted: ")
    assert aws.environment() == before
    aws.cloud.delete_cluster(other)


def test_cluster_that_lost_a_tag_keeps_what_it_needs(aws: Aws) -> None:
    aws.set_up()
    tags = [each for each in aws.cluster["Tags"] if each["Key"] == "environment"]
    arn = f"arn:aws:redshift:us-west-2:123456789012:cluster:{aws.name}"
    redshift = aws.cloud.client("redshift")
    redshift.delete_tags(ResourceName=arn, TagKeys=["environment"])
    before = aws.environment()
    for option in ("--dry-run", "--yes"):
        with pytest.raises(DwhError) as left:
            aws.run(shutdown_env, option)
        assert left.value.details[0].startswith(f"cluster {aws.name}, which has not the tags")
    assert aws.environment() == before
    redshift.create_tags(ResourceName=arn, Tags=tags)


def test_successor_of_the_cluster_is_not_deleted_with_it(aws: Aws) -> None:
    aws.set_up()
    redshift, tags = aws.cloud.client("redshift"), aws.cluster["Tags"]

    def replace(**_: Any) -> None:
        waiter = redshift.get_waiter("cluster_deleted")
        waiter.wait(ClusterIdentifier=aws.name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
        aws.cloud.create_cluster(aws.name, Tags=tags)

    aws.listen("after-call.redshift.DeleteCluster", replace)
    with pytest.raises(DwhError, match="could not be deleted"):
        aws.run(shutdown_env, "--yes", "--no-snapshot")
    assert aws.cluster["ClusterStatus"] == "available"


@of_serverless
def test_busy_workgroup_is_deleted_once_aws_takes_the_request(aws: Aws) -> None:
    aws.set_up()
    busy = ("ConflictException", "There is an operation running on the workgroup.")
    calls = aws.refuse("redshift-serverless.DeleteWorkgroup", busy, busy)
    aws.run(shutdown_env, "--yes", "--no-snapshot")
    assert len(calls) == 3
    assert aws.environment() == NOTHING


def test_security_group_is_deleted_once_nothing_uses_it(aws: Aws) -> None:
    aws.set_up()
    in_use = ("DependencyViolation", "resource sg has a dependent object")
    calls = aws.refuse("ec2.DeleteSecurityGroup", in_use, in_use)
    aws.run(shutdown_env, "--yes", "--no-snapshot")
    assert len(calls) == 3
    assert aws.environment() == NOTHING


@of_serverless
def test_namespace_that_took_the_place_of_ours_is_not_deleted(aws: Aws) -> None:
    aws.set_up()
    site, api = aws.serverless, "redshift-serverless"
    stages: list[str] = []

    def replace(**_: object) -> None:
        if stages == ["planned"]:
            stages.append("replaced")
            site.delete()
            site.create_namespace()

    aws.listen(f"before-call.{api}.DeleteWorkgroup", lambda **_: stages.append("planned"))
    aws.listen(f"before-call.{api}.GetNamespace", replace)
    with pytest.raises(DwhError, match="could not be deleted") as left:
        aws.run(shutdown_env, "--yes", "--no-snapshot")
    assert stages == ["planned", "replaced"]
    stray = f"namespace {aws.name}, which has not the tags of this environment"
    assert stray in left.value.details
    assert site.namespace()["status"] == "AVAILABLE"
    site.delete()
