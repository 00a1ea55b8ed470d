"""What Redshift's API checks of a request, and moto does not.

https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateCluster.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends
from moto.redshift.exceptions import InvalidParameterCombinationError, InvalidParameterValueError

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

Parameters = Callable[[str], Any]


def check_create_cluster(get: Parameters) -> None:
    """Raise what AWS answers to a request that it does not take."""
    name = str(get("ClusterIdentifier"))
    if not IDENTIFIER.fullmatch(name):
        raise InvalidParameterValueError(f"ClusterIdentifier {name} is not valid")
    _check_nodes(get)
    _check_names(get)
    _check_password(get)
    if str(get("Encrypted")).lower() == "false":
        raise InvalidParameterValueError("Clusters must be encrypted: Encrypted cannot be false.")
    port = int(get("Port") or 5439)
    if not any(port in ports for ports in PORTS):
        raise InvalidParameterValueError(f"Port {port} is not one of 5431-5455 and 8191-8215")
    _check_roles(get("IamRoles") or [])


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
    managed = str(get("ManageMasterPassword")).lower() == "true"
    if managed == (password is not None):
        text = "Give either MasterUserPassword or ManageMasterPassword=true"
        raise InvalidParameterCombinationError(text)
    if password is not None and not PASSWORD.fullmatch(password):
        text = "MasterUserPassword must be 8-64 characters with upper case, lower case and a digit"
        raise InvalidParameterValueError(text)


def _check_roles(arns: list[str]) -> None:
    known = {role.arn for role in iam_backends[DEFAULT_ACCOUNT_ID]["aws"].get_roles()}
    for arn in arns:
        if arn not in known:
            raise InvalidParameterValueError(f"The IAM role {arn} is not valid.")
