"""What belongs to an environment: by its tags, and buckets by their names too."""

from __future__ import annotations

import hashlib
from typing import Any

from dwh.config import Config
from dwh.errors import DwhError

# All roles of all environments are under it, so that none is overlooked.
ROLE_PATH = "/sparkify-dwh/"


def tags(config: Config) -> list[dict[str, str]]:
    """The tags of everything that setup_env.py makes, by which it is known again."""
    return [
        {"Key": "project", "Value": "sparkify-dwh"},
        {"Key": "environment", "Value": config.identifier},
        {"Key": "region", "Value": config.aws_region},
    ]


def tag_filters(config: Config) -> list[dict[str, Any]]:
    """The tags as EC2 filters by them."""
    return [{"Name": f"tag:{tag['Key']}", "Values": [tag["Value"]]} for tag in tags(config)]


def is_ours(resource: dict[str, Any], config: Config) -> bool:
    """Whether the tags say that setup_env.py has made it."""
    found = resource.get("Tags", [])
    return all(tag in found for tag in tags(config))


def check_ours(kind: str, name: str, key: str, found: dict[str, Any], config: Config) -> None:
    """Refuse to change what somebody else has made, or this environment in another region."""
    made = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
    wanted = {tag["Key"]: tag["Value"] for tag in tags(config)}
    if wanted.items() <= made.items():
        return
    if made.get("region") and wanted.items() <= (made | {"region": config.aws_region}).items():
        raise DwhError(
            f"the {kind} {name} was made for {config.identifier} in {made['region']},"
            f" and REGION is {config.aws_region}",
            f"set REGION = {made['region']} again, which may hold things that are billed; for a"
            f" second environment, choose another IDENTIFIER and {key}",
        )
    raise DwhError(
        f"the {kind} {name} is there, but was not made for {config.identifier}"
        f" in {config.aws_region}",
        f"choose another {key} in dwh.cfg: what others have made is left alone",
    )


# The longest that the environment's part of a bucket's name can be, whatever the region.
LONGEST_OWN_PART = 63 - len("-dwh-123456789012-ap-southeast-99-an")


def work_buckets(account: str, config: Config) -> str:
    """How the names of the environment's buckets for lists of files begin, in all regions."""
    own = config.identifier
    if len(own) > LONGEST_OWN_PART:
        digest = hashlib.sha256(own.encode()).hexdigest()[:8]
        own = f"{own[: LONGEST_OWN_PART - len(digest)]}{digest}"
    return f"{own}-dwh-{account}-"


def work_bucket(account: str, config: Config) -> str:
    """The name of the bucket for lists of files: in the same region as they, as COPY wants it.

    https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-source-s3.html
    """
    return f"{work_buckets(account, config)}{config.s3_region}-an"
