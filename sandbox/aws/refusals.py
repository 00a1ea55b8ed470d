"""How AWS's services say no, each in its own words and codes, by the table in `refusals.toml`."""

from __future__ import annotations

import logging
import tomllib
from pathlib import Path
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from werkzeug.exceptions import HTTPException

from sandbox.iam.policy import Permission

log = logging.getLogger(__name__)
JSON_SERVICES = ("redshift-serverless", "secretsmanager")
REFUSALS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
JSON_CODES = REFUSALS.pop("json")
# Codes that are of no service of their own, so that moto need not wonder.
CODES = {code for each in REFUSALS.values() for _, code, _ in each.values()}
CODES |= set(JSON_CODES.values())


class RefusalError(Exception):
    """A call is refused, for one of the reasons in the table; `what` completes the message."""

    def __init__(self, reason: str, what: str = "") -> None:
        super().__init__(what)
        self.reason, self.what = reason, what


class _Error(ServiceException):  # type: ignore[misc]
    """moto takes an exception of its own for one of the service in whose package it is."""


class Refusal(HTTPException):
    """The answer to a request that is not carried out."""

    def __init__(self, response: Any, reason: str, what: str = "") -> None:
        by_service = REFUSALS[reason]
        status, code, text = by_service.get(response.service_name, by_service["any"])
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
