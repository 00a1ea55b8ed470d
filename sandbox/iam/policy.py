"""IAM policies: whether documents allow an action, and whom a role's trust policy names.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
moto's own evaluation takes every condition that it does not know as met; here it is an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sandbox.iam.conditions import (
    Context,
    UnknownConditionError,
    as_list,
    fits_resource,
    holds,
    matches,
)

__all__ = ["Permission", "UnknownConditionError", "allows", "decide", "names_caller", "trusts"]

ASSUME_ROLE = "sts:AssumeRole"


@dataclass(frozen=True)
class Permission:
    """An action on a resource, with what conditions may ask about the request.

    `complete` says that every key which the context lacks is absent from the request; otherwise
    it is unknown.
    """

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)
    complete: bool = True


def allows(
    documents: Iterable[str], action: str, resource: str, context: Mapping[str, str] | None = None
) -> bool:
    """Whether the policy documents together allow the action; an explicit Deny wins.

    `context` holds condition keys, such as s3:prefix. Raises UnknownConditionError.
    """
    return decide(documents, Permission(action, resource, context or {})) == "Allow"


def decide(documents: Iterable[str], permission: Permission) -> str | None:
    """Deny if a statement denies it, else Allow if one allows it, else None.

    Raises UnknownConditionError if that depends on what the sandbox does not know.
    """
    effects = {
        statement.get("Effect")
        for document in documents
        for statement in _statements(document)
        if _names(statement, "Action", permission.action, _is_action)
        if _names(statement, "Resource", permission.resource, fits_resource)
        if _conditions_hold(statement, permission)
    }
    return _strongest(effects)


def trusts(document: str, service: str) -> bool:
    """Whether a role's trust policy lets an AWS service assume the role.

    Raises UnknownConditionError for a condition on that.
    """
    effects = set()
    for statement in _statements(document):
        principal = statement.get("Principal", {})
        named = principal.get("Service", []) if isinstance(principal, dict) else []
        if service in as_list(named) and _names(statement, "Action", ASSUME_ROLE, _is_action):
            for operator in statement.get("Condition", {}):
                raise UnknownConditionError(operator)
            effects.add(statement.get("Effect"))
    return effects == {"Allow"}


def names_caller(document: str, callers: Collection[str], permission: Permission) -> bool:
    """Whether a role's trust policy lets one of these ARNs assume the role; a Deny wins.

    Raises UnknownConditionError.
    """
    effects = {
        statement.get("Effect")
        for statement in _statements(document)
        if _names(statement, "Action", permission.action, _is_action)
        if _principals(statement).intersection([*callers, "*"])
        if _conditions_hold(statement, permission)
    }
    return _strongest(effects) == "Allow"


def _strongest(effects: Collection[Any]) -> str | None:
    return next((effect for effect in ("Deny", "Allow") if effect in effects), None)


@lru_cache(128)
def _statements(document: str) -> list[dict[str, Any]]:
    policy = json.loads(document)
    found = as_list(policy.get("Statement", [])) if isinstance(policy, dict) else []
    return [statement for statement in found if isinstance(statement, dict)]


def _principals(statement: Mapping[str, Any]) -> set[str]:
    if "NotPrincipal" in statement:
        raise UnknownConditionError("NotPrincipal")
    principal = statement.get("Principal", {})
    return set(as_list(principal.get("AWS", []) if isinstance(principal, dict) else principal))


def _conditions_hold(statement: Mapping[str, Any], permission: Permission) -> bool:
    return all(
        holds(operator, key, expected, permission.context, permission.complete)
        for operator, keys in statement.get("Condition", {}).items()
        for key, expected in keys.items()
    )


def _names(
    statement: Mapping[str, Any], element: str, value: str, fits: Callable[[str, str], bool]
) -> bool:
    excluded = f"Not{element}" in statement
    patterns = statement[f"Not{element}"] if excluded else statement.get(element, [])
    return excluded != any(fits(pattern, value) for pattern in as_list(patterns))


def _is_action(pattern: str, action: str) -> bool:
    return matches(pattern, action, ignore_case=True)
