"""The clients that the scripts call AWS with, made once for the tests of a process.

To make one takes longer than most calls of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from botocore.loaders import Loader, create_loader
from botocore.session import Session

from dwh import aws

Listener = Callable[..., Any]
SERVICES = ("ec2", "iam", "redshift", "redshift-serverless", "s3", "secretsmanager", "sts")
# What boto3 makes another client for.
READ = re.compile(r"(?i)AWS_\w+|\w+_PROXY|HOME")


def read_models() -> Loader:
    """A loader that has read AWS's models of the services, for all sessions."""
    found, session = create_loader(), Session()
    session.register_component("data_loader", found)
    for service in SERVICES:
        session.create_client(
            service, "us-west-2", aws_access_key_id="none", aws_secret_access_key="none"
        )
    return found


LOADER = read_models()
available_regions = cache(Session().get_available_regions)
listeners: list[tuple[str, Listener]] = []
sessions: list[WarmSession] = []


class WarmSession:
    """A session of boto3 that makes each client once, and tells the listeners of the moment."""

    def __init__(self, made: Any) -> None:
        self.made, self.clients = made, {}  # type: ignore[var-annotated]
        sessions.append(self)

    def get_available_regions(self, service: str) -> list[str]:
        return list(available_regions(service))

    def client(self, service: str, region: str, **options: Any) -> Any:
        key = (
            *(service, region, options["config"].max_pool_connections),
            *(options.get("endpoint_url"), options.get("aws_access_key_id")),
        )
        if key not in self.clients:
            self.clients[key] = found = self.made.client(service, region, **options)
            for event, listener in listeners:
                found.meta.events.register(event, listener)
        return self.clients[key]


def listen(event: str, listener: Listener) -> None:
    """Have a listener called for an event of every client that there is, or will be."""
    listeners.append((event, listener))
    for client in all_clients():
        client.meta.events.register(event, listener)


def ignore(event: str, listener: Listener) -> None:
    """Call a listener no more."""
    listeners.remove((event, listener))
    for client in all_clients():
        client.meta.events.unregister(event, listener)


@contextmanager
def listening(*wanted: tuple[str, Listener]) -> Iterator[None]:
    """Have listeners called in the block."""
    for each in wanted:
        listen(*each)
    yield
    for each in wanted:
        ignore(*each)


def all_clients() -> list[Any]:
    return [client for session in sessions for client in session.clients.values()]


@contextmanager
def warm_clients() -> Iterator[None]:
    """Have the scripts of this process use them."""
    make = aws.session_of.__wrapped__

    @cache
    def warm(target: str, _: frozenset[tuple[str, str]]) -> WarmSession:
        return WarmSession(make(target))

    def session_of(target: str) -> WarmSession:
        read = frozenset((name, text) for name, text in os.environ.items() if READ.fullmatch(name))
        return warm(target, read)

    def forget() -> None:
        """A process that is forked off must not share its parent's connections."""
        warm.cache_clear()
        sessions.clear()

    os.register_at_fork(after_in_child=forget)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aws, "session_of", session_of)
        patch.setattr("botocore.session.create_loader", lambda _: LOADER)
        # Each script starts with all of its tries; these clients would have used them up.
        patch.setattr("botocore.retries.quota.RetryQuota.acquire", lambda *_: True)
        yield
