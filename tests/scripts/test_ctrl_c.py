"""Ctrl-C while the scripts wait for the cluster."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from aws_site import Aws
from conftest import ROOT
from interference import interfere
from script_runs import after_time, environment
from waiting import HANG_SECONDS, wait_until

import shutdown_env

# Once this has been asked for, the cluster stays in the state that it has then.
STAY = """
import pathlib
from types import SimpleNamespace

cluster = {{}}

def keep(parsed, **_):
    cluster.update(parsed["Cluster"])

def describe(**_):
    if cluster:
        pathlib.Path({seen!r}).touch()
        return SimpleNamespace(status_code=200, headers={{}}), {{"Clusters": [cluster]}}

BUILTIN_HANDLERS.append(("after-call.redshift.{operation}", keep))
BUILTIN_HANDLERS.append(("before-call.redshift.DescribeClusters", describe))
"""


def stop_after(aws: Aws, operation: str, script: str, *options: str) -> list[str]:
    """Run a script, and press Ctrl-C when it waits for what it has asked of the cluster."""
    folder = aws.config.parent
    seen = folder / operation
    code = STAY.format(operation=operation, seen=str(seen))
    command = [sys.executable, str(ROOT / script), *options, "--config", str(aws.config)]
    variables = environment(interfere(aws, folder, code))
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=variables) as process:
        wait_for(seen)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130, said
    return said.splitlines()


def wait_for(file: Path) -> None:
    wait_until(file.exists)


def is_stopped(aws: Aws, said: list[str]) -> bool:
    *_, step, error, hint = map(after_time, said)
    assert re.fullmatch(rf"cluster {aws.name}: interrupted \(\d+\.\d s\)", step)
    return (error, hint) == (
        "error: interrupted by Ctrl-C",
        "hint: run the same command again: that is safe",
    )


# Presses Ctrl-C when a script begins to import a module.
PRESS = """
import os, runpy, signal, sys

class Press:
    def find_spec(name, *_):
        if name == {moment!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Press)
sys.argv = [{script!r}]
runpy.run_path({script!r}, run_name="__main__")
"""


@pytest.mark.parametrize("moment", ["dwh.errors", "dwh.terminal", "sql_queries"])
@pytest.mark.parametrize("script", ["create_tables.py", "etl.py", "query.py"])
def test_ctrl_c_while_a_script_is_imported_is_two_lines(script: str, moment: str) -> None:
    code = PRESS.format(moment=moment, script=str(ROOT / script))
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr.splitlines() == [
        "error: interrupted by Ctrl-C",
        "hint: run the same command again: that is safe",
    ]
    assert (done.returncode, done.stdout) == (130, "")


def test_next_run_goes_on_from_where_ctrl_c_has_stopped_the_one_before(aws: Aws) -> None:
    assert is_stopped(aws, stop_after(aws, "CreateCluster", "setup_env.py", "--yes"))
    aws.set_up()
    made = aws.environment()
    assert [len(each) for each in made.values()] == [2, 1, 1, 1, 0]
    assert made["clusters"][0]["ClusterStatus"] == "available"

    assert is_stopped(aws, stop_after(aws, "PauseCluster", "shutdown_env.py", "--pause"))
    aws.run(shutdown_env, "--pause")
    assert aws.cluster["ClusterStatus"] == "paused"
    assert is_stopped(aws, stop_after(aws, "ResumeCluster", "setup_env.py", "--yes"))
    aws.set_up()
    assert aws.environment() == made

    assert is_stopped(aws, stop_after(aws, "DeleteCluster", "shutdown_env.py", "--yes"))
    aws.run(shutdown_env, "--yes")
    assert not any(aws.environment().values())
    assert len(aws.snapshots) == 1
