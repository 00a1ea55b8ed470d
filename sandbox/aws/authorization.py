"""Authorization of API calls: whoever signs as an IAM identity may do what its policies allow.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
moto checks a call at the same place, but against all resources and without most conditions.
"""

from __future__ import annotations

import logging
from typing import Any

from moto.iam.models import iam_backends

from sandbox.aws import asked, identities, managed_policies, object_checks, offered, permissions
from sandbox.aws.identities import Identity
from sandbox.aws.permissions import iam, redshift
from sandbox.aws.permissions.call import Call
from sandbox.aws.refusals import Refusal, RefusalError, sentence
from sandbox.iam import policy
from sandbox.iam.policy import Permission, UnknownConditionError

IDENTITY_BASED = "an identity-based policy"
# Whom a caller of S3 expects to own the buckets.
OWNERS = ("ExpectedBucketOwner", "ExpectedSourceBucketOwner")
log = logging.getLogger(__name__)


def authorize(response: Any, *_: Any) -> None:
    """Raise the answer to whoever may not call this; it is moto that calls."""
    try:
        identity = identities.find(response.normalized_request, response.current_account)
        managed_policies.load_when_named(response)
        response.caller = identity or identities.administrator(response.current_account)
        call = response.call = asked.call(response)
        if identity:
            _check(identity, call, response)
        elif call.operation == "AssumeRole":
            # Even an administrator assumes only a role that exists and trusts them.
            _check_role(response.caller, call)
        _check_parameters(call, response)
    except RefusalError as problem:
        raise Refusal(response, problem.reason, problem.what) from None
    except UnknownConditionError as problem:
        raise Refusal(response, "unchecked", f"the IAM condition {problem}") from None


def _check(identity: Identity, call: Call, response: Any) -> None:
    # AWS tells everybody who they are, even under an explicit Deny.
    if call.operation == "GetCallerIdentity":
        return
    if (call.service, call.operation) == ("sts", "AssumeRole"):
        _check_role(identity, call)
    elif (call.service, call.operation) == ("s3", "DeleteObjects"):
        response.refused_objects = _refused_objects(identity, call)
    else:
        for permission in permissions.needed(call):
            _require(identity, call.service, permission)
        if any(_reason_against(identity, each) for each in permissions.of_network(call)):
            raise RefusalError("network")
        if redshift.needs_linked_role(call):
            iam_backends[call.account]["aws"].create_service_linked_role(redshift.SERVICE, "", "")


def _check_parameters(call: Call, response: Any) -> None:
    """Raise RefusalError for what moto would pass over."""
    if what := offered.left_out(call.service, call.operation, call.parameters):
        raise RefusalError("parameter", what)
    if call.service == "ec2" and call.get("DryRun"):
        raise RefusalError("dry_run")
    if call.service == "s3":
        if any(call.get(each) not in (None, call.account) for each in OWNERS):
            raise RefusalError("denied", "Access Denied")
        object_checks.check(call, response.body)


def _require(
    identity: Identity, service: str, permission: Permission, granted: bool = False
) -> None:
    """Raise RefusalError unless it is allowed, or is `granted` by the resource and not denied."""
    reason = _reason_against(identity, permission, granted)
    asked = f"{permission.action} on {permission.resource}"
    log.debug("%s: %s: %s", identity.arn, asked, reason or "allowed")
    if reason:
        raise RefusalError("denied", sentence(service, identity.arn, permission, reason))


def _reason_against(
    identity: Identity, permission: Permission, granted: bool = False
) -> str | None:
    """Every kind of policy has to allow it, and none may deny it."""
    kinds = {IDENTITY_BASED: identity.policies} | dict(identity.limits)
    decisions = {kind: policy.decide(each, permission) for kind, each in kinds.items()}
    if granted:
        decisions[IDENTITY_BASED] = decisions[IDENTITY_BASED] or "Allow"
    for kind, decision in decisions.items():
        if decision == "Deny":
            return f"with an explicit deny in {kind}"
    for kind, decision in decisions.items():
        if decision is None:
            name = kind.partition(" ")[2]
            return f"because no {name} allows the {permission.action} action"
    return None


def _check_role(identity: Identity, call: Call) -> None:
    """Raise RefusalError unless the role trusts the caller, or the account that allows it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html
    """
    permission = iam.assume_role(call)
    role = iam.find_role(call, arn=permission.resource)
    account = {call.account, f"arn:aws:iam::{call.account}:root"}
    trust = role.assume_role_policy_document if role else "{}"
    if not policy.names_caller(trust, identity.names | account, permission):
        raise RefusalError("denied", sentence(call.service, identity.arn, permission, ""))
    named = policy.names_caller(trust, identity.names, permission)
    _require(identity, call.service, permission, granted=named)


def _refused_objects(identity: Identity, call: Call) -> dict[str, str]:
    """Why which of the keys may not be deleted."""
    refused = {}
    for permission in permissions.needed(call):
        try:
            _require(identity, call.service, permission)
        except RefusalError as problem:
            refused[permission.resource.partition("/")[2]] = str(problem)
    return refused
