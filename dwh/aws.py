"""AWS's APIs: clients, calls, and waiting for what takes its time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from dwh.config import Config
from dwh.target import AWS, SANDBOX
from dwh.terminal import hide


@dataclass(frozen=True)
class ApiEndpoint:
    """Where AWS is: what boto3, the address look-up and TLS need to know of it."""

    client_options: dict[str, Any]
    address_url: str
    ca_file: str
    # The sandbox is reached past the user's own proxies, which None leaves alone.
    proxies: dict[str, str] | None = None


def find_endpoint(config: Config) -> ApiEndpoint:
    """AWS with the user's own credentials, or the running sandbox, which never sees them."""
    if config.target is AWS:
        import certifi

        return ApiEndpoint({}, "https://checkip.amazonaws.com", certifi.where())
    from dwh import local_aws

    found = local_aws.find(config)
    keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
    options = {"endpoint_url": found.endpoint_url, **keys}
    return ApiEndpoint(options, f"{found.endpoint_url}/checkip", found.ca_file, {})


def client(
    config: Config,
    service: str,
    region: str = "",
    connections: int = 10,
    credentials: dict[str, str] | None = None,
) -> Any:
    """A client of one of AWS's services, in the cluster's region unless told otherwise.

    `connections` is how many it keeps open, each for one thread at a time. `credentials` are an
    assumed role's, under boto3's names for them; by default, boto3 finds the user's own.
    """
    from botocore.config import Config as ClientConfig

    endpoint = find_endpoint(config)
    options = ClientConfig(
        connect_timeout=10,
        proxies=endpoint.proxies,
        retries={"mode": "standard", "max_attempts": 5},
        max_pool_connections=connections,
    )
    session = session_of(config.target.name)
    where = region or config.aws_region
    keys = endpoint.client_options | (credentials or {})
    return session.client(service, where, config=options, **keys)


@cache
def session_of(target: str) -> Any:
    """A session of boto3; the sandbox's knows nothing of the user's own AWS."""
    import boto3
    from botocore.session import Session

    unset = {"profile": (None,) * 4, "config_file": (None, None, os.devnull, None)}
    session = Session(session_vars=unset if target == SANDBOX.name else None)
    # Dates stay texts, which sort as well: to parse them takes longer than to list the files.
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=str)
    session.register("before-send", hide_token)
    return boto3.Session(botocore_session=session)


def hide_token(request: Any, **_: Any) -> None:
    """AWS quotes a request that it cannot verify, with the token that it was sent."""
    token = request.headers.get("X-Amz-Security-Token", "")
    hide(token.decode() if isinstance(token, bytes) else token)


@dataclass(frozen=True)
class Clients:
    """The services that the environment is made of, and the account that it is in."""

    iam: Any
    ec2: Any
    redshift: Any
    serverless: Any
    s3: Any
    account: str


def clients(config: Config) -> Clients:
    """Clients of the services that the environment is made of."""
    account = client(config, "sts").get_caller_identity()["Account"]
    return Clients(
        iam=client(config, "iam"),
        ec2=client(config, "ec2"),
        redshift=client(config, "redshift"),
        serverless=client(config, "redshift-serverless"),
        s3=s3_client(config),
        account=account,
    )


def has_service(config: Config, service: str) -> bool:
    """True if boto3 knows of the service in the warehouse's region."""
    return config.aws_region in session_of(config.target.name).get_available_regions(service)


def s3_client(config: Config, connections: int = 10) -> Any:
    """A client of S3, where the files are that are loaded."""
    return client(config, "s3", config.s3_region, connections)


def split_url(url: str) -> tuple[str, str]:
    """The bucket and the key, or the beginning of keys, that a URL names."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key


def delete_objects(s3: Any, name: str, prefix: str = "") -> None:
    """Delete what a bucket has there, and every version should somebody have turned them on."""
    from botocore.exceptions import ClientError

    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name, Prefix=prefix):
        found = page.get("Versions", []) + page.get("DeleteMarkers", [])
        keys = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
        answer = s3.delete_objects(Bucket=name, Delete={"Objects": keys}) if keys else {}
        for error in answer.get("Errors", []):
            raise ClientError({"Error": error}, "DeleteObjects")


def attempt(codes: str, call: Callable[..., Any], **arguments: Any) -> Any:
    """Call AWS; None when it answers with one of these error codes."""
    from botocore.exceptions import ClientError

    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in codes.split():
            return None
        raise


def polling(seconds: float, pause: float = 0.1) -> Iterator[None]:
    """Yield at once, then less and less often, until so many seconds have passed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(pause)
        pause = min(pause * 1.5, 15)
