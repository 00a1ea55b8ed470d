"""Facts about AWS's own APIs, and about the way into a cluster."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

import psycopg2
from fact import Place, code_of, fact

from dwh.aws import s3_client, split_url
from dwh.connection import connect
from dwh.provisioning.cluster import new_cluster
from dwh.warehouse_access import analyst, database_user, owner

REDSHIFT = "https://docs.aws.amazon.com/redshift/latest"
S3 = "https://docs.aws.amazon.com/AmazonS3/latest/API"


@fact(
    f"{REDSHIFT}/APIReference/API_GetClusterCredentials.html",
    "dwh/cluster_access.py: owner",
    (True, True, True),
    "cluster",
)
def password_of_fifteen_minutes_is_for_the_user_in_iams_name(place: Place) -> Any:
    user, name = place.value("SELECT CURRENT_USER"), place.config.identifier
    request = {"ClusterIdentifier": name, "DbUser": place.config.user, "DurationSeconds": 900}
    found = place.aws("redshift").get_cluster_credentials(**request)
    name = found["DbUser"]
    left = datetime.fromisoformat(found["Expiration"]) - datetime.now(UTC)
    is_short = abs(left.total_seconds() - 900) < 60 or left
    return name == f"IAM:{place.config.user}" or name, user == place.config.user or user, is_short


@fact(
    f"{REDSHIFT}/APIReference/API_GetClusterCredentialsWithIAM.html",
    "dwh/warehouse_access.py: database_user",
    True,
)
def iam_role_logs_in_as_a_user_of_its_own_name(place: Place) -> Any:
    with connect(place.config, place.warehouse, analyst(place.config)) as session:
        cursor = session.cursor()
        cursor.execute("SELECT CURRENT_USER")
        (user,) = cursor.fetchone() or ("",)
    return user == database_user(place.config) or user


@fact(f"{REDSHIFT}/mgmt/connecting-ssl-support.html", "dwh/connection.py: log_in", True)
def session_is_encrypted_by_tls(place: Place) -> Any:
    return place.session.info.ssl_in_use


@fact(f"{REDSHIFT}/mgmt/connecting-ssl-support.html", "dwh/connection.py: CONNECTION_OPTIONS", True)
def nobody_logs_in_without_tls(place: Place) -> Any:
    user, password = owner(place.config).ask()
    try:
        psycopg2.connect(
            "sslmode=disable connect_timeout=10",
            host=place.warehouse.host,
            port=place.warehouse.port,
            dbname=place.config.database,
            user=user,
            password=password,
        ).close()
    except psycopg2.OperationalError as error:
        return bool(re.search("SSL off|no encryption", str(error))) or str(error)
    return "logged in without TLS"


@fact(
    f"{REDSHIFT}/APIReference/API_DescribeClusters.html",
    "dwh/cluster_access.py: find_cluster",
    "ClusterNotFound",
    "cluster",
)
def unknown_cluster_is_not_found(place: Place) -> Any:
    describe = place.aws("redshift").describe_clusters
    return code_of(describe, ClusterIdentifier=f"{place.config.identifier}-none")


@fact(
    f"{REDSHIFT}/APIReference/API_CreateCluster.html",
    "dwh/provisioning/cluster.py: send_request",
    "ClusterAlreadyExists",
    "cluster",
)
def cluster_is_not_created_twice(place: Place) -> Any:
    request = {"ClusterIdentifier": place.config.identifier, "NodeType": place.config.node_type}
    request |= new_cluster(place.config)
    return code_of(place.aws("redshift").create_cluster, ManageMasterPassword=True, **request)


@fact(
    f"{REDSHIFT}/APIReference/API_ClusterIamRole.html",
    "dwh/cluster_access.py: is_available",
    ["in-sync"],
    "cluster",
)
def role_that_the_cluster_can_take_is_in_sync(place: Place) -> Any:
    return [each["ApplyStatus"] for each in place.cluster["IamRoles"]]


@fact(
    f"{REDSHIFT}/APIReference/API_Cluster.html",
    "dwh/provisioning/cluster.py: new_cluster",
    (True, True, True),
    "cluster",
)
def cluster_is_encrypted_and_its_password_is_in_secrets_manager(place: Place) -> Any:
    found = place.cluster
    secret = found.get("MasterPasswordSecretArn", "")
    is_secret = secret.startswith("arn:aws:secretsmanager:") or secret
    return found["Encrypted"], is_secret, found["PubliclyAccessible"] == place.config.public


@fact(
    f"{REDSHIFT}/APIReference/API_DescribeClusterSnapshots.html",
    "dwh/provisioning/cluster_snapshots.py: find",
    "ClusterSnapshotNotFound",
)
def unknown_snapshot_is_not_found(place: Place) -> Any:
    describe = place.aws("redshift").describe_cluster_snapshots
    return code_of(describe, SnapshotIdentifier=f"{place.config.identifier}-none")


@fact(
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html",
    "dwh/provisioning/role.py: look",
    "NoSuchEntity",
)
def unknown_role_is_no_such_entity(place: Place) -> Any:
    return code_of(place.aws("iam").get_role, RoleName=f"{place.config.role}-none")


@fact(
    "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html",
    "dwh/provisioning/security_group.py: open_port",
    "InvalidPermission.Duplicate",
)
def rule_that_is_there_is_a_duplicate(place: Place) -> Any:
    ec2, named = place.aws("ec2"), [{"Name": "group-name", "Values": [place.config.security_group]}]
    (group,) = ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    (rule,) = group["IpPermissions"]
    there = {
        key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort", "IpRanges", "Ipv6Ranges")
    }
    authorize = ec2.authorize_security_group_ingress
    return code_of(
        authorize,
        GroupId=group["GroupId"],
        IpPermissions=[{key: value for key, value in there.items() if value}],
    )


@fact(f"{S3}/API_ListObjectsV2.html", "dwh/loading/files.py: list_files", "NoSuchBucket")
def unknown_bucket_is_no_such_bucket(place: Place) -> Any:
    bucket, _ = split_url(place.put("etag", "x"))
    listing = s3_client(place.config).list_objects_v2
    return code_of(listing, Bucket=bucket.replace("-dwh-", "-not-"))


@fact(f"{S3}/API_GetObject.html", "dwh/json_paths.py: read_json_paths", "NoSuchKey")
def unknown_key_is_no_such_key_to_who_may_list_the_bucket(place: Place) -> Any:
    bucket, key = split_url(place.put("etag", "x"))
    return code_of(s3_client(place.config).get_object, Bucket=bucket, Key=f"{key}-none")


@fact(f"{S3}/API_Object.html", "dwh/loading/files.py: is_new", [hashlib.md5(b"x").hexdigest()])
def listed_etag_of_a_small_file_is_the_md5_of_its_content(place: Place) -> Any:
    bucket, key = split_url(place.put("etag", "x"))
    listing = s3_client(place.config).list_objects_v2(Bucket=bucket, Prefix=key)
    return [each["ETag"].strip('"') for each in listing["Contents"]]


@fact(f"{S3}/API_GetObject.html", "dwh/loading/packing.py: read_once", "PreconditionFailed")
def file_that_has_changed_is_not_read_by_its_former_etag(place: Place) -> Any:
    bucket, key = split_url(place.put("etag", "x"))
    former = f'"{hashlib.md5(b"y").hexdigest()}"'
    return code_of(s3_client(place.config).get_object, Bucket=bucket, Key=key, IfMatch=former)
