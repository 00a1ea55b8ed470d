"""What calls of Redshift need.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshift.html
https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-secrets-manager-integration.html
https://docs.aws.amazon.com/redshift/latest/mgmt/using-service-linked-roles.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.redshift.models import redshift_backends

from sandbox.aws.permissions import iam
from sandbox.aws.permissions.call import Call, Tags, request_tags, resource_tags
from sandbox.aws.refusals import RefusalError
from sandbox.iam.conditions import Context
from sandbox.iam.policy import Permission

SERVICE = "redshift.amazonaws.com"
OF_A_CLUSTER = {
    *("CreateCluster", "DeleteCluster", "DescribeClusters", "DescribeLoggingStatus"),
    *("ModifyCluster", "ModifyClusterIamRoles", "PauseCluster", "ResumeCluster"),
    "RestoreFromClusterSnapshot",
}
OF_TAGS = frozenset({"CreateTags", "DeleteTags", "DescribeTags"})
# The reference lists no resource for these.
OF_ALL = frozenset({"DescribeClusterSnapshots", "DescribeClusterSubnetGroups"})
MAKES_CLUSTER = frozenset({"CreateCluster", "RestoreFromClusterSnapshot"})
# What Redshift reads of EC2 in the caller's name before it makes a cluster: of the policy
# AmazonRedshiftFullAccess, what does not change anything.
NETWORK_ACTIONS = (
    "DescribeAccountAttributes",
    "DescribeAddresses",
    "DescribeAvailabilityZones",
    "DescribeInternetGateways",
    "DescribeSecurityGroups",
    "DescribeSubnets",
    "DescribeVpcs",
)
# What Redshift does in the caller's name to keep a password in Secrets Manager.
SECRET_ACTIONS = ("CreateSecret", "DescribeSecret", "UpdateSecret", "RotateSecret", "TagResource")


def permissions(call: Call) -> Iterator[Permission]:
    """The permissions of an operation and of what it does in the caller's name.

    None for operations that are not known here. Raises RefusalError.
    """
    if call.operation in OF_A_CLUSTER:
        yield from _of_cluster(call)
    elif call.operation == "DeleteClusterSnapshot":
        yield call.own(*_snapshot(call))
    elif call.operation in OF_TAGS:
        yield _of_tags(call)
    elif call.operation in OF_ALL:
        yield call.own()
    elif call.operation == "GetClusterCredentials":
        yield from _credentials(call)
    elif call.operation == "GetClusterCredentialsWithIAM":
        database = call.get("DbName")
        arn = call.arn(f"dbname:{_cluster_name(call)}/{database}") if database else "*"
        yield call.own(arn, {"redshift:dbname": database} if database else {})
    if call.get("Tags") and call.operation == "CreateCluster":
        arn, _ = _cluster(call)
        yield call.permission("redshift:CreateTags", arn, request_tags(call.get("Tags")))


def network_permissions(call: Call) -> Iterator[Permission]:
    """What CreateCluster and RestoreFromClusterSnapshot need of EC2; none for other calls.

    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonRedshiftFullAccess.html
    """
    if call.service == "redshift" and call.operation in MAKES_CLUSTER:
        for action in NETWORK_ACTIONS:
            yield call.permission(f"ec2:{action}", context={"ec2:region": call.region})


def needs_linked_role(call: Call) -> bool:
    """Whether the account's first cluster or namespace is made, and AWS makes its own role."""
    name = iam.LINKED_ROLES[SERVICE]
    makes = call.operation in MAKES_CLUSTER or call.operation == "CreateNamespace"
    return makes and iam.find_role(call, name) is None


def _of_cluster(call: Call) -> Iterator[Permission]:
    arn, context = _cluster(call)
    yield call.own(arn, context | request_tags(call.get("Tags")))
    if call.operation == "RestoreFromClusterSnapshot":
        yield call.own(*_snapshot(call))
    if call.get("KmsKeyId"):
        raise RefusalError("unchecked", "permissions on KMS keys")
    for role in [*(call.get("IamRoles") or []), *(call.get("AddIamRoles") or [])]:
        yield iam.pass_role(call, role, SERVICE)
    if needs_linked_role(call):
        yield iam.create_linked_role(call, SERVICE)
    yield from _secret(call)


