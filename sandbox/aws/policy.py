"""IAM policies: whether a role's documents allow an action.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
moto's own evaluation takes every condition that it does not know as met; here it is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

# What the sandbox knows of a request; another key is an error, and not just absent.
CONTEXT_KEYS = frozenset({"s3:prefix"})


class UnknownConditionError(Exception):
    """A policy has a condition operator that the sandbox cannot evaluate."""


def allows(
    documents: Iterable[str], action: str, resource: str, context: Mapping[str, str] | None = None
) -> bool:
    """Whether the policy documents together allow the action; an explicit Deny wins.

    `context` holds condition keys, such as s3:prefix. Raises UnknownConditionError.
    """
    effects = {
        statement.get("Effect")
        for document in documents
        for statement in _statements(document)
        if _applies(statement, action, resource, context or {})
    }
    return "Allow" in effects and "Deny" not in effects


def trusts(document: str, service: str) -> bool:
    """Whether a role's trust policy lets an AWS service assume the role.

    Raises UnknownConditionError for a condition on that.
    """
    effects = set()
    for statement in _statements(document):
        principal = statement.get("Principal", {})
        named = principal.get("Service", []) if isinstance(principal, dict) else []
        if service in _as_list(named) and _names(statement, "Action", "sts:AssumeRole", True):
            for operator in statement.get("Condition", {}):
                raise UnknownConditionError(operator)
            effects.add(statement.get("Effect"))
    return effects == {"Allow"}


def _statements(document: str) -> list[dict[str, Any]]:
    policy = json.loads(document)
    found = _as_list(policy.get("Statement", [])) if isinstance(policy, dict) else []
    return [statement for statement in found if isinstance(statement, dict)]


def _applies(
    statement: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str]
) -> bool:
    if not _names(statement, "Action", action, ignore_case=True):
        return False
    if not _names(statement, "Resource", resource):
        return False
    conditions = statement.get("Condition", {})
    return all(_holds(operator, keys, context) for operator, keys in conditions.items())


def _names(
    statement: Mapping[str, Any], element: str, value: str, ignore_case: bool = False
) -> bool:
    if f"Not{element}" in statement:
        return not any(
            _matches(p, value, ignore_case) for p in _as_list(statement[f"Not{element}"])
        )
    patterns = _as_list(statement.get(element, []))
    return any(_matches(pattern, value, ignore_case) for pattern in patterns)


def _holds(operator: str, keys: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    if operator not in ("StringEquals", "StringLike"):
        raise UnknownConditionError(operator)
    for key, expected in keys.items():
        if key.lower() not in CONTEXT_KEYS:
            raise UnknownConditionError(f"{operator} {key}")
        actual = context.get(key.lower())
        if actual is None or not any(
            _equal(operator, value, actual) for value in _as_list(expected)
        ):
            return False
    return True


def _equal(operator: str, expected: str, actual: str) -> bool:
    return expected == actual if operator == "StringEquals" else _matches(expected, actual)


def _matches(pattern: str, value: str, ignore_case: bool = False) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    return re.fullmatch(expression, value, flags) is not None


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
