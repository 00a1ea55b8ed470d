"""Running the scripts as their users do, and reading what they say when they fail."""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from conftest import EVENT, MASTER, ROOT, SONG, Cloud, write_config
from waiting import HANG_SECONDS
from warm_processes import run_warm

from dwh import terminal
from sandbox import control

SCRIPTS = ["setup_env.py", "create_tables.py", "etl.py", "query.py", "shutdown_env.py"]
# The length and the letters of the passwords that GetClusterCredentials gives out.
PASSWORD = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])")


# What Python itself reads when it starts.
READ_AT_START = {"PYTHONPATH", "PYTHONIOENCODING", "PYTHONUTF8", "LANG", "LC_ALL"}


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables that a script gets: nothing of the user's own AWS."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return own | dict(more or {})


def run_script(
    name: str, *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a script, its output in pipes and nobody at the keyboard."""
    variables = environment(env)
    run = run_cold if READ_AT_START.intersection(env or ()) else run_warm
    done = without_times(run(ROOT / name, arguments, variables))
    assert not PASSWORD.search(done.stdout + done.stderr)
    return done


def without_times(
    done: subprocess.CompletedProcess[str],
) -> subprocess.CompletedProcess[str]:
    """The run without the time that stands before each line of a log."""
    done.stderr = "".join(map(after_time, done.stderr.splitlines(keepends=True)))
    return done


def after_time(line: str) -> str:
    """What a line of a log says, after the time, which it must have."""
    found = re.fullmatch(r"\d\d:\d\d:\d\d ?(.*)", line, re.DOTALL)
    assert found, line
    return found[1]


def run_cold(
    script: Path, arguments: tuple[str, ...], env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a script in a Python of its own."""
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )


@dataclass
class Complaint:
    """What a script that failed has said."""

    error: str
    details: list[str]
    hint: str
    progress: list[str]


def refused(
    script: str, *arguments: str, code: int = 1, env: Mapping[str, str] | None = None
) -> Complaint:
    """Run a script that must fail, and in the agreed form; what it said."""
    done = run_script(script, *arguments, env=env)
    assert done.returncode == code, done.stderr
    return read_complaint(done.stdout, done.stderr)


def refused_here(
    script: Any,
    *arguments: str,
    said: pytest.CaptureFixture[str] | None = None,
    code: int = 1,
) -> Complaint:
    """Run a script in this process, where it must fail, and in the agreed form.

    `said` is told to forget what was printed before.
    """
    if said:
        said.readouterr()
    out, err = StringIO(), StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        patch.setattr(sys, "argv", [script.__name__])
        found = terminal.run_script(lambda: script.main(list(arguments)))
    assert found == code, err.getvalue()
    said_there = "".join(map(after_time, err.getvalue().splitlines(keepends=True)))
    return read_complaint(out.getvalue(), said_there)


def read_complaint(printed: str, said: str) -> Complaint:
    """The complaint that ends what a script has said."""
    assert printed == ""
    assert "Traceback" not in said
    lines = said.splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("error: "))
    error, *details, hint = lines[first:]
    assert all(line.startswith("  ") for line in details), said
    assert hint.startswith("hint: "), said
    return Complaint(
        error.removeprefix("error: "),
        [line[2:] for line in details],
        hint.removeprefix("hint: "),
        lines[:first],
    )


def change(config: Path, **settings: str) -> str:
    """Write other values into a configuration, `section_KEY` by `section_KEY`; its path."""
    file = configparser.ConfigParser(interpolation=None)
    file.read(config)
    for name, value in settings.items():
        section, _, key = name.partition("_")
        assert key in file[section]
        file[section][key] = value
    with config.open("w") as stream:
        file.write(stream)
    return str(config)


# A catalogue and a log with one match, a user of either level, and a name that would steer a
# terminal.
SONGS = [SONG, SONG | {"song_id": "SO2", "title": "[red]\x1b[31m", "artist_id": "AR2"}]
EVENTS = [
    EVENT,
    EVENT | {"itemInSession": 1, "song": "[red]\x1b[31m", "artist": "Another"},
    EVENT | {"userId": "40", "sessionId": 2, "level": "paid", "location": None},
    EVENT | {"userId": "", "page": "Home"},
]


@dataclass
class Site:
    """A configuration whose sandbox the scripts themselves start and stop."""

    config: Path

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script that must succeed."""
        done = run_script(script, "--config", str(self.config), *arguments)
        assert done.returncode == 0, done.stderr
        return done

    @property
    def state(self) -> Path:
        """The state folder of the sandbox."""
        return self.config.parent / "state"

    @property
    def cloud(self) -> Cloud:
        """The running sandbox."""
        return Cloud(control.read_state(self.state))

    def star(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the star, in a fixed order."""
        found = {}
        connection = self.cloud.connect("sparkify", "sparkify")
        with connection.cursor() as cursor:
            for table in ("songplays", "users", "songs", "artists", "time"):
                cursor.execute(f"SELECT * FROM {table}")
                found[table] = sorted(cursor.fetchall(), key=repr)
        connection.close()
        return found


def make_site(folder: Path) -> Site:
    """Write a small folder of buckets, and a configuration that names it."""
    files: dict[str, list[dict[str, Any]]] = {
        "events/log_data/2018/11/2018-11-01-events.json": EVENTS,
        "catalogue/song_data/A/one.json": SONGS[:1],
        "catalogue/song_data/B/two.json": SONGS[1:],
        "events/paths.json": [{"jsonpaths": [f"$['{key}']" for key in EVENT]}],
    }
    for name, records in files.items():
        path = folder / "buckets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
    settings = {
        "USER": MASTER,
        "LOG_DATA": "s3://events/log_data",
        "LOG_JSON_PATHS": "s3://events/paths.json",
        "SONG_DATA": "s3://catalogue/song_data",
        "DATA": "buckets",
        "STATE": "state",
    }
    return Site(write_config(folder / "dwh.cfg", settings))
