"""Asking a cluster for something, and what is said while it cannot have it yet, or never will."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from dwh.aws import attempt, polling
from dwh.cluster_access import STUCK_HINTS, hint_for, unavailable
from dwh.config import Config
from dwh.errors import DwhError
from dwh.provisioning.snapshots import GO_ON_WAITING
from dwh.terminal import Step, plural

Cluster = dict[str, Any]

# IAM tells its other services of a new role within about a minute.
ROLE_DELAY_SECONDS = 90


def is_leaving(cluster: Cluster) -> bool:
    """True if the cluster is on its way out."""
    return bool(re.search("delet|final", cluster["ClusterStatus"]))


class BusyError(DwhError):
    """The cluster does not take a request in the state that it is in."""


def state_of(cluster: Cluster) -> str:
    """The status, and what the cluster lacks to be ready where the status does not say so."""
    status = str(cluster["ClusterStatus"])
    if not status.startswith("available"):
        return status
    applied = {each.get("ApplyStatus", "in-sync") for each in cluster.get("IamRoles", [])}
    lacks = [f"role {each}" for each in sorted(applied - {"in-sync"})]
    ready = cluster.get("ClusterAvailabilityStatus", "Available")
    return ", ".join([status, *lacks, *([] if ready == "Available" else [ready.lower()])])


def ask(call: Callable[..., Any], config: Config, **request: Any) -> None:
    """Ask something of the cluster; fine if it is gone. Raises BusyError while it is busy."""
    from botocore.exceptions import ClientError

    try:
        attempt("ClusterNotFound", call, ClusterIdentifier=config.identifier, **request)
    except ClientError as error:
        answer = error.response["Error"]
        if not answer["Code"].startswith("InvalidClusterState"):
            raise
        raise BusyError(answer["Message"], "run the same command again in some minutes") from error


def refuse_lasting(cluster: Cluster, refusal: str, with_snapshot: bool) -> None:
    """Raise if AWS does not delete the cluster in its state, and that does not pass by itself."""
    resume = "resume it, then run this again: python setup_env.py"
    hint = hint_for(cluster, {"paused": resume} | STUCK_HINTS)
    if not hint:
        return
    if with_snapshot and cluster["ClusterStatus"] != "paused":
        hint = "delete it with all its rows: python shutdown_env.py --no-snapshot"
    error = unavailable(cluster, hint)
    raise DwhError(f"{error.what}, and AWS does not delete it ({refusal})", error.hint)


def until_role_is_known(call: Callable[[], Any], current: Step) -> Any:
    """What the call returns; called again while Redshift does not know a new role yet.

    Raises DwhError if that lasts.
    """
    from botocore.exceptions import ClientError

    for _ in polling(ROLE_DELAY_SECONDS):
        try:
            return call()
        except ClientError as error:
            refusal = error.response["Error"].get("Message", "")
            unknown = "iam role" in refusal.lower()
            if not unknown or error.response["Error"]["Code"] != "InvalidParameterValue":
                raise
            current.update("waiting until Redshift knows the role")
    what = f"Redshift does not take the role after {ROLE_DELAY_SECONDS} s: {refusal}"
    hint = "IAM can be slow: run python setup_env.py again; then see what forbids the role"
    raise DwhError(what, hint)


def deleted_meanwhile(config: Config) -> DwhError:
    """The error of a cluster that somebody deletes while this waits for it."""
    what = f"the cluster {config.identifier} has been deleted meanwhile"
    return DwhError(what, "if that was a mistake, make a new one: python setup_env.py")


def took_too_long(config: Config, state: str) -> DwhError:
    """The error of a wait that does not end."""
    minutes = plural(config.timeout_minutes, "minute")
    what = f"after {minutes}, the cluster {config.identifier} is still {state}"
    return DwhError(what, GO_ON_WAITING)
