"""Final snapshots of clusters: moto's bookkeeping, with the cluster's data behind each of them.

https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-snapshots.html
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from moto.redshift import models
from moto.redshift.exceptions import (
    ClusterSnapshotNotFoundError,
    InvalidParameterCombinationError,
    RedshiftClientError,
)

from sandbox.aws.background import STATE_LOCK
from sandbox.aws.requests import Parameters, unsupported
from sandbox.postgres.server import folder_size

KEPT_FOREVER = -1
MEBIBYTE = 1 << 20


class Snapshot(models.Snapshot):  # type: ignore[misc]
    """A cluster as it was at its end; its data folder is kept until nobody needs it any more."""

    def __init__(self, cluster: Any, name: str, retention: int) -> None:
        tags = [dict(tag) for tag in cluster.tags]
        super().__init__(cluster, name, cluster.account_id, cluster.region, tags)
        self.status = "creating"
        self.cluster_create_time = cluster.create_time
        self.owner_account = cluster.account_id
        self.vpc_id = cluster.vpc_id
        self.preferred_maintenance_window = cluster.preferred_maintenance_window
        self.automated_snapshot_retention_period = cluster.automated_snapshot_retention_period
        self.manual_snapshot_retention_period = retention
        self.total_backup_size_in_mega_bytes = 0.0
        self.data: Path | None = None
        self._restores = 0

    @property
    def snapshot_arn(self) -> str:
        """The snapshot's ARN."""
        return str(self.arn)

    def take(self, keep_data: Callable[[], Path]) -> None:
        """Become available with the data folder that `keep_data` gives, or failed if it raises."""
        try:
            data = keep_data()
            size = folder_size(data)
        except Exception:
            self.status = "failed"
            raise
        with STATE_LOCK:
            self.data = data
            self.total_backup_size_in_mega_bytes = round(size / MEBIBYTE, 1)
            self.status = "available"

    def begin_restore(self) -> None:
        """Hold on to the data. Raises InvalidClusterSnapshotState unless it is available."""
        self._require("available")
        self._restores += 1

    def end_restore(self) -> None:
        """Let go of the data, and of a deleted snapshot."""
        with STATE_LOCK:
            self._restores -= 1
            self._remove_if_unused()

    def delete(self) -> None:
        """Delete the data, if need be after the restores that are going on.

        Raises InvalidClusterSnapshotState while it is being taken.
        """
        self._require("available", "failed")
        self.status = "deleted"
        self._remove_if_unused()

    def _require(self, *states: str) -> None:
        if self.status not in states:
            text = f"The snapshot {self.snapshot_identifier} is {self.status}."
            raise RedshiftClientError("InvalidClusterSnapshotState", text)

    def _remove_if_unused(self) -> None:
        if self.status == "deleted" and not self._restores and self.data:
            shutil.rmtree(self.data, ignore_errors=True)


def find(snapshots: dict[str, Snapshot], get: Parameters) -> Snapshot:
    """The one snapshot that a request names, in any case of letters, or by its ARN.

    Raises ClusterSnapshotNotFound, or InvalidParameterCombination if it names none or two.
    """
    name, arn = get("SnapshotIdentifier"), get("SnapshotArn")
    if bool(name) == bool(arn):
        text = "Give either SnapshotIdentifier or SnapshotArn"
        raise InvalidParameterCombinationError(text)
    named = [snapshots[name.lower()]] if name and name.lower() in snapshots else []
    found = named or [each for each in snapshots.values() if each.arn == arn]
    of_cluster, owner = get("SnapshotClusterIdentifier"), get("OwnerAccount")
    for each in found:
        right_cluster = of_cluster in (None, each.cluster_identifier)
        if right_cluster and owner in (None, each.owner_account):
            return each
    raise ClusterSnapshotNotFoundError(name or arn)


def select(snapshots: dict[str, Snapshot], get: Parameters) -> list[Snapshot]:
    """The snapshots that DescribeClusterSnapshots asks for, the oldest first.

    Raises ClusterSnapshotNotFound for a snapshot that is named and is not there.
    """
    if get("ClusterExists") is not None:
        raise unsupported("ClusterExists of DescribeClusterSnapshots")
    if get("SnapshotIdentifier") and get("ClusterIdentifier"):
        text = "Give either SnapshotIdentifier or ClusterIdentifier"
        raise InvalidParameterCombinationError(text)
    named = bool(get("SnapshotIdentifier") or get("SnapshotArn"))
    found = [find(snapshots, get)] if named else list(snapshots.values())
    return [each for each in found if _is_asked_for(each, get) and has_tags(each.tags, get)]


def _is_asked_for(snapshot: Snapshot, get: Parameters) -> bool:
    start, end = get("StartTime"), get("EndTime")
    return (
        get("ClusterIdentifier") in (None, snapshot.cluster_identifier)
        and get("SnapshotType") in (None, snapshot.snapshot_type)
        and get("OwnerAccount") in (None, snapshot.owner_account)
        and (start is None or snapshot.create_time >= start)
        and (end is None or snapshot.create_time <= end)
    )


def has_tags(tags: Iterable[dict[str, str]], get: Parameters) -> bool:
    """Whether one of the tags has one of TagKeys and one of TagValues, as far as they are given."""
    keys, values = get("TagKeys") or [], get("TagValues") or []
    if not keys and not values:
        return True
    return any(
        (not keys or tag["Key"] in keys) and (not values or tag["Value"] in values) for tag in tags
    )
