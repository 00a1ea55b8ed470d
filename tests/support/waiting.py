"""Waiting for events. A limit is there against hangs only: a slow machine must not meet it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

HANG_SECONDS = 600


def wait_until(happens: Callable[[], bool], what: str = "") -> None:
    """Wait until something happens."""
    deadline = time.monotonic() + HANG_SECONDS
    while not happens():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@contextmanager
def once(happens: Callable[[], bool], then: Callable[[], object]) -> Iterator[None]:
    """While the block runs, do something as soon as something else happens."""

    def wait_and_do() -> None:
        wait_until(happens)
        then()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(wait_and_do)
        yield
        done.result()
