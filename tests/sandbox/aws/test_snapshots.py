"""What is kept of a cluster that is deleted, and what comes back from it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from botocore.exceptions import ClientError
from conftest import CLUSTER, MASTER, Cloud
from test_cluster_life import ask, code_of, data_folders

TAGS = [{"Key": "project", "Value": "music"}]
SNAPSHOT = "Keeper-Final"


@pytest.fixture(scope="module")
def snapshot(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """The final snapshot of a cluster with a row and a user; the cluster was paused before."""
    before = set(kept_folders(cloud))
    password: dict[str, Any] = {"ManageMasterPassword": False, "MasterUserPassword": "Secret12345"}
    cloud.create_cluster("keeper", DBName="music", Port=5440, Tags=TAGS, **password)
    redshift = cloud.client("redshift")
    add_row(cloud, "keeper", "CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
    redshift.pause_cluster(ClusterIdentifier="keeper")
    cloud.wait_for_status("keeper", "paused")
    cloud.delete_cluster("keeper", SNAPSHOT)
    (found,) = redshift.describe_cluster_snapshots(SnapshotIdentifier=SNAPSHOT)["Snapshots"]
    (folder,) = set(kept_folders(cloud)) - before
    yield found | {"folder": folder}
    redshift.delete_cluster_snapshot(SnapshotIdentifier=SNAPSHOT)
    assert not folder.exists()


def open_port(cloud: Cloud, port: int) -> None:
    """Let the tests reach clusters on another port."""
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": "127.0.0.1/32"}
    authorize = cloud.client("ec2").authorize_security_group_ingress
    code = code_of(authorize, GroupId=cloud.default_group(), **rule)
    assert code in {"", "InvalidPermission.Duplicate"}


def add_row(cloud: Cloud, cluster: str, sql: str = "INSERT INTO t VALUES (2)") -> None:
    open_port(cloud, 5440)
    connection = cloud.connect("music", cluster)
    for statement in sql.split(";"):
        ask(connection, statement)
    connection.close()


def rows(cloud: Cloud, cluster: str) -> list[tuple[Any, ...]]:
    connection = cloud.connect("music", cluster)
    found = ask(connection, "SELECT a FROM t ORDER BY a")
    connection.close()
    return found


def kept_folders(cloud: Cloud) -> list[Path]:
    """Where the data of the sandbox's snapshots is."""
    return list(Path(cloud.state.runtime_folder).glob("*.kept"))


def restore(cloud: Cloud, name: str, **settings: Any) -> dict[str, Any]:
    request = {"SnapshotIdentifier": SNAPSHOT, "PubliclyAccessible": True} | settings
    redshift = cloud.client("redshift")
    return dict(
        redshift.restore_from_cluster_snapshot(ClusterIdentifier=name, **request)["Cluster"]
    )


def test_final_snapshot_describes_the_cluster_that_was(
    cloud: Cloud, snapshot: dict[str, Any]
) -> None:
    now = datetime.now(UTC)
    assert snapshot.pop("ClusterCreateTime") < snapshot.pop("SnapshotCreateTime") < now
    size = snapshot.pop("TotalBackupSizeInMegaBytes")
    folder = snapshot.pop("folder")
    on_disk = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
    assert size == round(sum(on_disk) / 1024**2, 1) > 1
    expected = {
        "SnapshotIdentifier": "keeper-final",
        "ClusterIdentifier": "keeper",
        "Status": "available",
        "Port": 5440,
        "DBName": "music",
        "MasterUsername": MASTER,
        "NodeType": "ra3.large",
        "NumberOfNodes": 2,
        "Encrypted": True,
        "SnapshotType": "manual",
        "OwnerAccount": "123456789012",
        "SnapshotArn": "arn:aws:redshift:us-west-2:123456789012:snapshot:keeper/keeper-final",
        "ManualSnapshotRetentionPeriod": -1,
        "Tags": TAGS,
    }
    assert {name: snapshot[name] for name in expected} == expected


