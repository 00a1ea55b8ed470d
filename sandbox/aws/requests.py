"""What Redshift's API checks of a request, and moto does not.

https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateCluster.html
What AWS does and the sandbox cannot is refused with UnsupportedOperation, rather than left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends
from moto.redshift.exceptions import (
    InvalidParameterCombinationError,
    InvalidParameterValueError,
    RedshiftClientError,
)

# The fewest and the most nodes of each type.
NODE_COUNTS = {
    "ra3.large": (1, 16),
    "ra3.xlplus": (1, 16),
    "ra3.4xlarge": (2, 32),
    "ra3.16xlarge": (2, 128),
    "rg.large": (1, 16),
    "rg.xlarge": (2, 16),
    "rg.4xlarge": (2, 32),
    "rg.12xlarge": (2, 128),
}
SLICES_PER_NODE = {"ra3.4xlarge": 4, "rg.4xlarge": 8, "ra3.16xlarge": 16, "rg.12xlarge": 16}
PORTS = (range(5431, 5456), range(8191, 8216))
IDENTIFIER = re.compile(r"(?!.*--)[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
NAME = re.compile(r"(?!pg_|rdsdb$|public$|template[01]$|postgres$)[a-z][a-z0-9_+.@-]{0,127}")
PASSWORD = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[!#-&(-.0-?A-\[\]-~]{8,64}")
SNAPSHOT_IDENTIFIER = re.compile(r"(?!.*--)[a-z](?:[a-z0-9-]{0,253}[a-z0-9])?", re.IGNORECASE)

Parameters = Callable[[str], Any]


def unsupported(what: str) -> RedshiftClientError:
    """The refusal of what AWS has and the sandbox has not."""
    return RedshiftClientError("UnsupportedOperation", f"The sandbox has no {what}.")


def check_create_cluster(get: Parameters) -> None:
    """Raise what AWS answers to a request that it does not take."""
    _check_cluster(get)
    _check_nodes(get)
    _check_names(get)
    _check_password(get)


def check_restore(get: Parameters, node_type: str, number_of_nodes: int) -> None:
    """Raise what AWS answers to a RestoreFromClusterSnapshot that it does not take.

    The node type and the number of nodes are the snapshot's; the sandbox restores into no other.
    """
    _check_cluster(get)
    if get("Encrypted") is not None:
        raise unsupported("restore of a snapshot that is not encrypted into a cluster that is")
    wanted = (get("NodeType") or node_type, get("NumberOfNodes") or number_of_nodes)
    if wanted != (node_type, number_of_nodes):
        raise unsupported(f"restore into other nodes than {number_of_nodes} x {node_type}")


def check_delete(get: Parameters) -> str | None:
    """The name of the final snapshot that DeleteCluster asks for, None for none."""
    name, skip = get("FinalClusterSnapshotIdentifier"), bool(get("SkipFinalClusterSnapshot"))
    if not skip and name is None:
        text = "FinalClusterSnapshotIdentifier is required unless SkipFinalClusterSnapshot is true."
        raise InvalidParameterCombinationError(text)
    if skip and name is not None:
        text = "FinalClusterSnapshotIdentifier is not taken when SkipFinalClusterSnapshot is true."
        raise InvalidParameterCombinationError(text)
    if name is not None and not SNAPSHOT_IDENTIFIER.fullmatch(name):
        text = f"FinalClusterSnapshotIdentifier {name} is not a valid identifier"
        raise InvalidParameterValueError(text)
    check_retention(get("FinalClusterSnapshotRetentionPeriod"))
    return None if name is None else str(name).lower()


def check_retention(days: int | None) -> None:
    """Raise InvalidRetentionPeriodFault for days that no manual snapshot is retained for."""
    if days is not None and days != -1 and not 1 <= days <= 3653:
        text = f"The retention period must be -1 or from 1 to 3653 days, not {days}"
        raise RedshiftClientError("InvalidRetentionPeriodFault", text)


def _check_cluster(get: Parameters) -> None:
    """What CreateCluster and RestoreFromClusterSnapshot have in common."""
    name = str(get("ClusterIdentifier"))
    if not IDENTIFIER.fullmatch(name):
        raise InvalidParameterValueError(f"ClusterIdentifier {name} is not valid")
    if get("Encrypted") is False:
        raise InvalidParameterValueError("Clusters must be encrypted: Encrypted cannot be false.")
    port = get("Port") or 5439
    if not any(port in ports for ports in PORTS):
        raise InvalidParameterValueError(f"Port {port} is not one of 5431-5455 and 8191-8215")
    days = get("AutomatedSnapshotRetentionPeriod")
    if days is not None and not 1 <= days <= 35:
        text = f"AutomatedSnapshotRetentionPeriod must be from 1 to 35 days, not {days}"
        raise InvalidParameterValueError(text)
    check_retention(get("ManualSnapshotRetentionPeriod"))
    check_roles(get("IamRoles") or [])


def _check_nodes(get: Parameters) -> None:
    node_type = str(get("NodeType"))
    if node_type not in NODE_COUNTS:
        raise InvalidParameterValueError(f"Invalid node type: {node_type}")
    least, most = NODE_COUNTS[node_type]
    if (get("ClusterType") or "multi-node") == "single-node":
        count = 1
    elif get("NumberOfNodes"):
        count = int(get("NumberOfNodes"))
        least = max(least, 2)
    else:
        text = "NumberOfNodes is required when ClusterType is multi-node"
        raise InvalidParameterCombinationError(text)
    if not least <= count <= most:
        text = f"Number of nodes for {node_type} must be {least} to {most}, not {count}"
        raise InvalidParameterValueError(text)


def _check_names(get: Parameters) -> None:
    for parameter in ("MasterUsername", "DBName"):
        value = str(get(parameter) or "dev")
        if not NAME.fullmatch(value.lower()):
            raise InvalidParameterValueError(f"{parameter} {value} is not valid or is reserved")


def _check_password(get: Parameters) -> None:
    password = get("MasterUserPassword")
    if bool(get("ManageMasterPassword")) == (password is not None):
        text = "Give either MasterUserPassword or ManageMasterPassword=true"
        raise InvalidParameterCombinationError(text)
    if password is not None and not PASSWORD.fullmatch(password):
        text = "MasterUserPassword must be 8-64 characters with upper case, lower case and a digit"
        raise InvalidParameterValueError(text)


def check_roles(arns: Iterable[str]) -> None:
    """Raise InvalidParameterValue for a role that IAM does not have."""
    if arn := unknown_role(arns):
        raise InvalidParameterValueError(f"The IAM role {arn} is not valid.")


def unknown_role(arns: Iterable[str]) -> str | None:
    """The first of these roles that IAM does not have, None if it has them all."""
    known = {role.arn for role in iam_backends[DEFAULT_ACCOUNT_ID]["aws"].get_roles()}
    return next((arn for arn in arns if arn not in known), None)
