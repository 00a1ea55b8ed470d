"""Database roles, IAM identities as users, and what who is no superuser may not do and see."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import boto3
import psycopg2
import pytest
from conftest import ANYBODY_HERE, CLUSTER, MASTER, REGION, Database

LogIn = Callable[[str], Any]


@pytest.fixture
def as_role(warehouse: Database) -> Iterator[LogIn]:
    """How to log in to the database as an IAM role that may, called so."""
    cloud, made = warehouse.cloud, list[str]()

    def log_in(name: str) -> Any:
        arn = f"arn:aws:redshift:{REGION}:123456789012:dbname:{CLUSTER}/{warehouse.database}"
        allow = {"Effect": "Allow", "Action": "redshift:GetClusterCredentialsWithIAM"}
        policy = {"Version": "2012-10-17", "Statement": [allow | {"Resource": arn}]}
        role = cloud.create_role(name, ANYBODY_HERE, policy)
        made.append(name)
        keys = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        redshift = boto3.client(
            "redshift",
            endpoint_url=cloud.state.endpoint_url,
            region_name=REGION,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )
        ask = redshift.get_cluster_credentials_with_iam
        with pytest.raises(redshift.exceptions.ClientError, match="AccessDenied"):
            ask(ClusterIdentifier=CLUSTER, DbName="another")
        found = ask(ClusterIdentifier=CLUSTER, DbName=warehouse.database)
        return cloud.connect(warehouse.database, user=found["DbUser"], password=found["DbPassword"])

    yield log_in
    for name in made:
        cloud.client("iam").delete_role_policy(RoleName=name, PolicyName="read")
        cloud.client("iam").delete_role(RoleName=name)


def ask(session: Any, sql: str) -> list[tuple[Any, ...]]:
    with session, session.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall()) if cursor.description else []


def test_iam_role_is_a_user_of_its_name_from_the_first_log_in_on(
    warehouse: Database, as_role: LogIn
) -> None:
    with closing(as_role("first-time")) as session:
        assert ask(session, "SELECT current_user") == [("IAMR:first-time",)]
        assert warehouse.run("SELECT usename FROM pg_user WHERE usename LIKE 'IAMR:first%'")
    warehouse.run('CREATE USER "IAMR:made-before" PASSWORD DISABLE')
    with closing(as_role("made-before")) as session:
        assert ask(session, "SELECT current_user") == [("IAMR:made-before",)]


def test_duration_of_credentials_is_checked(warehouse: Database) -> None:
    redshift = warehouse.cloud.client("redshift")
    with pytest.raises(redshift.exceptions.ClientError, match="must be 900 to 3600"):
        redshift.get_cluster_credentials_with_iam(ClusterIdentifier=CLUSTER, DurationSeconds=60)
    found = redshift.get_cluster_credentials_with_iam(ClusterIdentifier=CLUSTER)
    assert found["DbUser"] == "IAM:moto"


def test_role_gives_its_rights_to_who_is_granted_it(warehouse: Database, as_role: LogIn) -> None:
    warehouse.run("CREATE TABLE seen (a INTEGER)")
    warehouse.run("CREATE TABLE unseen (a INTEGER)")
    warehouse.run("CREATE ROLE readers")
    warehouse.run("GRANT SELECT ON TABLE seen TO ROLE readers")
    with closing(as_role("reader")) as session:
        denied = "permission denied for relation seen\n"
        with pytest.raises(psycopg2.errors.InsufficientPrivilege, match=denied):
            ask(session, "SELECT * FROM seen")
        warehouse.run('GRANT ROLE readers TO "IAMR:reader"')
        assert ask(session, "SELECT * FROM seen") == []
        for statement in ("SELECT * FROM unseen", "INSERT INTO seen VALUES (1)"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                ask(session, statement)
        ask(session, "CREATE TEMP TABLE own AS SELECT * FROM seen")
        assert ask(session, "SELECT role_name FROM svv_roles") == [("readers",)]
        grants = "SELECT user_name, role_name FROM svv_user_grants WHERE role_name = 'readers'"
        assert warehouse.run(grants) == ask(session, grants) == [("IAMR:reader", "readers")]
        warehouse.run('REVOKE ROLE readers FROM "IAMR:reader"')
        with pytest.raises(psycopg2.errors.InsufficientPrivilege, match=denied):
            ask(session, "SELECT * FROM seen")
    (owner,) = warehouse.run("SELECT role_owner FROM svv_roles WHERE role_name = 'readers'")
    assert owner == (MASTER,)
    warehouse.run("REVOKE SELECT ON seen FROM ROLE readers")
    warehouse.run("DROP ROLE readers")


def test_everybody_may_create_tables_in_public_until_that_is_revoked(
    warehouse: Database, as_role: LogIn
) -> None:
    with closing(as_role("maker")) as session:
        ask(session, "CREATE TABLE made (a INTEGER)")
        warehouse.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="for schema public"):
            ask(session, "CREATE TABLE another (a INTEGER)")


def test_rejected_records_are_seen_by_who_has_loaded_them(
    warehouse: Database, as_role: LogIn
) -> None:
    warehouse.run("CREATE TABLE loaded (a INTEGER)")
    warehouse.load("loaded", json.dumps({"a": "x"}), "FORMAT JSON 'auto' MAXERROR 2")
    count = "SELECT COUNT(*) FROM stl_load_errors"
    assert warehouse.run(count) == [(1,)]
    with closing(as_role("curious")) as session:
        assert ask(session, count) == [(0,)]


def test_current_user_may_stand_first_in_a_query(warehouse: Database) -> None:
    assert warehouse.run("SELECT user, NVL(NULL, 1)") == [(MASTER, 1)]


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("CREATE USER nobody", "42601"),
        ("CREATE ROLE nobody LOGIN", "0A000"),
        ("GRANT CREATE USER TO ROLE readers", "0A000"),
        ("GRANT ASSUMEROLE ON ALL TO ROLE readers FOR COPY", "0A000"),
        ("GRANT readers TO nobody", "0A000"),
    ],
)
def test_what_redshift_or_the_sandbox_does_not_grant_is_refused(
    warehouse: Database, statement: str, code: str
) -> None:
    with pytest.raises(psycopg2.Error) as caught:
        warehouse.run(statement)
    assert caught.value.pgcode == code
