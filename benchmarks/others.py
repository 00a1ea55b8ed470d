"""The same job, done by what people use for it locally, side by side."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg2

from benchmarks import inputs
from benchmarks.contenders.plain_star import ANSWERS
from benchmarks.running import (
    Figure,
    Peak,
    ask,
    environment,
    measured,
    peak_of_process,
    state,
)
from sandbox.postgres.server import DISPOSABLE, Postgres, runtime_folder

EVENTS, SONGS = 50_000, 5_000
PACKAGES = ("pandas", "sqlalchemy", "dlt", "duckdb")
Star = dict[str, list[tuple[Any, ...]]]


def measure(folder: Path, rounds: int) -> list[Figure]:
    """Each in turn, some times; their stars must be the same."""
    if missing := [name for name in PACKAGES if not find_spec(name)]:
        raise SystemExit(
            f"error: {', '.join(missing)} cannot be imported\n"
            "hint: pip install -r requirements-bench.txt, as make bench does"
        )
    buckets = inputs.write_buckets(folder / "buckets", EVENTS, SONGS)
    bucket = buckets / inputs.BUCKET
    ways: dict[str, Callable[[], tuple[Peak, Star]]] = {
        "etl.py": lambda: by_the_pipeline(folder, buckets),
        "pandas, SQLAlchemy, row by row": lambda: by_postgres("pandas_rows", bucket),
        "pandas, to_sql": lambda: by_postgres("pandas_frames", bucket),
        "dlt, PostgreSQL": lambda: by_postgres("dlt_postgres", bucket),
        "DuckDB, read_json": lambda: by_duckdb(bucket, folder / "star.duckdb"),
    }
    found: dict[str, list[Peak]] = {name: [] for name in ways}
    for _ in range(rounds):
        right: Star = {}
        for name, way in ways.items():
            peak, star = way()
            right = right or star
            require_same(name, star, right)
            found[name].append(peak)
    ours = found["etl.py"]
    return [figure for name, peaks in found.items() for figure in figures(name, peaks, ours)]


def figures(name: str, peaks: list[Peak], ours: list[Peak]) -> list[Figure]:
    """The medians of one way."""
    ratios = (way.seconds / our.seconds for way, our in zip(peaks, ours, strict=True))
    over = [Figure("- over etl.py's", statistics.median(ratios), "times")]
    return [
        Figure(name, statistics.median(each.seconds for each in peaks), "s"),
        *(over if peaks is not ours else []),
        Figure("- peak memory", statistics.median(each.megabytes for each in peaks), "MB"),
    ]


def require_same(name: str, star: Star, right: Star) -> None:
    """Raise RuntimeError unless two stars hold the same rows."""
    for table in ANSWERS:
        if star[table] != right[table]:
            differ = sorted({*star[table]} ^ {*right[table]}, key=repr)
            raise RuntimeError(f"{name}: other rows in {table}, {differ[:1] or 'some more often'}")


def by_the_pipeline(folder: Path, buckets: Path) -> tuple[Peak, Star]:
    """What this project does."""
    config_file = inputs.write_config(folder / "ours", buckets)
    with environment(config_file) as config:
        script = measured("etl.py", "--config", str(config_file))
        # The others parse the JSON in the script itself.
        megabytes = script.megabytes + peak_of_process(state(config).pid)
        return Peak(script.seconds, megabytes), rows(lambda query: ask(config, query))


def by_postgres(script: str, bucket: Path) -> tuple[Peak, Star]:
    """A script that fills a database of PostgreSQL."""
    with plain_postgres() as url:
        peak = measured("-m", f"benchmarks.contenders.{script}", str(bucket), url)
        with closing(psycopg2.connect(url)) as session, session.cursor() as cursor:

            def answer(query: str) -> list[tuple[Any, ...]]:
                cursor.execute(query)
                return cursor.fetchall()

            return peak, rows(answer)


def by_duckdb(bucket: Path, database: Path) -> tuple[Peak, Star]:
    """DuckDB, which needs no server."""
    import duckdb

    database.unlink(missing_ok=True)
    peak = measured("-m", "benchmarks.contenders.duckdb_json", str(bucket), str(database))
    with duckdb.connect(str(database)) as session:
        return peak, rows(lambda query: session.execute(query).fetchall())


def rows(answer: Callable[[str], list[tuple[Any, ...]]]) -> Star:
    """What a star holds, in an order that all agree on."""
    return {
        table: sorted(answer(f"SELECT {columns} FROM {table}"), key=repr)
        for table, columns in ANSWERS.items()
    }


@contextmanager
def plain_postgres() -> Iterator[str]:
    """The sandbox's own PostgreSQL without what makes it like Redshift; its URL."""
    folder = runtime_folder()
    try:
        postgres = Postgres(folder, DISPOSABLE)
        postgres.make_template("SELECT 1")
        server = postgres.make_server("plain")
        try:
            server.start()
            yield f"postgresql://rdsdb@/postgres?host={server.socket_folder}"
        finally:
            server.remove()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
