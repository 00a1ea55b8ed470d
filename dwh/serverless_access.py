"""Redshift Serverless: whether its workgroup can be used now, and as whom to log in."""

from __future__ import annotations

import json
import re
from typing import Any

from dwh.aws import attempt, client
from dwh.config import Config
from dwh.errors import AwayError, DwhError
from dwh.terminal import hide
from dwh.warehouse import Login, Warehouse, read_answer

SERVICE = "redshift-serverless"
SETUP = "python setup_env.py"
# What a namespace tells of its roles: IamRole(applyStatus=in-sync, iamRoleArn=arn:..), or the ARN.
ROLE = re.compile(r"(?:.*applyStatus=(?P<status>[\w-]+).*iamRoleArn=)?(?P<arn>arn:.+?)\)?")

Described = dict[str, Any]


def find_namespace(api: Any, config: Config) -> Described | None:
    """The namespace in whatever state, if it is there."""
    name = config.identifier
    answer = attempt("ResourceNotFoundException", api.get_namespace, namespaceName=name)
    return answer["namespace"] if answer else None


def find_workgroup(api: Any, config: Config) -> Described | None:
    """The workgroup in whatever state, if it is there."""
    name = config.identifier
    answer = attempt("ResourceNotFoundException", api.get_workgroup, workgroupName=name)
    return answer["workgroup"] if answer else None


def roles_of(namespace: Described) -> dict[str, str]:
    """The ARNs of the roles that a namespace has, with how far each is attached."""
    found = [ROLE.fullmatch(each) for each in namespace.get("iamRoles", [])]
    return {role["arn"]: role["status"] or "in-sync" for role in found if role}


def available_warehouse(config: Config, api: Any = None) -> Warehouse:
    """The workgroup; an error unless it can be used.

    `api` is who asks; if nobody is named it is the owner of the tables, who is told the roles, too.
    """
    asked = api or client(config, SERVICE)
    workgroup = asked.get_workgroup(workgroupName=config.identifier)["workgroup"]
    if workgroup["status"] == "DELETING":
        what = f"the workgroup {config.identifier} is deleting"
        raise DwhError(what, f"it is on its way out; make a new one: {SETUP}")
    if workgroup["status"] != "AVAILABLE":
        what = f"the workgroup {config.identifier} is {workgroup['status'].lower()}"
        raise AwayError(what, f"wait for it: {SETUP} returns when it is available")
    namespace = {} if api else asked.get_namespace(namespaceName=config.identifier)["namespace"]
    return as_warehouse(workgroup, tuple(roles_of(namespace)))


def as_warehouse(workgroup: Described, roles: tuple[str, ...]) -> Warehouse:
    """A workgroup as the scripts see it. As many files are read at a time as it has RPUs."""
    return Warehouse(
        host=workgroup["endpoint"]["address"],
        port=workgroup["endpoint"]["port"],
        is_public=workgroup["publiclyAccessible"],
        security_groups=tuple(workgroup["securityGroupIds"]),
        roles=roles,
        slices=workgroup["baseCapacity"],
    )


def owner(config: Config) -> Login:
    """To log in as USER, so that one user owns the tables, whoever runs the scripts.

    GetCredentials knows IAM's identities only: the password is that of the secret which AWS keeps.
    https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-secrets-manager-integration.html
    """
    api = client(config, SERVICE)

    def ask() -> tuple[str, str]:
        namespace = api.get_namespace(namespaceName=config.identifier)["namespace"]
        if "adminPasswordSecretArn" not in namespace:
            what = f"AWS no longer keeps the password of the namespace {config.identifier}"
            raise DwhError(
                what,
                "let it: aws redshift-serverless update-namespace "
                f"--namespace-name {config.identifier} --manage-admin-password",
            )
        get_value = client(config, "secretsmanager").get_secret_value
        (text,) = read_answer(
            get_value, "SecretString", SecretId=namespace["adminPasswordSecretArn"]
        )
        return read_secret(text)

    return Login(api, ask)


def read_secret(text: str) -> tuple[str, str]:
    """The name and the password that a secret holds. Raises DwhError that does not show them."""
    try:
        found = json.loads(text)
        name, password = str(found["username"]), str(found["password"])
    except (ValueError, LookupError, TypeError):
        what = "the secret with the administrator's password has not the form that AWS gives it"
        raise DwhError(what, "see in Secrets Manager who has changed it, and rotate it") from None
    hide(password)
    return name, password


def analyst(config: Config, keys: dict[str, str]) -> Login:
    """To log in under the name of the role whose keys these are.

    https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetCredentials.html
    """
    api = client(config, SERVICE, credentials=keys)
    request = {"workgroupName": config.identifier, "durationSeconds": 900}

    def ask() -> tuple[str, str]:
        name, password = read_answer(api.get_credentials, "dbUser", "dbPassword", **request)
        return name, password

    return Login(api, ask)
