"""What the sandbox puts in the place of moto's own: all of it, in one table.

Whoever takes a newer moto reviews this file: each row names what is replaced, and by what.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from moto.core import responses, utils
from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.errors import COMMON_ERROR_CODES
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.iam.models import SERVICE_NAME_CONVERSION
from moto.redshift.models import redshift_backends
from moto.redshift.responses import RedshiftResponse
from moto.s3.models import S3Backend
from moto.s3.responses import S3Response

from sandbox.aws import (
    authorization,
    clusters,
    network,
    object_listing,
    object_requests,
    refusals,
)


class Replacement(NamedTuple):
    """An attribute of moto's and what takes its place; `is_new` if moto has none of this name."""

    owner: Any
    name: str
    ours: Any
    is_new: bool = False


OPERATIONS = clusters.OPERATIONS
method_names = cache(utils.method_names_from_class)
NOT_IN_MOTO = ("get_cluster_credentials_with_iam", "modify_cluster_iam_roles")
REPLACEMENTS = (
    # Every call, before it is carried out: by all of IAM's rules, not only the actions.
    Replacement(
        ActionAuthenticatorMixin, "_authenticate_and_authorize_action", authorization.authorize
    ),
    # The operations that a service has, for which moto inspects its class at every call.
    Replacement(responses, "method_names_from_class", method_names),
    # CreateBucket takes tags; DeleteObjects spares what may not be deleted; a page is listed fast.
    Replacement(S3Response, "_bucket_response_put", object_requests.put_bucket),
    Replacement(S3Response, "_bucket_response_delete_keys", object_requests.delete_objects),
    Replacement(S3Response, "list_objects_v2", object_listing.list_objects),
    Replacement(S3Backend, "list_object_versions", object_listing.list_object_versions),
    # A group that a cluster uses stays.
    Replacement(SecurityGroupBackend, "delete_security_group", network.delete_security_group),
    # Clusters that hold data, and the operations on them.
    Replacement(redshift_backends, "backend", clusters.RedshiftBackend),
    *(
        Replacement(RedshiftResponse, name, ours, is_new=name in NOT_IN_MOTO)
        for name, ours in OPERATIONS.items()
    ),
)
# How the service that moto calls redshift is called in its table of names.
SERVICE_NAMES = {"redshift": "Redshift"}


class ChangedMotoError(Exception):
    """moto is another one than the table was written for."""


def install(replacements: Iterable[Replacement] = REPLACEMENTS) -> None:
    """Replace what the table names, in this process. Raises ChangedMotoError, and nothing is.

    Doing so again changes nothing.
    """
    replacements = tuple(replacements)
    for each in replacements:
        check(each)
    check_service_names()
    for each in replacements:
        setattr(each.owner, each.name, each.ours)
    SERVICE_NAME_CONVERSION.update(SERVICE_NAMES)
    COMMON_ERROR_CODES.extend(refusals.CODES - set(COMMON_ERROR_CODES))


def check(replacement: Replacement) -> None:
    """Raise ChangedMotoError unless moto has what is replaced, and has not what is new."""
    owner, name, ours, is_new = replacement
    found = getattr(owner, name, None)
    if found is not ours and (found is None) != is_new:
        has = "has no" if found is None else "has a"
        called = getattr(owner, "__qualname__", getattr(owner, "__name__", type(owner).__name__))
        raise ChangedMotoError(f"moto {has} {called}.{name}: review sandbox/aws/replacements.py")


def check_service_names() -> None:
    """Raise ChangedMotoError if moto has a name of its own for a service that is named here."""
    for service, ours in SERVICE_NAMES.items():
        if SERVICE_NAME_CONVERSION.get(service, ours) != ours:
            where = f"SERVICE_NAME_CONVERSION[{service!r}]"
            raise ChangedMotoError(f"moto has a {where}: review sandbox/aws/replacements.py")
