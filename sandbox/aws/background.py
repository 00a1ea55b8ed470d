"""Work on clusters that goes on after the API has answered."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

# Held by whoever looks at or changes what the requests and the work in the background share: the
# statuses of clusters and snapshots, their lists, and who uses a security group.
STATE_LOCK = threading.RLock()
log = logging.getLogger(__name__)
Shared = TypeVar("Shared")


def as_it_is(item: Shared) -> Shared:
    """A copy for an answer, which what happens in the background does not change any more."""
    # Not copy.copy: moto keeps every object that its classes' __new__ makes.
    found = object.__new__(type(item))
    found.__dict__.update(item.__dict__)
    return found


class Background:
    """Does work in threads, until the end."""

    def __init__(self) -> None:
        self._threads: set[threading.Thread] = set()
        self._end = threading.Event()

    @property
    def has_ended(self) -> bool:
        """Whether no more work is begun."""
        return self._end.is_set()

    def run(self, what: str, work: Callable[[], None], ended: Callable[[bool], None]) -> None:
        """Begin to do `work`; nothing happens after the end.

        Calls `ended` with whether it is done; if it is not, the log says why.
        """

        def do() -> None:
            done = False
            try:
                work()
                done = True
            except Exception:
                if not self.has_ended:
                    log.exception("%s failed", what)
            finally:
                with STATE_LOCK:
                    ended(done)
                    self._threads.discard(threading.current_thread())

        with STATE_LOCK:
            if not self.has_ended:
                thread = threading.Thread(target=do, daemon=True)
                self._threads.add(thread)
                thread.start()

    def wait(self, seconds: float) -> None:
        """Let some time pass, less if the end comes."""
        self._end.wait(seconds)

    def end(self) -> None:
        """Begin no more work."""
        with STATE_LOCK:
            self._end.set()

    def join(self, seconds: float) -> None:
        """Wait for the work that goes on, at most so long."""
        deadline = time.monotonic() + seconds
        with STATE_LOCK:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0, deadline - time.monotonic()))


background = Background()
