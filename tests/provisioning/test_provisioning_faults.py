"""Whatever AWS call fails, in whatever way, the next run ends where a clean one does."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from aws_site import Aws, each_kind, refusal
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError
from botocore.httpsession import URLLib3Session

import setup_env
import shutdown_env
from dwh.errors import DwhError, explain

DOWN = ("--yes", "--no-snapshot")
CLEAN: dict[str, list[Any]] = {
    "roles": [],
    "groups": [],
    "clusters": [],
    "buckets": [],
    "serverless": [],
}
# What a script that fails raises: AWS's refusal, a lost connection, our own explanation.
FAILURES = (ClientError, BotoCoreError, DwhError)


class CallFaults:
    """Counts the AWS calls of a run, and fails one of them."""

    def __init__(self, aws: Aws, number: int) -> None:
        self.aws, self.number, self.calls = aws, number, 0
        aws.listen_no_more()
        aws.listen("before-call", self.count)

    @property
    def met(self) -> bool:
        return self.calls >= self.number

    def count(self, **_: Any) -> Any:
        self.calls += 1
        return self.fail() if self.calls == self.number else None

    def fail(self) -> Any:
        """Refuse the call before anything happens."""
        return refusal("AccessDenied", "not now")

    def run(self, script: Any, *options: str) -> None:
        try:
            self.aws.run(script, *options)
        except FAILURES as error:
            told = explain(error)
            assert told.what
            assert told.hint
        self.aws.listen_no_more()


class RefusedCall(CallFaults):
    """The call is refused before it happens."""


class LostAnswer(CallFaults):
    """The call is done, but the network is gone before its answer is back, and stays away."""

    def __init__(self, aws: Aws, number: int) -> None:
        super().__init__(aws, number)
        aws.listen("before-send", self.send)

    def fail(self) -> Any:
        return None

    def send(self, request: Any, **_: Any) -> Any:
        if not self.met:
            return None
        if self.calls == self.number:
            self.calls += 1  # this try only: the next ones no longer reach AWS
            URLLib3Session().send(request)
        raise ConnectionClosedError(endpoint_url=request.url)


class KilledAfterCall(CallFaults):
    """The process is killed as soon as the call is done."""

    def __init__(self, aws: Aws, number: int) -> None:
        super().__init__(aws, number)
        aws.listen("after-call", self.kill)

    def fail(self) -> Any:
        return None

    def kill(self, **_: Any) -> None:
        if self.met:
            os.kill(os.getpid(), signal.SIGKILL)

    def run(self, script: Any, *options: str) -> None:
        """Run the script in a process of its own, which does not live to tell its calls."""
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                self.aws.run(script, *options)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        self.calls = self.number if os.WIFSIGNALED(status) else 0
        self.aws.listen_no_more()


WAYS = [RefusedCall, LostAnswer, KilledAfterCall]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore waits for a random time before it tries again."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", no_delay)


def no_delay(*_: Any) -> float:
    return 0


def alternating(aws: Aws, number: int) -> CallFaults:
    """Each call that is tried fails in another way than the one before."""
    return WAYS[number // QUICK % len(WAYS)](aws, number)


# Of how many calls the quick part tries one.
QUICK = 29
each_way = pytest.mark.parametrize(
    ("way", "step"),
    [
        (alternating, QUICK),
        *(pytest.param(way, 1, marks=pytest.mark.exhaustive) for way in WAYS),
    ],
)


@each_way
@each_kind
def test_setup_and_shutdown_that_failed_anywhere_end_right_when_run_again(
    aws: Aws,
    way: Callable[[Aws, int], CallFaults],
    step: int,
    record_property: Callable[[str, object], None],
) -> None:
    aws.set_up()
    wanted = aws.environment()
    aws.run(shutdown_env, *DOWN)
    assert aws.environment() == CLEAN
    points, number, setting_up, taking_down = 0, 1 - step, True, True
    while setting_up or taking_down:
        number += step
        if setting_up:
            faults = way(aws, number)
            faults.run(setup_env)
            setting_up = faults.met
        aws.set_up()
        assert aws.environment() == wanted, f"setup, call {number}"
        if taking_down:
            faults = way(aws, number)
            faults.run(shutdown_env, *DOWN)
            taking_down = faults.met
        aws.run(shutdown_env, *DOWN)
        assert aws.environment() == CLEAN, f"shutdown, call {number}"
        points += setting_up + taking_down
    record_property(f"setup and shutdown of a {aws.kind}, {way.__name__.lower()}", points)
    assert points >= 50 // step


@pytest.mark.exhaustive
@each_kind
def test_snapshot_is_kept_and_restored_once_whatever_failed(
    aws: Aws, record_property: Callable[[str, object], None]
) -> None:
    names = (f"{aws.name}-20181101-{second:06}" for second in itertools.count())
    aws.patch.setattr("shutdown_env.new_name", lambda _: next(names))
    aws.set_up()
    wanted = aws.environment()
    aws.run(shutdown_env, "--yes")
    (kept,) = aws.snapshots
    points, number, setting_up, taking_down = 0, 0, True, True
    while setting_up or taking_down:
        number += 1
        if setting_up:
            faults = alternating(aws, number)
            faults.run(setup_env, "--restore", kept)
            setting_up = faults.met
        aws.set_up("--restore", kept)
        found = aws.environment()
        if aws.kind == "cluster":
            found["clusters"][0]["Tags"].remove({"Key": "snapshot", "Value": kept})
        else:
            namespace = found["serverless"][0]
            extra = [("restored", "yes"), ("snapshot", kept)]
            namespace["tags"] = [tag for tag in namespace["tags"] if tag not in extra]
        assert found == wanted, f"setup --restore, call {number}"
        if taking_down:
            faults = alternating(aws, number)
            faults.run(shutdown_env, "--yes")
            taking_down = faults.met
        aws.run(shutdown_env, "--yes")
        assert aws.environment() == CLEAN, f"shutdown, call {number}"
        (new,) = set(aws.snapshots) - {kept}
        aws.delete_snapshot(new)
        points += setting_up + taking_down
    record_property("setup --restore and shutdown with a snapshot", points)
    assert points >= 45


@each_way
@each_kind
def test_shutdown_leaves_nothing_of_a_setup_that_stopped_anywhere(
    aws: Aws,
    way: Callable[[Aws, int], CallFaults],
    step: int,
    record_property: Callable[[str, object], None],
) -> None:
    points, met = 0, True
    while met:
        number = 1 + points * step
        faults = way(aws, number)
        faults.run(setup_env)
        met = faults.met
        aws.run(shutdown_env, *DOWN)
        assert aws.environment() == CLEAN, f"call {number}"
        points += met
    record_property(
        f"shutdown after a setup of a {aws.kind} that stopped, {way.__name__.lower()}", points
    )
    assert points >= 20 // step


@each_kind
def test_every_answer_may_be_lost_once(aws: Aws) -> None:
    """botocore then tries again, and finds done what it asks for."""
    seen: set[int] = set()

    def lose_first_answer(request: Any, **_: Any) -> None:
        call = request.headers["amz-sdk-invocation-id"]
        if call not in seen:
            seen.add(call)
            URLLib3Session().send(request)
            raise ConnectionClosedError(endpoint_url=request.url)

    aws.set_up()
    wanted = aws.environment()
    aws.run(shutdown_env, *DOWN)
    aws.listen("before-send", lose_first_answer)
    aws.set_up()
    assert aws.environment() == wanted
    aws.run(shutdown_env, *DOWN)
    assert aws.environment() == CLEAN
    assert len(seen) > 20
