"""MERGE, as far as Redshift has it."""

from __future__ import annotations

import pytest

from sandbox.dialect.translation import translate
from sandbox.errors import SqlError

MERGE = (
    "merge into t using s on t.id = s.id "
    "when matched then update set a = s.a when not matched then insert values (s.id, s.a)"
)


def refused(statement: str) -> SqlError:
    with pytest.raises(SqlError) as caught:
        translate(statement)
    return caught.value


@pytest.mark.parametrize(
    "statement",
    [
        MERGE,
        MERGE.replace("using s", "using s as x"),
        MERGE.replace("using s", "using public.s x"),
        MERGE.replace("using s", "using (select * from u) x"),
        MERGE.replace("into t", "into public.t"),
        MERGE.replace("update set a = s.a", "delete"),
        MERGE.replace("s.a when", "case when s.a then 1 else 2 end when"),
        MERGE.replace("insert values", "insert (id, a) values"),
    ],
)
def test_a_merge_by_redshifts_grammar_stays_as_it_is(statement: str) -> None:
    assert translate(statement).sql == statement


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (MERGE.replace("into t", "into t x"), "target of a MERGE takes no alias"),
        (MERGE.replace("into t", "into t as x"), "target of a MERGE takes no alias"),
        (MERGE.replace("not matched", "not matched and s.a > 1"), "no further condition"),
        (MERGE.replace("when matched", "when matched and s.a > 1"), "no further condition"),
        (MERGE.replace("not matched", "not matched by source"), "no further condition"),
        (MERGE.replace("update set a = s.a", "do nothing"), "takes UPDATE SET or DELETE"),
        (MERGE.partition(" when not")[0], "and then WHEN NOT MATCHED"),
        (MERGE.replace("when matched then update set a = s.a ", ""), "needs WHEN MATCHED and then"),
        (MERGE.replace("insert values (s.id, s.a)", "do nothing"), "takes INSERT"),
        (MERGE + " when matched then delete", "once each"),
        (MERGE.replace("insert values (s.id, s.a)", "insert default values"), "takes VALUES"),
    ],
)
def test_a_merge_that_departs_from_redshifts_grammar_is_a_syntax_error(
    statement: str, message: str
) -> None:
    error = refused(statement)
    assert error.sqlstate == "42601"
    assert message in error.message


def test_the_source_of_a_merge_does_not_read_its_target() -> None:
    error = refused(MERGE.replace("using s", "using (select u.* from u join t on true) s"))
    assert error.message == (
        "Source view/subquery in Merge statement cannot reference target table."
    )
