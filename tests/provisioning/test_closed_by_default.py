"""Nobody gets in but the configured range, and what is dangerous is said on every run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from aws_site import ELSEWHERE, HERE, Aws, each_kind, of_serverless
from conftest import ROOT
from script_runs import run_script

import setup_env
from dwh.config import load_config
from dwh.connection import connect
from dwh.errors import DwhError

CAPTURE = pytest.CaptureFixture[str]
WARNING = "warning: OPEN_TO_THE_INTERNET = yes lets anybody on the internet try to log in"


@each_kind
def test_shipped_configuration_lets_in_this_machine_alone(aws: Aws) -> None:
    shipped = load_config(ROOT / "dwh.cfg")
    assert (shipped.client_address, shipped.open_to_the_internet) == ("auto", False)
    assert (shipped.security_groups, shipped.subnet_group, shipped.subnets) == ((), "", ())
    aws.set_up()
    assert aws.rules() == [(5439, HERE)]
    assert aws.is_public
    assert aws.kind != "cluster" or aws.cluster["Encrypted"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a connection that is not let in for two seconds only."""
    monkeypatch.setattr("dwh.connection.ANSWER_SECONDS", 2)


@each_kind
@pytest.mark.usefixtures("impatient")
def test_private_warehouse_is_set_up_from_outside_but_not_used(aws: Aws, capsys: CAPTURE) -> None:
    aws.change(warehouse_PUBLICLY_ACCESSIBLE="no")
    aws.set_up()
    assert not aws.is_public
    assert aws.rules() == [(5439, HERE)]
    assert "connection: not from here" in capsys.readouterr().err
    with pytest.raises(DwhError) as refusal, connect(load_config(aws.config)):
        pass
    assert "cannot be reached (timeout" in refusal.value.what
    assert "the warehouse has no public address: run this inside its VPC" in refusal.value.hint


@pytest.mark.parametrize("addresses", [ELSEWHERE, "2001:db8::/64"])
@pytest.mark.usefixtures("impatient")
def test_only_the_configured_range_gets_in(aws: Aws, addresses: str) -> None:
    aws.change(access_CLIENT_ADDRESS=addresses)
    with pytest.raises(DwhError) as refusal:
        aws.set_up()
    assert "cannot be reached (timeout" in refusal.value.what
    assert aws.rules() == [(5439, addresses)]


def test_open_door_is_warned_about_on_every_run_of_every_script(aws: Aws, capsys: CAPTURE) -> None:
    aws.change(access_CLIENT_ADDRESS="0.0.0.0/0", access_OPEN_TO_THE_INTERNET="yes")
    aws.set_up()
    assert aws.rules() == [(5439, "0.0.0.0/0")]
    assert WARNING in capsys.readouterr().err.splitlines()
    load_config(aws.config)  # which is how every script starts
    assert capsys.readouterr().err.splitlines() == [WARNING]
    done = run_script("query.py", "SELECT 1", "--config", str(aws.config), env=aws.variables)
    assert done.stderr.splitlines()[0] == WARNING


# ---------------------------------------------------------------------------- what exists already


@pytest.fixture
def theirs(aws: Aws) -> Iterator[str]:
    """A security group that somebody else has made, in the default VPC."""
    ec2 = aws.cloud.client("ec2")
    name = f"theirs-{aws.name}"
    group: str = ec2.create_security_group(GroupName=name, Description="theirs")["GroupId"]
    aws.change(access_EXISTING_SECURITY_GROUPS=group)
    yield group
    aws.take_down()
    ec2.delete_security_group(GroupId=group)


def let_in(aws: Aws, group: str, addresses: str, port: int = 5439) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
    authorize = aws.cloud.client("ec2").authorize_security_group_ingress
    authorize(GroupId=group, IpPermissions=[rule | {"IpRanges": [{"CidrIp": addresses}]}])


def test_group_that_exists_is_used_as_it_is_and_left_behind(
    aws: Aws, theirs: str, capsys: CAPTURE
) -> None:
    let_in(aws, theirs, HERE)
    let_in(aws, theirs, "0.0.0.0/0", port=443)
    ec2 = aws.cloud.client("ec2")
    before = ec2.describe_security_groups(GroupIds=[theirs])["SecurityGroups"]
    aws.set_up()
    groups = [each["VpcSecurityGroupId"] for each in aws.cluster["VpcSecurityGroups"]]
    assert groups == [theirs]
    assert f"security groups {theirs}" in capsys.readouterr().err
    aws.take_down()
    assert ec2.describe_security_groups(GroupIds=[theirs])["SecurityGroups"] == before


