"""What query.py asks of the warehouse, and as whom."""

from __future__ import annotations

import shlex
from io import StringIO

import pytest
from conftest import Pipeline
from script_runs import refused, run_script

import query

CAPTURE = pytest.CaptureFixture[str]

ASKED = [
    "SELECT 1;",
    "select 1 ; ;\n",
    "WITH a AS (SELECT 1 AS b) SELECT b FROM a",
    "SHOW server_version",
    "(SELECT 1) UNION ALL (SELECT 2)",
    "-- a ; comment\n/* and; another */ SELECT 1 -- the end;",
    "SELECT ';', '$$', '/*', \"column\" FROM (SELECT 1 AS \"column\") AS \"a;b\"",
]
TEMPORARY = "CREATE TEMP TABLE mine AS SELECT user_id FROM users; SELECT COUNT(*) FROM mine"


@pytest.mark.parametrize(
    ("statement", "options"),
    [(statement, options) for statement in ASKED for options in ([], ["--admin"])]
    + [(TEMPORARY, [])],
)
def test_statement_is_answered(
    empty_pipeline: Pipeline, statement: str, options: list[str], capsys: CAPTURE
) -> None:
    at = ["--csv", "--config", str(empty_pipeline.config)]
    assert query.main([statement, *options, *at]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 1


def test_statement_without_rows_says_so(empty_pipeline: Pipeline, capsys: CAPTURE) -> None:
    statement = "CREATE TEMP TABLE mine (a INTEGER)"
    assert query.main([statement, "--config", str(empty_pipeline.config)]) == 0
    assert capsys.readouterr().err == "no rows (CREATE TABLE)\n"


@pytest.mark.parametrize("options", [[], ["--admin"]])
def test_comments_alone_are_an_empty_statement(
    empty_pipeline: Pipeline, options: list[str]
) -> None:
    at = [*options, "--config", str(empty_pipeline.config)]
    found = refused("query.py", "-- all of it\n/* a comment */", *at, code=2)
    assert found.error == "the statement is empty"
    assert found.hint == "leave it out to see the built-in questions"


def test_dash_is_a_statement_on_stdin(
    empty_pipeline: Pipeline, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("SELECT 1\n  AS one;\n"))
    assert query.main(["-", "--csv", "--config", str(empty_pipeline.config)]) == 0
    assert capsys.readouterr().out == "one\n1\n"


def test_command_of_psql_is_told_with_what_shows_the_columns(
    pipeline: Pipeline, capsys: CAPTURE
) -> None:
    at = ["--config", str(pipeline.config)]
    found = refused("query.py", "\\d songs", *at, code=2)
    assert found.error == r"\d is a command of psql, not a statement"
    _, statement = shlex.split(found.hint.removeprefix("columns: python "))
    assert query.main([statement, *at]) == 0
    assert "song_id" in capsys.readouterr().out


def test_empty_star_is_told_in_one_line(empty_pipeline: Pipeline, capsys: CAPTURE) -> None:
    assert query.main(["--config", str(empty_pipeline.config)]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "The star holds no plays yet; load it: python etl.py\n"


# ---------------------------------------------------------------------------- analysts

DENIED = {
    **{
        f"SELECT * FROM {table}": f"permission denied for relation {table}"
        for table in (
            *("staging_events", "staging_songs", "staging_files", "loaded_files"),
            *("load_runs", "load_steps", "rejected_records"),
        )
    },
    "INSERT INTO users SELECT * FROM users": "permission denied for relation users",
    "UPDATE songs SET year = 1": "permission denied for relation songs",
    "DELETE FROM songplays": "permission denied for relation songplays",
    "TRUNCATE time": "permission denied for relation time",
    "DROP TABLE artists": "must be owner of table artists",
    "ALTER TABLE users ADD COLUMN a INTEGER": "must be owner of table users",
    "SELECT user_id INTO copied FROM users": "permission denied for schema public",
    "GRANT SELECT ON rejected_records TO public": "permission denied for relation rejected_records",
    "LOCK staging_files": "permission denied for relation staging_files",
    "CREATE USER more PASSWORD DISABLE": "permission denied to create role",
    "CREATE ROLE more": "permission denied to create role",
}


@pytest.fixture
def loaded(pipeline: Pipeline) -> Pipeline:
    pipeline.songs({})
    pipeline.events({})
    pipeline.load()
    return pipeline


@pytest.mark.parametrize("statement", DENIED)
def test_analysts_neither_write_nor_see_more_than_the_star(
    loaded: Pipeline, statement: str
) -> None:
    before = loaded.star()
    found = refused("query.py", statement, "--config", str(loaded.config))
    assert found.error.startswith(DENIED[statement])
    hint = "analysts may only read the star; its owner asks with python query.py --admin"
    assert found.hint == hint
    assert loaded.star() == before
    assert not loaded.ask("SELECT 1 FROM pg_tables WHERE tablename = 'copied'")


def test_analysts_see_no_rejected_record_in_system_views_either(
    pipeline: Pipeline, capsys: CAPTURE
) -> None:
    pipeline.warehouse.run("CREATE TEMP TABLE loaded (a INTEGER)")
    pipeline.warehouse.load("loaded", '{"a": "secret"}', "FORMAT JSON 'auto' MAXERROR 2")
    count, at = "SELECT COUNT(*) AS n FROM stl_load_errors", ["--config", str(pipeline.config)]
    assert query.main([count, "--csv", *at]) == 0
    assert query.main([count, "--csv", "--admin", *at]) == 0
    assert capsys.readouterr().out == "n\n0\nn\n1\n"


def test_rights_are_given_again_to_tables_that_are_made_anew(
    loaded: Pipeline, capsys: CAPTURE
) -> None:
    at = ["--config", str(loaded.config)]
    assert run_script("create_tables.py", "--drop", "--yes", *at).returncode == 0
    assert run_script("create_tables.py", *at).returncode == 0
    capsys.readouterr()
    assert query.main(["SELECT COUNT(*) AS n FROM songplays", "--csv", *at]) == 0
    assert capsys.readouterr().out == "n\n0\n"


# ---------------------------------------------------------------------------- the operator

WRITING = [
    "SELECT user_id INTO copied FROM users",
    "WITH a AS (SELECT '39' AS b) DELETE FROM users USING a WHERE users.user_id = a.b",
    "TRUNCATE users",
]


@pytest.mark.parametrize("statement", WRITING)
def test_owner_only_asks_too(loaded: Pipeline, statement: str) -> None:
    before = loaded.star()
    found = refused("query.py", "--admin", statement, "--config", str(loaded.config))
    assert "read-only transaction" in found.error
    assert found.hint == "query.py only asks; load with python etl.py"
    assert loaded.star() == before
    assert not loaded.ask("SELECT 1 FROM pg_tables WHERE tablename = 'copied'")


# ---------------------------------------------------------------------------- what is printed


def test_what_the_output_cannot_encode_is_escaped(empty_pipeline: Pipeline) -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    at = ["--config", str(empty_pipeline.config)]
    done = run_script("query.py", "SELECT 'Caf\u00e9' AS place", *at, env=ascii_only)
    assert (done.returncode, done.stderr) == (0, "")
    assert r"Caf\xe9" in done.stdout
    found = refused("query.py", "SELECT \u00e9 FROM users", *at, env=ascii_only)
    assert found.error == r'column "\xe9" does not exist'
