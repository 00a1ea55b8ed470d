"""The private S3 bucket in which etl.py tells COPY which files to load, and packs small ones."""

from __future__ import annotations

from typing import Any

from dwh.aws import (
    Clients,
    attempt,
    check_ours,
    delete_objects,
    is_ours,
    polling,
    tags,
    work_bucket,
    work_buckets,
)
from dwh.config import Config
from dwh.errors import DwhError
from dwh.provisioning.plan import Change
from dwh.terminal import Step

SETTINGS = "private, encrypted, lists the files to load"
CLOSED = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)
BY_S3 = {"SSEAlgorithm": "AES256"}
# S3 needs a while to know everywhere that a bucket is there, or gone.
DELAY_SECONDS = 60

# ---------------------------------------------------------------------------- plans


def plan_setup(clients: Clients, config: Config) -> Change:
    """Create the bucket, or make it what it should be. Raises DwhError if it is not ours."""
    s3, name = clients.s3, work_bucket(clients.account, config)
    found = find_bucket(s3, name)
    if found is None:
        return Change("create", title(name), SETTINGS, lambda _: create(s3, name, config))
    check_ours("bucket", name, "IDENTIFIER", found, config)
    faults = deviations(s3, name)
    if not faults:
        return Change("keep", title(name), SETTINGS)
    return Change("change", title(name), ", ".join(faults), lambda _: close(s3, name))


def creation() -> Change:
    """The plan of a bucket while nobody can tell the account that is part of its name."""
    return Change("create", title("for work"), SETTINGS)


def plan_former(clients: Clients, config: Config) -> list[Change]:
    """Delete the buckets of this environment that are in what was REGION of [s3] before."""
    wanted = work_bucket(clients.account, config)
    others = [name for name in our_buckets(clients, config) if name != wanted]
    return [deletion(clients.s3, name, "no longer in REGION of [s3]") for name in others]


def plan_shutdown(clients: Clients, config: Config) -> list[Change]:
    """Delete every bucket of this environment."""
    names = our_buckets(clients, config)
    return [deletion(clients.s3, name, "with all that is in it") for name in names]


def deletion(s3: Any, name: str, why: str) -> Change:
    """The plan of a bucket that is to go."""
    return Change("delete", title(name), why, lambda current: delete(s3, name, current))


def title(name: str) -> str:
    """What the bucket is called in the plan."""
    return f"bucket {name}"


# ---------------------------------------------------------------------------- what is there


def find_bucket(s3: Any, name: str) -> dict[str, Any] | None:
    """The bucket's tags, if it is there."""
    from botocore.exceptions import ClientError

    try:
        return {"Tags": s3.get_bucket_tagging(Bucket=name)["TagSet"]}
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchTagSet":
            return {"Tags": []}
        if error.response["Error"]["Code"] == "NoSuchBucket":
            return None
        raise


def our_buckets(clients: Clients, config: Config) -> list[str]:
    """The names of all buckets of this environment."""
    pages = clients.s3.get_paginator("list_buckets").paginate()
    names = [each["Name"] for page in pages for each in page["Buckets"]]
    named = [name for name in names if name.startswith(work_buckets(clients.account, config))]
    return [each for each in named if is_ours(find_bucket(clients.s3, each) or {}, config)]


def deviations(s3: Any, name: str) -> list[str]:
    """How a bucket of ours differs from what it should be."""
    faults = []
    unset = "NoSuchPublicAccessBlockConfiguration"
    found = attempt(unset, s3.get_public_access_block, Bucket=name) or {}
    if found.get("PublicAccessBlockConfiguration") != CLOSED:
        faults.append("public access blocked")
    unset = "ServerSideEncryptionConfigurationNotFoundError"
    found = attempt(unset, s3.get_bucket_encryption, Bucket=name) or {}
    rules = found.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    if [each.get("ApplyServerSideEncryptionByDefault") for each in rules] != [BY_S3]:
        faults.append("encrypted by S3")
    return faults


# ---------------------------------------------------------------------------- what is done


def create(s3: Any, name: str, config: Config) -> None:
    """Create the bucket, under a name that no other account can take.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
    """
    settings: dict[str, Any] = {"Tags": tags(config)}
    if config.s3_region != "us-east-1":  # S3's own, which it does not take by its name
        settings["LocationConstraint"] = config.s3_region
    for _ in polling(DELAY_SECONDS):
        attempt(
            # Deleted a moment ago; or made by a first try whose answer was lost.
            "OperationAborted BucketAlreadyOwnedByYou",
            s3.create_bucket,
            Bucket=name,
            BucketNamespace="account-regional",
            CreateBucketConfiguration=settings,
        )
        if found := find_bucket(s3, name):
            check_ours("bucket", name, "IDENTIFIER", found, config)
            close(s3, name)
            return
    what = f"S3 has not made the bucket {name} after {DELAY_SECONDS} s"
    raise DwhError(what, "one of this name may have been deleted just now: try again in an hour")


def close(s3: Any, name: str) -> None:
    """Let nobody in from outside the account, and encrypt all that is written."""
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=CLOSED)
    rule = {"ApplyServerSideEncryptionByDefault": BY_S3}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})


def delete(s3: Any, name: str, current: Step) -> None:
    """Empty the bucket and delete it; if something stays, that is for the sweep to tell."""
    from botocore.exceptions import ClientError

    for _ in polling(DELAY_SECONDS):
        attempt("NoSuchBucket", delete_objects, s3=s3, name=name)
        try:
            attempt("NoSuchBucket", s3.delete_bucket, Bucket=name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"BucketNotEmpty", "OperationAborted"}:
                raise
            current.update("in use")
        else:
            return
    current.result = "still in use"
