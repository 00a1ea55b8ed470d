"""The private S3 bucket in which etl.py tells COPY which files to load, and packs small ones."""

from __future__ import annotations

from typing import Any

from dwh.aws import Clients, attempt, delete_objects, polling
from dwh.config import Config
from dwh.errors import DwhError
from dwh.ownership import check_ours, is_ours, tags, work_bucket, work_buckets
from dwh.provisioning.environment import Bucket, Environment, Remains
from dwh.provisioning.plan import Change
from dwh.terminal import Step

SETTINGS = "private, encrypted, lists the files to load"
CLOSED = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)
BY_S3 = {"SSEAlgorithm": "AES256"}
# S3 needs a while to know everywhere that a bucket is there, or gone.
DELAY_SECONDS = 60

# ---------------------------------------------------------------------------- what is there


def look(aws: Clients, config: Config) -> tuple[Bucket | None, list[str]]:
    """The bucket that we write to, whoever has made it, and ours of what was REGION before."""
    s3, name = aws.s3, work_bucket(aws.account, config)
    found = find_bucket(s3, name)
    others = our_buckets(aws, config, apart_from=name)
    if found is None or not is_ours({"Tags": found.tags}, config):
        return found, others
    return Bucket(found.tags, public_access(s3, name), encryption(s3, name)), others


def find_bucket(s3: Any, name: str) -> Bucket | None:
    """The bucket with its tags, if it is there."""
    from botocore.exceptions import ClientError

    try:
        return Bucket(s3.get_bucket_tagging(Bucket=name)["TagSet"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchTagSet":
            return Bucket([])
        if error.response["Error"]["Code"] == "NoSuchBucket":
            return None
        raise


def our_buckets(aws: Clients, config: Config, apart_from: str = "") -> list[str]:
    """The names of the buckets of this environment, in all regions."""
    pages = aws.s3.get_paginator("list_buckets").paginate()
    names = [each["Name"] for page in pages for each in page["Buckets"]]
    named = [name for name in names if name.startswith(work_buckets(aws.account, config))]
    return [name for name in named if name != apart_from and is_our_bucket(aws.s3, name, config)]


def is_our_bucket(s3: Any, name: str, config: Config) -> bool:
    """True if the bucket's tags say that setup_env.py has made it."""
    found = find_bucket(s3, name)
    return found is not None and is_ours({"Tags": found.tags}, config)


def public_access(s3: Any, name: str) -> Any:
    """What is blocked of public access, None if nothing is set."""
    unset = "NoSuchPublicAccessBlockConfiguration"
    found = attempt(unset, s3.get_public_access_block, Bucket=name) or {}
    return found.get("PublicAccessBlockConfiguration")


def encryption(s3: Any, name: str) -> list[Any]:
    """How what is written gets encrypted, by default."""
    unset = "ServerSideEncryptionConfigurationNotFoundError"
    found = attempt(unset, s3.get_bucket_encryption, Bucket=name) or {}
    rules = found.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    return [each.get("ApplyServerSideEncryptionByDefault") for each in rules]


# ---------------------------------------------------------------------------- plans


def plan_setup(found: Environment, config: Config) -> list[Change]:
    """Create the bucket, or make it what it should be. Raises DwhError if it is not ours."""
    name = work_bucket(found.account, config)
    if found.bucket is None:

        def apply(aws: Clients, _: Step) -> None:
            create(aws.s3, name, config)

        return [Change("create", title(name), SETTINGS, apply)]
    check_ours("bucket", name, "IDENTIFIER", {"Tags": found.bucket.tags}, config)
    faults = deviations(found.bucket)
    if not faults:
        return [Change("keep", title(name), SETTINGS)]
    return [Change("change", title(name), ", ".join(faults), lambda aws, _: close(aws.s3, name))]


def deviations(bucket: Bucket) -> list[str]:
    """How a bucket of ours differs from what it should be."""
    faults = [] if bucket.public_access == CLOSED else ["public access blocked"]
    return faults + ([] if bucket.encryption == [BY_S3] else ["encrypted by S3"])


def plan_superseded(found: Environment, config: Config) -> list[Change]:
    """Delete the buckets of this environment that are in what was REGION of [s3] before."""
    return [deletion(name, "no longer in REGION of [s3]") for name in found.superseded_buckets]


def plan_shutdown(found: Remains, config: Config) -> list[Change]:
    """Delete every bucket of this environment."""
    return [deletion(name, "with all that is in it") for name in found.buckets]


def deletion(name: str, why: str) -> Change:
    """The plan of a bucket that is to go."""
    return Change("delete", title(name), why, lambda aws, current: delete(aws.s3, name, current))


def title(name: str) -> str:
    """What the bucket is called in the plan."""
    return f"bucket {name}"


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
            check_ours("bucket", name, "IDENTIFIER", {"Tags": found.tags}, config)
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
