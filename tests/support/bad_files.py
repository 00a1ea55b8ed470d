"""A corpus of bad and odd files, and what a load has to make of each.

Either the load is refused, with the place and the reason, or it ends in exactly these rows.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import Any

from conftest import EVENT, SONG

LOGS, SONGS = "log_data", "song_data"


@dataclass(frozen=True)
class BadRecord:
    """A record that does not fit stops the load: its line, its column if any, and the reason."""

    line: int
    column: str
    reason: str


@dataclass(frozen=True)
class Unsound:
    """The file can be copied, but its data fails this check."""

    check: str


@dataclass(frozen=True)
class Rows:
    """The load succeeds, with these rows: of plays the item, song and artist, of songs the id,
    title and year."""

    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class NotPlain:
    """The file is no plain JSON, and is said to be this."""

    text: str


Expected = BadRecord | NotPlain | Unsound | Rows


@dataclass(frozen=True)
class Case:
    """A file of the corpus."""

    name: str
    folder: str
    body: bytes
    expected: Expected


def event(**changes: Any) -> bytes:
    return json.dumps(EVENT | changes, ensure_ascii=False).encode()


def song(**changes: Any) -> bytes:
    return json.dumps(SONG | changes, ensure_ascii=False).encode()


def raw_event(key: str, value: str) -> bytes:
    """An event in which a value is this very text."""
    return event(**{key: "@"}).replace(b'"@"', value.encode())


def raw_song(key: str, value: str) -> bytes:
    return song(**{key: "@"}).replace(b'"@"', value.encode())


def plays(*rows: tuple[Any, ...]) -> Rows:
    return Rows(rows)


PLAY = (0, "The Song", "The Artist")
ONE = plays(PLAY)
NONE = plays()
E0, E1 = event(), event(itemInSession=1)
INVALID, DIGIT, FLOAT = "Invalid JSON: .*", "Invalid digit, .*", "Invalid float .*"
OVERFLOW = "Integer overflow, .*"
TOO_LONG = "String length exceeds DDL length: \\d+ bytes in the file, at most \\d+ .*"
RANGE, UTF8 = "Value exceeds the range of .*", "String contains invalid or unsupported UTF-8 .*"
UNKNOWN = ".*Redshift's behaviour is not documented"
TIME = "every event is of a sane time"


def lacks(column: str, kind: str = "play") -> Unsound:
    """The file's one record has no value for this column."""
    return Unsound(f"1 of 1 {kind}: 1 without {column}")


def cut(body: bytes, at: str, extra: int = 0) -> bytes:
    """The beginning of a record, up to a text of it."""
    return body[: body.index(at.encode()) + extra]


