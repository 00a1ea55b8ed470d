"""A slow log-in and a name that does not resolve yet are waited for, and said to be."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import psycopg2
import pytest
from aws_site import Aws, told
from cluster_moves import pretend
from fast_clock import fast_clock

import query
from dwh import connection

CAPTURE = pytest.CaptureFixture[str]
LATE = "the warehouse is slow to log us in: waiting up to 60 s"


class Gate:
    """Stands before the cluster's port: lets TLS begin, and the rest through once it is open."""

    def __init__(self, port: int) -> None:
        self.open = threading.Event()
        self._cluster = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._listener.accept()
            server = socket.create_connection(("127.0.0.1", self._cluster))
            server.sendall(client.recv(8))
            client.sendall(server.recv(1))
            self.open.wait()
            threading.Thread(target=pump, args=(server, client), daemon=True).start()
            pump(client, server)

    def close(self) -> None:
        self.open.set()
        self._listener.close()


def pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def gate(site: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """A gate in the way of the scripts, who soon say that they wait."""
    found = Gate(site.cluster["Endpoint"]["Port"])
    pretend(site, Endpoint={"Address": "localhost", "Port": found.port})
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.1)
    yield found
    found.close()


def test_late_log_in_is_waited_for(
    site: Aws, gate: Gate, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def open_when_said(text: str) -> None:
        said.append(text)
        gate.open.set()

    monkeypatch.setattr(connection, "say", open_when_said)
    assert query.main(["SELECT 1 AS one", "--csv", "--config", str(site.config)]) == 0
    assert capsys.readouterr().out == "one\n1\n"
    assert said == [LATE]


def test_log_in_that_takes_too_long_is_explained(
    site: Aws, gate: Gate, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LOGIN_SECONDS", 0.2)
    found = told(site, query, said=capsys)
    why = "it answered, but did not log us in within 0.2 s"
    assert found.error.endswith(f"port {gate.port} failed: {why})")
    assert found.hint.startswith("it is busy, or has just resumed")


def test_name_that_becomes_known_is_waited_for(
    site: Aws, capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of a new cluster does."""
    connect, tried = psycopg2.connect, list[str]()

    def resolve_late(*arguments: str, host: str, **settings: str) -> object:
        tried.append(host)
        known = host if len(tried) > 2 else "standing.redshift.invalid"
        return connect(*arguments, host=known, **settings)  # type: ignore[call-overload]

    monkeypatch.setattr(psycopg2, "connect", resolve_late)
    capsys.readouterr()
    with fast_clock():
        assert query.main(["SELECT 1 AS one", "--csv", "--config", str(site.config)]) == 0
    said = capsys.readouterr()
    assert said.out == "one\n1\n"
    assert said.err == "the name localhost does not resolve yet: waiting up to 90 s\n"
