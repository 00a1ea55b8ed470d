"""The Redshift cluster: what is to become of it, and the way there from whatever state.

The way is a loop that looks at the cluster and makes the next move, so that it goes on from
wherever a run before it was stopped.
"""

from __future__ import annotations

from typing import Any

from dwh.aws import Clients, attempt, polling
from dwh.cluster_access import find_cluster, is_available, refuse_stuck
from dwh.config import Config
from dwh.errors import DwhError
from dwh.ownership import check_ours, is_ours, tags
from dwh.provisioning.cluster_snapshots import as_snapshot, prepare
from dwh.provisioning.drift import refuse_drift
from dwh.provisioning.environment import Environment
from dwh.provisioning.plan import Change
from dwh.provisioning.waiting import (
    BusyError,
    ask,
    deleted_meanwhile,
    is_leaving,
    state_of,
    took_too_long,
    until_role_is_known,
)
from dwh.provisioning.wanted import Wanted, find_made, wanted_of
from dwh.terminal import Step

Cluster = dict[str, Any]

PORT_TAG = "port"


def roles(cluster: Cluster) -> set[str]:
    """The ARNs of the roles that a cluster has."""
    return {each["IamRoleArn"] for each in cluster.get("IamRoles", [])}


def groups(cluster: Cluster) -> set[str]:
    """The ids of the security groups that a cluster has."""
    return {each["VpcSecurityGroupId"] for each in cluster.get("VpcSecurityGroups", [])}


def deviations(wanted: Wanted, cluster: Cluster) -> list[str]:
    """What is to be changed about a cluster, in words."""
    access = wanted.access_faults(groups(cluster), cluster["PubliclyAccessible"])
    return wanted.role_faults(roles(cluster)) + access


# ---------------------------------------------------------------------------- plans


def plan_setup(found: Environment, config: Config) -> list[Change]:
    """Create, restore, resume or change the cluster. Raises DwhError if that cannot be."""

    def apply(aws: Clients, current: Step) -> None:
        bring_up(aws, config, found.restore, current)

    cluster, snapshot = found.cluster, found.snapshot
    if cluster is None or is_leaving(cluster):
        if snapshot:
            what = f"from {found.restore}, {as_snapshot(snapshot).size}"
            return [Change("restore", title(config), what, apply)]
        return [Change("create", title(config), settings(config), apply)]
    check(cluster, config, found.restore)
    faults = deviations(wanted_of(found, config), cluster)
    if "paus" in cluster["ClusterStatus"]:
        return [Change("resume", title(config), ", ".join([settings(config), *faults]), apply)]
    if faults:
        return [Change("change", title(config), ", ".join(faults), apply)]
    waits = None if is_available(cluster) else apply
    return [Change("keep", title(config), settings(config), waits)]


def title(config: Config) -> str:
    """What the cluster is called in the plan."""
    return f"cluster {config.identifier}"


def settings(config: Config) -> str:
    """The settings that matter, in a few words."""
    address = "public address" if config.public else "private"
    size = f"{config.nodes} x {config.node_type}"
    return f"{size}, {address}, port {config.port}, encrypted, database {config.database}"


def check(cluster: Cluster, config: Config, snapshot: str | None) -> None:
    """Refuse a cluster that is not ours, is beyond help, or cannot become what dwh.cfg says."""
    check_ours("cluster", config.identifier, "IDENTIFIER", cluster, config)
    refuse_stuck(cluster)
    tagged = {tag["Key"]: tag["Value"] for tag in cluster["Tags"]}
    port = tagged.get(PORT_TAG, "")
    more = {
        "PORT": int(port) if port.isdecimal() else config.port,
        "SUBNET_GROUP": cluster.get("ClusterSubnetGroupName") or "default",
    }
    hint = "set dwh.cfg back, or make a new cluster: python shutdown_env.py, then setup_env.py"
    refuse_drift(f"the cluster {config.identifier}", cluster, more, config, hint)
    if snapshot and tagged.get("snapshot") != snapshot:
        what = f"the cluster {config.identifier} is there already"
        hint = "take it down first: python shutdown_env.py; or leave out --restore to keep it"
        raise DwhError(what, hint)


# ---------------------------------------------------------------------------- what is done


def bring_up(aws: Clients, config: Config, snapshot: str | None, current: Step) -> None:
    """Go on until the cluster is available and as dwh.cfg says.

    Raises DwhError when that takes longer than TIMEOUT_MINUTES, or never will be.
    """
    wanted = find_made(aws, config, current)
    state, is_alive, is_made = "not listed", False, False
    for _ in polling(config.timeout_minutes * 60):
        cluster = find_cluster(aws.redshift, config)
        if is_alive and (cluster is None or is_leaving(cluster)):
            raise deleted_meanwhile(f"the cluster {config.identifier}")
        if cluster is None:
            is_made = request(aws.redshift, config, wanted, snapshot, current) or is_made
            continue
        state = state_of(cluster)
        current.update(state)
        if is_leaving(cluster):
            continue
        is_alive = True
        try:
            if not move(aws.redshift, config, wanted, cluster, is_made, current):
                return
        except BusyError as error:
            state = f"{state} ({error.what})"
    raise took_too_long(f"the cluster {config.identifier}", state, config)


