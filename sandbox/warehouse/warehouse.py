"""A cluster's data side: its PostgreSQL server, its door, and who may come in."""

from __future__ import annotations

import hmac
import secrets
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from psycopg2 import sql

from sandbox.aws.storage import RoleStorage
from sandbox.copy.command import CopyCommand
from sandbox.copy.load import CopyContext, CopyResult, run_copy
from sandbox.errors import not_supported
from sandbox.warehouse.backend import Backend
from sandbox.warehouse.postgres import Postgres
from sandbox.warehouse.proxy import Door

IAM_PREFIX, IAM_AUTO_CREATE_PREFIX = "IAM:", "IAMA:"


@dataclass(frozen=True)
class Identity:
    """What a warehouse has to know of its cluster."""

    name: str
    region: str
    database: str
    master_user: str
    slices: int
    attached_roles: Callable[[], list[str]]


@dataclass
class Credentials:
    """Passwords that GetClusterCredentials has handed out, until they expire."""

    _issued: dict[str, list[tuple[str, float]]] = field(default_factory=dict)

    def issue(self, user: str, seconds: int) -> str:
        """A new password for a login name, good for that long."""
        password = secrets.token_urlsafe(32)
        self._issued.setdefault(user, []).append((password, time.time() + seconds))
        return password

    def accept(self, user: str, password: str) -> bool:
        """Whether it is one of the user's passwords and has not expired."""
        now = time.time()
        return any(
            hmac.compare_digest(issued.encode(), password.encode()) and now < expires
            for issued, expires in self._issued.get(user, [])
        )


class Warehouse:
    """Serves one cluster's databases on a port of the loopback interface."""

    def __init__(self, postgres: Postgres, identity: Identity, tls: ssl.SSLContext) -> None:
        self.identity = identity
        self.credentials = Credentials()
        self._server = postgres.make_server(f"c{secrets.token_hex(4)}")
        self._door = Door(
            lambda: self._server.socket_path, tls, self.authenticate, self._copier_for
        )
        self.port = self._door.port

    def start(self) -> None:
        """Start the server with the master user and the first database, then open the door."""
        self._server.start()
        connection = self._server.connect("template1")
        user = sql.Identifier(self.identity.master_user)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE sandbox.settings SET slices = %s", (self.identity.slices,))
            cursor.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE").format(user))
        connection.close()
        self._create_database()
        self._door.open()

    def _create_database(self) -> None:
        connection = self._server.connect("postgres")
        names = map(sql.Identifier, (self.identity.database, self.identity.master_user))
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
        connection.close()

    def stop(self) -> None:
        """Close the door, end all sessions, delete the data."""
        self._door.close()
        self._server.remove()

    def issue(self, user: str, auto_create: bool, seconds: int) -> tuple[str, str]:
        """Login name and password as GetClusterCredentials gives them.

        https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentials.html
        A user that does not exist gets them too, and cannot log in, unless `auto_create`.
        """
        if auto_create:
            self._create_user(user)
        login = (IAM_AUTO_CREATE_PREFIX if auto_create else IAM_PREFIX) + user
        return login, self.credentials.issue(login, seconds)

    def authenticate(self, login: str, password: str) -> str | None:
        """The database user that a login name stands for, None if the password is not good."""
        if not self.credentials.accept(login, password):
            return None
        return login.removeprefix(IAM_PREFIX).removeprefix(IAM_AUTO_CREATE_PREFIX)

    def _create_user(self, user: str) -> None:
        connection = self._server.connect("postgres")
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (user,))
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(user)))
        connection.close()

    def _copier_for(self, database: str) -> Callable[[Backend, CopyCommand], CopyResult]:
        context = CopyContext(self._storage, lambda: self._server.connect(database))
        return lambda backend, command: run_copy(context, backend, command)

    def _storage(self, role: str, region: str | None) -> RoleStorage:
        if role == "default":
            raise not_supported("the sandbox has no default IAM role; name one by its ARN")
        attached = self.identity.attached_roles()
        return RoleStorage(role, self.identity.name, attached, region or self.identity.region)
