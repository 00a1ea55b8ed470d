"""The sandbox's sample data: a song catalogue and a month of activity, the same on every run.

Songs are computed from their number, events from a seeded generator of which only `random()` is
used: Python promises of no other method that it stays the same.
"""

from __future__ import annotations

import itertools
import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import itemgetter
from random import Random
from typing import Any, TypeVar

from sandbox import sample_words as words
from sandbox.sample_words import PAIRS, Song, scramble, special_songs

BUCKET = "udacity-dend"

SONG_COUNT = 14_896
_DAY_COUNT = 30
_FIRST_DAY = 1_541_030_400_000  # 2018-11-01, in epoch milliseconds
_DAY = 86_400_000
_HOUR = 3_600_000

_Item = TypeVar("_Item")
_Line = tuple[int, bytes]
_User = dict[str, Any]

_SEED = 2010
_REGULAR_COUNT = 97 - len(words.SCRIPTED_USERS)
_VISITS_BY_WEEKDAY = (37, 36, 18, 19, 35, 40, 42)  # The first day was a Thursday.
_WEIGHT_BY_HOUR = (3, 3, 2, 2, 2, 3, 4, 4, 4, 5, 6, 7, 6, 7, 9, 10, 11, 10, 10, 8, 7, 6, 4, 4)
_OFFERS = {"free": "Upgrade", "paid": "Downgrade"}
_LEVEL_AFTER = {"Submit Upgrade": "paid", "Submit Downgrade": "free"}
_REDIRECTS = {"Login", "Logout", "Save Settings", *_LEVEL_AFTER}
_SIGNED_OUT: _User = {**dict.fromkeys(words.EVENT_KEYS), "auth": "Logged Out", "userId": ""}
_SONG_STYLES = (json.JSONEncoder(), json.JSONEncoder(ensure_ascii=False))
_EVENT_STYLES = tuple(
    json.JSONEncoder(separators=(",", ":"), ensure_ascii=escaped) for escaped in (True, False)
)


def _weighted(weights: Sequence[int]) -> list[int]:
    return [rank for rank, weight in enumerate(weights) for _ in range(weight)]