TRUNCATED = {
    "in a key": (cut(E0, "itemInSession", 4), 1),
    "after a key": (cut(E0, '"itemInSession"', 15), 1),
    "after a colon": (cut(E0, '"itemInSession"', 16), 1),
    "in a number": (cut(E0, "1540919166796", 6), 1),
    "in a text": (cut(E0, "Lovelace", 4), 1),
    "after a comma": (cut(E0, ', "lastName"', 1), 1),
    "before its brace": (E0[:-1], 1),
    "after its first brace": (b"{", 1),
    "in an escape": (event(song='a"b')[: event(song='a"b').index(b"\\") + 1], 1),
    "behind a good one": (E0 + b"\n" + E1[:-5], 2),
    "before a good one": (E1[:-5] + b"\n" + E0, 1),
}
Values = dict[str, tuple[str, str, Expected]]
Bodies = dict[str, tuple[bytes, Expected]]
WRONG_TYPES: Values = {
    "ts a word": ("ts", '"soon"', BadRecord(1, "ts", DIGIT)),
    "ts a date": ("ts", '"2018-11-01"', BadRecord(1, "ts", DIGIT)),
    "ts with a fraction": ("ts", "1541105830796.5", BadRecord(1, "ts", DIGIT)),
    "ts with an exponent": ("ts", "1e3", BadRecord(1, "ts", DIGIT)),
    "ts true": ("ts", "true", BadRecord(1, "ts", DIGIT)),
    "ts an object": ("ts", "{}", BadRecord(1, "ts", DIGIT)),
    "ts an array": ("ts", "[1541105830796]", BadRecord(1, "ts", DIGIT)),
    "ts an empty text": ("ts", '""', lacks("ts")),
    "ts a number as text": ("ts", '"1541105830796"', ONE),
    "ts whole with .0": ("ts", "1541105830796.0", ONE),
    "session a word": ("sessionId", '"abc"', BadRecord(1, "session_id", DIGIT)),
    "session an array": ("sessionId", "[]", BadRecord(1, "session_id", DIGIT)),
    "session null": ("sessionId", "null", lacks("session_id")),
    "item null": ("itemInSession", "null", lacks("item_in_session")),
    "length a word": ("length", '"long"', BadRecord(1, "length", FLOAT)),
    "length false": ("length", "false", BadRecord(1, "length", FLOAT)),
    "length a text": ("length", '"200.5"', ONE),
    "song a number": ("song", "1979", plays((0, "1979", "The Artist"))),
    "song a fraction": ("song", "4.33", BadRecord(1, "song", UNKNOWN)),
    "song true": ("song", "true", BadRecord(1, "song", UNKNOWN)),
    "song an object": ("song", '{"a": [1, 2]}', plays((0, '{"a": [1, 2]}', "The Artist"))),
    "song an array": ("song", '["a"]', plays((0, '["a"]', "The Artist"))),
    "user a number": ("userId", "39", ONE),
    "user null": ("userId", "null", lacks("user_id")),
    "page null": ("page", "null", lacks("page", "event")),
    "status a text": ("status", '"200"', ONE),
}
OUT_OF_RANGE: Values = {
    "session 2^31": ("sessionId", str(2**31), BadRecord(1, "session_id", OVERFLOW)),
    "session -2^31-1": ("sessionId", str(-(2**31) - 1), BadRecord(1, "session_id", OVERFLOW)),
    "session -2^31": ("sessionId", str(-(2**31)), ONE),
    "ts 2^63": ("ts", str(2**63), BadRecord(1, "ts", OVERFLOW)),
    "ts 2^63-1": ("ts", str(2**63 - 1), BadRecord(1, "ts", UNKNOWN)),
    "ts 2^53-1": ("ts", str(2**53 - 1), Unsound(TIME)),
    "ts of a thousand digits": ("ts", "9" * 1000, BadRecord(1, "ts", OVERFLOW)),
    "ts 0": ("ts", "0", Unsound(TIME)),
    "ts -1": ("ts", "-1", Unsound(TIME)),
    "ts in seconds": ("ts", "1541105830", Unsound(TIME)),
    "ts in microseconds": ("ts", "1541105830796000", Unsound(TIME)),
    "length 1e400": ("length", "1e400", BadRecord(1, "length", RANGE)),
    "length 1e-400": ("length", "1e-400", ONE),
    "length of a thousand digits": ("length", "9" * 1000, BadRecord(1, "length", RANGE)),
    "ts NaN": ("ts", "NaN", BadRecord(1, "", INVALID)),
    "length Infinity": ("length", "Infinity", BadRecord(1, "", INVALID)),
    "length -0": ("length", "-0.0", ONE),
    "ts with a plus": ("ts", "+1541105830796", BadRecord(1, "", INVALID)),
    "ts with a zero before": ("ts", "01541105830796", BadRecord(1, "", INVALID)),
    "ts hexadecimal": ("ts", "0x166d0f5d", BadRecord(1, "", INVALID)),
    "ts with a separator": ("ts", "1_541_105", BadRecord(1, "", INVALID)),
}
LONG = "é" * 512
TEXTS: Bodies = {
    "artist of 1024 bytes": (event(artist=LONG), plays((0, "The Song", LONG))),
    "artist of 1025 bytes": (event(artist=LONG + "e"), BadRecord(1, "artist", TOO_LONG)),
    "artist of 513 two-byte letters": (event(artist=LONG + "é"), BadRecord(1, "artist", TOO_LONG)),
    "artist of 1025 bytes, the last a blank": (
        event(artist=LONG + " "),
        plays((0, "The Song", LONG)),
    ),
    "song of 70,000 bytes": (event(song="x" * 70_000), BadRecord(1, "song", TOO_LONG)),
    "user agent of 2049 bytes": (event(userAgent="x" * 2049), BadRecord(1, "user_agent", TOO_LONG)),
    "level of 65 bytes": (event(level="x" * 65), BadRecord(1, "level", TOO_LONG)),
    "letters beyond the basic plane": (event(song="\U0001f600"), plays((0, "\U0001f600", PLAY[2]))),
    "escaped letters": (
        raw_event("song", r'"caf\u00e9 \ud83d\ude00\t\/"'),
        plays((0, "café \U0001f600\t/", "The Artist")),
    ),
    "half an escaped pair": (raw_event("song", r'"\ud83d"'), BadRecord(1, "", UTF8)),
    "escaped NUL": (raw_event("song", r'"a\u0000b"'), BadRecord(1, "song", "NUL .*")),
    "NUL in a text": (E0.replace(b"The Song", b"a\0b"), BadRecord(1, "", INVALID)),
    "NUL between records": (E0 + b"\n\0\n" + E1, BadRecord(2, "", INVALID)),
    "line break in a text": (E0.replace(b"The Song", b"a\nb"), BadRecord(1, "", INVALID)),
    "tab in a text": (E0.replace(b"The Song", b"a\tb"), BadRecord(1, "", INVALID)),
    "Latin-1": (E0.replace(b"The Song", b"caf\xe9"), BadRecord(1, "song", UTF8)),
    "cut letter": (E0.replace(b"The Song", "é".encode()[:1]), BadRecord(1, "song", UTF8)),
    "overlong letter": (E0.replace(b"The Song", b"\xc0\xaf"), BadRecord(1, "song", UTF8)),
    "letter beyond Unicode": (
        E0.replace(b"The Song", b"\xf4\x90\x80\x80"),
        BadRecord(1, "song", UTF8),
    ),
    "half a pair in UTF-8": (E0.replace(b"The Song", b"\xed\xa0\x80"), BadRecord(1, "song", UTF8)),
    "byte order mark": (b"\xef\xbb\xbf" + E0, NotPlain("begins with a byte order mark")),
    "UTF-16": (E0.decode().encode("utf-16"), NotPlain("is in UTF-16")),
    "unknown escape": (raw_event("song", r'"\x41"'), BadRecord(1, "", INVALID)),
}
DEEP = BadRecord(1, "", INVALID)
HUGE = 4 * 1024 * 1024
FRAMES: Bodies = {
    "empty": (b"", NONE),
    "blanks": (b" \t ", NONE),
    "line breaks": (b"\n\n\r\n\n", NONE),
    "Windows line ends": (E0 + b"\r\n" + E1 + b"\r\n", plays(PLAY, (1, *PLAY[1:]))),
    "old Mac line ends": (E0 + b"\r" + E1 + b"\r", plays(PLAY, (1, *PLAY[1:]))),
    "blank lines between": (b"\n\n" + E0 + b"\n\n\n" + E1, plays(PLAY, (1, *PLAY[1:]))),
    "no line end at the end": (E0, ONE),
    "two records on a line": (E0 + b" " + E1, plays(PLAY, (1, *PLAY[1:]))),
    "two records with nothing between": (E0 + E1, plays(PLAY, (1, *PLAY[1:]))),
    "one record on many lines": (json.dumps(EVENT, indent=2).encode(), ONE),
    "comma between records": (E0 + b",\n" + E1, BadRecord(1, "", INVALID)),
    "array of records": (b"[" + E0 + b", " + E1 + b"]", NotPlain("is a JSON array")),
    "a number": (b"42", BadRecord(1, "", INVALID)),
    "a text": (b'"text"', BadRecord(1, "", INVALID)),
    "null": (b"null", BadRecord(1, "", INVALID)),
    "CSV": (b"artist,song\nThe Artist,The Song\n", BadRecord(1, "", INVALID)),
    "XML": (b"<event/>", BadRecord(1, "", INVALID)),
    "a comment": (b"// events\n" + E0, BadRecord(1, "", INVALID)),
    "single quotes": (E0.replace(b'"', b"'"), BadRecord(1, "", INVALID)),
    "comma before the brace": (E0[:-1] + b",}", BadRecord(1, "", INVALID)),
    "two braces": (E0 + b"}", BadRecord(1, "", INVALID)),
    "no quotes around a key": (E0.replace(b'"artist"', b"artist"), BadRecord(1, "", INVALID)),
    "duplicate key": (E0[:-1] + b', "song": "B"}', BadRecord(1, "", UNKNOWN)),
    "empty object": (b"{}", lacks("page", "event")),
    "unknown keys": (E0[:-1] + b', "more": {"a": [1, {"b": null}]}, "": 0}', ONE),
    "other case of a key": (E0.replace(b'"userId"', b'"userid"'), lacks("user_id")),
    "missing song": (E0.replace(b'"song"', b'"song_"'), lacks("song")),
    "object of 4 MB": (E0[:-1] + b', "more": "' + b"x" * (HUGE - len(E0) - 12) + b'"}', ONE),
    "object of more than 4 MB": (
        E0[:-1] + b', "more": "' + b"x" * HUGE + b'"}',
        BadRecord(1, "", ".*4 MB.*"),
    ),
    "a line of 9 MB that never ends": (b'{"a": "' + b"x" * (9 << 20), BadRecord(1, "", ".*")),
    "nested a thousand deep": (E0[:-1] + b', "m": ' + b"[" * 1000 + b"]" * 1000 + b"}", DEEP),
    "nested a hundred thousand deep": (b'{"a": ' * 100_000, BadRecord(1, "", INVALID)),
    "a thousand keys": (
        E0[:-1] + b"".join(b', "k%d": %d' % (n, n) for n in range(1000)) + b"}",
        ONE,
    ),
    "gzip": (gzip.compress(E0, mtime=0), NotPlain("is compressed with gzip")),
    "random bytes": (bytes(range(256)), BadRecord(1, "", INVALID)),
    "an event twice": (E0 + b"\n" + E0, ONE),
}
S1 = ("SO1", "The Song", 0)
CATALOGUE: Bodies = {
    "one song": (song(), Rows((S1,))),
    "year null": (song(year=None), Rows((("SO1", "The Song", None),))),
    "year a text": (song(year="1999"), Rows((("SO1", "The Song", 1999),))),
    "year whole with .0": (raw_song("year", "1999.0"), Rows((("SO1", "The Song", 1999),))),
    "year with a fraction": (raw_song("year", "1999.5"), BadRecord(1, "year", DIGIT)),
    "year in Roman": (song(year="MCM"), BadRecord(1, "year", DIGIT)),
    "year 2^31": (song(year=2**31), BadRecord(1, "year", OVERFLOW)),
    "duration a word": (song(duration="long"), BadRecord(1, "duration", FLOAT)),
    "latitude a word": (song(artist_latitude="north"), BadRecord(1, "artist_latitude", FLOAT)),
    "title null": (song(title=None), lacks("title", "song")),
    "title of 1025 bytes": (song(title="x" * 1025), BadRecord(1, "title", TOO_LONG)),
    "title an object": (song(title={}), BadRecord(1, "title", UNKNOWN)),
    "song_id null": (song(song_id=None), lacks("song_id", "song")),
    "song_id blank": (song(song_id="  "), lacks("song_id", "song")),
    "artist_id missing": (song().replace(b'"artist_id"', b'"artist"'), lacks("artist_id", "song")),
    "other case of a key": (song().replace(b'"song_id"', b'"SONG_ID"'), lacks("song_id", "song")),
    "array of songs": (b"[" + song() + b"]", NotPlain("is a JSON array")),
    "truncated": (song()[:-10], BadRecord(1, "", INVALID)),
    "empty": (b"", Rows(())),
    "duplicate key": (song()[:-1] + b', "year": 1}', BadRecord(1, "", UNKNOWN)),
    "variants of a song": (song() + b"\n" + song(year=1999), Rows((("SO1", "The Song", 1999),))),
    "Latin-1": (song().replace(b"The Song", b"caf\xe9"), BadRecord(1, "title", UTF8)),
}


def all_cases() -> list[Case]:
    """The corpus."""
    found = [
        Case(f"truncated {name}", LOGS, body, BadRecord(line, "", INVALID))
        for name, (body, line) in TRUNCATED.items()
    ]
    for group in (WRONG_TYPES, OUT_OF_RANGE):
        for name, (key, value, expected) in group.items():
            found.append(Case(name, LOGS, raw_event(key, value), expected))
    for name, (body, outcome) in (TEXTS | FRAMES).items():
        found.append(Case(name, LOGS, body, outcome))
    for name, (body, outcome) in CATALOGUE.items():
        found.append(Case(f"song, {name}", SONGS, body, outcome))
    return found
