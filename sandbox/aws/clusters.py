"""Redshift's clusters: moto's bookkeeping, with a warehouse behind each of them.

A cluster is creating until its warehouse answers, gives out passwords that work, and is deleting
until the warehouse has gone.
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.core.responses import ActionResult
from moto.redshift import models, responses
from moto.redshift.exceptions import (
    ClusterNotFoundError,
    InvalidParameterValueError,
    RedshiftClientError,
)

from sandbox.aws.requests import SLICES_PER_NODE, check_create_cluster
from sandbox.warehouse.postgres import Postgres
from sandbox.warehouse.warehouse import Identity, Warehouse

MOTO_CREATE_CLUSTER = responses.RedshiftResponse.create_cluster
_warehouses: list[Warehouse] = []
WarehouseMaker = Callable[[Identity], Warehouse]
log = logging.getLogger(__name__)


class InvalidClusterStateError(RedshiftClientError):  # type: ignore[misc]
    """The cluster is in no state for the request."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidClusterState", message)


class Cluster(models.Cluster):  # type: ignore[misc]
    """moto's cluster, with a warehouse that is started and stopped with it."""

    make_warehouse: WarehouseMaker

    def __init__(self, backend: Any, **settings: Any) -> None:
        super().__init__(backend, **settings)
        self.status = "creating"
        self.cluster_availability_status = "Unavailable"
        self.warehouse: Warehouse | None = None
        self.deleted = threading.Event()
        threading.Thread(target=self._start, daemon=True).start()

    def _start(self) -> None:
        try:
            warehouse = self.make_warehouse(self._identity())
            warehouse.start()
        except Exception:
            log.exception("cluster %s did not start", self.cluster_identifier)
            self.status = "hardware-failure"
            return
        self.warehouse = warehouse
        self.port = warehouse.port
        if self.deleted.is_set():
            warehouse.stop()
            return
        self.cluster_availability_status = "Available"
        self.status = "available"

    def _identity(self) -> Identity:
        slices = SLICES_PER_NODE.get(self.node_type, 2) * self.number_of_nodes
        return Identity(
            name=self.cluster_identifier,
            region=self.region,
            account=self.account_id,
            database=self.db_name.lower(),
            master_user=self.master_username.lower(),
            master_password=self.master_user_password,
            slices=slices,
            attached_roles=lambda: list(self.iam_roles_arn),
        )

    @property
    def address(self) -> str:
        """Where the local warehouse listens."""
        return "localhost"

    @property
    def endpoint(self) -> dict[str, str | int] | None:
        """None until there is something to connect to, as on AWS."""
        return super().endpoint if self.warehouse else None

    def begin_delete(self, when_gone: Callable[[], None]) -> None:
        """Stop the warehouse in the background, then forget the cluster."""
        self.status = "deleting"
        self.cluster_availability_status = "Unavailable"
        self.deleted.set()
        threading.Thread(target=self._delete, args=(when_gone,), daemon=True).start()

    def _delete(self, when_gone: Callable[[], None]) -> None:
        if self.warehouse:
            self.warehouse.stop()
        when_gone()


class RedshiftBackend(models.RedshiftBackend):  # type: ignore[misc]
    """moto's Redshift, where deleting takes a moment and credentials are good for something."""

    # moto finds a service's URLs by the name of its backend's module.
    __module__ = models.RedshiftBackend.__module__

    def delete_cluster(self, **request: Any) -> Any:
        """Begin to delete; the cluster is listed as deleting until its warehouse has stopped."""
        name = request["cluster_identifier"]
        request["skip_final_snapshot"] = bool(request["skip_final_snapshot"])
        cluster = self._available(name, ("available", "paused", "hardware-failure"))
        deleted = super().delete_cluster(**request)
        self.clusters[name] = cluster
        cluster.begin_delete(lambda: self.clusters.pop(name, None))
        return deleted

    def get_cluster_credentials(
        self, cluster_identifier: str, db_user: str, auto_create: bool, duration_seconds: int
    ) -> dict[str, Any]:
        """A login name and a password that the warehouse takes."""
        super().get_cluster_credentials(cluster_identifier, db_user, auto_create, duration_seconds)
        users = self._available(cluster_identifier).warehouse.users
        try:
            login, password = users.issue(db_user.lower(), auto_create, duration_seconds)
        except ValueError as problem:
            raise InvalidParameterValueError(str(problem)) from problem
        expires = datetime.now(UTC) + timedelta(seconds=duration_seconds)
        return {"DbUser": login, "DbPassword": password, "Expiration": expires}

    def modify_cluster_iam_roles(self, name: str, add: Iterable[str], remove: Iterable[str]) -> Any:
        """Attach and detach roles."""
        cluster = self._available(name)
        kept = [arn for arn in cluster.iam_roles_arn if arn not in set(remove)]
        cluster.iam_roles_arn = kept + [arn for arn in add if arn not in kept]
        return cluster

    def _available(self, name: str, states: tuple[str, ...] = ("available",)) -> Any:
        if name not in self.clusters:
            raise ClusterNotFoundError(name)
        cluster = self.clusters[name]
        if cluster.status not in states:
            raise InvalidClusterStateError(f"There is an operation running on the Cluster {name}.")
        return cluster


def _create_cluster(self: Any) -> ActionResult:
    check_create_cluster(self._get_param)
    return MOTO_CREATE_CLUSTER(self)


def _modify_cluster_iam_roles(self: Any) -> ActionResult:
    cluster = self.redshift_backend.modify_cluster_iam_roles(
        self._get_param("ClusterIdentifier"),
        self._get_param("AddIamRoles", []),
        self._get_param("RemoveIamRoles", []),
    )
    return ActionResult({"Cluster": cluster})


def install(postgres: Postgres, tls: ssl.SSLContext) -> None:
    """Put our clusters into moto, in this process."""

    def make_warehouse(cluster: Cluster, identity: Identity) -> Warehouse:
        warehouse = Warehouse(postgres, identity, tls)
        _warehouses.append(warehouse)
        return warehouse

    Cluster.make_warehouse = make_warehouse  # type: ignore[assignment]
    models.Cluster = Cluster
    models.redshift_backends.backend = RedshiftBackend
    responses.RedshiftResponse.create_cluster = _create_cluster
    responses.RedshiftResponse.modify_cluster_iam_roles = _modify_cluster_iam_roles


def stop_all() -> None:
    """Stop every warehouse, whatever has become of its cluster."""
    for warehouse in _warehouses:
        warehouse.stop()
