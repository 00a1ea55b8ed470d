"""A data set of some MB, night by night: new, late, altered, broken and packed files."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.sample_data import generated_events, generated_songs, sample_objects

EVENTS, SONGS, EVENTS_A_FILE = 12_000, 3_000, 1_000


@dataclass(frozen=True)
class Night:
    """What is written to S3 before a load, by key, and the settings in dwh.cfg for it."""

    name: str
    files: dict[str, bytes]
    settings: dict[str, str] = field(default_factory=dict)


def nights() -> Iterator[Night]:
    """The nights in their order; together they exercise every rule of a load."""
    logs = [b"\n".join(batch) for batch in batches(generated_events(EVENTS), EVENTS_A_FILE)]
    songs = list(generated_songs(SONGS))
    paths = next(body for key, body in sample_objects() if key == "log_json_path.json")
    new = {log_key(number): body for number, body in enumerate(logs[:8])}
    known_songs = {f"song_data/A/{key}.json": b"".join(songs[key::4]) for key in range(2)}
    yield Night("new files", {"log_json_path.json": paths} | new | known_songs)
    yield Night(
        "late songs, plays delivered twice, and an altered file",
        {
            "song_data/B/late.json": b"".join(songs[2::4]),
            log_key(90): logs[0] + b"\n" + logs[8],
            log_key(1): altered(logs[1]),
        },
    )
    yield Night(
        "broken records",
        {log_key(91): broken(logs[9]), "song_data/B/broken.json": b'{"song_id": }\n' + songs[3]},
        {"MAX_BAD_RECORDS": "10"},
    )
    small = {f"song_data/C/{number}.json": song for number, song in enumerate(songs[7:400:4])}
    yield Night(
        "small files, packed",
        small | {log_key(number): body for number, body in enumerate(logs[10:], 10)},
        {"PACK_SMALL_FILES_FROM": "2"},
    )
    yield Night("nothing new", {})


def batches(lines: Iterator[bytes], size: int) -> Iterator[list[bytes]]:
    """Lists of `size` lines; the last may be shorter."""
    while batch := list(itertools.islice(lines, size)):
        yield batch


def log_key(number: int) -> str:
    """The key of a log file."""
    return f"log_data/2018/{number:02}-events.json"


def altered(log: bytes) -> bytes:
    """The log with another level and another place in each event, as if it were mended."""
    return each_event(log, lambda event: event | {"level": "paid", "location": "Elsewhere"})


def broken(log: bytes) -> bytes:
    """The log with four bad records: no JSON, too long, a text for a number, and no user."""
    lines = log.splitlines()
    lines[3] = lines[3][:-20]
    lines[5] = change(lines[5], lambda event: event | {"gender": "x" * 70})
    lines[7] = change(lines[7], lambda event: event | {"sessionId": "seven"})
    lines[9] = change(lines[9], lambda event: event | {"userId": None, "page": "NextSong"})
    return b"\n".join(lines)


def each_event(log: bytes, how: Any) -> bytes:
    """The log with each event changed."""
    return b"\n".join(change(line, how) for line in log.splitlines())


def change(line: bytes, how: Any) -> bytes:
    """A line with its event changed."""
    return json.dumps(how(json.loads(line))).encode()
