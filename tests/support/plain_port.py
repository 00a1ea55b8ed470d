"""A port without TLS in front of a cluster, for clients that were built without it."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# What a client of PostgreSQL sends to ask for TLS.
SSL_REQUEST = struct.pack("!II", 8, 80877103)


@contextmanager
def plain_port(host: str, port: int, ca_file: str) -> Iterator[int]:
    """The number of a port of this machine that leads to the cluster, for any number of clients."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                cluster = with_tls(host, port, ca_file)
                for source, goal in ((client, cluster), (cluster, client)):
                    threading.Thread(target=pass_on, args=(source, goal), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def with_tls(host: str, port: int, ca_file: str) -> ssl.SSLSocket:
    cluster = socket.create_connection((host, port))
    cluster.sendall(SSL_REQUEST)
    assert cluster.recv(1) == b"S"
    return ssl.create_default_context(cafile=ca_file).wrap_socket(cluster, server_hostname=host)


def pass_on(source: socket.socket, goal: socket.socket) -> None:
    while data := source.recv(65536):
        goal.sendall(data)
    goal.close()
