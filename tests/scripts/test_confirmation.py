"""What costs money or loses rows on AWS is done only after a yes."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest
from aws_site import Aws
from conftest import ROOT, Pipeline
from script_runs import change, environment, refused, run_script

import setup_env

CAPTURE = pytest.CaptureFixture[str]


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
    return done.returncode, re.sub(r"(?m)(^|(?<=\[y/N\] ))\d\d:\d\d:\d\d ?", "", done.stderr)


def test_nothing_is_made_before_a_yes(aws: Aws, capsys: CAPTURE) -> None:
    at = ["--config", str(aws.config)]
    found = refused("setup_env.py", *at, code=2, env=aws.variables)
    assert found.error == "this needs a yes, and there is no terminal to ask on"
    assert found.hint == "add --yes if you mean it"
    code, said = answer("n\n", "setup_env.py", *at, env=aws.variables)
    assert code == 1
    assert re.search(r"1 x ra3.large +0\.543 +396\.39 ", said)
    assert said.endswith("error: not confirmed\nhint: nothing was changed\n")
    assert not any(aws.environment().values())

    aws.set_up()
    assert setup_env.main(at) == 0
    assert "Everything is as it should be: nothing was changed." in capsys.readouterr().err


def test_it_deletes_only_after_a_yes_and_keeps_the_rows(aws: Aws) -> None:
    at = ["--config", str(aws.config)]
    aws.set_up()
    made = aws.environment()

    found = refused("shutdown_env.py", *at, code=2, env=aws.variables)
    assert found.error == "this needs a yes, and there is no terminal to ask on"
    assert found.hint == "add --yes if you mean it"
    for text in ("n\n", "\x04"):
        code, said = answer(text, "shutdown_env.py", *at, env=aws.variables)
        assert code == 1
        assert re.search(rf"delete +cluster {aws.name} .*; its rows are kept in snapshot", said)
        assert said.endswith("error: not confirmed\nhint: nothing was changed\n")
    assert aws.environment() == made

    code, said = answer("yes\n", "shutdown_env.py", *at, env=aws.variables)
    assert code == 0, said
    assert not any(aws.environment().values())
    (snapshot,) = aws.snapshots
    assert f"come back:  python setup_env.py --restore {snapshot}" in said
    done = run_script("shutdown_env.py", "--yes", *at, env=aws.variables)
    assert done.returncode == 0
    assert f"nothing to do: nothing of {aws.name} is in AWS, us-west-2" in done.stderr.splitlines()


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
    assert found.hint.startswith("something between you and the warehouse answers in its place")

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
