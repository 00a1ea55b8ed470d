"""The endpoint of one cluster: TCP and TLS, log-in, then a session with PostgreSQL behind it."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from typing import BinaryIO, cast

import psycopg2

from sandbox.cluster.listener import Listener
from sandbox.cluster.session import Copier, Session
from sandbox.cluster.steps import Refuser
from sandbox.dialect.statements import SETTINGS
from sandbox.postgres import wire
from sandbox.postgres.backend import Backend, BackendError, Message, read_message

SERVER_VERSION = "8.0.2"
LOGIN_TIMEOUT_SECONDS = 60
# The options that a client may log in with: settings, as `-c name=value` or `--name=value`.
OPTIONS = re.compile(
    rf"(?:\s*(?:-c\s*|--)(?:{'|'.join(sorted(SETTINGS))})=(?:\\.|[^\s\\])*(?=\s|$))*\s*"
)
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
ENDED = "terminating connection due to administrator command"


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
        self.is_hung_up = False

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

    def hang_up(self) -> None:
        """Let the client's thread, which may wait for a message, find that there are no more."""
        self.is_hung_up = True
        with contextlib.suppress(OSError):
            # Not the method of a TLS socket, which would forget its keys in the midst of their use.
            socket.socket.shutdown(self.socket, socket.SHUT_RD)

    def close(self) -> None:
        """Close both directions."""
        with contextlib.suppress(OSError):
            self.stream.close()
            self.socket.close()


class Endpoint:
    """Holds a port of the loopback interface for one PostgreSQL server, and listens while open.

    `authenticate(user, password)` gives PostgreSQL's name for the user, or None to refuse;
    `admits(address)` says whether a connection from there is answered at all; `refuse(statement)`
    raises SqlError for a statement that this kind of warehouse does not take.
    """

    def __init__(
        self,
        socket_path: Callable[[], str],
        tls: ssl.SSLContext,
        authenticate: Callable[[str, str], str | None],
        copier_for: Callable[[str], Copier],
        admits: Callable[[str], bool],
        refuse: Refuser,
    ) -> None:
        self.socket_path = socket_path
        self.tls = tls
        self.authenticate = authenticate
        self.copier_for = copier_for
        self.admits = admits
        self.refuse = refuse
        self._lock = threading.Lock()
        self._clients: set[SocketClient] = set()
        self._listener: Listener | None = Listener(0, admits, self.serve)
        self._is_open = False
        self.port = int(self._listener.server_address[1])

    def open(self) -> None:
        """Take connections from now on. Raises RuntimeError once it is closed for good."""
        with self._lock:
            if self._listener is None:
                raise RuntimeError("the endpoint is closed for good")
            try:
                self._listener.server_activate()
            except OSError:  # somebody else listens on the port
                self._hold_port(0)
                self._listener.server_activate()
            self._is_open = True
            serve = self._listener.serve_forever
            threading.Thread(target=serve, args=(0.05,), daemon=True).start()

    def close(self, for_good: bool = False) -> None:
        """Take no more connections, and hold the port until it is opened again."""
        with self._lock:
            if self._listener and self._is_open:
                self._listener.shutdown()
                self._is_open = False
                self._hold_port(self.port)
            if self._listener and for_good:
                self._listener.server_close()
                self._listener = None

    def _hold_port(self, port: int) -> None:
        """Have a listener that does not listen yet, on this port if it is free."""
        if self._listener:
            self._listener.server_close()
        try:
            self._listener = Listener(port, self.admits, self.serve)
        except OSError:
            self._listener = Listener(0, self.admits, self.serve)
        self.port = int(self._listener.server_address[1])

    def end_sessions(self) -> None:
        """End the sessions that wait for their clients; others end when their PostgreSQL stops."""
        with self._lock:
            for client in self._clients:
                client.hang_up()

    def serve(self, connection: socket.socket) -> None:
        """Serve one client from its first byte to its last."""
        connection.settimeout(LOGIN_TIMEOUT_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = SocketClient(connection)
        with self._lock:
            self._clients.add(client)
        try:
            self._serve(client)
        finally:
            client.close()
            with self._lock:
                self._clients.discard(client)

    def _serve(self, client: SocketClient) -> None:
        try:
            parameters = self._start_up(client)
            if parameters is not None:
                self._serve_session(client, parameters)
            if client.is_hung_up:
                client.fatal(ENDED, "57P01")
        except LoginRefusedError as refusal:
            client.fatal(str(refusal), refusal.sqlstate)
        except wire.ProtocolError as problem:
            client.fatal(str(problem), "08P01")
        except (ConnectionError, TimeoutError, ssl.SSLError, psycopg2.OperationalError):
            client.fatal(ENDED, "57P01")

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
        if not OPTIONS.fullmatch(parameters.get("options", "")):
            what = f"the sandbox does not do the options {parameters['options']}"
            raise LoginRefusedError(what, "0A000")
        known = {name: parameters[name] for name in FORWARDED_PARAMETERS if name in parameters}
        backend = _connect(self.socket_path(), known | {"user": role, "database": database})
        try:
            client.send(wire.authentication(0) + wire.join(map(_greeting, backend.greeting)))
            client.send(wire.ready(backend.status))
            client.socket.settimeout(None)
            Session(client, backend, self.copier_for(role), self.refuse).run()
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
