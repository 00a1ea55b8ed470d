"""In whatever mood the cluster is, each script goes on from there or says what is to be done."""

from __future__ import annotations

import re
import shutil
from typing import Any

import pytest
from aws_site import Aws, refusal, told
from cluster_moves import MIDWAY, data_folders, delete_and_keep, pause, pretend

import create_tables
import etl
import query
import setup_env
import shutdown_env

CAPTURE = pytest.CaptureFixture[str]
PAUSE, YES = ("--pause",), ("--yes",)
BUSY = "There is an operation running on the Cluster. Please try to delete it at a later time."

# ---------------------------------------------------------------------------- in the midst of it


@pytest.mark.parametrize("status", MIDWAY)
def test_setup_ends_in_an_available_cluster_from_each_state(site: Aws, status: str) -> None:
    before = site.environment()
    assert MIDWAY[status](site) == status
    site.set_up()
    assert site.environment() == before


@pytest.mark.parametrize("status", ["modifying", "pausing"])
def test_pause_ends_in_a_paused_cluster_from_each_state(
    site: Aws, capsys: CAPTURE, status: str
) -> None:
    assert MIDWAY[status](site) == status
    site.run(shutdown_env, *PAUSE)
    assert site.cluster["ClusterStatus"] == "paused"
    assert told(site, query, said=capsys).error == f"the cluster {site.name} is paused"
    site.set_up()


def test_shutdown_waits_until_a_cluster_that_is_pausing_can_be_deleted(site: Aws) -> None:
    before = len(site.snapshots)
    assert pause(site) == "pausing"
    site.run(shutdown_env, *YES)
    assert not any(site.environment().values())
    assert len(site.snapshots) == before + 1
    site.set_up()


def test_shutdown_waits_for_a_cluster_that_is_on_its_way_out(site: Aws) -> None:
    before = len(site.snapshots)
    delete_and_keep(site)
    site.run(shutdown_env, *YES)
    assert not any(site.environment().values())
    assert len(site.snapshots) == before + 1
    site.set_up()


def test_plan_says_that_a_cluster_is_on_its_way_out_already(site: Aws, capsys: CAPTURE) -> None:
    pretend(site, ClusterStatus="final-snapshot")
    site.run(shutdown_env, "--dry-run")
    row = rf"delete +cluster {site.name} .*; final-snapshot already"
    assert re.search(row, capsys.readouterr().out)


# ---------------------------------------------------------------------------- beyond waiting

STUCK = {
    "incompatible-network": "see whether its subnets and security groups still exist",
    "incompatible-parameters": "see the reason in the Redshift console",
    "incompatible-restore": "see the reason in the Redshift console",
    "incompatible-hsm": "see the reason in the Redshift console",
    "hardware-failure": "AWS replaces its nodes; see the Redshift console how far it is",
    "storage-full": "add nodes in the Redshift console, and set NODES in dwh.cfg",
}
SCRIPTS = [(setup_env, ()), (shutdown_env, PAUSE), (create_tables, ()), (etl, ()), (query, ())]


@pytest.mark.parametrize("status", STUCK)
def test_what_does_not_pass_by_itself_ends_the_script_with_what_to_do(
    site: Aws, capsys: CAPTURE, status: str
) -> None:
    pretend(site, ClusterStatus=status)
    found = told(site, query, said=capsys)
    assert found.error == f"the cluster {site.name} is {status}"
    assert found.hint.startswith(STUCK[status])
    # What may still come back is not given up.
    gives_up = "take it down and lose its rows" in found.hint
    assert gives_up == status.startswith("incompatible")


@pytest.mark.parametrize(("script", "options"), SCRIPTS)
def test_what_does_not_pass_by_itself_ends_every_script_at_once(
    site: Aws, capsys: CAPTURE, script: Any, options: tuple[str, ...]
) -> None:
    pretend(site, ClusterStatus="incompatible-network")
    found = told(site, script, *options, said=capsys)
    assert found.error == f"the cluster {site.name} is incompatible-network"


