"""The rows outlive the cluster: paused and resumed, or kept in a snapshot and restored."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from aws_site import Aws, each_kind, of_serverless, refusal
from botocore.exceptions import ClientError
from script_runs import SCRIPTS, make_site
from waiting import wait_until

import create_tables
import setup_env
import shutdown_env
from dwh.errors import DwhError
from sandbox import control

CAPTURE = pytest.CaptureFixture[str]

# ---------------------------------------------------------------------------- in the sandbox


def test_rows_are_there_again_after_a_pause_and_after_a_snapshot(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    for script in SCRIPTS[:3]:
        site.run(script)
    star = site.star()
    assert len(star["songplays"]) == 3

    done = site.run("shutdown_env.py", "--pause")
    assert "Resume it: python setup_env.py" in done.stderr.splitlines()
    done = site.run("setup_env.py")
    assert re.search("(?m)^cluster sparkify: resumed", done.stderr)
    assert site.star() == star

    done = site.run("shutdown_env.py", "--snapshot")
    (name,) = re.findall(r"come back:  python setup_env.py --restore (\S+)", done.stderr)
    assert control.is_running(site.state)
    done = site.run("setup_env.py", "--restore", name)
    assert re.search("(?m)^cluster sparkify: restored", done.stderr)
    assert site.star() == star
    site.run("etl.py")
    assert site.star() == star

    site.run("shutdown_env.py")
    assert not control.is_running(site.state)


# ---------------------------------------------------------------------------- on AWS


@pytest.fixture
def kept(aws: Aws) -> str:
    """An environment that was taken down; the name of the snapshot that has its tables."""
    aws.set_up()
    aws.run(create_tables)
    aws.run(shutdown_env, "--yes")
    (name,) = aws.snapshots
    return name


@each_kind
def test_snapshot_is_taken_by_default_and_says_its_price_and_the_way_back(
    aws: Aws, capsys: CAPTURE
) -> None:
    aws.set_up()
    aws.run(shutdown_env, "--yes")
    said = capsys.readouterr().err
    (kept,) = aws.snapshots
    assert re.fullmatch(rf"{aws.name}-\d{{8}}-\d{{6}}", kept)
    price = rf"snapshot {kept}: \d+ MB, about \d+\.\d\d USD a month until you delete it"
    assert re.search(f"(?m)^{price}$", said)
    assert f"come back:  python setup_env.py --restore {kept}" in said
    if aws.kind == "cluster":
        assert f"delete-cluster-snapshot --region us-west-2 --snapshot-identifier {kept}" in said
        describe = aws.cloud.client("redshift").describe_cluster_snapshots
        (snapshot,) = describe(SnapshotIdentifier=kept)["Snapshots"]
        assert {"Key": "environment", "Value": aws.name} in snapshot["Tags"]
    else:
        assert f"delete-snapshot --region us-west-2 --snapshot-name {kept}" in said
        api = aws.serverless.api
        arn = api.get_snapshot(snapshotName=kept)["snapshot"]["snapshotArn"]
        tags = api.list_tags_for_resource(resourceArn=arn)["tags"]
        assert {"key": "environment", "value": aws.name} in tags


@each_kind
def test_restored_warehouse_is_ours_and_as_configured_and_restoring_again_keeps_it(
    aws: Aws, kept: str, capsys: CAPTURE
) -> None:
    capsys.readouterr()
    aws.run(setup_env, "--dry-run", "--restore", kept)
    what = f"cluster {aws.name}" if aws.kind == "cluster" else "rows"
    assert re.search(rf"restore +{what} +from {kept}, \d+ MB", capsys.readouterr().out)
    aws.set_up("--restore", kept)
    restored = aws.environment()
    assert aws.is_public
    assert aws.attached == [aws.role_arn()]
    aws.run(create_tables)
    assert "songplays: kept, already there" in capsys.readouterr().err
    aws.set_up("--restore", kept)
    aws.set_up()
    assert aws.environment() == restored


def test_snapshot_without_the_clusters_tags_gets_them(aws: Aws) -> None:
    """Should a final snapshot not take them over, it is tagged before the cluster is forgotten."""
    aws.set_up()
    redshift = aws.cloud.client("redshift")

    def untag(**_: object) -> None:
        for name in aws.snapshots:
            found = redshift.describe_cluster_snapshots(SnapshotIdentifier=name)["Snapshots"][0]
            keys = ["project", "environment", "region"]
            redshift.delete_tags(ResourceName=found["SnapshotArn"], TagKeys=keys)

    aws.listen("before-call.ec2.DeleteSecurityGroup", untag)
    aws.run(shutdown_env, "--yes")
    (name,) = aws.snapshots
    found = redshift.describe_cluster_snapshots(SnapshotIdentifier=name)["Snapshots"][0]
    assert {"Key": "environment", "Value": aws.name} in found["Tags"]


@each_kind
def test_snapshot_that_cannot_be_restored_is_refused_before_anything_is_made(
    aws: Aws, kept: str
) -> None:
    clean = aws.environment()
    with pytest.raises(DwhError, match=f"there is no snapshot {aws.name}-1 in us-west-2") as error:
        aws.set_up("--restore", f"{aws.name}-1")
    assert error.value.hint == f"there are: {kept}"
    aws.change(warehouse_USER="someone")
    with pytest.raises(DwhError, match=f"the snapshot {kept} differs from dwh.cfg") as error:
        aws.set_up("--restore", kept)
    said = f"USER: the snapshot {kept} has sparkify_admin, dwh.cfg says someone"
    assert error.value.details == [said]
    aws.change(warehouse_USER="sparkify_admin")
    assert aws.environment() == clean
    aws.set_up()
    kind = "cluster" if aws.kind == "cluster" else "namespace"
    with pytest.raises(DwhError, match=f"the {kind} {aws.name} is there already") as error:
        aws.set_up("--restore", kept)
    assert "or leave out --restore to keep it" in error.value.hint


def test_shutdown_of_a_paused_cluster_keeps_its_rows(aws: Aws, capsys: CAPTURE) -> None:
    aws.set_up()
    aws.run(create_tables)
    aws.run(shutdown_env, "--pause")
    aws.run(shutdown_env, "--pause")
    aws.run(shutdown_env, "--yes")
    (name,) = aws.snapshots
    aws.set_up("--restore", name)
    capsys.readouterr()
    aws.run(create_tables)
    assert "songplays: kept, already there" in capsys.readouterr().err


# ---------------------------------------------------------------------------- whose it is


def wait_until_deleted(redshift: Any, name: str) -> None:
    waiter = redshift.get_waiter("cluster_deleted")
    waiter.wait(ClusterIdentifier=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})


def test_snapshot_of_another_cluster_is_neither_restored_nor_tagged(aws: Aws) -> None:
    redshift = aws.cloud.client("redshift")
    other = aws.name.replace("env", "other")  # not listed among what is of the environment
    aws.cloud.create_cluster(other, DBName="sparkify", MasterUsername="sparkify_admin")
    redshift.delete_cluster(ClusterIdentifier=other, FinalClusterSnapshotIdentifier=other)
    with pytest.raises(DwhError, match=f"the snapshot {other} is not one of {aws.name} in us-"):
        aws.set_up("--restore", other)
    assert not any(aws.environment().values())
    wait_until_deleted(redshift, other)
    (found,) = redshift.describe_cluster_snapshots(SnapshotIdentifier=other)["Snapshots"]
    assert not found["Tags"]
    redshift.delete_cluster_snapshot(SnapshotIdentifier=other)


def test_snapshot_is_told_even_if_aws_no_longer_knows_its_cluster(
    aws: Aws, capsys: CAPTURE
) -> None:
    aws.set_up()

    def forget(params: dict[str, Any], **_: object) -> Any:
        gone = "ClusterIdentifier=" in str(params["body"]) or "ClusterIdentifier" in params["body"]
        return refusal("ClusterNotFound", "Cluster not found.") if gone else None

    aws.listen("before-call.redshift.DescribeClusterSnapshots", forget)
    aws.run(shutdown_env, "--yes")
    (name,) = aws.snapshots
    assert f"come back:  python setup_env.py --restore {name}" in capsys.readouterr().err


def test_restored_cluster_that_lost_the_tags_of_its_snapshot_gets_them(aws: Aws, kept: str) -> None:
    redshift = aws.cloud.client("redshift")
    lost: list[str] = []

    def untag(**_: object) -> None:
        arn = f"arn:aws:redshift:us-west-2:123456789012:cluster:{aws.name}"
        redshift.delete_tags(ResourceName=arn, TagKeys=["project", "environment", "region"])
        lost.append(arn)

    aws.listen("after-call.redshift.RestoreFromClusterSnapshot", untag)
    aws.set_up("--restore", kept)
    assert lost
    assert {"Key": "environment", "Value": aws.name} in aws.cluster["Tags"]


@of_serverless
def test_restore_that_was_stopped_before_it_began_is_begun_when_told_again(
    aws: Aws, kept: str, capsys: CAPTURE
) -> None:
    aws.refuse("redshift-serverless.RestoreFromSnapshot", ("AccessDeniedException", "not now"))
    with pytest.raises(ClientError):
        aws.set_up("--restore", kept)
    aws.listen_no_more()
    with pytest.raises(DwhError, match=f"the restore of {kept} was stopped before it began"):
        aws.set_up()
    aws.set_up("--restore", kept)
    aws.run(create_tables)
    assert "songplays: kept, already there" in capsys.readouterr().err
    aws.set_up("--restore", kept)


@of_serverless
def test_restore_that_was_stopped_once_begun_is_waited_for_and_not_repeated(
    aws: Aws, kept: str
) -> None:
    asked: list[str] = []
    stopped: list[str] = []

    def stop(**_: object) -> None:
        if not stopped:
            stopped.append(kept)
            raise KeyboardInterrupt

    api = "redshift-serverless"
    aws.listen(f"before-call.{api}.RestoreFromSnapshot", lambda **_: asked.append(kept))
    aws.listen(f"after-call.{api}.TagResource", stop)
    with pytest.raises(KeyboardInterrupt):
        aws.set_up("--restore", kept)
    aws.set_up()
    aws.set_up("--restore", kept)
    assert asked == [kept]


@of_serverless
def test_database_of_another_name_is_not_restored(aws: Aws, kept: str) -> None:
    aws.change(warehouse_DATABASE="other")
    with pytest.raises(DwhError, match="differs from") as refusal:
        aws.set_up("--restore", kept)
    assert "DATABASE" in "".join(refusal.value.details)
    assert aws.serverless.is_gone("namespace")


@of_serverless
def test_final_snapshot_of_a_namespace_that_is_not_there_is_missed(aws: Aws) -> None:
    aws.set_up()

    def lose(**_: object) -> None:
        wait_until(lambda: aws.serverless.is_gone("namespace"), "the end of the namespace")
        for name in aws.snapshots:
            aws.delete_snapshot(name)

    aws.listen("after-call.redshift-serverless.DeleteNamespace", lose)
    with pytest.raises(DwhError, match="the namespace is gone, but its snapshot "):
        aws.run(shutdown_env, "--yes")


def test_final_snapshot_that_is_not_there_at_the_end_is_missed(aws: Aws) -> None:
    aws.set_up()
    redshift = aws.cloud.client("redshift")

    def lose(**_: object) -> None:
        wait_until_deleted(redshift, aws.name)
        for name in aws.snapshots:
            redshift.delete_cluster_snapshot(SnapshotIdentifier=name)

    aws.listen("after-call.redshift.DeleteCluster", lose)
    with pytest.raises(DwhError, match="the cluster is gone, but its snapshot "):
        aws.run(shutdown_env, "--yes")
