"""The statements: what Redshift demands of them and PostgreSQL does not, and who runs them."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT
from script_runs import run_script

import sql_queries

CHANGES = [
    statement
    for statements in sql_queries.transform_queries.values()
    for statement in statements
    if re.search(r"(?m)^(UPDATE|DELETE)\b", statement)
]


@pytest.mark.parametrize("statement", CHANGES)
def test_change_joins_by_equality_alone_as_redshift_demands(statement: str) -> None:
    assert not re.search(r"\b(LEFT|RIGHT|FULL|OUTER|JOIN)\b", statement)
    assert re.search(r"(?m)^(FROM|DELETE FROM \w+ USING) \w+$", statement)


def test_module_that_is_run_names_the_scripts_that_run_its_statements() -> None:
    done = run_script("sql_queries.py")
    assert (done.returncode, done.stderr) == (0, "")
    named = re.findall(r"python (\w+\.py)", done.stdout)
    users = [path.name for path in ROOT.glob("*.py") if "sql_queries" in path.read_text()]
    assert {"create_tables.py", "query.py"} <= set(users) <= {*named, "sql_queries.py"}
