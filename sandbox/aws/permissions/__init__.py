"""The permissions that API calls need, as AWS's Service Authorization Reference lists them."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.permissions import ec2, iam, redshift, s3, serverless
from sandbox.aws.permissions.call import Call
from sandbox.iam.policy import Permission

SERVICES = {
    "ec2": ec2,
    "iam": iam,
    "redshift": redshift,
    "redshift-serverless": serverless,
    "s3": s3,
    "secretsmanager": serverless,
}


def needed(call: Call) -> Iterable[Permission]:
    """Everything that the caller must be allowed, the call's own action first.

    https://docs.aws.amazon.com/service-authorization/latest/reference/
    Raises RefusalError for what the sandbox cannot check.
    """
    service = SERVICES.get(call.service)
    found = list(service.permissions(call)) if service else []
    return found or [call.unlisted()]


def of_network(call: Call) -> Iterable[Permission]:
    """What a service reads of EC2 in the caller's name."""
    yield from redshift.network_permissions(call)
    yield from serverless.network_permissions(call)
