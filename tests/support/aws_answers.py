"""What AWS answers when it refuses, byte for byte as its services put it."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from aws_site import Aws
from botocore.awsrequest import AWSResponse

ERRORS = {
    "ec2": "<Response><Errors><Error>{error}</Error></Errors><RequestID>r</RequestID></Response>",
    "iam": "<ErrorResponse><Error>{error}</Error><RequestId>r</RequestId></ErrorResponse>",
    "s3": "<Error>{error}<RequestId>r</RequestId></Error>",
    "redshift": "<ErrorResponse><Error>{error}</Error><RequestId>r</RequestId></ErrorResponse>",
}


class Body(BytesIO):
    """What urllib3 reads an answer from."""

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self.read()


def reply(aws: Aws, operation: str, status: int, body: str) -> list[str]:
    """Answer so to each try of an operation; the list grows by one with each."""
    tries: list[str] = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        tries.append(operation)
        headers = {"Content-Type": "text/xml"}
        return AWSResponse(request.url, status, headers, Body(body.encode()))

    aws.listen(f"before-send.{operation}", answer)
    return tries


def refuse(aws: Aws, operation: str, status: int, code: str, message: str) -> list[str]:
    """Refuse each try of an operation; the list grows by one with each."""
    error = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    body = ERRORS[operation.partition(".")[0]].format(error=error)
    return reply(aws, operation, status, f'<?xml version="1.0" encoding="UTF-8"?>\n{body}')
