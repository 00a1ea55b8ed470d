"""Who answers a request: moto, or the sandbox itself where moto has nothing or would invent it.

moto reads the requests and writes the answers, by AWS's own models.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from botocore.exceptions import UnknownServiceError
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores, get_service_model
from moto.moto_server.werkzeug_app import BackendRequest, create_backend_app

from sandbox.aws import asked, offered
from sandbox.aws.background import STATE_LOCK
from sandbox.aws.identities import database_user
from sandbox.aws.refusals import Refusal
from sandbox.aws.serverless import Serverless, find_region
from sandbox.aws.serverless_requests import RefusedError, not_found, unsupported


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
        except Refusal as refusal:
            return refusal.answer()
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
        serverless = find_region(self.current_account, self.region)
        if operation == "GetCredentials":
            return serverless.get_credentials(self.get, database_user(self.caller))
        shape = get_service_model(self.service_name).operation_model(operation).output_shape
        keys = [key for key in shape.members if key != "nextToken"]
        found = self._carry_out(serverless, operation)
        return {keys[0]: found} if len(keys) == 1 else found

    def _carry_out(self, serverless: Serverless, operation: str) -> Any:
        for kind in serverless.kinds:
            if operation == f"Get{kind.kind.capitalize()}":
                return kind.named(self.get).answer()
            if operation == f"List{kind.kind.capitalize()}s":
                return kind.listed(self.get)
        name = camelcase_to_underscores(operation)
        part = serverless if hasattr(serverless, name) else serverless.limits
        return getattr(part, name)(self.get)


class SecretsResponse(OwnResponse):
    """Of Secrets Manager: what Redshift Serverless keeps there."""

    def __init__(self) -> None:
        super().__init__("secretsmanager")

    def answer(self, operation: str) -> Any:
        """The secret that has the ARN."""
        arn = self.get("SecretId")
        value = find_region(self.current_account, self.region).secret_value(arn)
        if value is None:
            raise not_found("Secrets Manager can't find the specified secret.")
        return {"ARN": arn, "Name": arn.rpartition(":")[2][:-7], "SecretString": json.dumps(value)}


class AbsentResponse(OwnResponse):
    """Of a service or an operation that the sandbox has not: moto would invent what it answers."""

    def __init__(self, service: str, operation: str = "") -> None:
        super().__init__(service)
        self.operation, self.automated_parameter_parsing = operation, False

    def _dispatch(self, request: Any) -> Any:
        try:
            return super()._dispatch(request)
        except UnknownServiceError:  # its signatures have another name than its model
            refusal = unsupported(f"service {self.service_name}")
            return 400, {}, json.dumps({"__type": refusal.code, "message": refusal.message})

    def call_action(self) -> Any:
        """Refuse it, whoever asks."""
        if self.operation:
            what = "; ".join(filter(None, (self.operation, offered.INSTEAD.get(self.operation))))
            return Refusal(self, "operation", what).answer()
        return self.serialized(ActionResult(unsupported(f"service {self.service_name}")))


RESPONSES: dict[str, Callable[[], OwnResponse]] = {
    "redshift-serverless": ServerlessResponse,
    "secretsmanager": SecretsResponse,
}
moto_application = cache(create_backend_app)


def respond(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer a request as a WSGI application does."""
    service, operation = asked.read(environ)
    if operation not in offered.OPERATIONS.get(service, ()):
        known = service in offered.OPERATIONS
        absent = AbsentResponse(service, operation if known else "")
        return _send(absent, environ, start_response)
    if service in RESPONSES:
        return _send(RESPONSES[service](), environ, start_response)
    try:
        answer: Iterable[bytes] = moto_application(service)(environ, start_response)
    except NotImplementedError as problem:
        what = f"{operation} so: {str(problem).partition(' has not been')[0]}"
        return _send(AbsentResponse(service, what), environ, start_response)
    return answer


def _send(response: OwnResponse, environ: dict[str, Any], start_response: Any) -> list[bytes]:
    asked.rewind(environ)
    status, headers, body = response._dispatch(BackendRequest(environ))
    content = body if isinstance(body, bytes) else str(body).encode()
    start_response(str(status) + " ", [(key, str(value)) for key, value in headers.items()])
    return [content]
