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
INVALID = (
    *(403, "InvalidClientTokenId"),
    "The security token included in the request is invalid.",
)
NOT_VALID = (
    *(401, "AuthFailure"),
    "AWS was not able to validate the provided access credentials",
)
WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your {} and signing method."
)
WRONG_SECRET = WRONG_SIGNATURE.format("AWS Secret Access Key")
WRONG_SECRET += " Consult the service documentation for details."
NOT_DONE, LEFT_OUT = "The sandbox does not do {}.", "The sandbox has no {}."
# Status, code and message, by what is wrong and by service.
REFUSALS = {
    # What is wrong with the credentials.
    "unknown": {
        ANY: INVALID,
        "ec2": NOT_VALID,
        "s3": (
            *(403, "InvalidAccessKeyId"),
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
    },
    "token": {
        ANY: INVALID,
        "ec2": NOT_VALID,
        "s3": (400, "InvalidToken", "The provided token is malformed or otherwise invalid."),
    },
    "expired": {
        ANY: (403, "ExpiredToken", "The security token included in the request is expired"),
        "ec2": (400, "RequestExpired", "Request has expired."),
        "s3": (400, "ExpiredToken", "The provided token has expired."),
    },
    "signature": {
        ANY: (403, "SignatureDoesNotMatch", WRONG_SECRET),
        "ec2": NOT_VALID,
        "s3": (403, "SignatureDoesNotMatch", WRONG_SIGNATURE.format("key")),
    },
    # What the caller is not allowed.
    "denied": {
        ANY: (403, "AccessDenied", "{}"),
        "ec2": (
            *(403, "UnauthorizedOperation"),
            "You are not authorized to perform this operation. {}",
        ),
    },
    # To read the network, which Redshift does for a new cluster: it names no action.
    # https://github.com/aws/redshift-test-drive/pull/120
    "network": {
        ANY: (
            *(400, "UnauthorizedOperation"),
            "Access Denied. Please ensure that your IAM Permissions allow this operation.",
        ),
    },
    # What the sandbox does not do: an operation, a parameter, a check.
    # https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
    # https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
    "operation": {
        ANY: (400, "UnsupportedOperation", NOT_DONE),
        "iam": (400, "InvalidAction", NOT_DONE),
        "s3": (501, "NotImplemented", NOT_DONE),
        "sts": (400, "InvalidAction", NOT_DONE),
    },
    "parameter": {
        ANY: (400, "UnsupportedOperation", LEFT_OUT),
        "iam": (400, "ValidationError", LEFT_OUT),
        "s3": (501, "NotImplemented", LEFT_OUT),
        "sts": (400, "ValidationError", LEFT_OUT),
    },
    "unchecked": {ANY: (400, "UnsupportedOperation", "The sandbox cannot check {}.")},
    # What EC2 answers to who only asks whether they may, and S3 to a body that is another.
    "dry run": {
        ANY: (
            *(412, "DryRunOperation"),
            "Request would have succeeded, but DryRun flag is set.",
        )
    },
    "digest": {ANY: (400, "BadDigest", "The {} you specified did not match what we received.")},
}
# Codes that are of no service of their own, so that moto need not wonder.
CODES = {code for each in REFUSALS.values() for _, code, _ in each.values()}
CODES |= set(JSON_CODES.values())


class RefusalError(Exception):
    """A call is refused, for one of the reasons in REFUSALS; `what` completes the message."""

    def __init__(self, reason: str, what: str = "") -> None:
        super().__init__(what)
        self.reason, self.what = reason, what


class _Error(ServiceException):  # type: ignore[misc]
    """moto takes an exception of its own for one of the service in whose package it is."""


class Refusal(HTTPException):
    """The answer to a request that is not carried out."""

    def __init__(self, response: Any, reason: str, what: str = "") -> None:
        by_service = REFUSALS[reason]
        status, code, text = by_service.get(response.service_name, by_service[ANY])
        message = text.format(what)
        if reason == "unchecked":
            log.warning("%s", message)
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


def sentence(service: str, caller: str, permission: Permission, reason: str) -> str:
    """What the caller, by its ARN, may not do: in S3 the resource is quoted.

    EC2 names no resource for actions that have none.
    """
    resource = f'"{permission.resource}"' if service == "s3" else permission.resource
    named = "" if (service, resource) == ("ec2", "*") else f" on resource: {resource}"
    text = f"User: {caller} is not authorized to perform: {permission.action}{named} {reason}"
    return text.rstrip()
