"""What the scripts share of AWS: its clients, what is ours in it, and the cluster."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dwh.errors import AwayError, DwhError
from dwh.terminal import hide

if TYPE_CHECKING:
    from dwh.config import Config


@dataclass(frozen=True)
class Target:
    """Where AWS is: what boto3, the address look-up and TLS need to know of it."""

    client_options: dict[str, Any]
    address_url: str
    ca_file: str
    # The sandbox is reached past the user's own proxies, which None leaves alone.
    proxies: dict[str, str] | None = None


def find_target(config: Config) -> Target:
    """AWS with the user's own credentials, or the running sandbox, which never sees them."""
    if config.target == "aws":
        import certifi

        return Target({}, "https://checkip.amazonaws.com", certifi.where())
    from sandbox.control import read_state

    state = read_state(Path(config.sandbox_state), config.sandbox_data)
    keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
    options = {"endpoint_url": state.endpoint_url, **keys}
    return Target(options, f"{state.endpoint_url}/checkip", state.ca_file, {})


def client(config: Config, service: str, region: str = "", connections: int = 10) -> Any:
    """A client of one of AWS's services, in the cluster's region unless told otherwise.

    It keeps so many connections open, each for one thread at a time.
    """
    from botocore.config import Config as ClientConfig

    target = find_target(config)
    options = ClientConfig(
        connect_timeout=10,
        proxies=target.proxies,
        retries={"mode": "standard", "max_attempts": 5},
        max_pool_connections=connections,
    )
    session = session_of(config.target)
    where = region or config.aws_region
    return session.client(service, where, config=options, **target.client_options)


@cache
def session_of(target: str) -> Any:
    """A session of boto3; the sandbox's knows nothing of the user's own AWS."""
    import boto3
    from botocore.session import Session

    unset = {"profile": (None,) * 4, "config_file": (None, None, os.devnull, None)}
    session = Session(session_vars=unset if target == "sandbox" else None)
    # Dates stay texts, which sort as well: to parse them takes longer than to list the files.
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=str)
    session.register("before-send", hide_token)
    return boto3.Session(botocore_session=session)


def hide_token(request: Any, **_: Any) -> None:
    """AWS quotes a request that it cannot verify, with the token that it was sent."""
    token = request.headers.get("X-Amz-Security-Token", "")
    hide(token.decode() if isinstance(token, bytes) else token)


@dataclass(frozen=True)
class Clients:
    """The services that the environment is made of, and the account that it is in."""

    iam: Any
    ec2: Any
    redshift: Any
    s3: Any
    account: str


def clients(config: Config) -> Clients:
    """Clients of the services that the environment is made of."""
    account = client(config, "sts").get_caller_identity()["Account"]
    iam, ec2, redshift = (client(config, service) for service in ("iam", "ec2", "redshift"))
    return Clients(iam, ec2, redshift, s3_client(config), account)


def s3_client(config: Config, connections: int = 10) -> Any:
    """A client of S3, where the files are that are loaded."""
    return client(config, "s3", config.s3_region, connections)


def delete_objects(s3: Any, name: str, prefix: str = "") -> None:
    """Delete what a bucket has there, and every version should somebody have turned them on."""
    from botocore.exceptions import ClientError

    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name, Prefix=prefix):
        found = page.get("Versions", []) + page.get("DeleteMarkers", [])
        keys = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
        answer = s3.delete_objects(Bucket=name, Delete={"Objects": keys}) if keys else {}
        for error in answer.get("Errors", []):
            raise ClientError({"Error": error}, "DeleteObjects")


def attempt(codes: str, call: Callable[..., Any], **arguments: Any) -> Any:
    """Call AWS; None when it answers with one of these error codes."""
    from botocore.exceptions import ClientError

    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in codes.split():
            return None
        raise


