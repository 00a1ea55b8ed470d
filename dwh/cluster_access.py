"""Whether the cluster can be used now, as whom to log in, and the role by which it reads S3."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from dwh.aws import attempt, client
from dwh.config import Config
from dwh.errors import AwayError, DwhError
from dwh.ownership import ROLE_PATH
from dwh.terminal import hide

# What to do about a cluster that does not become available by itself, by its status.
STUCK_HINTS = {
    "incompatible-network": "see whether its subnets and security groups still exist",
    "incompatible": "see the reason in the Redshift console",
    "hardware-failure": "AWS replaces its nodes; see the Redshift console how far it is",
    "storage-full": "add nodes in the Redshift console, and set NODES in dwh.cfg to their number",
}
LAST_RESORT = "or take it down and lose its rows: python shutdown_env.py --no-snapshot"
# The slices of a node, where there are more than two.
SLICES = {"ra3.4xlarge": 4, "ra3.16xlarge": 16, "rg.4xlarge": 8, "rg.12xlarge": 16}
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


def available_cluster(config: Config, redshift: Any = None) -> dict[str, Any]:
    """The cluster as AWS describes it; an error unless it can be used.

    `redshift` is who asks, the owner of the tables unless told otherwise.
    """
    asked = redshift or client(config, "redshift")
    answer = asked.describe_clusters(ClusterIdentifier=config.identifier)
    cluster: dict[str, Any] = answer["Clusters"][0]
    refuse_stuck(cluster)
    if not cluster["ClusterStatus"].startswith("available"):
        error = unavailable(cluster, hint_for(cluster, WAITING_HINTS))
        passes = error.hint == WAITING_HINTS[""]
        raise AwayError(error.what, error.hint) if passes else error
    return cluster


@dataclass(frozen=True)
class Login:
    """Who logs in: the client of Redshift that asks for a password, and the call for it."""

    redshift: Any
    call: str
    request: dict[str, Any]

    def new_password(self) -> dict[str, Any]:
        """The name to log in with, and a password of fifteen minutes."""
        from botocore.parsers import ResponseParserError

        try:
            found: dict[str, Any] = getattr(self.redshift, self.call)(
                DurationSeconds=900, **self.request
            )
        except ResponseParserError:
            found = {}
        if "DbPassword" not in found:
            # Its traceback would show the answer, and with it perhaps a password.
            operation = self.redshift.meta.method_to_api_mapping[self.call]
            what = f"AWS's answer to {operation} cannot be read"
            raise DwhError(what, "run the script again; if that lasts, look for a proxy in between")
        hide(found["DbPassword"])
        return found


def owner(config: Config) -> Login:
    """To log in as USER, so that one user owns the tables, whoever runs the scripts."""
    request = {
        "ClusterIdentifier": config.identifier,
        "DbName": config.database,
        "DbUser": config.user,
        "AutoCreate": False,
    }
    return Login(client(config, "redshift"), "get_cluster_credentials", request)


def analyst(config: Config) -> Login:
    """To log in as an analyst: assumes ANALYST_ROLE, whose database user is named after it.

    https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentialsWithIAM.html
    """
    sts = client(config, "sts")
    account = sts.get_caller_identity()["Account"]
    arn = f"arn:aws:iam::{account}:role{ROLE_PATH}{config.analyst_role}"
    found = sts.assume_role(RoleArn=arn, RoleSessionName="query.py", DurationSeconds=900)
    keys = {
        "aws_access_key_id": found["Credentials"]["AccessKeyId"],
        "aws_secret_access_key": found["Credentials"]["SecretAccessKey"],
        "aws_session_token": found["Credentials"]["SessionToken"],
    }
    for secret in ("aws_secret_access_key", "aws_session_token"):
        hide(keys[secret])
    request = {"ClusterIdentifier": config.identifier, "DbName": config.database}
    redshift = client(config, "redshift", credentials=keys)
    return Login(redshift, "get_cluster_credentials_with_iam", request)


def database_user(config: Config) -> str:
    """The database user of whoever has assumed ANALYST_ROLE."""
    return f"IAMR:{config.analyst_role}"


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


def role_arn(cluster: dict[str, Any], config: Config) -> str:
    """The role with which the cluster reads S3. Raises DwhError if it does not have it."""
    for attached in cluster.get("IamRoles", []):
        if attached["IamRoleArn"].endswith(f"/{config.role}"):
            return str(attached["IamRoleArn"])
    what = f"the cluster {config.identifier} does not have the role {config.role}"
    raise DwhError(what, "check ROLE in dwh.cfg, or run python setup_env.py, which attaches it")


def slices(cluster: dict[str, Any]) -> int:
    """How many slices the cluster has, each of which loads a file at a time.

    https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-clusters.html
    """
    return int(cluster["NumberOfNodes"]) * SLICES.get(cluster["NodeType"], 2)
