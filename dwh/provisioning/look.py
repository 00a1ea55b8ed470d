"""What there is of an environment, read once, for the plans to be made by."""

from __future__ import annotations

from typing import Any

from dwh.aws import Clients
from dwh.cluster_access import find_cluster
from dwh.config import Config
from dwh.ownership import is_ours, tags
from dwh.provisioning import bucket, role, security_group, snapshots, source_data
from dwh.provisioning.environment import Described, Environment, Remains
from dwh.provisioning.waiting import is_leaving


def look(aws: Clients, config: Config, restore: str | None = None) -> Environment:
    """What setup_env.py plans by; `restore` names a snapshot to make the cluster from.

    Raises DwhError for what cannot be found: a VPC, the snapshot, this machine's address.
    """
    our_role, analyst_role, superseded_roles = role.look(aws.iam, config)
    our_bucket, superseded_buckets = bucket.look(aws, config)
    vpc = security_group.find_vpc(aws.ec2, aws.redshift, config)
    group, superseded_groups = security_group.look(aws, config, vpc)
    cluster = find_cluster(aws.redshift, config)
    return Environment(
        account=aws.account,
        client_addresses=security_group.client_addresses(config),
        vpc=vpc,
        role=our_role,
        analyst_role=analyst_role,
        superseded_roles=superseded_roles,
        bucket=our_bucket,
        superseded_buckets=superseded_buckets,
        group=group,
        superseded_groups=superseded_groups,
        existing_groups=security_group.look_at_existing(aws, config),
        cluster=cluster,
        restore=restore,
        snapshot=snapshot_to_restore(aws.redshift, config, cluster, restore),
        data_problem=source_data.look(config),
    )


def snapshot_to_restore(
    redshift: Any, config: Config, cluster: Described | None, name: str | None
) -> Described | None:
    """The snapshot to restore, unless there is a cluster."""
    if name is None or (cluster and not is_leaving(cluster)):
        return None
    return snapshots.find_snapshot(redshift, config, name)


def look_at_remains(aws: Clients, config: Config, final_snapshot: str | None = None) -> Remains:
    """What shutdown_env.py plans by, and what may be left when it is done."""
    return Remains(
        cluster=find_cluster(aws.redshift, config),
        clusters=our_clusters(aws.redshift, config),
        groups=security_group.our_groups(aws.ec2, config),
        roles=[each["RoleName"] for each in role.our_roles(aws.iam, config)],
        buckets=bucket.our_buckets(aws, config),
        final_snapshot=final_snapshot,
    )


def our_clusters(redshift: Any, config: Config) -> list[Described]:
    """The clusters with the environment's tags, whatever they are called."""
    tag = tags(config)[0]
    pages = redshift.get_paginator("describe_clusters").paginate(
        TagKeys=[tag["Key"]], TagValues=[tag["Value"]]
    )
    return [each for page in pages for each in page["Clusters"] if is_ours(each, config)]
