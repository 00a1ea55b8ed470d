"""What a request asks for: of which service, which operation, and with which parameters."""

from __future__ import annotations

import io
import re
from typing import Any
from urllib.parse import unquote

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import BackendRequest
from werkzeug.exceptions import NotFound

from sandbox.aws.offered import OPERATIONS
from sandbox.aws.permissions.call import Call

# In the header, or in a URL that is signed itself.
SERVICE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([a-z0-9-]+)/aws4_request")
UNSIGNED = "s3"
FORM = "application/x-www-form-urlencoded"
# Where the request keeps the operation, and the parameters in its path.
FOUND = "sandbox.operation"


def read(environ: dict[str, Any]) -> tuple[str, str]:
    """The service that a request is signed for, and the operation, if there is none its words.

    Whoever signs nothing asks S3. A form can be read again, by moto and to verify who signs.
    """
    if environ.get("CONTENT_TYPE", "").startswith(FORM):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
    signed = environ.get("HTTP_AUTHORIZATION") or unquote(environ.get("QUERY_STRING", ""))
    found = SERVICE.search(signed)
    service = found[1] if found else UNSIGNED
    return service, _operation(service, environ) if service in OPERATIONS else ""


def _operation(service: str, environ: dict[str, Any]) -> str:
    request = BackendRequest(environ)
    try:
        environ[FOUND] = get_service_router(service).match(request)
        return str(environ[FOUND][0].name)
    except (NotFound, NotImplementedError):
        named = request.values.get("Action") or request.headers.get("X-Amz-Target")
        return named or f"{request.method} {request.path}"
    finally:
        rewind(environ)


def rewind(environ: dict[str, Any]) -> None:
    """Have a form be read again from its beginning."""
    if isinstance(environ["wsgi.input"], io.BytesIO):
        environ["wsgi.input"].seek(0)


def call(response: Any) -> Call:
    """The call that moto is about to answer, read as the service's model has it."""
    request, service = response.normalized_request, response.boto3_service_name
    operation, in_path = request.environ[FOUND]
    protocol = determine_request_protocol(get_service_model(service), request.content_type)
    parser = PROTOCOL_PARSERS[protocol](operation, map_type=dict)
    parameters = parser.parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": response.body,
            "url_path": request.path,
            "url_params": in_path,
        }
    )
    return Call(service, operation.name, response.current_account, response.region, parameters)
