"""What etl.py will load: looked at before a warehouse is made for it."""

from __future__ import annotations

from typing import Any

from dwh.aws import attempt, s3_client, split_url
from dwh.config import Config
from dwh.errors import DwhError, explain
from dwh.json_paths import read_json_paths
from dwh.provisioning.environment import Environment
from dwh.provisioning.plan import Change
from dwh.sources import no_bucket, no_files, sources

CLOSED = "AllAccessDisabled"
DATA = "LOG_DATA, SONG_DATA and LOG_JSON_PATHS"


def look(config: Config) -> DwhError | None:
    """What is wrong with the data, if something is: seen with the operator's own credentials."""
    from botocore.exceptions import ClientError

    s3 = s3_client(config)
    try:
        for key, url in sources(config).values():
            find_one(s3, key, url)
        read_json_paths(config)
    except DwhError as problem:
        return problem
    except ClientError as error:
        return explain_closed(error)
    return None


def find_one(s3: Any, key: str, url: str) -> None:
    """Raise DwhError unless there is a file whose URL begins so."""
    bucket, prefix = split_url(url)
    listing = attempt("NoSuchBucket", s3.list_objects_v2, Bucket=bucket, Prefix=prefix, MaxKeys=1)
    if listing is None:
        raise no_bucket(key, url)
    if not listing.get("KeyCount"):
        raise no_files(key, url)


def explain_closed(error: Any) -> DwhError:
    """What S3 does not give, and why."""
    code = error.response["Error"]["Code"]
    if code == CLOSED:
        what = f"the bucket's owner has closed it ({error.response['Error'].get('Message')})"
        return DwhError(what, "ask them, or set LOG_DATA and SONG_DATA in dwh.cfg to a copy")
    found = explain(error)
    if code == "AccessDenied":
        hint = "the bucket's owner may have closed it; if not, ask for the right: "
        hint += "docs/operator-policy.json holds all that the scripts need"
        return DwhError(found.what, hint)
    return found


def plan_setup(found: Environment, config: Config) -> list[Change]:
    """Show what will be loaded. Raises DwhError if it cannot be, where a warehouse would be billed.

    A warehouse that is there, or comes back from a snapshot, has rows to ask for without new ones.
    """
    if not found.data_problem:
        return [Change("check", "source data", DATA)]
    is_there = found.cluster or found.serverless.namespace
    if config.target.is_billed and not is_there and not found.restore:
        raise found.data_problem
    return [Change("check", "source data", f"warning: {found.data_problem.what}")]
