"""Redshift Serverless: a namespace, which holds the data, and a workgroup, which works on them.

The way to each is a loop that looks, and makes the next move: AWS changes one setting in a request.
https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_UpdateWorkgroup.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dwh.aws import Clients, attempt
from dwh.config import Config
from dwh.errors import DwhError
from dwh.ownership import check_ours, tags
from dwh.provisioning import serverless_limit, serverless_snapshots
from dwh.provisioning.drift import refuse_differences
from dwh.provisioning.environment import Described, Environment, ServerlessFound
from dwh.provisioning.plan import Change
from dwh.provisioning.waiting import ask_serverless, settle, until_role_is_known
from dwh.provisioning.wanted import Wanted, find_made, wanted_of
from dwh.serverless_access import find_namespace, find_workgroup, roles_of
from dwh.terminal import Step

ZONES = 2

# ---------------------------------------------------------------------------- what is there


def look(aws: Clients, config: Config, vpc: str) -> ServerlessFound:
    """The namespace, the workgroup and its limit, whoever has made them, and the subnets."""
    api = aws.serverless
    namespace, workgroup = find_namespace(api, config), find_workgroup(api, config)
    return ServerlessFound(
        namespace=with_tags(api, namespace),
        workgroup=with_tags(api, workgroup),
        limit=serverless_limit.find(api, workgroup) if is_lasting(workgroup) else None,
        subnets=find_subnets(aws.ec2, config, vpc),
    )


def is_lasting(found: Described | None) -> bool:
    """True if it is there, and not on its way out."""
    return found is not None and found["status"] != "DELETING"


def with_tags(api: Any, found: Described | None) -> Described | None:
    """A resource with its tags, in the form that all others have."""
    if found is None:
        return None
    arn = found.get("workgroupArn") or found.get("namespaceArn") or found.get("snapshotArn")
    answer = attempt("ResourceNotFoundException", api.list_tags_for_resource, resourceArn=arn)
    known = answer["tags"] if answer else []
    return found | {"Tags": [{"Key": each["key"], "Value": each["value"]} for each in known]}


def find_subnets(ec2: Any, config: Config, vpc: str) -> list[str]:
    """The subnets of the workgroup: those of dwh.cfg, or the default ones of the default VPC.

    Raises DwhError unless they are in as many zones as AWS wants.
    https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-usage-considerations.html
    """
    default = {"vpc-id": [vpc], "default-for-az": ["true"]}
    filters = {"subnet-id": list(config.subnets)} if config.subnets else default
    request = [{"Name": name, "Values": values} for name, values in filters.items()]
    found = ec2.describe_subnets(Filters=request)["Subnets"]
    if len({each["AvailabilityZone"] for each in found}) < ZONES:
        what = f"Redshift Serverless needs subnets in {ZONES} availability zones"
        raise DwhError(what, "name them in SUBNETS of dwh.cfg, all of one VPC")
    return sorted(each["SubnetId"] for each in found)


# ---------------------------------------------------------------------------- plans


def plan_setup(found: Environment, config: Config) -> list[Change]:
    """Create, restore or change namespace and workgroup. Raises DwhError if that cannot be."""
    there, wanted = found.serverless, wanted_of(found, config)
    check(there, config, found.restore)
    return [
        plan_namespace(there, config, wanted, found.restore),
        plan_workgroup(there, config, wanted),
        serverless_limit.plan(there, config),
        *serverless_snapshots.plan_restore(found, config),
    ]


def check(there: ServerlessFound, config: Config, snapshot: str | None) -> None:
    """Refuse what is not ours, or cannot become what dwh.cfg says."""
    for kind, found in (("namespace", there.namespace), ("workgroup", there.workgroup)):
        if found and is_lasting(found):
            check_ours(kind, config.identifier, "IDENTIFIER", found, config)
    hint = "set dwh.cfg back, or make a new one: python shutdown_env.py, then setup_env.py"
    name = f"the namespace {config.identifier}"
    namespace = there.namespace
    if namespace and is_lasting(namespace):
        pairs = {
            "DATABASE": (namespace["dbName"], config.database),
            "USER": (namespace["adminUsername"], config.user),
        }
        refuse_differences(name, pairs, hint)
        if (
            snapshot
            and serverless_snapshots.tag_of(namespace, serverless_snapshots.ORIGIN) != snapshot
        ):
            hint = "take it down first: python shutdown_env.py; or leave out --restore to keep it"
            raise DwhError(f"{name} is there already", hint)
    if there.workgroup and is_lasting(there.workgroup) and config.subnets:
        pairs = {"SUBNETS": (listed(there.workgroup["subnetIds"]), listed(config.subnets))}
        refuse_differences(f"the workgroup {config.identifier}", pairs, hint)


def listed(ids: Any) -> str:
    """Ids for people, in one order."""
    return ", ".join(sorted(ids))


def plan_namespace(
    there: ServerlessFound, config: Config, wanted: Wanted, restore: str | None
) -> Change:
    """Create, keep or change the namespace."""
    settings = f"database {config.database}, encrypted, password kept in a secret"

    def apply(aws: Clients, current: Step) -> None:
        bring_up_namespace(aws, config, restore, current)

    return plan_one("namespace", there.namespace, settings, apply, config, namespace_faults, wanted)


def plan_workgroup(there: ServerlessFound, config: Config, wanted: Wanted) -> Change:
    """Create, keep or change the workgroup."""
    address = "public address" if config.public else "private"
    capacity = f"{config.base_capacity} to {config.max_capacity} RPU"
    settings = f"{capacity}, {address}, port {config.port}"

    def apply(aws: Clients, current: Step) -> None:
        bring_up_workgroup(aws, config, there.subnets, current)

    return plan_one("workgroup", there.workgroup, settings, apply, config, workgroup_faults, wanted)


def plan_one(
    kind: str,
    found: Described | None,
    settings: str,
    apply: Callable[[Clients, Step], None],
    config: Config,
    faults_of: Callable[[Described, Config, Wanted], list[str]],
    wanted: Wanted,
) -> Change:
    """Create, keep or change one of the two."""
    title = f"{kind} {config.identifier}"
    if found is None or not is_lasting(found):
        return Change("create", title, settings, apply)
    if faults := faults_of(found, config, wanted):
        return Change("change", title, ", ".join(faults), apply)
    return Change("keep", title, settings, None if found["status"] == "AVAILABLE" else apply)


def namespace_faults(found: Described, config: Config, wanted: Wanted) -> list[str]:
    """How the namespace differs from what it should be, in words."""
    return wanted.role_faults(set(roles_of(found)))


def workgroup_faults(found: Described, config: Config, wanted: Wanted) -> list[str]:
    """How the workgroup differs from what it should be, in words."""
    numbers = {
        "base capacity": (found["baseCapacity"], config.base_capacity),
        "capacity at most": (found.get("maxCapacity"), config.max_capacity),
        "port": (found["port"], config.port),
    }
    faults = [f"{name} {wanted}" for name, (is_, wanted) in numbers.items() if is_ != wanted]
    groups = set(found["securityGroupIds"])
    return faults + wanted.access_faults(groups, found["publiclyAccessible"])


# ---------------------------------------------------------------------------- what is done


def bring_up_namespace(aws: Clients, config: Config, restore: str | None, current: Step) -> None:
    """Go on until the namespace is available and has its role."""
    api, wanted = aws.serverless, find_made(aws, config, current)

    def move(found: Described | None) -> bool:
        if found is None:
            until_role_is_known(lambda: create_namespace(api, config, wanted, restore), current)
            return True
        check_ours("namespace", config.identifier, "IDENTIFIER", found, config)
        attached = roles_of(found)
        if not wanted.role_faults(set(attached)):
            return any(status != "in-sync" for status in attached.values())
        kept = set(attached) - set(wanted.former_roles) | {str(wanted.role)}
        update = api.update_namespace
        name = {"namespaceName": config.identifier, "iamRoles": sorted(kept)}
        until_role_is_known(lambda: ask_serverless(update, **name), current)
        return True

    settle(config, "namespace", lambda: with_tags(api, find_namespace(api, config)), move, current)


def create_namespace(api: Any, config: Config, wanted: Wanted, restore: str | None) -> None:
    """Ask once for the namespace. Raises BusyError if AWS does not make it now."""
    ask_serverless(
        api.create_namespace,
        namespaceName=config.identifier,
        dbName=config.database,
        adminUsername=config.user,
        manageAdminPassword=True,
        iamRoles=[wanted.role],
        tags=own_tags(config) + serverless_snapshots.origin_tags(config, restore),
    )


def bring_up_workgroup(aws: Clients, config: Config, subnets: list[str], current: Step) -> None:
    """Go on until the workgroup is available and as dwh.cfg says."""
    api, wanted = aws.serverless, find_made(aws, config, current)

    def move(found: Described | None) -> bool:
        if found is None:
            create_workgroup(api, config, wanted, subnets)
            return True
        check_ours("workgroup", config.identifier, "IDENTIFIER", found, config)
        for setting, value in differences(found, config, wanted):
            name = {"workgroupName": config.identifier, setting: value}
            ask_serverless(api.update_workgroup, **name)
            return True
        return False

    settle(config, "workgroup", lambda: with_tags(api, find_workgroup(api, config)), move, current)


def create_workgroup(api: Any, config: Config, wanted: Wanted, subnets: list[str]) -> None:
    """Ask once for the workgroup. Raises BusyError if AWS does not make it now."""
    ask_serverless(
        api.create_workgroup,
        workgroupName=config.identifier,
        namespaceName=config.identifier,
        subnetIds=subnets,
        tags=own_tags(config),
        **settings_of(config, wanted),
    )


def settings_of(config: Config, wanted: Wanted) -> dict[str, Any]:
    """The settings of the workgroup that can be changed while it lives."""
    return {
        "baseCapacity": config.base_capacity,
        "maxCapacity": config.max_capacity,
        "port": config.port,
        "publiclyAccessible": wanted.public,
        "securityGroupIds": wanted.groups,
    }


def differences(found: Described, config: Config, wanted: Wanted) -> list[tuple[str, Any]]:
    """The settings to be changed, in an order that keeps the base within the maximum."""
    differing = [
        (setting, value)
        for setting, value in settings_of(config, wanted).items()
        if not is_same(found.get(setting), value)
    ]
    grows = config.base_capacity > found.get("maxCapacity", config.base_capacity)
    return sorted(differing, key=lambda each: each[0] != "maxCapacity") if grows else differing


def is_same(found: Any, wanted: Any) -> bool:
    """Whether a setting is as wanted; a list may have any order."""
    return bool(sorted(found) == sorted(wanted) if isinstance(wanted, list) else found == wanted)


def own_tags(config: Config) -> list[dict[str, str]]:
    """The environment's tags, as this API spells them."""
    return [{"key": tag["Key"], "value": tag["Value"]} for tag in tags(config)]
