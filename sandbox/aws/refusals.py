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
INVALID_TOKEN = (403, "InvalidClientTokenId", INVALID_CREDENTIALS)
NOT_VALIDATED = "AWS was not able to validate the provided access credentials"
AUTH_FAILURE = (401, "AuthFailure", NOT_VALIDATED)
UNKNOWN_KEY = "The AWS Access Key Id you provided does not exist in our records."
MALFORMED = "The provided token is malformed or otherwise invalid."
EXPIRED = "The security token included in the request is expired"
WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your {} and signing method."
)
WRONG_SECRET = WRONG_SIGNATURE.format("AWS Secret Access Key")
WRONG_SECRET += " Consult the service documentation for details."
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
        ANY: INVALID_TOKEN,
        "ec2": AUTH_FAILURE,
        "s3": (403, "InvalidAccessKeyId", UNKNOWN_KEY),
    },
    "token": {
        ANY: INVALID_TOKEN,
        "ec2": AUTH_FAILURE,
        "s3": (400, "InvalidToken", MALFORMED),
    },
    "expired": {
        ANY: (403, "ExpiredToken", EXPIRED),
        "ec2": (400, "RequestExpired", "Request has expired."),
        "s3": (400, "ExpiredToken", "The provided token has expired."),
    },
    "signature": {
        ANY: (403, "SignatureDoesNotMatch", WRONG_SECRET),
        "ec2": AUTH_FAILURE,
        "s3": (403, "SignatureDoesNotMatch", WRONG_SIGNATURE.format("key")),
    },
}
# Status and code of what the sandbox does not do: an operation, and a parameter of one.
# https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
# https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
NOT_OFFERED = {
    ANY: (400, "UnsupportedOperation"),
    "iam": (400, "InvalidAction"),
    "s3": (501, "NotImplemented"),
    "sts": (400, "InvalidAction"),
}
LEFT_OUT = NOT_OFFERED | {"iam": (400, "ValidationError"), "sts": (400, "ValidationError")}


# Codes that are of no service of their own, so that moto need not wonder.
CODES = (
    {code for each in REJECTIONS.values() for _, code, _ in each.values()}
    | {code for _, code in (*NOT_OFFERED.values(), *LEFT_OUT.values())}
    | {"AccessDenied", "BadDigest", "DryRunOperation", *JSON_CODES.values()}
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

    def answer(self) -> tuple[int | None, dict[str, str], str]:
        """Status, headers and body, as moto has them."""
        return self.code, dict(self.get_headers()), self.get_body()


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


def not_offered(response: Any, what: str) -> Refusal:
    """The refusal of an operation that the sandbox does not do."""
    status = NOT_OFFERED.get(response.service_name, NOT_OFFERED[ANY])
    return Refusal(response, *status, f"The sandbox does not do {what}.")


def left_out(response: Any, what: str) -> Refusal:
    """The refusal of a parameter that the sandbox can do nothing about."""
    status = LEFT_OUT.get(response.service_name, LEFT_OUT[ANY])
    return Refusal(response, *status, f"The sandbox has no {what}.")


def wrong_digest(response: Any, name: str) -> Refusal:
    """S3's refusal of a body that has another digest than its sender gives."""
    message = f"The {name} you specified did not match what we received."
    return Refusal(response, 400, "BadDigest", message)


def dry_run(response: Any) -> Refusal:
    """EC2's answer to who may do what they ask for, and only want to know that."""
    message = "Request would have succeeded, but DryRun flag is set."
    return Refusal(response, 412, "DryRunOperation", message)


def sentence(service: str, caller: str, permission: Permission, reason: str) -> str:
    """What the caller, by its ARN, may not do: in S3 the resource is quoted.

    EC2 names no resource for actions that have none.
    """
    resource = f'"{permission.resource}"' if service == "s3" else permission.resource
    named = "" if (service, resource) == ("ec2", "*") else f" on resource: {resource}"
    text = f"User: {caller} is not authorized to perform: {permission.action}{named} {reason}"
    return text.rstrip()
