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
    """The namespaces, or workgroups, with the environment's tags, and the one with its name."""
    pages = api.get_paginator(f"list_{kind}s").paginate()
    found = [with_tags(api, each) for page in pages for each in page[f"{kind}s"]]
    name = config.identifier
    return [
        each for each in found if each and (is_ours(each, config) or each[f"{kind}Name"] == name)
    ]


def plan_shutdown(found: Remains, config: Config) -> list[Change]:
    """Delete what is ours, the workgroups first; the rows are kept if a snapshot has a name."""
    snapshot = found.final_snapshot
    kept = f"its rows are kept in snapshot {snapshot}" if snapshot else "with all its rows"
    named = {"finalSnapshotName": snapshot} if snapshot else {}
    workgroups = [each for each in found.workgroups if is_ours(each, config)]
    namespaces = [each for each in found.namespaces if is_ours(each, config)]
    return [
        *(deletion(config, "workgroup", each, "its sessions end", {}) for each in workgroups),
        *(deletion(config, "namespace", each, kept, named) for each in namespaces),
    ]


def strays(found: Remains, config: Config) -> list[str]:
    """What has the environment's name and not its tags, in words."""
    both = [("workgroup", each) for each in found.workgroups]
    both += [("namespace", each) for each in found.namespaces]
    return [
        f"{kind} {each[f'{kind}Name']}, which has not the tags of this environment"
        for kind, each in both
        if not is_ours(each, config)
    ]


def deletion(
    config: Config, kind: str, found: Described, why: str, request: dict[str, Any]
) -> Change:
    """The plan of a namespace or a workgroup that is to go."""

    def apply(aws: Clients, current: Step) -> None:
        delete(aws.serverless, config, kind, found, request, current)

    return Change("delete", f"{kind} {found[f'{kind}Name']}", why, apply)


def delete(
    api: Any, config: Config, kind: str, found: Described, request: dict[str, Any], current: Step
) -> None:
    """Delete one of them, and wait until it is gone, also when it is busy or on its way out.

    What takes its place meanwhile is left alone.

    Raises DwhError if that takes too long, or if the final snapshot is not there afterwards.
    """
    name, arn = found[f"{kind}Name"], found[f"{kind}Arn"]
    named, is_asked = {f"{kind}Name": name}, False

    def look_again() -> Described | None:
        answer = attempt("ResourceNotFoundException", getattr(api, f"get_{kind}"), **named)
        return answer[kind] if answer and answer[kind][f"{kind}Arn"] == arn else None

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
