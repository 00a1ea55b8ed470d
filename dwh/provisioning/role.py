"""The IAM role with which the cluster reads S3, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from dwh.aws import Clients, attempt
from dwh.config import Config
from dwh.ownership import check_ours, is_ours, tags, work_bucket
from dwh.provisioning.environment import Described, Environment, Remains, Role
from dwh.provisioning.plan import Change
from dwh.terminal import Step

Policy = dict[str, Any]
Apply = Callable[[Clients, Step], None] | None

# All roles of all environments are under it, so that none is overlooked.
PATH = "/sparkify-dwh/"
POLICY_NAME = "read-sparkify-data"

# ---------------------------------------------------------------------------- what is there


def look(iam: Any, config: Config) -> tuple[Role | None, list[Described]]:
    """The role that ROLE names, whoever has made it, and ours that ROLE has named before."""
    found, others = find_role(iam, config.role), our_roles(iam, config, apart_from=config.role)
    if found is None or not is_ours(found, config):
        return (Role(found) if found else None), others
    name = found["RoleName"]
    return Role(found, inline_policy(iam, name), other_policies(iam, name)), others


def find_role(iam: Any, name: str) -> Described | None:
    """The IAM role, if it is there."""
    answer = attempt("NoSuchEntity", iam.get_role, RoleName=name)
    return answer["Role"] if answer else None


def our_roles(iam: Any, config: Config, apart_from: str = "") -> list[Described]:
    """The roles of this environment, also those that ROLE no longer names."""
    pages = iam.get_paginator("list_roles").paginate(PathPrefix=PATH)
    names = [role["RoleName"] for page in pages for role in page["Roles"]]
    found = [find_role(iam, name) for name in names if name != apart_from]
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
    """Create the role, or make it again what it should be. Raises DwhError if it is not ours."""
    policy = read_policy(config, work_bucket(found.account, config))
    if found.role is None:
        return [change("create", config, lambda aws, _: create_role(aws.iam, config, policy))]
    check_role(found.role.described, config)
    faults = deviations(found.role, policy)
    if not faults:
        return [change("keep", config)]
    what = ", ".join(faults)
    return [change("change", config, lambda aws, _: repair(aws.iam, config.role, policy), what)]


def change(action: str, config: Config, apply: Apply = None, what: str = "") -> Change:
    """A change of the role that ROLE names; what the role may read, unless told otherwise."""
    return Change(action, f"role {config.role}", what or settings(config), apply)


def settings(config: Config) -> str:
    """What the role may do, in a few words."""
    files = [f"{', '.join(keys)} in {bucket}" for bucket, keys in readable_keys(config).items()]
    return f"reads {', '.join(files)}"


def deviations(role: Role, policy: Policy) -> list[str]:
    """How a role of ours differs from what it should be."""
    faults = []
    if role.described["AssumeRolePolicyDocument"] != trust_policy():
        faults.append("only Redshift may take it")
    if role.policy != policy:
        faults.append(f"policy {POLICY_NAME} set")
    return faults + [f"policy {each} removed" for each in role.other_policies]


def plan_superseded(found: Environment, config: Config) -> list[Change]:
    """Delete the roles that ROLE has named before."""
    names = [role["RoleName"] for role in found.superseded_roles]
    return [deletion(name, "no longer ROLE in dwh.cfg") for name in names]


def plan_shutdown(found: Remains, config: Config) -> list[Change]:
    """Delete every role of this environment."""
    return [deletion(name, "with its policies") for name in found.roles]


def deletion(name: str, why: str) -> Change:
    """The plan of a role that is to go."""
    return Change("delete", f"role {name}", why, lambda aws, _: delete_role(aws.iam, name))


def check_role(found: Described, config: Config) -> None:
    """Refuse a role that somebody else has made, as one is that has not our path."""
    check_ours("role", config.role, "ROLE", found if found.get("Path") == PATH else {}, config)


# ---------------------------------------------------------------------------- what is done


def create_role(iam: Any, config: Config, policy: Policy) -> None:
    """Create the role with its policy."""
    created = attempt(
        "EntityAlreadyExists",  # made by a first try whose answer was lost
        iam.create_role,
        Path=PATH,
        RoleName=config.role,
        AssumeRolePolicyDocument=json.dumps(trust_policy()),
        Description="Lets Redshift read the files that etl.py loads",
        Tags=tags(config),
    )
    if created is None:
        check_role(find_role(iam, config.role) or {}, config)
    put_policy(iam, config.role, policy)


def repair(iam: Any, name: str, policy: Policy) -> None:
    """Give a role of ours its two policies again, and take every other from it."""
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust_policy()))
    put_policy(iam, name, policy)
    for other in other_policies(iam, name):
        remove_policy(iam, name, other)


def put_policy(iam: Any, name: str, policy: Policy) -> None:
    """Let the role do what the policy says."""
    document = json.dumps(policy)
    iam.put_role_policy(RoleName=name, PolicyName=POLICY_NAME, PolicyDocument=document)


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


# ---------------------------------------------------------------------------- its policies


def trust_policy() -> Policy:
    """Only Redshift may take the role."""
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "redshift.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return {"Version": "2012-10-17", "Statement": [allow]}


def readable_keys(config: Config) -> dict[str, list[str]]:
    """What the role may read: patterns of keys, by bucket."""
    keys: dict[str, list[str]] = {}
    for url in (f"{config.log_data}*", f"{config.song_data}*", config.log_json_paths):
        bucket, _, key = url.removeprefix("s3://").partition("/")
        keys.setdefault(bucket, []).append(key)
    return keys


def read_policy(config: Config, bucket_of_lists: str) -> Policy:
    """Listing and reading of what the configured prefixes name, and of the lists of it.

    Our own bucket may be listed without a prefix, as S3 else does not tell that a list is missing.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    readable = readable_keys(config)
    statements: list[dict[str, Any]] = [
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": f"arn:aws:s3:::{bucket}",
            "Condition": {"StringLike": {"s3:prefix": keys}},
        }
        for bucket, keys in readable.items()
    ]
    ours = f"arn:aws:s3:::{bucket_of_lists}"
    statements.append({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": ours})
    arns = [f"arn:aws:s3:::{bucket}/{key}" for bucket, keys in readable.items() for key in keys]
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [*arns, f"{ours}/*"]}
    statements.append(read)
    return {"Version": "2012-10-17", "Statement": statements}
