"""How setup_env.py and shutdown_env.py take what AWS answers, and what was there before."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.handlers import BUILTIN_HANDLERS
from conftest import Cloud, write_config
from script_runs import change

import setup_env
import shutdown_env
from errors import DwhError, explain

NAME = "provisioned"


class Aws:
    """The sandbox as AWS, whose answers a test may change."""

    def __init__(self, cloud: Cloud, config: Path, patch: pytest.MonkeyPatch) -> None:
        self.cloud, self.config, self._patch = cloud, config, patch
        self._listeners = list(BUILTIN_HANDLERS)
        cloud.client("iam")  # the session of the tests themselves keeps the listeners of now

    def listen(self, event: str, listener: Callable[..., Any]) -> None:
        self._listeners.append((event, listener))
        self._patch.setattr("botocore.handlers.BUILTIN_HANDLERS", self._listeners)

    def refuse(self, operation: str, *answers: tuple[str, str]) -> list[str]:
        """Answer so the first calls of an operation; the list grows by one with each call."""
        calls: list[str] = []

        def answer(**_: Any) -> Any:
            calls.append(operation)
            if len(calls) > len(answers):
                return None
            code, message = answers[len(calls) - 1]
            error = {"Error": {"Code": code, "Message": message}}
            return SimpleNamespace(status_code=400), error

        self.listen(f"before-call.{operation}", answer)
        return calls

    def run(self, script: Any, *options: str) -> None:
        assert script.main([*options, "--config", str(self.config)]) == 0

    def role(self, name: str) -> str:
        return str(self.cloud.client("iam").get_role(RoleName=name)["Role"]["Arn"])

    @property
    def cluster(self) -> dict[str, Any]:
        redshift = self.cloud.client("redshift")
        return dict(redshift.describe_clusters(ClusterIdentifier=NAME)["Clusters"][0])

    @property
    def attached(self) -> list[str]:
        return sorted(each["IamRoleArn"] for each in self.cluster["IamRoles"])

    def change_roles(self, **changes: list[str]) -> None:
        redshift = self.cloud.client("redshift")
        redshift.modify_cluster_iam_roles(ClusterIdentifier=NAME, **changes)


@pytest.fixture
def aws(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    settings = {
        "TARGET": "aws",
        "IDENTIFIER": NAME,
        "ROLE": NAME,
        "SECURITY_GROUP": NAME,
        "CLIENT_ADDRESS": "192.0.2.7/32",
        "CREATE_TIMEOUT_MINUTES": "1",
    }
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.state.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    found = Aws(cloud, write_config(tmp_path / "dwh.cfg", settings), monkeypatch)
    yield found
    monkeypatch.setattr("botocore.handlers.BUILTIN_HANDLERS", BUILTIN_HANDLERS)
    found.run(shutdown_env, "--yes")


# ---------------------------------------------------------------------------- the role


def test_new_role_needs_no_tags_in_the_answer(aws: Aws) -> None:
    aws.listen("after-call.iam.CreateRole", lambda parsed, **_: parsed["Role"].pop("Tags"))
    aws.run(setup_env)
    assert aws.attached == [aws.role(NAME)]


def test_cluster_is_requested_again_until_redshift_knows_the_role(aws: Aws) -> None:
    unknown = ("InvalidParameterValue", "The IAM role arn:aws:iam::1:role/r is not valid.")
    calls = aws.refuse("redshift.CreateCluster", unknown, unknown)
    aws.run(setup_env)
    assert len(calls) == 3


HOPELESS = [
    (
        ("AccessDenied", "User: arn:aws:sts::1:assumed-role/me is not authorized to perform: a:B"),
        "AWS denies a:B",
    ),
    (("InvalidParameterValue", "Invalid node type"), ".*Invalid node type"),
    (("ClusterQuotaExceeded", "You have as many clusters as your role may"), ".*as your role may"),
]


@pytest.mark.parametrize(("answer", "what"), HOPELESS)
def test_refusal_that_stays_is_not_waited_for(aws: Aws, answer: tuple[str, str], what: str) -> None:
    calls = aws.refuse("redshift.CreateCluster", answer)
    with pytest.raises(ClientError) as refusal:
        aws.run(setup_env)
    assert len(calls) == 1
    assert re.fullmatch(what, explain(refusal.value).what)


def test_setup_waits_until_the_role_is_in_sync(aws: Aws) -> None:
    states = iter(["adding"] * 5)

    def not_yet(parsed: dict[str, Any], **_: Any) -> None:
        for cluster in parsed.get("Clusters", []):
            if cluster["ClusterStatus"] == "available":
                cluster["IamRoles"][0]["ApplyStatus"] = next(states, "in-sync")

    aws.listen("after-call.redshift.DescribeClusters", not_yet)
    aws.run(setup_env)
    assert next(states, "all seen") == "all seen"


def test_role_is_attached_once_the_cluster_is_no_longer_busy(aws: Aws) -> None:
    aws.run(setup_env)
    aws.change_roles(RemoveIamRoles=aws.attached)
    busy = ("InvalidClusterState", "There is an operation running on the Cluster.")
    calls = aws.refuse("redshift.ModifyClusterIamRoles", busy, busy)
    aws.run(setup_env)
    assert len(calls) == 3
    assert aws.attached == [aws.role(NAME)]


def test_role_is_not_waited_for_on_a_paused_cluster(aws: Aws) -> None:
    aws.run(setup_env)
    aws.change_roles(RemoveIamRoles=aws.attached)
    aws.refuse("redshift.ModifyClusterIamRoles", ("InvalidClusterState", "It is paused."))

    def paused(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Clusters"][0]["ClusterStatus"] = "paused"

    aws.listen("after-call.redshift.DescribeClusters", paused)
    with pytest.raises(DwhError, match="the cluster provisioned is paused"):
        aws.run(setup_env)


def test_former_role_of_ours_is_detached_and_others_stay(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.run(setup_env)
    theirs = aws.cloud.create_role("theirs")
    aws.change_roles(AddIamRoles=[theirs])
    change(aws.config, access_ROLE="renamed")
    aws.run(setup_env)
    assert aws.attached == sorted([aws.role("renamed"), theirs])
    assert "role provisioned: no longer ROLE: detached, and left in IAM" in capsys.readouterr().err
    aws.change_roles(RemoveIamRoles=[theirs])
    aws.run(shutdown_env, "--yes")
    change(aws.config, access_ROLE=NAME)


# ---------------------------------------------------------------------------- the security group


def rules(aws: Aws) -> list[tuple[Any, ...]]:
    named = [{"Name": "group-name", "Values": [NAME]}]
    (group,) = aws.cloud.client("ec2").describe_security_groups(Filters=named)["SecurityGroups"]
    return [
        (rule["FromPort"], source.get("CidrIp") or source.get("CidrIpv6"))
        for rule in group["IpPermissions"]
        for source in [*rule["IpRanges"], *rule["Ipv6Ranges"]]
    ]


def test_rules_of_earlier_addresses_and_ports_are_removed(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.run(setup_env)
    group = aws.cluster["VpcSecurityGroups"][0]["VpcSecurityGroupId"]
    everywhere = {
        "IpProtocol": "tcp",
        "FromPort": 5440,
        "ToPort": 5440,
        "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
    }
    authorize = aws.cloud.client("ec2").authorize_security_group_ingress
    authorize(GroupId=group, IpPermissions=[everywhere])
    change(aws.config, access_CLIENT_ADDRESS="192.0.2.8/32")
    capsys.readouterr()
    aws.run(setup_env)
    assert rules(aws) == [(5439, "192.0.2.8/32")]
    said = capsys.readouterr().err
    assert "port 5439 opened to 192.0.2.8/32, closed port 5439 to 192.0.2.7/32" in said
    assert "port 5440 to ::/0" in said
    aws.run(setup_env)
    assert "closed" not in capsys.readouterr().err


GROUP_ANSWERS = [("InvalidGroup.NotFound", 1), ("DependencyViolation", 3)]


@pytest.mark.parametrize(("code", "times"), GROUP_ANSWERS)
def test_security_group_that_is_gone_or_in_use_does_not_stop_the_deletion(
    aws: Aws, code: str, times: int, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.run(setup_env)
    calls = aws.refuse("ec2.DeleteSecurityGroup", (code, "No."), (code, "No."))
    aws.run(shutdown_env, "--yes")
    assert len(calls) == times
    assert "security group provisioned: deleted" in capsys.readouterr().err
