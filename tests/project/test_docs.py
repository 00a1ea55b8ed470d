"""What docs/ says of the load is what the load does."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT, Pipeline
from script_runs import run_script

import sql_queries
from dwh.loading.sql_checks import staged_checks, star_checks
from dwh.loading.sql_required import KINDS

LOADING = (ROOT / "docs" / "loading.md").read_text()
RECORDS = ("loaded_files", "load_runs", "load_steps", "rejected_records")


def rows(heading: str) -> list[list[str]]:
    """The rows of the table under a heading."""
    part = LOADING.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_checks_are_those_of_the_load() -> None:
    files, star = zip(*rows("The checks"), strict=True)
    assert [name for name in files if name] == list(staged_checks)
    assert list(star) == list(star_checks)


def test_required_values_are_those_of_the_load() -> None:
    named: dict[str, list[str]] = {}
    for kind, columns, _ in rows("Required values"):
        named.setdefault(kind, []).extend(columns.split(", "))
    wanted = {kind.name: sorted(kind.columns) for kind in KINDS}
    assert {kind: sorted(columns) for kind, columns in named.items()} == wanted


def test_tables_on_record_have_the_columns_that_it_names() -> None:
    found = {name.strip("`"): columns.split(", ") for name, _, columns in rows("What is on record")}
    assert found.keys() == set(RECORDS)
    for table, columns in found.items():
        statement = sql_queries.create_table_queries[table]
        assert re.findall(r"(?m)^    ([a-z_]+) [A-Z]", statement) == columns


PERFORMANCE = (ROOT / "docs" / "performance.md").read_text()
SHOWN = re.findall(r'(?m)^    python query\.py --admin "(.*)"$', LOADING + PERFORMANCE)
QUERIES = [statement.replace('\\"', '"') for statement in SHOWN]


@pytest.mark.parametrize("statement", QUERIES)
def test_queries_that_it_shows_work(empty_pipeline: Pipeline, statement: str) -> None:
    done = run_script("query.py", "--admin", statement, "--config", str(empty_pipeline.config))
    assert done.returncode == 0, done.stderr


def test_view_that_it_shows_names_columns_of_the_fact() -> None:
    (columns,) = re.findall(r"(?m)^ +SELECT (.*) FROM songplays$", PERFORMANCE)
    fact = re.findall(r"(?m)^    ([a-z_]+) [A-Z]", sql_queries.songplays_create)
    assert set(columns.split(", ")) < set(fact)


def test_statements_whose_rows_move_are_those_of_the_transform() -> None:
    table = PERFORMANCE.partition("| statement |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(batch_[a-z]+|song_matches|rematched_plays)`", table))
    made = "".join(each for many in sql_queries.transform_queries.values() for each in many)
    assert named == set(re.findall(r"CREATE TEMP TABLE (\w+)", made)) - {"touched_songs"}


def test_statuses_are_those_of_the_runs() -> None:
    (sentence,) = re.findall(r"The status of a run is (.*?)\(by Ctrl-C\)", LOADING, re.DOTALL)
    named = set(re.findall("`([a-z ]+)`", sentence))
    source = (ROOT / "dwh" / "loading" / "run_log.py").read_text() + sql_queries.run_begin
    assert named == {"running", "loaded", "nothing new", "failed", "interrupted"}
    assert all(f'"{status}"' in source or f"'{status}'" in source for status in named)


def test_files_that_it_shows_make_a_star(empty_pipeline: Pipeline) -> None:
    text = (ROOT / "docs" / "own-files.md").read_text()
    events, song, paths = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    files = {"log_data/1.json": events, "song_data/A/one.json": song, "log_json_path.json": paths}
    for key, body in files.items():
        empty_pipeline.warehouse.put(key, body)
    empty_pipeline.load()
    star = {table: len(rows) for table, rows in empty_pipeline.star().items()}
    assert star == dict.fromkeys(sql_queries.star_tables, 1)
    assert empty_pipeline.ask("SELECT song_id FROM songplays") == [("SOLANTERN",)]


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "sandbox/README.md"])
def test_files_that_it_names_are_there(document: str) -> None:
    named = re.findall(r"`([\w/.]+\.(?:py|md|sql|txt|cfg))`", (ROOT / document).read_text())
    there = [f"/{path.relative_to(ROOT)}" for path in ROOT.glob("*.*")]
    for folder in ("dwh", "sandbox", "tests", "docs"):
        there += [f"/{path.relative_to(ROOT)}" for path in (ROOT / folder).rglob("*.*")]
    assert len(named) > 10
    assert [name for name in named if not any(path.endswith(f"/{name}") for path in there)] == []
