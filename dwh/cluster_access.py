"""A provisioned cluster: whether it can be used now, and as whom to log in."""

from __future__ import annotations

import re
from typing import Any

from dwh.aws import attempt, client
from dwh.config import Config
from dwh.errors import AwayError, DwhError
from dwh.warehouse import Login, Warehouse, read_answer

# What to do about a cluster that does not become available by itself, by its status.
STUCK_HINTS = {
    "incompatible-network": "see whether its subnets and security groups still exist",
    "incompatible": "see the reason in the Redshift console",
    "hardware-failure": "AWS replaces its nodes; see the Redshift console how far it is",
    "storage-full": "add nodes in the Redshift console, and set NODES in dwh.cfg to their number",
}
LAST_RESORT = "or take it down and lose its rows: python shutdown_env.py --no-snapshot"
# The slices of a node, where there are more than two.
SLICES = {"ra3.4xlarge": 4, "ra3.16xlarge": 16, "rg.4xlarge": 8, "rg.12xlarge": 16}
# What to do about a cluster that cannot be used now, by its status.
WAITING_HINTS = {
    "paus": "resume it: python setup_env.py",
    "delet|final": "it is on its way out; make a new one: python setup_env.py",
    "": "wait for it: python setup_env.py returns when it is available",
}


def find_cluster(redshift: Any, config: Config) -> dict[str, Any] | None:
    """The cluster in whatever state, if it is there."""
    answer = attempt(
        "ClusterNotFound", redshift.describe_clusters, ClusterIdentifier=config.identifier
    )
    return answer["Clusters"][0] if answer else None


def available_warehouse(config: Config, redshift: Any = None) -> Warehouse:
    """The cluster; an error unless it can be used.

    `redshift` is who asks, the owner of the tables unless told otherwise.
    """
    asked = redshift or client(config, "redshift")
    answer = asked.describe_clusters(ClusterIdentifier=config.identifier)
    cluster: dict[str, Any] = answer["Clusters"][0]
    refuse_stuck(cluster)
    if not cluster["ClusterStatus"].startswith("available"):
        error = unavailable(cluster, hint_for(cluster, WAITING_HINTS))
        passes = error.hint == WAITING_HINTS[""]
        raise AwayError(error.what, error.hint) if passes else error
    return as_warehouse(cluster)


def as_warehouse(cluster: dict[str, Any]) -> Warehouse:
    """A cluster as the scripts see it.

    https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-clusters.html has the slices.
    """
    return Warehouse(
        host=cluster["Endpoint"]["Address"],
        port=cluster["Endpoint"]["Port"],
        is_public=cluster["PubliclyAccessible"],
        security_groups=tuple(
            each["VpcSecurityGroupId"] for each in cluster.get("VpcSecurityGroups", [])
        ),
        roles=tuple(each["IamRoleArn"] for each in cluster.get("IamRoles", [])),
        slices=int(cluster["NumberOfNodes"]) * SLICES.get(cluster["NodeType"], 2),
    )


def owner(config: Config) -> Login:
    """To log in as USER, so that one user owns the tables, whoever runs the scripts."""
    request = {
        "ClusterIdentifier": config.identifier,
        "DbName": config.database,
        "DbUser": config.user,
        "AutoCreate": False,
    }
    redshift = client(config, "redshift")
    return Login(redshift, lambda: new_password(redshift.get_cluster_credentials, request))


def analyst(config: Config, keys: dict[str, str]) -> Login:
    """To log in under the name of the role whose keys these are.

    https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentialsWithIAM.html
    """
    redshift = client(config, "redshift", credentials=keys)
    request = {"ClusterIdentifier": config.identifier, "DbName": config.database}
    return Login(redshift, lambda: new_password(redshift.get_cluster_credentials_with_iam, request))


def new_password(call: Any, request: dict[str, Any]) -> tuple[str, str]:
    """The name to log in with, and a password of fifteen minutes."""
    name, password = read_answer(call, "DbUser", "DbPassword", DurationSeconds=900, **request)
    return name, password


def is_available(cluster: dict[str, Any]) -> bool:
    """Whether the cluster can be used, and has all the roles that it was given."""
    ready = cluster.get("ClusterAvailabilityStatus", "Available") == "Available"
    given = [each.get("ApplyStatus", "in-sync") for each in cluster.get("IamRoles", [])]
    attached = all(status == "in-sync" for status in given)
    return bool(ready and attached and cluster["ClusterStatus"].startswith("available"))


def refuse_stuck(cluster: dict[str, Any]) -> None:
    """Raise if it makes no sense to wait for the cluster."""
    if hint := hint_for(cluster, STUCK_HINTS):
        is_lost = cluster["ClusterStatus"].startswith("incompatible")
        raise unavailable(cluster, f"{hint}, {LAST_RESORT}" if is_lost else hint)


def hint_for(cluster: dict[str, Any], hints: dict[str, str]) -> str:
    """The first hint whose pattern the cluster's status has, or none."""
    status = cluster["ClusterStatus"]
    return next((hint for pattern, hint in hints.items() if re.search(pattern, status)), "")


def unavailable(cluster: dict[str, Any], hint: str) -> DwhError:
    """The error of a cluster that is in no state to work."""
    what = f"the cluster {cluster['ClusterIdentifier']} is {cluster['ClusterStatus']}"
    return DwhError(what, hint)
