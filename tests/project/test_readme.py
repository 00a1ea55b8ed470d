"""The README is true: its output, its diagram, its files, its commands."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, write_config
from waiting import HANG_SECONDS

import sql_queries

README = (ROOT / "README.md").read_text()
SCRIPTS = ("setup_env.py", "create_tables.py", "etl.py", "query.py")
TYPES = {"VARCHAR": "varchar", "DOUBLE PRECISION": "double"}


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """What the commands of `make run` print, as one stream."""
    folder = tmp_path_factory.mktemp("readme")
    config = write_config(folder / "dwh.cfg", {"STATE": str(folder / "state")})
    yield [line for script in SCRIPTS for line in run(script, config)]
    run("shutdown_env.py", config)


def run(script: str, config: Path) -> list[str]:
    command = [sys.executable, str(ROOT / script), "--config", str(config)]
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=HANG_SECONDS
    )
    assert result.returncode == 0, result.stdout
    return result.stdout.splitlines()


def without_measurements(line: str) -> str:
    """The line without what differs from run to run, and without the time that a log has."""
    line = re.sub(r"^\d\d:\d\d:\d\d ?", "", line)
    line = re.sub(r"^Run \S+, .* UTC", "Run N", line)
    line = re.sub(r"\d+\.\d+ s\)", "N s)", line)
    line = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", line)
    return re.sub(r" +\d+\.\d+$", " N", line.rstrip())


def test_output_is_what_make_run_prints(printed: list[str]) -> None:
    (block,) = re.findall(r"<!-- output of make run -->\n```text\n(.*?)```", README, re.DOTALL)
    lines = iter([without_measurements(line) for line in printed])
    for line in block.splitlines():
        if line != "...":
            assert without_measurements(line) in lines, line


def diagram_columns() -> dict[str, list[tuple[str, str]]]:
    found = re.findall(r"^    (\w+) \{\n(.*?)\n    \}", README, re.DOTALL | re.MULTILINE)
    return {name: re.findall(r"^ +(\w+) (\w+)", body, re.MULTILINE) for name, body in found}


@pytest.mark.parametrize("table", diagram_columns())
def test_diagram_shows_the_columns_of_the_table(table: str) -> None:
    statement = sql_queries.create_table_queries[table]
    columns = re.findall(r"^    (\w+) (VARCHAR|DOUBLE PRECISION|[A-Z]+)", statement, re.MULTILINE)
    expected = [(TYPES.get(kind, kind.lower()), name) for name, kind in columns if name.islower()]
    assert diagram_columns()[table] == expected


def test_diagram_has_every_table_of_the_star() -> None:
    assert set(diagram_columns()) == set(sql_queries.star_tables)


def test_files_that_it_names_are_there() -> None:
    (table,) = re.findall(r"## Files\n(.*?)\n## ", README, re.DOTALL)
    names = re.findall(
        r"`([\w./]+)`", "\n".join(row.split("|")[1] for row in table.splitlines() if "`" in row)
    )
    assert len(names) > 10
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_top_level_files_are_all_named() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    scripts = {name for name in listed.stdout.split() if re.fullmatch(r"\w+\.(py|cfg)", name)}
    assert {name for name in scripts if f"`{name}`" not in README} == set()


def test_make_targets_that_it_names_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"make (\w+)", README))
    assert {"run", "test", "stop", "help", "check", "bench"} <= targets
    assert [name for name in targets if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


COMMANDS = [
    line.split("#")[0].strip()
    for line in README.splitlines()
    if line.startswith("    python query.py")
]


@pytest.mark.parametrize("command", COMMANDS)
def test_queries_that_it_shows_work(
    printed: list[str], command: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = next(tmp_path_factory.getbasetemp().glob("readme*"))
    _, script, *arguments = shlex.split(command)
    arguments += ["--config", str(folder / "dwh.cfg")]
    result = subprocess.run(
        [sys.executable, str(ROOT / script), *arguments],
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) > 2


def test_exit_codes_are_those_of_the_scripts() -> None:
    from dwh import errors

    codes = {int(code) for code in re.findall(r"(\d+) (?:done|failed|wrong|the data|Ctrl)", README)}
    classes = (errors.DwhError, errors.UsageError, errors.ChecksError)
    assert codes == {0, 130, *(each.exit_code for each in classes)}
