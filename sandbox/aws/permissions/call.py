"""A call of AWS's API, and the permissions that are asked for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from sandbox.iam.conditions import Context
from sandbox.iam.policy import Permission

GLOBAL_SERVICES = {"iam": "us-east-1"}
Tags = Iterable[Mapping[str, str]]


@dataclass(frozen=True)
class Call:
    """An operation of a service, with its parameters as AWS's models name them."""

    service: str
    operation: str
    account: str
    region: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def get(self, parameter: str) -> Any:
        """The parameter's value, None if it is not given."""
        return self.parameters.get(parameter)

    def arn(self, resource: str, service: str = "") -> str:
        """The ARN of a resource in the call's account, and in its region if it has one."""
        service = service or self.service
        region = "" if service in GLOBAL_SERVICES else self.region
        return f"arn:aws:{service}:{region}:{self.account}:{resource}"

    def permission(
        self, action: str, resource: str = "*", context: Context | None = None
    ) -> Permission:
        """The permission of an action on a resource, by its ARN."""
        return Permission(action, resource, self._always() | dict(context or {}))

    def own(self, resource: str = "*", context: Context | None = None) -> Permission:
        """The permission that has the operation's own name."""
        return self.permission(f"{self.service}:{self.operation}", resource, context)

    def unlisted(self) -> Permission:
        """The permission of an operation about which nothing else is known."""
        action = f"{self.service}:{self.operation}"
        return Permission(action, context=self._always(), complete=False)

    def copy_source(self) -> tuple[str, str, str | None]:
        """The bucket, the key and the version of what a call of S3 copies."""
        path, _, version = str(self.get("CopySource")).partition("?versionId=")
        bucket, _, key = unquote(path).removeprefix("/").partition("/")
        return bucket, key, version or None

    def _always(self) -> dict[str, str | list[str]]:
        # The loopback interface stands for the TLS that AWS would be asked over.
        region = GLOBAL_SERVICES.get(self.service, self.region)
        return {"aws:requestedregion": region, "aws:securetransport": "true"}


def request_tags(tags: Tags | None) -> dict[str, str | list[str]]:
    """What conditions see of the tags in a request."""
    given = {tag["Key"]: tag.get("Value", "") for tag in tags or []}
    found: dict[str, str | list[str]] = {
        f"aws:requesttag/{key.lower()}": value for key, value in given.items()
    }
    return found | ({"aws:tagkeys": list(given)} if given else {})


def resource_tags(tags: Tags | None, service: str = "aws") -> dict[str, str | list[str]]:
    """What conditions see of the tags of a resource, also under the service's own key."""
    return {
        f"{prefix}:resourcetag/{tag['Key'].lower()}": tag.get("Value", "")
        for prefix in ("aws", service)
        for tag in tags or []
    }
