"""What calls of EC2 need, as far as security groups, rules and tags go.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.ec2.models import ec2_backends

from sandbox.aws.permissions.call import Call, request_tags, resource_tags
from sandbox.iam.conditions import Context
from sandbox.iam.policy import Permission

# What the ids of resources that can be tagged begin with.
KINDS = {"sg": "security-group", "sgr": "security-group-rule", "vpc": "vpc"}


def permissions(call: Call) -> Iterator[Permission]:
    """The permissions of an operation on security groups, or on tags; none for others."""
    if call.operation == "CreateSecurityGroup":
        yield from _create_group(call)
    elif "SecurityGroup" in call.operation and not call.operation.startswith("Describe"):
        yield call.own(*_resource(call, "security-group", _group_id(call)))
        yield from _tagged(call, "security-group-rule")
    elif call.operation.startswith("Describe"):
        yield call.own(context=_region(call))
    elif call.operation in ("CreateTags", "DeleteTags"):
        yield from _change_tags(call)


def _create_group(call: Call) -> Iterator[Permission]:
    new = _region(call) | request_tags(_specified_tags(call, "security-group"))
    yield call.own(call.arn("security-group/*"), new)
    default = _backend(call).get_default_vpc()
    vpc = call.get("VpcId") or (default.id if default else "*")
    yield call.own(*_resource(call, "vpc", vpc))
    yield from _tagged(call, "security-group")


def _tagged(call: Call, kind: str) -> Iterator[Permission]:
    """The permission to tag what the operation makes, if it shall be tagged."""
    tags = _specified_tags(call, kind)
    if not tags:
        return
    context = _region(call) | request_tags(tags)
    if kind == "security-group-rule":
        yield call.own(call.arn(f"{kind}/*"), context)
    creating = context | {"ec2:createaction": call.operation}
    yield call.permission("ec2:CreateTags", call.arn(f"{kind}/*"), creating)


def _change_tags(call: Call) -> Iterator[Permission]:
    tags = call.get("Tags") or []
    asked = request_tags(tags)
    if call.operation == "DeleteTags":
        asked = {"aws:tagkeys": [tag["Key"] for tag in tags]}
    for resource in call.get("Resources") or []:
        kind = KINDS.get(resource.split("-")[0])
        if kind is None:
            yield call.unlisted()
            continue
        arn, context = _resource(call, kind, resource)
        yield call.own(arn, asked | dict(context))


def _resource(call: Call, kind: str, resource: str) -> tuple[str, Context]:
    """The ARN of a resource, and what conditions see of it."""
    found = _backend(call).describe_tags(filters={"resource-id": [resource]})
    tags = [{"Key": tag["key"], "Value": tag["value"]} for tag in found]
    context = _region(call) | resource_tags(tags, "ec2")
    if kind == "vpc":
        context["ec2:vpcid"] = resource
    group = _backend(call).get_security_group_from_id(resource)
    if group:
        context["ec2:vpc"] = call.arn(f"vpc/{group.vpc_id}")
        context["ec2:securitygroupid"] = resource
    return call.arn(f"{kind}/{resource}"), context


def _group_id(call: Call) -> str:
    found = None
    if call.get("GroupName"):
        found = _backend(call).get_security_group_from_name(call.get("GroupName"))
    return str(call.get("GroupId") or (found.id if found else "*"))


def _specified_tags(call: Call, kind: str) -> list[dict[str, str]]:
    specified = call.get("TagSpecifications") or []
    return [tag for each in specified if each.get("ResourceType") == kind for tag in each["Tags"]]


def _region(call: Call) -> dict[str, str | list[str]]:
    return {"ec2:region": call.region}


def _backend(call: Call) -> Any:
    return ec2_backends[call.account][call.region]
