"""Who is not the warehouse gets no password, whatever it shows instead of the right certificate."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from aws_site import Aws, told
from cluster_moves import pretend

import create_tables
import etl
import query
import setup_env

CAPTURE = pytest.CaptureFixture[str]
SSL_REQUEST = bytes.fromhex("0000000804d2162f")
ASK_FOR_PASSWORD = b"R\0\0\0\x08\0\0\0\x03"
CA = trustme.CA()
AGO = datetime.now(UTC) - timedelta(days=30)
LONG_AGO = AGO - timedelta(days=30)


class FalseWarehouse:
    """Listens where the cluster should be, and keeps every byte that a client sends.

    Answers the question for TLS with `says`, then speaks it if it has a context, else says
    `then`. Who trusts it is asked for a password.
    """

    def __init__(self, says: bytes, context: ssl.SSLContext | None, then: bytes = b"") -> None:
        self.says, self.context, self.then = says, context, then
        self.in_clear, self.inside, self.clients = b"", b"", 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # the listener is closed at the end
            while True:
                client, _ = self._listener.accept()
                self.clients += 1
                with client, contextlib.suppress(OSError):
                    client.settimeout(10)
                    self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        self.in_clear += client.recv(len(SSL_REQUEST))
        client.sendall(self.says)
        if self.context is None:
            self.in_clear += client.recv(4096)
            client.sendall(self.then)
            return
        with self.context.wrap_socket(client, server_side=True) as secured:
            self.inside += secured.recv(4096)
            secured.sendall(ASK_FOR_PASSWORD)
            self.inside += secured.recv(4096)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


def context(ca: trustme.CA, host: str = "localhost", **validity: Any) -> ssl.SSLContext:
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(host, **validity).configure_cert(found)
    return found


def old_protocol() -> ssl.SSLContext:
    found = context(CA)
    found.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        found.minimum_version = found.maximum_version = ssl.TLSVersion.TLSv1_1
    return found


@pytest.fixture
def passwords(site: Aws, tmp_path: Path) -> list[str]:
    """What AWS gives out, while the scripts trust an authority of the test's own."""
    file = tmp_path / "ca.pem"
    CA.cert_pem.write_to_path(str(file))
    site.patch.setattr("certifi.where", lambda: str(file))
    found: list[str] = []
    for operation in ("GetClusterCredentials", "GetClusterCredentialsWithIAM"):
        event = f"after-call.redshift.{operation}"
        site.listen(event, lambda parsed, **_: found.append(parsed["DbPassword"]))
    return found


@contextlib.contextmanager
def instead(site: Aws, *behaviour: Any) -> Iterator[FalseWarehouse]:
    """A server of this behaviour where DescribeClusters says that the cluster is."""
    server = FalseWarehouse(*behaviour)
    pretend(site, Endpoint={"Address": "localhost", "Port": server.port})
    yield server
    server.close()


UNTRUSTED = "SSL error: certificate verify failed"
FALSE: dict[str, tuple[tuple[Any, ...], str]] = {
    "certificate of another authority": ((b"S", context(trustme.CA())), UNTRUSTED),
    "expired certificate": ((b"S", context(CA, not_before=LONG_AGO, not_after=AGO)), UNTRUSTED),
    "certificate for another host": (
        (b"S", context(CA, "example.org")),
        'server certificate for "example.org" does not match host name "localhost"',
    ),
    "old TLS": ((b"S", old_protocol()), "SSL error: "),
    "no TLS": ((b"N", None), "server does not support SSL, but SSL was required"),
    "no TLS after all": (
        (b"S", None, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "SSL error: wrong version number",
    ),
    "hanging up": ((b"S", None), "SSL SYSCALL error: EOF detected"),
    "too much at once": ((b"SZ\0\0\0\x05I", None), "SSL SYSCALL error: EOF detected"),
    "an error": ((b"E\0\0\0\x08XY\0\0", None), "server sent an error response during SSL exchange"),
    "no PostgreSQL": (
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", None),
        "received invalid response to SSL negotiation: H",
    ),
}


@pytest.mark.parametrize(("behaviour", "reason"), FALSE.values(), ids=FALSE)
def test_server_that_is_not_the_warehouse_gets_no_password(
    site: Aws, passwords: list[str], capsys: CAPTURE, behaviour: tuple[Any, ...], reason: str
) -> None:
    with instead(site, *behaviour) as server:
        found = told(site, query, said=capsys)
    at = f'connection to server at "localhost", port {server.port} failed'
    assert found.error.startswith(f"no connection to the warehouse ({at}: {reason}")
    assert found.hint.startswith("something between you and the warehouse answers in its place")
    assert "and was sent no password: see your proxy" in found.hint
    got_nothing(server, passwords)


@pytest.mark.parametrize("script", [setup_env, create_tables, etl])
def test_no_script_gives_a_password_to_a_server_that_is_not_the_warehouse(
    site: Aws, passwords: list[str], capsys: CAPTURE, script: Any
) -> None:
    with instead(site, b"S", context(trustme.CA())) as server:
        assert UNTRUSTED in told(site, script, said=capsys).error
    got_nothing(server, passwords)


def got_nothing(server: FalseWarehouse, passwords: list[str]) -> None:
    assert server.clients == len(passwords) == 1
    assert server.inside == b""
    assert passwords[0].encode() not in server.in_clear


def test_server_of_these_tests_sees_the_password_of_who_trusts_it(
    site: Aws, passwords: list[str], capsys: CAPTURE
) -> None:
    with instead(site, b"S", context(CA)) as server:
        told(site, query, said=capsys)
    length = len(passwords[0]) + 5
    assert b"p\0\0\0" + bytes([length]) + passwords[0].encode() + b"\0" in server.inside
