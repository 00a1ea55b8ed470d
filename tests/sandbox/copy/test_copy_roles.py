"""What COPY's role has to have."""

from __future__ import annotations

import json
from typing import Any

import psycopg2
import pytest
from conftest import BUCKET, READ_EVERYTHING, TRUST, Database, numbers
from copy_cases import LINES, events

__all__ = ["events"]

ONE_PREFIX = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": f"arn:aws:s3:::{BUCKET}",
            "Condition": {"StringLike": {"s3:prefix": ["allowed*"]}},
        },
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/allowed*",
        },
    ],
}
LIST_ONLY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}],
}
OTHER_TRUST = json.loads(json.dumps(TRUST).replace("redshift.", "ec2."))
ROLES = [
    ("stranger", TRUST, None, False, "not associated to cluster"),
    ("untrusting", OTHER_TRUST, None, True, "not authorized to assume IAM Role"),
    ("powerless", TRUST, None, True, "Access Denied,Status 403,Error AccessDenied"),
    ("lister", TRUST, LIST_ONLY, True, "Access Denied,Status 403,Error AccessDenied"),
    ("elsewhere", TRUST, ONE_PREFIX, True, "Access Denied,Status 403,Error AccessDenied"),
]


@pytest.mark.parametrize(("name", "trust", "policy", "attached", "text"), ROLES)
def test_role_needs_everything_to_read(
    events: Database, name: str, trust: Any, policy: Any, attached: bool, text: str
) -> None:
    url = events.put("one.json", LINES)
    role = events.cloud.create_role(name, trust, policy)
    if attached:
        attach(events, add=[role])
    try:
        with pytest.raises(psycopg2.InternalError, match=text):
            events.run(f"COPY events FROM '{url}' IAM_ROLE '{role}' JSON 'auto'")
    finally:
        attach(events, remove=[role])
        events.cloud.client("iam").delete_role_policy(
            RoleName=name, PolicyName="read"
        ) if policy else None
        events.cloud.client("iam").delete_role(RoleName=name)


MISSING = [(ONE_PREFIX, "Access Denied,Status 403"), (READ_EVERYTHING, "not exist.,Status 404")]


@pytest.mark.parametrize(("policy", "text"), MISSING)
@pytest.mark.parametrize("what", ["manifest", "file of a manifest", "jsonpaths"])
def test_missing_key_is_told_only_to_who_may_list_the_whole_bucket(
    events: Database, policy: Any, text: str, what: str
) -> None:
    s3, there, gone = events.cloud.client("s3"), "allowed/one.json", f"s3://{BUCKET}/allowed/gone"
    s3.put_object(Bucket=BUCKET, Key=there, Body=LINES)
    entries = json.dumps({"entries": [{"url": gone, "mandatory": True}]})
    s3.put_object(Bucket=BUCKET, Key="allowed/list", Body=entries)
    name = f"reader-{next(numbers)}"
    role = events.cloud.create_role(name, TRUST, policy)
    attach(events, add=[role])
    source, options = {
        "manifest": (gone, "JSON 'auto' MANIFEST"),
        "file of a manifest": (f"s3://{BUCKET}/allowed/list", "JSON 'auto' MANIFEST"),
        "jsonpaths": (f"s3://{BUCKET}/{there}", f"JSON '{gone}'"),
    }[what]
    with pytest.raises(psycopg2.InternalError, match=text):
        events.run(f"COPY events FROM '{source}' IAM_ROLE '{role}' {options}")
    attach(events, remove=[role])


def test_role_that_was_deleted_cannot_be_assumed(events: Database) -> None:
    role = events.cloud.create_role("gone", TRUST, None)
    attach(events, add=[role])
    events.cloud.client("iam").delete_role(RoleName="gone")
    url = events.put("one.json", LINES)
    with pytest.raises(psycopg2.InternalError, match="not authorized to assume"):
        events.run(f"COPY events FROM '{url}' IAM_ROLE '{role}' JSON 'auto'")
    attach(events, remove=[role])


def attach(
    warehouse: Database, add: list[str] | None = None, remove: list[str] | None = None
) -> None:
    warehouse.cloud.client("redshift").modify_cluster_iam_roles(
        ClusterIdentifier="test-cluster", AddIamRoles=add or [], RemoveIamRoles=remove or []
    )
