"""What Redshift demands of the statements, and PostgreSQL does not."""

from __future__ import annotations

import re

import pytest

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
