"""Usage limits of workgroups. They limit nothing here, where nothing is billed.

https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_CreateUsageLimit.html
"""

from __future__ import annotations

import uuid
from typing import Any

from sandbox.aws.serverless_requests import Parameters, check_limit, conflict, not_found
from sandbox.aws.serverless_resources import Described


class UsageLimits:
    """The usage limits of a region."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.all: dict[str, Described] = {}

    def create_usage_limit(self, get: Parameters) -> Any:
        """CreateUsageLimit: one of a type and period for each workgroup."""
        check_limit(get)
        period = get("period") or "monthly"
        for each in self.all.values():
            if _is_of(each, get("resourceArn")) and each["period"] == period:
                raise conflict(f"The workgroup has a {period} usage limit already.")
        key = str(uuid.uuid4())
        self.all[key] = {
            "usageLimitId": key,
            "usageLimitArn": f"{self.place}:usagelimit/{key}",
            "resourceArn": get("resourceArn"),
            "usageType": get("usageType"),
            "amount": get("amount"),
            "period": period,
            "breachAction": get("breachAction") or "log",
        }
        return self.all[key]

    def list_usage_limits(self, get: Parameters) -> Any:
        """ListUsageLimits, on one page."""
        arn = get("resourceArn")
        return [each for each in self.all.values() if arn is None or _is_of(each, arn)]

    def update_usage_limit(self, get: Parameters) -> Any:
        """UpdateUsageLimit: its amount and what happens then."""
        if get("usageLimitId") not in self.all:
            raise not_found(f"There is no usage limit {get('usageLimitId')}.")
        check_limit(get)
        found = self.all[get("usageLimitId")]
        found |= {key: get(key) for key in ("amount", "breachAction") if get(key)}
        return found

    def delete_usage_limit(self, get: Parameters) -> Any:
        """DeleteUsageLimit."""
        if get("usageLimitId") not in self.all:
            raise not_found(f"There is no usage limit {get('usageLimitId')}.")
        return self.all.pop(get("usageLimitId"))

    def forget(self, arn: str) -> None:
        """Let the limits of a workgroup go with it."""
        for key in [key for key, each in self.all.items() if _is_of(each, arn)]:
            self.all.pop(key)


def _is_of(limit: Described, arn: str) -> bool:
    return bool(limit["resourceArn"] == arn)
