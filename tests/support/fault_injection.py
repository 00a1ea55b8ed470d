"""Faults at the n-th statement, S3 call or other AWS call of a load."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg2
import psycopg2.extensions
import pytest
from aws_site import refusal
from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session
from warm_clients import Listener, listening

LOST = "server closed the connection unexpectedly"


class Faults:
    """Counts what a load asks of the warehouse and of AWS, and fails the n-th."""

    def __init__(self, number: int) -> None:
        self.number, self.count = number, 0
        self.lock = threading.Lock()

    @property
    def is_met(self) -> bool:
        return self.count >= self.number

    def is_due(self) -> bool:
        with self.lock:
            self.count += 1
            return self.count == self.number

    def of_warehouse(self, session: Any, ask: Callable[[], Any]) -> Any:
        """Fail a statement, or the commit, that `ask` sends."""
        raise NotImplementedError

    def of_aws(self, request: Any) -> Any:
        """Fail a call of AWS's API that is about to be sent."""
        raise NotImplementedError


class Refused(Faults):
    """It is an error, before anything happens."""

    def of_warehouse(self, session: Any, ask: Callable[[], Any]) -> Any:
        with suppress(psycopg2.Error), session.plain_cursor() as cursor:
            cursor.execute("SELECT no_such_column")
        session.rollback()
        raise psycopg2.InternalError("refused by the test")


class LostBefore(Faults):
    """The connection is lost before it is sent."""

    def of_warehouse(self, session: Any, ask: Callable[[], Any]) -> Any:
        cut(session)
        return ask()

    def of_aws(self, request: Any) -> Any:
        raise ConnectionClosedError(endpoint_url=request.url)


class LostAfter(Faults):
    """The connection is lost when it is done, before the answer is back."""

    def of_warehouse(self, session: Any, ask: Callable[[], Any]) -> Any:
        ask()
        cut(session)
        raise psycopg2.OperationalError(LOST)

    def of_aws(self, request: Any) -> Any:
        URLLib3Session().send(request)
        raise ConnectionClosedError(endpoint_url=request.url)


class Killed(Faults):
    """The process is killed as soon as it is done."""

    def of_warehouse(self, session: Any, ask: Callable[[], Any]) -> Any:
        ask()
        os.kill(os.getpid(), signal.SIGKILL)

    def of_aws(self, request: Any) -> Any:
        URLLib3Session().send(request)
        os.kill(os.getpid(), signal.SIGKILL)


WAYS: list[type[Faults]] = [Refused, LostBefore, LostAfter, Killed]


def cut(session: Any) -> None:
    """Cut the connection to the warehouse, as a broken network does."""
    with socket.socket(fileno=os.dup(session.fileno())) as end:
        end.shutdown(socket.SHUT_RDWR)


class Connection(psycopg2.extensions.connection):
    """A connection whose statements and commits are counted, and fail."""

    faults: Faults

    def cursor(self, *arguments: Any, **more: Any) -> Any:
        return super().cursor(*arguments, **({"cursor_factory": Cursor} | more))

    def plain_cursor(self) -> Any:
        return super().cursor()

    def commit(self) -> None:
        ask(self, super().commit)


class Cursor(psycopg2.extensions.cursor):
    """A cursor whose statements are counted, and fail."""

    def execute(self, *arguments: Any) -> None:
        execute = super().execute
        ask(self.connection, lambda: execute(*arguments))


def ask(session: Any, asked: Callable[[], Any]) -> None:
    if session.faults.is_due():
        session.faults.of_warehouse(session, asked)
    else:
        asked()


class Calls:
    """Counts the calls of AWS's API, and fails them; the tries of one call are one point.

    Calls of several threads are under way at once, each from its beginning to its end in one.
    """

    def __init__(self, faults: Faults) -> None:
        self.faults, self.call = faults, threading.local()

    def before_call(self, **_: Any) -> Any:
        self.call.is_failing = self.faults.is_due()
        if self.call.is_failing and isinstance(self.faults, Refused):
            return refusal("AccessDenied", "refused by the test")
        return None

    def before_send(self, request: Any, **_: Any) -> Any:
        return self.faults.of_aws(request) if getattr(self.call, "is_failing", False) else None


@contextmanager
def at(faults: Faults) -> Iterator[None]:
    """Count, and fail, what loads in this process ask for in the block."""
    calls, connect = Calls(faults), psycopg2.connect
    handlers: list[tuple[str, Listener]] = [
        ("before-call", calls.before_call),
        ("before-send", calls.before_send),
    ]
    factory = type("Connection", (Connection,), {"faults": faults})

    def connect_and_count(*arguments: Any, **more: Any) -> Any:
        return connect(*arguments, connection_factory=factory, **more)

    with pytest.MonkeyPatch.context() as patch, listening(*handlers):
        patch.setattr(psycopg2, "connect", connect_and_count)
        yield
