"""What --help says, and how little it needs to say it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from conftest import ROOT
from script_runs import SCRIPTS, run_script

OPTIONS = {
    "setup_env.py": {"--yes", "--dry-run", "--restore"},
    "create_tables.py": {"--drop", "--yes"},
    "etl.py": {"--rebuild", "--check", "--history"},
    "query.py": {"--admin", "--csv"},
    "shutdown_env.py": {"--yes", "--dry-run", "--snapshot", "--pause"},
}
SLOW = {"boto3", "botocore", "psycopg2", "rich"}


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_lists_the_options_and_an_example(script: str) -> None:
    done = run_script(script, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Example:\n    python {script}" in done.stdout
    listed = set(re.findall(r"(?m)^  (?:-h, )?(--[\w-]+)", done.stdout))
    assert listed == {"--help", "--config", "--verbose"} | OPTIONS[script]


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_does_not_wait_for_the_libraries(script: str) -> None:
    command = [sys.executable, "-X", "importtime", str(ROOT / script), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "dwh" in imported
    assert not {name.partition(".")[0] for name in imported} & SLOW
    assert {name for name in imported if name.startswith("sandbox.")} <= {"sandbox.control"}