UNAVAILABLE = {
    "creating": "wait for it: python setup_env.py returns when it is available",
    "modifying": "wait for it: python setup_env.py returns when it is available",
    "resuming": "wait for it: python setup_env.py returns when it is available",
    "pausing": "resume it: python setup_env.py",
    "paused": "resume it: python setup_env.py",
    "deleting": "it is on its way out; make a new one: python setup_env.py",
    "final-snapshot": "it is on its way out; make a new one: python setup_env.py",
}


@pytest.mark.parametrize("status", UNAVAILABLE)
def test_cluster_that_cannot_be_used_now_is_named_with_what_to_do(
    site: Aws, capsys: CAPTURE, status: str
) -> None:
    pretend(site, ClusterStatus=status)
    for script in (create_tables, etl, query):
        found = told(site, script, said=capsys)
        assert (found.error, found.hint) == (
            f"the cluster {site.name} is {status}",
            UNAVAILABLE[status],
        )


def test_cluster_that_does_not_come_back_is_left_behind_only_with_its_rows(
    aws: Aws, capsys: CAPTURE
) -> None:
    before = data_folders(aws)
    aws.set_up()
    (data,) = data_folders(aws) - before
    aws.run(shutdown_env, *PAUSE)
    shutil.rmtree(data)
    found = told(aws, setup_env, said=capsys)
    assert found.error == f"the cluster {aws.name} is hardware-failure"
    assert found.hint.startswith("AWS replaces its nodes")
    found = told(aws, shutdown_env, *YES, said=capsys)
    what = f"the cluster {aws.name} is hardware-failure, and AWS does not delete it (The cluster "
    assert found.error.startswith(what)
    assert found.hint == "delete it with all its rows: python shutdown_env.py --no-snapshot"
    aws.run(shutdown_env, *YES, "--no-snapshot")
    assert not any(aws.environment().values())


def test_paused_cluster_that_aws_does_not_delete_is_to_be_resumed(
    site: Aws, capsys: CAPTURE
) -> None:
    pretend(site, ClusterStatus="paused")
    site.refuse("redshift.DeleteCluster", ("InvalidClusterState", BUSY))
    found = told(site, shutdown_env, *YES, said=capsys)
    assert found.error.endswith(f" is paused, and AWS does not delete it ({BUSY})")
    assert found.hint == "resume it, then run this again: python setup_env.py"


def test_broken_cluster_that_aws_does_not_delete_at_all_ends_with_its_reason(
    site: Aws, capsys: CAPTURE
) -> None:
    # https://github.com/hashicorp/terraform-provider-aws/pull/4563
    why = "You can only delete clusters with ACTIVE, INCOMPATIBLE_NETWORK or HARDWARE_FAILURE"
    pretend(site, ClusterStatus="incompatible-parameters")
    site.refuse("redshift.DeleteCluster", ("InvalidClusterState", why))
    found = told(site, shutdown_env, *YES, "--no-snapshot", said=capsys)
    assert found.error.endswith(f" is incompatible-parameters, and AWS does not delete it ({why})")
    assert found.hint == "see the reason in the Redshift console"


def test_cluster_that_is_deleted_while_it_is_paused_ends_the_wait(
    site: Aws, capsys: CAPTURE
) -> None:
    gone = ("ClusterNotFound", f"Cluster {site.name} not found.")
    calls: list[int] = []

    def answer(**_: Any) -> Any:
        calls.append(1)
        return refusal(*gone) if len(calls) > 3 else None

    site.listen("before-call.redshift.DescribeClusters", answer)
    pretend(site, ClusterStatus="pausing")
    found = told(site, shutdown_env, *PAUSE, said=capsys)
    assert found.error == f"the cluster {site.name} has been deleted meanwhile"
    assert found.hint == "if that was a mistake, make a new one: python setup_env.py"
