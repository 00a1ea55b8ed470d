"""The APIs that moto has not, or would invent: Redshift Serverless, and its secrets.

moto reads the requests and writes the answers, by AWS's own models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from botocore.exceptions import UnknownServiceError
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores
from moto.moto_server.werkzeug_app import BackendRequest

from sandbox.aws import refusals
from sandbox.aws.background import STATE_LOCK
from sandbox.aws.identities import database_user
from sandbox.aws.serverless_regions import find_region
from sandbox.aws.serverless_requests import RefusedError, not_found, unsupported

SERVICE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([a-z0-9-]+)/aws4_request")
# What the answer to each operation is called; the others answer with what they find.
SERVERLESS = {
    "CreateNamespace": "namespace",
    "CreateUsageLimit": "usageLimit",
    "CreateWorkgroup": "workgroup",
    "DeleteNamespace": "namespace",
    "DeleteSnapshot": "snapshot",
    "DeleteUsageLimit": "usageLimit",
    "DeleteWorkgroup": "workgroup",
    "GetCredentials": "",
    "GetNamespace": "namespace",
    "GetSnapshot": "snapshot",
    "GetWorkgroup": "workgroup",
    "ListNamespaces": "namespaces",
    "ListSnapshots": "snapshots",
    "ListTagsForResource": "tags",
    "ListUsageLimits": "usageLimits",
    "ListWorkgroups": "workgroups",
    "RestoreFromSnapshot": "",
    "TagResource": "",
    "UpdateNamespace": "namespace",
    "UpdateUsageLimit": "usageLimit",
    "UpdateWorkgroup": "workgroup",
}


class OwnResponse(BaseResponse):  # type: ignore[misc]
    """The answer to a request; what this does not know is refused, not invented."""

    caller: Any = None

    def __init__(self, service: str) -> None:
        super().__init__(service)
        self.automated_parameter_parsing = True

    def get(self, parameter: str) -> Any:
        """A parameter of the request, or all of them by the empty name."""
        return self.params.get(parameter) if parameter else self.params

    def call_action(self) -> Any:
        """Carry the operation out, if the caller may."""
        try:
            self._authenticate_and_authorize_normal_action("*")
            with STATE_LOCK:
                result = ActionResult(self.answer(self._get_action()))
        except refusals.Refusal as refusal:
            return refusal.code, dict(refusal.get_headers()), refusal.get_body()
        except RefusedError as refusal:
            result = ActionResult(refusal)
        return self.serialized(result)

    def answer(self, operation: str) -> Any:
        """The result of an operation."""
        raise NotImplementedError


class ServerlessResponse(OwnResponse):
    """Of Redshift Serverless."""

    def __init__(self) -> None:
        super().__init__("redshift-serverless")

    def answer(self, operation: str) -> Any:
        """The result of an operation, under the name that AWS gives it."""
        if operation not in SERVERLESS:
            raise unsupported(operation)
        serverless = find_region(self.current_account, self.region)
        if operation == "GetCredentials":
            return serverless.get_credentials(self.get, database_user(self.caller))
        name = camelcase_to_underscores(operation)
        parts = (serverless, serverless.snapshots, serverless.limits)
        carry_out = next(getattr(part, name) for part in parts if hasattr(part, name))
        key, found = SERVERLESS[operation], carry_out(self.get)
        return {key: found} if key else found


class SecretsResponse(OwnResponse):
    """Of Secrets Manager: what Redshift Serverless keeps there."""

    def __init__(self) -> None:
        super().__init__("secretsmanager")

    def answer(self, operation: str) -> Any:
        """GetSecretValue, and nothing else."""
        if operation != "GetSecretValue":
            raise unsupported(operation)
        arn = self.get("SecretId")
        value = find_region(self.current_account, self.region).secret_value(arn)
        if value is None:
            raise not_found("Secrets Manager can't find the specified secret.")
        return {"ARN": arn, "Name": arn.rpartition(":")[2][:-7], "SecretString": json.dumps(value)}


class AbsentResponse(OwnResponse):
    """Of a service that the sandbox has not: moto would invent what it answers."""

    def _dispatch(self, request: Any) -> Any:
        try:
            return super()._dispatch(request)
        except UnknownServiceError:  # its signatures have another name than its model
            refusal = unsupported(f"service {self.service_name}")
            return 400, {}, json.dumps({"__type": refusal.code, "message": refusal.message})

    def call_action(self) -> Any:
        """Refuse it, whoever asks."""
        return self.serialized(ActionResult(unsupported(f"service {self.service_name}")))


# What moto does, as far as the sandbox lets it.
MOTO_SERVICES = {"ec2", "iam", "redshift", "s3", "sts"}
RESPONSES: dict[str, Callable[[], OwnResponse]] = {
    "redshift-serverless": ServerlessResponse,
    "secretsmanager": SecretsResponse,
}


def find(environ: dict[str, Any]) -> Callable[[], OwnResponse] | None:
    """Who answers a request, by the service that it is signed for; None for moto."""
    signed = SERVICE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if signed is None or signed[1] in MOTO_SERVICES:
        return None
    return RESPONSES.get(signed[1]) or (lambda: AbsentResponse(signed[1]))


def respond(make: Callable[[], OwnResponse], environ: dict[str, Any], start_response: Any) -> Any:
    """Answer a request as a WSGI application does."""
    status, headers, body = make()._dispatch(BackendRequest(environ))
    content = body if isinstance(body, bytes) else str(body).encode()
    start_response(str(status) + " ", [(key, str(value)) for key, value in headers.items()])
    return [content]
