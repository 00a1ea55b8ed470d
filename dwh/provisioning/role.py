"""The two IAM roles: the warehouse's, and the analysts'."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from dwh.aws import Clients, attempt
from dwh.config import Config
from dwh.ownership import ROLE_PATH, check_ours, is_ours, tags
from dwh.provisioning.environment import Described, Environment, Remains, Role
from dwh.provisioning.plan import Change
from dwh.provisioning.role_definitions import RoleDefinition, definitions
from dwh.terminal import Step

Apply = Callable[[Clients, Step], None]

POLICY_NAME = "read-sparkify-data"

# ---------------------------------------------------------------------------- what is there


def look(iam: Any, config: Config) -> tuple[Role | None, Role | None, list[Described]]:
    """The roles that ROLE and ANALYST_ROLE name, whoever has made them, and our former ones."""
    names = (config.role, config.analyst_role)
    found, analysts = (look_at(iam, name, config) for name in names)
    return found, analysts, our_roles(iam, config, apart_from=names)


def look_at(iam: Any, name: str, config: Config) -> Role | None:
    """The role of this name, with its policies if it is ours."""
    found = find_role(iam, name)
    if found is None or not is_ours(found, config):
        return Role(found) if found else None
    return Role(found, inline_policy(iam, name), other_policies(iam, name))


def find_role(iam: Any, name: str) -> Described | None:
    """The IAM role, if it is there."""
    answer = attempt("NoSuchEntity", iam.get_role, RoleName=name)
    return answer["Role"] if answer else None


def our_roles(iam: Any, config: Config, apart_from: Sequence[str] = ()) -> list[Described]:
    """The roles of this environment, also those that dwh.cfg no longer names."""
    pages = iam.get_paginator("list_roles").paginate(PathPrefix=ROLE_PATH)
    names = sorted(role["RoleName"] for page in pages for role in page["Roles"])
    found = [find_role(iam, name) for name in names if name not in apart_from]
    return [role for role in found if role and is_ours(role, config)]


def inline_policy(iam: Any, name: str) -> Any:
    """The policy that setup_env.py has given to the role, None if it is not there."""
    answer = attempt("NoSuchEntity", iam.get_role_policy, RoleName=name, PolicyName=POLICY_NAME)
    return answer and answer["PolicyDocument"]


def other_policies(iam: Any, name: str) -> list[str]:
    """The names and ARNs of policies that somebody else has given to our role."""
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    others = [policy for policy in inline if policy != POLICY_NAME]
    return others + [policy["PolicyArn"] for policy in attached]


# ---------------------------------------------------------------------------- plans


def plan_setup(found: Environment, config: Config) -> list[Change]:
    """Create the roles, or make them again what they should be.

    Raises DwhError for one that is not ours.
    """
    both = zip(definitions(found.account, config), (found.role, found.analyst_role), strict=True)
    return [plan_role(wanted, there, config) for wanted, there in both]


def plan_role(wanted: RoleDefinition, found: Role | None, config: Config) -> Change:
    """Create or keep a role, or make it again what it should be."""
    title = f"role {wanted.name}"
    if found is None:
        return Change("create", title, wanted.settings, create(wanted, config))
    check_role(wanted, found.described, config)
    faults = deviations(found, wanted)
    if not faults:
        return Change("keep", title, wanted.settings)
    return Change("change", title, ", ".join(faults), lambda aws, _: repair(aws.iam, wanted))


def deviations(found: Role, wanted: RoleDefinition) -> list[str]:
    """How a role of ours differs from what it should be."""
    faults = []
    if found.described["AssumeRolePolicyDocument"] != wanted.trust:
        faults.append(f"only {wanted.whom} may take it")
    if found.policy != wanted.policy:
        faults.append(f"policy {POLICY_NAME} set")
    return faults + [f"policy {each} removed" for each in found.other_policies]


def plan_superseded(found: Environment, config: Config) -> list[Change]:
    """Delete the roles that dwh.cfg has named before."""
    names = [role["RoleName"] for role in found.superseded_roles]
    return [deletion(name, "no longer in dwh.cfg") for name in names]


def plan_shutdown(found: Remains, config: Config) -> list[Change]:
    """Delete every role of this environment."""
    return [deletion(name, "with its policies") for name in found.roles]


def deletion(name: str, why: str) -> Change:
    """The plan of a role that is to go."""
    return Change("delete", f"role {name}", why, lambda aws, _: delete_role(aws.iam, name))


def check_role(wanted: RoleDefinition, found: Described, config: Config) -> None:
    """Refuse a role that somebody else has made, as one is that has not our path."""
    ours = found if found.get("Path") == ROLE_PATH else {}
    check_ours("role", wanted.name, wanted.key, ours, config)


# ---------------------------------------------------------------------------- what is done


def create(wanted: RoleDefinition, config: Config) -> Apply:
    """Create a role with its policy."""

    def apply(aws: Clients, _: Step) -> None:
        created = attempt(
            "EntityAlreadyExists",  # made by a first try whose answer was lost
            aws.iam.create_role,
            Path=ROLE_PATH,
            RoleName=wanted.name,
            AssumeRolePolicyDocument=json.dumps(wanted.trust),
            Description=wanted.description,
            Tags=tags(config),
        )
        if created is None:
            check_role(wanted, find_role(aws.iam, wanted.name) or {}, config)
        put_policy(aws.iam, wanted)

    return apply


def repair(iam: Any, wanted: RoleDefinition) -> None:
    """Give a role of ours its two policies again, and take every other from it."""
    trust = json.dumps(wanted.trust)
    iam.update_assume_role_policy(RoleName=wanted.name, PolicyDocument=trust)
    put_policy(iam, wanted)
    for other in other_policies(iam, wanted.name):
        remove_policy(iam, wanted.name, other)


def put_policy(iam: Any, wanted: RoleDefinition) -> None:
    """Let the role do what it is there for."""
    document = json.dumps(wanted.policy)
    iam.put_role_policy(RoleName=wanted.name, PolicyName=POLICY_NAME, PolicyDocument=document)


def remove_policy(iam: Any, name: str, policy: str) -> None:
    """Take a policy from a role, by its ARN if it is a managed one."""
    if policy.startswith("arn:"):
        attempt("NoSuchEntity", iam.detach_role_policy, RoleName=name, PolicyArn=policy)
    else:
        attempt("NoSuchEntity", iam.delete_role_policy, RoleName=name, PolicyName=policy)


def delete_role(iam: Any, name: str) -> None:
    """Delete a role with all its policies."""
    if find_role(iam, name) is None:
        return
    for policy in [POLICY_NAME, *other_policies(iam, name)]:
        remove_policy(iam, name, policy)
    attempt("NoSuchEntity", iam.delete_role, RoleName=name)
