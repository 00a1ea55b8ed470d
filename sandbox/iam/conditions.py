"""The conditions of IAM policies, and the patterns of their actions and resources.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
What is not known here is an error: taken as met it would allow too much, as absent too little.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

# Values by key, which is in lower case.
Context = Mapping[str, str | list[str]]

# AWS has these in every request: where the context lacks them, they are unknown and not absent.
ALWAYS_THERE = frozenset({"aws:requestedregion", "aws:securetransport"})
SINGLE_VALUED = ALWAYS_THERE | {
    "ec2:createaction",
    "ec2:region",
    "ec2:securitygroupid",
    "ec2:vpc",
    "ec2:vpcid",
    "iam:awsservicename",
    "iam:passedtoservice",
    "redshift:dbname",
    "redshift:dbuser",
    "s3:prefix",
}
MULTIVALUED = frozenset({"aws:tagkeys"})
# These go on with the key of a tag.
TAG_KEYS = ("aws:requesttag/", "aws:resourcetag/", "ec2:resourcetag/", "iam:resourcetag/")
QUANTIFIERS = ("ForAllValues", "ForAnyValue")
NEGATIONS = {"StringNotEquals": "StringEquals", "StringNotLike": "StringLike"}


class UnknownConditionError(Exception):
    """A policy has a condition or a variable that the sandbox cannot evaluate."""


def matches(pattern: str, value: str, ignore_case: bool = False) -> bool:
    """Whether a value fits a pattern with * and ?. Raises UnknownConditionError for variables."""
    return _expression(pattern, ignore_case).fullmatch(value) is not None


def fits_resource(pattern: str, resource: str) -> bool:
    """Whether a resource's ARN fits a pattern, whose * stays within one of the ARN's six parts.

    The resource * is that of actions on none; only the pattern * is for them. Parts that the
    pattern lacks at its end may be anything. Raises UnknownConditionError for variables.
    """
    if "*" in (pattern, resource):
        return pattern == "*"
    patterns, parts = pattern.split(":", 5), resource.split(":", 5)
    patterns += ["*"] * (6 - len(patterns))
    return len(parts) == 6 and all(map(matches, patterns, parts))


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
IF_EXISTS = "IfExists"


@lru_cache(1024)
def _expression(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    if "${" in pattern:
        raise UnknownConditionError(f"with a variable, {pattern}")
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def as_list(value: Any) -> list[Any]:
    """The values of an element that may have one or several."""
    return value if isinstance(value, list) else [value]


def holds(operator: str, key: str, expected: Any, context: Context, complete: bool) -> bool:
    """Whether one condition is met.

    `complete` says that a key which the context lacks is absent from the request. Raises
    UnknownConditionError for an operator or a key that is not known.
    """
    quantifier, _, plain = operator.rpartition(":")
    _check_known(operator.removesuffix(IF_EXISTS), key, context, complete)
    actual = as_list(context.get(key.lower(), []))
    wanted = [_text(each) for each in as_list(expected)]
    if plain == "Null":
        return wanted == [_text(not actual)]
    if plain.endswith(IF_EXISTS) and not actual:
        return True
    plain = plain.removesuffix(IF_EXISTS)
    negated = plain in NEGATIONS
    equal = EQUALITIES[NEGATIONS.get(plain, plain)]
    met = [any(equal(each, value) for each in wanted) != negated for value in actual]
    if quantifier == "ForAllValues":
        return all(met)
    return any(met) if actual or quantifier else negated


def _check_known(operator: str, key: str, context: Context, complete: bool) -> None:
    name, (quantifier, _, plain) = key.lower(), operator.rpartition(":")
    known = name in SINGLE_VALUED or name in MULTIVALUED or name.startswith(TAG_KEYS)
    if quantifier:
        known = known and quantifier in QUANTIFIERS and plain.startswith("String")
    elif name in MULTIVALUED:
        known = plain == "Null"
    if plain != "Null" and NEGATIONS.get(plain, plain) not in EQUALITIES:
        raise UnknownConditionError(operator)
    if not known or (name not in context and (name in ALWAYS_THERE or not complete)):
        raise UnknownConditionError(f"{operator} {key}")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _string_equals(expected: str, actual: str) -> bool:
    if "${" in expected:
        raise UnknownConditionError(f"with a variable, {expected}")
    return expected == actual


def _bool(expected: str, actual: str) -> bool:
    return expected.lower() == actual.lower()


def _arn_like(expected: str, actual: str) -> bool:
    if expected.count(":") < 5:
        raise UnknownConditionError(f"with the incomplete ARN {expected}")
    return fits_resource(expected, actual)


EQUALITIES: dict[str, Callable[[str, str], bool]] = {
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": _bool,
    "StringEquals": _string_equals,
    "StringLike": matches,
}
