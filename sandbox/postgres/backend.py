"""One connection to PostgreSQL, message by message, for a client's session to use."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from queue import Queue
from typing import BinaryIO, NamedTuple, TypeVar, cast

from sandbox.postgres import wire

Item = TypeVar("Item")


class Message(NamedTuple):
    """A protocol message: its type byte and its body."""

    kind: bytes
    payload: bytes

    def to_bytes(self) -> bytes:
        """The message as it goes over the wire."""
        return wire.message(self.kind, self.payload)


class BackendError(Exception):
    """PostgreSQL refused a statement of the sandbox's own; holds its ErrorResponse."""

    def __init__(self, message: Message) -> None:
        self.fields = wire.parse_fields(message.payload)
        super().__init__(self.fields.get("M", ""))
        self.message = message


def read_message(stream: BinaryIO, limit: int = 0x7FFFFFFF) -> Message | None:
    """Read one message; None at the end of the stream. Raises ProtocolError on a bad length."""
    header = stream.read(5)
    if len(header) < 5:
        return None
    (length,) = struct.unpack_from("!i", header, 1)
    if not 4 <= length <= limit:
        raise wire.ProtocolError(f"invalid message length {length}")
    payload = stream.read(length - 4)
    return Message(header[:1], payload) if len(payload) == length - 4 else None


class Backend:
    """A session with PostgreSQL over its Unix socket.

    `status` is the transaction status of the last ReadyForQuery: I, T or E.
    """

    def __init__(self, socket_path: str, parameters: dict[str, str]) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(socket_path)
        self._stream = cast(BinaryIO, self._socket.makefile("rb", 1 << 16))
        self.status = b"I"
        self.greeting: list[Message] = []
        self.send(wire.startup(parameters))
        self._log_in()

    def _log_in(self) -> None:
        for message in self.replies():
            if message.kind == wire.ERROR:
                raise BackendError(message)
            if message.kind in (wire.PARAMETER_STATUS, wire.BACKEND_KEY):
                self.greeting.append(message)

    @property
    def process_id(self) -> int:
        """The PostgreSQL process that serves this session, Redshift's pg_backend_pid()."""
        key = next(message for message in self.greeting if message.kind == wire.BACKEND_KEY)
        return int(struct.unpack_from("!i", key.payload)[0])

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def receive(self) -> Message:
        """The next message; raises ConnectionError when PostgreSQL has gone."""
        message = read_message(self._stream)
        if message is None:
            raise ConnectionError("PostgreSQL closed the connection")
        if message.kind == wire.READY:
            self.status = message.payload
        return message

    def replies(self) -> Iterator[Message]:
        """All messages up to ReadyForQuery, which is not among them."""
        while (message := self.receive()).kind != wire.READY:
            yield message

    def execute(self, sql: str) -> list[list[str | None]]:
        """Run a statement of the sandbox's own; its rows. Raises BackendError."""
        self.send(wire.statement(sql))
        rows, failure = [], None
        for message in self.replies():
            if message.kind == wire.DATA_ROW:
                rows.append(wire.parse_data_row(message.payload))
            elif message.kind == wire.ERROR:
                failure = failure or message
        if failure:
            raise BackendError(failure)
        return rows

    def problem_of(self, sql: str) -> dict[str, str]:
        """The error that PostgreSQL would refuse a statement with, none if it takes it."""
        inside = self.status == b"T"
        if inside:
            self.execute("SAVEPOINT before_trial")
        parse = wire.text("") + wire.text(sql) + bytes(2)
        self.send(wire.message(wire.PARSE, parse) + wire.message(wire.SYNC))
        errors = [message for message in self.replies() if message.kind == wire.ERROR]
        if inside:
            self.execute("ROLLBACK TO before_trial")
            self.execute("RELEASE before_trial")
        return wire.parse_fields(errors[0].payload) if errors else {}

    def fail_transaction(self) -> None:
        """Leave an open transaction the way an error leaves it; nothing if none is open."""
        if self.status == b"T":
            self.send(wire.query("SELECT 1 / 0"))
            for _ in self.replies():
                pass

    def copy_in(self, sql: str, chunks: Iterable[bytes]) -> int:
        """Run `COPY .. FROM STDIN`, fed from `chunks`; the rows loaded.

        Raises BackendError when PostgreSQL refuses a row, and whatever `chunks` raises, after it
        has told PostgreSQL that the copy failed. The next chunk is made while one is sent.
        """
        self.send(wire.query(sql))
        first = self.receive()
        if first.kind == wire.COPY_IN:
            self._send_chunks(chunks)
            return self._copied_rows()
        for _ in self.replies():
            pass
        raise BackendError(first)

    def _send_chunks(self, chunks: Iterable[bytes]) -> None:
        try:
            for chunk in prefetch(chunks):
                if select.select([self._socket], [], [], 0)[0]:
                    break  # an error has arrived; the rest would be thrown away
                self.send(wire.message(wire.COPY_DATA, chunk))
        except BaseException:
            self.send(wire.message(b"f", wire.text("the load stopped")))
            for _ in self.replies():
                pass
            raise
        self.send(wire.message(wire.COPY_DONE))

    def _copied_rows(self) -> int:
        failure, rows = None, 0
        for message in self.replies():
            if message.kind == wire.ERROR:
                failure = failure or message
            elif message.kind == wire.COMMAND_COMPLETE:
                rows = int(message.payload[:-1].split()[-1])
        if failure:
            raise BackendError(failure)
        return rows

    def close(self) -> None:
        """End the session; PostgreSQL rolls back what is open."""
        with contextlib.suppress(OSError):
            self.send(wire.message(wire.TERMINATE))
        self._stream.close()
        self._socket.close()


def prefetch(items: Iterable[Item], depth: int = 4) -> Iterator[Item]:
    """Make items in a thread of their own, at most `depth` ahead of their use."""
    queue: Queue[tuple[str, object]] = Queue(depth)
    abandoned = threading.Event()

    def fill() -> None:
        try:
            for item in items:
                queue.put(("item", item))
                if abandoned.is_set():
                    return
            queue.put(("end", None))
        except BaseException as problem:
            queue.put(("error", problem))

    threading.Thread(target=fill, daemon=True).start()
    try:
        yield from _drain(queue)
    finally:
        abandoned.set()
        while not queue.empty():
            queue.get()


def _drain(queue: Queue[tuple[str, object]]) -> Iterator[Item]:
    while True:
        kind, value = queue.get()
        if kind == "end":
            return
        if kind == "error":
            assert isinstance(value, BaseException)
            raise value
        yield value  # type: ignore[misc]
