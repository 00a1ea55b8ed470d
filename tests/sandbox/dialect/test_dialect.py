"""Redshift's SQL turned into PostgreSQL's, statement by statement."""

from __future__ import annotations

import pytest

from sandbox.dialect.translation import Translation, translate
from sandbox.errors import SqlError


@pytest.mark.parametrize(
    "statement",
    [
        "",
        "-- nothing",
        "SELECT 1",
        "select  a ,b -- comment\nfrom t where c = 'sysdate' and \"sysdate\" > 1",
        "select getdate(), coalesce(a, 'x'), len(b), listagg(a, ',') from t",
        "select t.sysdate, 1 as sysdate from t",
        "select year, weekday from time where month = 11",
        "select pgdate_part('month', a), date_trunc('week', b) from t",
        "select log, t.nvl, nvl.datediff from log, nvl, t",
        "insert into log (a) select 1",
        "select extract, extract.month from extract",
        "select a::varchar(3), cast(b as character varying(3)), c::int, cast(d as date) from t",
        "select 1 as text, varchar, a.text from t",
        "select 'pg_class'::regclass, relname::name from pg_class",
        "select 1.5::numeric(5,2), cast(a as decimal(3, 1)), numeric from t",
        "insert into t (a) with x as (select 1) select * from x",
        "update t set a = s.a from s where t.id = s.id",
        "delete from t using s where t.id = s.id",
        "with x as (select 1 as id) delete from t using x where t.id = x.id",
        "begin",
        "BEGIN ISOLATION LEVEL SERIALIZABLE",
        "end",
        "rollback",
        "lock table a, b",
        "lock a",
        "drop table if exists t",
        "alter table t rename column a to b",
        "alter table t drop column a",
        "alter user bob password 'x'",
        "create view v as select 1",
        "grant select on t to bob",
        "set search_path to a",
    ],
)
def test_what_postgresql_understands_stays_as_it_is(statement: str) -> None:
    assert translate(statement).sql == statement


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("select sysdate", 'SELECT sandbox."timestamp"()'),
        ("select SYSDATE::date from t", 'SELECT CAST(sandbox."timestamp"() AS date) FROM t'),
        ("select extract(weekday from a)", "SELECT sandbox.date_part('dow', a)"),
        ("select EXTRACT(DayOfWeek FROM a)", "SELECT sandbox.date_part('dow', a)"),
        ("select extract(dw from a)", "SELECT sandbox.date_part('dow', a)"),
        ("select extract('weekday' from a)", "SELECT sandbox.date_part('dow', a)"),
        ("select extract(dayofyear from a)", "SELECT sandbox.date_part('doy', a)"),
        (
            "select a from t where extract(dow from a) = dow",
            "SELECT a FROM t WHERE sandbox.date_part('dow', a) = dow",
        ),
        (
            "select extract(year from extract(s from a))",
            "SELECT sandbox.date_part('year', sandbox.date_part('second', a))",
        ),
        ("select a::varchar, b::TEXT", "SELECT CAST(a AS varchar(256)), CAST(b AS varchar(256))"),
        ("select cast(a as varchar)", "SELECT CAST(a AS varchar(256))"),
        ("select cast(a as character varying)", "SELECT CAST(a AS varchar(256))"),
        ("select a::character varying, b", "SELECT CAST(a AS varchar(256)), b"),
        ("select a::varchar(max)", "SELECT CAST(a AS varchar(65535))"),
        (
            "select a::nvarchar, b::nvarchar(5)",
            "SELECT CAST(a AS varchar(256)), CAST(b AS varchar(5))",
        ),
        ("select a::bpchar, b::nchar", "SELECT CAST(a AS char(256)), CAST(b AS char(1))"),
        ("show server_version", "SELECT '8.0.2' AS server_version"),
        ("select date_part(weekday, a)", "SELECT pgdate_part('dow', a)"),
        ("select date_part(w, a)", "SELECT pgdate_part('week', a)"),
        ("select date_part('yr', a)", "SELECT pgdate_part('year', a)"),
        ("select date_trunc(mon, a)", "SELECT date_trunc('month', a)"),
        ("select dateadd(d, 1, a)", "SELECT date_add('day', 1, a)"),
        ("select dateadd(ms, 1, a)", "SELECT date_add('millisecond', 1, a)"),
        ("select datediff(us, a, b)", "SELECT date_diff('microsecond', a, b)"),
        ("select datediff(qtr, a, b)", "SELECT date_diff('quarter', a, b)"),
        ("select datediff('HR', a, b)", "SELECT date_diff('hour', a, b)"),
        ("select nvl(a, nvl(b, 1)), log (c)", "SELECT coalesce(a, coalesce(b, 1)), dlog10(c)"),
        ("select pg_catalog.log(a)", "SELECT pg_catalog.dlog10(a)"),
        (
            "select a::numeric, b::decimal",
            "SELECT CAST(a AS numeric(18,0)), CAST(b AS numeric(18,0))",
        ),
        ("select cast(abs(a) as numeric)", "SELECT CAST(abs(a) AS numeric(18,0))"),
        (r"select 'it\'s', 'a'", "select 'it''s', 'a'"),
        ('select "userId" from "Events"', 'select "userid" from "events"'),
        ("select * from #New join #b on 1 = 1", 'select * from "#new" join "#b" on 1 = 1'),
        ("select 1 into #new", 'SELECT 1 INTO TEMPORARY "#new"'),
        ("insert into #new select 1", 'insert into "#new" select 1'),
        ("delete t where a = 1", "DELETE FROM t WHERE a = 1"),
        ("with x as (select 1) delete t using x", "WITH x AS (SELECT 1) DELETE FROM t USING x"),
        ("set query_group to 'x'", "set redshift.query_group to 'x'"),
        ("reset Query_Group", "reset redshift.Query_Group"),
        ("vacuum", "VACUUM"),
        ("vacuum t", "VACUUM t"),
        ("vacuum full", "VACUUM"),
        ("vacuum full s.t to 75 percent boost", "VACUUM s.t"),
        ("vacuum sort only t", "VACUUM t"),
        ("vacuum delete only t to 100 percent", "VACUUM t"),
        ("vacuum reindex t", "VACUUM t"),
        ("vacuum recluster #t", 'VACUUM "#t"'),
        ("analyze", "ANALYZE"),
        ("analyze t (a, b)", "ANALYZE t (a, b)"),
        ("analyze t predicate columns", "ANALYZE t"),
        ("analyze verbose t all columns", "ANALYZE t"),
    ],
)
def test_what_postgresql_would_not_parse_is_rewritten(statement: str, expected: str) -> None:
    assert translate(statement).sql == expected


