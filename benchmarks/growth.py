"""How the load's cost grows: with what is new, and not with what is there."""

from __future__ import annotations

import math
import statistics
from itertools import islice, pairwise
from pathlib import Path

from benchmarks import inputs
from benchmarks.running import (
    Figure,
    ask,
    environment,
    measured,
    peak_of_process,
    run,
    state,
    tidy,
)

EVENTS = (10_000, 100_000, 1_000_000)
STORED_DAYS = (1, 10, 100)
NIGHTS = 7
EVENTS_A_DAY = 10_000
LISTING = "SELECT seconds FROM load_steps WHERE step = 'files in S3' ORDER BY run_id DESC LIMIT 1"


def measure(folder: Path, rounds: int) -> list[Figure]:
    """Full loads, their memory, and nightly loads."""
    return [*full_loads(folder, rounds), *memory(folder), *nights(folder / "nights")]


def full_loads(folder: Path, rounds: int) -> list[Figure]:
    """Seconds of loads of ten times as many events each."""
    found = []
    for number in EVENTS:
        config_file = config_of(folder, number)
        found.append(statistics.median(fresh(config_file) for _ in range(rounds)))
    steps = [math.log10(after / before) for before, after in pairwise(found)]
    loads = [Figure(f"etl.py, {n:,} events", s, "s") for n, s in zip(EVENTS, found, strict=True)]
    return [*loads, Figure("exponent of seconds against events, the larger", max(steps), "", 1.05)]


def fresh(config_file: Path) -> float:
    """Seconds of a load into empty tables."""
    with environment(config_file):
        return run("etl.py", config_file)


def config_of(folder: Path, number: int) -> Path:
    """The configuration of so many events, which are made if they are not there yet."""
    place = folder / str(number)
    if not (place / "buckets").exists():
        inputs.write_buckets(place / "buckets", number, 1000)
    return inputs.write_config(place, place / "buckets")


def memory(folder: Path) -> list[Figure]:
    """Peaks of etl.py and of the sandbox, and what ten times the events add to them."""
    peaks = []
    for number in EVENTS[1:]:
        config_file = config_of(folder, number)
        with environment(config_file) as config:
            script = measured("etl.py", "--config", str(config_file)).megabytes
            peaks.append((script, peak_of_process(state(config).pid)))
    (small, small_sandbox), (large, large_sandbox) = peaks
    return [
        Figure("peak memory of etl.py", large, "MB", 150),
        Figure("- over that with a tenth of the events", large / small, "times", 1.2),
        Figure("peak memory of the sandbox's process", large_sandbox, "MB"),
        Figure("- over that with a tenth of it", large_sandbox / small_sandbox, "times", 1.2),
    ]


def nights(folder: Path) -> list[Figure]:
    """Seconds of a load of one day, on top of as many."""
    days = max(STORED_DAYS) + NIGHTS
    lines = iter(inputs.events(days * EVENTS_A_DAY))
    buckets = inputs.write_buckets(folder / "buckets", EVENTS_A_DAY, 1000, log_files=1)
    log = buckets / inputs.BUCKET / "log_data"
    (log / "00000.json").unlink()
    config_file = inputs.write_config(folder, buckets)
    found = []
    with environment(config_file) as config:
        for day in range(days):
            with (log / f"day-{day:04}.json").open("wb") as stream:
                stream.writelines(islice(lines, EVENTS_A_DAY))
            # A day lies between: the warehouse has vacuumed by itself.
            tidy(config)
            whole = run("etl.py", config_file)
            found.append(whole - ask(config, LISTING)[0][0])
    medians = [statistics.median(found[stored : stored + NIGHTS]) for stored in STORED_DAYS]
    nightly = [
        Figure(f"a night after {number} of {EVENTS_A_DAY:,} events each", seconds, "s")
        for number, seconds in zip(STORED_DAYS, medians, strict=True)
    ]
    return [
        *nightly,
        Figure("- the slowest over the fastest", max(medians) / min(medians), "times", 1.2),
    ]
