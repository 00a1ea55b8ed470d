"""How long it takes before anything happens."""

from __future__ import annotations

import statistics
from pathlib import Path

from benchmarks import inputs
from benchmarks.running import Figure, run, timed
from sandbox import control

SCRIPTS = ("setup_env.py", "create_tables.py", "etl.py", "query.py", "shutdown_env.py")


def measure(folder: Path, rounds: int) -> list[Figure]:
    """The help of each script, and the sandbox with its sample data."""
    config = inputs.write_config(folder)
    state = folder / "state"
    helps = [statistics.median(run(name, config, "--help") for _ in range(5)) for name in SCRIPTS]
    ready, life = [], []
    for _ in range(rounds):
        ready.append(timed(lambda: control.start(state, "sample", 0)))
        control.stop(state)
        life.append([run(name, config) for name in SCRIPTS])
    setup, _, load, *_ = (statistics.median(seconds) for seconds in zip(*life, strict=True))
    whole = statistics.median(sum(seconds[:4]) for seconds in life)
    return [
        Figure("--help, the slowest script", max(helps), "s", 0.2),
        Figure("the sandbox, until it is ready", statistics.median(ready), "s", 3),
        Figure("setup_env.py, the sandbox's start included", setup, "s", 5),
        Figure("etl.py on the sample data", load, "s", 6),
        Figure("setup_env, create_tables, etl, query", whole, "s", 15),
    ]
