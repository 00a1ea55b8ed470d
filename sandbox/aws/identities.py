"""Who signed a request: an IAM user, a session of a role, or the account's administrator.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.core.utils import utcnow
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from sandbox.aws.refusals import RefusalError

# The form of AWS's own key ids; every other is an administrator's.
KEY_ID = re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])")
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/"
    r"aws4_request, *SignedHeaders=(?P<headers>[^,]+), *Signature=(?P<signature>[0-9a-f]+)"
)
PARTITION = "aws"


@dataclass(frozen=True)
class Identity:
    """Who acts with which policies, and which other policies limit these."""

    arn: str
    names: frozenset[str]
    policies: list[str]
    limits: Mapping[str, list[str]] = field(default_factory=dict)


def administrator(account: str) -> Identity:
    """The caller whose keys have another form: by moto's name for them, with every right."""
    arn = f"arn:aws:sts::{account}:user/moto"
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    return Identity(arn, frozenset({arn}), [policy])


def database_user(identity: Identity) -> str:
    """What Redshift calls the database user of an IAM identity.

    https://docs.aws.amazon.com/redshift/latest/mgmt/generating-iam-credentials-overview.html
    """
    kind, *path = identity.arn.rpartition(":")[2].split("/")
    return f"IAMR:{path[0]}" if kind == "assumed-role" else f"IAM:{path[-1]}"


def find(request: Any, account: str) -> Identity | None:
    """Who signed moto's request; None for the administrator.

    Raises RefusalError, also for signatures other than AWS's version 4 in the Authorization header.
    """
    header = request.headers.get("Authorization", "")
    in_url = request.args.get("X-Amz-Credential") or request.args.get("AWSAccessKeyId") or ""
    if not KEY_ID.search(header) and not KEY_ID.match(in_url):
        return None
    signed = AUTHORIZATION.fullmatch(header)
    if signed is None:
        raise RefusalError("unchecked", "signatures outside of the Authorization header")
    user = _find_user(signed["key"], account)
    session = None if user else _find_session(signed["key"], account)
    _verify(request, signed, _credentials(signed["key"], user, session))
    return _user(user, account) if user else _session(session, account)


def _find_user(key_id: str, account: str) -> Any:
    backend = iam_backends[account][PARTITION]
    for user in list(backend.users.values()):
        for key in user.access_keys:
            if key.access_key_id == key_id and key.status == "Active":
                return user
    return None


def _find_session(key_id: str, account: str) -> Any:
    backend = sts_backends[account][PARTITION]
    session = backend.get_assumed_role_from_access_key(key_id)
    if session is None:
        raise RefusalError("unknown")
    if session.expiration <= utcnow():
        raise RefusalError("expired")
    return session


def _credentials(key_id: str, user: Any, session: Any) -> Credentials:
    if user:
        return Credentials(key_id, user.get_access_key_by_id(key_id).secret_access_key)
    return Credentials(key_id, session.secret_access_key, session.session_token)


def _verify(request: Any, signed: re.Match[str], credentials: Credentials) -> None:
    if request.headers.get("X-Amz-Security-Token") != credentials.token:
        raise RefusalError("token")
    signer_class = S3SigV4Auth if signed["service"] == "s3" else SigV4Auth
    signer = signer_class(credentials, signed["service"], signed["region"])
    headers = {name: request.headers.get(name, "") for name in signed["headers"].split(";")}
    copy = AWSRequest(request.method, request.raw_url, headers, _body(request))
    copy.context["timestamp"] = request.headers.get("X-Amz-Date", "")
    text = signer.string_to_sign(copy, signer.canonical_request(copy))
    if signer.signature(text, copy) != signed["signature"]:
        raise RefusalError("signature")


def _body(request: Any) -> bytes:
    form = request.environ["wsgi.input"]
    return form.getvalue() if isinstance(form, io.BytesIO) else bytes(request.get_data())


def _user(user: Any, account: str) -> Identity:
    groups = iam_backends[account][PARTITION].get_groups_for_user(user.name)
    documents = [document for owner in (user, *groups) for document in _documents(owner)]
    return Identity(user.arn, frozenset({user.arn}), documents)


def _session(session: Any, account: str) -> Identity:
    backend = iam_backends[account][PARTITION]
    try:
        role = backend.get_role_by_arn(session.role_arn)
    except NotFoundException:
        raise RefusalError("unknown") from None
    limits = {}
    if role.permissions_boundary_arn:
        limits["a permissions boundary"] = [_boundary(backend, role.permissions_boundary_arn)]
    if session.policy:
        limits["a session policy"] = [session.policy]
    return Identity(session.arn, frozenset({role.arn, session.arn}), _documents(role), limits)


def _boundary(backend: Any, arn: str) -> str:
    if arn not in backend.managed_policies:
        raise RefusalError("unchecked", f"the permissions boundary {arn}")
    return _default_version(backend.managed_policies[arn])


def _documents(owner: Any) -> list[str]:
    managed = [_default_version(policy) for policy in owner.managed_policies.values()]
    return [*owner.policies.values(), *managed]


def _default_version(policy: Any) -> str:
    return next(str(version.document) for version in policy.versions if version.is_default)
