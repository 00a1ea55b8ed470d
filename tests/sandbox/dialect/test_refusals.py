"""What Redshift does not have, or the sandbox does not do, is refused by name."""

from __future__ import annotations

import pytest

from sandbox.dialect.translation import translate
from sandbox.errors import SqlError

LEADER = (
    "Specified types or functions (one per INFO message) not supported on Amazon Redshift tables."
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
        ("create unlogged table t (a int)", "CREATE UNLOGGED TABLE is not"),
        ("create global temp table t (a int)", "CREATE GLOBAL TEMPORARY TABLE is not"),
        ("table t", "TABLE as a query is not"),
        ("drop owned by bob", "DROP OWNED is not"),
        ("reassign owned by bob to ann", "REASSIGN is not"),
        ("security label on table t is 'x'", "SECURITY LABEL is not"),
        ("import foreign schema s from server x into t", "IMPORT FOREIGN SCHEMA is not"),
        ("cluster t using i", "CLUSTER is not"),
        ("alter database d set work_mem to '1GB'", "ALTER DATABASE .. SET is not"),
        ("insert into t values (1) on conflict do nothing", "ON CONFLICT is not"),
        ("insert into t values (1) On /* */ Conflict (a) do nothing", "ON CONFLICT is not"),
        ("insert into t values (1) on conflict on constraint k do nothing", "ON CONFLICT is not"),
        ("insert into t values (1) returning a", "RETURNING is not"),
        ("delete from t returning *", "RETURNING is not"),
        ("select distinct on (a) a, b from t", "DISTINCT ON is not"),
        ("select count(*) filter (where a) from t", "FILTER (WHERE ..) is not"),
        ("select a is distinct from b from t", "IS DISTINCT FROM is not"),
        ("select a is not distinct from b from t", "IS NOT DISTINCT FROM is not"),
        ("select * from (values (1)) as v", "a VALUES list as a table is not"),
        ("with v as (values (1)) select * from v", "a VALUES list as a table is not"),
        ("select * from t for update", "SELECT .. FOR UPDATE or FOR SHARE is not"),
        ("select * from t for share", "SELECT .. FOR UPDATE or FOR SHARE is not"),
        ("select * from t tablesample system (1)", "TABLESAMPLE is not"),
        ("select * from t, lateral (select 1) x", "LATERAL is not"),
        ("select * from t cross join lateral f(t.a) x", "LATERAL is not"),
        ("with x as materialized (select 1) select * from x", "WITH .. AS MATERIALIZED is not"),
        ("with x as not materialized (select 1) select 2", "WITH .. AS MATERIALIZED is not"),
        ("select * from t fetch first 5 rows only", "FETCH FIRST is not"),
        ("delete from only t", "ONLY is not"),
        ("update only t set a = 1", "ONLY is not"),
        ("select a = any ('{1,2}') from t", "an array is not"),
        ("select '{1,2}'::int[]", 'type "int[]" is not'),
        ("select cast(a as varchar(5)[]) from t", 'type "varchar[]" is not'),
        ("select a::_int4 from t", 'type "_int4" is not'),
        ("select '[1,2)'::int4range", 'type "int4range" is not'),
        ("select '[1,2)'::pg_catalog.int4range", 'type "int4range" is not'),
        ('select a::"uuid" from t', 'type "uuid" is not'),
        ("select json '{}'", 'type "json" is not'),
        ("select string_to_array('a', ',')", "STRING_TO_ARRAY is not"),
        ("select gen_random_uuid()", "GEN_RANDOM_UUID is not"),
        ("select int4range(1, 2)", "INT4RANGE is not"),
        ("select to_json(a) from t", "TO_JSON is not"),
        ("select pg_catalog.pg_sleep(1)", "PG_SLEEP is not"),
        ("select pg_catalog . PG_SLEEP (1)", "PG_SLEEP is not"),
        ('select "pg_sleep"(1)', "PG_SLEEP is not"),
        ('select "pg_catalog"."pg_sleep"(1)', "PG_SLEEP is not"),
        ("select a from t join u on format('x') = a", "FORMAT is not"),
        ("select query_to_xml('select 1', true, true, '')", "QUERY_TO_XML is not"),
        ("select a -> 'b' from t", "the operator -> is not"),
        ("select a->>'b' from t", "the operator ->> is not"),
        ("select string_agg(a, ',') from t", "STRING_AGG is not"),
        ("select array_agg(a) from t", "ARRAY_AGG is not"),
        ("select format('%s', a) from t", "FORMAT is not"),
        ("select clock_timestamp()", "CLOCK_TIMESTAMP is not"),
        ("select statement_timestamp()", "STATEMENT_TIMESTAMP is not"),
        ("select pg_sleep (1)", "PG_SLEEP is not"),
        ("select div(5, 2)", "DIV is not"),
        ("select sum(a) over (order by b range unbounded preceding)", "RANGE in a window is not"),
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
        ("unload ('select 1') to 's3://b/k' iam_role default", "UNLOAD", ""),
        ("create procedure p() as $$ begin end $$ language plpgsql", "CREATE PROCEDURE", ""),
        ("create or replace function f() returns int as 'select 1'", "CREATE FUNCTION", ""),
        ("create policy p on t", "CREATE POLICY", ""),
        ("create publication p", "CREATE PUBLICATION", ""),
        ("create subscription s", "CREATE SUBSCRIPTION", ""),
        ("create operator + (procedure = f)", "CREATE OPERATOR", ""),
        ("create aggregate a (int) (sfunc = f)", "CREATE AGGREGATE", ""),
        ("create cast (int as text) with function f", "CREATE CAST", ""),
        ("create language l", "CREATE LANGUAGE", ""),
        ("create event trigger e on ddl_command_end", "CREATE EVENT", ""),
        ("create foreign table t (a int) server s", "CREATE FOREIGN", ""),
        ("create server s", "CREATE SERVER", ""),
        ("alter system set work_mem = 1", "ALTER SYSTEM", ""),
        ("alter function f() rename to g", "ALTER FUNCTION", ""),
        ("set session authorization bob", "SET SESSION AUTHORIZATION", ""),
        ("select extract(isodow from a) from t", 'the date part "isodow"', ""),
        ("select extract('isoyear' from a) from t", 'the date part "isoyear"', ""),
        ("select date_part('isodow', a) from t", 'the date part "isodow"', ""),
        ("select date_part(ms, a) from t", "DATE_PART of milliseconds; use EXTRACT", ""),
        ("select a::super from t", "casts to the type super", ""),
        ("create external table s.t (a int)", "CREATE EXTERNAL", ""),
        ("create external schema s from data catalog", "CREATE EXTERNAL", ""),
        ("create or replace library l language plpythonu", "CREATE LIBRARY", ""),
        ("analyze compression t", "ANALYZE COMPRESSION", ""),
        ("create materialized view v as select 1", "CREATE MATERIALIZED", ""),
        ("create view v as select 1 with no schema binding", "WITH NO SCHEMA BINDING", ""),
        ("select * from t pivot (sum(a) for b in (1, 2))", "PIVOT and UNPIVOT", ""),
        ("select a from t start with b is null connect by prior b = a", "CONNECT BY", ""),
        ("select a[0] from t", "subscripts", ""),
        ("select frobnicate(a) from t", "the function FROBNICATE()", ""),
        ("select myschema.f(a) from t", "the function myschema.f()", ""),
        ("select json_parse(a) from t", "the function JSON_PARSE()", ""),
        ("select a, b from t window w as (order by a)", "WINDOW", ""),
        ("call p()", "CALL", ""),
        ("desc table t", "DESC", ""),
        ("reset session", "RESET session", ""),
        ("select ctid from t", "the system column ctid", ""),
        ("select * from information_schema.triggers", "the system table triggers", ""),
        ("set work_mem to '1GB'", "SET work_mem", ""),
        ("select array[1, 2]", "ARRAY[..]", ""),
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
        'select \'on conflict returning\', "returning", "qualify" from t /* for update */ x',
        "select /* distinct on (a) */ 'x is distinct from y' from t",
        "select ' array_agg(a) '",
        "insert into t (filter, values, format, div, conflict) values (1, 2, 3, 4, 5)",
        "insert into format (a) select 1",
        "select filter, t.format, t.returning from t join u on conflict = a",
        "select 1 as qualify, 2 as returning",
        "select format, div from t where format > (div)",
        "select json, uuid from t",
        'insert into t (a, unnest) select unnest, "unnest" from u',
        'insert into "format" (a) select 1',
        "create user bob password 'x'",
        "alter default privileges grant select on tables to bob",
        "fetch next from c",
        "select u&a from t",
        "select * from t where a = any (select 1)",
        "select (select 1 as json)",
        "select t.now, age from t",
        "select pgdate_part('year', a) from t where a > getdate()",
    ],
)
def test_the_same_words_elsewhere_are_not_refused(statement: str) -> None:
    assert translate(statement).sql == statement