_HOURS = _weighted(_WEIGHT_BY_HOUR)
_HITS = _weighted([240 // (rank + 3) for rank in range(len(words.HITS))])
_MISSING_HITS = _weighted([90 // (rank + 3) for rank in range(len(words.MISSING_HITS))])
_REGULARS = _weighted([500 // (rank + 4) + 1 for rank in range(_REGULAR_COUNT)])
_PAGES: tuple[str, ...] = ("NextSong",) * 187 + ("Home",) * 5 + ("Offer",) * 3
_PAGES += ("Settings", "Help", "About") * 2 + ("Error", "Save Settings")


class _Visit:
    """One session of a user: its events, one after the other."""

    def __init__(self, user: _User, session_id: int, moment: int) -> None:
        self.user = user
        self.session_id = session_id
        self.moment = moment
        self.item = 0
        self.lines: list[_Line] = []

    def see(self, page: str, signed_in: bool = True, song: Song | None = None) -> None:
        """Log an event, and stay on its page for as long as the song lasts."""
        event = self._event(page, self.user if signed_in else _SIGNED_OUT)
        if song:
            event |= {"artist": song.artist_name, "length": song.duration, "song": song.title}
        line = _EVENT_STYLES[self.item % 2].encode(event).replace("/", "\\/")
        self.lines.append((self.moment, line.encode()))
        self.user["level"] = _LEVEL_AFTER.get(page, self.user["level"])
        self.moment += int(song.duration * 1000) if song else 999 + scramble(self.moment) % 60_000
        self.item += 1

    def play(self, *songs: Song) -> _Visit:
        """Log a NextSong event for each of the songs."""
        for song in songs:
            self.see("NextSong", song=song)
        return self

    def _event(self, page: str, user: _User) -> dict[str, Any]:
        redirects = page in _REDIRECTS
        return {
            **user,
            "itemInSession": self.item,
            "level": self.user["level"],
            "method": "PUT" if redirects or page == "NextSong" else "GET",
            "page": page,
            "sessionId": self.session_id,
            "status": 404 if page == "Error" else 307 if redirects else 200,
            "ts": self.moment,
        }


def _user(number: int) -> _User:
    seed = scramble(number)
    first_name, gender = words.FIRST_NAMES[number % len(words.FIRST_NAMES)].split("/")
    return _SIGNED_OUT | {
        "auth": "Logged In",
        "firstName": first_name,
        "gender": gender,
        "lastName": words.LAST_NAMES[number * 5 % len(words.LAST_NAMES)],
        "level": "paid" if number == 1 or number % 6 == 0 else "free",
        "location": f"{words.town(seed)}-{words.town(seed // 7)}, {words.region(seed)}",
        "registration": float(_FIRST_DAY - seed % (60 * _DAY)),
        "userAgent": words.USER_AGENTS[seed // 2**20 % len(words.USER_AGENTS)],
        "userId": str(2 + number + number // 30),
    }


def _pick(random: Random, items: Sequence[_Item]) -> _Item:
    return items[int(random.random() * len(items))]


def _unlisted(title: str, artist: str) -> Song:
    seconds = words.duration(scramble(len(title) + 100 * len(artist)))
    return Song(1, "", None, None, "", artist, "", title, seconds, 0)


def _any_song(random: Random) -> Song:
    """What somebody plays next: one time in twelve a song that the catalogue has."""
    luck = random.random()
    if luck < 0.06:
        return words.song(_pick(random, _HITS))
    if luck < 0.08:
        return words.song(int(random.random() * SONG_COUNT))
    if luck < 0.11:
        return _unlisted(*words.MISSING_HITS[_pick(random, _MISSING_HITS)])
    number = int(random.random() * 1_000_000)
    artist = words.phrase(words.ARTIST_PATTERNS, scramble(number))
    return _unlisted(words.phrase(words.TITLE_PATTERNS, number), artist)


def _any_page(random: Random, level: str) -> str:
    page = _pick(random, _PAGES)
    return _OFFERS[level] if page == "Offer" else page


def _browse(random: Random, visit: _Visit, fickle: bool) -> None:
    if random.random() < 0.1:
        visit.see("Home", signed_in=False)
        visit.see("Login", signed_in=False)
    if random.random() < 0.6:
        visit.see("Home")
    longest = 110 if visit.user["level"] == "paid" else 24
    for _ in range(1 + int(longest * random.random() * random.random() * random.random())):
        page = _any_page(random, visit.user["level"])
        visit.see(page, song=_any_song(random) if page == "NextSong" else None)
    if fickle and random.random() < 0.15:
        offer = _OFFERS[visit.user["level"]]
        visit.see(offer)
        visit.see(f"Submit {offer}")
        visit.play(_any_song(random))
    if random.random() < 0.12:
        visit.see("Logout")
        visit.see("Home", signed_in=False)


def _visitors(random: Random, weekday: int) -> Iterator[tuple[int, int]]:
    """Who comes on a day, by number, and the time of the day in milliseconds."""
    for _ in range(int(_VISITS_BY_WEEKDAY[weekday] * (0.8 + 0.4 * random.random()))):
        number = _pick(random, _REGULARS)
        yield number, _pick(random, _HOURS) * _HOUR + int(random.random() * _HOUR)


def _days() -> Iterator[list[_Line]]:
    """The events of one day after another, in the order of their time, without end."""
    random = Random(_SEED)  # noqa: S311 - repeatable, not secret
    users = [_user(number) for number in range(_REGULAR_COUNT)]
    free_from = [0] * _REGULAR_COUNT
    sessions = itertools.count(3)
    pending: list[_Line] = []
    for day in itertools.count():
        morning = _FIRST_DAY + day * _DAY
        for number, clock in _visitors(random, day % 7):
            visit = _Visit(users[number], next(sessions), max(morning + clock, free_from[number]))
            _browse(random, visit, fickle=number % 10 == 3)
            free_from[number] = visit.moment
            pending += visit.lines
        pending.sort(key=itemgetter(0))
        midnight = bisect_left(pending, morning + _DAY, key=itemgetter(0))
        yield pending[:midnight]
        del pending[:midnight]


def _time(day: int, hour: int) -> int:
    return _FIRST_DAY + (day - 1) * _DAY + hour * _HOUR + 123


def _critic(user: _User) -> Iterator[_Visit]:
    """Plays all that is special, then what is nearly the most popular song."""
    hit = special_songs()[0]
    yield _Visit(user, 2001, _time(13, 8)).play(*special_songs())
    yield _Visit(user, 2002, _time(14, 9)).play(
        hit._replace(artist_name="The Paper Herrings"),
        hit._replace(duration=round(hit.duration + 0.00001, 5)),
        hit._replace(title=hit.title.upper()),
    )


def _upgrade_at_once(user: _User) -> Iterator[_Visit]:
    """Two last events at the same time, the later one first, and only that one is paid."""
    visit = _Visit(user | {"level": "free"}, 2003, _time(20, 19)).play(special_songs()[1])
    moment = visit.moment
    for item, level, page in ((2, "paid", "Home"), (1, "free", "Upgrade")):
        visit.item, visit.moment, visit.user["level"] = item, moment, level
        visit.see(page)
    yield visit


def _change_level(user: _User, session_id: int, *levels: str) -> Iterator[_Visit]:
    for number, level in enumerate(levels):
        visit = _Visit(user | {"level": level}, session_id + number, _time(5 + 9 * number, 17))
        yield visit.play(special_songs()[2 + number])


def _change_name(user: _User) -> Iterator[_Visit]:
    later = {"firstName": "Mirella", "lastName": "After", "location": "Ottermouth-Kiteburg, ME"}
    yield _Visit(user, 2010, _time(6, 11)).play(special_songs()[5])
    yield _Visit(user | later, 2011, _time(24, 11)).play(special_songs()[5])


def _simultaneous(one: _User, another: _User) -> Iterator[_Visit]:
    """Plays that differ in one part of their key: the user, the session, the item, the time."""
    moment, song = _time(9, 20), special_songs()[0]
    first = _Visit(one, 2012, moment).play(song)
    first.moment = moment
    first.play(song)
    first.item, first.moment = 0, moment + 1
    yield first.play(song)
    yield _Visit(one, 2013, moment).play(song)
    yield _Visit(another, 2012, moment).play(song)


def _scripted_lines() -> list[_Line]:
    """The events that nothing is left to chance in."""
    keys = ("firstName", "lastName", "gender", "level")
    users = [
        _user(number) | dict(zip(keys, values, strict=True))
        for number, values in enumerate(words.SCRIPTED_USERS, _REGULAR_COUNT)
    ]
    visits = itertools.chain(
        _critic(users[0]),
        _upgrade_at_once(users[1]),
        _change_level(users[2], 2004, "free", "paid", "free"),
        _change_level(users[3], 2007, "paid", "free", "paid"),
        _change_name(users[4]),
        _simultaneous(users[5], users[6]),
    )
    return [line for visit in visits for line in visit.lines]


def _log_bodies() -> Iterator[bytes]:
    scripted = _scripted_lines()
    for day, lines in enumerate(itertools.islice(_days(), _DAY_COUNT)):
        morning = _FIRST_DAY + day * _DAY
        lines += [line for line in scripted if morning <= line[0] < morning + _DAY]
        lines.sort(key=itemgetter(0))
        if day == 22:
            lines.append(lines[3])  # Delivered twice.
        yield b"\n".join(body for _, body in lines)


def generated_events(count: int) -> Iterator[bytes]:
    """As many log lines, over as many days as they take; none of the scripted ones."""
    lines = itertools.chain.from_iterable(_days())
    return (body for _, body in itertools.islice(lines, count))


def generated_songs(count: int) -> Iterator[bytes]:
    """As many songs, one JSON object each; the sample's songs come first."""
    return map(_song_body, range(count))


def sample_objects() -> Iterator[tuple[str, bytes]]:
    """Key and body of each object in the bucket."""
    paths = {"jsonpaths": [f"$['{key}']" for key in words.EVENT_KEYS]}
    yield "log_json_path.json", json.dumps(paths, indent=4).encode()
    for number in range(SONG_COUNT):
        yield _song_key(number), _song_body(number)
    for day, body in enumerate(_log_bodies(), start=1):
        yield f"log_data/2018/11/2018-11-{day:02}-events.json", body


def _song_body(number: int) -> bytes:
    return _SONG_STYLES[number % 2].encode(words.song(number)._asdict()).encode()


def _song_key(number: int) -> str:
    letters = "A" + PAIRS[number % 676] + PAIRS[number // 676 * 101 % 676]
    folder = "/".join(letters[:3])
    return f"song_data/{folder}/TR{letters}128F{scramble(number) % 16**7:07X}.json"
