"""A port that cannot be reached: what stands in the way, and what to do about it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aws_site import ELSEWHERE, HERE, Aws, told
from cluster_moves import pretend
from fast_clock import fast_clock

import query
import setup_env

CAPTURE = pytest.CaptureFixture[str]


@contextmanager
def let_in(site: Aws, *addresses: str) -> Iterator[None]:
    """Have the cluster's port open to these alone."""
    ec2, group = site.cloud.client("ec2"), site.group()
    rule = {"IpProtocol": "tcp", "FromPort": 5439, "ToPort": 5439}
    ranges = [{"CidrIp": each} for each in addresses]
    before, after = group["IpPermissions"], [rule | {"IpRanges": ranges}]
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=before)
    if addresses:
        ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=after)
    yield
    if addresses:
        ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=after)
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=before)


@contextmanager
def dead_end(site: Aws, **settings: Any) -> Iterator[str]:
    """Have the cluster's address be a port where nobody listens; what is said of it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        pretend(site, Endpoint={"Address": "localhost", "Port": port}, **settings)
        yield f"localhost port {port} cannot be reached (refused)"


def test_port_that_lets_nobody_in_is_explained(
    site: Aws, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dwh.connection.ANSWER_SECONDS", 2)
    port = site.cluster["Endpoint"]["Port"]
    with let_in(site):
        found = told(site, query, said=capsys)
    assert found.error == f"localhost port {port} cannot be reached (timeout)"
    assert found.hint == (
        "its security group lets in nobody, and this machine is 127.0.0.1: "
        "see CLIENT_ADDRESS in dwh.cfg, and run python setup_env.py"
    )


def test_port_that_lets_others_in_is_explained(site: Aws, capsys: CAPTURE) -> None:
    with let_in(site, ELSEWHERE, "198.51.100.0/24"), dead_end(site) as said:
        found = told(site, query, said=capsys)
    assert found.error == said
    assert found.hint.startswith(
        f"its security group lets in {ELSEWHERE}, 198.51.100.0/24, and this machine is 127.0.0.1: "
    )


def test_port_that_lets_this_machine_in_is_looked_for_elsewhere(site: Aws, capsys: CAPTURE) -> None:
    with dead_end(site) as said:
        found = told(site, query, said=capsys)
    assert found.error == said
    assert found.hint.startswith("its security group lets 127.0.0.1 in: look for a firewall, ")


@pytest.mark.parametrize("script", [query, setup_env])
def test_address_that_is_not_known_here_is_explained(
    site: Aws, capsys: CAPTURE, script: Any
) -> None:
    host = "standing.abc.us-west-2.redshift.invalid"
    pretend(site, Endpoint={"Address": host, "Port": 5439})
    with fast_clock():
        found = told(site, script, said=capsys)
    what = f'no connection to the warehouse (could not translate host name "{host}" to address: '
    assert found.error.startswith(what)
    assert found.hint.startswith("see this machine's DNS; ")


def test_private_cluster_is_explained(site: Aws, capsys: CAPTURE) -> None:
    with dead_end(site, PubliclyAccessible=False) as said:
        found = told(site, query, said=capsys)
    assert found.error == said
    assert found.hint == (
        "the warehouse has no public address: run this inside its VPC, or set "
        "PUBLICLY_ACCESSIBLE = yes in dwh.cfg and run python setup_env.py"
    )


def test_private_cluster_that_is_out_of_reach_is_no_failure_of_setup(
    site: Aws, capsys: CAPTURE
) -> None:
    site.change(warehouse_PUBLICLY_ACCESSIBLE="no")
    with dead_end(site, PubliclyAccessible=False) as said:
        site.set_up()
    line = f"connection: not from here: {said}; run the scripts inside its VPC ("
    assert [each for each in capsys.readouterr().err.splitlines() if each.startswith(line)]


def test_where_rights_are_missing_the_way_is_shown_all_the_same(site: Aws, capsys: CAPTURE) -> None:
    denied = ("UnauthorizedOperation", "You are not authorized to perform this operation.")
    site.refuse("ec2.DescribeSecurityGroupRules", denied)
    with dead_end(site) as said:
        found = told(site, query, said=capsys)
    assert found.error == said
    assert found.hint == (
        "see that its security group lets in this machine's address: "
        "see CLIENT_ADDRESS in dwh.cfg, and run python setup_env.py"
    )


def test_group_of_others_is_to_be_changed_by_hand(site: Aws, capsys: CAPTURE) -> None:
    group = site.group()["GroupId"]
    site.change(access_EXISTING_SECURITY_GROUPS=group)
    with let_in(site, ELSEWHERE), dead_end(site):
        found = told(site, query, said=capsys)
    assert found.hint == (
        f"its security group lets in {ELSEWHERE}, and this machine is 127.0.0.1: "
        f"add a rule for port 5439 to {group}, which setup_env.py leaves as it is"
    )


def test_rules_are_again_as_before(site: Aws) -> None:
    assert site.rules() == [(5439, HERE)]
