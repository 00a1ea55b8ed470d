"""Who may log in to a warehouse: database users, and the passwords that AWS hands out for them."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
import time
from contextlib import closing
from typing import NamedTuple

from psycopg2 import sql

from sandbox.postgres.server import BOOTSTRAP_USER, Server

IAM_PREFIX, IAM_AUTO_CREATE_PREFIX = "IAM:", "IAMA:"
# https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentials.html
USER_NAME = re.compile(r"(?!pg_|(?:public|none)$)[a-z_][a-z0-9_+.@-]{0,62}")
FIND_PASSWORD = "SELECT rolpassword FROM pg_authid WHERE rolname = %s AND rolcanlogin"  # noqa: S105


class _Issued(NamedTuple):
    """A password that AWS has handed out, until when it is good, and for which user."""

    password: str
    expires: float
    user: str


class Users:
    """The users of one server. Those of PostgreSQL itself, superusers, are none of them."""

    def __init__(self, server: Server, master: str) -> None:
        self._server = server
        self._master = master
        self._issued: dict[str, list[_Issued]] = {}
        self._creating = threading.Lock()

    def create_master(self, password: str | None) -> None:
        """Create the master user, with a password of its own if the cluster has one."""
        create = sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD %s")
        self._run(create.format(sql.Identifier(self._master)), (password,))

    def set_master_password(self, password: str | None) -> None:
        """Give the master user a password, or none but those that are issued."""
        self._run(
            sql.SQL("ALTER ROLE {} PASSWORD %s").format(sql.Identifier(self._master)), (password,)
        )

    def issue(self, user: str, auto_create: bool, seconds: int) -> tuple[str, str]:
        """Login name and password as GetClusterCredentials gives them.

        A user that does not exist gets them too, and cannot log in, unless `auto_create`. Raises
        ValueError for a name that no user can have.
        """
        if not USER_NAME.fullmatch(user) or user == BOOTSTRAP_USER:
            raise ValueError(f"DbUser {user} is not a valid user name")
        if auto_create:
            with self._creating:
                self._create(user)
        login = (IAM_AUTO_CREATE_PREFIX if auto_create else IAM_PREFIX) + user
        return login, self._issue(login, user, seconds)

    def issue_to_identity(self, identity: str, seconds: int) -> tuple[str, str]:
        """Login name and password as GetClusterCredentialsWithIAM gives them to an IAM identity.

        The database user is named after it, `IAM:user` or `IAMR:role`, and created when it first
        logs in.
        """
        return identity, self._issue(identity, identity, seconds)

    def _issue(self, login: str, user: str, seconds: int) -> str:
        password = secrets.token_urlsafe(32)
        issued = _Issued(password, time.time() + seconds, user)
        self._issued.setdefault(login, []).append(issued)
        return password

    def authenticate(self, login: str, password: str) -> str | None:
        """The database user that a login name stands for, None if the password is not good."""
        if login == BOOTSTRAP_USER:
            return None
        now = time.time()
        for issued in self._issued.get(login, []):
            is_same = hmac.compare_digest(issued.password.encode(), password.encode())
            if is_same and now < issued.expires:
                if issued.user == login:  # an IAM identity's
                    with self._creating:
                        self._create(login)
                return issued.user
        return login if self._is_own(login, password) else None

    def _is_own(self, user: str, password: str) -> bool:
        """PostgreSQL keeps passwords as MD5 here, as Redshift does by default."""
        ((stored,),) = self._run(sql.SQL(FIND_PASSWORD), (user,)) or [(None,)]
        digest = hashlib.md5((password + user).encode(), usedforsecurity=False).hexdigest()
        return stored is not None and hmac.compare_digest(str(stored), f"md5{digest}")

    def _create(self, user: str) -> None:
        if self._run(sql.SQL("SELECT 1 FROM pg_roles WHERE rolname = %s"), (user,)):
            return
        names = map(sql.Identifier, (user, self._master))
        # The master user is no superuser here, so it has to be put over the others.
        create = "CREATE ROLE {0} LOGIN; GRANT {0} TO {1} WITH ADMIN TRUE, INHERIT TRUE, SET TRUE"
        self._run(sql.SQL(create).format(*names), ())

    def _run(self, statement: sql.Composable, values: tuple[object, ...]) -> list[tuple[object]]:
        with closing(self._server.connect("postgres")) as connection:
            cursor = connection.cursor()
            cursor.execute(statement, values)
            return list(cursor.fetchall()) if cursor.description else []
