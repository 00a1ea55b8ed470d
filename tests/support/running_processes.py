"""What runs on this machine."""

from __future__ import annotations

from pathlib import Path

from psutil import process_iter


def processes(*folders: str | Path) -> list[str]:
    """The processes whose command line names one of the folders."""
    lines = [" ".join(process.info["cmdline"] or []) for process in process_iter(["cmdline"])]
    return [line for line in lines if any(str(folder) in line for folder in folders)]
