"""What the project relies on of AWS and Redshift holds on the sandbox; make test-aws asks AWS."""

from __future__ import annotations

import re

import facts_of_aws
import facts_of_copy
import facts_of_serverless
import facts_of_sql
import pytest
from aws_site import Aws
from conftest import ROOT
from fact import FACTS, Fact, facts_of

from dwh.config import load_config
from dwh.warehouse_access import available_warehouse

MODULES = (facts_of_aws, facts_of_copy, facts_of_serverless, facts_of_sql)


@pytest.mark.parametrize("each", facts_of("cluster"), ids=lambda each: each.name)
def test_fact_holds_on_the_sandbox(site: Aws, each: Fact) -> None:
    config = load_config(site.config)
    assert each.difference(config, available_warehouse(config)) == ""


@pytest.mark.parametrize("each", facts_of("serverless"), ids=lambda each: each.name)
def test_fact_holds_on_the_sandbox_s_serverless(serverless: Aws, each: Fact) -> None:
    config = load_config(serverless.config)
    assert each.difference(config, available_warehouse(config)) == ""


@pytest.mark.parametrize("each", FACTS, ids=lambda each: each.name)
def test_fact_names_its_source_and_the_line_that_relies_on_it(each: Fact) -> None:
    assert re.match(r"https://(docs\.aws\.amazon\.com|www\.postgresql\.org)/\S+$", each.source)
    path, name = each.relied_on_by.split(": ")
    *_, last = name.split(".")
    code = (ROOT / path).read_text()
    assert re.search(rf"(?m)^ *(def|class) {last}\b|^{last} = ", code), each.relied_on_by


def test_fact_that_does_not_hold_says_what_was_found(site: Aws) -> None:
    config = load_config(site.config)
    cluster = available_warehouse(config)
    wrong = Fact("one is two", "", "", 2, lambda place: place.value("SELECT 1"))
    assert wrong.difference(config, cluster) == "1"
    fails = Fact("none", "", "", 2, lambda place: place.value("SELECT none_such"))
    assert fails.difference(config, cluster).startswith("UndefinedColumn: ")
