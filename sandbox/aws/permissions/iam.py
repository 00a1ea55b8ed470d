"""What calls of IAM need.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from sandbox.aws.permissions.call import Call, request_tags, resource_tags
from sandbox.iam.policy import Permission

# The service-linked roles whose names are known.
LINKED_ROLES = {"redshift.amazonaws.com": "AWSServiceRoleForRedshift"}


def permissions(call: Call) -> Iterator[Permission]:
    """The permissions of an operation on roles; none for others."""
    if call.get("RoleName"):
        yield from _of_role(call)
    elif call.operation == "ListRoles":
        # The reference lists no resource, but AWS's refusals name the path.
        yield call.own(call.arn(f"role{call.get('PathPrefix') or '/'}", "iam"))
    elif call.operation == "CreateServiceLinkedRole":
        yield create_linked_role(call, str(call.get("AWSServiceName")))


def pass_role(call: Call, arn: str, service: str) -> Permission:
    """The permission to hand a role to a service."""
    context = {"iam:passedtoservice": service} | _tags(find_role(call, arn=arn))
    return call.permission("iam:PassRole", arn, context)


def create_linked_role(call: Call, service: str) -> Permission:
    """The permission to let a service make the role that is its own."""
    name = LINKED_ROLES.get(service, "*")
    arn = call.arn(f"role/aws-service-role/{service}/{name}", "iam")
    context = {"iam:awsservicename": service}
    return call.permission("iam:CreateServiceLinkedRole", arn, context)


def assume_role(call: Call) -> Permission:
    """The permission to act as the role that STS is asked for."""
    arn = str(call.get("RoleArn"))
    return call.own(arn, _tags(find_role(call, arn=arn)))


def find_role(call: Call, name: str = "", arn: str = "") -> Any:
    """The role in moto's IAM, None if it is not there."""
    backend = iam_backends[call.account]["aws"]
    try:
        return backend.get_role_by_arn(arn) if arn else backend.get_role(name)
    except NotFoundException:
        return None


def _of_role(call: Call) -> Iterator[Permission]:
    name = str(call.get("RoleName"))
    role = None if call.operation == "CreateRole" else find_role(call, name)
    arn = role.arn if role else call.arn(f"role{call.get('Path') or '/'}{name}", "iam")
    tags = request_tags(call.get("Tags"))
    if call.operation == "UntagRole":
        tags = {"aws:tagkeys": call.get("TagKeys") or []}
    yield call.own(arn, tags | _tags(role))
    if call.operation == "CreateRole" and tags:
        yield call.permission("iam:TagRole", arn, tags)


def _tags(role: Any) -> dict[str, str | list[str]]:
    return resource_tags(role.tags, "iam") if role else {}
