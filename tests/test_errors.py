"""The errors people meet: one line says what went wrong, and one what to do about it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Cloud, Pipeline, write_config
from script_runs import SCRIPTS, change, refused, run_script

ASKING = SCRIPTS[1:4]
# A user who has set nothing up.
NOBODY = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The project's configuration, with a sandbox that does not run."""
    return write_config(tmp_path / "dwh.cfg", {"STATE": str(tmp_path / "state")})


# ---------------------------------------------------------------------------- the command line

USAGE = [
    ("etl.py", ["--fast"], "unrecognized arguments: --fast", "see python etl.py --help"),
    ("query.py", ["SELECT 1", "2"], "unrecognized arguments: 2", "see python query.py --help"),
    ("setup_env.py", ["--config"], "argument --config: expected one .*", ".* setup_env.py --help"),
    ("shutdown_env.py", ["--ye"], "unrecognized arguments: --ye", ".* shutdown_env.py --help"),
    ("query.py", ["--csv"], "--csv prints one result", "add a statement: .*"),
    ("query.py", [""], "the statement is empty", "leave it out .*"),
    ("query.py", [" \n"], "the statement is empty", "leave it out .*"),
    ("query.py", ["; ;"], "the statement is empty", "leave it out .*"),
    ("query.py", ["-- all of it\n/* a comment */"], "the statement is empty", "leave it out .*"),
]


@pytest.mark.parametrize(("script", "arguments", "error", "hint"), USAGE)
def test_wrong_command_line_is_refused(
    script: str, arguments: list[str], error: str, hint: str, config: Path
) -> None:
    found = refused(script, "--config", str(config), *arguments, code=2)
    assert re.fullmatch(error, found.error)
    assert re.fullmatch(hint, found.hint)


ENDING = [
    ("COMMIT", "COMMIT"),
    ("DELETE FROM users; commit", "COMMIT"),
    ("DELETE FROM users; -- now\n COMMIT", "COMMIT"),
    ("DELETE FROM users; /* now */ END", "END"),
    ("/* a /* b */ c */ TRUNCATE users", "TRUNCATE"),
    ("ROLLBACK; DELETE FROM users", "ROLLBACK"),
    ("ABORT; DELETE FROM users", "ABORT"),
    ("BEGIN; DELETE FROM users", "BEGIN"),
    ("VACUUM", "VACUUM"),
]


@pytest.mark.parametrize(("statement", "word"), ENDING)
def test_statement_that_could_not_be_rolled_back_is_refused(
    statement: str, word: str, config: Path
) -> None:
    found = refused("query.py", "--config", str(config), statement, code=2)
    assert found.error == f"query.py only asks, and {word} cannot be rolled back"


# ---------------------------------------------------------------------------- dwh.cfg

