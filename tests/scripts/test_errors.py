"""The errors people meet: one line says what went wrong, and one what to do about it."""

from __future__ import annotations

import errno
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import gettempdir

import psycopg2
import pytest
from conftest import ROOT, Cloud, Pipeline, write_config
from script_runs import SCRIPTS, after_time, change, refused, run_script
from waiting import HANG_SECONDS, wait_until

import sql_queries
from dwh.errors import explain

ASKING = SCRIPTS[1:4]


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
]


@pytest.mark.parametrize(("script", "arguments", "error", "hint"), USAGE)
def test_wrong_command_line_is_refused(
    script: str, arguments: list[str], error: str, hint: str, config: Path
) -> None:
    found = refused(script, "--config", str(config), *arguments, code=2)
    assert re.fullmatch(error, found.error)
    assert re.fullmatch(hint, found.hint)


# ---------------------------------------------------------------------------- dwh.cfg

BROKEN = {
    "target_TARGET": "gcp",
    "aws_REGION": "mars",
    "warehouse_PORT": "80",
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


def test_file_that_cannot_be_written_is_named(config: Path) -> None:
    path = change(config, sandbox_STATE=str(config / "state"))
    found = refused("setup_env.py", "--config", path)
    assert found.error.startswith(f"cannot write {config}")
    assert found.error.endswith("(Not a directory)")
    assert "STATE is in dwh.cfg" in found.hint


@pytest.mark.parametrize("script", ASKING)
def test_without_a_cluster_it_says_how_to_create_one(
    script: str, cloud: Cloud, config: Path
) -> None:
    state = str(Path(cloud.state.ca_file).parent)
    path = change(config, sandbox_STATE=state, sandbox_DATA=cloud.state.data)
    found = refused(script, "--config", path)
    if script == "query.py":
        role = "arn:aws:iam::123456789012:role/sparkify-dwh/sparkify-analyst"
        assert found.error == f"AWS denies sts:AssumeRole on {role}"
        assert found.hint.endswith("if there is no such role yet, run python setup_env.py")
        found = refused(script, "--admin", "--config", path)
    assert re.fullmatch(r"there is no such cluster \(.*Cluster sparkify not found.*\)", found.error)
    assert found.hint == "check IDENTIFIER and REGION, or run python setup_env.py"


@pytest.mark.parametrize("script", SCRIPTS[:4])
def test_sandbox_with_other_data_is_to_be_stopped_first(
    script: str, cloud: Cloud, config: Path
) -> None:
    state = str(Path(cloud.state.ca_file).parent)
    found = refused(script, "--config", change(config, sandbox_STATE=state))
    assert found.error == f"a sandbox is running with other data: {cloud.state.data}"
    assert found.hint == "stop it first: python shutdown_env.py"


def test_verbose_shows_where_it_went_wrong(config: Path) -> None:
    done = run_script("etl.py", "--verbose", "--config", str(config))
    assert done.returncode == 1
    assert done.stderr.splitlines()[1] == "Traceback (most recent call last):"
    assert "in available_warehouse" in done.stderr
    assert done.stderr.splitlines()[-2] == "error: no sandbox is running"


@pytest.mark.parametrize(("file", "place"), [("load.log", "load.log"), (None, gettempdir())])
def test_full_disk_is_told_with_its_place(file: str | None, place: str) -> None:
    found = explain(OSError(errno.ENOSPC, "No space left on device", file))
    assert found.what == f"a disk is full ({place})"
    assert "TMPDIR" in found.hint


# ---------------------------------------------------------------------------- the warehouse

ASKED = [
    (["SELECT FROM FROM users"], 'syntax error at or near "FROM"', "check the statement .*"),
    (["SELECT nope FROM users"], 'column "nope" does not exist', "check the name; .*"),
    (
        ["SELECT 1 FROM stl_query"],
        'relation "stl_query" does not exist',
        "this warehouse has no such system view: check the name",
    ),
    (
        ["SELECT 1 FROM nope"],
        'relation "nope" does not exist',
        "check the name; .* python create_tables.py makes it",
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
    for table in sql_queries.create_table_queries:
        empty_pipeline.ask(f"DROP TABLE {table}")
    found = refused(script, "--config", str(empty_pipeline.config))
    assert re.fullmatch(
        r'relation "\w+" does not exist|these tables are not there: .*', found.error
    )
    assert "python create_tables.py" in found.hint


def test_other_database_than_the_clusters_is_refused(empty_pipeline: Pipeline) -> None:
    path = change(empty_pipeline.config, warehouse_DATABASE="nowhere")
    found = refused("query.py", "--config", path)
    assert 'database "nowhere" does not exist' in found.error
    assert "DATABASE" in found.hint


WAITING = """
SELECT 1 FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = CURRENT_DATABASE()
"""


def test_interrupted_load_changes_nothing_and_can_be_repeated(pipeline: Pipeline) -> None:
    pipeline.load()
    before = pipeline.star()
    pipeline.events({})
    other = pipeline.warehouse.another_connection()
    other.cursor().execute("LOCK staging_files")
    command = [sys.executable, str(ROOT / "etl.py"), "--config", str(pipeline.config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert after_time(process.stderr.readline()).startswith("Run 2")
        waits = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=HANG_SECONDS)
    assert after_time(waits) == "staging tables: waiting for another load (1 s)\n"
    assert process.returncode == 130
    stopped, *error = map(after_time, said.splitlines())
    assert re.fullmatch(r"staging tables: interrupted \(\d\.\d s\)", stopped)
    assert error == [
        "error: interrupted by Ctrl-C",
        "hint: run the same command again: that is safe",
    ]
    wait_until(lambda: not pipeline.ask(WAITING))
    other.close()
    assert pipeline.star() == before
    pipeline.load()
    assert len(pipeline.star()["songplays"]) == 1


def test_dropping_tables_says_that_it_waits_for_a_load(pipeline: Pipeline) -> None:
    other = pipeline.warehouse.another_connection()
    other.cursor().execute("LOCK staging_files")
    command = [sys.executable, str(ROOT / "create_tables.py"), "--drop"]
    command += ["--config", str(pipeline.config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        waits = process.stderr.readline()
        other.close()
        process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 0
    assert after_time(waits) == "tables: waiting for a load (1 s)\n"


# ---------------------------------------------------------------------------- the connection

LOST = [
    psycopg2.OperationalError("SSL SYSCALL error: EOF detected\n"),
    psycopg2.OperationalError("server closed the connection unexpectedly\n\tThis probably means"),
    psycopg2.OperationalError("could not receive data from server: Connection timed out"),
    psycopg2.OperationalError("SSL connection has been closed unexpectedly"),
    psycopg2.InterfaceError("connection already closed"),
]


@pytest.mark.parametrize("error", LOST, ids=str)
def test_lost_connection_is_called_lost(error: psycopg2.Error) -> None:
    found = explain(error)
    assert found.what.startswith("the connection to the warehouse was lost (")
    assert found.hint == "run the script again: that is safe"


AT = 'connection to server at "example.org" (192.0.2.1), port 5439 failed: '
NO_CONNECTION = [
    ("timeout expired", "is your address let in"),
    ("received invalid response to SSL negotiation: H", "something between you"),
    ("Connection timed out", "is your address let in"),
    ("Connection refused", "is your address let in"),
    ("SSL error: certificate verify failed", "something between you"),
    ("server does not support SSL, but SSL was required", "something between you"),
    ('FATAL:  password authentication failed for user "a"', "USER and DATABASE"),
    ("server closed the connection unexpectedly", "run the script again"),
]


@pytest.mark.parametrize(("reason", "hint"), NO_CONNECTION)
def test_failed_login_is_no_lost_connection(reason: str, hint: str) -> None:
    found = explain(psycopg2.OperationalError(AT + reason))
    assert found.what == f"no connection to the warehouse ({AT}{reason})"
    assert found.hint.startswith(hint)


def test_error_of_the_driver_itself_is_no_lost_connection() -> None:
    assert explain(psycopg2.ProgrammingError("no results to fetch")).what == "no results to fetch"
