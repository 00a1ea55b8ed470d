"""Running the scripts as a user does, and measuring them."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2
import psycopg2.extensions

from benchmarks.inputs import ROOT
from dwh.config import Config, load_config
from dwh.terminal import MEGABYTE
from sandbox import control


class Figure(NamedTuple):
    """One measurement and what it may be at most."""

    name: str
    value: float
    unit: str
    target: float | None = None

    @property
    def is_missed(self) -> bool:
        """Whether it is more than it may be."""
        return self.target is not None and self.value > self.target


def run(script: str, config: Path, *options: str) -> float:
    """Run a script that must succeed; the seconds that it takes."""
    command = [sys.executable, str(ROOT / script), "--config", str(config), *options]
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{script} has failed: {done.stderr}")
    return time.perf_counter() - begun


@contextmanager
def environment(config: Path) -> Iterator[Config]:
    """An environment with empty tables, for the time of the block."""
    run("setup_env.py", config)
    try:
        run("create_tables.py", config)
        yield load_config(config)
    finally:
        run("shutdown_env.py", config)


def ask(config: Config, statement: str) -> list[tuple[Any, ...]]:
    """What the PostgreSQL behind the warehouse answers."""
    with closing(psycopg2.connect(host=socket(config), user="rdsdb", dbname=config.database)) as db:
        cursor = db.cursor()
        cursor.execute(statement)
        found = cursor.fetchall() if cursor.description else []
        db.commit()
    return found


def tidy(config: Config) -> None:
    """Do at once what PostgreSQL and Redshift do by themselves when there is time."""
    with closing(psycopg2.connect(host=socket(config), user="rdsdb", dbname=config.database)) as db:
        db.autocommit = True
        db.cursor().execute("VACUUM ANALYZE")


def state(config: Config) -> control.State:
    """The running sandbox."""
    return control.read_state(Path(config.sandbox_state))


def socket(config: Config) -> str:
    """The folder of the socket of the PostgreSQL behind the warehouse."""
    (found,) = Path(state(config).runtime_folder).glob("c*/.s.PGSQL.5432")
    return str(found.parent)


def timed(action: Callable[[], object]) -> float:
    """Seconds that something takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def peak_of_process(pid: int) -> float:
    """The largest resident size that a process has had, in MB; 0 where Linux's /proc is not."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) * 1024 / MEGABYTE if found else 0.0


class Peak(NamedTuple):
    """What a program has needed: seconds, and its largest resident size in MB."""

    seconds: float
    megabytes: float


def measured(*arguments: str) -> Peak:
    """Run Python with arguments from the project's folder; it must succeed."""
    command = [sys.executable, "-m", "benchmarks.peak", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{arguments[:2]} has failed: {done.stderr[-2000:]}")
    return Peak(*map(float, done.stdout.split()))
