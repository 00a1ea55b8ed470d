"""Parse, Bind, Execute: the protocol of the JDBC driver and of redshift_connector."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator

import pytest
from conftest import MASTER, Database

from sandbox.postgres import wire
from sandbox.postgres.backend import Message, read_message


class RawClient:
    """Speaks the protocol message by message."""

    def __init__(self, warehouse: Database) -> None:
        endpoint, found = warehouse.cloud.endpoint(), warehouse.cloud.credentials()
        plain = socket.create_connection(("localhost", endpoint["Port"]), timeout=30)
        plain.sendall(struct.pack("!ii", 8, wire.SSL_REQUEST))
        assert plain.recv(1) == b"S"
        context = ssl.create_default_context(cafile=warehouse.cloud.state.ca_file)
        self.socket = context.wrap_socket(plain, server_hostname="localhost")
        self.stream = self.socket.makefile("rb")
        self.socket.sendall(
            wire.startup(
                {
                    "user": found["DbUser"],
                    "database": warehouse.database,
                    "driver_version": "unknown to PostgreSQL",
                    "client_protocol_version": "2",
                }
            )
        )
        self.socket.sendall(wire.message(wire.PASSWORD, wire.text(found["DbPassword"])))
        self.until_ready()

    def until_ready(self) -> list[Message]:
        messages = []
        while (message := read_message(self.stream)) is not None:
            messages.append(message)
            if message.kind == wire.READY:
                break
        return messages

    def ask(self, sql: str, split_at_every_byte: bool = False) -> list[Message]:
        parts = [
            wire.message(wire.PARSE, wire.text("s") + wire.text(sql) + b"\0\0"),
            wire.message(wire.DESCRIBE, b"S" + wire.text("s")),
            wire.message(wire.BIND, wire.text("p") + wire.text("s") + b"\0\0\0\0\0\0"),
            wire.message(wire.DESCRIBE, b"P" + wire.text("p")),
            wire.message(wire.EXECUTE, wire.text("p") + b"\0\0\0\0"),
            wire.message(wire.CLOSE, b"P" + wire.text("p")),
            wire.message(wire.CLOSE, b"S" + wire.text("s")),
            wire.message(wire.SYNC),
        ]
        data = wire.join(parts)
        for piece in [data[i : i + 1] for i in range(len(data))] if split_at_every_byte else [data]:
            self.socket.sendall(piece)
        return self.until_ready()


@pytest.fixture
def raw(warehouse: Database) -> Iterator[RawClient]:
    client = RawClient(warehouse)
    yield client
    client.stream.close()
    client.socket.close()


def kinds(messages: list[Message]) -> bytes:
    return b"".join(message.kind for message in messages)


def test_query_is_answered_step_by_step(raw: RawClient) -> None:
    messages = raw.ask("SELECT 6 * 7")
    assert kinds(messages) == b"1tT2TDC33Z"
    assert wire.parse_data_row(messages[5].payload) == ["42"]


def test_messages_may_arrive_in_any_pieces(raw: RawClient) -> None:
    assert kinds(raw.ask("SELECT 6 * 7", split_at_every_byte=True)) == b"1tT2TDC33Z"


def test_copy_and_create_table_work(raw: RawClient, warehouse: Database) -> None:
    messages = raw.ask("CREATE TABLE t (a INT DISTKEY)")
    assert kinds(messages) == b"1tn2nC33Z"
    url = warehouse.put("one.json", '{"a": 5}')
    messages = raw.ask(f"COPY t FROM '{url}' IAM_ROLE '{warehouse.role}' JSON 'auto'")
    assert kinds(messages) == b"1tn2nNC33Z"
    assert messages[6].payload == b"COPY\0"
    assert warehouse.run("SELECT a FROM t") == [(5,)]


def test_failed_copy_skips_to_the_sync(raw: RawClient, warehouse: Database) -> None:
    raw.ask("CREATE TABLE t (a INT)")
    url = warehouse.put("one.json", '{"a": "x"}')
    messages = raw.ask(f"COPY t FROM '{url}' IAM_ROLE '{warehouse.role}' JSON 'auto'")
    assert kinds(messages) == b"1tn2nEZ"
    assert wire.parse_fields(messages[5].payload)["C"] == "XX000"
    assert kinds(raw.ask("SELECT 1")).endswith(b"Z")


def test_refusal_skips_to_the_sync_and_fails_the_transaction(raw: RawClient) -> None:
    assert raw.ask("begin transaction")[-1].payload == b"T"
    messages = raw.ask("SAVEPOINT here")
    assert (kinds(messages), messages[-1].payload) == (b"EZ", b"E")
    assert raw.ask("rollback")[-1].payload == b"I"


def test_portal_ends_with_its_transaction(raw: RawClient, warehouse: Database) -> None:
    raw.ask("CREATE TABLE t (a INT)")
    url = warehouse.put("one.json", '{"a": 5}')
    copy = f"COPY t FROM '{url}' IAM_ROLE '{warehouse.role}' JSON 'auto'"
    parts = [
        wire.message(wire.PARSE, wire.text("") + wire.text(copy) + b"\0\0"),
        wire.message(wire.BIND, wire.text("") + wire.text("") + b"\0\0\0\0\0\0"),
    ]
    execute = wire.message(wire.EXECUTE, wire.text("") + b"\0\0\0\0") + wire.message(wire.SYNC)
    raw.socket.sendall(wire.join(parts) + execute)
    assert kinds(raw.until_ready()) == b"12NCZ"
    raw.socket.sendall(execute)
    assert kinds(raw.until_ready()) == b"EZ"
    assert warehouse.run("SELECT COUNT(*) FROM t") == [(1,)]


def test_unknown_message_ends_the_connection(raw: RawClient) -> None:
    raw.socket.sendall(wire.message(b"?"))
    (message,) = raw.until_ready()
    assert wire.parse_fields(message.payload)["S"] == "FATAL"
    assert MASTER  # the server lives on: other tests share it
