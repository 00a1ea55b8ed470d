"""Taking it all down: nothing is left, nothing of others is touched, nothing unasked on AWS."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.handlers import BUILTIN_HANDLERS
from conftest import ROOT, Cloud, Pipeline, write_config
from script_runs import change, environment, refused, run_script

import setup_env

# ---------------------------------------------------------------------------- what others have made


@pytest.fixture
def on_aws(cloud: Cloud, tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """A configuration with TARGET = aws, and variables that make a sandbox AWS."""
    settings = {
        "TARGET": "aws",
        "IDENTIFIER": "on-aws",
        "ROLE": "on-aws",
        "SECURITY_GROUP": "on-aws",
        "CLIENT_ADDRESS": "192.0.2.7/32",
    }
    variables = {
        "AWS_ENDPOINT_URL": cloud.state.endpoint_url,
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    config = write_config(tmp_path / "dwh.cfg", settings)
    yield config, variables
    run_script("shutdown_env.py", "--yes", "--config", str(config), env=variables)


def found_on(cloud: Cloud) -> dict[str, Any]:
    """What there is, by name."""
    iam, ec2, redshift = (cloud.client(name) for name in ("iam", "ec2", "redshift"))
    return {
        "roles": {each["RoleName"] for each in iam.list_roles()["Roles"]},
        "groups": {g["GroupName"] for g in ec2.describe_security_groups()["SecurityGroups"]},
        "clusters": {c["ClusterIdentifier"] for c in redshift.describe_clusters()["Clusters"]},
    }


def make_role(cloud: Cloud) -> None:
    cloud.create_role("on-aws")


def make_group(cloud: Cloud) -> None:
    cloud.client("ec2").create_security_group(GroupName="on-aws", Description="theirs")


def make_cluster(cloud: Cloud) -> None:
    cloud.create_cluster("on-aws")


def delete_role(cloud: Cloud) -> None:
    cloud.client("iam").delete_role_policy(RoleName="on-aws", PolicyName="read")
    cloud.client("iam").delete_role(RoleName="on-aws")


def delete_group(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    named = [{"Name": "group-name", "Values": ["on-aws"]}]
    for group in ec2.describe_security_groups(Filters=named)["SecurityGroups"]:
        ec2.delete_security_group(GroupId=group["GroupId"])


def delete_cluster(cloud: Cloud) -> None:
    redshift = cloud.client("redshift")
    redshift.delete_cluster(ClusterIdentifier="on-aws", SkipFinalClusterSnapshot=True)


FOREIGN = [
    ("role", "ROLE", "roles", make_role, delete_role),
    ("security group", "SECURITY_GROUP", "groups", make_group, delete_group),
    ("cluster", "IDENTIFIER", "clusters", make_cluster, delete_cluster),
]


@pytest.mark.parametrize(("kind", "key", "listed", "make", "delete"), FOREIGN)
def test_what_others_have_made_is_refused_and_kept(
    cloud: Cloud,
    on_aws: tuple[Path, dict[str, str]],
    kind: str,
    key: str,
    listed: str,
    make: Callable[[Cloud], None],
    delete: Callable[[Cloud], None],
) -> None:
    config, variables = on_aws
    make(cloud)
    found = refused("setup_env.py", "--config", str(config), env=variables)
    assert found.error == f"the {kind} on-aws is there, but was not made for on-aws"
    assert found.hint == f"choose another {key} in dwh.cfg"
    done = run_script("shutdown_env.py", "--yes", "--config", str(config), env=variables)
    assert done.returncode == 0
    assert f"{kind}: none that setup_env.py made" in done.stderr.splitlines()
    left = found_on(cloud)
    assert "on-aws" in left.pop(listed)
    assert not any("on-aws" in names for names in left.values())
    delete(cloud)


# ---------------------------------------------------------------------------- on AWS it asks


def answer(text: str, script: str, *arguments: str, env: dict[str, str]) -> tuple[int, str]:
    """Run a script at a terminal, type an answer; its exit code and what it said."""
    keyboard, terminal = pty.openpty()
    os.write(keyboard, text.encode())
    command = [sys.executable, str(ROOT / script), *arguments]
    done = subprocess.run(
        command, stdin=terminal, capture_output=True, text=True, env=environment(env)
    )
    os.close(terminal)
    os.close(keyboard)
    return done.returncode, done.stderr


def test_aws_is_asked_for_a_managed_password_and_deletes_only_after_a_yes(
    cloud: Cloud, on_aws: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    config, variables = on_aws
    at = ["--config", str(config)]
    requests: list[dict[str, Any]] = []
    listener = ("before-call.redshift.CreateCluster", lambda params, **_: requests.append(params))
    monkeypatch.setattr("botocore.handlers.BUILTIN_HANDLERS", [*BUILTIN_HANDLERS, listener])
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    before = found_on(cloud)
    assert setup_env.main(at) == 0
    monkeypatch.undo()
    (request,) = requests
    assert request["body"]["ManageMasterPassword"] == "true"
    assert request["body"]["Encrypted"] == "true"
    assert "MasterUserPassword" not in request["body"]
    made = found_on(cloud)
    assert all(names - before[kind] == {"on-aws"} for kind, names in made.items())

    found = refused("shutdown_env.py", *at, code=2, env=variables)
    assert found.error == "this needs a yes, and there is no terminal to ask on"
    assert found.hint == "add --yes if you mean it"
    for text in ("n\n", "\n", "\x04"):
        code, said = answer(text, "shutdown_env.py", *at, env=variables)
        assert code == 1
        assert "delete cluster on-aws, with all its data and no final snapshot" in said
        assert said.endswith("error: stopped: not confirmed\nhint: nothing was changed\n")
    assert found_on(cloud) == made

    code, said = answer("yes\n", "shutdown_env.py", *at, env=variables)
    assert code == 0, said
    assert found_on(cloud) == before
    done = run_script("shutdown_env.py", "--yes", *at, env=variables)
    assert done.returncode == 0
    assert done.stderr.splitlines()[-1] == "nothing to delete for on-aws in us-west-2"


def test_tables_are_dropped_on_aws_only_after_a_yes(pipeline: Pipeline) -> None:
    pipeline.events({})
    pipeline.load()
    before, state = pipeline.star(), pipeline.warehouse.cloud.state
    drop = ["--drop", "--config", change(pipeline.config, target_TARGET="aws")]
    variables = {
        "AWS_ENDPOINT_URL": state.endpoint_url,
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    found = refused("create_tables.py", *drop, env=variables)
    assert "certificate verify failed" in found.error
    assert found.hint == "something between you and the warehouse answers in its place"

    trusting = pipeline.config.parent / "sitecustomize.py"
    trusting.write_text(f"import certifi\ncertifi.where = lambda: {state.ca_file!r}\n")
    variables["PYTHONPATH"] = str(trusting.parent)
    found = refused("create_tables.py", *drop, code=2, env=variables)
    assert found.error == "this needs a yes, and there is no terminal to ask on"
    code, said = answer("n\n", "create_tables.py", *drop, env=variables)
    assert (code, pipeline.star()) == (1, before)
    assert "delete songplays: 1 row" in said
    code, said = answer("y\n", "create_tables.py", *drop, env=variables)
    assert code == 0, said
    assert not any(pipeline.star().values())
