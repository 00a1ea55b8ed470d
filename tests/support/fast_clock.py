"""Waits that take no time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest


class FastClock:
    """Stands for the module `time` in waits: whoever sleeps sees the time pass at once.

    `on_sleep`, if there is one, is called in each sleep.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.on_sleep: Callable[[], None] | None = None

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.on_sleep:
            self.on_sleep()


@contextmanager
def fast_clock() -> Iterator[FastClock]:
    """Let the scripts, in this process, wait by a fast clock."""
    clock = FastClock()
    with pytest.MonkeyPatch.context() as patch:
        for module in ("dwh.aws", "dwh.terminal", "dwh.loading.attempts"):
            patch.setattr(f"{module}.time", clock)
        yield clock
