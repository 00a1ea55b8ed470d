"""The workgroup's daily limit, after which AWS refuses its queries until the next day.

https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_CreateUsageLimit.html
"""

from __future__ import annotations

from typing import Any

from dwh.aws import Clients, attempt
from dwh.config import Config
from dwh.provisioning.environment import Described, ServerlessFound
from dwh.provisioning.plan import Change
from dwh.serverless_access import find_workgroup
from dwh.terminal import Step, plural

USAGE = "serverless-compute"
THEN = "deactivate"


def find(api: Any, workgroup: Described | None) -> Described | None:
    """The daily limit: one after which queries are refused, before one that only tells."""
    if workgroup is None:
        return None
    request = {"resourceArn": workgroup["workgroupArn"], "usageType": USAGE}
    answer = attempt("ResourceNotFoundException", api.list_usage_limits, **request) or {}
    limits = [each for each in answer.get("usageLimits", []) if each["period"] == "daily"]
    limits.sort(key=lambda each: each["breachAction"] != THEN)
    return next(iter(limits), None)


def plan(there: ServerlessFound, config: Config) -> Change:
    """Set the limit, change it, or take it away."""
    found, amount = there.limit, config.daily_limit
    title, settings = "daily limit", in_words(amount)
    if amount is None:
        if found is None:
            return Change("keep", title, settings)
        return Change("delete", title, settings, lambda aws, _: delete(aws.serverless, found))

    def apply(aws: Clients, _: Step) -> None:
        set_limit(aws.serverless, config, amount)

    if found is None:
        return Change("create", title, settings, apply)
    if (found["amount"], found["breachAction"]) == (amount, THEN):
        return Change("keep", title, settings)
    return Change("change", title, settings, apply)


def in_words(amount: int | None) -> str:
    """What a limit does."""
    if amount is None:
        return "none: queries run whatever they cost"
    return f"{plural(amount, 'RPU hour')} a day, then queries are refused"


def set_limit(api: Any, config: Config, amount: int) -> None:
    """Set the limit of the workgroup that is there now."""
    workgroup = find_workgroup(api, config)
    if found := find(api, workgroup):
        name = {"usageLimitId": found["usageLimitId"]}
        api.update_usage_limit(**name, amount=amount, breachAction=THEN)
    elif workgroup:
        attempt(
            "ConflictException",  # set by a first try whose answer was lost
            api.create_usage_limit,
            resourceArn=workgroup["workgroupArn"],
            usageType=USAGE,
            period="daily",
            amount=amount,
            breachAction=THEN,
        )


def delete(api: Any, limit: Described) -> None:
    """Take the limit away."""
    name = {"usageLimitId": limit["usageLimitId"]}
    attempt("ResourceNotFoundException", api.delete_usage_limit, **name)