def move(
    redshift: Any, config: Config, wanted: Wanted, cluster: Cluster, is_made: bool, current: Step
) -> bool:
    """Make the next move towards what is wanted; False when it is reached.

    Raises DwhError for a cluster that is not ours; `is_made` says that this run has made it.
    """
    refuse_stuck(cluster)
    if not is_ours(cluster, config):
        if not is_made:
            check_ours("cluster", config.identifier, "IDENTIFIER", cluster, config)
        # One that is restored has its snapshot's tags; should it not, it gets them.
        ask_for_tags(redshift, config, wanted)
    elif cluster["ClusterStatus"] == "paused":
        ask(redshift.resume_cluster, config)
    elif is_available(cluster):
        return change(redshift, config, wanted, cluster, current)
    return True


def ask_for_tags(redshift: Any, config: Config, wanted: Wanted) -> None:
    """Tag the cluster, once its state allows that."""
    partition, account = str(wanted.role).split(":")[1:5:3]
    place = f"arn:{partition}:redshift:{config.aws_region}:{account}"
    arn = f"{place}:cluster:{config.identifier}"
    attempt(
        "InvalidClusterState InvalidClusterStateFault ResourceNotFoundFault",
        redshift.create_tags,
        ResourceName=arn,
        Tags=own_tags(config),
    )


def own_tags(config: Config) -> list[dict[str, str]]:
    """The tags of a cluster, which also say its port: the sandbox's own is another one."""
    return [*tags(config), {"Key": PORT_TAG, "Value": str(config.port)}]


def change(redshift: Any, config: Config, wanted: Wanted, cluster: Cluster, current: Step) -> bool:
    """Change one thing that differs; False if nothing does."""
    new, former = {str(wanted.role)} - roles(cluster), wanted.former(roles(cluster))
    if new or former:
        modify = redshift.modify_cluster_iam_roles
        both = {"AddIamRoles": sorted(new), "RemoveIamRoles": former}
        until_role_is_known(lambda: ask(modify, config, **both), current)
        return True
    settings: dict[str, Any] = {}
    if groups(cluster) != set(wanted.groups):
        settings["VpcSecurityGroupIds"] = wanted.groups
    if cluster["PubliclyAccessible"] != wanted.public:
        settings["PubliclyAccessible"] = wanted.public
    if settings:
        ask(redshift.modify_cluster, config, **settings)
    return bool(settings)


def request(
    redshift: Any, config: Config, wanted: Wanted, snapshot: str | None, current: Step
) -> bool:
    """Ask for the cluster, or for one from a snapshot; False if somebody else was first."""
    if snapshot:
        prepare(redshift, config, snapshot, current)
    made = until_role_is_known(lambda: send_request(redshift, config, wanted, snapshot), current)
    return made is not None


def send_request(redshift: Any, config: Config, wanted: Wanted, snapshot: str | None) -> Any:
    """Ask once for a new cluster, or for one from a snapshot; None if it is there already."""
    common: dict[str, Any] = {
        "ClusterIdentifier": config.identifier,
        "NodeType": config.node_type,
        "ManageMasterPassword": True,
        "IamRoles": [wanted.role],
        "VpcSecurityGroupIds": wanted.groups,
        "PubliclyAccessible": wanted.public,
        "Port": config.port,
    }
    if config.subnet_group:
        common["ClusterSubnetGroupName"] = config.subnet_group
    if snapshot:
        call = redshift.restore_from_cluster_snapshot
        # A policy on this cluster's snapshots allows nothing unless the cluster is named.
        special = {"SnapshotIdentifier": snapshot, "SnapshotClusterIdentifier": config.identifier}
    else:
        call, special = redshift.create_cluster, new_cluster(config)
    return attempt("ClusterAlreadyExists", call, **common, **special)


def new_cluster(config: Config) -> dict[str, Any]:
    """What only a cluster without a past has to be told."""
    size: dict[str, Any] = {"ClusterType": "single-node"}
    if config.nodes > 1:
        size = {"ClusterType": "multi-node", "NumberOfNodes": config.nodes}
    return {
        **size,
        "DBName": config.database,
        "MasterUsername": config.user,
        "Encrypted": True,
        "Tags": own_tags(config),
    }
