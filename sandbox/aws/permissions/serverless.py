"""What calls of Redshift Serverless need, and of Secrets Manager for its administrator's password.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshiftserverless.html
https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-secrets-manager-integration.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sandbox.aws.permissions import iam, redshift
from sandbox.aws.permissions.call import Call, request_tags, resource_tags
from sandbox.aws.serverless import find_region
from sandbox.iam.conditions import Context
from sandbox.iam.policy import Permission

# The resources on which an operation needs its permission, if not on the one that ends its name.
KINDS = {
    "CreateWorkgroup": ("workgroup", "namespace"),
    "GetCredentials": ("workgroup",),
    "RestoreFromSnapshot": ("namespace", "snapshot"),
}
KIND = re.compile("(?:Create|Delete|Get|Update)(Namespace|Snapshot|Workgroup)")
OF_NAMESPACES = frozenset({"CreateNamespace", "DeleteNamespace", "UpdateNamespace"})
OF_TAGS = frozenset({"ListTagsForResource", "TagResource"})
# The reference lists no resource for these.
OF_ALL = frozenset({"ListNamespaces", "ListSnapshots", "ListWorkgroups"}) | {
    *("CreateUsageLimit", "DeleteUsageLimit", "ListUsageLimits", "UpdateUsageLimit")
}
SECRET_ACTIONS = (*redshift.SECRET_ACTIONS, "DeleteSecret")


def permissions(call: Call) -> Iterator[Permission]:
    """The permissions of an operation and of what it does in the caller's name.

    None for operations that are not known here.
    """
    if call.operation == "GetSecretValue":
        yield call.own(str(call.get("SecretId")))
    elif call.operation in OF_TAGS:
        arn = str(call.get("resourceArn"))
        yield call.own(arn, _tags_of(call, arn) | _asked(call))
    elif call.operation in OF_ALL:
        yield call.own()
    kinds = _kinds(call.operation)
    for kind in kinds:
        yield call.own(*_resource(call, kind))
    if call.operation.startswith("Create") and call.get("tags"):
        yield call.permission("redshift-serverless:TagResource", *_resource(call, kinds[0]))
    if call.operation in OF_NAMESPACES:
        yield from _of_namespace(call)


def _kinds(operation: str) -> tuple[str, ...]:
    found = KIND.fullmatch(operation)
    return KINDS.get(operation) or ((found[1].lower(),) if found else ())


def network_permissions(call: Call) -> Iterator[Permission]:
    """What CreateWorkgroup needs of EC2, as CreateCluster does; none for other calls."""
    if (call.service, call.operation) == ("redshift-serverless", "CreateWorkgroup"):
        for action in redshift.NETWORK_ACTIONS:
            yield call.permission(f"ec2:{action}", context={"ec2:region": call.region})


def _of_namespace(call: Call) -> Iterator[Permission]:
    """The permissions on the roles of a namespace, and on the secret of its password."""
    for role in call.get("iamRoles") or []:
        yield iam.pass_role(call, role, redshift.SERVICE)
    name, user = call.get("namespaceName"), call.get("adminUsername")
    if call.operation == "DeleteNamespace":
        found = find_region(call.account, call.region).namespaces.get(name)
        if found:
            known = found.described["adminPasswordSecretArn"]
            yield call.permission("secretsmanager:DeleteSecret", known)
    elif call.operation == "CreateNamespace":
        new = call.arn(f"secret:redshift!{name}-{user}-??????", "secretsmanager")
        for action in SECRET_ACTIONS:
            yield call.permission(f"secretsmanager:{action}", new)
        yield call.permission("secretsmanager:GetRandomPassword")
        if redshift.needs_linked_role(call):
            yield iam.create_linked_role(call, redshift.SERVICE)


def _resource(call: Call, kind: str) -> tuple[str, Context]:
    """The resource that the call names, any of its kind if it is not there yet; and the tags."""
    region = find_region(call.account, call.region)
    known = next(each for each in region.kinds if each.kind == kind)
    found = known.get(call.get(f"{kind}Name"))
    if found is None or call.operation == f"Create{kind.capitalize()}":
        return call.arn(f"{kind}/*"), _asked(call)
    return found.arn, _tags_of(call, found.arn) | _asked(call)


def _tags_of(call: Call, arn: str) -> dict[str, str | list[str]]:
    region = find_region(call.account, call.region)
    tags = next((each.tags for each in region.all_resources() if each.arn == arn), {})
    return resource_tags([{"Key": key, "Value": value} for key, value in tags.items()])


def _asked(call: Call) -> dict[str, str | list[str]]:
    tags = call.get("tags") or []
    return request_tags([{"Key": each["key"], "Value": each["value"]} for each in tags])
