"""Asking for something that takes time, and what is said while it does, or never will be."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from dwh.aws import attempt, polling
from dwh.cluster_access import STUCK_HINTS, hint_for, unavailable
from dwh.config import Config
from dwh.errors import DwhError
from dwh.provisioning.environment import Described
from dwh.terminal import Step, plural

Cluster = dict[str, Any]

GO_ON_WAITING = "run the same command again to go on waiting; see TIMEOUT_MINUTES in dwh.cfg"
UNKNOWN_ROLE = {"InvalidParameterValue", "ValidationException"}

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
            if not unknown or error.response["Error"]["Code"] not in UNKNOWN_ROLE:
                raise
            current.update("waiting until Redshift knows the role")
    what = f"Redshift does not take the role after {ROLE_DELAY_SECONDS} s: {refusal}"
    hint = "IAM can be slow: run python setup_env.py again; then see what forbids the role"
    raise DwhError(what, hint)


def deleted_meanwhile(name: str) -> DwhError:
    """The error of what somebody deletes while this waits for it."""
    what = f"{name} has been deleted meanwhile"
    return DwhError(what, "if that was a mistake, make a new one: python setup_env.py")


def took_too_long(name: str, state: str, config: Config) -> DwhError:
    """The error of a wait that does not end."""
    minutes = plural(config.timeout_minutes, "minute")
    return DwhError(f"after {minutes}, {name} is still {state}", GO_ON_WAITING)


# ---------------------------------------------------------------------------- Redshift Serverless


def ask_serverless(call: Callable[..., Any], **request: Any) -> None:
    """Ask something of a namespace or a workgroup; fine if it is gone.

    Raises BusyError while it is busy.
    """
    from botocore.exceptions import ClientError

    try:
        attempt("ResourceNotFoundException", call, **request)
    except ClientError as error:
        answer = error.response["Error"]
        if answer["Code"] != "ConflictException":
            raise
        raise BusyError(answer["Message"], "run the same command again in some minutes") from error


def settle(
    config: Config,
    kind: str,
    look: Callable[[], Described | None],
    move: Callable[[Described | None], bool],
    current: Step,
) -> None:
    """Look, and make the next move, until there is none to make and the status is AVAILABLE.

    `move` is told what is there, and says whether something had to be done. Raises DwhError when
    that takes longer than TIMEOUT_MINUTES, or somebody deletes it.
    """
    name, state, is_alive = f"the {kind} {config.identifier}", "not listed", False
    for _ in polling(config.timeout_minutes * 60):
        found = look()
        is_leaving = found is not None and found["status"] == "DELETING"
        if is_alive and (found is None or is_leaving):
            raise deleted_meanwhile(name)
        state = found["status"].lower() if found else "not listed"
        current.update(state)
        is_alive = found is not None and not is_leaving
        if found and found["status"] != "AVAILABLE":
            continue
        try:
            if not move(found):
                return
        except BusyError as error:
            state = f"{state} ({error.what})"
    raise took_too_long(name, state, config)


def until_gone(
    config: Config,
    name: str,
    look: Callable[[], Described | None],
    delete: Callable[[], None],
    current: Step,
) -> None:
    """Delete what is there, and wait until it is gone. Raises DwhError if that takes too long."""
    state = "not listed"
    for _ in polling(config.timeout_minutes * 60):
        found = look()
        if found is None:
            return
        state = found["status"].lower()
        current.update(state)
        try:
            if found["status"] != "DELETING":
                delete()
        except BusyError as error:
            state = f"{state} ({error.what})"
    raise took_too_long(name, state, config)
