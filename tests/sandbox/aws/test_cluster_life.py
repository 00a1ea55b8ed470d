"""What becomes of a cluster: paused, resumed, changed, found by its tags, gone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from botocore.exceptions import ClientError
from conftest import CLUSTER, MASTER, Cloud, numbers
from running_processes import processes

from sandbox import control

BUSY = "InvalidClusterState"
SMALL: dict[str, Any] = {
    "NodeType": "ra3.large",
    "ClusterType": "single-node",
    "MasterUsername": MASTER,
    "ManageMasterPassword": True,
}


def code_of(call: Callable[..., Any], **request: Any) -> str:
    """The code that AWS answers with, "" for success."""
    try:
        call(**request)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def data_folders(cloud: Cloud) -> set[Path]:
    """Where the data of the sandbox's clusters is."""
    return set(Path(cloud.state.runtime_folder).glob("*.data"))


def ask(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall()) if cursor.description else []


@pytest.fixture
def name() -> str:
    return f"cluster-{next(numbers)}"


def test_resumed_cluster_has_its_rows_and_users_again(cloud: Cloud, name: str) -> None:
    cloud.create_cluster(name)
    session = cloud.connect(name=name)
    ask(session, "CREATE TABLE t (a INT)")
    ask(session, "INSERT INTO t VALUES (1), (2)")
    ask(session, "CREATE USER dora PASSWORD 'Abcd1234'")
    ask(session, "GRANT SELECT ON t TO dora")
    address, redshift = cloud.endpoint(name), cloud.client("redshift")
    secret = cloud.cluster(name)["MasterPasswordSecretArn"]
    dora = {"name": name, "user": "dora", "password": "Abcd1234"}

    answer = redshift.pause_cluster(ClusterIdentifier=name)["Cluster"]
    assert answer["ClusterStatus"] == "pausing"
    cloud.wait_for_status(name, "paused")
    assert cloud.cluster(name)["ClusterAvailabilityStatus"] == "Unavailable"
    with pytest.raises(psycopg2.Error):
        ask(session, "SELECT 1")
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        psycopg2.connect(host=address["Address"], port=address["Port"])
    assert code_of(redshift.get_cluster_credentials, ClusterIdentifier=name, DbUser=MASTER) == BUSY
    for change in (redshift.pause_cluster, redshift.modify_cluster):
        assert code_of(change, ClusterIdentifier=name) == BUSY

    answer = redshift.resume_cluster(ClusterIdentifier=name)["Cluster"]
    assert answer["ClusterStatus"] == "resuming"
    cloud.wait_for_status(name, "available")
    assert cloud.endpoint(name) == address
    assert cloud.cluster(name)["MasterPasswordSecretArn"] == secret
    assert ask(cloud.connect(**dora), "SELECT a FROM t ORDER BY a") == [(1,), (2,)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(cloud.connect(**dora), "INSERT INTO t VALUES (3)")
    ask(cloud.connect(name=name), "INSERT INTO t VALUES (3)")
    assert code_of(redshift.resume_cluster, ClusterIdentifier=name) == BUSY
    cloud.delete_cluster(name)


def test_one_of_many_requests_at_once_is_taken(cloud: Cloud, name: str) -> None:
    redshift = cloud.client("redshift")

    def at_once(call: Callable[..., Any], **request: Any) -> list[str]:
        with ThreadPoolExecutor(6) as pool:
            asked = [pool.submit(code_of, call, **request) for _ in range(6)]
            return sorted(each.result() for each in asked)

    made = at_once(redshift.create_cluster, ClusterIdentifier=name, **SMALL)
    assert made == [""] + ["ClusterAlreadyExists"] * 5
    cloud.wait("cluster_available", name)
    assert at_once(redshift.pause_cluster, ClusterIdentifier=name) == [""] + [BUSY] * 5
    cloud.wait_for_status(name, "paused")
    ending = {"ClusterIdentifier": name, "SkipFinalClusterSnapshot": True}
    codes = at_once(redshift.delete_cluster, **ending)
    assert codes[0] == ""
    assert set(codes[1:]) <= {BUSY, "ClusterNotFound"}
    cloud.wait("cluster_deleted", name)


def test_cluster_that_does_not_come_back_says_so_and_can_be_deleted(
    cloud: Cloud, name: str
) -> None:
    before = data_folders(cloud)
    cloud.create_cluster(name)
    (data,) = data_folders(cloud) - before
    redshift = cloud.client("redshift")
    redshift.pause_cluster(ClusterIdentifier=name)
    cloud.wait_for_status(name, "paused")
    shutil.rmtree(data)
    redshift.resume_cluster(ClusterIdentifier=name)
    cloud.wait_for_status(name, "hardware-failure")
    assert cloud.cluster(name)["ClusterAvailabilityStatus"] == "Failed"
    log = Path(cloud.state.ca_file).with_name("log").read_text()
    assert f"cluster {name}: resuming failed" in log
    keep = {"ClusterIdentifier": name, "FinalClusterSnapshotIdentifier": "too-late"}
    assert code_of(redshift.delete_cluster, **keep) == BUSY
    cloud.delete_cluster(name)
    assert data_folders(cloud) <= before


@pytest.mark.parametrize("operation", ["pause_cluster", "resume_cluster", "modify_cluster"])
def test_cluster_that_is_not_there_is_not_found(cloud: Cloud, operation: str) -> None:
    call = getattr(cloud.client("redshift"), operation)
    assert code_of(call, ClusterIdentifier="no-such-cluster") == "ClusterNotFound"


def test_cluster_without_special_wishes_is_private_encrypted_and_in_the_default_vpc(
    cloud: Cloud, cluster_role: str, name: str
) -> None:
    redshift = cloud.client("redshift")
    request = {"NodeType": "ra3.large", "NumberOfNodes": 2, "MasterUsername": MASTER}
    secret = {"MasterUserPassword": "Secret12345"}
    redshift.create_cluster(ClusterIdentifier=name, **request, **secret)
    found = cloud.cluster(name)
    assert (found["PubliclyAccessible"], found["Encrypted"], found["DBName"]) == (
        False,
        True,
        "dev",
    )
    (group,) = found["VpcSecurityGroups"]
    assert group["VpcSecurityGroupId"] == cloud.default_group()
    (parameters,) = found["ClusterParameterGroups"]
    assert parameters["ParameterGroupName"] == "default.redshift-2.0"
    ec2 = cloud.client("ec2")
    (vpc,) = ec2.describe_vpcs(VpcIds=[found["VpcId"]])["Vpcs"]
    assert (vpc["IsDefault"], found["ClusterSubnetGroupName"]) == (True, "default")
    assert "MasterPasswordSecretArn" not in found
    assert "Secret12345" not in str(found)
    cloud.wait("cluster_available", name)
    cloud.delete_cluster(name)


def test_managed_password_is_named_by_its_secret(cloud: Cloud, cluster_role: str) -> None:
    arn = cloud.cluster(CLUSTER)["MasterPasswordSecretArn"]
    start = f"arn:aws:secretsmanager:us-west-2:123456789012:secret:redshift!{CLUSTER}-{MASTER}-"
    assert arn.removeprefix(start).isalnum()
    assert len(arn) == len(start) + 6


def test_security_group_of_another_vpc_is_refused(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="far", Description="far", VpcId=vpc)["GroupId"]
    with pytest.raises(ClientError, match=f"VPC Security group {group} does not exist in VPC"):
        cloud.create_cluster("refused", VpcSecurityGroupIds=[group])


def test_cluster_changes_its_groups_and_lets_go_of_the_former(
    cloud: Cloud, cluster_role: str
) -> None:
    ec2, redshift = cloud.client("ec2"), cloud.client("redshift")
    group = ec2.create_security_group(GroupName="other", Description="other")["GroupId"]

    def change(**settings: Any) -> None:
        answer = redshift.modify_cluster(ClusterIdentifier=CLUSTER, **settings)["Cluster"]
        assert answer["ClusterStatus"] == "modifying"
        assert code_of(redshift.modify_cluster, ClusterIdentifier=CLUSTER, **settings) == BUSY
        cloud.wait_for_status(CLUSTER, "available")

    change(VpcSecurityGroupIds=[group], PubliclyAccessible=False)
    found = cloud.cluster(CLUSTER)
    assert found["VpcSecurityGroups"] == [{"VpcSecurityGroupId": group, "Status": "active"}]
    assert not found["PubliclyAccessible"]
    assert code_of(ec2.delete_security_group, GroupId=group) == "DependencyViolation"
    change(VpcSecurityGroupIds=[cloud.default_group()], PubliclyAccessible=True)
    assert code_of(ec2.delete_security_group, GroupId=group) == ""


def test_group_in_use_is_not_deleted(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    used, user = (
        ec2.create_security_group(GroupName=name, Description=name)["GroupId"]
        for name in ("used", "user")
    )
    same = {"IpProtocol": "tcp", "FromPort": 5439, "ToPort": 5439}
    rule = [same | {"UserIdGroupPairs": [{"GroupId": used}]}]
    ec2.authorize_security_group_ingress(GroupId=user, IpPermissions=rule)
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    interface = ec2.create_network_interface(SubnetId=subnet, Groups=[user])["NetworkInterface"]
    for group in (used, user):
        assert code_of(ec2.delete_security_group, GroupId=group) == "DependencyViolation"
    ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    for group in (user, used):
        assert code_of(ec2.delete_security_group, GroupId=group) == ""


REFUSED_CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"NodeType": "ra3.4xlarge"}, "UnsupportedOperation"),
    ({"NumberOfNodes": 3}, "UnsupportedOperation"),
    ({"ClusterType": "single-node"}, "UnsupportedOperation"),
    ({"MasterUserPassword": "Another12345"}, "UnsupportedOperation"),
    ({"ManageMasterPassword": False}, "UnsupportedOperation"),
    ({"NewClusterIdentifier": "renamed"}, "UnsupportedOperation"),
    ({"Port": 5440}, "UnsupportedOperation"),
    ({"Encrypted": False}, "UnsupportedOperation"),
    ({"ClusterParameterGroupName": "default.redshift-1.0"}, "UnsupportedOperation"),
    ({"ElasticIp": "203.0.113.1"}, "UnsupportedOperation"),
    ({"EnhancedVpcRouting": True}, "UnsupportedOperation"),
    ({"VpcSecurityGroupIds": ["sg-0"]}, "InvalidParameterValue"),
]


