"""The cluster's snapshots: what shutdown_env.py keeps, and setup_env.py comes back from."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from dwh.aws import attempt, polling
from dwh.config import Config
from dwh.errors import DwhError
from dwh.ownership import is_ours, tags
from dwh.provisioning import prices
from dwh.provisioning.drift import refuse_drift
from dwh.terminal import Step, plural

Snapshot = dict[str, Any]

BEING_TAKEN = {"creating", "final snapshot"}
GO_ON_WAITING = "run the same command again to go on waiting; see TIMEOUT_MINUTES in dwh.cfg"


def new_name(config: Config) -> str:
    """A name for a snapshot that is taken now."""
    return f"{config.identifier}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def find_snapshot(redshift: Any, config: Config, name: str) -> Snapshot:
    """The snapshot to restore. Raises DwhError if it does not fit dwh.cfg, or is not there."""
    describe = redshift.describe_cluster_snapshots
    answer = attempt("ClusterSnapshotNotFound", describe, SnapshotIdentifier=name)
    if not answer or not answer["Snapshots"]:
        names = [each["SnapshotIdentifier"] for each in known(redshift, config)]
        hint = f"there are: {', '.join(names)}" if names else "there is none of this cluster"
        raise DwhError(f"there is no snapshot {name} in {config.aws_region}", hint)
    found: Snapshot = answer["Snapshots"][0]
    if found["ClusterIdentifier"] != config.identifier or is_of_others(found, config):
        what = f"the snapshot {name} is not one of {config.identifier} in {config.aws_region}"
        raise DwhError(what, "choose one that python shutdown_env.py has taken, or see IDENTIFIER")
    hint = "set dwh.cfg as the snapshot is, or choose another snapshot"
    port = {"PORT": found["Port"]} if "Port" in found else {}
    refuse_drift(f"the snapshot {name}", found, port, config, hint)
    return found


def is_of_others(snapshot: Snapshot, config: Config) -> bool:
    """Whether its tags say that it belongs to something else; it may have none yet."""
    ours = {tag["Key"]: tag["Value"] for tag in tags(config)}
    found = snapshot.get("Tags", [])
    return any(ours.get(tag["Key"], tag["Value"]) != tag["Value"] for tag in found)


def require(redshift: Any, name: str) -> None:
    """Raise DwhError unless there is a snapshot of this name."""
    describe = redshift.describe_cluster_snapshots
    if not attempt("ClusterSnapshotNotFound", describe, SnapshotIdentifier=name):
        what = f"the cluster is gone, but its snapshot {name} is not there"
        raise DwhError(what, "somebody else may have deleted it otherwise: see CloudTrail")


def known(redshift: Any, config: Config) -> list[Snapshot]:
    """The cluster's manual snapshots, the newest last."""
    paginator = redshift.get_paginator("describe_cluster_snapshots")

    def find(**request: str) -> list[Snapshot]:
        return [each for page in paginator.paginate(**request) for each in page["Snapshots"]]

    name, kind = config.identifier, "manual"
    found = attempt("ClusterNotFound", find, ClusterIdentifier=name, SnapshotType=kind)
    if found is None:  # AWS may want to know nothing of a cluster that is gone
        found = [each for each in find(SnapshotType=kind) if each["ClusterIdentifier"] == name]
    return sorted(found, key=lambda each: str(each.get("SnapshotCreateTime", "")))


def prepare(redshift: Any, config: Config, name: str, current: Step) -> None:
    """Wait until a snapshot can be restored; its tags go over to the restored cluster.

    https://docs.aws.amazon.com/redshift/latest/mgmt/amazon-redshift-tagging.html
    """
    for _ in polling(config.timeout_minutes * 60):
        snapshot = find_snapshot(redshift, config, name)
        if snapshot["Status"] == "available":
            break
        if snapshot["Status"] not in BEING_TAKEN:
            raise DwhError(f"the snapshot {name} is {snapshot['Status']}", "choose another one")
        current.update(f"snapshot {snapshot['Status']}")
    else:
        minutes = plural(config.timeout_minutes, "minute")
        what = f"after {minutes}, the snapshot {name} is still {snapshot['Status']}"
        raise DwhError(what, GO_ON_WAITING)
    add_tags(redshift, snapshot["SnapshotArn"], tags(config) + restored_from(name))


def restored_from(name: str) -> list[dict[str, str]]:
    """The tag that says from which snapshot a cluster comes."""
    return [{"Key": "snapshot", "Value": name}]


def add_tags(redshift: Any, arn: str, wanted: list[dict[str, str]]) -> None:
    """Tag a snapshot or a cluster."""
    redshift.create_tags(ResourceName=arn, Tags=wanted)


def tag_final(redshift: Any, config: Config) -> None:
    """Tag the newest final snapshot, should it not have taken over the cluster's tags."""
    final = re.compile(rf"{re.escape(config.identifier)}-\d{{8}}-\d{{6}}")
    for snapshot in known(redshift, config)[-1:]:
        is_final = final.fullmatch(snapshot["SnapshotIdentifier"])
        if is_final and not is_ours(snapshot, config) and not is_of_others(snapshot, config):
            add_tags(redshift, snapshot["SnapshotArn"], tags(config))


def size(snapshot: Snapshot) -> str:
    """How big a snapshot is."""
    return f"{snapshot.get('TotalBackupSizeInMegaBytes', 0):.0f} MB"


def cost(snapshot: Snapshot, config: Config) -> str:
    """What a snapshot costs to keep on AWS."""
    if prices.storage(config) == prices.UNKNOWN:
        return f"billed ({prices.REDSHIFT})"
    gigabytes = snapshot.get("TotalBackupSizeInMegaBytes", 0) / 1024
    return f"about {max(gigabytes * prices.STORAGE, 0.01):.2f} USD a month"
