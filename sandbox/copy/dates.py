"""Dates and times in COPY's formats (dg/r_DATEFORMAT_and_TIMEFORMAT_strings)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from sandbox.copy.automatic_dates import month_number, recognise, zone_of
from sandbox.copy.rejections import INVALID_DATE, INVALID_TIMESTAMP, ValueRejected
from sandbox.errors import not_supported

DEFAULT_DATE = "YYYY-MM-DD"
DEFAULT_TIMESTAMP = "YYYY-MM-DD HH:MI:SS"
EPOCHS = {"epochsecs": timedelta(seconds=1), "epochmillisecs": timedelta(milliseconds=1)}

_ELEMENT = re.compile("YYYY|MON|MM|MI|DD|HH24|HH12|HH|SS|AM|PM|[-/:., T]")
_PATTERNS = {
    "YYYY": r"(?P<year>\d{4})",
    "MON": r"(?P<month_name>[A-Za-z]+)",
    "MM": r"(?P<month>\d{2})",
    "DD": r"(?P<day>\d{2})",
    "HH": r"(?P<hour>\d{2})",
    "HH24": r"(?P<hour>\d{2})",
    "HH12": r"(?P<hour12>\d{2})",
    "MI": r"(?P<minute>\d{2})",
    "SS": r"(?P<second>\d{2})(?:\.(?P<fraction>\d{1,6}))?",
    "AM": r"(?P<half>[AaPp][Mm])",
    "PM": r"(?P<half>[AaPp][Mm])",
}
_OFFSET = r"(?P<offset>[+-]\d{1,2}(?::?\d{2})?)"
_TIME_OF_DAY = r"(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
_EPOCH = re.compile(r"-?\d{1,17}", re.ASCII)
_ISO_DATE = r"\d{4}-\d{2}-\d{2}"


def read_date(text: str, date_format: str | None) -> str:
    """A DATE as ISO text; a time after it is ignored.

    Raises ValueRejected 1205 for what does not match, and SqlError 0A000 for a format that the
    sandbox does not know.
    """
    shown = date_format or DEFAULT_DATE
    try:
        if date_format == "auto":
            return recognise(text).date().isoformat()
        return _moment(_date_pattern(shown).fullmatch(text)).date().isoformat()
    except ValueError as problem:
        reason = f"Invalid date format or value [{shown}]"
        raise ValueRejected(INVALID_DATE, reason) from problem


def read_timestamp(
    text: str, time_format: str | None, date_format: str | None, with_zone: bool
) -> str:
    """A TIMESTAMP, or with a zone a TIMESTAMPTZ, as ISO text.

    Raises ValueRejected 1206 for what does not match, and SqlError 0A000 for a format that the
    sandbox does not know.
    """
    shown = time_format or DEFAULT_TIMESTAMP + ("OF" if with_zone else "")
    try:
        if time_format in EPOCHS:
            return _iso(_since_epoch(text, EPOCHS[time_format], with_zone))
        if time_format == "auto":
            return _iso(_in_zone(recognise(text), with_zone))
        match = _timestamp_pattern(time_format, with_zone).fullmatch(text)
        if date_format == "auto" and not with_zone and re.fullmatch(_ISO_DATE, text, re.ASCII):
            return _iso(recognise(text))
        return _iso(_moment(match))
    except (ValueError, OverflowError) as problem:
        reason = f"Invalid timestamp format or value [{shown}]"
        raise ValueRejected(INVALID_TIMESTAMP, reason) from problem


@lru_cache(maxsize=64)
def _date_pattern(date_format: str) -> re.Pattern[str]:
    return re.compile(_pattern(date_format, "DATEFORMAT") + _TIME_OF_DAY, re.ASCII)


@lru_cache(maxsize=64)
def _timestamp_pattern(time_format: str | None, with_zone: bool) -> re.Pattern[str]:
    zone = _OFFSET if with_zone else ""
    if time_format is not None and with_zone:
        raise not_supported("TIMESTAMPTZ loads in the default TIMEFORMAT or 'auto' only")
    return re.compile(_pattern(time_format or DEFAULT_TIMESTAMP, "TIMEFORMAT") + zone, re.ASCII)


def _pattern(template: str, option: str) -> str:
    """The regular expression of a format string."""
    parts = _ELEMENT.findall(template)
    names = [name for part in parts for name in re.findall(r"\?P<(\w+)>", _PATTERNS.get(part, ""))]
    if "".join(parts) != template or len(set(names)) < len(names) or not _is_whole(set(names)):
        raise not_supported(f"The sandbox does not support {option} '{template}'")
    return "".join(_PATTERNS.get(part, re.escape(part)) for part in parts)


def _is_whole(names: set[str]) -> bool:
    """Whether the parts name one day, and no hour that could be in either half of it."""
    a_day = {"year", "day"} <= names and len(names & {"month", "month_name"}) == 1
    return a_day and ("hour12" in names) == ("half" in names) and not {"hour", "hour12"} <= names


def _moment(match: re.Match[str] | None) -> datetime:
    """The matched parts as one moment; raises ValueError for no match, or for no such moment."""
    if match is None:
        raise ValueError("no match")
    parts = match.groupdict()
    return datetime(
        int(parts["year"]),
        int(parts.get("month") or 0) or month_number(parts["month_name"]),
        int(parts["day"]),
        _hour(parts),
        int(parts.get("minute") or 0),
        int(parts.get("second") or 0),
        int((parts.get("fraction") or "0").ljust(6, "0")),
        zone_of(parts.get("offset")),
    )


def _hour(parts: dict[str, str | None]) -> int:
    half = parts.get("half")
    if half is None:
        return int(parts.get("hour") or 0)
    hour = int(parts.get("hour12") or 0)
    if not 1 <= hour <= 12:
        raise ValueError("no hour of half a day")
    return hour % 12 + (12 if half.upper() == "PM" else 0)


def _since_epoch(text: str, unit: timedelta, with_zone: bool) -> datetime:
    if not _EPOCH.fullmatch(text):
        raise ValueError("no whole number")
    moment = datetime(1970, 1, 1, tzinfo=UTC) + int(text) * unit
    return moment if with_zone else moment.replace(tzinfo=None)


def _in_zone(moment: datetime, with_zone: bool) -> datetime:
    """As a cast does: without a zone it is of UTC, and a column without one ignores it."""
    if not with_zone:
        return moment.replace(tzinfo=None)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _iso(moment: datetime) -> str:
    return moment.isoformat(" ")