@pytest.mark.parametrize(
    ("statement", "function"),
    [
        ("select now() from t", "now()"),
        ("select pg_catalog.now() from t", "now()"),
        ('select "now"() from t', "now()"),
        ("select generate_series(1, 3) into t", "generate_series()"),
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
        "select current_timestamp, pgdate_part('year', now())",
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
    assert refused(statement).hint == "Use UNLOAD."


@pytest.mark.parametrize(
    ("statement", "near"),
    [
        ("with x as (select 1) insert into t select * from x", "insert"),
        ("with x as (select 1) merge into t using x on 1 = 1 when matched then delete", "merge"),
        ("with x as (delete from t) select 1", "delete"),
        ("copy t from $1 iam_role default", "$1"),
        ('select U&"a" from t', "U&"),
    ],
)
def test_clauses_that_redshifts_grammar_lacks_are_syntax_errors(statement: str, near: str) -> None:
    error = refused(statement)
    assert (error.sqlstate, error.message) == ("42601", f'syntax error at or near "{near}"')


# https://docs.aws.amazon.com/redshift/latest/dg/r_UNION.html
# https://docs.aws.amazon.com/redshift/latest/dg/r_MEDIAN.html
@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("select 1 intersect all select 1", "INTERSECT ALL is not supported by Amazon Redshift"),
        ("select 1 except all select 1", "EXCEPT ALL is not supported by Amazon Redshift"),
        (
            "(select a from t limit 10) intersect select a from u",
            "LIMIT may not be used within input to set operations.",
        ),
        (
            "select a from u union (select top 1 a from t)",
            "LIMIT may not be used within input to set operations.",
        ),
        (
            "insert into t values ((select 1)), ((select 2))",
            "cannot use subqueries in multi-row VALUES",
        ),
        (
            "select listagg(a) within group (order by a), listagg(b) within group (order by b)",
            "within group ORDER BY clauses for aggregate functions must be the same",
        ),
    ],
)
def test_what_redshift_says_no_to_is_refused_in_its_words(statement: str, message: str) -> None:
    error = refused(statement)
    assert (error.sqlstate, error.message) == ("0A000", message)


