"""How often each script asks AWS: once for each thing that AWS answers separately."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from aws_site import Aws, each_kind

import create_tables
import etl
import setup_env
from dwh.ownership import ROLE_PATH

# Of an unchanged environment, the log-in included: a namespace, a workgroup and a limit, with their
# tags, are more to look at than a cluster.
MOST_CALLS = {"cluster": 25, "serverless": 30}


def calls_of(aws: Aws, script: Any, *options: str) -> Counter[str]:
    """The calls of AWS's API that a script makes, by operation."""
    calls: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        calls[model.name] += 1

    aws.listen("before-call", count)
    aws.run(script, *options)
    aws.listen_no_more()
    return calls


@each_kind
def test_unchanged_environment_is_looked_at_once(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.set_up()
    roles = aws.cloud.client("iam").list_roles(PathPrefix=ROLE_PATH)["Roles"]
    of_others = [each for each in roles if not each["RoleName"].startswith(aws.name)]
    calls = calls_of(aws, setup_env)
    assert "nothing was changed" in capsys.readouterr().err
    # ListRoles does not tell the tags of the roles that other environments have.
    assert calls.total() - len(of_others) <= MOST_CALLS[aws.kind]
    assert calls["DescribeClusters"] == 1
    assert calls["GetWorkgroup"] == (aws.kind == "serverless")
    assert calls_of(aws, setup_env, "--dry-run").total() < calls.total()


WHERE = {"cluster": "DescribeClusters", "serverless": "GetWorkgroup"}


@each_kind
def test_load_asks_once_where_the_warehouse_is(aws: Aws) -> None:
    aws.put_files()
    aws.set_up()
    aws.run(create_tables)
    assert calls_of(aws, etl)[WHERE[aws.kind]] == 1
    assert calls_of(aws, etl)[WHERE[aws.kind]] == 1
