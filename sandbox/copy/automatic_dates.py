"""Dates and times that COPY recognises by itself (dg/automatic-recognition).

What that page leaves open is as by CAST, by which it says to try a value.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

from sandbox.errors import not_supported

MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
# The hours that the zones of North America, which the page names, differ from UTC.
ZONES = {"Z": 0, "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5}
ZONES |= {"MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
JULIAN_DAY_OF_YEAR_1 = 1721425

_DATES = (
    r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})",
    r"(?P<month>\d{2})/(?P<day>\d{2})/(?P<year>\d{4})",
    r"(?P<first>\d{2})\.(?P<day>\d{2})\.(?P<year>\d{4})",
    r"(?P<day>\d{1,2}) (?P<name>[A-Za-z]+) (?P<year>\d{4})",
    r"(?P<year>\d{4})\.(?P<ordinal>\d{3})",
    r"J(?P<julian>\d{1,7})",
)
_TIME = r"(?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d+)?))?"
_ZONE = r"(?: ?(?P<zone>[A-Z]{1,4}|[+-]\d{1,2}(?::?\d{2})?))?"
_COMPACT_TIME = r"(?: (?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2}))"
_FORMATS = [
    *(rf"{day}(?:[ T]{_TIME}{_ZONE})?" for day in _DATES),
    rf"(?P<year>\d{{4}})(?P<month>\d{{2}})(?P<day>\d{{2}}){_COMPACT_TIME}?",
    rf"(?P<year>\d{{2}})(?P<month>\d{{2}})(?P<day>\d{{2}}){_COMPACT_TIME}",
    rf"(?P<day>\d{{1,2}}) (?P<name>[A-Za-z]+) {_TIME} (?P<year>\d{{4}}){_ZONE}",
]
PATTERNS = [re.compile(each, re.ASCII) for each in _FORMATS]


def recognise(text: str) -> datetime:
    """The moment that a text names, with its zone if it has one.

    Raises ValueError if it names none, and SqlError 0A000 for what the page leaves open.
    """
    if text.endswith(" BC"):
        raise not_supported("The sandbox does not support years before Christ")
    for pattern in PATTERNS:
        if match := pattern.fullmatch(text):
            parts = {name: value for name, value in match.groupdict().items() if value}
            seconds = Decimal(parts.get("second", "0"))
            clock = time(int(parts.get("hour", 0)), int(parts.get("minute", 0)), int(seconds))
            moment = datetime.combine(_day(parts), clock, zone_of(parts.get("zone")))
            return moment + timedelta(microseconds=round(seconds % 1 * 1_000_000))
    raise ValueError("no format")


def _day(parts: dict[str, str]) -> date:
    if "julian" in parts:
        return date.fromordinal(int(parts["julian"]) - JULIAN_DAY_OF_YEAR_1)
    year = int(parts["year"])
    if len(parts["year"]) == 2:
        year += 2000 if year < 70 else 1900
    if "ordinal" in parts:
        return datetime.strptime(f"{year} {parts['ordinal']}", "%Y %j").date()
    if "name" in parts:
        return date(year, month_number(parts["name"]), int(parts["day"]))
    if "first" in parts and int(parts["day"]) <= 12:
        # Its example for DD.MM.YYYY is 12.17.1997.
        raise not_supported("Amazon Redshift does not document which is the month in NN.NN.YYYY")
    return date(year, int(parts.get("month") or parts["first"]), int(parts["day"]))


def month_number(name: str) -> int:
    """The number of a month by its name, or the first three letters. Raises ValueError."""
    wanted = name.lower()
    for number, month in enumerate(MONTHS, start=1):
        if wanted in {month, month[:3]}:
            return number
    raise ValueError("no month")


def zone_of(name: str | None) -> timezone | None:
    """A time zone by its offset from UTC, or by its name. Raises SqlError 0A000 for others."""
    if name is None:
        return None
    if name[0] not in "+-":
        if name not in ZONES:
            raise not_supported(f"The sandbox does not know the time zone {name}")
        return timezone(timedelta(hours=ZONES[name]))
    digits = name[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    distance = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-distance if name[0] == "-" else distance)