BROKEN = {
    "target_TARGET": "gcp",
    "aws_REGION": "mars",
    "cluster_PORT": "80",
    "cluster_NODES": "",
    "s3_LOG_DATA": "log_data",
    "sandbox_DATA": "nowhere",
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_all_faults_of_the_configuration_are_named_at_once(script: str, config: Path) -> None:
    path = change(config, **BROKEN)
    found = refused(script, "--config", path, code=2)
    assert found.error == "dwh.cfg has 6 faults"
    named = [re.match(r"\[(\w+)\] (\w+) ", line) for line in found.details]
    assert {f"{each[1]}_{each[2]}" for each in named if each} == BROKEN.keys()
    assert found.hint == "correct dwh.cfg: a comment above each key says what it means"


UNREADABLE = [
    (None, "No such file or directory"),
    (b"TARGET = sandbox\n", "no section headers"),
    (b"[target]\nTARGET = sandbox\nTARGET = aws\n", "already exists"),
    ("[target]\nTARGET = caf\u00e9\n".encode("latin-1"), "can't decode byte 0xe9"),
]


@pytest.mark.parametrize(("content", "reason"), UNREADABLE)
def test_configuration_that_cannot_be_read_is_named(
    content: bytes | None, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.cfg"
    if content is not None:
        path.write_bytes(content)
    found = refused("etl.py", "--config", str(path), code=2)
    assert found.error.startswith(f"{path} cannot be read: ")
    assert reason in found.error
    assert "--config FILE" in found.hint


# ---------------------------------------------------------------------------- what does not run


@pytest.mark.parametrize("script", ASKING)
def test_without_a_sandbox_it_says_how_to_start_one(script: str, config: Path) -> None:
    found = refused(script, "--config", str(config))
    assert (found.error, found.hint) == ("no sandbox is running", "start one: python setup_env.py")


def test_busy_port_is_named(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = refused("setup_env.py", "--config", change(config, sandbox_PORT=str(port)))
    assert found.error == f"the sandbox did not start: port {port} of 127.0.0.1 is in use"
    assert found.hint.startswith("choose another port, or 0")
    assert not (config.parent / "state").exists()


@pytest.mark.parametrize("script", ASKING)
def test_without_a_cluster_it_says_how_to_create_one(
    script: str, cloud: Cloud, config: Path
) -> None:
    state = str(Path(cloud.state.ca_file).parent)
    found = refused(script, "--config", change(config, sandbox_STATE=state))
    assert re.fullmatch(r"there is no such cluster \(.*Cluster sparkify not found.*\)", found.error)
    assert found.hint == "check REGION, or run python setup_env.py"


@pytest.mark.parametrize("script", SCRIPTS)
def test_without_credentials_aws_is_not_asked(script: str, config: Path) -> None:
    path = change(config, target_TARGET="aws", access_CLIENT_ADDRESS="192.0.2.1/32")
    found = refused(script, "--config", path, env=NOBODY)
    assert found.error.startswith("AWS credentials are missing or incomplete")
    assert "aws configure" in found.hint


def test_verbose_shows_where_it_went_wrong(config: Path) -> None:
    done = run_script("etl.py", "--verbose", "--config", str(config))
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert "in role_arn" in done.stderr
    assert done.stderr.splitlines()[-2] == "error: no sandbox is running"


# ---------------------------------------------------------------------------- the warehouse

ASKED = [
    (["SELEC 1"], 'syntax error at or near "SELEC"', "check the statement .*"),
    (["SELECT nope FROM users"], 'column "nope" does not exist', "see the columns in .*"),
    (
        ["SELECT 1 FROM nope"],
        'relation "nope" does not exist',
        ".*create_tables.py; .* check the name",
    ),
    (["SELECT 1 / 0"], "division by zero", "check the statement; nothing was changed"),
]


@pytest.mark.parametrize(("arguments", "error", "hint"), ASKED)
def test_statement_that_fails_is_explained(
    empty_pipeline: Pipeline, arguments: list[str], error: str, hint: str
) -> None:
    found = refused("query.py", *arguments, "--config", str(empty_pipeline.config))
    assert found.error == error
    assert re.fullmatch(hint, found.hint)


@pytest.mark.parametrize("script", ["etl.py", "query.py"])
def test_without_tables_it_says_how_to_create_them(script: str, empty_pipeline: Pipeline) -> None:
    for table in [*empty_pipeline.star(), "staging_events", "staging_songs"]:
        empty_pipeline.ask(f"DROP TABLE {table}")
    found = refused(script, "--config", str(empty_pipeline.config))
    assert re.fullmatch(r'relation "\w+" does not exist', found.error)
    assert "python create_tables.py" in found.hint


def test_other_database_than_the_clusters_is_refused(empty_pipeline: Pipeline) -> None:
    path = change(empty_pipeline.config, cluster_DATABASE="nowhere")
    found = refused("query.py", "--config", path)
    assert 'database "nowhere" does not exist' in found.error
    assert "DATABASE" in found.hint


def test_interrupted_load_changes_nothing_and_can_be_repeated(pipeline: Pipeline) -> None:
    pipeline.load()
    before = pipeline.star()
    pipeline.events({})
    other = pipeline.warehouse.another_connection()
    other.cursor().execute("LOCK staging_events")
    command = [sys.executable, str(ROOT / "etl.py"), "--config", str(pipeline.config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
        while not pipeline.ask(f"{waiting} '{pipeline.warehouse.database}'"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    other.close()
    assert process.returncode == 130
    assert said.splitlines() == [
        "error: stopped by Ctrl-C",
        "hint: run the same command again: that is safe",
    ]
    assert pipeline.star() == before
    pipeline.load()
    assert len(pipeline.star()["songplays"]) == 1