def test_restored_cluster_has_the_rows_and_leaves_the_snapshot_as_it_is(
    cloud: Cloud, snapshot: dict[str, Any]
) -> None:
    answer = restore(cloud, "first", ManageMasterPassword=True)
    assert (answer["ClusterStatus"], answer["RestoreStatus"]) == (
        "creating",
        {"Status": "restoring"},
    )
    cloud.wait("cluster_available", "first")
    found = cloud.cluster("first")
    assert found["RestoreStatus"] == {"Status": "completed"}
    kept = {"DBName": "music", "MasterUsername": MASTER, "NumberOfNodes": 2, "Tags": TAGS}
    assert {name: found[name] for name in kept} == kept
    assert rows(cloud, "first") == [(1,)]
    add_row(cloud, "first")
    by_password = {"database": "music", "user": MASTER, "password": "Secret12345"}
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        cloud.connect(name="first", **by_password)

    restore(cloud, "second")
    cloud.wait("cluster_available", "second")
    cloud.connect(name="second", **by_password).close()
    assert (rows(cloud, "first"), rows(cloud, "second")) == ([(1,), (2,)], [(1,)])
    for name in ("first", "second"):
        cloud.delete_cluster(name)


def test_snapshot_that_is_deleted_during_a_restore_is_restored_and_then_gone(
    cloud: Cloud, snapshot: dict[str, Any]
) -> None:
    kept = set(kept_folders(cloud))
    restore(cloud, "last")
    cloud.wait("cluster_available", "last")
    assert cloud.delete_cluster("last", "last-final") == "final-snapshot"
    assert len(kept_folders(cloud)) == len(kept) + 1
    restore(cloud, "last", SnapshotIdentifier="last-final")
    cloud.client("redshift").delete_cluster_snapshot(SnapshotIdentifier="last-final")
    cloud.wait("cluster_available", "last")
    assert rows(cloud, "last") == [(1,)]
    assert set(kept_folders(cloud)) == kept
    assert cloud.delete_cluster("last") == "deleting"


def test_restore_that_fails_says_so(cloud: Cloud) -> None:
    cloud.create_cluster("spoilt")
    before = set(kept_folders(cloud))
    cloud.delete_cluster("spoilt", "spoilt-final")
    (data,) = set(kept_folders(cloud)) - before
    shutil.rmtree(data)
    folders = data_folders(cloud)
    restore(cloud, "spoilt", SnapshotIdentifier="spoilt-final")
    cloud.wait_for_status("spoilt", "incompatible-restore")
    assert cloud.cluster("spoilt")["RestoreStatus"] == {"Status": "failed"}
    cloud.delete_cluster("spoilt")
    assert data_folders(cloud) == folders
    cloud.client("redshift").delete_cluster_snapshot(SnapshotIdentifier="spoilt-final")


REFUSED_RESTORES: list[tuple[dict[str, Any], str]] = [
    ({"SnapshotIdentifier": "nothing"}, "ClusterSnapshotNotFound"),
    ({"SnapshotClusterIdentifier": "other"}, "ClusterSnapshotNotFound"),
    ({"SnapshotArn": "arn:aws:redshift:::snapshot:a/b"}, "InvalidParameterCombination"),
    ({"ClusterIdentifier": CLUSTER}, "ClusterAlreadyExists"),
    ({"ClusterIdentifier": "Bad_Id"}, "InvalidParameterValue"),
    ({"NodeType": "ra3.4xlarge"}, "UnsupportedOperation"),
    ({"NumberOfNodes": 4}, "UnsupportedOperation"),
    ({"VpcSecurityGroupIds": ["sg-0"]}, "InvalidParameterValue"),
    ({"IamRoles": ["arn:aws:iam::123456789012:role/nowhere"]}, "InvalidParameterValue"),
    ({"ClusterSubnetGroupName": "nowhere"}, "ClusterSubnetGroupNotFoundFault"),
    ({"Port": 1}, "InvalidParameterValue"),
    ({"Encrypted": False}, "InvalidParameterValue"),
]