@pytest.mark.parametrize(("settings", "code"), REFUSED_CHANGES)
def test_change_that_the_sandbox_cannot_make_is_refused(
    cloud: Cloud, cluster_role: str, settings: dict[str, Any], code: str
) -> None:
    before = cloud.cluster(CLUSTER)
    modify = cloud.client("redshift").modify_cluster
    assert code_of(modify, ClusterIdentifier=CLUSTER, **settings) == code
    assert cloud.cluster(CLUSTER) == before


def test_settings_that_stay_as_they_are_are_no_change(cloud: Cloud, cluster_role: str) -> None:
    before = cloud.cluster(CLUSTER)
    cloud.client("redshift").modify_cluster(
        ClusterIdentifier=CLUSTER, NodeType="ra3.large", NumberOfNodes=2, Port=5439, Encrypted=True
    )
    assert cloud.cluster(CLUSTER) == before


def test_clusters_are_found_by_keys_and_values_of_their_tags(
    cloud: Cloud, cluster_role: str
) -> None:
    redshift = cloud.client("redshift")
    arn = f"arn:aws:redshift:us-west-2:123456789012:cluster:{CLUSTER}"
    redshift.create_tags(ResourceName=arn, Tags=[{"Key": "owner", "Value": "ada"}])

    def found(**filters: list[str]) -> list[str]:
        return [
            each["ClusterIdentifier"] for each in redshift.describe_clusters(**filters)["Clusters"]
        ]

    assert found(TagKeys=["owner", "other"]) == found(TagValues=["ada"]) == [CLUSTER]
    assert found(TagKeys=["owner"], TagValues=["ada", "bob"]) == [CLUSTER]
    assert found(TagKeys=["other"]) == found(TagKeys=["owner"], TagValues=["bob"]) == []
    redshift.delete_tags(ResourceName=arn, TagKeys=["owner"])


def test_sandbox_that_stops_in_the_midst_of_changes_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "buckets").mkdir()
    cloud = Cloud(control.start(tmp_path / "state", tmp_path / "buckets"))
    try:
        redshift = cloud.client("redshift")
        cloud.create_cluster("kept")
        redshift.create_cluster(ClusterIdentifier="begun", **SMALL)
        redshift.delete_cluster(ClusterIdentifier="kept", FinalClusterSnapshotIdentifier="kept")
    finally:
        control.stop(tmp_path / "state")
    assert not Path(cloud.state.runtime_folder).exists()
    assert processes(cloud.state.runtime_folder) == []
