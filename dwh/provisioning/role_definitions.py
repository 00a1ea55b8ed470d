"""What each of the two roles may do, and who may assume it."""

from __future__ import annotations

from typing import Any, NamedTuple

from dwh.config import Config
from dwh.ownership import tags, work_bucket
from dwh.setting_readers import CLUSTER, SERVERLESS

Policy = dict[str, Any]

# Who takes the warehouse's role, by the kind of warehouse.
SERVICES: dict[str, str | list[str]] = {
    CLUSTER: "redshift.amazonaws.com",
    SERVERLESS: ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"],
}


class RoleDefinition(NamedTuple):
    """A role as it should be.

    `key` is its key in dwh.cfg. `settings` says in a few words what it may do, `whom` who may
    assume it.
    """

    key: str
    name: str
    settings: str
    whom: str
    description: str
    trust: Policy
    policy: Policy


def definitions(account: str, config: Config) -> tuple[RoleDefinition, RoleDefinition]:
    """The warehouse's role, and the analysts'."""
    return warehouse_role(account, config), analyst_role(account, config)


def warehouse_role(account: str, config: Config) -> RoleDefinition:
    """The role with which the warehouse reads S3, and nothing else."""
    files = [f"{', '.join(keys)} in {bucket}" for bucket, keys in readable_keys(config).items()]
    return RoleDefinition(
        "ROLE",
        config.role,
        f"reads {', '.join(files)}",
        "Redshift",
        "Lets Redshift read the files that etl.py loads",
        trust_policy({"Service": SERVICES[config.kind]}),
        read_policy(config, work_bucket(account, config)),
    )


def analyst_role(account: str, config: Config) -> RoleDefinition:
    """The role with which query.py logs in."""
    names = ", ".join(config.analysts) or "this account"
    return RoleDefinition(
        "ANALYST_ROLE",
        config.analyst_role,
        f"lets analysts log in, trusts {names}",
        names,
        "Lets analysts log in to the warehouse, where they may read the star",
        trust_policy({"AWS": analysts(account, config)}),
        log_in_policy(account, config),
    )


def analysts(account: str, config: Config) -> str | list[str]:
    """The principals that the analysts' role trusts.

    If it trusts the account, the account's own policies decide who may assume it.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    names = config.analysts or ("root",)
    arns = [f"arn:aws:iam::{account}:{name}" for name in names]
    return arns if len(arns) > 1 else arns[0]


def trust_policy(principal: Policy) -> Policy:
    """Only this principal may assume the role."""
    allow = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [allow]}


def log_in_policy(account: str, config: Config) -> Policy:
    """The rights to find the warehouse, and to log in to it under the role's own name."""
    of_kind = cluster_log_in if config.kind == CLUSTER else serverless_log_in
    return {"Version": "2012-10-17", "Statement": of_kind(account, config)}


def cluster_log_in(account: str, config: Config) -> list[Policy]:
    """The statements for a cluster and its database.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshift.html
    """
    place = f"arn:aws:redshift:{config.aws_region}:{account}"
    resources = {
        "redshift:DescribeClusters": f"{place}:cluster:{config.identifier}",
        "redshift:GetClusterCredentialsWithIAM": (
            f"{place}:dbname:{config.identifier}/{config.database}"
        ),
    }
    return [
        {"Effect": "Allow", "Action": action, "Resource": resource}
        for action, resource in resources.items()
    ]


def serverless_log_in(account: str, config: Config) -> list[Policy]:
    """The statement for a workgroup, whose ARN has an id that nobody knows before it is there.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshiftserverless.html
    """
    ours = {f"aws:ResourceTag/{tag['Key']}": tag["Value"] for tag in tags(config)}
    return [
        {
            "Effect": "Allow",
            "Action": ["redshift-serverless:GetWorkgroup", "redshift-serverless:GetCredentials"],
            "Resource": f"arn:aws:redshift-serverless:{config.aws_region}:{account}:workgroup/*",
            "Condition": {"StringEquals": ours},
        }
    ]


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
