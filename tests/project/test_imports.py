"""What the scripts import: contracts in pyproject.toml hold the packages, and no script."""

from __future__ import annotations

import ast

import pytest
from conftest import ROOT

SCRIPTS = sorted(path.stem for path in ROOT.glob("*.py"))
THEIR_OWN = {"dwh", "sql_queries"}


def imported_by(path: str) -> set[str]:
    """The top-level names of the modules that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_imports_neither_another_nor_the_sandbox(script: str) -> None:
    ours = {*SCRIPTS, "dwh", "sandbox", "tests", "benchmarks"}
    assert imported_by(f"{script}.py") & ours <= (THEIR_OWN if script != "sql_queries" else set())


def test_package_imports_no_script_but_the_statements() -> None:
    files = [str(path.relative_to(ROOT)) for path in (ROOT / "dwh").rglob("*.py")]
    assert "dwh/loading/staging.py" in files
    assert set().union(*map(imported_by, files)) & set(SCRIPTS) == {"sql_queries"}


def test_sandbox_imports_nothing_of_the_pipeline() -> None:
    files = [str(path.relative_to(ROOT)) for path in (ROOT / "sandbox").rglob("*.py")]
    assert set().union(*map(imported_by, files)) & {*SCRIPTS, "dwh"} == set()
