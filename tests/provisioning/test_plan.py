"""What setup_env.py and shutdown_env.py say they will do, and that they do that and no more."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import manual_changes
import pytest
from aws_site import Aws, each_kind, is_change, of_serverless
from conftest import SOURCES

import setup_env
import shutdown_env
from dwh.aws import attempt
from dwh.errors import DwhError
from dwh.ownership import ROLE_PATH
from dwh.provisioning.role import POLICY_NAME

CAPTURE = pytest.CaptureFixture[str]


class ChangeRefusedError(Exception):
    """A call that changes something was made."""


def refuse_changes(aws: Aws) -> list[str]:
    """Let no call through that changes something; the calls that were made."""
    calls: list[str] = []

    def listener(model: Any, **_: Any) -> None:
        calls.append(model.name)
        if is_change(model.name):
            raise ChangeRefusedError(model.name)

    aws.listen("before-call", listener)
    return calls


def plan(printed: str) -> dict[str, list[tuple[str, str]]]:
    """The rows of a printed plan: resources and settings, by action."""
    rows = [re.split(" {2,}", line.strip()) for line in printed.splitlines()]
    found: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        if len(row) == 3 and row[0] != "action":
            found.setdefault(row[0], []).append((row[1], row[2]))
    return found


def resources(printed: str) -> dict[str, list[str]]:
    """The resources of a printed plan, by action."""
    return {action: [name for name, _ in rows] for action, rows in plan(printed).items()}


# ---------------------------------------------------------------------------- --dry-run


SIZES = {
    "cluster": "1 x ra3.large, public address, port 5439, encrypted, database ",
    "serverless": "4 to 8 RPU, public address, port 5439",
}


@each_kind
def test_dry_runs_show_the_plan_and_make_no_changing_call(aws: Aws, capsys: CAPTURE) -> None:
    names = [f"role {aws.name}", f"role {aws.analyst}", f"bucket {aws.bucket}"]
    names += [f"security group {aws.name}", *aws.resources]
    calls = refuse_changes(aws)
    aws.run(setup_env, "--dry-run")
    said = capsys.readouterr()
    created = plan(said.out)["create"]
    assert [name for name, _ in created] == names
    reads, logs_in, closed, opens, *sizes = (settings for _, settings in created)
    assert logs_in == "lets analysts log in, trusts this account"
    assert reads == f"reads log_data*, song_data*, paths.json in {SOURCES}"
    assert closed.startswith("private, encrypted, ")
    assert opens == "port 5439 open to 127.0.0.1/32"
    assert any(size.startswith(SIZES[aws.kind]) for size in sizes)
    assert said.err.splitlines()[-1].startswith("Nothing was changed.")

    aws.listen_no_more()
    aws.set_up()
    capsys.readouterr()
    before = aws.environment()
    more = refuse_changes(aws)
    aws.run(setup_env, "--dry-run")
    assert resources(capsys.readouterr().out) == {"check": ["source data"], "keep": names}
    aws.run(shutdown_env, "--dry-run")
    said = capsys.readouterr()
    of_warehouse = [name for name in aws.resources if name != "daily limit"]
    deleted = resources(said.out)["delete"]
    assert sorted(deleted[: len(of_warehouse)]) == of_warehouse
    assert deleted[len(of_warehouse)] == names[3]
    assert sorted(deleted) == sorted(each for each in names if each != "daily limit")
    fate = plan(said.out)["delete"][len(of_warehouse) - 1][1]
    assert re.search(rf"its rows are kept in snapshot {aws.name}-\d{{8}}-\d{{6}}$", fate)
    assert "Billed from then on: its snapshots, by their size, until you delete" in said.err
    aws.run(shutdown_env, "--dry-run", "--no-snapshot")
    said = capsys.readouterr()
    fate = plan(said.out)["delete"][len(of_warehouse) - 1][1]
    assert fate.endswith("with all its rows")
    assert "Billed from then on: nothing, but for snapshots of before" in said.err
    aws.run(shutdown_env, "--dry-run", "--pause")
    said = capsys.readouterr()
    if aws.kind == "cluster":
        assert resources(said.out) == {"pause": aws.resources}
        assert "Billed from then on: its storage and a secret, but no nodes" in said.err
    else:
        assert said.err.startswith("nothing to pause: Redshift Serverless is billed while it works")
    assert aws.environment() == before
    assert len(calls) > 5
    assert len(more) > 20


def test_client_of_these_tests_refuses_changes(aws: Aws) -> None:
    refuse_changes(aws)
    with pytest.raises(ChangeRefusedError, match="CreateRole"):
        aws.set_up()


# ---------------------------------------------------------------------------- run twice


@each_kind
def test_second_run_keeps_everything_and_makes_no_changing_call(aws: Aws, capsys: CAPTURE) -> None:
    aws.set_up()
    before = aws.environment()
    capsys.readouterr()
    changes: list[str] = []

    def listener(model: Any, **_: Any) -> None:
        if is_change(model.name):
            changes.append(model.name)

    aws.listen("before-call", listener)
    aws.set_up()
    said = capsys.readouterr()
    assert resources(said.err).keys() == {"check", "keep"}
    assert "Everything is as it should be: nothing was changed." in said.err.splitlines()
    assert changes == []
    assert aws.environment() == before


# ---------------------------------------------------------------------------- altered by hand

ALTERED: list[tuple[Callable[[Aws], None], str, str, str]] = [
    (manual_changes.drop_role, "create", "role", "reads "),
    (manual_changes.drop_policy, "change", "role", f"policy {POLICY_NAME} set"),
    (manual_changes.widen_policy, "change", "role", f"policy {POLICY_NAME} set"),
    (manual_changes.add_inline_policy, "change", "role", "policy more removed"),
    (manual_changes.attach_policy, "change", "role", r"policy arn:aws:iam::\d+:policy/.* removed"),
    (manual_changes.trust_another, "change", "role", "only Redshift may take it"),
    (
        manual_changes.trust_everybody,
        "change",
        "analyst",
        "only this account may take it",
    ),
    (manual_changes.drop_rule, "change", "security group", "port 5439 open to 127.0.0.1/32"),
    (
        manual_changes.open_more,
        "change",
        "security group",
        "close port 5440 to .*, close port 5440 to ",
    ),
    (manual_changes.drop_bucket, "create", "bucket", "private, "),
    (manual_changes.open_bucket, "change", "bucket", "public access blocked"),
    (manual_changes.encrypt_otherwise, "change", "bucket", "encrypted by S3"),
]
OF_KIND: dict[str, list[tuple[Callable[[Aws], None], str, str, str]]] = {
    "cluster": [
        (manual_changes.detach_role, "change", "cluster", "role attached"),
        (manual_changes.use_another_group, "change", "cluster", "security groups set"),
        (manual_changes.make_private, "change", "cluster", "public address on"),
        (manual_changes.pause, "resume", "cluster", "1 x ra3.large, "),
    ],
    "serverless": [
        (manual_changes.detach_role, "change", "namespace", "role attached"),
        (manual_changes.use_another_group, "change", "workgroup", "security groups set"),
        (manual_changes.make_private, "change", "workgroup", "public address on"),
        (
            manual_changes.raise_capacity,
            "change",
            "workgroup",
            "base capacity 4, capacity at most 8",
        ),
        (manual_changes.raise_limit, "change", "limit", "8 RPU hours a day, then "),
        (manual_changes.remove_limit, "create", "limit", "8 RPU hours a day, then "),
        (manual_changes.drop_workgroup, "create", "workgroup", "4 to 8 RPU, public address"),
    ],
}


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.exhaustive)])
@each_kind
def test_what_was_altered_by_hand_is_mended_and_said(aws: Aws, capsys: CAPTURE, step: int) -> None:
    aws.set_up()
    before = aws.environment()
    of_both = ALTERED[::step] if aws.kind == "cluster" else []
    for alter, action, kind, settings in of_both + OF_KIND[aws.kind]:
        alter(aws)
        assert aws.environment() != before, alter
        capsys.readouterr()
        aws.set_up()
        said = capsys.readouterr().err
        rows = dict(plan(said)[action])
        titles = {"bucket": f"bucket {aws.bucket}", "analyst": f"role {aws.analyst}"}
        title = (titles | {"limit": "daily limit"}).get(kind)
        title = title or f"{kind} {aws.name}"
        assert re.match(settings, rows[title]), alter
        done = {"create": "created", "change": "changed: ", "resume": "resumed"}[action]
        assert f"\n{title}: {done}" in said
        assert aws.environment() == before, alter
    arn = f"arn:aws:iam::123456789012:policy/{aws.name}"
    attempt("NoSuchEntity", aws.cloud.client("iam").delete_policy, PolicyArn=arn)


# ---------------------------------------------------------------------------- dwh.cfg altered


@each_kind
def test_renamed_role_and_group_replace_the_former_ones(aws: Aws, capsys: CAPTURE) -> None:
    aws.set_up()
    theirs = aws.cloud.create_role(f"{aws.name}-theirs")
    aws.attach([*aws.attached, theirs])
    new = f"{aws.name}-new"
    aws.change(access_ROLE=new, access_SECURITY_GROUP=new)
    aws.set_up()
    assert aws.attached == sorted([aws.role_arn(new), theirs])
    found = aws.environment()
    names = [aws.analyst, new, f"{aws.name}-theirs"]
    assert sorted(each["name"] for each in found["roles"]) == sorted(names)
    assert [each["name"] for each in found["groups"]] == [new]
    warehouse = [*found["clusters"], *found["serverless"]][-1]
    assert warehouse["groups"] == [new]
    deleted = plan(capsys.readouterr().err)["delete"]
    assert deleted == [
        (f"security group {aws.name}", "no longer SECURITY_GROUP in dwh.cfg"),
        (f"role {aws.name}", "no longer in dwh.cfg"),
    ]
    aws.attach([aws.role_arn(new)])
    aws.cloud.client("iam").delete_role_policy(RoleName=f"{aws.name}-theirs", PolicyName="read")
    aws.cloud.client("iam").delete_role(RoleName=f"{aws.name}-theirs")


def test_other_address_replaces_the_former_one(aws: Aws, capsys: CAPTURE) -> None:
    aws.set_up()
    aws.change(access_CLIENT_ADDRESS="127.0.0.0/8")
    aws.set_up()
    assert aws.rules() == [(5439, "127.0.0.0/8")]
    said = capsys.readouterr().err
    assert "changed: port 5439 open to 127.0.0.0/8, close port 5439 to 127.0.0.1/32" in said


FIXED = {
    "cluster_NODE_TYPE": ("ra3.xlplus", "ra3.large"),
    "cluster_NODES": ("3", "1"),
    "warehouse_DATABASE": ("other", "sparkify"),
    "warehouse_USER": ("someone", "sparkify_admin"),
    "warehouse_PORT": ("5440", "5439"),
}


def test_what_cannot_be_changed_is_named_and_nothing_is_touched(aws: Aws) -> None:
    aws.set_up()
    before, own = aws.environment(), aws.config.read_text()
    refuse_changes(aws)
    for setting, (wanted, there) in FIXED.items():
        aws.config.write_text(own)
        aws.change(**{setting: wanted})
        with pytest.raises(DwhError) as caught:
            aws.set_up()
        key = setting.partition("_")[2]
        cluster = f"the cluster {aws.name}"
        assert caught.value.exit_code == 1
        assert caught.value.what.startswith(f"{cluster} differs from dwh.cfg in what cannot be")
        assert caught.value.details == [f"{key}: {cluster} has {there}, dwh.cfg says {wanted}"]
        assert "set dwh.cfg back, or make a new cluster" in caught.value.hint
    aws.config.write_text(own)
    assert aws.environment() == before


FIXED_SERVERLESS = {
    "warehouse_DATABASE": ("other", "sparkify", "namespace"),
    "warehouse_USER": ("someone", "sparkify_admin", "namespace"),
}


@of_serverless
def test_what_serverless_cannot_change_is_named_and_nothing_is_touched(aws: Aws) -> None:
    aws.set_up()
    before, own = aws.environment(), aws.config.read_text()
    refuse_changes(aws)
    for setting, (wanted, there, kind) in FIXED_SERVERLESS.items():
        aws.config.write_text(own)
        aws.change(**{setting: wanted})
        with pytest.raises(DwhError) as caught:
            aws.set_up()
        key, name = setting.partition("_")[2], f"the {kind} {aws.name}"
        assert caught.value.what.startswith(f"{name} differs from dwh.cfg in what cannot be")
        assert caught.value.details == [f"{key}: {name} has {there}, dwh.cfg says {wanted}"]
    aws.config.write_text(own)
    assert aws.environment() == before


@of_serverless
def test_settings_of_the_workgroup_follow_dwh_cfg_one_by_one(aws: Aws, capsys: CAPTURE) -> None:
    aws.set_up()
    aws.change(serverless_BASE_CAPACITY="16", serverless_MAX_CAPACITY="32", warehouse_PORT="5440")
    aws.change(serverless_DAILY_LIMIT="none")
    capsys.readouterr()
    aws.set_up()
    found = aws.serverless.workgroup()
    assert (found["baseCapacity"], found["maxCapacity"], found["port"]) == (16, 32, 5440)
    assert aws.environment()["serverless"][-1]["limits"] == []
    assert ("daily limit", "none: queries run whatever they cost") in plan(capsys.readouterr().err)[
        "delete"
    ]


@each_kind
def test_other_kind_of_warehouse_is_told_before_anything_is_changed(aws: Aws) -> None:
    aws.set_up()
    before = aws.environment()
    there, other = ("cluster", "serverless") if aws.kind == "cluster" else ("namespace", "cluster")
    aws.change(warehouse_KIND=other)
    with pytest.raises(DwhError) as refusal:
        aws.set_up()
    said = f"there is a {there} {aws.name}, and dwh.cfg says KIND = {other}"
    assert refusal.value.what == said
    assert aws.environment() == before
    aws.run(shutdown_env, "--yes", "--no-snapshot")
    assert not any(aws.environment().values())
    aws.change(warehouse_KIND=aws.kind)


def test_role_of_the_same_environment_elsewhere_is_another_one(aws: Aws) -> None:
    aws.set_up()
    found = aws.environment()["roles"][0]
    assert found["path"] == ROLE_PATH
    assert {"Key": "region", "Value": "us-west-2"} in found["tags"]
    aws.change(aws_REGION="eu-west-1")
    there = "was made for .* in us-west-2, and REGION is eu-west-1"
    with pytest.raises(DwhError, match=f"role {aws.name} {there}") as refusal:
        aws.set_up()
    assert refusal.value.hint.startswith("set REGION = us-west-2 again")
    aws.change(aws_REGION="us-west-2")
