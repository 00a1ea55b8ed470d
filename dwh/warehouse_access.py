"""The warehouse of the kind that dwh.cfg names: whether it can be used, and as whom to log in."""

from __future__ import annotations

from typing import Any

from dwh import cluster_access, serverless_access
from dwh.aws import client
from dwh.config import Config
from dwh.ownership import ROLE_PATH
from dwh.setting_readers import CLUSTER, SERVERLESS
from dwh.terminal import hide
from dwh.warehouse import Login, Warehouse

ACCESS: dict[str, Any] = {CLUSTER: cluster_access, SERVERLESS: serverless_access}


def available_warehouse(config: Config, login: Login | None = None) -> Warehouse:
    """The warehouse; an error unless it can be used.

    `login` is who asks, the owner of the tables unless told otherwise.
    """
    found: Warehouse = ACCESS[config.kind].available_warehouse(config, login and login.client)
    return found


def owner(config: Config) -> Login:
    """To log in as USER, so that one user owns the tables, whoever runs the scripts."""
    found: Login = ACCESS[config.kind].owner(config)
    return found


def analyst(config: Config) -> Login:
    """To log in as an analyst: assumes ANALYST_ROLE, whose database user is named after it."""
    sts = client(config, "sts")
    account = sts.get_caller_identity()["Account"]
    arn = f"arn:aws:iam::{account}:role{ROLE_PATH}{config.analyst_role}"
    found = sts.assume_role(RoleArn=arn, RoleSessionName="query.py", DurationSeconds=900)
    keys = {
        "aws_access_key_id": found["Credentials"]["AccessKeyId"],
        "aws_secret_access_key": found["Credentials"]["SecretAccessKey"],
        "aws_session_token": found["Credentials"]["SessionToken"],
    }
    for secret in ("aws_secret_access_key", "aws_session_token"):
        hide(keys[secret])
    login: Login = ACCESS[config.kind].analyst(config, keys)
    return login


def database_user(config: Config) -> str:
    """The database user of whoever has assumed ANALYST_ROLE."""
    return f"IAMR:{config.analyst_role}"
