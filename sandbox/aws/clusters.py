"""Redshift's API: moto's bookkeeping, with clusters and snapshots that hold data.

https://docs.aws.amazon.com/redshift/latest/APIReference/Welcome.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
from moto.core.responses import ActionResult
from moto.redshift import models
from moto.redshift.exceptions import (
    ClusterAlreadyExistsFaultError,
    ClusterNotFoundError,
    ClusterSnapshotAlreadyExistsError,
    InvalidParameterValueError,
    RedshiftClientError,
)

from sandbox.aws import network, requests, settings, snapshots
from sandbox.aws.background import STATE_LOCK, as_it_is
from sandbox.aws.cluster_life import Cluster
from sandbox.aws.identities import Identity, database_user
from sandbox.aws.requests import Parameters
from sandbox.aws.snapshots import KEPT_FOREVER, Snapshot
from sandbox.cluster.users import Users

# Of the states that AWS lists when it refuses to delete, those that there are here.
DELETABLE = ("available", "paused", "hardware-failure", "incompatible-restore")


class RedshiftBackend(models.RedshiftBackend):  # type: ignore[misc]
    """moto's Redshift in one region. Requests come as functions that give their parameters."""

    # moto finds a service's URLs by the name of its backend's module.
    __module__ = models.RedshiftBackend.__module__

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        name, family = settings.DEFAULT_PARAMETER_GROUP, "redshift-2.0"
        text = "Default parameter group for redshift-2.0"
        self.create_cluster_parameter_group(name, family, text, region_name)
        self.default_params["require_ssl"] = "true"

    # Clusters.

    def create(self, get: Parameters) -> Any:
        """CreateCluster: a cluster that is creating until its warehouse answers."""
        requests.check_create_cluster(get)
        return self._add(settings.new_cluster(get))

    def restore(self, get: Parameters) -> Any:
        """RestoreFromClusterSnapshot: a cluster that begins with a copy of a snapshot's data."""
        snapshot = snapshots.find(self.snapshots, get)
        requests.check_restore(get, snapshot.node_type, snapshot.number_of_nodes)
        return self._add(settings.restored_cluster(get, snapshot), snapshot)

    def _add(self, wanted: settings.Settings, snapshot: Snapshot | None = None) -> Any:
        name = wanted["cluster_identifier"]
        if name in self.clusters:
            raise ClusterAlreadyExistsFaultError
        self.describe_cluster_parameter_groups(wanted["cluster_parameter_group_name"])
        subnets = network.subnet_group(self, wanted["cluster_subnet_group_name"])
        wanted["cluster_subnet_group_name"] = subnets.cluster_subnet_group_name
        wanted["vpc_id"] = subnets.vpc_id
        groups = wanted["vpc_security_group_ids"]
        wanted["vpc_security_group_ids"] = self._security_groups(subnets.vpc_id, groups)
        cluster = Cluster(self, snapshot, **wanted)
        if snapshot:
            snapshot.begin_restore()
        self.clusters[name] = cluster
        return cluster.create()

    def _security_groups(self, vpc: str, wanted: list[str]) -> list[str]:
        return network.security_groups(self.ec2_backend, vpc, wanted)

    def describe(self, get: Parameters) -> list[Any]:
        """DescribeClusters: copies of the clusters as they are now."""
        found = [self.named(get)] if get("ClusterIdentifier") else list(self.clusters.values())
        return [as_it_is(each) for each in found if snapshots.has_tags(each.tags, get)]

    def modify(self, get: Parameters) -> Any:
        """ModifyCluster: who can reach it, and nothing else."""
        cluster = self.named(get)
        cluster.require("available")
        changes = settings.changes(get, cluster)
        if groups := changes.get("vpc_security_group_ids"):
            changes["vpc_security_group_ids"] = self._security_groups(cluster.vpc_id, groups)
        return cluster.modify(changes)

    def delete(self, get: Parameters) -> Any:
        """DeleteCluster: it is listed until its warehouse has stopped and its data is away."""
        snapshot_name, snapshot = requests.check_delete(get), None
        cluster = self.named(get)
        cluster.require(*DELETABLE)
        if snapshot_name:
            cluster.require("available", "paused")
            if snapshot_name in self.snapshots:
                raise ClusterSnapshotAlreadyExistsError(snapshot_name)
            retention = get("FinalClusterSnapshotRetentionPeriod") or KEPT_FOREVER
            snapshot = Snapshot(cluster, snapshot_name, retention)
            self.snapshots[snapshot_name] = snapshot
        name = cluster.cluster_identifier
        return cluster.delete(snapshot, lambda: self.clusters.pop(name))

    def modify_iam_roles(self, get: Parameters) -> Any:
        """ModifyClusterIamRoles, at once."""
        added, removed = get("AddIamRoles") or [], get("RemoveIamRoles") or []
        requests.check_roles(added)
        cluster = self.named(get)
        cluster.require("available")
        kept = [arn for arn in cluster.iam_roles_arn if arn not in removed]
        cluster.iam_roles_arn = kept + [arn for arn in added if arn not in kept]
        return as_it_is(cluster)

    def named(self, get: Parameters) -> Cluster:
        """The cluster that a request names. Raises ClusterNotFound."""
        name = get("ClusterIdentifier")
        if name not in self.clusters:
            raise ClusterNotFoundError(name)
        found: Cluster = self.clusters[name]
        return found

    def get_cluster_credentials(
        self, cluster_identifier: str, db_user: str, auto_create: bool, duration_seconds: int
    ) -> dict[str, Any]:
        """A login name and a password that the warehouse takes."""
        super().get_cluster_credentials(cluster_identifier, db_user, auto_create, duration_seconds)
        users = self._users({"ClusterIdentifier": cluster_identifier}.get)
        try:
            login = users.issue(db_user.lower(), auto_create, duration_seconds)
        except ValueError as problem:
            raise InvalidParameterValueError(str(problem)) from problem
        except psycopg2.OperationalError as problem:
            text = f"The Cluster {cluster_identifier} has just become unavailable."
            raise RedshiftClientError("InvalidClusterState", text) from problem
        return _credentials(login, duration_seconds)

    def get_credentials_with_iam(self, get: Parameters, caller: Identity) -> dict[str, Any]:
        """GetClusterCredentialsWithIAM: for the database user that is named after the caller.

        https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentialsWithIAM.html
        """
        seconds = int(get("DurationSeconds") or 900)
        if not 900 <= seconds <= 3600:
            raise InvalidParameterValueError(f"DurationSeconds must be 900 to 3600, not {seconds}")
        login = self._users(get).issue_to_identity(database_user(caller), seconds)
        return _credentials(login, seconds)

    def _users(self, get: Parameters) -> Users:
        with STATE_LOCK:
            cluster = self.named(get)
            cluster.require("available")
            found: Users = cluster.warehouse.users
        return found

    # Snapshots.

    def describe_snapshots(self, get: Parameters) -> list[Any]:
        """DescribeClusterSnapshots: copies of the snapshots as they are now."""
        return [as_it_is(each) for each in snapshots.select(self.snapshots, get)]

    def delete_snapshot(self, get: Parameters) -> Any:
        """DeleteClusterSnapshot, with its data."""
        snapshot = snapshots.find(self.snapshots, get)
        snapshot.delete()
        return self.snapshots.pop(snapshot.snapshot_identifier)

    # What else could meet a change half-way.

    def describe_tags(self, resource_name: str, resource_type: str) -> Any:
        """As moto does."""
        with STATE_LOCK:
            return super().describe_tags(resource_name, resource_type)

    def delete_cluster_subnet_group(self, subnet_identifier: str) -> Any:
        """As moto does, but not while a cluster uses the group."""
        with STATE_LOCK:
            for cluster in self.clusters.values():
                if cluster.cluster_subnet_group_name == subnet_identifier:
                    text = f"{subnet_identifier} is used by {cluster.cluster_identifier}"
                    raise RedshiftClientError("InvalidClusterSubnetGroupStateFault", text)
            return super().delete_cluster_subnet_group(subnet_identifier)


