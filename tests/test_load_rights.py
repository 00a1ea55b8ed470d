"""Rights that a load needs and the cluster's role has not, or not yet."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from conftest import CLUSTER, READ_EVERYTHING, TRUST, Cloud, Pipeline
from fast_clock import fast_clock
from load_failures import fails_and_changes_nothing, loaded, unchanged
from script_runs import change, refused_here

import etl

__all__ = ["loaded"]


@pytest.fixture
def role(loaded: Pipeline) -> Iterator[str]:
    """A role of the test's own, which may read everything; the pipeline uses it."""
    name = f"{loaded.warehouse.database}-role"
    cloud = loaded.warehouse.cloud
    arn = cloud.create_role(name)
    attach = cloud.client("redshift").modify_cluster_iam_roles
    attach(ClusterIdentifier=CLUSTER, AddIamRoles=[arn])
    change(loaded.config, access_ROLE=name)
    yield name
    attach(ClusterIdentifier=CLUSTER, RemoveIamRoles=[arn])


def remove_policy(cloud: Cloud, role: str) -> None:
    cloud.client("iam").delete_role_policy(RoleName=role, PolicyName="read")


def forbid_listing(cloud: Cloud, role: str) -> None:
    policy = json.dumps(READ_EVERYTHING).replace('"s3:ListBucket", ', "")
    cloud.client("iam").put_role_policy(RoleName=role, PolicyName="read", PolicyDocument=policy)


def trust_another(cloud: Cloud, role: str) -> None:
    trust = json.dumps(TRUST).replace("redshift", "ec2")
    cloud.client("iam").update_assume_role_policy(RoleName=role, PolicyDocument=trust)


def delete(cloud: Cloud, role: str) -> None:
    remove_policy(cloud, role)
    cloud.client("iam").delete_role(RoleName=role)


def detach(cloud: Cloud, role: str) -> None:
    arn = cloud.client("iam").get_role(RoleName=role)["Role"]["Arn"]
    redshift = cloud.client("redshift")
    redshift.modify_cluster_iam_roles(ClusterIdentifier=CLUSTER, RemoveIamRoles=[arn])


RIGHTS_FAULTS = [
    (remove_policy, ".* cannot be loaded: .*Access Denied.*", "the cluster's role may not read"),
    (forbid_listing, ".* cannot be loaded: .*Access Denied.*", "the cluster's role may not read"),
    (detach, "the cluster test-cluster does not have the role .*", "check ROLE in dwh.cfg"),
]


@pytest.mark.parametrize(("take_away", "error", "hint"), RIGHTS_FAULTS)
def test_missing_right_is_named(
    loaded: Pipeline, role: str, take_away: Callable[[Cloud, str], None], error: str, hint: str
) -> None:
    loaded.load()
    take_away(loaded.warehouse.cloud, role)
    found = fails_and_changes_nothing(loaded)
    assert re.fullmatch(error, found.error)
    assert found.hint.startswith(hint)
    assert "python setup_env.py" in found.hint


@pytest.mark.parametrize("take_away", [trust_another, delete])
def test_role_that_cannot_be_taken_is_waited_for_and_then_explained(
    loaded: Pipeline,
    role: str,
    take_away: Callable[[Cloud, str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    take_away(loaded.warehouse.cloud, role)
    with unchanged(loaded), fast_clock() as clock:
        found = refused_here(etl, "--all", "--config", str(loaded.config), said=capsys)
    assert clock.now == sum(etl.ROLE_PAUSES)
    assert re.fullmatch(".* is not authorized to assume IAM Role .*", found.error)
    assert found.hint == "the cluster may not take its role: run python setup_env.py again"


def test_role_that_can_be_taken_a_moment_later_is_enough(
    loaded: Pipeline, role: str, capsys: pytest.CaptureFixture[str]
) -> None:
    trust_another(loaded.warehouse.cloud, role)
    iam = loaded.warehouse.cloud.client("iam")

    def trust_redshift() -> None:
        if clock.now > etl.ROLE_PAUSES[0]:
            iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(TRUST))

    capsys.readouterr()
    with fast_clock() as clock:
        clock.on_sleep = trust_redshift
        assert etl.main(["--all", "--config", str(loaded.config)]) == 0
    said = capsys.readouterr().err.splitlines()
    assert len([line for line in said if line.startswith(etl.ROLE_REASON)]) == 2
    assert said[-1] == "Next: python query.py"
