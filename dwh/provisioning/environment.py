"""What there is of an environment, as AWS told it before anything was planned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dwh.errors import DwhError

# A resource as AWS describes it.
Described = dict[str, Any]


@dataclass(frozen=True)
class Role:
    """An IAM role; `policy` is the one that setup_env.py has given it, the others are named."""

    described: Described
    policy: Any = None
    other_policies: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Bucket:
    """An S3 bucket: its tags, its block of public access, its rules of encryption."""

    tags: list[dict[str, str]]
    public_access: Any = None
    encryption: Any = None


@dataclass(frozen=True)
class SecurityGroup:
    """A security group, and whom it lets in."""

    described: Described
    rules: list[Described]


@dataclass(frozen=True)
class ServerlessFound:
    """What there is of Redshift Serverless under our name, and the subnets to make it in.

    `limit` is the workgroup's daily limit.
    """

    namespace: Described | None = None
    workgroup: Described | None = None
    limit: Described | None = None
    subnets: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Environment:
    """What setup_env.py plans by.

    The resources that dwh.cfg names, whoever has made them, and ours that it no longer names. The
    `role` is the cluster's. `existing_groups` are those that EXISTING_SECURITY_GROUPS names.
    `client_addresses` is the range that the cluster's port is to be open to. `restore` names the
    snapshot that a new cluster is to be made from, which is looked up only if there is no cluster.
    `data_problem` is why the data in S3 could not be loaded.
    """

    account: str
    client_addresses: str = ""
    vpc: str = ""
    restore: str | None = None
    role: Role | None = None
    analyst_role: Role | None = None
    superseded_roles: list[Described] = field(default_factory=list)
    bucket: Bucket | None = None
    superseded_buckets: list[str] = field(default_factory=list)
    group: SecurityGroup | None = None
    superseded_groups: list[Described] = field(default_factory=list)
    existing_groups: list[SecurityGroup] = field(default_factory=list)
    cluster: Described | None = None
    serverless: ServerlessFound = ServerlessFound()
    snapshot: Described | None = None
    data_problem: DwhError | None = None


@dataclass(frozen=True)
class Remains:
    """What shutdown_env.py plans by: all that is ours, whatever it is called.

    `cluster` is the one that IDENTIFIER names, whoever has made it; `clusters`, `namespaces` and
    `workgroups` have our tags.
    `final_snapshot` is what the snapshot is to be called in which its rows are kept, if any.
    """

    cluster: Described | None = None
    clusters: list[Described] = field(default_factory=list)
    namespaces: list[Described] = field(default_factory=list)
    workgroups: list[Described] = field(default_factory=list)
    groups: list[Described] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    buckets: list[str] = field(default_factory=list)
    final_snapshot: str | None = None