@pytest.mark.parametrize("everybody", ["0.0.0.0/0", "128.0.0.0/1"])
def test_group_that_is_open_to_everybody_is_refused(aws: Aws, theirs: str, everybody: str) -> None:
    let_in(aws, theirs, everybody)
    with pytest.raises(DwhError, match="would open the warehouse to the whole internet: port 5439"):
        aws.set_up()
    assert not aws.environment()["clusters"]
    aws.change(access_OPEN_TO_THE_INTERNET="yes")
    aws.run(setup_env, "--dry-run")


@each_kind
def test_own_group_is_replaced_by_the_one_that_exists(aws: Aws) -> None:
    aws.set_up()
    ec2 = aws.cloud.client("ec2")
    theirs = ec2.create_security_group(GroupName=f"x{aws.name}", Description="theirs")["GroupId"]
    let_in(aws, theirs, HERE)
    aws.change(access_EXISTING_SECURITY_GROUPS=theirs)
    aws.set_up()
    assert [each["name"] for each in aws.environment()["groups"]] == [f"x{aws.name}"]
    aws.take_down()
    ec2.delete_security_group(GroupId=theirs)


def make_vpc(aws: Aws) -> tuple[str, str]:
    """A VPC that is not the default one; it and its only subnet."""
    ec2 = aws.cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    # Left to itself, moto takes a zone by chance.
    request = {"VpcId": vpc, "CidrBlock": "10.1.0.0/24", "AvailabilityZone": "us-west-2a"}
    return vpc, ec2.create_subnet(**request)["Subnet"]["SubnetId"]


def test_subnet_group_that_exists_brings_its_vpc(aws: Aws, theirs: str) -> None:
    vpc, subnet = make_vpc(aws)
    aws.cloud.client("redshift").create_cluster_subnet_group(
        ClusterSubnetGroupName=aws.name, Description="theirs", SubnetIds=[subnet]
    )
    aws.change(cluster_SUBNET_GROUP=aws.name)
    with pytest.raises(DwhError, match=f"not all of {theirs} are in the warehouse's VPC, {vpc}"):
        aws.set_up()
    aws.change(access_EXISTING_SECURITY_GROUPS="")
    aws.set_up()
    assert aws.cluster["ClusterSubnetGroupName"] == aws.name
    assert (aws.group()["VpcId"], aws.cluster["VpcId"]) == (vpc, vpc)


@of_serverless
def test_subnets_that_exist_bring_their_vpc(aws: Aws) -> None:
    ec2, (vpc, first) = aws.cloud.client("ec2"), make_vpc(aws)
    request = {"VpcId": vpc, "CidrBlock": "10.1.1.0/24", "AvailabilityZone": "us-west-2b"}
    subnets = [first, ec2.create_subnet(**request)["Subnet"]["SubnetId"]]
    aws.change(serverless_SUBNETS=", ".join(subnets))
    aws.set_up()
    found = aws.serverless.workgroup()
    assert sorted(found["subnetIds"]) == sorted(subnets)
    assert aws.group()["VpcId"] == vpc
    other = ec2.create_subnet(**request | {"CidrBlock": "10.1.2.0/24"})["Subnet"]["SubnetId"]
    aws.change(serverless_SUBNETS=f"{other}, {subnets[1]}")
    with pytest.raises(DwhError, match="needs subnets in 2 availability zones"):
        aws.set_up()
    aws.change(serverless_SUBNETS=f"{first}, {other}")
    with pytest.raises(DwhError, match=r"differs from dwh\.cfg in what cannot") as error:
        aws.set_up()
    assert error.value.details[0].startswith("SUBNETS: ")


@of_serverless
def test_namespace_is_requested_with_a_managed_password(aws: Aws) -> None:
    requests: list[str] = []
    aws.listen(
        "before-call.redshift-serverless.CreateNamespace",
        lambda params, **_: requests.append(params["body"].decode()),
    )
    aws.run(setup_env)
    (request,) = map(json.loads, requests)
    assert request["manageAdminPassword"] is True
    assert "adminUserPassword" not in request


def test_cluster_is_requested_encrypted_with_a_managed_password(aws: Aws) -> None:
    requests: list[dict[str, Any]] = []
    aws.listen(
        "before-call.redshift.CreateCluster", lambda params, **_: requests.append(params["body"])
    )
    aws.run(setup_env)
    (request,) = requests
    assert request["ManageMasterPassword"] == request["Encrypted"] == "true"
    assert not [key for key in request if "Password" in key and key != "ManageMasterPassword"]


def test_all_that_opens_the_door_is_one_explained_key_each() -> None:
    lines = (ROOT / "dwh.cfg").read_text().splitlines()
    for key in ("PUBLICLY_ACCESSIBLE", "CLIENT_ADDRESS", "OPEN_TO_THE_INTERNET", "SUBNET_GROUP"):
        (place,) = [n for n, line in enumerate(lines) if line.startswith(f"{key} =")]
        assert lines[place - 1].startswith("# "), key
