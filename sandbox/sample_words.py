"""What the sample data is made of: words, and the names and songs composed of them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple


def _words(text: str, separator: str | None = None) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(separator))


EVENT_KEYS = _words(
    """
    artist auth firstName gender itemInSession lastName length level location method page
    registration sessionId song status ts userAgent userId
    """
)
ADJECTIVES = _words(
    """
    Amber Blue Brave Broken Café Careless Clockwork Crimson Crooked Distant Drowsy Dusty Electric
    Faded Fearless Feral Foreign Frozen Gentle Gilded Golden Hidden Hollow Honest Hungry Invisible
    Jealous Lonely Lucky Magnetic Mañana Midnight Moonlit Neon Northern Patient Quiet Restless
    Rolling Rusty Salty Scarlet Silver Sleepless Stolen Stubborn Sunday Tender Velvet Über
    """
)
NOUNS = _words(
    """
    Almanac Anchor Arcade Atlas Avenue Balloon Bandit Bicycle Cactus Candle Canyon Caravan
    Carousel Comet Compass Cricket Dragonfly Engine Feather Ferry Firefly Fountain Gazebo Ghost
    Glacier Harbour Heron Hurricane Island Jukebox Kingfisher Kite Ladder Lantern Lemon Magpie
    Meadow Mirror Moth Naïveté Oracle Orchard Otter Parade Pendulum Piano Pilot Postcard Radio
    Raven River Robot Sailor Señorita Shadow Sparrow Station Stranger Suitcase Tambourine
    """
)
TITLE_PATTERNS = _words(
    "{0} {1} | The {1} Is {0} | Song for a {0} {1} | {0} {1} (Live) | Under the {0} {1} | "
    "Don't Wake the {0} {1} | {1} / {0} | Once More, {0} {1}",
    "|",
)
ARTIST_PATTERNS = _words(
    "The {0} {1}s | {0} {1} | {0} {1} Orchestra | {1} & the {0} Few | {1} of {0} Hill | "
    "DJ {0} {1} | Los {0} {1} | {0} {1} Quartet",
    "|",
)
TOWN_ENDS = _words("bridge burg bury crest dale field ford gate ham haven mere mouth port vale")
REGIONS = _words("AZ CA CO FL GA IA IL KY LA ME MI MN NC NM NY OH OR PA TN TX VT WA England Canada")

FIRST_NAMES = _words(
    """
    Maren/F Lorcan/M Isolde/F Tamsin/F Zoë/F Bastian/M Orla/F Brisa/F Casimir/M Ottilie/F Yara/F
    Søren/M Philippa/F Anouk/F Tobias/M Greta/F Lucinda/F Beatrix/F Emeka/M Noémie/F Saoirse/F
    Rufus/M Ingrid/F Delphine/F Alaric/M Rosalind/F Wilhelmina/F Jürgen/M Odette/F Freya/F
    Dmitri/M Thandiwe/F Marisol/F Łucja/F Ignatius/M Petra/F Xanthe/F Kenji/M Hyacinth/F Imogen/F
    Leopold/M Cordelia/F Suki/F Montague/M Ginevra/F Amaya/F Ólafur/M
    """
)
LAST_NAMES = _words(
    """
    Abernathy Birdwhistle Castellanos Dunmore Eastlake Fairweather Grünwald Holloway Ibarra Jessop
    Kowalczyk Lindqvist Merriweather Nakagawa O'Dowd Pemberton Quigley Ravensworth Søndergaard
    Thistlewood Underhill Vandermeer Wakefield Xiong Yarrow Zielinski Ainsley Bellweather Corcoran
    Dragomir Evergreen Fitzgibbon Gallowglass Hathersage Ingersoll Jankauskas Kirkbride Lovelace
    Mbeki Nightingale Oyelaran Plumtree Quesada Rutherglen Stonebridge Trelawney Urquhart Vasquez
    Winterbourne Yamashiro Zabłocki Peñaranda Hollingworth
    """
)

USER_AGENTS = (
    '"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) '
    'Chrome/70.0.3538.77 Safari/537.36"',
    '"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_1) AppleWebKit/605.1.15 (KHTML, like Gecko) '
    'Version/12.0.1 Safari/605.1.15"',
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:63.0) Gecko/20100101 Firefox/63.0",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:63.0) Gecko/20100101 Firefox/63.0",
)

# What users play most, and the catalogue has: title, artist, town, year.
HITS = (
    ("Lanterns on the Water", "The Paper Herons", "Fernhaven, OR", 2016),
    ("Slow Train to Elsewhere", "Juniper Vale", "Rowanford, TN", 2011),
    ("Half Past Summer", "Marigold Static", "Ashport, CA", 2017),
    ("Kitchen Table Astronauts", "The Understudies", "Cloverdale Heights, MN", 2014),
    ("Paint Me a Weather", "Odile & the Barometers", "", 2009),
    ("The Cartographer's Daughter", "Wren Halloway", "Thistlewick, England", 1998),
    ("Tin Roof Serenade", "Copper Kettle Boys", "Elderfield, KY", 1974),
    ("Where the Bicycles Sleep", "Petit Orage", "Montréal-les-Pins, Canada", 2012),
    ("Borrowed Umbrella", "Juniper Vale", "Rowanford, TN", 2013),
    ("Neon Orchard", "Glasshouse 9", "Foxgate, NY", 2018),
    ("Letters I Never Mailed", "Solange Whitaker", "Larchmere, OH", 1986),
    ("Dancing in the Wrong Shoes", "The Left Feet", "Copperport, FL", 2005),
    ("Midwinter Mango", "Ámbar del Río", "Sorrelburg, NM", 2015),
    ("Hush, Little Engine", "The Paper Herons", "Fernhaven, OR", 2013),
    ("Seven Kinds of Blue", "Thaddeus Crane Trio", "Marshgate, LA", 1961),
    ("Postcards from the Attic", "Moth & Rust", "Hazelhurst, WA", 1994),
    ("Everyone Knows Your Kite", "Kite Season", "", 2010),
    ("A Small Parade", "Brass Tuesday", "Pineton, GA", 2008),
    ("Telephone to the Moon", "Marigold Static", "Ashport, CA", 2014),
    ("Salt in the Honey", "Harrow & Finch", "Nettleford, VT", 2003),
    ("Nobody's Lighthouse", "The Quiet Coast", "Willowmouth, ME", 1991),
    ("Rainy Day Arithmetic", "The Understudies", "Cloverdale Heights, MN", 2016),
    ("My Heart Is a Vending Machine", "Arcade Romance", "Garnetstead, TX", 2018),
    ("Goodnight, Grandfather Clock", "Wren Halloway", "Thistlewick, England", 2001),
)

# What users play as much, and the catalogue lacks: title, artist.
MISSING_HITS = (
    ("Last Bus to Nowhere Special", "Velveteen Motel"),
    ("Sugar on the Windowsill", "Cassia Monroe"),
    ("Wolves in Cardigans", "Polite Society"),
    ("Two Left Turns", "The Wrong Directions"),
    ("Ordinary Fireworks", "Beacon & Bramble"),
    ("October, Probably", "Leaf Pile"),
    ("Caffeine Lullaby", "Insomnia Choir"),
    ("The Ballad of Mister Biscuit", "Crumb"),
    ("Parallel Parking", "Learner's Permit"),
    ("Crème Brûlée", "Les Chats Polis"),
)

_LONG_TITLE = "Inventory of a Dream: " + ", ".join(map("{} {}".format, ADJECTIVES[:22], NOUNS))
_LONG_ARTIST = "The " + ", ".join(NOUNS[10:42]) + " and Sons Memorial Big Band"
_LONG_LOCATION = "On the road between " + ", ".join(f"{noun}{TOWN_ENDS[0]}" for noun in NOUNS[:22])
# Few enough characters for VARCHAR(256), were its length not counted in bytes.
_WIDE_TITLE = "さくらの花が風にゆれて、" * 9
_WIDE_ARTIST = "夜明けの東京楽団" * 12
_WIDE_LOCATION = "京都の北のしずかな山の町、" * 8

# Each is played, and matches: artist key, artist, location, title, duration, year. The same key is
# the same artist_id.
AWKWARD_SONGS: tuple[tuple[int, str, str, str, float, int], ...] = (
    # One title and artist, several recordings.
    (1, "Encore Encore", "Quillport, PA", "Play It Again", 180.5, 1982),
    (1, "Encore Encore", "Quillport, PA", "Play It Again", 240.75, 1983),
    (1, "Encore Encore", "Quillport, PA", "Play It Again", 180.50001, 1984),
    # One song twice, under artists of their own: the lowest song_id is the play's.
    (2, "Twice Told", "Ashham, OH", "The Very Same Song", 222.22222, 1999),
    (3, "Twice Told", "", "The Very Same Song", 222.22222, 0),
    # One artist, several names and locations.
    (4, "Nilla Frost", "", "Snowglobe", 201.33342, 0),
    (4, "Nilla Frost & The Thaw", "Polar Bay, Canada", "Snowglobe II", 202.44451, 2007),
    (4, "NILLA FROST", "Polar Bay", "Meltwater", 203.5556, 2010),
    # One title, two artists, one duration.
    (5, "The Originals of Record", "", "Cover Story", 199.99999, 1970),
    (6, "The Imitators", "", "Cover Story", 199.99999, 2012),
    # Words and numbers that a loader may take for something else.
    (7, "null", "null", "null", 131.1, 0),
    (8, "None", "None", "None", 132.2, 0),
    (9, "007", "1984", "0042", 133.3, 2001),
    (10, "1e5", "-1.50", "3.0", 134.4, 2002),
    (11, "NaN", "true", "NULL", 135.5, 2003),
    # Characters that have a meaning in JSON, CSV, COPY's text format or SQL.
    (12, 'The "Quoted" Ones', 'New "Old" Town', '"Say "When""', 141.1, 1990),
    (13, "Tab\tand\tThe\tStops", "Left\tRight", "Side A\tSide B", 142.2, 1991),
    (14, "Back\\slash\\", "C:\\Music\\", "\\N", 143.3, 1992),
    (15, "\\.", "\\", "C:\\new\\table\\", 144.4, 1993),
    (16, "Comma's, Comma; Pipe|", "Here, There, '24", "It's '; -- Nothing", 145.5, 1994),
    (17, "100% {Braces} [&] <b>Tags</b>", "$1 %s {0}", "AC/BC // $['song']", 146.6, 1995),
    # More bytes than characters, and more than 256 of either.
    (18, "Åsa Ünsal", "Łódź", "Où est l'été, señor Ñandú?", 151.1, 0),
    (18, "Åsa Ünsal", "Łódź", "Привет, Αθήνα", 152.2, 0),
    (19, "Emoji 🎷 Sisters", "🌍", "🎵 Hum With Me 🎵", 153.3, 2018),
    (20, "Emoji 🎷 Brothers", "", "Hum Without Me 🎶", 154.4, 2018),
    (21, _LONG_ARTIST, _LONG_LOCATION, _LONG_TITLE, 161.1, 1977),
    (22, _WIDE_ARTIST, _WIDE_LOCATION, _WIDE_TITLE, 162.2, 1978),
    # Whole seconds, the shortest and the longest.
    (23, "Round Numbers", "", "Two Hundred Even", 200.0, 0),
    (23, "Round Numbers", "", "Blink", 0.522, 0),
    (23, "Round Numbers", "", "All Night Long Drone", 3024.66567, 0),
)

# Users who do only what the log's script says: first name, last name, gender, level.
SCRIPTED_USERS = (
    ('Ana "Ace"', "Null", "F", "paid"),
    ("Twyla", "Tiebreak", "F", "free"),
    ("Bodhi", "Backagain", "M", "free"),
    ("Fern", "Forthagain", "F", "paid"),
    ("Mirela", "Before", "F", "free"),
    ("Óscar\\Ozzie", "Muñoz-Ó Briain", "M", "free"),
    ("Samira", "Sametime", "F", "paid"),
)

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_PHRASE_COUNT = len(ADJECTIVES) * len(NOUNS) * len(TITLE_PATTERNS)


def scramble(number: int) -> int:
    """A number of 64 bits that looks drawn at random, for each number the same."""
    number = (number + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    number = (number ^ number >> 31) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    return number ^ number >> 29


def identifier(prefix: str, infix: str, number: int) -> str:
    """An id in the style of the original's: prefix, five letters, infix, seven digits."""
    code = number * 5_000_011 % 26**5
    letters = PAIRS[code % 676] + PAIRS[code // 676 % 676] + _ALPHABET[code // 676**2]
    return f"{prefix}{letters}{infix}{scramble(number) % 16**7:07X}"


def phrase(patterns: Sequence[str], number: int) -> str:
    """A title or a name; other ones for the numbers that follow."""
    rest, pattern = divmod(number * 7_919 % _PHRASE_COUNT, len(patterns))
    noun, adjective = divmod(rest, len(ADJECTIVES))
    return patterns[pattern].format(ADJECTIVES[adjective], NOUNS[noun])


def town(seed: int) -> str:
    """The name of a town."""
    return NOUNS[seed % len(NOUNS)] + TOWN_ENDS[seed // 97 % len(TOWN_ENDS)]


def region(seed: int) -> str:
    """A state or a country."""
    return REGIONS[seed // 31 % len(REGIONS)]


def duration(seed: int) -> float:
    """Seconds, between one minute and a half and seven."""
    return (9_000_000 + seed % 17_000_000 + seed // 2**30 % 16_000_000) / 100_000


class Song(NamedTuple):
    """A recording, as its file has it, and the artist as this file has them."""

    num_songs: int
    artist_id: str
    artist_latitude: float | None
    artist_longitude: float | None
    artist_location: str
    artist_name: str
    song_id: str
    title: str
    duration: float
    year: int


def _artist(number: int) -> tuple[str, float | None, float | None, str, str]:
    seed = scramble(number)
    latitude, longitude = 2_500_000 + seed % 2_400_000, 6_700_000 + seed // 2**24 % 5_700_000
    located, mapped = seed % 20 < 11, seed % 20 < 7
    return (
        identifier("AR", "1187", number),
        latitude / 100_000 if mapped else None,
        longitude / -100_000 if mapped else None,
        f"{town(seed)}, {region(seed)}" if located else "",
        phrase(ARTIST_PATTERNS, number),
    )


def _variant(song: Song, seed: int) -> Song:
    """The song, with what another source says of its artist."""
    if seed % 16 == 0:
        guest = phrase(ARTIST_PATTERNS, seed)
        return song._replace(artist_name=f"{song.artist_name} feat. {guest}")
    return song._replace(artist_location=town(seed)) if seed % 16 == 1 else song


@functools.cache
def special_songs() -> tuple[Song, ...]:
    """The songs that are written down above: first the hits, then the awkward ones."""
    keys = [artist for _, artist, _, _ in HITS]
    rows: list[tuple[int, str, str, str, float, int]] = [
        (keys.index(artist), artist, place, title, duration(scramble(number)), year)
        for number, (title, artist, place, year) in enumerate(HITS)
    ]
    rows += [(len(HITS) + row[0], *row[1:]) for row in AWKWARD_SONGS]
    return tuple(
        Song(
            *(1, identifier("AR", "1187", key), None, None, place, artist),
            *(identifier("SO", "12A8", number), title, seconds, year),
        )
        for number, (key, artist, place, title, seconds, year) in enumerate(rows)
    )


def song(number: int) -> Song:
    """The catalogue's song of this number."""
    if number < len(special_songs()):
        return special_songs()[number]
    seed = scramble(number + 1_000_000_000)
    # A quarter of the artists so far has half of the songs.
    artist = _artist(100 + (seed // 2 % (number // 4) if seed % 2 else number))
    year = 0 if seed // 8 % 9 < 4 else 2010 - min(seed // 128 % 48, seed // 8192 % 48)
    song_id, title = identifier("SO", "12A8", number), phrase(TITLE_PATTERNS, number)
    return _variant(Song(1, *artist, song_id, title, duration(seed), year), seed // 2**32)
