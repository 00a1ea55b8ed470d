"""The sandbox's README says what the sandbox does, by the lists that the sandbox goes by."""

from __future__ import annotations

import re

from conftest import ROOT, Database

from sandbox.features import described
from sandbox.postgres.scripts import system_views

README = (ROOT / "sandbox" / "README.md").read_text()


def test_readme_says_what_the_lists_say() -> None:
    (found,) = re.findall(r"<!-- features -->\n(.*?)<!-- end of features -->", README, re.DOTALL)
    assert found == described()


def test_system_views_on_the_list_can_be_read(warehouse: Database) -> None:
    for view in system_views():
        warehouse.run(f"SELECT COUNT(*) FROM {view}")
