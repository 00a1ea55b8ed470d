"""What a client can do in PostgreSQL, should the endpoint let any statement through: no harm."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from conftest import MASTER, Database
from psycopg2.errors import FeatureNotSupported, InsufficientPrivilege
from superuser import connection_past_the_endpoint

# Each would let a client's own code run, now or when the sandbox looks at what the client has made.
CODE = [
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
    "CREATE FUNCTION f(text) RETURNS int LANGUAGE internal AS 'textlen'",
    "CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'",
    "CREATE AGGREGATE g(int) (SFUNC = int4pl, STYPE = int)",
    "DO 'BEGIN NULL; END'",
    "DO LANGUAGE plpgsql 'BEGIN NULL; END'",
    "CREATE TYPE pair AS (a int, b int)",
    "CREATE TYPE mood AS ENUM ('sad')",
    "CREATE TYPE span AS RANGE (SUBTYPE = int)",
    "CREATE DOMAIN d AS text CHECK (VALUE <> '')",
    "CREATE CAST (t AS text) WITH INOUT",
    "CREATE CAST (t AS int) WITH FUNCTION hashtext(text)",
    "CREATE OPERATOR === (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int)",
    "CREATE OPERATOR CLASS c FOR TYPE t USING btree AS FUNCTION 1 btint4cmp(int, int)",
    "CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE RULE r AS ON INSERT TO t DO INSTEAD SELECT 1",
    "CREATE POLICY p ON t USING (true)",
    "CREATE INDEX i ON t ((a::text))",
    "CREATE STATISTICS s ON (a + 1), (a + 2) FROM t",
    "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION sandbox.after_change()",
    "CREATE EXTENSION plpgsql",
    "CREATE TRUSTED LANGUAGE plperl",
    "CREATE SERVER s FOREIGN DATA WRAPPER none",
    "CREATE PUBLICATION p",
    "ALTER FUNCTION sandbox.slice_count() RENAME TO f",
    "ALTER EVENT TRIGGER before_change DISABLE",
]
# And these the machine, or more rights.
MACHINE = [
    "COPY t FROM PROGRAM 'true'",
    "COPY t TO PROGRAM 'true'",
    "COPY t FROM '/etc/passwd'",
    "COPY (SELECT 1) TO '/tmp/x'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(1, '/tmp/x')",
    "SELECT set_config('standard_conforming_strings', 'on', false)",
    "ALTER SYSTEM SET archive_command = 'true'",
    "SET session_preload_libraries = 'x'",
    "SET event_triggers = off",
    "SET session_replication_role = replica",
    "LOAD 'x'",
    "SET ROLE rdsdb",
    "SET SESSION AUTHORIZATION rdsdb",
    "CREATE ROLE r SUPERUSER",
    "GRANT pg_execute_server_program TO CURRENT_USER",
    "GRANT pg_read_server_files TO CURRENT_USER",
    "GRANT rdsdb TO CURRENT_USER",
    "ALTER ROLE rdsdb PASSWORD 'x'",
    "UPDATE pg_proc SET prosecdef = true",
    "SELECT * FROM pg_authid",
]


@pytest.fixture
def client(warehouse: Database) -> Iterator[Any]:
    """A cursor of the master user, past the endpoint, and a table t."""
    warehouse.run("CREATE TABLE t (a INT) DISTKEY (a)")
    with connection_past_the_endpoint(warehouse, MASTER) as found:
        yield found.cursor()


@pytest.mark.parametrize("statement", [*CODE, *MACHINE])
def test_client_has_no_right_that_matters(client: Any, statement: str) -> None:
    with pytest.raises((InsufficientPrivilege, FeatureNotSupported)):
        client.execute(statement)


def test_client_may_do_all_that_redshift_has(client: Any) -> None:
    client.execute("CREATE SCHEMA s")
    client.execute("CREATE VIEW s.v AS SELECT a FROM t")
    client.execute("CREATE TABLE s.made AS SELECT a, CAST(a AS text) AS b FROM t")
    client.execute("ALTER TABLE s.made RENAME COLUMN b TO c")
    client.execute("COMMENT ON TABLE s.made IS 'made'")
    client.execute("GRANT SELECT ON s.made TO PUBLIC")
    client.execute('SELECT "table", tbl_rows FROM svv_table_info')
    client.execute("DROP SCHEMA s CASCADE")


def test_functions_of_the_sandbox_act_on_tables_with_the_rights_of_who_calls_them(
    warehouse: Database, client: Any
) -> None:
    other = f"other_{warehouse.database}"
    warehouse.run(f"CREATE USER {other} PASSWORD 'Secret123'")
    with connection_past_the_endpoint(warehouse, other) as found, found.cursor() as cursor:
        for call in (
            "sandbox.limit_columns('t'::regclass)",
            "sandbox.rename_checks('t'::regclass, 1)",
        ):
            cursor.execute(f"SELECT {call}")  # finds nothing to change
        cursor.execute("SELECT * FROM sandbox.measure('t'::regclass, 'KEY', 'a')")
        assert cursor.fetchall() == [(None, None, None)]
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("SELECT a FROM t")
    warehouse.run(f"DROP USER {other}")


# ---------------------------------------------------------------------------- several statements

# PostgreSQL takes these for several statements; who cuts by other rules takes them for one.
CUT_OTHERWISE = [
    "SELECT 1 AS \u00a0$$; DROP TABLE t; SELECT 2 AS \u00a0$$",
    "SELECT 1 AS \u2003$a$; DROP TABLE t; SELECT 2 AS \u2003$a$",
    r"SELECT 1 LIMIT 0; SELECT B'\'; DROP TABLE t; --'",
    r"SELECT X'\'; DROP TABLE t; --'",
    r"SELECT N'\\'; DROP TABLE t; --'",
]


@pytest.mark.parametrize("text", CUT_OTHERWISE)
def test_text_that_can_be_cut_in_two_ways_is_no_second_statement(
    warehouse: Database, text: str
) -> None:
    warehouse.run("CREATE TABLE t (a INT)")
    with contextlib.suppress(psycopg2.Error):
        warehouse.run(text)
    assert warehouse.run("SELECT COUNT(*) FROM t") == [(0,)]


# ---------------------------------------------------------------------------- settings

REFUSED_OPTIONS = [
    "-c standard_conforming_strings=on",
    "-cevent_triggers=off",
    "--work_mem=1MB",
    "-c statement_timeout=5 -c jit=on",
    "-d5",
    "-f s",
]


@pytest.mark.parametrize("options", REFUSED_OPTIONS)
def test_log_in_sets_what_the_sandbox_does_and_nothing_else(
    warehouse: Database, options: str
) -> None:
    with pytest.raises(psycopg2.OperationalError, match="the sandbox does not do the options"):
        warehouse.cloud.connect(warehouse.database, options=options)


def test_log_in_with_a_time_limit_has_it(warehouse: Database) -> None:
    found = warehouse.cloud.connect(warehouse.database, options="-c statement_timeout=5000")
    with contextlib.closing(found), found.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchall() == [("5s",)]