def polling(seconds: float, pause: float = 0.1) -> Iterator[None]:
    """Yield at once, then less and less often, until so many seconds have passed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(pause)
        pause = min(pause * 1.5, 15)


# ---------------------------------------------------------------------------- what is ours


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
    """Refuse to change what somebody else has made."""
    if not is_ours(found, config):
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


# ---------------------------------------------------------------------------- the cluster

# What to do about a cluster that does not become available by itself, by its status.
STUCK_HINTS = {
    "incompatible-network": "see whether its subnets and security groups still exist",
    "incompatible": "see the reason in the Redshift console",
    "hardware-failure": "AWS replaces its nodes; see the Redshift console how far it is",
    "storage-full": "add nodes in the Redshift console, and set NODES in dwh.cfg to their number",
}
LAST_RESORT = "or take it down and lose its rows: python shutdown_env.py --no-snapshot"
# What to do about a cluster that cannot be used now, by its status.
WAITING_HINTS = {
    "paus": "resume it: python setup_env.py",
    "delet|final": "it is on its way out; make a new one: python setup_env.py",
    "": "wait for it: python setup_env.py returns when it is available",
}


def find_cluster(redshift: Any, config: Config) -> dict[str, Any] | None:
    """The cluster in whatever state, if it is there."""
    answer = attempt(
        "ClusterNotFound", redshift.describe_clusters, ClusterIdentifier=config.identifier
    )
    return answer["Clusters"][0] if answer else None


def available_cluster(config: Config) -> dict[str, Any]:
    """The cluster as AWS describes it; an error unless it can be used."""
    answer = client(config, "redshift").describe_clusters(ClusterIdentifier=config.identifier)
    cluster: dict[str, Any] = answer["Clusters"][0]
    refuse_stuck(cluster)
    if not cluster["ClusterStatus"].startswith("available"):
        error = unavailable(cluster, hint_for(cluster, WAITING_HINTS))
        passes = error.hint == WAITING_HINTS[""]
        raise AwayError(error.what, error.hint) if passes else error
    return cluster


def new_password(config: Config) -> dict[str, Any]:
    """The name with which USER logs in, and a password of fifteen minutes."""
    from botocore.parsers import ResponseParserError

    try:
        found: dict[str, Any] = client(config, "redshift").get_cluster_credentials(
            DbUser=config.user,
            DbName=config.database,
            ClusterIdentifier=config.identifier,
            AutoCreate=False,
            DurationSeconds=900,
        )
    except ResponseParserError:
        found = {}
    if "DbPassword" not in found:
        # Its traceback would show the answer, and with it perhaps a password.
        what = "AWS's answer to GetClusterCredentials cannot be read"
        raise DwhError(what, "run the script again; if that lasts, look for a proxy in between")
    hide(found["DbPassword"])
    return found


def is_available(cluster: dict[str, Any]) -> bool:
    """Whether the cluster can be used, and has all the roles that it was given."""
    ready = cluster.get("ClusterAvailabilityStatus", "Available") == "Available"
    given = [each.get("ApplyStatus", "in-sync") for each in cluster.get("IamRoles", [])]
    attached = all(status == "in-sync" for status in given)
    return bool(ready and attached and cluster["ClusterStatus"].startswith("available"))


def refuse_stuck(cluster: dict[str, Any]) -> None:
    """Raise if it makes no sense to wait for the cluster."""
    if hint := hint_for(cluster, STUCK_HINTS):
        is_lost = cluster["ClusterStatus"].startswith("incompatible")
        raise unavailable(cluster, f"{hint}, {LAST_RESORT}" if is_lost else hint)


def hint_for(cluster: dict[str, Any], hints: dict[str, str]) -> str:
    """The first hint whose pattern the cluster's status has, or none."""
    status = cluster["ClusterStatus"]
    return next((hint for pattern, hint in hints.items() if re.search(pattern, status)), "")


def unavailable(cluster: dict[str, Any], hint: str) -> DwhError:
    """The error of a cluster that is in no state to work."""
    what = f"the cluster {cluster['ClusterIdentifier']} is {cluster['ClusterStatus']}"
    return DwhError(what, hint)


def role_arn(config: Config) -> str:
    """The role with which the cluster reads S3."""
    for attached in available_cluster(config).get("IamRoles", []):
        if attached["IamRoleArn"].endswith(f"/{config.role}"):
            return str(attached["IamRoleArn"])
    what = f"the cluster {config.identifier} does not have the role {config.role}"
    raise DwhError(what, "check ROLE in dwh.cfg, or run python setup_env.py, which attaches it")
