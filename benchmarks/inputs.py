"""Folders of buckets with generated events and songs, and a configuration for them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from sandbox import sample_data

ROOT = Path(__file__).parent.parent
BUCKET = "bench"
# Generated users listen some hundred times a day. As many times faster, a million events still end
# before today, which the load insists on.
FASTER = 10
TIME = re.compile(rb'("ts": ?)(\d+)')
FIRST = 1_541_030_400_000


def events(count: int) -> Iterable[bytes]:
    """So many events, a line each, the time between them shortened."""
    return map(sooner, sample_data.generated_events(count))


def sooner(line: bytes) -> bytes:
    """An event nearer to the first day."""
    return TIME.sub(lambda found: found[1] + b"%d" % squeezed(int(found[2])), line).strip() + b"\n"


def squeezed(moment: int) -> int:
    """A time in milliseconds, nearer to the first day."""
    return FIRST + (moment - FIRST) // FASTER


def songs(count: int) -> Iterable[bytes]:
    """So many songs, a line each."""
    return (song.strip() + b"\n" for song in sample_data.generated_songs(count))


def write_files(folder: Path, lines: Iterable[bytes], count: int, files: int) -> None:
    """Spread so many lines over files of the same number of lines."""
    folder.mkdir(parents=True)
    rest, share = iter(lines), -(-count // files)
    for number in range(files):
        with (folder / f"{number:05}.json").open("wb") as stream:
            stream.writelines(islice(rest, share))


def write_buckets(
    folder: Path, event_count: int, song_count: int, log_files: int = 30, song_files: int = 30
) -> Path:
    """A folder of buckets with a catalogue and a log."""
    bucket = folder / BUCKET
    write_files(bucket / "log_data", events(event_count), event_count, log_files)
    write_files(bucket / "song_data", songs(song_count), song_count, song_files)
    paths = dict(islice(sample_data.sample_objects(), 1))
    (bucket / "log_json_path.json").write_bytes(paths["log_json_path.json"])
    return folder


def write_config(folder: Path, buckets: Path | None = None, **values: str) -> Path:
    """The project's configuration with other data, and a state folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = {"STATE": str(folder / "state")} | values
    if buckets:
        changed |= {
            "DATA": str(buckets),
            "LOG_DATA": f"s3://{BUCKET}/log_data",
            "LOG_JSON_PATHS": f"s3://{BUCKET}/log_json_path.json",
            "SONG_DATA": f"s3://{BUCKET}/song_data",
        }
    text = (ROOT / "dwh.cfg").read_text()
    for key, value in changed.items():
        text = re.sub(rf"(?m)^{key} *=.*$", f"{key} = {value}", text)
    path = folder / "dwh.cfg"
    path.write_text(text)
    return path
