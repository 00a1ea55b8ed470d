"""What a cluster is to be, from the parameters of a request, in the words of moto's Cluster."""

from __future__ import annotations

from typing import Any

from sandbox.aws.requests import Parameters, unsupported

DEFAULT_PARAMETER_GROUP = "default.redshift-2.0"
# What ModifyCluster takes if it is as before; the names of its parameters and of moto's attributes.
UNCHANGEABLE = {
    "AllowVersionUpgrade": "allow_version_upgrade",
    "AutomatedSnapshotRetentionPeriod": "automated_snapshot_retention_period",
    "AvailabilityZone": "availability_zone",
    "ClusterParameterGroupName": "parameter_group_name",
    "ClusterType": "cluster_type",
    "ClusterVersion": "cluster_version",
    "Encrypted": "encrypted",
    "KmsKeyId": "kms_key_id",
    "ManageMasterPassword": "is_password_managed",
    "ManualSnapshotRetentionPeriod": "manual_snapshot_retention_period",
    "MasterUserPassword": "",
    "NewClusterIdentifier": "cluster_identifier",
    "NodeType": "node_type",
    "NumberOfNodes": "number_of_nodes",
    "Port": "port",
    "PreferredMaintenanceWindow": "preferred_maintenance_window",
}
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
    return _common(get) | {
        "node_type": get("NodeType"),
        "master_username": get("MasterUsername"),
        "master_user_password": get("MasterUserPassword"),
        "db_name": get("DBName"),
        "cluster_type": get("ClusterType"),
        "number_of_nodes": get("NumberOfNodes"),
        "cluster_version": get("ClusterVersion"),
        "tags": get("Tags") or [],
    }


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
    return {
        "cluster_identifier": get("ClusterIdentifier"),
        "vpc_security_group_ids": get("VpcSecurityGroupIds") or [],
        "cluster_subnet_group_name": get("ClusterSubnetGroupName"),
        "availability_zone": get("AvailabilityZone"),
        "preferred_maintenance_window": get("PreferredMaintenanceWindow"),
        "cluster_parameter_group_name": get("ClusterParameterGroupName") or DEFAULT_PARAMETER_GROUP,
        "automated_snapshot_retention_period": get("AutomatedSnapshotRetentionPeriod"),
        "manual_snapshot_retention_period": get("ManualSnapshotRetentionPeriod") or -1,
        "port": get("Port"),
        "allow_version_upgrade": get("AllowVersionUpgrade") is not False,
        "publicly_accessible": bool(get("PubliclyAccessible")),
        "iam_roles_arn": get("IamRoles") or [],
        "kms_key_id": get("KmsKeyId"),
        "is_password_managed": bool(get("ManageMasterPassword")),
    }


def changes(get: Parameters, cluster: Any) -> Settings:
    """What ModifyCluster is to change.

    Raises UnsupportedOperation for anything else than who can reach the cluster.
    """
    for parameter, attribute in UNCHANGEABLE.items():
        wanted = get(parameter)
        if wanted is not None and wanted != getattr(cluster, attribute, None):
            raise unsupported(f"change of {parameter}")
    settings: Settings = {}
    if get("PubliclyAccessible") is not None:
        settings["publicly_accessible"] = get("PubliclyAccessible")
    if get("VpcSecurityGroupIds"):
        settings["vpc_security_group_ids"] = get("VpcSecurityGroupIds")
    return settings
