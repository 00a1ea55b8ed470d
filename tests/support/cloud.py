"""A running sandbox as tests see it: clients for its APIs, and what they do with clusters."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import boto3
import psycopg2
from waiting import wait_until

from sandbox.control import State, held_back

REGION = "us-west-2"
CLUSTER = "test-cluster"
MASTER = "awsuser"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "redshift.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
# A trust policy that leaves it to the policies of the account's identities.
ANYBODY_HERE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "sts:AssumeRole",
        }
    ],
}
READ_EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject"], "Resource": "*"}
    ],
}
# A rule of a security group that lets the tests reach a cluster.
OPEN_TO_TESTS = {
    "IpProtocol": "tcp",
    "FromPort": 5439,
    "ToPort": 5439,
    "IpRanges": [{"CidrIp": "127.0.0.1/32"}],
}


@dataclass
class Cloud:
    """A running sandbox and clients for its APIs."""

    state: State
    clients: dict[str, Any] = field(default_factory=dict, repr=False)
    # How to log in to the shared cluster, and how long that is good.
    shared: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    good_until: float = 0

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service,
                endpoint_url=self.state.endpoint_url,
                region_name=REGION,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        return self.clients[service]

    def create_cluster(self, name: str, roles: list[str] | None = None, **settings: Any) -> None:
        redshift = self.client("redshift")
        request = {
            "ClusterIdentifier": name,
            "NodeType": "ra3.large",
            "ClusterType": "multi-node",
            "NumberOfNodes": 2,
            "MasterUsername": MASTER,
            "ManageMasterPassword": True,
            "DBName": "dev",
            "PubliclyAccessible": True,
            "IamRoles": roles or [],
        }
        redshift.create_cluster(**request | settings)
        self.wait("cluster_available", name)

    def wait(self, waiter: str, name: str) -> None:
        """Wait with one of boto3's waiters for a cluster."""
        patience = {"Delay": 0.05, "MaxAttempts": 12_000}
        found = self.client("redshift").get_waiter(waiter)
        found.wait(ClusterIdentifier=name, WaiterConfig=patience)

    def cluster(self, name: str) -> dict[str, Any]:
        """The cluster as AWS describes it."""
        (found,) = self.client("redshift").describe_clusters(ClusterIdentifier=name)["Clusters"]
        return dict(found)

    def default_group(self) -> str:
        """The default security group of the default VPC, which clusters get that name none."""
        ec2 = self.client("ec2")
        (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
        settings = {"vpc-id": vpc["VpcId"], "group-name": "default"}
        filters = [{"Name": name, "Values": [value]} for name, value in settings.items()]
        (found,) = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
        return str(found["GroupId"])

    def delete_cluster(self, name: str, snapshot: str | None = None) -> str:
        """Delete a cluster, by default with all its rows, and wait until it is gone.

        Returns the status that AWS answered with.
        """
        ending: dict[str, Any] = {"SkipFinalClusterSnapshot": True}
        if snapshot:
            ending = {"FinalClusterSnapshotIdentifier": snapshot}
        answer = self.client("redshift").delete_cluster(ClusterIdentifier=name, **ending)
        self.wait("cluster_deleted", name)
        return str(answer["Cluster"]["ClusterStatus"])

    def wait_for_status(self, name: str, status: str) -> None:
        """Wait until a cluster has a status for which boto3 has no waiter."""
        wait_until(lambda: self.cluster(name)["ClusterStatus"] == status, status)

    def create_role(
        self, name: str, trust: Any = TRUST, policy: Any = READ_EVERYTHING, path: str = "/"
    ) -> str:
        iam = self.client("iam")
        document = json.dumps(trust)
        role = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=document)
        if policy is not None:
            document = json.dumps(policy)
            iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=document)
        return str(role["Role"]["Arn"])

    def create_work_bucket(self, name: str) -> None:
        """Make the bucket in which a load of the cluster lists its files."""
        self.client("s3").create_bucket(
            Bucket=f"{name}-dwh-123456789012-{REGION}-an",
            CreateBucketConfiguration={"LocationConstraint": REGION},
        )

    def endpoint(self, name: str = CLUSTER) -> dict[str, Any]:
        return dict(self.cluster(name)["Endpoint"])

    def credentials(self, name: str = CLUSTER, user: str = MASTER, **more: Any) -> dict[str, Any]:
        request = {"DbUser": user, "ClusterIdentifier": name}
        return dict(self.client("redshift").get_cluster_credentials(**request | more))

    def way_in(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The endpoint and credentials of a cluster; those of the shared one are asked for once."""
        if name != CLUSTER:
            return self.endpoint(name), self.credentials(name)
        if time.monotonic() > self.good_until:
            self.shared = self.endpoint(name), self.credentials(name, DurationSeconds=3600)
            self.good_until = time.monotonic() + 3000
        return self.shared

    @cached_property
    def admin(self) -> Any:
        """A connection to the shared cluster, to make databases by."""
        found = self.connect()
        found.autocommit = True
        return found

    def connect(self, database: str = "dev", name: str = CLUSTER, **changes: Any) -> Any:
        endpoint, credentials = self.way_in(name)
        settings = {
            "host": endpoint["Address"],
            "port": endpoint["Port"],
            "user": credentials["DbUser"],
            "password": credentials["DbPassword"],
            "dbname": database,
            "sslmode": "verify-full",
            "sslrootcert": self.state.ca_file,
        }
        return psycopg2.connect(**settings | changes)


@contextmanager
def rows_held_back(cloud: Cloud, *families: str) -> Iterator[Callable[[], None]]:
    """Keep the rows of families of system views from sight, until the block calls its value."""
    files = [held_back(cloud.state, family) for family in families]

    def release() -> None:
        for file in files:
            file.unlink(missing_ok=True)

    for file in files:
        file.touch()
    try:
        yield release
    finally:
        release()
