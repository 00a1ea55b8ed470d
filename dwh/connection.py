"""The connection to the warehouse."""

from __future__ import annotations

import os
import re
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from dwh.aws import find_endpoint, polling
from dwh.config import Config
from dwh.errors import last_attempt
from dwh.reachability import unreachable
from dwh.terminal import say
from dwh.warehouse import Login, Warehouse
from dwh.warehouse_access import available_warehouse, owner

if TYPE_CHECKING:
    from psycopg2.extensions import connection, cursor

# A COPY may be silent for long: keepalives hold the connection open meanwhile. Neither a Kerberos
# ticket nor a certificate of the user's has a part in this.
CONNECTION_OPTIONS = (
    "sslmode=verify-full sslcertmode=disable gssencmode=disable application_name=sparkify-dwh "
    "keepalives=1 keepalives_idle=30 keepalives_interval=10 keepalives_count=3"
)
# A port that is closed does not answer at all. A warehouse that is busy, or has just resumed, may
# take half a minute for a log-in; the name of a new one may not be known for a minute.
ANSWER_SECONDS = 10
LOGIN_SECONDS = 60
NAME_SECONDS = 90


@contextmanager
def connect(
    config: Config, warehouse: Warehouse | None = None, login: Login | None = None
) -> Iterator[connection]:
    """A session with the warehouse; what is not committed is undone when the block ends.

    `warehouse` is what AWS has just said of it; by default, AWS is asked. `login` says who logs
    in; by default, the owner of the tables. Raises DwhError, or psycopg2.OperationalError, if
    nobody can log in.
    """
    login = login or owner(config)
    there = warehouse or available_warehouse(config, login)
    with interruptible(), closing(log_in(config, there, login)) as session:
        yield session


def log_in(config: Config, warehouse: Warehouse, login: Login) -> connection:
    """Log in over verified TLS, with a password that AWS has just given."""
    import psycopg2

    forget_variables()
    user, password = login.ask()
    try:
        return once_known(
            warehouse.host,
            lambda: psycopg2.connect(
                CONNECTION_OPTIONS,
                host=warehouse.host,
                port=warehouse.port,
                dbname=config.database,
                user=user,
                password=password,
                sslrootcert=find_endpoint(config).ca_file,
            ),
        )
    except psycopg2.OperationalError as error:
        raise explain_login(error, config, warehouse) from error


def once_known(host: str, log_in: Callable[[], connection]) -> connection:
    """Log in once the host's name is known. Raises OperationalError as `log_in` does."""
    import psycopg2

    has_said = False
    for _ in polling(NAME_SECONDS):
        try:
            return log_in()
        except psycopg2.OperationalError as error:
            if "could not translate host name" not in str(error):
                raise
            if not has_said:
                say(f"the name {host} does not resolve yet: waiting up to {NAME_SECONDS} s")
            has_said = True
    return log_in()


def forget_variables() -> None:
    """Unset what libpq would read of the environment: dwh.cfg alone says where and how to connect.

    PGSERVICE and PGHOSTADDR, for instance. https://www.postgresql.org/docs/current/libpq-envars.html
    """
    for name in [each for each in os.environ if each.startswith("PG")]:
        os.environ.pop(name, None)


def explain_login(error: Exception, config: Config, warehouse: Warehouse) -> Exception:
    """Why the port does not answer, if that is the error; else the error, with where it was met."""
    said = last_attempt(error)
    if reason := re.search("(?i)timeout|timed out|refused|no route|unreachable", said):
        return unreachable(config, warehouse, reason[0])
    if re.match("connection to server|could not translate", said):
        return error
    place = f'"{warehouse.host}", port {warehouse.port}'
    return type(error)(f"connection to server at {place} failed: {said}")


_waiting = threading.Lock()
_sessions = 0


@contextmanager
def interruptible() -> Iterator[None]:
    """Have psycopg2 wait in our way for as long as there is a session; it has one way for all."""
    from psycopg2.extensions import set_wait_callback

    count_sessions(1, lambda: set_wait_callback(wait))
    try:
        yield
    finally:
        count_sessions(-1, lambda: set_wait_callback(None))


def count_sessions(change: int, at_the_edge: Callable[[], None]) -> None:
    """Count one more or one less; call `at_the_edge` at the first and after the last."""
    global _sessions
    with _waiting:
        if min(_sessions, _sessions + change) == 0:
            at_the_edge()
        _sessions += change


class LoginWait:
    """How long a log-in may take: less until the port has answered at all."""

    def __init__(self) -> None:
        self.has_answered = self.has_said = False
        self._started = time.monotonic()

    @property
    def seconds_left(self) -> float:
        """The time until somebody must be told."""
        limit = LOGIN_SECONDS if self.has_said else ANSWER_SECONDS
        return max(self._started + limit - time.monotonic(), 0)

    def go_on(self) -> None:
        """Report a slow log-in once; after that, raise psycopg2.OperationalError."""
        import psycopg2

        if not self.has_answered:
            raise psycopg2.OperationalError("connection to server failed: timeout expired")
        if self.has_said:
            what = f"it answered, but did not log us in within {LOGIN_SECONDS} s"
            raise psycopg2.OperationalError(what)
        say(f"the warehouse is slow to log us in: waiting up to {LOGIN_SECONDS} s")
        self.has_said = True


def wait(session: connection) -> None:
    """Wait for the warehouse in a way that Ctrl-C can end; libpq's own cannot be.

    Raises psycopg2.OperationalError when logging in takes too long.
    """
    import psycopg2
    from psycopg2.extensions import POLL_OK, POLL_READ, STATUS_READY

    login = LoginWait() if session.status < STATUS_READY else None
    try:
        while (state := session.poll()) != POLL_OK:
            readable = [session] if state == POLL_READ else []
            left = login.seconds_left if login else None
            ready = any(select.select(readable, [] if readable else [session], [], left))
            if login and ready and readable:
                login.has_answered = True
            elif login and not ready:
                login.go_on()
    except KeyboardInterrupt:
        # Else the statement would run on, and hold its locks, after we have gone.
        with suppress(psycopg2.Error):
            session.cancel()
        raise


@contextmanager
def transaction(config: Config) -> Iterator[cursor]:
    """One transaction: committed at the end, or undone by closing the connection."""
    with connect(config) as session:
        yield session.cursor()
        session.commit()
