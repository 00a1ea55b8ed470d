"""Snapshots of namespaces: what shutdown_env.py keeps, and setup_env.py comes back from.

AWS restores into a namespace and a workgroup that are there; the namespace's tags say which
snapshot it is made for, and when that is in it, so that a run after a Ctrl-C goes on.
"""

from __future__ import annotations

from typing import Any

from dwh.aws import Clients, attempt, polling
from dwh.config import Config
from dwh.errors import DwhError
from dwh.ownership import tags
from dwh.provisioning.drift import refuse_differences
from dwh.provisioning.environment import Described, Environment
from dwh.provisioning.plan import Change
from dwh.provisioning.snapshots import Snapshot, is_of_others, no_snapshot, not_of_this
from dwh.provisioning.waiting import ask_serverless, settle, took_too_long
from dwh.serverless_access import find_namespace, find_workgroup
from dwh.terminal import Step

# The tags of a namespace that comes from a snapshot.
ORIGIN, IS_RESTORED = "snapshot", "restored"


def known(api: Any, config: Config) -> list[Snapshot]:
    """The namespace's snapshots, the newest last."""
    request = {"namespaceName": config.identifier}
    pages = api.get_paginator("list_snapshots").paginate(**request)
    found = [each for page in pages for each in page["snapshots"]]
    found.sort(key=lambda each: str(each.get("snapshotCreateTime", "")))
    return [as_snapshot(each) for each in found]


def as_snapshot(found: Described) -> Snapshot:
    """A snapshot as the scripts see it."""
    size = found.get("totalBackupSizeInMegaBytes", 0)
    return Snapshot(found["snapshotName"], found["snapshotArn"], size)


def find(api: Any, config: Config, name: str) -> Described:
    """The snapshot to restore. Raises DwhError if it does not fit dwh.cfg, or is not there."""
    answer = attempt("ResourceNotFoundException", api.get_snapshot, snapshotName=name)
    if not answer:
        raise no_snapshot(name, config, known(api, config))
    found: Described = answer["snapshot"]
    listing = api.list_tags_for_resource(resourceArn=found["snapshotArn"])["tags"]
    pairs = {each["key"]: each["value"] for each in listing}
    if found["namespaceName"] != config.identifier or is_of_others(pairs, config):
        raise not_of_this(name, config)
    hint = "set dwh.cfg as the snapshot is, or choose another snapshot"
    users = {"USER": (found["adminUsername"], config.user)}
    refuse_differences(f"the snapshot {name}", users, hint)
    return found


def restored_from(name: str | None) -> list[dict[str, str]]:
    """The tag that says from which snapshot a namespace is to come."""
    return [{"key": ORIGIN, "value": name}] if name else []


def origin(namespace: Described) -> str | None:
    """The snapshot that a namespace is made for, if any."""
    return next((each["Value"] for each in namespace["Tags"] if each["Key"] == ORIGIN), None)


def under_way(namespace: Described | None) -> str | None:
    """The snapshot that a namespace is made for and does not have yet, if any."""
    if namespace is None or any(each["Key"] == IS_RESTORED for each in namespace["Tags"]):
        return None
    return origin(namespace)


def plan_restore(found: Environment, config: Config, name: str | None) -> list[Change]:
    """Bring the snapshot's rows back, unless they are there."""
    namespace = found.serverless.namespace
    if name is None or (namespace and under_way(namespace) != name):
        return []
    size = f", {as_snapshot(found.snapshot).size}" if found.snapshot else ""

    def apply(aws: Clients, current: Step) -> None:
        restore(aws.serverless, config, name, current)

    return [Change("restore", "rows", f"from {name}{size}", apply)]


def restore(api: Any, config: Config, name: str, current: Step) -> None:
    """Put the snapshot's rows in the place of the namespace's own, which has none yet."""
    names = {"namespaceName": config.identifier, "workgroupName": config.identifier}
    for _ in polling(config.timeout_minutes * 60):
        snapshot = find(api, config, name)
        if snapshot["status"] == "AVAILABLE":
            break
        if snapshot["status"] != "CREATING":
            raise DwhError(f"the snapshot {name} is {snapshot['status']}", "choose another one")
        current.update("snapshot creating")
    else:
        raise took_too_long(f"the snapshot {name}", "creating", config)
    ask_serverless(api.restore_from_snapshot, **names, snapshotName=name, manageAdminPassword=True)
    settle(config, "namespace", lambda: find_namespace(api, config), lambda _: False, current)
    settle(config, "workgroup", lambda: find_workgroup(api, config), lambda _: False, current)
    arn = (find_namespace(api, config) or {})["namespaceArn"]
    api.tag_resource(resourceArn=arn, tags=[{"key": IS_RESTORED, "value": "yes"}])


def tag_final(api: Any, config: Config) -> None:
    """Tag the newest snapshot, should it not have taken over the namespace's tags."""
    own = [{"key": tag["Key"], "value": tag["Value"]} for tag in tags(config)]
    for snapshot in known(api, config)[-1:]:
        if not api.list_tags_for_resource(resourceArn=snapshot.arn)["tags"]:
            api.tag_resource(resourceArn=snapshot.arn, tags=own)