def test_backslashes_of_many_rows_are_escapes() -> None:
    rows = ",".join([r"(1, 'it\'s', 'x')"] * 50)
    expected = rows.replace("\\'", "''")
    assert translate(f"insert into t values {rows}").sql == f"insert into t values {expected}"


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r"'a\tb\'c'", "a\tb'c"),
        (r"E'\\'", "\\"),
        (r"'\303\251\xc3\xa9'", "éé"),
        (r"'\é\q'", "éq"),
        ("$$it's \\n$$", "it's \\n"),
    ],
)
def test_escapes_are_undone(literal: str, value: str) -> None:
    assert translate(f"select {literal}").sql == "select '" + value.replace("'", "''") + "'"


@pytest.mark.parametrize("literal", [r"'\0'", r"'\xff'", r"'\351'"])
def test_escapes_give_texts(literal: str) -> None:
    with pytest.raises(SqlError, match="invalid byte sequence"):
        translate(f"select {literal}")


@pytest.mark.parametrize("literal", ["'a", r"'a\'", "$$a", r"e'\n"])
def test_literals_that_do_not_end_are_syntax_errors(literal: str) -> None:
    with pytest.raises(SqlError) as caught:
        translate(f"select {literal}")
    assert caught.value.sqlstate == "42601"


@pytest.mark.parametrize("statement", ["truncate t", "TRUNCATE TABLE s.t", 'truncate "t"'])
def test_truncate_commits(statement: str) -> None:
    assert translate(statement) == Translation(statement, own="COMMIT", written=statement)


