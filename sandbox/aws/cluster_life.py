"""A cluster's life, from creating to gone, with a warehouse that begins, rests and ends with it.

https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-clusters.html#rs-mgmt-cluster-status
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from typing import Any

from moto.redshift import models
from moto.redshift.exceptions import RedshiftClientError

from sandbox.aws import network, warehouses
from sandbox.aws.background import STATE_LOCK, as_it_is, background
from sandbox.aws.requests import SLICES_PER_NODE
from sandbox.aws.snapshots import Snapshot
from sandbox.cluster.warehouse import ClusterIdentity, Warehouse

# On AWS too, a change shows a moment after the answer.
MODIFY_SECONDS = 0.2
AVAILABILITY = {"available": "Available", "creating": "Modifying", "modifying": "Modifying"}
FAILURE, RESTORE_FAILURE = "hardware-failure", "incompatible-restore"
SECRET_LETTERS = string.ascii_letters + string.digits


class Cluster(models.Cluster):  # type: ignore[misc]
    """moto's cluster with a warehouse. The caller of its methods holds STATE_LOCK.

    What changes its status answers a copy of the cluster as it is then; the work is done in the
    background. If that fails, the log says why, and the status is hardware-failure, or
    incompatible-restore when there is no data yet.
    """

    def __init__(self, backend: Any, snapshot: Snapshot | None = None, **settings: Any) -> None:
        self.is_password_managed = settings.pop("is_password_managed")
        self.manual_snapshot_retention_period = settings.pop("manual_snapshot_retention_period")
        self.vpc_id = settings.pop("vpc_id")
        super().__init__(
            backend,
            **settings,
            cluster_security_groups=[],
            encrypted=True,
            region_name=backend.region_name,
            restored_from_snapshot=snapshot is not None,
        )
        self.cluster_security_groups: list[str] = []
        self.snapshot = snapshot
        self._warehouse: Warehouse | None = None
        self.local_port: int | None = None
        self.master_password_secret_arn = self._secret_arn() if self.is_password_managed else None

    def _secret_arn(self) -> str:
        name = f"redshift!{self.cluster_identifier}-{self.master_username}"
        mark = "".join(secrets.choice(SECRET_LETTERS) for _ in range(6))
        return f"arn:aws:secretsmanager:{self.region}:{self.account_id}:secret:{name}-{mark}"

    # What DescribeClusters says.

    @property
    def address(self) -> str:
        """Where the local warehouse listens."""
        return "localhost"

    @property
    def endpoint(self) -> dict[str, str | int] | None:
        """The local address; None until there has been something to connect to, as on AWS."""
        return {"Address": self.address, "Port": self.local_port} if self.local_port else None

    @property
    def cluster_availability_status(self) -> str:
        """Whether it can be asked."""
        failed = "Failed" if self.status in (FAILURE, RESTORE_FAILURE) else "Unavailable"
        return AVAILABILITY.get(self.status, failed)

    @property
    def restore_status(self) -> dict[str, str] | None:
        """How far it is restored; AWS gives numbers for dc2 nodes only."""
        if self.snapshot is None:
            return None
        known = {"creating": "restoring", RESTORE_FAILURE: "failed"}
        return {"Status": known.get(self.status, "completed")}

    @property
    def cluster_type(self) -> str:
        """As CreateCluster and ModifyCluster call it."""
        return "single-node" if self.number_of_nodes == 1 else "multi-node"

    @property
    def parameter_group_name(self) -> str:
        """The one parameter group."""
        return str(self.cluster_parameter_group_name[0])

    # What happens to it.

    @property
    def warehouse(self) -> Warehouse:
        """Its data side, once there is one."""
        assert self._warehouse is not None
        return self._warehouse

    def require(self, *states: str) -> None:
        """Raise InvalidClusterState unless it is in one of the states."""
        if self.status not in states:
            text = f"The cluster {self.cluster_identifier} is {self.status}; this takes one that is"
            text += f" {' or '.join(states)}."
            raise RedshiftClientError("InvalidClusterState", text)

    def create(self) -> Any:
        """Start the warehouse, with the snapshot's data if there is one."""
        failure = RESTORE_FAILURE if self.snapshot else FAILURE
        return self._begin("creating", self._create, "available", failure)

    def pause(self) -> Any:
        """End all sessions and stop the server; the data stays."""
        self.require("available")
        return self._begin("pausing", self.warehouse.pause, "paused")

    def resume(self) -> Any:
        """Start the server on the data that the pause has left."""
        self.require("paused")
        return self._begin("resuming", self._resume, "available")

    def modify(self, changes: dict[str, Any]) -> Any:
        """Change attributes; they hold at once, and it is modifying for a moment."""
        self.require("available")
        self.__dict__.update(changes)
        if not changes:
            return as_it_is(self)
        return self._begin("modifying", lambda: background.wait(MODIFY_SECONDS), "available")

    def delete(self, snapshot: Snapshot | None, forget: Callable[[], None]) -> Any:
        """Stop the warehouse, keep its data as the snapshot or remove it, then `forget`."""
        status = "final-snapshot" if snapshot else "deleting"
        return self._begin(status, lambda: self._delete(snapshot, forget), "deleting")

    def _begin(
        self, status: str, work: Callable[[], None], then: str, failure: str = FAILURE
    ) -> Any:
        def ended(done: bool) -> None:
            self.status = then if done else failure

        self.status = status
        answer = as_it_is(self)
        background.run(f"cluster {self.cluster_identifier}: {status}", work, ended)
        return answer

    def _create(self) -> None:
        try:
            data = self.snapshot.data if self.snapshot else None
            self._warehouse = warehouses.make(self._identity(), data)
        finally:
            if self.snapshot:
                self.snapshot.end_restore()
        self.warehouse.start()
        self.local_port = self.warehouse.port

    def _resume(self) -> None:
        self.warehouse.resume()
        self.local_port = self.warehouse.port

    def _delete(self, snapshot: Snapshot | None, forget: Callable[[], None]) -> None:
        if snapshot:
            snapshot.take(self.warehouse.keep_data)
            self.status = "deleting"
        if self._warehouse:
            self._warehouse.stop()
        with STATE_LOCK:
            forget()

    def _identity(self) -> ClusterIdentity:
        slices = SLICES_PER_NODE.get(self.node_type, 2) * self.number_of_nodes
        place = f"arn:aws:redshift:{self.region}:{self.account_id}"
        return ClusterIdentity(
            place=f"{place}:dbuser:{self.cluster_identifier}",
            region=self.region,
            database=self.db_name.lower(),
            master_user=self.master_username.lower(),
            master_password=self.master_user_password,
            is_password_managed=self.is_password_managed,
            nodes=self.number_of_nodes,
            slices=slices,
            attached_roles=lambda: list(self.iam_roles_arn),
            admits=self.admits,
        )

    def admits(self, address: str) -> bool:
        """Whether a client at this IP address gets through to it, by the rules as they are now."""
        ec2 = self.redshift_backend.ec2_backend
        return bool(self.publicly_accessible) and network.admits(
            ec2, list(self.vpc_security_group_ids), self.port, address
        )