def _credentials(login: tuple[str, str], seconds: int) -> dict[str, Any]:
    expires = datetime.now(UTC) + timedelta(seconds=seconds)
    return {"DbUser": login[0], "DbPassword": login[1], "Expiration": expires}


def _answer(key: str, operation: Callable[[Any, Parameters], Any]) -> Callable[[Any], ActionResult]:
    """moto's form of an operation whose result is called `key`."""

    def respond(response: Any) -> ActionResult:
        with STATE_LOCK:
            found = operation(response.redshift_backend, response._get_param)
        return ActionResult({key: found})

    return respond


def _credentials_with_iam(response: Any) -> ActionResult:
    backend: RedshiftBackend = response.redshift_backend
    return ActionResult(backend.get_credentials_with_iam(response._get_param, response.caller))


OPERATIONS = {
    "create_cluster": _answer("Cluster", RedshiftBackend.create),
    "delete_cluster": _answer("Cluster", RedshiftBackend.delete),
    "delete_cluster_snapshot": _answer("Snapshot", RedshiftBackend.delete_snapshot),
    "describe_clusters": _answer("Clusters", RedshiftBackend.describe),
    "describe_cluster_snapshots": _answer("Snapshots", RedshiftBackend.describe_snapshots),
    "get_cluster_credentials_with_iam": _credentials_with_iam,
    "modify_cluster": _answer("Cluster", RedshiftBackend.modify),
    "modify_cluster_iam_roles": _answer("Cluster", RedshiftBackend.modify_iam_roles),
    "pause_cluster": _answer("Cluster", lambda backend, get: backend.named(get).pause()),
    "restore_from_cluster_snapshot": _answer("Cluster", RedshiftBackend.restore),
    "resume_cluster": _answer("Cluster", lambda backend, get: backend.named(get).resume()),
}
