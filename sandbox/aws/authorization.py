"""Authorization of API calls: whoever signs as an IAM identity may do what its policies allow.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
moto checks a call at the same place, but against all resources and without most conditions.
"""

from __future__ import annotations

import logging
from typing import Any

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from moto.iam.models import iam_backends
from werkzeug.exceptions import NotFound

from sandbox.aws import identities, managed_policies, permissions, refusals
from sandbox.aws.identities import Identity, RejectedError
from sandbox.aws.permissions import iam, redshift
from sandbox.aws.permissions.call import Call, UncheckedError
from sandbox.iam import policy
from sandbox.iam.policy import Permission, UnknownConditionError

IDENTITY_BASED = "an identity-based policy"
log = logging.getLogger(__name__)


class DeniedError(Exception):
    """The caller is not allowed something; the text says what and why."""


class NetworkDeniedError(Exception):
    """The caller may not read what Redshift has to know of the network."""


def authorize(response: Any, *_: Any) -> None:
    """Raise the answer to whoever may not call this; it is moto that calls."""
    try:
        identity = identities.find(response.normalized_request, response.current_account)
        managed_policies.load_when_named(response)
        response.caller = identity or identities.administrator(response.current_account)
        if identity:
            _check(identity, _call(response), response)
        elif response.boto3_service_name == "sts" and _call(response).operation == "AssumeRole":
            # Even an administrator assumes only a role that exists and trusts them.
            _check_role(response.caller, _call(response))
    except RejectedError as problem:
        raise refusals.rejected(response, str(problem)) from None
    except DeniedError as problem:
        raise refusals.denied(response, str(problem)) from None
    except NetworkDeniedError:
        raise refusals.network_denied(response) from None
    except UnknownConditionError as problem:
        raise refusals.unsupported(response, f"the IAM condition {problem}") from None
    except UncheckedError as problem:
        raise refusals.unsupported(response, str(problem)) from None


def _call(response: Any) -> Call:
    """What is asked, read as the service's model has it."""
    request, service = response.normalized_request, response.boto3_service_name
    try:
        operation, in_path = get_service_router(service).match(request)
    except NotFound:
        raise UncheckedError(f"{request.method} {request.path}") from None
    protocol = determine_request_protocol(get_service_model(service), request.content_type)
    parser = PROTOCOL_PARSERS[protocol](operation, map_type=dict)
    parameters = parser.parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": response.body,
            "url_path": request.path,
            "url_params": in_path,
        }
    )
    return Call(service, operation.name, response.current_account, response.region, parameters)


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
            raise NetworkDeniedError
        if redshift.needs_linked_role(call):
            iam_backends[call.account]["aws"].create_service_linked_role(redshift.SERVICE, "", "")


def _require(
    identity: Identity, service: str, permission: Permission, granted: bool = False
) -> None:
    """Raise DeniedError unless it is allowed, or is `granted` by the resource and not denied."""
    reason = _reason_against(identity, permission, granted)
    asked = f"{permission.action} on {permission.resource}"
    log.debug("%s: %s: %s", identity.arn, asked, reason or "allowed")
    if reason:
        raise DeniedError(refusals.sentence(service, identity.arn, permission, reason))


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
    """Raise DeniedError unless the role trusts the caller, or the account that allows it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html
    """
    if call.get("PolicyArns"):
        raise UncheckedError("session policies that are given by their ARN")
    permission = iam.assume_role(call)
    role = iam.find_role(call, arn=permission.resource)
    account = {call.account, f"arn:aws:iam::{call.account}:root"}
    trust = role.assume_role_policy_document if role else "{}"
    if not policy.names_caller(trust, identity.names | account, permission):
        raise DeniedError(refusals.sentence(call.service, identity.arn, permission, ""))
    named = policy.names_caller(trust, identity.names, permission)
    _require(identity, call.service, permission, granted=named)


def _refused_objects(identity: Identity, call: Call) -> dict[str, str]:
    """Why which of the keys may not be deleted."""
    refused = {}
    for permission in permissions.needed(call):
        try:
            _require(identity, call.service, permission)
        except DeniedError as problem:
            refused[permission.resource.partition("/")[2]] = str(problem)
    return refused
