"""The door of one cluster: TCP and TLS, log-in, then a session with PostgreSQL behind it."""

from __future__ import annotations

import contextlib
import logging
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from sandbox.warehouse import wire
from sandbox.warehouse.backend import Backend, BackendError, Message, read_message
from sandbox.warehouse.session import Copier, Session

SERVER_VERSION = "8.0.2"
LOGIN_TIMEOUT_SECONDS = 60
FORWARDED_PARAMETERS = ("application_name", "options", "DateStyle", "TimeZone")
# PostgreSQL 8.0 reports these; clients take a server without standard_conforming_strings for one
# that reads backslashes as escapes, which it does.
PARAMETERS = (
    "server_version",
    "server_encoding",
    "client_encoding",
    "is_superuser",
    "session_authorization",
    "DateStyle",
    "TimeZone",
    "integer_datetimes",
)
log = logging.getLogger(__name__)


class LoginRefusedError(Exception):
    """The client may not log in; becomes a FATAL error."""

    def __init__(self, message: str, sqlstate: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class SocketClient:
    """The client's end of a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.stream = _buffered(connection)

    def read(self) -> Message | None:
        """The next message, None when the client has gone."""
        try:
            return read_message(self.stream, wire.MESSAGE_LIMIT)
        except OSError:
            return None

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.socket.sendall(data)

    def fatal(self, message: str, sqlstate: str) -> None:
        """Tell the client why the connection ends, if it still listens."""
        with contextlib.suppress(OSError):
            self.send(wire.error(message, sqlstate, severity="FATAL"))

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Go over to TLS."""
        self.stream.close()
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.stream = _buffered(self.socket)

    def close(self) -> None:
        """Close both directions."""
        with contextlib.suppress(OSError):
            self.stream.close()
            self.socket.close()


class Door:
    """Listens on a free port of the loopback interface for one PostgreSQL server.

    `authenticate(user, password)` gives PostgreSQL's name for the user, or None to refuse.
    """

    def __init__(
        self,
        socket_path: Callable[[], str],
        tls: ssl.SSLContext,
        authenticate: Callable[[str, str], str | None],
        copier_for: Callable[[str, str], Copier],
    ) -> None:
        self.socket_path = socket_path
        self.tls = tls
        self.authenticate = authenticate
        self.copier_for = copier_for
        self._server = _Listener(("127.0.0.1", 0), _Handler)
        self._server.door = self
        self._is_open = False
        self.port = int(self._server.server_address[1])

    def open(self) -> None:
        """Take connections from now on."""
        self._is_open = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Take no more; sessions end when their PostgreSQL stops."""
        if self._is_open:
            self._server.shutdown()
            self._is_open = False
        self._server.server_close()

    def serve(self, connection: socket.socket) -> None:
        """Serve one client from its first byte to its last."""
        connection.settimeout(LOGIN_TIMEOUT_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = SocketClient(connection)
        try:
            parameters = self._start_up(client)
            if parameters is not None:
                self._serve_session(client, parameters)
        except LoginRefusedError as refusal:
            client.fatal(str(refusal), refusal.sqlstate)
        except wire.ProtocolError as problem:
            client.fatal(str(problem), "08P01")
        except (ConnectionError, TimeoutError, ssl.SSLError):
            client.fatal("terminating connection due to administrator command", "57P01")
        finally:
            client.close()

    def _start_up(self, client: SocketClient) -> dict[str, str] | None:
        encrypted = False
        while (packet := _read_start_up(client.stream)) is not None:
            code, payload = packet
            if code == wire.SSL_REQUEST and not encrypted:
                client.send(b"S")
                client.encrypt(self.tls)
                encrypted = True
            elif code == wire.GSS_ENCRYPTION_REQUEST:
                client.send(b"N")
            elif code == wire.CANCEL_REQUEST:
                _forward_cancel(self.socket_path(), payload)
                return None
            elif code >> 16 == 3:
                return _require_tls(wire.parse_startup(payload), encrypted)
            else:
                raise wire.ProtocolError(
                    f"unsupported frontend protocol {code >> 16}.{code & 0xFFFF}"
                )
        return None

    def _serve_session(self, client: SocketClient, parameters: dict[str, str]) -> None:
        user = parameters.get("user", "")
        database = parameters.get("database", user)
        role = self._log_in(client, user)
        known = {name: parameters[name] for name in FORWARDED_PARAMETERS if name in parameters}
        backend = _connect(self.socket_path(), known | {"user": role, "database": database})
        try:
            client.send(wire.authentication(0) + wire.join(map(_greeting, backend.greeting)))
            client.send(wire.ready(backend.status))
            client.socket.settimeout(None)
            Session(client, backend, self.copier_for(database, role)).run()
        finally:
            backend.close()

    def _log_in(self, client: SocketClient, user: str) -> str:
        client.send(wire.authentication(3))
        answer = client.read()
        if answer is None:
            raise ConnectionError
        password = wire.first_strings(answer.payload, 1)[0] if answer.kind == wire.PASSWORD else ""
        role = self.authenticate(user, password)
        if role is None:
            raise LoginRefusedError(f'password authentication failed for user "{user}"', "28000")
        return role


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128
    door: Door

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.exception("a session failed")


class _Handler(socketserver.BaseRequestHandler):
    server: _Listener

    def handle(self) -> None:
        self.server.door.serve(self.request)


def _buffered(connection: socket.socket) -> BinaryIO:
    return cast(BinaryIO, connection.makefile("rb", 1 << 16))


def _read_start_up(stream: BinaryIO) -> tuple[int, bytes] | None:
    header = stream.read(8)
    if len(header) < 8:
        return None
    length, code = struct.unpack("!ii", header)
    if not 8 <= length <= wire.START_UP_LIMIT:
        raise wire.ProtocolError("invalid length of startup packet")
    return code, stream.read(length - 8)


def _require_tls(parameters: dict[str, str], encrypted: bool) -> dict[str, str]:
    if encrypted:
        return parameters
    user, database = parameters.get("user", ""), parameters.get("database", "")
    raise LoginRefusedError(
        f'no pg_hba.conf entry for host "127.0.0.1", user "{user}", database "{database}", SSL off',
        "28000",
    )


def _connect(socket_path: str, parameters: dict[str, str]) -> Backend:
    try:
        return Backend(socket_path, parameters)
    except BackendError as problem:
        raise LoginRefusedError(str(problem), problem.fields.get("C", "XX000")) from problem
    except OSError as problem:
        raise LoginRefusedError("the database system is shutting down", "57P03") from problem


def _greeting(message: Message) -> bytes:
    """A message of PostgreSQL's greeting as Redshift sends it, nothing for newer parameters."""
    if message.kind == wire.PARAMETER_STATUS:
        name, value = wire.first_strings(message.payload, 2)
        if name not in PARAMETERS:
            return b""
        return wire.parameter_status(name, SERVER_VERSION if name == "server_version" else value)
    return message.to_bytes()


def _forward_cancel(socket_path: str, payload: bytes) -> None:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as backend:
        backend.connect(socket_path)
        backend.sendall(struct.pack("!ii", len(payload) + 8, wire.CANCEL_REQUEST) + payload)
        backend.recv(1)
