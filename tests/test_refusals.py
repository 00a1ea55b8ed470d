from __future__ import annotations

import pytest

from sandbox.dialect.translation import translate
from sandbox.errors import SqlError

LEADER = (
    "Specified types or functions (one per INFO message) not supported on Amazon Redshift tables."
)
MERGE = (
    "merge into t using s on t.id = s.id "
    "when matched then update set a = s.a when not matched then insert values (s.id, s.a)"
)


def refused(statement: str) -> SqlError:
    with pytest.raises(SqlError) as caught:
        translate(statement)
    return caught.value


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("savepoint a", "SAVEPOINT is not"),
        ("rollback to a", "ROLLBACK TO SAVEPOINT is not"),
        ("ROLLBACK TRANSACTION TO SAVEPOINT a", "ROLLBACK TO SAVEPOINT is not"),
        ("release savepoint a", "RELEASE SAVEPOINT is not"),
        ("create index i on t (a)", "CREATE INDEX is not"),
        ("create unique index i on t (a)", "CREATE INDEX is not"),
        ("create trigger a before insert on t", "CREATE TRIGGER is not"),
        ("create temp sequence s", "CREATE SEQUENCE is not"),
        ("create extension e", "CREATE EXTENSION is not"),
        ("create domain d as int", "CREATE DOMAIN is not"),
        ("create type t as enum ('a')", "CREATE TYPE is not"),
        ("create or replace rule r as on insert to t do nothing", "CREATE RULE is not"),
        ("create tablespace t location '/x'", "CREATE TABLESPACE is not"),
        ("do $$ begin end $$", "DO is not"),
        ("listen a", "LISTEN is not"),
        ("notify a", "NOTIFY is not"),
        ("unlisten *", "UNLISTEN is not"),
        ("values (1), (2)", "a VALUES list as a statement is not"),
        ("explain analyze select 1", "EXPLAIN ANALYZE is not"),
        ("insert into t values (1) on conflict do nothing", "ON CONFLICT is not"),
        ("insert into t values (1) On /* */ Conflict (a) do nothing", "ON CONFLICT is not"),
        ("insert into t values (1) on conflict on constraint k do nothing", "ON CONFLICT is not"),
        ("insert into t values (1) returning a", "RETURNING is not"),
        ("delete from t returning *", "RETURNING is not"),
        ("select distinct on (a) a, b from t", "DISTINCT ON is not"),
        ("explain verbose select distinct on (a) a from t", "DISTINCT ON is not"),
        ("select count(*) filter (where a) from t", "FILTER (WHERE ..) is not"),
        ("select a is distinct from b from t", "IS DISTINCT FROM is not"),
        ("select a is not distinct from b from t", "IS NOT DISTINCT FROM is not"),
        ("select * from (values (1)) as v", "a VALUES list as a table is not"),
        ("with v as (values (1)) select * from v", "a VALUES list as a table is not"),
        ("select * from t for update", "SELECT .. FOR UPDATE is not"),
        ("select * from t for share", "SELECT .. FOR SHARE is not"),
        ("select * from t tablesample system (1)", "TABLESAMPLE is not"),
        ("select * from t, lateral (select 1) x", "LATERAL is not"),
        ("select * from t cross join lateral f(t.a) x", "LATERAL is not"),
        ("insert into t overriding system value values (1)", "OVERRIDING SYSTEM VALUE is not"),
        ("select array[1, 2]", "ARRAY[..] is not"),
        ("select a -> 'b' from t", "the operator -> is not"),
        ("select a->>'b' from t", "the operator ->> is not"),
        ("select string_agg(a, ',') from t", "STRING_AGG is not"),
        ("select array_agg(a) from t", "ARRAY_AGG is not"),
        ("select format('%s', a) from t", "FORMAT is not"),
        ("select clock_timestamp()", "CLOCK_TIMESTAMP is not"),
        ("select statement_timestamp()", "STATEMENT_TIMESTAMP is not"),
        ("select pg_sleep (1)", "PG_SLEEP is not"),
        ("select div(5, 2)", "DIV is not"),
        ("select regexp_matches('a', 'a')", "REGEXP_MATCHES is not"),
        ("select a::json from t", 'type "json" is not'),
        ("select a::jsonb from t", 'type "jsonb" is not'),
        ("select cast(a as uuid) from t", 'type "uuid" is not'),
        ("select cast((a || b) as bytea) from t", 'type "bytea" is not'),
    ],
)
def test_what_redshift_lacks_is_refused(statement: str, message: str) -> None:
    error = refused(statement)
    assert error.sqlstate == "0A000"
    assert error.message == f"{message} supported by Amazon Redshift"


@pytest.mark.parametrize(
    ("statement", "message", "hint"),
    [
        (
            "select * from t qualify row_number() over (partition by a order by b) = 1",
            "QUALIFY",
            "Use a sub-query with row_number().",
        ),
        ("select top 5 * from t", "TOP n", "Use LIMIT."),
        ("select distinct top 5 a from t", "TOP n", "Use LIMIT."),
        ("unload ('select 1') to 's3://b/k' iam_role default", "UNLOAD", ""),
        ("create external table s.t (a int)", "CREATE EXTERNAL", ""),
        ("create external schema s from data catalog", "CREATE EXTERNAL", ""),
        ("create or replace library l language plpythonu", "CREATE LIBRARY", ""),
        ("analyze compression t", "ANALYZE COMPRESSION", ""),
        ("merge into t using s on t.a = s.a remove duplicates", "MERGE .. REMOVE DUPLICATES", ""),
    ],
)
def test_what_the_sandbox_cannot_do_is_refused(statement: str, message: str, hint: str) -> None:
    error = refused(statement)
    assert (error.sqlstate, error.message) == ("0A000", f"the sandbox does not do {message}")
    assert error.hint == hint


