"""Rights that a load needs and the cluster's role has not, or not yet."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aws_site import Aws, told
from conftest import BUCKET, CLUSTER, READ_EVERYTHING, TRUST, Cloud, Pipeline
from fast_clock import fast_clock
from load_failures import fails_and_changes_nothing, loaded, unchanged
from script_runs import change, refused_here

import create_tables
import etl
from dwh.loading import attempts, staging
from dwh.loading.work_folder import WorkFolder
from dwh.provisioning.role import POLICY_NAME

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
        found = refused_here(etl, "--rebuild", "--config", str(loaded.config), said=capsys)
    assert clock.now == sum(attempts.ROLE_PAUSES)
    assert re.fullmatch(".* is not authorized to assume IAM Role .*", found.error)
    assert found.hint == "the cluster may not take its role: run python setup_env.py again"


def test_role_that_can_be_taken_a_moment_later_is_enough(
    loaded: Pipeline, role: str, capsys: pytest.CaptureFixture[str]
) -> None:
    trust_another(loaded.warehouse.cloud, role)
    iam = loaded.warehouse.cloud.client("iam")

    def trust_redshift() -> None:
        if clock.now > attempts.ROLE_PAUSES[0]:
            iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(TRUST))

    capsys.readouterr()
    with fast_clock() as clock:
        clock.on_sleep = trust_redshift
        assert etl.main(["--rebuild", "--config", str(loaded.config)]) == 0
    said = capsys.readouterr().err.splitlines()
    assert len([line for line in said if line.startswith(attempts.ROLE_REASON)]) == 2
    assert said[-1] == "Next: python query.py"


# ---------------------------------------------------------------------------- missing or forbidden


@pytest.fixture
def ready(aws: Aws) -> Aws:
    """An environment with the role that setup_env.py gives to the cluster, and files to load."""
    aws.put_files()
    aws.set_up()
    aws.run(create_tables)
    return aws


def delete_key(aws: Aws, key: str) -> None:
    aws.cloud.client("s3").delete_object(Bucket=BUCKET, Key=f"{aws.name}/{key}")


def forbid_key(aws: Aws, key: str) -> None:
    """Take from the cluster's role what lets it read a key."""
    put, get = (getattr(aws.cloud.client("iam"), f"{verb}_role_policy") for verb in ("put", "get"))
    policy = get(RoleName=aws.name, PolicyName=POLICY_NAME)["PolicyDocument"]
    document = json.dumps(policy).replace(f"{BUCKET}/{aws.name}/{key}", "nothing")
    put(RoleName=aws.name, PolicyName=POLICY_NAME, PolicyDocument=document)


@pytest.mark.parametrize("spoil", [delete_key, forbid_key])
def test_json_paths_that_are_missing_or_forbidden_are_said_to_be_either(
    ready: Aws, capsys: pytest.CaptureFixture[str], spoil: Callable[[Aws, str], None]
) -> None:
    """S3 answers 403 to both, as the role may list the prefixes of the data only.

    So it does to an operator who may not read the file either.
    """
    spoil(ready, "paths.json")
    ready.refuse("s3.GetObject", ("AccessDenied", "Access Denied"))
    found = told(ready, etl, said=capsys)
    assert found.error.startswith(f"s3://{BUCKET}/{ready.name}/paths.json cannot be loaded: ")
    assert "Access Denied" in found.error
    assert "check LOG_JSON_PATHS in dwh.cfg" in found.hint
    assert "run python setup_env.py" in found.hint


@pytest.mark.parametrize("spoil", [delete_key, forbid_key])
def test_file_that_cannot_be_copied_any_more_may_have_gone_or_be_forbidden(
    ready: Aws,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Aws, str], None],
) -> None:
    def spoil_and_stage(*arguments: Any) -> None:
        spoil(ready, "log_data/1" if spoil is delete_key else "log_data")
        staging.copy_to_staging(*arguments)

    monkeypatch.setattr("etl.copy_to_staging", spoil_and_stage)
    found = told(ready, etl, said=capsys)
    assert found.error.startswith(f"s3://{BUCKET}/{ready.name}/log_data/1 cannot be loaded: ")
    assert "if it has gone since it was listed, run the script again" in found.hint
    assert "run python setup_env.py" in found.hint


def test_file_that_cannot_be_packed_any_more_may_have_gone_or_be_forbidden(
    ready: Aws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator, too, may list prefixes only."""
    ready.change(load_PACK_SMALL_FILES_FROM="1")
    refused = ready.refuse("s3.GetObject", ("AccessDenied", "Access Denied"))
    found = told(ready, etl, said=capsys)
    assert refused == ["s3.GetObject"]
    assert found.error == "AWS denies GetObject"
    assert "if it has gone since it was listed, run the script again" in found.hint
    assert "docs/operator-policy.json" in found.hint


def test_list_of_files_that_has_gone_is_told_as_missing(
    ready: Aws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The role may list all of our own bucket."""
    write, s3 = WorkFolder.write, ready.cloud.client("s3")

    def write_and_lose(folder: WorkFolder, name: str, body: Any) -> str:
        url = write(folder, name, body)
        s3.delete_object(Bucket=ready.bucket, Key=url.partition(f"{ready.bucket}/")[2])
        return url

    monkeypatch.setattr(WorkFolder, "write", write_and_lose)
    assert "does not exist" in told(ready, etl, said=capsys).error
