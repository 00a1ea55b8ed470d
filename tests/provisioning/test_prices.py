"""What an environment costs is said in figures, or that it is unknown."""

from __future__ import annotations

from aws_site import Aws

from dwh.config import load_config
from dwh.provisioning import prices


def test_prices_are_those_of_the_nodes_and_unknown_elsewhere(aws: Aws) -> None:
    nodes, address, secret = prices.rows(load_config(aws.config))
    assert nodes[:3] == ("2 x ra3.large", "1.086", "792.78")
    assert address[1:3] == ("0.005", "3.65")
    assert secret[2] == "0.40"
    aws.change(cluster_PUBLICLY_ACCESSIBLE="no", aws_REGION="eu-west-1")
    nodes, secret = prices.rows(load_config(aws.config))
    assert nodes[1:3] == ("unknown", "unknown")
