"""A cluster's data side: its PostgreSQL server, its endpoint, and who may log in."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from psycopg2 import sql

from sandbox.cluster.endpoint import Endpoint
from sandbox.cluster.users import Users
from sandbox.copy.command import CopyCommand
from sandbox.copy.load import CopyContext, CopyResult, run_copy
from sandbox.copy.s3 import RoleStorage
from sandbox.errors import SqlError, not_supported
from sandbox.postgres.backend import Backend
from sandbox.postgres.scripts import is_unknown_view
from sandbox.postgres.server import Postgres

# What of the system tables and views Redshift Serverless has not.
# https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-monitoring.html
PROVISIONED_ONLY = ("stl_", "stv_", "svcs_", "svl_")


@dataclass(frozen=True)
class ClusterIdentity:
    """What a warehouse has to know of its cluster, or of its workgroup if it is `serverless`.

    `place` is how the ARNs of its database users begin.
    """

    place: str
    region: str
    database: str
    master_user: str
    master_password: str | None
    is_password_managed: bool
    nodes: int
    slices: int
    attached_roles: Callable[[], list[str]]
    admits: Callable[[str], bool]
    serverless: bool = False


class Warehouse:
    """Serves one cluster's databases on a port of the loopback interface.

    Begins with a copy of `data`, what `keep_data` of another has given, if there is one.
    """

    def __init__(
        self, postgres: Postgres, identity: ClusterIdentity, tls: ssl.SSLContext, data: Path | None
    ) -> None:
        self.identity = identity
        self._is_restored = data is not None
        self._server = postgres.make_server(f"c{secrets.token_hex(4)}", data)
        self.users = Users(self._server, identity.master_user)
        self._endpoint = Endpoint(
            lambda: self._server.socket_path,
            tls,
            self.users.authenticate,
            self._copier_for,
            identity.admits,
            self._refuse,
        )

    @property
    def port(self) -> int:
        """The port of its endpoint."""
        return self._endpoint.port

    def start(self) -> None:
        """Start the server with the master user and the first database, then open the endpoint.

        Leaves nothing behind if that fails.
        """
        try:
            self._server.start()
            if not self._is_restored:
                self._set_up()
            elif self.identity.is_password_managed:
                self.users.set_master_password(self.identity.master_password)
            self._endpoint.open()
        except Exception:
            self.stop()
            raise

    def _set_up(self) -> None:
        settings = "UPDATE sandbox.settings SET (nodes, slices) = ({}, {})"
        sizes = map(sql.Literal, (self.identity.nodes, self.identity.slices))
        self._run("template1", settings, *sizes)
        self.users.create_master(self.identity.master_password)
        names = map(sql.Identifier, (self.identity.database, self.identity.master_user))
        self._run("postgres", "CREATE DATABASE {} OWNER {}", *names)

    def _run(self, database: str, statement: str, *parts: sql.Composable) -> None:
        with closing(self._server.connect(database)) as connection:
            connection.cursor().execute(sql.SQL(statement).format(*parts))

    def pause(self) -> None:
        """Close the endpoint and end all sessions; the data stays."""
        self._endpoint.close()
        self._server.stop()
        self._endpoint.end_sessions()

    def resume(self) -> None:
        """Start again after a pause, on the same port unless it has been taken meanwhile."""
        self._server.start()
        self._endpoint.open()

    def keep_data(self) -> Path:
        """Pause, and put the data folder aside; where it is."""
        self.pause()
        return self._server.keep_data()

    def stop(self) -> None:
        """Close the endpoint, end all sessions, delete the data that is still here; for good."""
        self._endpoint.close(for_good=True)
        self._server.remove()
        self._endpoint.end_sessions()

    def _copier_for(self, user: str) -> Callable[[Backend, CopyCommand], CopyResult]:
        def storage(role: str, region: str | None) -> RoleStorage:
            return self._storage(role, region, user)

        view = "sys_load_error_detail" if self.identity.serverless else "stl_load_errors"
        context = CopyContext(storage, self._server.data, view)
        return lambda backend, command: run_copy(context, backend, command)

    def _storage(self, role: str, region: str | None, user: str) -> RoleStorage:
        if role == "default":
            raise not_supported("the sandbox has no default IAM role; name one by its ARN")
        mine = self.identity
        return RoleStorage(
            role, f"{mine.place}/{user}", mine.attached_roles(), region or mine.region
        )

    def _refuse(self, system_tables: Sequence[str]) -> None:
        """Raise SqlError for a system table that only clusters have, or that is not there.

        https://github.com/datahub-project/datahub/issues/12415 has the words of Serverless.
        """
        for name in system_tables:
            if self.identity.serverless and name.startswith(PROVISIONED_ONLY):
                raise SqlError(f"permission denied for relation {name}", "42501")
            if is_unknown_view(name):
                raise not_supported(f"the sandbox does not do the system view {name}")
