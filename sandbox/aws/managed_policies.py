"""AWS's own managed policies, which moto holds: made when somebody first names one.

https://docs.aws.amazon.com/aws-managed-policy/latest/reference/about-managed-policy-reference.html
"""

from __future__ import annotations

import json
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends

OWNER = "arn:aws:iam::aws:policy/"


def load_when_named(response: Any) -> None:
    """Make them if a request to IAM is about them, as that takes longer than most requests."""
    if response.service_name != "iam":
        return
    asked = response.normalized_request.values
    named = (asked.get("PolicyArn") or asked.get("PermissionsBoundary") or "").startswith(OWNER)
    backend = iam_backends[response.current_account]["aws"]
    if (named or asked.get("Action") == "ListPolicies") and not backend.aws_managed_policies:
        backend.aws_managed_policies = [
            AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, data)
            for name, data in json.loads(aws_managed_policies_data).items()
        ]
        backend.managed_policies |= {each.arn: each for each in backend.aws_managed_policies}
