"""Each wait for a namespace or a workgroup has a limit, and ends in plain words."""

from __future__ import annotations

from typing import Any

import pytest
from aws_site import Aws, of_serverless, told
from fast_clock import fast_clock

import create_tables
import query
import setup_env
import shutdown_env
from dwh.config import load_config
from dwh.serverless_access import read_secret, roles_of
from dwh.warehouse_access import available_warehouse

CAPTURE = pytest.CaptureFixture[str]
BUSY = "There is an operation running on the workgroup. Try again later."


def pretend(aws: Aws, kind: str, **settings: Any) -> None:
    """Have AWS say something else of the namespace or the workgroup, and that for ever."""

    def alter(parsed: dict[str, Any], **_: Any) -> None:
        for found in [parsed.get(kind), *parsed.get(f"{kind}s", [])]:
            (found or {}).update(settings)

    for operation in (f"Get{kind.capitalize()}", f"List{kind.capitalize()}s"):
        aws.listen(f"after-call.redshift-serverless.{operation}", alter)


ENDLESS = [
    (setup_env, (), "namespace", "MODIFYING"),
    (setup_env, (), "namespace", "DELETING"),
    (setup_env, (), "workgroup", "CREATING"),
    (setup_env, (), "workgroup", "DELETING"),
    (shutdown_env, ("--yes",), "workgroup", "DELETING"),
]


@pytest.mark.parametrize(("script", "options", "kind", "status"), ENDLESS)
def test_wait_ends_at_its_limit(
    serverless: Aws, capsys: CAPTURE, script: Any, options: Any, kind: str, status: str
) -> None:
    pretend(serverless, kind, status=status)
    with fast_clock() as clock:
        found = told(serverless, script, *options, said=capsys)
    assert found.error == f"after 1 minute, the {kind} {serverless.name} is still {status.lower()}"
    assert found.hint.startswith("run the same command again to go on waiting; see TIMEOUT_MIN")
    assert 60 <= clock.now < 90


REFUSED = [
    (setup_env, (), "UpdateWorkgroup"),
    (shutdown_env, ("--yes",), "DeleteWorkgroup"),
]


@pytest.mark.parametrize(("script", "options", "operation"), REFUSED)
def test_what_aws_puts_off_for_ever_ends_with_its_reason(
    serverless: Aws, capsys: CAPTURE, script: Any, options: Any, operation: str
) -> None:
    answers = [("ConflictException", BUSY)] * 100
    calls = serverless.refuse(f"redshift-serverless.{operation}", *answers)
    pretend(serverless, "workgroup", publiclyAccessible=False)
    with fast_clock():
        found = told(serverless, script, *options, said=capsys)
    said = f"after 1 minute, the workgroup {serverless.name} is still available ({BUSY})"
    assert found.error == said
    assert len(calls) > 5


def test_namespace_that_is_deleted_meanwhile_ends_the_wait(
    serverless: Aws, capsys: CAPTURE
) -> None:
    pretend(serverless, "namespace", status="MODIFYING")
    with fast_clock() as clock:
        clock.on_sleep = lambda: pretend(serverless, "namespace", status="DELETING")
        found = told(serverless, setup_env, said=capsys)
    assert found.error == f"the namespace {serverless.name} has been deleted meanwhile"
    assert found.hint == "if that was a mistake, make a new one: python setup_env.py"


def test_role_is_waited_for_until_it_is_in_sync(serverless: Aws) -> None:
    states = iter(["adding"] * 4)

    def alter(parsed: dict[str, Any], **_: Any) -> None:
        roles = parsed["namespace"]["iamRoles"]
        parsed["namespace"]["iamRoles"] = [
            each.replace("in-sync", next(states, "in-sync")) for each in roles
        ]

    serverless.listen("after-call.redshift-serverless.GetNamespace", alter)
    pretend(serverless, "namespace", adminUsername="sparkify_admin")
    serverless.set_up()


UNAVAILABLE = [
    ("MODIFYING", "modifying", "wait for it: python setup_env.py returns when it is available"),
    ("DELETING", "deleting", "it is on its way out; make a new one: python setup_env.py"),
]


@pytest.mark.parametrize(("status", "said", "hint"), UNAVAILABLE)
def test_workgroup_that_cannot_be_used_now_is_named_with_what_to_do(
    serverless: Aws, capsys: CAPTURE, status: str, said: str, hint: str
) -> None:
    pretend(serverless, "workgroup", status=status)
    found = told(serverless, query, said=capsys)
    assert found.error == f"the workgroup {serverless.name} is {said}"
    assert found.hint == hint


@pytest.mark.parametrize("form", ["IamRole(applyStatus=in-sync, iamRoleArn={})", "{}"])
def test_roles_are_read_in_both_forms_that_aws_gives_them(serverless: Aws, form: str) -> None:
    arn = serverless.role_arn()
    pretend(serverless, "namespace", iamRoles=[form.format(arn)])
    assert available_warehouse(load_config(serverless.config)).roles == (arn,)


@pytest.mark.parametrize("text", ["", "[]", "hunter2", '{"username": "u"}'])
def test_secret_of_another_form_is_told_without_what_is_in_it(text: str) -> None:
    with pytest.raises(Exception, match="has not the form that AWS gives it") as refusal:
        read_secret(text)
    assert refusal.value.__cause__ is None
    assert text not in str(refusal.value) or not text


def test_role_whose_name_has_a_comma_is_read() -> None:
    arn = "arn:aws:iam::123456789012:role/sparkify-dwh/load,nightly"
    said = f"IamRole(applyStatus=removing, iamRoleArn={arn})"
    assert roles_of({"iamRoles": [said]}) == {arn: "removing"}


def test_namespace_without_a_managed_password_is_told(serverless: Aws, capsys: CAPTURE) -> None:
    def lose(parsed: dict[str, Any], **_: Any) -> None:
        parsed["namespace"].pop("adminPasswordSecretArn", None)

    serverless.listen("after-call.redshift-serverless.GetNamespace", lose)
    found = told(serverless, create_tables, said=capsys)
    assert "password" in found.error
    assert found.hint


@of_serverless
def test_limit_of_a_workgroup_that_was_deleted_is_set_anew(aws: Aws) -> None:
    aws.set_up()
    site = aws.serverless
    site.delete_workgroup()
    aws.set_up()
    request = {"resourceArn": site.workgroup()["workgroupArn"]}
    (limit,) = site.api.list_usage_limits(**request)["usageLimits"]
    assert (limit["period"], limit["breachAction"]) == ("daily", "deactivate")


@of_serverless
def test_snapshot_of_the_kind_that_dwh_cfg_named_before_is_told(aws: Aws, capsys: CAPTURE) -> None:
    aws.set_up()
    aws.change(warehouse_KIND="cluster")
    aws.run(shutdown_env, "--yes")
    (kept,) = aws.snapshots
    said = capsys.readouterr().err
    assert f"snapshot {kept}: " in said
    assert f"delete-snapshot --region us-west-2 --snapshot-name {kept}" in said
