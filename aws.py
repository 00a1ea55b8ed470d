"""What the scripts share of AWS: its clients, and the role, the group and the cluster in it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errors import DwhError

if TYPE_CHECKING:
    from dwh import Config

POLICY_NAME = "read-sparkify-data"


@dataclass(frozen=True)
class Target:
    """Where AWS is: what boto3, the address look-up and TLS need to know of it."""

    client_options: dict[str, Any]
    address_url: str
    ca_file: str
    # The sandbox is reached past the user's own proxies and AWS profile, which None leaves alone.
    proxies: dict[str, str] | None = None
    session_variables: dict[str, Any] | None = None


def find_target(config: Config) -> Target:
    """AWS with the user's own credentials, or the running sandbox, which never sees them."""
    if config.target == "aws":
        import certifi

        return Target({}, "https://checkip.amazonaws.com", certifi.where())
    from sandbox.control import read_state

    state = read_state(Path(config.sandbox_state))
    keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
    unset = {"profile": (None,) * 4, "config_file": (None, None, os.devnull, None)}
    options = {"endpoint_url": state.endpoint_url, **keys}
    return Target(options, f"{state.endpoint_url}/checkip", state.ca_file, {}, unset)


def client(config: Config, service: str) -> Any:
    """A client of one of AWS's services."""
    import boto3
    from botocore.config import Config as ClientConfig
    from botocore.session import Session

    target = find_target(config)
    options = ClientConfig(
        connect_timeout=10, proxies=target.proxies, retries={"mode": "standard", "max_attempts": 5}
    )
    session = boto3.Session(botocore_session=Session(session_vars=target.session_variables))
    return session.client(service, config.aws_region, config=options, **target.client_options)


def attempt(codes: str, call: Callable[..., Any], **arguments: Any) -> Any:
    """Call AWS; None when it answers with one of these error codes."""
    from botocore.exceptions import ClientError

    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in codes.split():
            return None
        raise


def polling(seconds: float) -> Iterator[None]:
    """Yield at once, then less and less often, until so many seconds have passed."""
    end, pause = time.monotonic() + seconds, 0.2
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
    ]


def is_ours(resource: dict[str, Any], config: Config) -> bool:
    """Whether the tags say that setup_env.py has made it."""
    found = resource.get("Tags", [])
    return all(tag in found for tag in tags(config))


def check_ours(kind: str, name: str, key: str, found: dict[str, Any], config: Config) -> None:
    """Refuse to change what somebody else has made."""
    if not is_ours(found, config):
        raise DwhError(
            f"the {kind} {name} is there, but was not made for {config.identifier}",
            f"choose another {key} in dwh.cfg",
        )


def find_role(iam: Any, name: str) -> dict[str, Any] | None:
    """The IAM role, if it is there."""
    answer = attempt("NoSuchEntity", iam.get_role, RoleName=name)
    return answer["Role"] if answer else None


def find_security_group(ec2: Any, config: Config, vpc: str | None) -> dict[str, Any] | None:
    """The security group, if it is there."""
    if vpc is None:
        return None
    filters = [
        {"Name": "group-name", "Values": [config.security_group]},
        {"Name": "vpc-id", "Values": [vpc]},
    ]
    return next(iter(ec2.describe_security_groups(Filters=filters)["SecurityGroups"]), None)


def find_vpc(ec2: Any) -> str | None:
    """The region's default VPC, if it has one."""
    filters = [{"Name": "is-default", "Values": ["true"]}]
    return next((vpc["VpcId"] for vpc in ec2.describe_vpcs(Filters=filters)["Vpcs"]), None)


# ---------------------------------------------------------------------------- the cluster

# What to do about a cluster that does not become available by itself, by its status.
STATUS_HINTS = {
    "paus": "resume it in the console, or with `aws redshift resume-cluster`",
    "delet|final": "wait until it is gone, then run python setup_env.py",
    "incompatible|failure|full": "see the Redshift console; python shutdown_env.py removes it",
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
        hint = "wait for it: python setup_env.py returns when it is available"
        raise unavailable(cluster, hint)
    return cluster


def is_available(cluster: dict[str, Any]) -> bool:
    """Whether the cluster can be used, with its roles; an error if it never will by itself."""
    refuse_stuck(cluster)
    ready = cluster.get("ClusterAvailabilityStatus", "Available") == "Available"
    roles = [each.get("ApplyStatus", "in-sync") for each in cluster.get("IamRoles", [])]
    attached = all(status == "in-sync" for status in roles)
    return bool(ready and attached and cluster["ClusterStatus"].startswith("available"))


def refuse_stuck(cluster: dict[str, Any]) -> None:
    """Raise if it makes no sense to wait for the cluster."""
    for pattern, hint in STATUS_HINTS.items():
        if re.search(pattern, cluster["ClusterStatus"]):
            raise unavailable(cluster, hint)


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
