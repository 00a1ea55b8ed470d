"""What there is of an environment, read once, for the plans to be made by."""

from __future__ import annotations

from typing import Any

from dwh.aws import Clients, has_service
from dwh.cluster_access import find_cluster
from dwh.config import Config
from dwh.ownership import is_ours, tags
from dwh.provisioning import (
    bucket,
    role,
    security_group,
    serverless,
    serverless_end,
    source_data,
)
from dwh.provisioning.environment import Described, Environment, Remains, ServerlessFound
from dwh.provisioning.kinds import find_snapshot, is_cluster
from dwh.provisioning.waiting import is_leaving
from dwh.serverless_access import SERVICE, find_namespace


def look(aws: Clients, config: Config, restore: str | None = None) -> Environment:
    """What setup_env.py plans by; `restore` names a snapshot to make the cluster from.

    Raises DwhError for what cannot be found: a VPC, the snapshot, this machine's address.
    """
    our_role, analyst_role, superseded_roles = role.look(aws.iam, config)
    our_bucket, superseded_buckets = bucket.look(aws, config)
    vpc = security_group.find_vpc(aws.ec2, aws.redshift, config)
    group, superseded_groups = security_group.look(aws, config, vpc)
    cluster = find_cluster(aws.redshift, config)
    there = serverless.look(aws, config, vpc) if not is_cluster(config) else beside(aws, config)
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
        serverless=there,
        restore=restore,
        snapshot=snapshot_to_restore(aws, config, cluster or there.namespace, restore),
        data_problem=source_data.look(config),
    )


def beside(aws: Clients, config: Config) -> ServerlessFound:
    """What there is of Redshift Serverless under the name of a cluster: the namespace alone."""
    if not has_service(config, SERVICE):
        return ServerlessFound()
    return ServerlessFound(namespace=find_namespace(aws.serverless, config))


def snapshot_to_restore(
    aws: Clients, config: Config, there: Described | None, name: str | None
) -> Described | None:
    """The snapshot to restore, unless there is a warehouse."""
    leaving = there and (is_leaving(there) if "ClusterStatus" in there else False)
    if name is None or (there and not leaving):
        return None
    return find_snapshot(aws, config, name)


def look_at_remains(aws: Clients, config: Config, final_snapshot: str | None = None) -> Remains:
    """What shutdown_env.py plans by, and what may be left when it is done."""
    return Remains(
        cluster=find_cluster(aws.redshift, config),
        clusters=our_clusters(aws.redshift, config),
        namespaces=our_own("namespace", aws, config),
        workgroups=our_own("workgroup", aws, config),
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


def our_own(kind: str, aws: Clients, config: Config) -> list[Described]:
    """The namespaces or workgroups with the environment's tags, where there can be any."""
    if not has_service(config, SERVICE):
        return []
    return serverless_end.look(aws.serverless, config, kind)
