"""What an environment costs is said in figures, or that it is unknown, before anything is made."""

from __future__ import annotations

import re

import pytest
from aws_site import Aws, of_serverless

import setup_env
from dwh.config import load_config
from dwh.provisioning import prices


def test_prices_are_those_of_the_nodes_and_unknown_elsewhere(aws: Aws) -> None:
    aws.change(cluster_NODES="2")
    nodes, address, secret, storage = prices.rows(load_config(aws.config))
    assert nodes[:3] == ("2 x ra3.large", "1.086", "792.78")
    assert address[1:3] == ("0.005", "3.65")
    assert secret[1:3] == ("-", "0.40")
    assert storage[1:3] == ("-", "0.024")
    aws.change(warehouse_PUBLICLY_ACCESSIBLE="no", aws_REGION="eu-west-1")
    nodes, secret, storage = prices.rows(load_config(aws.config))
    assert nodes[1:3] == ("unknown", "unknown")
    assert storage[2] == "unknown"


@of_serverless
def test_prices_of_serverless_are_those_of_its_work_and_of_its_limit(aws: Aws) -> None:
    hour, night, most, *others = prices.rows(load_config(aws.config))
    assert hour[:3] == ("4 RPU while they work", "1.500", "-")
    assert night[:3] == ("a load of 5 minutes each night", "-", "3.80")
    assert most[:3] == ("at most, by DAILY_LIMIT = 8", "-", "91.25")
    assert len(others) == 3
    aws.change(serverless_DAILY_LIMIT="none")
    assert prices.rows(load_config(aws.config))[2][2] == "no limit"
    aws.change(serverless_DAILY_LIMIT="8", aws_REGION="eu-west-1")
    found = [row[1:3] for row in prices.rows(load_config(aws.config))[:3]]
    assert found == [("unknown", "-"), ("-", "unknown"), ("-", "unknown")]
    aws.change(aws_REGION="us-west-2")


def test_plan_shows_the_prices(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.run(setup_env, "--dry-run")
    said = capsys.readouterr()
    rows = [re.split(" {2,}", line.strip()) for line in said.out.splitlines()]
    assert ["1 x ra3.large", "0.543", "396.39", prices.REDSHIFT] in rows
    assert "Billed until you run python shutdown_env.py" in said.err