@pytest.mark.parametrize(("settings", "code"), REFUSED_RESTORES)
def test_restore_that_aws_would_refuse_is_refused(
    cloud: Cloud, cluster_role: str, snapshot: dict[str, Any], settings: dict[str, Any], code: str
) -> None:
    request = {"ClusterIdentifier": "refused", "SnapshotIdentifier": SNAPSHOT} | settings
    assert code_of(cloud.client("redshift").restore_from_cluster_snapshot, **request) == code


REFUSED_ENDS: list[tuple[dict[str, Any], str]] = [
    ({}, "FinalClusterSnapshotIdentifier is required"),
    (
        {"SkipFinalClusterSnapshot": True, "FinalClusterSnapshotIdentifier": "a"},
        "InvalidParameterCombination",
    ),
    ({"FinalClusterSnapshotIdentifier": "1st"}, "InvalidParameterValue"),
    ({"FinalClusterSnapshotIdentifier": "rs:automatic"}, "InvalidParameterValue"),
    ({"FinalClusterSnapshotIdentifier": "two--hyphens"}, "InvalidParameterValue"),
    ({"FinalClusterSnapshotIdentifier": "a" * 256}, "InvalidParameterValue"),
    ({"FinalClusterSnapshotIdentifier": SNAPSHOT}, "ClusterSnapshotAlreadyExists"),
    (
        {"FinalClusterSnapshotIdentifier": "a", "FinalClusterSnapshotRetentionPeriod": 0},
        "InvalidRetentionPeriodFault",
    ),
]


@pytest.mark.parametrize(("ending", "text"), REFUSED_ENDS)
def test_cluster_is_not_deleted_without_a_clear_word_about_the_snapshot(
    cloud: Cloud, cluster_role: str, snapshot: dict[str, Any], ending: dict[str, Any], text: str
) -> None:
    with pytest.raises(ClientError, match=text):
        cloud.client("redshift").delete_cluster(ClusterIdentifier=CLUSTER, **ending)
    assert cloud.cluster(CLUSTER)["ClusterStatus"] == "available"


FILTERS: list[tuple[dict[str, Any], bool]] = [
    ({"ClusterIdentifier": "keeper"}, True),
    ({"ClusterIdentifier": CLUSTER}, False),
    ({"ClusterIdentifier": "never-was"}, False),
    ({"SnapshotIdentifier": "keeper-FINAL"}, True),
    ({"ClusterIdentifier": "keeper", "SnapshotType": "manual"}, True),
    ({"ClusterIdentifier": "keeper", "SnapshotType": "automated"}, False),
    ({"TagKeys": ["project", "other"]}, True),
    ({"TagKeys": ["other"]}, False),
    ({"TagValues": ["music"]}, True),
    ({"TagKeys": ["project"], "TagValues": ["other"]}, False),
    ({"ClusterIdentifier": "keeper", "EndTime": datetime(2020, 1, 1, tzinfo=UTC)}, False),
    ({"ClusterIdentifier": "keeper", "StartTime": datetime(2020, 1, 1, tzinfo=UTC)}, True),
    ({"ClusterIdentifier": "keeper", "OwnerAccount": "999999999999"}, False),
]


@pytest.mark.parametrize(("filters", "is_found"), FILTERS)
def test_snapshots_are_filtered(
    cloud: Cloud,
    cluster_role: str,
    snapshot: dict[str, Any],
    filters: dict[str, Any],
    is_found: bool,
) -> None:
    found = cloud.client("redshift").describe_cluster_snapshots(**filters)["Snapshots"]
    ours = [each for each in found if each["ClusterIdentifier"] == "keeper"]
    assert [each["SnapshotIdentifier"] for each in ours] == ["keeper-final"] * is_found


def test_snapshot_that_is_not_there_is_not_found(cloud: Cloud) -> None:
    redshift = cloud.client("redshift")
    for operation in (redshift.describe_cluster_snapshots, redshift.delete_cluster_snapshot):
        assert code_of(operation, SnapshotIdentifier="nothing") == "ClusterSnapshotNotFound"
    both = {"SnapshotIdentifier": "nothing", "ClusterIdentifier": "keeper"}
    code = code_of(redshift.describe_cluster_snapshots, **both)
    assert code == "InvalidParameterCombination"