@pytest.mark.parametrize("array", ["array[1]", "array(select 1)"])
def test_arrays_are_for_queries_of_the_catalogue(array: str) -> None:
    translate(f"select {array}, relname from pg_catalog.pg_class")
    assert refused(f"select {array} from songs").sqlstate == "0A000"


# https://docs.aws.amazon.com/redshift/latest/dg/r_WF_SUM.html
@pytest.mark.parametrize(
    "window",
    [
        "sum(a) over (order by b)",
        "sum(a + (b)) over (partition by (a) order by (b))",
        "1 + first_value(a) over (order by b desc nulls last)",
    ],
)
def test_an_aggregate_over_an_ordered_window_needs_a_frame(window: str) -> None:
    error = refused(f"select {window} from t")
    message = "Aggregate window functions with an ORDER BY clause require a frame clause"
    assert (error.sqlstate, error.message) == ("0A000", message)


@pytest.mark.parametrize(
    "window",
    [
        "sum(a) over (order by b rows unbounded preceding)",
        "sum(a) over (partition by b), rank() over (order by b)",
        "lag(a, 1) over (order by b), max(over) from t order by (over)",
    ],
)
def test_other_windows_are_not_refused(window: str) -> None:
    assert translate(f"select {window}").sql == f"select {window}"


# https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
NAME, LONG_NAME = "é" * 31 + "a", "é" * 32


@pytest.mark.parametrize(
    "statement",
    [
        "create table {} (a int)",
        "create table t ({} int)",
        "select 1 as {}",
        "with {} as (select 1) select 2",
        'select 1 as "{}"',
        "alter table t rename to {}",
        "drop view {}",
    ],
)
def test_names_that_postgresql_would_cut_are_refused(statement: str) -> None:
    translate(statement.format(NAME))
    error = refused(statement.format(LONG_NAME))
    assert (error.sqlstate, error.message) == (
        "0A000",
        f"the sandbox takes names of up to 63 bytes: {LONG_NAME}",
    )


def test_long_literals_are_no_names() -> None:
    statement = f"select '{'a' * 200}', {'1' * 200}, /* {'a' * 200} */ 1"
    assert translate(statement).sql == statement
