"""Many small files: as they are on the sandbox, and packed from an S3 that takes its time."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import inputs
from benchmarks.running import Figure, ask, environment, run
from sandbox import control, sample_data

FILES = 14_896
# Of FILES on two dc2.large nodes: https://github.com/jwcook23/udacity_data_engineering
PUBLISHED_SECONDS = 352.68
COPIED = "SELECT source_file_count FROM sys_load_history WHERE table_name = 'staging_songs'"
PACKED = "SELECT seconds FROM load_steps WHERE step = 'pack staging_songs'"


def measure(folder: Path, rounds: int) -> list[Figure]:
    """The sample's catalogue, a file for each of its songs."""
    buckets = write_sample(folder / "buckets")
    whole = [load(inputs.write_config(folder / "plain", buckets))[0] for _ in range(rounds)]
    packing = inputs.write_config(folder / "slow", buckets, PACK_SMALL_FILES_FROM="1000")
    with slow_s3(folder / "slow" / "state", buckets):
        _, packed, files = load(packing)
    saved = PUBLISHED_SECONDS - packed - files * PUBLISHED_SECONDS / FILES
    return [
        Figure(f"etl.py, {FILES:,} files of one song", statistics.median(whole), "s", 3),
        Figure("packed: files that COPY opens", files, "files"),
        Figure("packed: seconds of packing, S3 answers after 30 ms", packed, "s"),
        Figure("packed: saved on two nodes, by the published rate", saved, "s"),
    ]


def write_sample(folder: Path) -> Path:
    """The sample data as a folder of buckets."""
    for key, body in sample_data.sample_objects():
        path = folder / inputs.BUCKET / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return folder


def load(config_file: Path) -> tuple[float, float, int]:
    """Seconds of the load, of them those of packing, and how many files COPY has opened."""
    with environment(config_file) as config:
        whole = run("etl.py", config_file)
        packed = sum(seconds for (seconds,) in ask(config, PACKED))
        ((files,),) = ask(config, COPIED)
    return whole, packed, int(files)


@contextmanager
def slow_s3(state: Path, buckets: Path) -> Iterator[None]:
    """A sandbox whose S3 answers each request for an object after 30 ms."""
    state.mkdir(parents=True)
    command = [sys.executable, "-m", "benchmarks.slow_sandbox", str(state), str(buckets)]
    with subprocess.Popen(command) as process:
        try:
            wait_for(state)
            yield
        finally:
            process.terminate()


def wait_for(state: Path) -> None:
    """Wait until a sandbox answers."""
    for _ in range(100):
        try:
            control.read_state(state)
        except Exception:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("the slow sandbox does not start")
