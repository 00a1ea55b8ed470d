"""IAM users for tests, with keys of their own and policies that the tests give them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.exceptions import ClientError
from conftest import REGION, Cloud, numbers

ACCOUNT = "123456789012"


def statement(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@dataclass
class Operator:
    """Somebody who calls the API with keys, and with a session's token if it is a role's."""

    cloud: Cloud
    name: str
    key: str
    secret: str
    token: str | None = None
    iam: Any = None
    clients: dict[str, Any] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{ACCOUNT}:user/{self.name}"

    def client(self, service: str, **options: Any) -> Any:
        if service not in self.clients or options:
            self.clients[service] = boto3.client(
                service,
                endpoint_url=self.cloud.state.endpoint_url,
                region_name=REGION,
                aws_access_key_id=self.key,
                aws_secret_access_key=self.secret,
                aws_session_token=self.token,
                **options,
            )
        return self.clients[service]

    def may(self, *statements: dict[str, Any]) -> None:
        """Replace the user's one policy, of which one statement is always there."""
        policy = document(statement("sts:GetCallerIdentity"), *statements)
        self.iam.put_user_policy(UserName=self.name, PolicyName="may", PolicyDocument=policy)

    def call(self, service: str, operation: str, **request: Any) -> Any:
        return getattr(self.client(service), operation)(**request)

    def refusal(self, service: str, operation: str, **request: Any) -> tuple[int, str, str]:
        """Status, code and message of the answer; 200 for one that is no error."""
        try:
            self.call(service, operation, **request)
        except ClientError as problem:
            status = problem.response["ResponseMetadata"]["HTTPStatusCode"]
            error = problem.response["Error"]
            return status, error["Code"], error.get("Message", "")
        return 200, "", ""


def new_operator(cloud: Cloud) -> Operator:
    """A user who may do nothing yet; `iam` is the account's own client."""
    name = f"operator-{next(numbers)}"
    iam = cloud.client("iam")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Operator(cloud, name, key["AccessKeyId"], key["SecretAccessKey"], iam=iam)
