"""The end of the workgroup and its namespace, whose rows a final snapshot may keep."""

from __future__ import annotations

from typing import Any

from dwh.aws import Clients, attempt
from dwh.config import Config
from dwh.errors import DwhError
from dwh.ownership import is_ours
from dwh.provisioning.environment import Described, Remains
from dwh.provisioning.plan import Change
from dwh.provisioning.serverless import with_tags
from dwh.provisioning.waiting import ask_serverless, until_gone
from dwh.terminal import Step


def look(api: Any, config: Config, kind: str) -> list[Described]:
    """The namespaces, or the workgroups, with the environment's tags, whatever they are called."""
    pages = api.get_paginator(f"list_{kind}s").paginate()
    found = [with_tags(api, each) for page in pages for each in page[f"{kind}s"]]
    return [each for each in found if each and is_ours(each, config)]


def plan_shutdown(found: Remains, config: Config) -> list[Change]:
    """Delete what is ours, the workgroups first; the rows are kept if a snapshot has a name."""
    snapshot = found.final_snapshot
    kept = f"its rows are kept in snapshot {snapshot}" if snapshot else "with all its rows"
    named = {"finalSnapshotName": snapshot} if snapshot else {}
    return [
        *(deletion(config, "workgroup", each, "its sessions end", {}) for each in found.workgroups),
        *(deletion(config, "namespace", each, kept, named) for each in found.namespaces),
    ]


def deletion(
    config: Config, kind: str, found: Described, why: str, request: dict[str, Any]
) -> Change:
    """The plan of a namespace or a workgroup that is to go."""
    name = found[f"{kind}Name"]

    def apply(aws: Clients, current: Step) -> None:
        delete(aws.serverless, config, kind, name, request, current)

    return Change("delete", f"{kind} {name}", why, apply)


def delete(
    api: Any, config: Config, kind: str, name: str, request: dict[str, Any], current: Step
) -> None:
    """Delete one of them, and wait until it is gone, also when it is busy or on its way out.

    Raises DwhError if that takes too long, or if the final snapshot is not there afterwards.
    """
    named, is_asked = {f"{kind}Name": name}, False

    def look_again() -> Described | None:
        answer = attempt("ResourceNotFoundException", getattr(api, f"get_{kind}"), **named)
        return answer and dict(answer[kind])

    def ask() -> None:
        nonlocal is_asked
        ask_serverless(getattr(api, f"delete_{kind}"), **named, **request)
        is_asked = True

    until_gone(config, f"the {kind} {name}", look_again, ask, current)
    if is_asked and request:
        require(api, request["finalSnapshotName"])


def require(api: Any, snapshot: str) -> None:
    """Raise DwhError unless there is a snapshot of this name."""
    if not attempt("ResourceNotFoundException", api.get_snapshot, snapshotName=snapshot):
        what = f"the namespace is gone, but its snapshot {snapshot} is not there"
        raise DwhError(what, "somebody else may have deleted it otherwise: see CloudTrail")
