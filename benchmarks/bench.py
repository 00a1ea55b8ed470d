"""Measure the pipeline, and set it against its targets.

Seconds on their own say little, as machines differ. Where there is something to compare with, it
runs beside on the same machine, and the median of some rounds counts.

example:
  python -m benchmarks.bench limit small_files
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from datetime import date

from benchmarks import growth, limit, others, skew, small_files, start_up
from benchmarks.inputs import ROOT
from benchmarks.running import Figure
from dwh.terminal import print_table

WORK = ROOT / "build" / "bench"
PARTS = {
    "start_up": ("Start", start_up.measure),
    "small_files": ("Small files", small_files.measure),
    "growth": ("Growth and memory", growth.measure),
    "limit": ("Near the limit", limit.measure),
    "skew": ("Distribution", skew.measure),
    "others": ("Beside others", others.measure),
}


def main() -> int:
    """Run the parts, and print a table of each; 1 if a target is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the median counts")
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    print(f"{date.today()}, {machine()}", flush=True)
    missed = [measure(part, options.rounds) for part in options.parts or PARTS]
    return 1 if any(missed) else 0


def measure(part: str, rounds: int) -> bool:
    """Run one part and print its table; whether a target is missed."""
    title, action = PARTS[part]
    folder = WORK / part
    shutil.rmtree(folder, ignore_errors=True)
    try:
        figures = action(folder, rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    rows = [(each.name, shown(each.value, each.unit), target(each)) for each in figures]
    print_table(title, ("measured", "value", "at most"), rows)
    sys.stdout.flush()
    return any(each.is_missed for each in figures)


def shown(value: float, unit: str) -> str:
    """A value with its unit; files are whole."""
    number = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
    return f"{number} {unit}".strip()


def target(figure: Figure) -> str:
    """The most that it may be, and whether that is missed."""
    if figure.target is None:
        return ""
    return f"{figure.target:g} {figure.unit}".strip() + (" MISSED" if figure.is_missed else "")


def machine() -> str:
    """What it was measured on."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
