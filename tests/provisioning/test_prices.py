"""What an environment costs is said in figures, or that it is unknown, before anything is made."""

from __future__ import annotations

import re

import pytest
from aws_site import Aws

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
    aws.change(cluster_PUBLICLY_ACCESSIBLE="no", aws_REGION="eu-west-1")
    nodes, secret, storage = prices.rows(load_config(aws.config))
    assert nodes[1:3] == ("unknown", "unknown")
    assert storage[2] == "unknown"


def test_plan_shows_the_prices(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.run(setup_env, "--dry-run")
    said = capsys.readouterr()
    rows = [re.split(" {2,}", line.strip()) for line in said.out.splitlines()]
    assert ["1 x ra3.large", "0.543", "396.39", prices.REDSHIFT] in rows
    assert "Billed until you run python shutdown_env.py" in said.err
