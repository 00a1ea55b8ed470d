"""Who may log in as an analyst: docs/analyst-policy.json is enough, or being one of ANALYSTS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from aws_site import Aws, told
from conftest import ROOT
from operators import Operator, new_operator

import create_tables
import query
from dwh.config import load_config
from dwh.warehouse_access import analyst

POLICY = (ROOT / "docs" / "analyst-policy.json").read_text()
CAPTURE = pytest.CaptureFixture[str]
ASK = ("SELECT COUNT(*) AS n FROM songplays", "--csv")


@pytest.fixture
def person(site: Aws) -> Iterator[Operator]:
    """An IAM user of the account who may do nothing yet, as whom the scripts run."""
    site.run(create_tables)
    found = new_operator(site.cloud)
    site.patch.setenv("AWS_ACCESS_KEY_ID", found.key)
    site.patch.setenv("AWS_SECRET_ACCESS_KEY", found.secret)
    yield found
    for name, value in site.variables.items():
        site.patch.setenv(name, value)
    site.set_up()


def statements(site: Aws) -> list[dict[str, Any]]:
    text = POLICY.replace("ACCOUNT_ID", "123456789012").replace("ANALYST_ROLE", site.analyst)
    found: list[dict[str, Any]] = json.loads(text)["Statement"]
    return found


def test_policy_is_enough_to_ask_and_for_nothing_else(
    site: Aws, person: Operator, capsys: CAPTURE
) -> None:
    assert "denies sts:AssumeRole" in told(site, query, *ASK, said=capsys).error
    person.may(*statements(site))
    site.run(query, *ASK)
    assert capsys.readouterr().out == "n\n0\n"
    assert "denies redshift:DescribeClusters" in told(site, query, "--admin", said=capsys).error
    redshift = analyst(load_config(site.config)).client
    calls: dict[str, dict[str, Any]] = {
        "get_cluster_credentials": {"DbUser": "sparkify_admin", "ClusterIdentifier": site.name},
        "get_cluster_credentials_with_iam": {"ClusterIdentifier": site.name},
        "delete_cluster": {"ClusterIdentifier": site.name, "SkipFinalClusterSnapshot": True},
        "describe_clusters": {},
    }
    for call, request in calls.items():
        with pytest.raises(redshift.exceptions.ClientError, match="AccessDenied"):
            getattr(redshift, call)(**request)


def test_who_is_named_needs_no_policy_and_others_are_not_let_in(
    site: Aws, person: Operator, capsys: CAPTURE
) -> None:
    administrator = site.variables
    site.change(access_ANALYSTS=f"user/{person.name}")
    site.patch.setenv("AWS_ACCESS_KEY_ID", administrator["AWS_ACCESS_KEY_ID"])
    site.patch.setenv("AWS_SECRET_ACCESS_KEY", administrator["AWS_SECRET_ACCESS_KEY"])
    site.set_up()
    assert f"only user/{person.name} may take it" in capsys.readouterr().err
    assert "denies sts:AssumeRole" in told(site, query, *ASK, said=capsys).error
    site.patch.setenv("AWS_ACCESS_KEY_ID", person.key)
    site.patch.setenv("AWS_SECRET_ACCESS_KEY", person.secret)
    capsys.readouterr()
    site.run(query, *ASK)
    assert capsys.readouterr().out == "n\n0\n"
    site.change(access_ANALYSTS="account")
