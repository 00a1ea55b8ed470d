"""Runs programs, and looks for secrets in all that they show and leave."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from sandbox.control import State

PAUSE_SECONDS = 0.1


class Search:
    """Keeps what programs show, the arguments of processes, and where files may be left.

    That is below `folder`, `kept` aside, where the secrets themselves are.
    """

    def __init__(self, folder: Path, kept: Path, sandbox: State) -> None:
        self.folder, self.kept, self.sandbox = folder, kept, sandbox
        self.home = folder / "home"
        self.home.mkdir()
        self.shown: dict[str, str] = {}

    def run(self, title: str, *command: str, env: Mapping[str, str]) -> int:
        """Run a Python program in a home of its own; its exit code."""
        places = dict.fromkeys(("HOME", "TMPDIR"), str(self.home))
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=self.home,
            env={**env, **places},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(title, process.pid, over))
        watcher.start()
        self.shown[f"{title}, stdout"], self.shown[f"{title}, stderr"] = process.communicate()
        over.set()
        watcher.join()
        return process.returncode

    def _watch(self, title: str, pid: int, over: threading.Event) -> None:
        seen: set[str] = set()
        while not over.wait(PAUSE_SECONDS):
            seen.update(arguments(pid), arguments(self.sandbox.pid))
        self.shown[f"{title}, arguments"] = "\n".join(seen)

    def leaks(self, secrets: Mapping[str, str]) -> list[str]:
        """Where which of the secrets is."""
        places = self.shown | self._files()
        return [
            f"{name} in {place}"
            for place, text in places.items()
            for name, secret in secrets.items()
            if secret in text
        ]

    def _files(self) -> dict[str, str]:
        folders = (self.folder, Path(self.sandbox.ca_file).parent)
        files = [each for folder in folders for each in folder.rglob("*") if each.is_file()]
        return {
            str(each): each.read_bytes().decode("latin-1")
            for each in files
            if not each.is_relative_to(self.kept)
        }


def arguments(pid: int) -> Iterator[str]:
    """The command lines of a process and of all that it has started."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in [process, *process.children(recursive=True)]:
            with suppress(psutil.Error):
                yield " ".join(each.cmdline())
