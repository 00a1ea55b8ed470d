"""Whom a cluster's port answers: those that its security groups let in, and nobody else."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import psutil
import psycopg2
import pytest
from conftest import CLUSTER, OPEN_TO_TESTS, Cloud, Database
from waiting import wait_until

from sandbox.cluster.listener import IGNORED_MOST
from sandbox.postgres import wire

# Another address of this machine, which the tests' own rule does not admit.
STRANGER = "127.0.0.2"
SILENCE_SECONDS = 0.3
HELLO = struct.pack("!ii", 8, wire.SSL_REQUEST)


def call(cloud: Cloud, address: str) -> socket.socket:
    """Ask the test cluster from this address whether it speaks TLS."""
    endpoint = ("127.0.0.1", cloud.endpoint()["Port"])
    connection = socket.create_connection(endpoint, timeout=10, source_address=(address, 0))
    connection.sendall(HELLO)
    return connection


def is_answered(cloud: Cloud, address: str) -> bool:
    with call(cloud, address) as connection:
        connection.settimeout(SILENCE_SECONDS)
        with suppress(TimeoutError):
            return connection.recv(1) == b"S"
    return False


@contextmanager
def rule(cloud: Cloud, **settings: Any) -> Iterator[None]:
    """Another rule of the default group, for a while."""
    ec2, group = cloud.client("ec2"), cloud.default_group()
    permissions = [{"IpProtocol": "tcp", "FromPort": 5439, "ToPort": 5439} | settings]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)
    yield
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=permissions)


def ranges(cidr: str) -> dict[str, list[dict[str, str]]]:
    return {"IpRanges": [{"CidrIp": cidr}]}


RULES: list[tuple[dict[str, Any], bool]] = [
    (ranges("127.0.0.2/32"), True),
    (ranges("127.0.0.0/8"), True),
    (ranges("0.0.0.0/0") | {"FromPort": 0, "ToPort": 65535}, True),
    ({"IpProtocol": "-1"} | ranges("0.0.0.0/0"), True),
    (ranges("127.0.0.3/32"), False),
    (ranges("0.0.0.0/0") | {"FromPort": 5440, "ToPort": 5440}, False),
    (ranges("0.0.0.0/0") | {"IpProtocol": "udp"}, False),
    ({"Ipv6Ranges": [{"CidrIpv6": "::/0"}]}, False),
]


@pytest.mark.parametrize(("settings", "is_open"), RULES)
def test_rule_admits_its_addresses_on_the_port_that_was_asked_for(
    cloud: Cloud, cluster_role: str, settings: dict[str, Any], is_open: bool
) -> None:
    with rule(cloud, **settings):
        assert is_answered(cloud, STRANGER) is is_open


def test_rule_that_goes_shuts_out_new_connections_and_leaves_sessions_alone(
    warehouse: Database,
) -> None:
    cloud = warehouse.cloud
    ec2, group = cloud.client("ec2"), cloud.default_group()
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[OPEN_TO_TESTS])
    try:
        assert not is_answered(cloud, "127.0.0.1")
        assert warehouse.run("SELECT 1") == [(1,)]
    finally:
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[OPEN_TO_TESTS])
    assert is_answered(cloud, "127.0.0.1")


def test_client_of_a_private_cluster_waits_in_vain(cloud: Cloud, cluster_role: str) -> None:
    def publish(public: bool) -> None:
        redshift = cloud.client("redshift")
        redshift.modify_cluster(ClusterIdentifier=CLUSTER, PubliclyAccessible=public)
        cloud.wait_for_status(CLUSTER, "available")

    publish(False)
    try:
        with pytest.raises(psycopg2.OperationalError, match="timeout expired"):
            cloud.connect(connect_timeout=2)
    finally:
        publish(True)
    cloud.connect().close()


def test_clients_without_an_answer_leave_nothing_behind(warehouse: Database) -> None:
    cloud = warehouse.cloud
    process = psutil.Process(cloud.state.pid)
    before = process.num_fds()
    with ExitStack() as callers:
        callers_of_all = [
            callers.enter_context(call(cloud, STRANGER)) for _ in range(IGNORED_MOST + 20)
        ]
        assert callers_of_all[0].recv(1) == b""  # too many are waiting, and it was the first
        assert process.num_threads() < IGNORED_MOST
        assert warehouse.run("SELECT 1") == [(1,)]
        warehouse.another_connection().close()
    wait_until(lambda: process.num_fds() <= before + 5)
