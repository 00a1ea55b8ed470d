"""How AWS's services say no, each in its own words and codes.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

import logging
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from werkzeug.exceptions import HTTPException

from sandbox.iam.policy import Permission

log = logging.getLogger(__name__)
INVALID_CREDENTIALS = "The security token included in the request is invalid."
NOT_VALIDATED = "AWS was not able to validate the provided access credentials"
WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your {} and signing method."
)
ANY = "any other service"
# Services that speak JSON, and have names of their own for what is refused.
# https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/CommonErrors.html
JSON_SERVICES = ("redshift-serverless", "secretsmanager")
JSON_CODES = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
}
# Status, code and message, by what is wrong with the credentials and by service.
REJECTIONS = {
    "unknown": {
        ANY: (403, "InvalidClientTokenId", INVALID_CREDENTIALS),
        "ec2": (401, "AuthFailure", NOT_VALIDATED),
        "s3": (
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
    },
    "token": {
        ANY: (403, "InvalidClientTokenId", INVALID_CREDENTIALS),
        "ec2": (401, "AuthFailure", NOT_VALIDATED),
        "s3": (400, "InvalidToken", "The provided token is malformed or otherwise invalid."),
    },
    "expired": {
        ANY: (403, "ExpiredToken", "The security token included in the request is expired"),
        "ec2": (400, "RequestExpired", "Request has expired."),
        "s3": (400, "ExpiredToken", "The provided token has expired."),
    },
    "signature": {
        ANY: (
            403,
            "SignatureDoesNotMatch",
            WRONG_SIGNATURE.format("AWS Secret Access Key")
            + " Consult the service documentation for details.",
        ),
        "ec2": (401, "AuthFailure", NOT_VALIDATED),
        "s3": (403, "SignatureDoesNotMatch", WRONG_SIGNATURE.format("key")),
    },
}


# Codes that are of no service of their own, so that moto need not wonder.
CODES = (
    {code for each in REJECTIONS.values() for _, code, _ in each.values()}
    | {
        "AccessDenied",
        "UnsupportedOperation",
    }
    | set(JSON_CODES.values())
)


class _Error(ServiceException):  # type: ignore[misc]
    """moto takes an exception of its own for one of the service in whose package it is."""


class Refusal(HTTPException):
    """The answer to a request that is not carried out."""

    def __init__(self, response: Any, status: int, code: str, message: str) -> None:
        if response.service_name in JSON_SERVICES:
            status, code = 400, JSON_CODES.get(code, code)
        _, headers, body = response.serialized(ActionResult(_Error(code, message)))
        super().__init__(body)
        self.code = status
        self._body, self._type = body, headers.get("Content-Type", "text/xml")

    def get_body(self, *_: Any) -> str:
        """The error in the service's own format."""
        return str(self._body)

    def get_headers(self, *_: Any) -> list[tuple[str, str]]:
        """As of every answer of the service."""
        return [("Content-Type", self._type)]


def rejected(response: Any, reason: str) -> Refusal:
    """The refusal of credentials, for one of the reasons in REJECTIONS."""
    by_service = REJECTIONS[reason]
    return Refusal(response, *by_service.get(response.service_name, by_service[ANY]))


def denied(response: Any, message: str) -> Refusal:
    """The refusal of what the caller is not allowed."""
    if response.service_name == "ec2":
        message = f"You are not authorized to perform this operation. {message}"
        return Refusal(response, 403, "UnauthorizedOperation", message)
    return Refusal(response, 403, "AccessDenied", message)


def network_denied(response: Any) -> Refusal:
    """Redshift's refusal of a cluster when the caller may not read the network; it names no action.

    https://github.com/aws/redshift-test-drive/pull/120
    """
    message = "Access Denied. Please ensure that your IAM Permissions allow this operation."
    return Refusal(response, 400, "UnauthorizedOperation", message)


def unsupported(response: Any, what: str) -> Refusal:
    """The refusal of what the sandbox cannot check; its log says so too."""
    message = f"The sandbox cannot check {what}."
    log.warning("%s", message)
    return Refusal(response, 400, "UnsupportedOperation", message)


def sentence(service: str, caller: str, permission: Permission, reason: str) -> str:
    """What the caller, by its ARN, may not do: in S3 the resource is quoted.

    EC2 names no resource for actions that have none.
    """
    resource = f'"{permission.resource}"' if service == "s3" else permission.resource
    named = "" if (service, resource) == ("ec2", "*") else f" on resource: {resource}"
    text = f"User: {caller} is not authorized to perform: {permission.action}{named} {reason}"
    return text.rstrip()
