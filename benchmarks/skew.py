"""How evenly DISTKEY(song_id) spreads the plays over the slices, by how many match a song."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks import inputs
from benchmarks.running import Figure, ask, environment, run
from sandbox import sample_data

EVENTS = 100_000
SKEW = "SELECT skew_rows FROM svv_table_info WHERE \"table\" = 'songplays'"
MATCHED = "SELECT 100.0 * COUNT(song_id) / COUNT(*) FROM songplays"
# One play in twenty stays without a song.
UNMATCHED = 20


def measure(folder: Path, _: int) -> list[Figure]:
    """The sample data, and the same plays where nearly all match."""
    found = []
    for name, config_file in (
        ("the sample data", inputs.write_config(folder / "sample")),
        ("a catalogue that has nearly all", inputs.write_config(folder / "all", matching(folder))),
    ):
        with environment(config_file) as config:
            run("etl.py", config_file)
            ((share,),), ((skew,),) = ask(config, MATCHED), ask(config, SKEW)
            found.append(Figure(f"plays of {name} that match", float(share), "%"))
            found.append(Figure("- skew_rows of songplays, fullest over emptiest", float(skew), ""))
    return found


def matching(folder: Path) -> Path:
    """A folder of buckets whose plays are nearly all of songs of the catalogue."""
    buckets = inputs.write_buckets(folder / "buckets", 1, 5000)
    log = buckets / inputs.BUCKET / "log_data" / "00000.json"
    with log.open("wb") as stream:
        stream.writelines(plays())
    return buckets


def plays() -> Iterator[bytes]:
    """Events that play one song of the catalogue after another."""
    songs = [json.loads(song) for song in sample_data.generated_songs(5000)]
    for number, line in enumerate(inputs.events(EVENTS)):
        event = json.loads(line)
        if event["page"] == "NextSong" and number % UNMATCHED:
            song = songs[number * 7919 % len(songs)]
            event |= {"song": song["title"], "artist": song["artist_name"]}
            event |= {"length": song["duration"]}
        yield json.dumps(event).encode() + b"\n"
