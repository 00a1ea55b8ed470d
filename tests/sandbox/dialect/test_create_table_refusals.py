"""What CREATE TABLE must not say in Redshift, and what it answers."""

from __future__ import annotations

import pytest

from sandbox.dialect.translation import translate
from sandbox.errors import SqlError

MANY = ", ".join(f"c{number} int" for number in range(1601))
NAMES = [f"c{number}" for number in range(401)]


@pytest.mark.parametrize(
    "unsupported",
    [
        *("serial", "bigserial", "uuid", "json", "jsonb", "bytea", "money", "inet", "xml", "bit"),
        *("int4range", "tsvector", "nonsense", "datetime", "public.mood"),
    ],
)
def test_missing_types_are_refused(unsupported: str) -> None:
    with pytest.raises(SqlError) as caught:
        translate(f"create table s.t (a int, c {unsupported})")
    assert caught.value.sqlstate == "0A000"
    assert caught.value.message == f'Column "t.c" has unsupported type "{unsupported}".'


@pytest.mark.parametrize("array", ["int[]", "int[3]", "int array"])
def test_arrays_are_refused(array: str) -> None:
    with pytest.raises(SqlError, match=r'has unsupported type "int\[\]"'):
        translate(f"create table t (c {array})")


@pytest.mark.parametrize(
    "missing",
    ["super", "geometry", "geography", "hllsketch", "varbyte(8)", "interval year to month"],
)
def test_redshift_types_that_the_sandbox_lacks_are_refused(missing: str) -> None:
    with pytest.raises(SqlError, match="the sandbox does not do columns of type") as caught:
        translate(f"create table t (c {missing})")
    assert caught.value.sqlstate == "0A000"


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("create table t (a int distkey, b int distkey)", "only one DISTKEY"),
        ("create table t (a int distkey, b int) distkey(b)", "only one DISTKEY"),
        ("create table t (a int, b int) distkey(a, b)", "only one DISTKEY"),
        ("create table t (a int) diststyle key", "DISTSTYLE KEY needs a DISTKEY"),
        ("create table t (a int) diststyle all distkey(a)", "cannot be used with DISTSTYLE ALL"),
        ("create table t (a int distkey) diststyle even", "cannot be used with DISTSTYLE EVEN"),
        ("create table t (a int distkey) diststyle auto", "cannot be used with DISTSTYLE AUTO"),
        ("create table t (a int) diststyle all diststyle all", "DISTSTYLE is specified more"),
        ("create table t (a int sortkey, b int) sortkey(b)", "both for a column and for the table"),
        ("create table t (a int sortkey, b int sortkey)", "must be the only one"),
        ("create table t (a int) sortkey(a) sortkey auto", "SORTKEY is specified more than once"),
        ("create table t (a int) sortkey(a, a)", "named more than once in SORTKEY"),
        (f"create table t (a int) sortkey({', '.join(NAMES)})", "at most 400 columns"),
        (f"create table t (a int) interleaved sortkey({', '.join(NAMES[:9])})", "at most 8"),
        ("create table t (a int) distkey(b)", '"b" specified as distkey/sortkey is not in'),
        ("create table t (a int) sortkey(b)", '"b" specified as distkey/sortkey is not in'),
        ("create table t (a) sortkey(b) as select 1", '"b" specified as distkey/sortkey is not'),
        ("create table t (a int, A int)", 'column "a" specified more than once'),
        ("create table t (a int primary key, primary key (a))", "multiple primary keys"),
        ("create table t (a int, unique (b))", 'column "b" named in key does not exist'),
        (f"create table t ({MANY})", "at most 1600 columns"),
        ("create table t (a int check (a > 1))", "column CHECK constraint is not supported"),
        ("create table t (a int, check (a > 1))", "table CHECK constraint is not supported"),
        ("create table t (a int, exclude using gist (a with =))", "EXCLUDE constraint"),
        ("create table t (a int) inherits (u)", "INHERITS is not supported"),
        ("create table t (a int) partition by range (a)", "PARTITION BY is not supported"),
        ("create table t (a int) tablespace x", "TABLESPACE is not supported"),
        ("create table t (a varchar(65536))", "type varchar must be between 1 and 65535"),
        ("create table t (a varchar(0))", "type varchar must be between 1 and 65535"),
        ("create table t (a char(4097))", "type char must be between 1 and 4096"),
        ("create table t (a numeric(39))", "precision 39 must be between 1 and 38"),
        ("create table t (a numeric(38, 38))", "scale 38 must be between 0 and 37"),
        ("create table t (a numeric(5, 6))", "scale 6 must be between 0 and 5"),
        ("create table t (a timestamp(3))", 'type "timestamp" takes no arguments'),
        ("create table t (a smallint identity(0, 1))", "must be of type INT or BIGINT"),
        ("create table t (a int identity(0, 0))", "must not be zero"),
        ("create table t (a int encode lz4)", 'unknown encoding "lz4"'),
        ("create table t (a text encode az64)", 'encoding "az64" is not supported for column "a"'),
        ("create table t (a text collate case_insensitive)", "COLLATE CASE_INSENSITIVE"),
        ("create table t (like u, a int)", "LIKE together with"),
        ("create table t (like u) diststyle all", "LIKE together with"),
    ],
)
def test_tables_that_redshift_or_the_sandbox_cannot_make_are_refused(
    statement: str, message: str
) -> None:
    with pytest.raises(SqlError) as caught:
        translate(statement)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("statement", "near"),
    [
        ("create table t", "end of input"),
        ("create table t ()", '")"'),
        ("create table t (a int,)", '")"'),
        ("create table t (a int", "end of input"),
        ("create table t (a)", "end of input"),
        ("create table t ('a' int)", "'a'"),
        ("create local table t (a int)", '"table"'),
        ("create table if not exists t as select 1", '"AS"'),
        ("create table t as", "end of input"),
        ("create table t (a int b)", '"b"'),
        ("create table t (a varchar(x))", '"x"'),
        ("create table t (a varchar(1, 2))", '","'),
        ("create table t (a text(5))", "unsupported type"),
        ("create table t (a int generated always as identity)", '"generated"'),
        ("create table t (a int identity(0))", '")"'),
        ("create table t (a int identity(x, 1))", '"x"'),
        ("create table t (a int collate german)", '"german"'),
        ("create table t (a int, unique)", "end of input"),
        ("create table t (a int, constraint k not null)", '"not"'),
        ("create table t (a int references u (x) on delete cascade)", '"on"'),
        ("create table t (a int) diststyle some", '"some"'),
        ("create table t (a int) nonsense", '"nonsense"'),
        ("create table t (a int) sortkey", "end of input"),
    ],
)
def test_what_redshifts_grammar_lacks_is_a_syntax_error(statement: str, near: str) -> None:
    with pytest.raises(SqlError) as caught:
        translate(statement)
    assert near in caught.value.message
