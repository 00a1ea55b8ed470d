"""Measure the pipeline against its targets, and COPY against PostgreSQL's own.

Seconds on their own say little, as machines differ: COPY is set against `COPY FROM STDIN` of the
same rows as ready-made CSV into the same table of the same server, one after the other.

example:
  python -m benchmarks.bench --events 1000000
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2.extensions

import aws
import dwh
import sql_queries
from loading import files
from sandbox import control, sample_data
from terminal import print_table
from warehouse import connect, wait

ROOT = Path(__file__).parent.parent
WORK = ROOT / "build" / "bench"
SCRIPTS = ("setup_env.py", "create_tables.py", "etl.py", "query.py")
FILES = 10


class Figure(NamedTuple):
    """One measurement and what it may be at most."""

    name: str
    value: float
    unit: str
    target: float | None


def main() -> int:
    """Run all and print the table; 1 if a target is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000, help="events to stage")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the median counts")
    options = parser.parse_args()
    shutil.rmtree(WORK, ignore_errors=True)
    figures = [*measure_scripts(), *measure_copy(options.events, options.rounds)]
    shutil.rmtree(WORK, ignore_errors=True)
    print(f"{date.today()}, {machine()}")
    rows = [(f.name, f"{f.value:.2f} {f.unit}", verdict(f)) for f in figures]
    print_table("Speed", ("measured", "value", "at most"), rows)
    return 1 if any(f.target and f.value > f.target for f in figures) else 0


def verdict(figure: Figure) -> str:
    """The target, and whether it is missed."""
    if figure.target is None:
        return ""
    missed = " MISSED" if figure.value > figure.target else ""
    return f"{figure.target:g} {figure.unit}{missed}"


def measure_scripts() -> list[Figure]:
    """Seconds that the scripts take on the sample data, from no sandbox at all."""
    config = write_config("sample")
    seconds = {script: timed(partial(run, script, config)) for script in SCRIPTS}
    run("shutdown_env.py", config)
    return [
        Figure("etl.py on the sample data", seconds["etl.py"], "s", 6),
        Figure("setup_env, create_tables, etl, query", sum(seconds.values()), "s", 15),
    ]


def measure_copy(events: int, rounds: int) -> list[Figure]:
    """Staging generated events through COPY, and as CSV straight into PostgreSQL."""
    config = write_config(str(make_bucket(events)))
    run("setup_env.py", config)
    run("create_tables.py", config)
    try:
        return compare_copies(dwh.load_config(config), events, rounds)
    finally:
        run("shutdown_env.py", config)


def compare_copies(config: dwh.Config, events: int, rounds: int) -> list[Figure]:
    """Load small, for the memory it takes; then all, both ways in turn."""
    state = control.read_state(Path(config.sandbox_state))
    csv = WORK / "events.csv"
    with connect(config) as warehouse, closing(straight(config, state)) as postgres:
        load(config, warehouse, f"{config.log_data}/0")
        small = peak_memory(state.pid)
        through, direct = [], []
        for _ in range(rounds):
            through.append(timed(lambda: load(config, warehouse, config.log_data)))
            if not csv.exists():
                without_callback(lambda: export(postgres, csv))
            direct.append(without_callback(lambda: load_csv(postgres, csv)))
    ratio = statistics.median(a / b for a, b in zip(through, direct, strict=True))
    grown = peak_memory(state.pid) / small
    name = f"{events:,} events"
    return [
        Figure(f"COPY of {name}", statistics.median(through), "s", None),
        Figure(f"COPY FROM STDIN of {name} as CSV", statistics.median(direct), "s", None),
        Figure("the first over the second", ratio, "times", 3),
        Figure(f"sandbox's peak memory, {name} over {events // FILES:,}", grown, "times", None),
        Figure("sandbox's peak memory", peak_memory(state.pid), "MB", None),
    ]


def load(config: dwh.Config, warehouse: Any, source: str) -> None:
    """Fill the staging table by COPY from S3."""
    with warehouse.cursor() as cursor:
        cursor.execute("DELETE FROM staging_events")
        cursor.execute(copy_statement(config, source))
    warehouse.commit()


def copy_statement(config: dwh.Config, source: str) -> str:
    """The pipeline's COPY of events, from another source."""
    role, table = aws.role_arn(config), "staging_events"
    listed = files.list_files(aws.s3_client(config), "LOG_DATA", source)
    manifest = files.write_lists(config, role, {table: listed}, {})[table][0].url
    return sql_queries.copy_query(
        table, manifest, config.log_json_paths, role, config.s3_region, max_error=1
    )


def load_csv(postgres: Any, csv: Path) -> None:
    """Fill the same table by PostgreSQL's own COPY."""
    with postgres, postgres.cursor() as cursor, csv.open("rb") as stream:
        cursor.execute("DELETE FROM staging_events")
        cursor.copy_expert("COPY staging_events FROM STDIN (FORMAT csv)", stream)


def export(postgres: Any, csv: Path) -> None:
    """Write the staged rows as CSV."""
    with postgres, postgres.cursor() as cursor, csv.open("wb") as stream:
        cursor.copy_expert("COPY staging_events TO STDOUT (FORMAT csv)", stream)


def without_callback(action: Callable[[], object]) -> float:
    """Time psycopg2's own COPY, which the callback that lets Ctrl-C through forbids."""
    psycopg2.extensions.set_wait_callback(None)
    try:
        return timed(action)
    finally:
        psycopg2.extensions.set_wait_callback(wait)


def straight(config: dwh.Config, state: control.State) -> Any:
    """A connection to the PostgreSQL behind the warehouse, past the proxy."""
    (socket,) = Path(state.runtime_folder).glob("c*/.s.PGSQL.5432")
    return psycopg2.connect(host=str(socket.parent), user="rdsdb", dbname=config.database)


def make_bucket(events: int) -> Path:
    """A folder of buckets with so many generated events."""
    bucket = WORK / "buckets" / "bench"
    (bucket / "log_data").mkdir(parents=True)
    lines = iter(sample_data.generated_events(events))
    for number in range(FILES):
        with (bucket / "log_data" / f"{number}.json").open("wb") as stream:
            stream.writelines(line.rstrip(b"\n") + b"\n" for line in islice(lines, events // FILES))
    paths = dict(islice(sample_data.sample_objects(), 1))
    (bucket / "log_json_path.json").write_bytes(paths["log_json_path.json"])
    return bucket.parent


def write_config(data: str) -> Path:
    """The project's configuration with other data and a state folder of its own."""
    WORK.mkdir(parents=True, exist_ok=True)
    changed = {"DATA": data, "STATE": str(WORK / "state")}
    if data != "sample":
        changed |= {
            "LOG_DATA": "s3://bench/log_data",
            "LOG_JSON_PATHS": "s3://bench/log_json_path.json",
        }
    text = (ROOT / "dwh.cfg").read_text()
    for key, value in changed.items():
        text = re.sub(rf"(?m)^{key} *=.*$", f"{key} = {value}", text)
    path = WORK / "dwh.cfg"
    path.write_text(text)
    return path


def run(script: str, config: Path) -> None:
    """Run a script as a user does."""
    command = [sys.executable, str(ROOT / script), "--config", str(config)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def timed(action: Callable[[], object]) -> float:
    """Seconds that something takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def peak_memory(pid: int) -> float:
    """The largest resident size that a process has had, in MB; 0 where Linux's /proc is not."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) / 1024 if found else 0.0


def machine() -> str:
    """What it was measured on."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
