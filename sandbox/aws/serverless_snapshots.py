"""Final snapshots of namespaces, with the data behind each of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.aws.serverless_requests import Parameters, conflict, not_found, remove
from sandbox.aws.serverless_resources import Namespace, Resource
from sandbox.postgres.server import folder_size

KEPT_FOREVER = -1
MEBIBYTE = 1 << 20


class Snapshot(Resource):
    """A namespace as it was at its end. One that no workgroup ever served has no data."""

    data: Path | None = None

    def finish(self, data: Path | None) -> None:
        """Become available with the data."""
        size = folder_size(data) / MEBIBYTE if data else 0.0
        self.data = data
        self.described |= {"totalBackupSizeInMegaBytes": round(size, 1), "status": "AVAILABLE"}


class Snapshots:
    """The snapshots of a region."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.all: dict[str, Snapshot] = {}

    def take(self, namespace: Namespace, get: Parameters) -> Snapshot:
        """The final snapshot that DeleteNamespace asks for, still without its data."""
        name = get("finalSnapshotName")
        if name in self.all:
            raise conflict(f"The snapshot {name} exists already.")
        self.all[name] = Snapshot(
            *("snapshot", name, self.place, None),
            namespaceName=namespace.name,
            namespaceArn=namespace.arn,
            adminUsername=namespace.described["adminUsername"],
            ownerAccount=self.place.rpartition(":")[2],
            snapshotCreateTime=datetime.now(UTC),
            snapshotRetentionPeriod=get("finalSnapshotRetentionPeriod") or KEPT_FOREVER,
            totalBackupSizeInMegaBytes=0.0,
            status="CREATING",
        )
        return self.all[name]

    def get_snapshot(self, get: Parameters) -> Any:
        """GetSnapshot."""
        return self.find(get).answer()

    def list_snapshots(self, get: Parameters) -> Any:
        """ListSnapshots, on one page."""
        name = get("namespaceName")
        found = [each.answer() for each in self.all.values()]
        return [each for each in found if name in (None, each["namespaceName"])]

    def delete_snapshot(self, get: Parameters) -> Any:
        """DeleteSnapshot, with its data."""
        found = self.find(get)
        found.require_available()
        if found.data:
            remove(found.data)
        return self.all.pop(found.name).answer() | {"status": "DELETED"}

    def find(self, get: Parameters) -> Snapshot:
        """The one that a request names, or gives the ARN of. Raises ResourceNotFoundException."""
        name, arn = get("snapshotName"), get("snapshotArn")
        for each in self.all.values():
            if name == each.name or (arn and arn == each.arn):
                return each
        raise not_found(f"The snapshot {name or arn} does not exist.")
