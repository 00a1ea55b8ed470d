"""The SQL that a new server begins with."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

# In the order in which they run.
_NAMES = ("catalog", "system_tables", "conversions", "functions", "dates", "texts", "numbers")
PATHS = [Path(__file__).with_name(f"{name}.sql") for name in _NAMES]
_VIEW = re.compile(r"CREATE VIEW pg_catalog\.(\w+)")
_OF_REDSHIFT = ("stl_", "stv_", "svv_", "svl_", "svcs_", "sys_")

_NOT_THERE = (
    *("pg_database_info", "pg_external_schema", "pg_library", "pg_statistic_indicator"),
    "pg_user_info",
)


@cache
def system_views() -> frozenset[str]:
    """The names of the system views and tables that Redshift has and PostgreSQL has not."""
    names = (name for path in PATHS for name in _VIEW.findall(path.read_text()))
    return frozenset(name for name in names if name.startswith(_OF_REDSHIFT))


def is_unknown_view(name: str) -> bool:
    """True if a name can only be a system view's, and is none of those that are there."""
    return name in _NOT_THERE or (name.startswith(_OF_REDSHIFT) and name not in system_views())
