"""The names of date parts.

https://docs.aws.amazon.com/redshift/latest/dg/r_Dateparts_for_datetime_functions.html
"""

from __future__ import annotations

from sandbox.errors import SqlError, not_supported

_DATE_PARTS = {
    "millennium": "millennium millennia mil mils",
    "century": "century centuries c cent cents",
    "decade": "decade decades dec decs",
    "epoch": "epoch",
    "year": "year years y yr yrs",
    "quarter": "quarter quarters qtr qtrs",
    "month": "month months mon mons",
    "week": "week weeks w",
    "dow": "dayofweek dow dw weekday",
    "doy": "dayofyear doy dy yearday",
    "day": "day days d",
    "hour": "hour hours h hr hrs",
    "minute": "minute minutes m min mins",
    "second": "second seconds s sec secs",
    "millisecond": "millisecond milliseconds ms msec msecs msecond mseconds"
    " millisec millisecs millisecon",
    "microsecond": "microsecond microseconds microsec microsecs usecond useconds us usec usecs",
}
_PART_NAMES = {alias: name for name, aliases in _DATE_PARTS.items() for alias in aliases.split()}
_OF_A_DATE = ("date_part", "pgdate_part", "extract")


def date_part(written: str, function: str) -> str | None:
    """The part as PostgreSQL calls it, None for what is no part.

    Raises SqlError for one that only PostgreSQL has.
    """
    name = _PART_NAMES.get(written.lower())
    if name == "millisecond" and function in ("date_part", "pgdate_part"):
        raise not_supported("the sandbox does not do DATE_PART of milliseconds; use EXTRACT")
    if name is None and function in _OF_A_DATE:
        raise _unknown_part(written.lower())
    return name


def _unknown_part(name: str) -> SqlError:
    return not_supported(f'the sandbox does not do the date part "{name}"')
