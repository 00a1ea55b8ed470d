"""The end of the cluster, for a while or for good."""

from __future__ import annotations

from typing import Any

from dwh.aws import Clients, polling
from dwh.cluster_access import find_cluster, refuse_stuck
from dwh.config import Config
from dwh.ownership import check_ours, is_ours
from dwh.provisioning import cluster_snapshots
from dwh.provisioning.cluster import settings, title
from dwh.provisioning.environment import Remains
from dwh.provisioning.plan import Change
from dwh.provisioning.waiting import (
    BusyError,
    ask,
    deleted_meanwhile,
    is_leaving,
    refuse_lasting,
    state_of,
    took_too_long,
)
from dwh.terminal import Step

# ---------------------------------------------------------------------------- plans


def plan_pause(found: Remains, config: Config) -> list[Change]:
    """Pause the cluster, if it is there. Raises DwhError if it is not ours, or beyond help."""
    cluster = found.cluster
    if cluster is None or is_leaving(cluster):
        return []
    check_ours("cluster", config.identifier, "IDENTIFIER", cluster, config)
    refuse_stuck(cluster)
    if cluster["ClusterStatus"] == "paused":
        return [Change("keep", title(config), "paused already")]

    def apply(aws: Clients, current: Step) -> None:
        pause(aws.redshift, config, current)

    return [Change("pause", title(config), "its sessions end, its rows are kept", apply)]


def plan_shutdown(found: Remains, config: Config) -> list[Change]:
    """Delete the cluster, if it is ours; with a final snapshot if that has a name."""
    cluster, snapshot = found.cluster, found.final_snapshot
    if cluster is None or not is_ours(cluster, config):
        return []
    kept = f"its rows are kept in snapshot {snapshot}" if snapshot else "with all its rows"
    if is_leaving(cluster):
        kept = f"{cluster['ClusterStatus']} already"

    def apply(aws: Clients, current: Step) -> None:
        delete(aws.redshift, config, snapshot, current)

    return [Change("delete", title(config), f"{settings(config)}; {kept}", apply)]


# ---------------------------------------------------------------------------- what is done


def pause(redshift: Any, config: Config, current: Step) -> None:
    """Pause the cluster and wait until it is paused.

    Raises DwhError if that takes too long, or never will be.
    """
    state = "not listed"
    for _ in polling(config.timeout_minutes * 60):
        cluster = find_cluster(redshift, config)
        if cluster is None:
            raise deleted_meanwhile(f"the cluster {config.identifier}")
        refuse_stuck(cluster)
        state = state_of(cluster)
        current.update(state)
        if state == "paused":
            return
        try:
            if state.startswith("available"):
                ask(redshift.pause_cluster, config)
        except BusyError as error:
            state = f"{state} ({error.what})"
    raise took_too_long(f"the cluster {config.identifier}", state, config)


def delete(redshift: Any, config: Config, snapshot: str | None, current: Step) -> None:
    """Delete the cluster and wait until it is gone, also when it is busy or on its way out.

    Raises DwhError if that takes too long, or AWS never will. Without a snapshot, its rows are
    lost.
    """
    state, is_asked, born = "not listed", False, None
    for _ in polling(config.timeout_minutes * 60):
        cluster = find_cluster(redshift, config)
        if cluster is None or is_another(cluster, born, config):
            if is_asked and snapshot:
                cluster_snapshots.require(redshift, snapshot)
            return
        state, born = state_of(cluster), cluster.get("ClusterCreateTime", born)
        current.update(state)
        try:
            if not is_leaving(cluster):
                ask(redshift.delete_cluster, config, **ending(snapshot))
                is_asked = True
        except BusyError as error:
            refuse_lasting(cluster, error.what, snapshot is not None)
            state = f"{state} ({error.what})"
    raise took_too_long(f"the cluster {config.identifier}", state, config)


def is_another(cluster: dict[str, Any], born: Any, config: Config) -> bool:
    """Whether the cluster took the place of the one to be deleted, and is left alone."""
    return not is_ours(cluster, config) or bool(
        born and cluster.get("ClusterCreateTime", born) != born
    )


def ending(snapshot: str | None) -> dict[str, Any]:
    """What becomes of the rows."""
    if snapshot is None:
        return {"SkipFinalClusterSnapshot": True}
    return {"SkipFinalClusterSnapshot": False, "FinalClusterSnapshotIdentifier": snapshot}
