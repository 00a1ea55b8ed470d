"""The IAM role with which the cluster reads S3, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from dwh.aws import Clients, attempt, check_ours, is_ours, tags, work_bucket
from dwh.config import Config
from dwh.provisioning.plan import Change
from dwh.terminal import Step

Policy = dict[str, Any]

# All roles of all environments are under it, so that none is overlooked.
PATH = "/sparkify-dwh/"
POLICY_NAME = "read-sparkify-data"

# ---------------------------------------------------------------------------- plans


def plan_setup(clients: Clients, config: Config) -> Change:
    """Create the role, or make it again what it should be. Raises DwhError if it is not ours."""
    iam, policy = clients.iam, read_policy(config, work_bucket(clients.account, config))
    found = find_role(iam, config.role)
    if found is None:
        return creation(config, lambda _: create_role(iam, config, policy))
    check_role(found, config)
    faults = deviations(iam, found, policy)
    if not faults:
        return Change("keep", f"role {config.role}", settings(config))
    what = ", ".join(faults)
    return Change("change", f"role {config.role}", what, lambda _: mend(iam, config.role, policy))


def creation(config: Config, apply: Callable[[Step], None] | None = None) -> Change:
    """The plan of a role that is not there."""
    return Change("create", f"role {config.role}", settings(config), apply)


def settings(config: Config) -> str:
    """What the role may do, in a few words."""
    files = [f"{', '.join(keys)} in {bucket}" for bucket, keys in readable_keys(config).items()]
    return f"reads {', '.join(files)}"


def plan_former(iam: Any, config: Config) -> list[Change]:
    """Delete the roles that ROLE has named before."""
    names = [name for name in our_roles(iam, config) if name != config.role]
    return [deletion(iam, name, "no longer ROLE in dwh.cfg") for name in names]


def plan_shutdown(iam: Any, config: Config) -> list[Change]:
    """Delete every role of this environment."""
    return [deletion(iam, name, "with its policies") for name in our_roles(iam, config)]


def deletion(iam: Any, name: str, why: str) -> Change:
    """The plan of a role that is to go."""
    return Change("delete", f"role {name}", why, lambda _: delete_role(iam, name))


# ---------------------------------------------------------------------------- what is there


def find_role(iam: Any, name: str) -> dict[str, Any] | None:
    """The IAM role, if it is there."""
    answer = attempt("NoSuchEntity", iam.get_role, RoleName=name)
    return answer["Role"] if answer else None


def check_role(found: dict[str, Any], config: Config) -> None:
    """Refuse a role that somebody else has made, as one is that has not our path."""
    check_ours("role", config.role, "ROLE", found if found.get("Path") == PATH else {}, config)


def our_roles(iam: Any, config: Config) -> list[str]:
    """The names of all roles of this environment, also of those that ROLE no longer names."""
    pages = iam.get_paginator("list_roles").paginate(PathPrefix=PATH)
    names = [role["RoleName"] for page in pages for role in page["Roles"]]
    return [name for name in names if is_ours(find_role(iam, name) or {}, config)]


def deviations(iam: Any, role: dict[str, Any], policy: Policy) -> list[str]:
    """How a role of ours differs from what it should be."""
    faults, name = [], role["RoleName"]
    if role["AssumeRolePolicyDocument"] != trust_policy():
        faults.append("only Redshift may take it")
    if inline_policy(iam, name) != policy:
        faults.append(f"policy {POLICY_NAME} set")
    return faults + [f"policy {each} removed" for each in foreign_policies(iam, name)]


def inline_policy(iam: Any, name: str) -> Any:
    """The policy that setup_env.py has given to the role, None if it is not there."""
    answer = attempt("NoSuchEntity", iam.get_role_policy, RoleName=name, PolicyName=POLICY_NAME)
    return answer and answer["PolicyDocument"]


def foreign_policies(iam: Any, name: str) -> list[str]:
    """The names and ARNs of policies that somebody else has given to our role."""
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    others = [policy for policy in inline if policy != POLICY_NAME]
    return others + [policy["PolicyArn"] for policy in attached]


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


def mend(iam: Any, name: str, policy: Policy) -> None:
    """Give a role of ours its two policies again, and take every other from it."""
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust_policy()))
    put_policy(iam, name, policy)
    for foreign in foreign_policies(iam, name):
        remove_policy(iam, name, foreign)


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
    for policy in [POLICY_NAME, *foreign_policies(iam, name)]:
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