def _secret(call: Call) -> Iterator[Permission]:
    """The permissions on the secret of a password that Redshift manages."""
    cluster = _find_cluster(call)
    known = getattr(cluster, "master_password_secret_arn", None)
    if call.operation == "DeleteCluster" and known:
        yield call.permission("secretsmanager:DeleteSecret", known)
    if not call.get("ManageMasterPassword"):
        return
    new = f"secret:redshift!{_cluster_name(call)}-{_master_user(call)}-??????"
    for action in SECRET_ACTIONS:
        arn = known or call.arn(new, "secretsmanager")
        yield call.permission(f"secretsmanager:{action}", arn)
    yield call.permission("secretsmanager:GetRandomPassword")


def _of_tags(call: Call) -> Permission:
    arn = call.get("ResourceName")
    backend = _backend(call)
    known = [*backend.clusters.values(), *backend.snapshots.values()]
    tags: Tags = next((each.tags for each in known if each.arn == arn), [])
    asked = request_tags(call.get("Tags"))
    if call.operation == "DeleteTags":
        asked = {"aws:tagkeys": call.get("TagKeys") or []}
    return call.own(arn or "*", asked | resource_tags(tags))


def _credentials(call: Call) -> Iterator[Permission]:
    """The database user, and what else the login shall be good for.

    https://docs.aws.amazon.com/redshift/latest/mgmt/generating-iam-credentials-role-permissions.html
    """
    cluster, user, database = _cluster_name(call), call.get("DbUser"), call.get("DbName")
    context = {"redshift:dbuser": user} | ({"redshift:dbname": database} if database else {})
    arn = call.arn(f"dbuser:{cluster}/{user}")
    yield call.own(arn, context)
    if database:
        yield call.own(call.arn(f"dbname:{cluster}/{database}"), context)
    if call.get("AutoCreate"):
        yield call.permission("redshift:CreateClusterUser", arn, {"redshift:dbuser": user})


def _cluster(call: Call) -> tuple[str, dict[str, str | list[str]]]:
    cluster = None if call.operation in MAKES_CLUSTER else _find_cluster(call)
    tags = resource_tags(cluster.tags) if cluster else {}
    return call.arn(f"cluster:{_cluster_name(call)}"), tags


def _snapshot(call: Call) -> tuple[str, Context]:
    """The snapshot that the call names, or one of any cluster if there is none of this name."""
    name = str(call.get("SnapshotIdentifier") or "*").lower()
    found = _find_snapshot(call, name)
    # A restore is checked against the cluster that the caller names, and against any if none.
    of_cluster = call.get("SnapshotClusterIdentifier")
    given = of_cluster or call.get("SnapshotArn")
    if found and (given or call.operation != "RestoreFromClusterSnapshot"):
        return str(found.arn), resource_tags(found.tags)
    return str(call.get("SnapshotArn") or call.arn(f"snapshot:{of_cluster or '*'}/{name}")), {}


def _find_snapshot(call: Call, name: str) -> Any:
    known = _backend(call).snapshots
    by_arn = {each.arn: each for each in list(known.values())}
    return known.get(name) or by_arn.get(call.get("SnapshotArn"))


def _find_cluster(call: Call) -> Any:
    return _backend(call).clusters.get(_cluster_name(call))


def _cluster_name(call: Call) -> str:
    return str(call.get("ClusterIdentifier") or "*").lower()


def _master_user(call: Call) -> str:
    found = _find_snapshot(call, str(call.get("SnapshotIdentifier")).lower())
    found = found or _find_cluster(call)
    return str(call.get("MasterUsername") or getattr(found, "master_username", "*"))


def _backend(call: Call) -> Any:
    return redshift_backends[call.account][call.region]
