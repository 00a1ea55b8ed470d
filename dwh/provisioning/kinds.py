"""What differs between the kinds of warehouse: their plans, and their snapshots."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dwh import cluster_access, serverless_access
from dwh.aws import Clients
from dwh.config import Config
from dwh.errors import DwhError
from dwh.provisioning import (
    cluster,
    cluster_end,
    cluster_snapshots,
    serverless,
    serverless_end,
    serverless_snapshots,
)
from dwh.provisioning.environment import Described, Environment, Remains
from dwh.provisioning.plan import Change
from dwh.provisioning.snapshots import Snapshot
from dwh.setting_readers import CLUSTER, SERVERLESS
from dwh.warehouse import Warehouse

NO_PAUSE = "nothing to pause: Redshift Serverless is billed while it works, and for its storage"


def is_cluster(config: Config) -> bool:
    """True if dwh.cfg names a provisioned cluster."""
    return config.kind == CLUSTER


def plan_setup(found: Environment, config: Config) -> list[Change]:
    """Create, restore or change the warehouse. Raises DwhError if that cannot be."""
    others = found.serverless.namespace if is_cluster(config) else found.cluster
    if others:
        there = "namespace" if is_cluster(config) else "cluster"
        what = f"there is a {there} {config.identifier}, and dwh.cfg says KIND = {config.kind}"
        hint = "set KIND back, choose another IDENTIFIER, or take it down: python shutdown_env.py"
        raise DwhError(what, hint)
    plan = cluster.plan_setup if is_cluster(config) else serverless.plan_setup
    return plan(found, config)


def as_warehouse(found: Environment, config: Config) -> Warehouse | None:
    """The warehouse as it was looked at, None if there was none."""
    there = found.serverless
    if is_cluster(config):
        return cluster_access.as_warehouse(found.cluster) if found.cluster else None
    if there.namespace is None or there.workgroup is None:
        return None
    roles = tuple(serverless_access.roles_of(there.namespace))
    return serverless_access.as_warehouse(there.workgroup, roles)


def deleted_kinds(changes: list[Change], config: Config) -> list[Config]:
    """The configuration, and another of the other kind if the plan deletes such a warehouse."""
    titles = {CLUSTER: "cluster ", SERVERLESS: "namespace "}
    (other,) = {CLUSTER, SERVERLESS} - {config.kind}
    has_other = any(each.resource.startswith(titles[other]) for each in changes)
    return [config, replace(config, kind=other)] if has_other else [config]


def plan_shutdown(found: Remains, config: Config) -> list[Change]:
    """Delete the warehouse, also one of the kind that dwh.cfg has named before."""
    return cluster_end.plan_shutdown(found, config) + serverless_end.plan_shutdown(found, config)


def find_snapshot(aws: Clients, config: Config, name: str) -> Described:
    """The snapshot to restore. Raises DwhError if it does not fit dwh.cfg, or is not there."""
    if is_cluster(config):
        return cluster_snapshots.find(aws.redshift, config, name)
    return serverless_snapshots.find(aws.serverless, config, name)


def snapshots_of(config: Config, aws: Clients) -> tuple[Any, Any]:
    """The module of the kind's snapshots, and the client that it asks."""
    if is_cluster(config):
        return cluster_snapshots, aws.redshift
    return serverless_snapshots, aws.serverless


def known_snapshots(aws: Clients, config: Config) -> list[Snapshot]:
    """The warehouse's snapshots, the newest last."""
    module, api = snapshots_of(config, aws)
    found: list[Snapshot] = module.known(api, config)
    return found


def tag_final(aws: Clients, config: Config) -> None:
    """Tag the newest final snapshot, should it not have taken over the warehouse's tags."""
    module, api = snapshots_of(config, aws)
    module.tag_final(api, config)


def delete_command(snapshot: Snapshot, config: Config) -> str:
    """How to delete a snapshot by hand."""
    call = "redshift delete-cluster-snapshot", "snapshot-identifier"
    if not is_cluster(config):
        call = "redshift-serverless delete-snapshot", "snapshot-name"
    return f"aws {call[0]} --region {config.aws_region} --{call[1]} {snapshot.name}"