@pytest.mark.parametrize(
    "statement",
    [
        'select \'on conflict do nothing returning\', "returning", "qualify" from t -- for update',
        "select /* distinct on (a) */ 'x is distinct from y' from t",
        "select $$ array_agg(a) $$",
        "insert into t (filter, values, format, div, conflict) values (1, 2, 3, 4, 5)",
        "insert into format (a) select 1",
        "select filter, t.format, t.returning, top from t join u on conflict = a",
        "select 1 as qualify, 2 as returning",
        "select format, div from t where format > (div)",
        "select json, uuid from t",
        "select (select 1 as json)",
        "select t.now, age from t",
        "select date_part('year', a) from t where a > getdate()",
        "explain select 1",
        "explain",
        "release_notes",
    ],
)
def test_the_same_words_elsewhere_are_not_refused(statement: str) -> None:
    assert translate(statement).sql == statement


@pytest.mark.parametrize(
    ("statement", "function"),
    [
        ("select now() from t", "now()"),
        ("select current_timestamp, a from s.t", "current_timestamp()"),
        ("select current_time from t", "current_time()"),
        ("select localtime from t", "localtime()"),
        ("select localtimestamp from t", "localtimestamp()"),
        ("select age(a) from t", "age()"),
        ("select a from t where b < now()", "now()"),
        ("select a from (select b from t) x where a < now()", "now()"),
        ("select a from pg_class join t on true where b < now()", "now()"),
        ("select a from pg_class, t where b < now()", "now()"),
        ("insert into u select now() from t", "now()"),
        ("create table u as select now() as a from t", "now()"),
        ("with x as (select 1) select now() from x, t", "now()"),
        ("update t set a = now()", "now()"),
        ("delete from t where a < now()", "now()"),
        ("delete t where a < now()", "now()"),
        ("explain select now() from t", "now()"),
        ('select now() from "T"', "now()"),
        ("select * from generate_series(1, 3) g join t on true", "generate_series()"),
        ("insert into t select generate_series(1, 3)", "generate_series()"),
        ("create table t as select generate_series(1, 3)", "generate_series()"),
    ],
)
def test_leader_only_functions_do_not_meet_tables(statement: str, function: str) -> None:
    error = refused(statement)
    assert (error.sqlstate, error.message) == ("0A000", LEADER)
    assert error.detail == f'Function "{function}" not supported.'


@pytest.mark.parametrize(
    "statement",
    [
        "select now()",
        "select current_timestamp, extract(year from now())",
        "select now() from pg_class",
        "select now() from information_schema.tables as t, pg_catalog.pg_class",
        "select now() from stv_recents, svv_table_info, stl_query, svl_qlog, sys_load_history",
        "with x as (select 1) select now() from x",
        "with x (a) as (select 1) select now() from x",
        "select now() from (select 1) x",
        "insert into t values (now())",
        "select generate_series(1, 3)",
        "select * from generate_series(1, 3)",
        "select trim(both ' ' from a) from t",
    ],
)
def test_leader_only_functions_work_on_the_leader(statement: str) -> None:
    assert translate(statement).sql == statement


@pytest.mark.parametrize(
    "statement",
    [
        "copy t from stdin",
        "copy t (a, b) from stdin with csv",
        "copy t from '/tmp/x.csv'",
        "copy t from program 'ls'",
        "copy t from 'dynamodb://table' iam_role default readratio 50",
    ],
)
def test_copy_reads_only_s3(statement: str) -> None:
    error = refused(statement)
    assert error.sqlstate == "0A000"
    assert error.message.startswith("LOAD source is not supported.")


@pytest.mark.parametrize("statement", ["copy t to stdout", "copy (select 1) to '/tmp/x'"])
def test_copy_writes_nowhere(statement: str) -> None:
    assert "use UNLOAD" in refused(statement).message


@pytest.mark.parametrize(
    ("statement", "near"),
    [
        ("with x as (select 1) insert into t select * from x", "insert"),
        ("with x as (select 1) merge into t using x on true", "merge"),
        ("with x as (delete from t) select 1", "delete"),
        ("lock table t in share mode", "IN"),
        ("lock t nowait", "NOWAIT"),
    ],
)
def test_clauses_that_redshifts_grammar_lacks_are_syntax_errors(statement: str, near: str) -> None:
    error = refused(statement)
    assert (error.sqlstate, error.message) == ("42601", f'syntax error at or near "{near}"')


def test_escape_literals_are_refused_as_by_redshift() -> None:
    error = refused(r"select E'a\n'")
    assert (error.sqlstate, error.message) == ("42704", 'type "e" does not exist')


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
        (MERGE.replace("when matched then update set a = s.a ", ""), "needs WHEN MATCHED first"),
        (MERGE.replace("insert values (s.id, s.a)", "do nothing"), "takes INSERT"),
        (MERGE + " when matched then delete", "once each"),
        (MERGE.replace("insert values (s.id, s.a)", "insert default values"), "syntax error"),
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
