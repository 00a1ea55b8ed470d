"""Snapshots of namespaces: what shutdown_env.py keeps, and setup_env.py comes back from.

AWS restores into a namespace and a workgroup that are there. The namespace's tags say which
snapshot it is made for, and whether AWS has been asked for it: that is never asked for twice, as
there may be new rows since.
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

# The tags of a namespace that comes from a snapshot, and of both the name of the database.
ORIGIN, RESTORED, DATABASE = "snapshot", "restored", "database"
ASKED, DONE = "asked", "yes"


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
    both = {
        "USER": (found["adminUsername"], config.user),
        "DATABASE": (pairs.get(DATABASE, config.database), config.database),
    }
    refuse_differences(f"the snapshot {name}", both, hint)
    return found


def origin_tags(config: Config, name: str | None) -> list[dict[str, str]]:
    """The tags that say what a namespace holds, and from which snapshot it is to come."""
    origin = [{"key": ORIGIN, "value": name}] if name else []
    return [{"key": DATABASE, "value": config.database}, *origin]


def tag_of(namespace: Described, key: str) -> str | None:
    """The value of a namespace's tag, None if it has none."""
    return next((each["Value"] for each in namespace["Tags"] if each["Key"] == key), None)


def plan_restore(found: Environment, config: Config) -> list[Change]:
    """Bring the snapshot's rows back, or wait for them.

    Raises DwhError if an earlier restore was stopped before AWS was asked, and this run is none.
    """
    namespace = found.serverless.namespace
    if namespace and namespace["status"] != "DELETING":
        name, state = tag_of(namespace, ORIGIN), tag_of(namespace, RESTORED)
        if name is None or state == DONE:
            return []
        if state is None and found.restore is None:
            what = f"the restore of {name} was stopped before it began"
            hint = f"begin it: python setup_env.py --restore {name}; or python shutdown_env.py"
            raise DwhError(what, hint)
    elif found.restore is None:
        return []
    else:
        name, state = found.restore, None
    size = f", {as_snapshot(found.snapshot).size}" if found.snapshot else ""

    def apply(aws: Clients, current: Step) -> None:
        restore(aws.serverless, config, name, state == ASKED, current)

    return [Change("restore", "rows", f"from {name}{size}", apply)]


def restore(api: Any, config: Config, name: str, is_asked: bool, current: Step) -> None:
    """Put the snapshot's rows in the place of the namespace's own, which has none yet."""
    names = {"namespaceName": config.identifier, "workgroupName": config.identifier}
    arn = (find_namespace(api, config) or {})["namespaceArn"]
    if not is_asked:
        wait_until_taken(api, config, name, current)
        more = {"snapshotName": name, "manageAdminPassword": True}
        ask_serverless(api.restore_from_snapshot, **names, **more)
        api.tag_resource(resourceArn=arn, tags=[{"key": RESTORED, "value": ASKED}])
    settle(config, "namespace", lambda: find_namespace(api, config), lambda _: False, current)
    settle(config, "workgroup", lambda: find_workgroup(api, config), lambda _: False, current)
    api.tag_resource(resourceArn=arn, tags=[{"key": RESTORED, "value": DONE}])


def wait_until_taken(api: Any, config: Config, name: str, current: Step) -> None:
    """Wait until a snapshot can be restored."""
    for _ in polling(config.timeout_minutes * 60):
        snapshot = find(api, config, name)
        if snapshot["status"] == "AVAILABLE":
            return
        if snapshot["status"] != "CREATING":
            raise DwhError(f"the snapshot {name} is {snapshot['status']}", "choose another one")
        current.update("snapshot creating")
    raise took_too_long(f"the snapshot {name}", "creating", config)


def tag_final(api: Any, config: Config) -> None:
    """Tag the newest snapshot, should it not have taken over the namespace's tags."""
    own = [{"key": tag["Key"], "value": tag["Value"]} for tag in tags(config)]
    own += origin_tags(config, None)
    for snapshot in known(api, config)[-1:]:
        if not api.list_tags_for_resource(resourceArn=snapshot.arn)["tags"]:
            api.tag_resource(resourceArn=snapshot.arn, tags=own)
