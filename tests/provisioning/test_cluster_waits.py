"""Each wait says how it stands, has a limit, and ends in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aws_site import Aws, refusal, told
from cluster_moves import delete_and_keep, forget_cluster, pretend
from fast_clock import FastClock, fast_clock

import setup_env
import shutdown_env

CAPTURE = pytest.CaptureFixture[str]
PAUSE, YES = ("--pause",), ("--yes",)
BUSY = "There is an operation running on the Cluster. Please try to delete it at a later time."


@pytest.fixture
def clock() -> Iterator[FastClock]:
    with fast_clock() as found:
        yield found


# ---------------------------------------------------------------------------- without an end

ENDLESS = [
    (setup_env, (), "creating"),
    (setup_env, (), "modifying"),
    (setup_env, (), "resuming"),
    (setup_env, (), "pausing"),
    (setup_env, (), "deleting"),
    (setup_env, (), "final-snapshot"),
    (shutdown_env, PAUSE, "pausing"),
    (shutdown_env, YES, "final-snapshot"),
    (shutdown_env, YES, "deleting"),
]


@pytest.mark.parametrize(("script", "options", "status"), ENDLESS)
def test_wait_says_every_minute_how_it_stands_and_ends_at_its_limit(
    site: Aws, clock: FastClock, capsys: CAPTURE, script: Any, options: Any, status: str
) -> None:
    site.change(warehouse_TIMEOUT_MINUTES="3")
    pretend(site, ClusterStatus=status)
    found = told(site, script, *options, said=capsys)
    assert found.error == f"after 3 minutes, the cluster {site.name} is still {status}"
    assert found.hint.startswith("run the same command again to go on waiting; see TIMEOUT_MIN")
    assert 180 <= clock.now < 200
    line = re.compile(rf"cluster {site.name}: {status} \((\d+) s\)")
    spoken = [int(each[1]) for each in map(line.fullmatch, found.progress) if each]
    assert [seconds // 60 for seconds in spoken] == [1, 2]
    assert re.fullmatch(rf"cluster {site.name}: failed \(18\d.\d s\)", found.progress[-1])


UNREADY: list[tuple[dict[str, Any], str]] = [
    ({"ClusterAvailabilityStatus": "Maintenance"}, "available, maintenance"),
    ({"IamRoles": [{"IamRoleArn": "r", "ApplyStatus": "adding"}]}, "available, role adding"),
]


@pytest.mark.parametrize(("settings", "state"), UNREADY)
def test_available_cluster_that_is_not_ready_is_waited_for(
    site: Aws, clock: FastClock, capsys: CAPTURE, settings: dict[str, Any], state: str
) -> None:
    pretend(site, **settings)
    found = told(site, setup_env, said=capsys)
    assert found.error == f"after 1 minute, the cluster {site.name} is still {state}"


def test_setup_ends_once_the_role_is_in_sync(site: Aws) -> None:
    states = iter(["adding"] * 4)

    def alter(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Clusters"][0]["IamRoles"][0]["ApplyStatus"] = next(states, "in-sync")

    site.listen("after-call.redshift.DescribeClusters", alter)
    site.set_up()
    assert next(states, "all seen") == "all seen"


REFUSED = [
    (setup_env, (), "redshift.ModifyCluster"),
    (shutdown_env, PAUSE, "redshift.PauseCluster"),
    (shutdown_env, YES, "redshift.DeleteCluster"),
]


@pytest.mark.parametrize(("script", "options", "operation"), REFUSED)
def test_what_aws_puts_off_for_ever_ends_with_its_reason(
    site: Aws, clock: FastClock, capsys: CAPTURE, script: Any, options: Any, operation: str
) -> None:
    calls = site.refuse(operation, *[("InvalidClusterState", BUSY)] * 100)
    pretend(site, PubliclyAccessible=False)
    found = told(site, script, *options, said=capsys)
    assert found.error == f"after 1 minute, the cluster {site.name} is still available ({BUSY})"
    assert len(calls) > 5


def test_what_aws_puts_off_is_asked_for_again(site: Aws) -> None:
    before = site.environment()
    site.attach([])
    busy = ("InvalidClusterState", BUSY)
    calls = site.refuse("redshift.ModifyClusterIamRoles", busy, busy)
    site.set_up()
    assert len(calls) == 3
    assert site.environment() == before


def test_snapshot_that_is_never_taken_is_waited_for_until_the_limit(
    site: Aws, capsys: CAPTURE
) -> None:
    delete_and_keep(site)
    site.cloud.wait("cluster_deleted", site.name)
    name = site.snapshots[-1]

    def alter(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Snapshots"][0]["Status"] = status

    site.listen("after-call.redshift.DescribeClusterSnapshots", alter)
    status = "creating"
    with fast_clock():
        found = told(site, setup_env, "--restore", name, said=capsys)
    assert found.error == f"after 1 minute, the snapshot {name} is still creating"
    assert found.hint.startswith("run the same command again to go on waiting")
    status = "failed"
    found = told(site, setup_env, "--restore", name, said=capsys)
    assert (found.error, found.hint) == (f"the snapshot {name} is failed", "choose another one")
    site.listen_no_more()
    site.set_up()


# ---------------------------------------------------------------------------- the role

# https://github.com/hashicorp/terraform-provider-aws/issues/19113
UNKNOWN_ROLE = (
    "InvalidParameterValue",
    "The IAM role role is not valid. The IAM role must delegate access to an Amazon Redshift "
    "account.",
)


def forget_role(aws: Aws) -> None:
    aws.attach([])


NEED_THE_ROLE = [
    (forget_cluster, "redshift.CreateCluster"),
    (forget_role, "redshift.ModifyClusterIamRoles"),
]


@pytest.mark.parametrize(("forget", "operation"), NEED_THE_ROLE)
def test_redshift_is_asked_again_until_it_knows_the_role_and_no_longer_than_90_s(
    site: Aws,
    capsys: CAPTURE,
    forget: Callable[[Aws], None],
    operation: str,
) -> None:
    before = site.environment()
    forget(site)
    calls = site.refuse(operation, *[UNKNOWN_ROLE] * 100)
    with fast_clock() as clock:
        found = told(site, setup_env, said=capsys)
    assert 90 <= clock.now < 110
    assert found.error == f"Redshift does not take the role after 90 s: {UNKNOWN_ROLE[1]}"
    assert found.hint.startswith("IAM can be slow: run python setup_env.py again")
    waiting = rf"cluster {site.name}: waiting until Redshift knows the role \(\d+ s\)"
    assert [line for line in found.progress if re.fullmatch(waiting, line)]
    assert len(calls) > 5

    site.listen_no_more()
    calls = site.refuse(operation, UNKNOWN_ROLE, UNKNOWN_ROLE)
    site.set_up()
    assert len(calls) == 3
    assert site.environment() == before


def test_role_that_iam_does_not_list_yet_is_waited_for(aws: Aws) -> None:
    calls: list[str] = []

    def answer(**_: Any) -> Any:
        if not 2 <= len(calls) <= 3:
            return None
        calls.append("GetRole")
        return refusal("NoSuchEntity", f"The role with name {aws.name} cannot be found.")

    aws.listen("after-call.iam.CreateRole", lambda **_: calls.append("CreateRole"))
    aws.listen("before-call.iam.GetRole", answer)
    aws.set_up()
    assert calls == ["CreateRole", "CreateRole", "GetRole", "GetRole"]
    assert aws.attached == [aws.role_arn()]
