"""A cluster's port: who is admitted is served; others get no answer, as if packets were lost."""

from __future__ import annotations

import contextlib
import logging
import socket
import socketserver
import time
from collections import deque
from collections.abc import Callable
from typing import Any

HOST = "127.0.0.1"
# Longer than a client's own system would go on trying to connect.
IGNORED_SECONDS = 150
IGNORED_MOST = 64
log = logging.getLogger(__name__)


class Listener(socketserver.ThreadingTCPServer):
    """Holds a port of the loopback interface, and listens on it once it is activated.

    `admits(address)` says for each connection whether it is served; it is asked once. Raises
    OSError when the port is taken.
    """

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, port: int, admits: Callable[[str], bool], serve: Callable[[socket.socket], None]
    ) -> None:
        super().__init__((HOST, port), _Handler, bind_and_activate=False)
        self.serve = serve
        self._admits = admits
        self._ignored: deque[tuple[float, socket.socket]] = deque()
        try:
            self.server_bind()
        except OSError:
            self.server_close()
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve the client in a thread of its own, or leave it without an answer."""
        if self._admits(client_address[0]):
            super().process_request(request, client_address)
            return
        request.setblocking(False)
        self._ignored.append((time.monotonic() + IGNORED_SECONDS, request))

    def service_actions(self) -> None:
        """Let go of ignored clients that have left, have waited for long, or are too many."""
        excess = len(self._ignored) - IGNORED_MOST
        for place, (end, connection) in enumerate(list(self._ignored)):
            if place < excess or time.monotonic() > end or _has_left(connection):
                self._ignored.remove((end, connection))
                with contextlib.suppress(OSError):
                    connection.close()

    def server_close(self) -> None:
        """Let go of the port and of those who are ignored."""
        super().server_close()
        while self._ignored:
            self._ignored.popleft()[1].close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what went wrong in a session."""
        log.exception("a session failed")


class _Handler(socketserver.BaseRequestHandler):
    server: Listener

    def handle(self) -> None:
        self.server.serve(self.request)


def _has_left(connection: socket.socket) -> bool:
    """Whether the client has closed its end; what it has said until then is lost."""
    try:
        while connection.recv(1 << 16):
            pass
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True
