"""Facts about Redshift Serverless that clusters do not have."""

from __future__ import annotations

import json
from typing import Any

from fact import Place, code_of, error_of, fact

from dwh.serverless_access import SERVICE, roles_of
from dwh.warehouse_access import owner

API = "https://docs.aws.amazon.com/redshift-serverless/latest/APIReference"
GUIDE = "https://docs.aws.amazon.com/redshift/latest/mgmt"
SECRETS = f"{GUIDE}/redshift-secrets-manager-integration.html"
SETUP = "dwh/provisioning/serverless.py"
KIND = "serverless"


def namespace_of(place: Place) -> dict[str, Any]:
    """The namespace as AWS describes it now."""
    get = place.aws(SERVICE).get_namespace
    return dict(get(namespaceName=place.config.identifier)["namespace"])


@fact(f"{API}/API_GetNamespace.html", "dwh/serverless_access.py: find_namespace", True, KIND)
def unknown_namespace_is_not_found(place: Place) -> Any:
    name = f"{place.config.identifier}-none"
    code = code_of(place.aws(SERVICE).get_namespace, namespaceName=name)
    return code == "ResourceNotFoundException" or code


@fact(
    f"{API}/API_CreateNamespace.html",
    f"{SETUP}: create_namespace",
    True,
    KIND,
)
def namespace_is_not_created_twice(place: Place) -> Any:
    create, name = place.aws(SERVICE).create_namespace, place.config.identifier
    code = code_of(create, namespaceName=name, manageAdminPassword=True)
    return code == "ConflictException" or code


@fact(f"{API}/API_Namespace.html", "dwh/serverless_access.py: roles_of", ["in-sync"], KIND)
def namespace_tells_its_roles_and_how_far_they_are_attached(place: Place) -> Any:
    return list(roles_of(namespace_of(place)).values())


@fact(
    f"{GUIDE}/redshift-secrets-manager-integration.html",
    "dwh/serverless_access.py: read_secret",
    True,
    KIND,
)
def secret_of_the_administrator_holds_username_and_password(place: Place) -> Any:
    get = place.aws("secretsmanager").get_secret_value
    found = json.loads(get(SecretId=namespace_of(place)["adminPasswordSecretArn"])["SecretString"])
    return {"username", "password"} <= set(found) or sorted(found)


@fact(
    f"{GUIDE}/redshift-secrets-manager-integration.html",
    "dwh/serverless_access.py: owner",
    True,
    KIND,
)
def administrator_logs_in_with_the_secret(place: Place) -> Any:
    name, _ = owner(place.config).ask()
    return name == place.value("SELECT CURRENT_USER") == place.config.user or name


@fact(f"{API}/API_UpdateWorkgroup.html", f"{SETUP}: differences", True, KIND)
def only_one_setting_of_a_workgroup_is_updated_in_a_request(place: Place) -> Any:
    update, config = place.aws(SERVICE).update_workgroup, place.config
    both = {"baseCapacity": config.base_capacity, "port": config.port}
    code = code_of(update, workgroupName=config.identifier, **both)
    return code == "ValidationException" or code


@fact(f"{GUIDE}/serverless-monitoring.html", "sql_queries.py: rejections", "42501", KIND)
def system_tables_of_clusters_are_refused(place: Place) -> Any:
    return error_of(lambda: place.run("SELECT query FROM stl_load_errors"))[0]