@pytest.mark.parametrize(
    "statement",
    [
        "truncate a, b",
        "truncate t cascade",
        "vacuum analyze t",
        "vacuum (full) t",
        "vacuum t, u",
        "vacuum t to 5",
        "vacuum t to many percent",
        "analyze (verbose) t",
        "begin isolation level serializable deferrable",
        "lock table t in share mode",
        "lock t nowait",
        "drop table t, u cascade restrict",
        "commit and chain",
        "create view v as insert into t values (1)",
        "alter table t drop a, drop b",
        "alter table t rename a to b",
        "alter table t alter column a set not null",
        "alter table t alter interleaved sortkey (a, b)",
        "alter table t alter diststyle key",
        "alter table t append from s ignoreextra filltarget",
        "alter table only t add a int",
        "alter table if exists t add a int",
        "alter table t add column if not exists a int",
        "alter table t enable row level security",
        "alter table t row level security off",
        "alter table t set location 's3://a/b/'",
        "alter table t set table properties ('numRows'='1')",
        "alter table t partition (a = '1') set location 's3://a/b/'",
        "alter table t add if not exists partition (a = '1') location 's3://a/b/'",
        "alter table t drop partition (a = '1')",
        "fetch backward from c",
        "set local",
    ],
)
def test_forms_that_are_on_no_list_are_refused(statement: str) -> None:
    with pytest.raises(SqlError) as caught:
        translate(statement)
    assert caught.value.sqlstate == "0A000"
    assert caught.value.message.startswith("the sandbox does not do this form of ")


def test_a_vacuum_threshold_is_a_percentage() -> None:
    with pytest.raises(SqlError, match="between 0 and 100"):
        translate("vacuum t to 101 percent")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("alter table t add a int encode az64", "ALTER TABLE t ADD COLUMN a integer"),
        (
            "alter table s.t add column a bigint default 5 not null",
            "ALTER TABLE s.t ADD COLUMN a bigint DEFAULT 5 NOT NULL",
        ),
        (
            "alter table t add column a text",
            "ALTER TABLE t ADD COLUMN a varchar(256) "
            'CONSTRAINT "byte_length_a" CHECK (octet_length("a") <= 256)',
        ),
        (
            "alter table t alter column a type varchar(9)",
            "ALTER TABLE t ALTER COLUMN a TYPE varchar(9), "
            'DROP CONSTRAINT IF EXISTS "byte_length_a", '
            'ADD CONSTRAINT "byte_length_a" CHECK (octet_length("a") <= 9)',
        ),
    ],
)
def test_a_changed_column_keeps_its_check_of_bytes(statement: str, expected: str) -> None:
    assert translate(statement).sql == expected


@pytest.mark.parametrize(
    ("statement", "sqlstate", "message"),
    [
        ("alter table t add a int, add b int", "0A000", "does not combine"),
        ("alter table t alter distkey a, alter diststyle even", "0A000", "does not combine"),
        ("alter table t alter column a type text, alter distkey a", "0A000", "does not combine"),
        ("alter table t alter sortkey (a, a)", "42P16", "more than once"),
        ("alter table t alter column a encode best", "22023", 'unknown encoding "best"'),
        (
            "alter table t alter column a encode raw, alter column a encode lzo",
            "0A000",
            "more than once",
        ),
        ("alter table t add primary key (a)", "0A000", "declare keys in CREATE TABLE"),
        ("alter table t add constraint k unique (a)", "0A000", "declare keys in CREATE TABLE"),
        ("alter table t drop constraint k", "0A000", "DROP CONSTRAINT"),
        ("alter table t add a int unique", "0A000", "takes no key"),
        ("alter table t add a int identity(0,1)", "0A000", "takes no key, IDENTITY"),
        ("alter table t add a int sortkey", "0A000", "SORTKEY"),
        ("alter table t add a int not null", "42601", "non-null default expression"),
        ("alter table t add a uuid", "0A000", 'Column "t.a" has unsupported type "uuid"'),
        ("alter table t alter column a type int", "0A000", "only a VARCHAR's size"),
    ],
)
def test_alter_table_refuses_what_redshift_or_the_sandbox_has_not(
    statement: str, sqlstate: str, message: str
) -> None:
    with pytest.raises(SqlError) as caught:
        translate(statement)
    assert caught.value.sqlstate == sqlstate
    assert message in caught.value.message
