"""What a cluster is to be, from the parameters of a request, in the words of moto's Cluster."""

from __future__ import annotations

from typing import Any

from moto.core.utils import camelcase_to_underscores

from sandbox.aws.requests import Parameters, unsupported

DEFAULT_PARAMETER_GROUP = "default.redshift-2.0"
# What ModifyCluster takes if it is as before, and what moto calls it if that is another name.
UNCHANGEABLE = """
    AllowVersionUpgrade AutomatedSnapshotRetentionPeriod AvailabilityZone ClusterParameterGroupName
    ClusterType ClusterVersion Encrypted KmsKeyId ManageMasterPassword ManualSnapshotRetentionPeriod
    MasterUserPassword NewClusterIdentifier NodeType NumberOfNodes Port PreferredMaintenanceWindow
"""
OTHER_NAMES = {
    "ClusterParameterGroupName": "parameter_group_name",
    "ManageMasterPassword": "is_password_managed",
    "MasterUserPassword": "",
    "NewClusterIdentifier": "cluster_identifier",
}
# What moto's Cluster takes as it is in a request: in any, and in that of a new cluster.
COMMON = """
    AutomatedSnapshotRetentionPeriod AvailabilityZone ClusterIdentifier ClusterSubnetGroupName
    KmsKeyId Port PreferredMaintenanceWindow
"""
OF_NEW = """
    ClusterType ClusterVersion DBName MasterUserPassword MasterUsername NodeType NumberOfNodes
"""
# What a restored cluster has of its snapshot, unless the request says otherwise.
INHERITED = (
    "automated_snapshot_retention_period",
    "cluster_version",
    "db_name",
    "master_username",
    "node_type",
    "number_of_nodes",
    "port",
    "preferred_maintenance_window",
)

Settings = dict[str, Any]


def new_cluster(get: Parameters) -> Settings:
    """What CreateCluster asks for.

    https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateCluster.html
    """
    return _common(get) | _taken(get, OF_NEW) | {"tags": get("Tags") or []}


def restored_cluster(get: Parameters, snapshot: Any) -> Settings:
    """What RestoreFromClusterSnapshot asks for, and the snapshot's own for what it leaves open.

    The tags are the snapshot's.
    https://docs.aws.amazon.com/redshift/latest/mgmt/amazon-redshift-tagging.html
    """
    common = _common(get)
    inherited = {name: getattr(snapshot, name) for name in INHERITED if common.get(name) is None}
    single = snapshot.number_of_nodes == 1
    return {
        **common,
        **inherited,
        "cluster_type": "single-node" if single else "multi-node",
        "master_user_password": None,
        "tags": [dict(tag) for tag in snapshot.tags],
    }


def _common(get: Parameters) -> Settings:
    """What both requests can ask for; None for what they leave open and has no default here."""
    return _taken(get, COMMON) | {
        "vpc_security_group_ids": get("VpcSecurityGroupIds") or [],
        "cluster_parameter_group_name": get("ClusterParameterGroupName") or DEFAULT_PARAMETER_GROUP,
        "manual_snapshot_retention_period": get("ManualSnapshotRetentionPeriod") or -1,
        "allow_version_upgrade": get("AllowVersionUpgrade") is not False,
        "publicly_accessible": bool(get("PubliclyAccessible")),
        "iam_roles_arn": get("IamRoles") or [],
        "is_password_managed": bool(get("ManageMasterPassword")),
    }


def _taken(get: Parameters, names: str) -> Settings:
    return {camelcase_to_underscores(name): get(name) for name in names.split()}


def changes(get: Parameters, cluster: Any) -> Settings:
    """What ModifyCluster is to change.

    Raises UnsupportedOperation for anything else than who can reach the cluster.
    """
    for parameter in UNCHANGEABLE.split():
        attribute = OTHER_NAMES.get(parameter, camelcase_to_underscores(parameter))
        wanted = get(parameter)
        if wanted is not None and wanted != getattr(cluster, attribute, None):
            raise unsupported(f"change of {parameter}")
    settings: Settings = {}
    if get("PubliclyAccessible") is not None:
        settings["publicly_accessible"] = get("PubliclyAccessible")
    if get("VpcSecurityGroupIds"):
        settings["vpc_security_group_ids"] = get("VpcSecurityGroupIds")
    return settings
