"""The cluster's snapshots: what shutdown_env.py keeps, and setup_env.py comes back from."""

from __future__ import annotations

import re
from typing import Any

from dwh.aws import attempt, polling
from dwh.config import Config
from dwh.errors import DwhError
from dwh.ownership import is_ours, tags
from dwh.provisioning.drift import refuse_drift
from dwh.provisioning.environment import Described
from dwh.provisioning.snapshots import Snapshot, is_of_others, no_snapshot, not_of_this
from dwh.provisioning.waiting import took_too_long
from dwh.terminal import Step

BEING_TAKEN = {"creating", "final snapshot"}


def find(redshift: Any, config: Config, name: str) -> Described:
    """The snapshot to restore. Raises DwhError if it does not fit dwh.cfg, or is not there."""
    describe = redshift.describe_cluster_snapshots
    answer = attempt("ClusterSnapshotNotFound", describe, SnapshotIdentifier=name)
    if not answer or not answer["Snapshots"]:
        raise no_snapshot(name, config, known(redshift, config))
    found: Described = answer["Snapshots"][0]
    pairs = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
    if found["ClusterIdentifier"] != config.identifier or is_of_others(pairs, config):
        raise not_of_this(name, config)
    hint = "set dwh.cfg as the snapshot is, or choose another snapshot"
    port = {"PORT": found["Port"]} if "Port" in found else {}
    refuse_drift(f"the snapshot {name}", found, port, config, hint)
    return found


def require(redshift: Any, name: str) -> None:
    """Raise DwhError unless there is a snapshot of this name."""
    describe = redshift.describe_cluster_snapshots
    if not attempt("ClusterSnapshotNotFound", describe, SnapshotIdentifier=name):
        what = f"the cluster is gone, but its snapshot {name} is not there"
        raise DwhError(what, "somebody else may have deleted it otherwise: see CloudTrail")


def known(redshift: Any, config: Config) -> list[Snapshot]:
    """The cluster's manual snapshots, the newest last."""
    return [as_snapshot(each) for each in described(redshift, config)]


def described(redshift: Any, config: Config) -> list[Described]:
    """The same, as AWS describes them."""
    paginator = redshift.get_paginator("describe_cluster_snapshots")

    def find_all(**request: str) -> list[Described]:
        return [each for page in paginator.paginate(**request) for each in page["Snapshots"]]

    name, kind = config.identifier, "manual"
    found = attempt("ClusterNotFound", find_all, ClusterIdentifier=name, SnapshotType=kind)
    if found is None:  # AWS may want to know nothing of a cluster that is gone
        found = [each for each in find_all(SnapshotType=kind) if each["ClusterIdentifier"] == name]
    return sorted(found, key=lambda each: str(each.get("SnapshotCreateTime", "")))


def as_snapshot(found: Described) -> Snapshot:
    """A snapshot as the scripts see it."""
    size = found.get("TotalBackupSizeInMegaBytes", 0)
    return Snapshot(found["SnapshotIdentifier"], found["SnapshotArn"], size)


def prepare(redshift: Any, config: Config, name: str, current: Step) -> None:
    """Wait until a snapshot can be restored; its tags go over to the restored cluster.

    https://docs.aws.amazon.com/redshift/latest/mgmt/amazon-redshift-tagging.html
    """
    for _ in polling(config.timeout_minutes * 60):
        snapshot = find(redshift, config, name)
        if snapshot["Status"] == "available":
            break
        if snapshot["Status"] not in BEING_TAKEN:
            raise DwhError(f"the snapshot {name} is {snapshot['Status']}", "choose another one")
        current.update(f"snapshot {snapshot['Status']}")
    else:
        raise took_too_long(f"the snapshot {name}", snapshot["Status"], config)
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
    for snapshot in described(redshift, config)[-1:]:
        is_final = final.fullmatch(snapshot["SnapshotIdentifier"])
        pairs = {tag["Key"]: tag["Value"] for tag in snapshot.get("Tags", [])}
        if is_final and not is_ours(snapshot, config) and not is_of_others(pairs, config):
            add_tags(redshift, snapshot["SnapshotArn"], tags(config))
