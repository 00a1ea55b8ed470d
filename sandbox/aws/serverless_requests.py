"""What Redshift Serverless's API checks of a request, and how it refuses one.

https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_CreateWorkgroup.html
What AWS does and the sandbox cannot is refused with UnsupportedOperation, rather than left out.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto.core.exceptions import ServiceException

from sandbox.aws.requests import NAME, PORTS, unknown_role

RESOURCE_NAME = re.compile("[a-z0-9-]{3,64}")
DEFAULT_CAPACITY, DEFAULT_PORT = 128, 5439
# The sandbox's own: a workgroup's slices are nobody's to see.
SLICES = 4
# https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-capacity.html
CAPACITIES = (4, *range(8, 513, 8))
LARGE_CAPACITIES = tuple(range(544, 1025, 32))
LARGE_REGIONS = ("us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-central-1")
MOST_CAPACITY = 5632
CHANGEABLE = ("baseCapacity", "maxCapacity", "port", "publiclyAccessible", "securityGroupIds")
LIMITS = {"usageType": "serverless-compute", "breachAction": "log emit-metric deactivate"}

Parameters = Callable[[str], Any]


class RefusedError(ServiceException):  # type: ignore[misc]
    """An answer of the API that is an error, with its code."""


def invalid(message: str) -> RefusedError:
    """A request that the API does not take."""
    return RefusedError("ValidationException", message)


def conflict(message: str) -> RefusedError:
    """A request that does not go with what there is, or with its status."""
    return RefusedError("ConflictException", message)


def not_found(message: str) -> RefusedError:
    """A request for what there is not."""
    return RefusedError("ResourceNotFoundException", message)


def unsupported(what: str) -> RefusedError:
    """The refusal of what AWS has and the sandbox has not."""
    return RefusedError("UnsupportedOperation", f"The sandbox has no {what}.")


def check_namespace(get: Parameters) -> None:
    """Raise what AWS answers to a CreateNamespace that it does not take."""
    _check_name(get, "namespaceName")
    if not get("manageAdminPassword"):
        raise unsupported("namespaces with a password that is not managed")
    for parameter in ("adminUsername", "dbName"):
        value = str(get(parameter) or "dev")
        if not NAME.fullmatch(value.lower()):
            raise invalid(f"{parameter} {value} is not valid or is reserved.")
    check_roles(get("iamRoles") or [])


def check_roles(arns: list[str]) -> None:
    """Raise ValidationException for a role that IAM does not have."""
    if arn := unknown_role(arns):
        raise invalid(f"The IAM role {arn} is not valid.")


def check_workgroup(get: Parameters, region: str) -> None:
    """Raise what AWS answers to a CreateWorkgroup that it does not take."""
    _check_name(get, "workgroupName")
    check_capacity(get, region)
    port = get("port") or DEFAULT_PORT
    if not any(port in ports for ports in PORTS):
        raise invalid(f"Port {port} is not one of 5431-5455 and 8191-8215.")


def check_capacity(get: Parameters, region: str) -> None:
    """Raise ValidationException for a capacity that the region does not have."""
    base, most = get("baseCapacity") or DEFAULT_CAPACITY, get("maxCapacity")
    if base not in CAPACITIES and not (region in LARGE_REGIONS and base in LARGE_CAPACITIES):
        raise invalid(f"{base} is not a base capacity of {region}.")
    if most is not None and not base <= most <= MOST_CAPACITY:
        raise invalid(f"maxCapacity must be from {base}, the base, to {MOST_CAPACITY}.")


def check_update(get: Parameters, *changeable: str) -> list[str]:
    """The one setting that is to be changed. Raises ValidationException for none, or for two."""
    given = [name for name in get("") or {} if name not in ("namespaceName", "workgroupName")]
    for name in given:
        if name not in changeable:
            raise unsupported(f"change of {name}")
    if len(given) != 1:
        raise invalid(f"One setting can be updated in a request, not {len(given)}.")
    if given == ["iamRoles"]:
        check_roles(get("iamRoles"))
    return given


def check_limit(get: Parameters) -> None:
    """Raise ValidationException for a usage limit that there cannot be."""
    for name, values in LIMITS.items():
        if get(name) is not None and get(name) not in values.split():
            raise unsupported(f"usage limits whose {name} is {get(name)}")
    if get("amount") is not None and get("amount") < 1:
        raise invalid("The amount must be a positive number.")


def remove(data: Path) -> None:
    """Delete a data folder."""
    shutil.rmtree(data, ignore_errors=True)


def _check_name(get: Parameters, parameter: str) -> None:
    if not RESOURCE_NAME.fullmatch(str(get(parameter))):
        raise invalid(f"{parameter} {get(parameter)} is not 3 to 64 of a-z, 0-9 and hyphens.")
