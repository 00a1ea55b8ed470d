"""What query.py asks of the warehouse, and what it refuses to send there."""

from __future__ import annotations

import pytest
from conftest import Pipeline
from script_runs import refused, run_script

import query
from dwh.errors import UsageError

ONLY_ASKS = "query.py only asks: SELECT, WITH, EXPLAIN or SHOW"
ONE = "query.py runs one statement"
UNCLEAR = "query.py takes no $$ and no nested comments"
REFUSED = [
    ("COMMIT", ONLY_ASKS),
    ("end", ONLY_ASKS),
    ("VACUUM;", ONLY_ASKS),
    ("DELETE FROM users", ONLY_ASKS),
    ("DROP TABLE songs", ONLY_ASKS),
    ("TRUNCATE users", ONLY_ASKS),
    ("/* SELECT */ TRUNCATE users", ONLY_ASKS),
    ("-- SELECT\rTRUNCATE users", ONLY_ASKS),
    ("UNLOAD ('SELECT * FROM users') TO 's3://bucket/key' IAM_ROLE default", ONLY_ASKS),
    ("CALL purge()", ONLY_ASKS),
    ("ALTER TABLE songplays APPEND FROM staging_plays", ONLY_ASKS),
    ("SELECTED", ONLY_ASKS),
    ("SELECT 1; LOCK users", ONE),
    ("SELECT 1; COMMIT;", ONE),
    ("SELECT 1 -- one\r; COMMIT", ONE),
    ("; SELECT 1", ONE),
    ("SELECT 'it''s'; TRUNCATE users --'", ONE),
    (r"SELECT 'it\'s'; TRUNCATE users --'", ONE),
    ("/* a /* b */ SELECT */ TRUNCATE users", UNCLEAR),
    ("SELECT $$'$$; TRUNCATE users; SELECT $$'$$", UNCLEAR),
    ("SELECT $a$'$a$; TRUNCATE users; SELECT $a$'$a$", UNCLEAR),
]


@pytest.mark.parametrize(("statement", "error"), REFUSED)
def test_statement_that_does_not_only_ask_is_refused(statement: str, error: str) -> None:
    with pytest.raises(UsageError) as refusal:
        query.check(statement, as_csv=False)
    assert refusal.value.what == error


ALLOWED = [
    "SELECT 1;",
    "select 1 ; ;\n",
    "WITH a AS (SELECT 1 AS b) SELECT b FROM a",
    "EXPLAIN SELECT 1",
    "SHOW server_version",
    "(SELECT 1) UNION ALL (SELECT 2)",
    "-- a ; comment\n/* and; another */ SELECT 1 -- the end;",
    "SELECT ';', '$$', '/*', \"column\" FROM (SELECT 1 AS \"column\") AS \"a;b\"",
]


@pytest.mark.parametrize("statement", ALLOWED)
def test_statement_that_only_asks_is_answered(
    empty_pipeline: Pipeline, statement: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert query.main([statement, "--csv", "--config", str(empty_pipeline.config)]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 1


WRITING = [
    "SELECT user_id INTO copied FROM users",
    "WITH a AS (SELECT '39' AS b) DELETE FROM users USING a WHERE users.user_id = a.b",
]


@pytest.mark.parametrize("statement", WRITING)
def test_statement_that_writes_all_the_same_changes_nothing(
    pipeline: Pipeline, statement: str
) -> None:
    pipeline.events({})
    pipeline.load()
    before = pipeline.star()
    found = refused("query.py", statement, "--config", str(pipeline.config))
    assert "read-only transaction" in found.error
    assert found.hint == "query.py only asks; load with python etl.py"
    assert pipeline.star() == before
    assert not pipeline.ask("SELECT 1 FROM pg_tables WHERE tablename = 'copied'")


def test_what_the_output_cannot_encode_is_escaped(empty_pipeline: Pipeline) -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    at = ["--config", str(empty_pipeline.config)]
    done = run_script("query.py", "SELECT 'Caf\u00e9' AS place", *at, env=ascii_only)
    assert (done.returncode, done.stderr) == (0, "")
    assert r"Caf\xe9" in done.stdout
    found = refused("query.py", "SELECT \u00e9 FROM users", *at, env=ascii_only)
    assert found.error == r'column "\xe9" does not exist'
