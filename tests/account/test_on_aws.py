"""What make test-aws does, on a sandbox that stands for AWS."""

from __future__ import annotations

import itertools
import signal
from pathlib import Path
from typing import Any

import nights
import on_aws
import pytest
from aws_site import Aws, each_kind
from fact import Fact
from script_runs import refused_here
from trial_environment import TrialEnvironment

import etl

CAPTURE = pytest.CaptureFixture[str]


@pytest.fixture
def trial(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The options of a small trial, with one fact."""
    monkeypatch.setattr(nights, "EVENTS", 600)
    monkeypatch.setattr(nights, "EVENTS_A_FILE", 50)
    monkeypatch.setattr(nights, "SONGS", 600)
    fact = Fact("one is one", "https://...", "a: b", 1, lambda place: place.value("SELECT 1"))
    monkeypatch.setattr(on_aws, "facts_of", lambda _: [fact])
    return ["--config", str(aws.config), "--folder", str(tmp_path / "trial")]


def left_over(aws: Aws) -> list[str]:
    """The warehouses and buckets of trials that are still there."""
    clusters = aws.cloud.client("redshift").describe_clusters()["Clusters"]
    buckets = aws.cloud.client("s3").list_buckets()["Buckets"]
    namespaces = aws.cloud.client("redshift-serverless").list_namespaces()["namespaces"]
    names = [each["ClusterIdentifier"] for each in clusters] + [each["Name"] for each in buckets]
    names += [each["namespaceName"] for each in namespaces]
    return [name for name in names if name.startswith("sparkify-test-")]


@each_kind
def test_every_night_is_compared_and_everything_taken_down(
    aws: Aws, trial: list[str], capsys: CAPTURE
) -> None:
    assert on_aws.main([*trial, "--yes"]) == 0
    *_, broken, packed, nothing, facts = capsys.readouterr().err.splitlines()
    assert broken.startswith("night 3, broken records: all ")
    assert packed.startswith("night 4, small files, packed: all ")
    assert nothing.startswith("night 5, nothing new: all ")
    assert facts == "1 of 1 facts hold in AWS, us-west-2"
    assert not left_over(aws)


@pytest.mark.exhaustive
def test_differences_are_told_and_everything_taken_down(
    aws: Aws, trial: list[str], capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Fact("one is two", "https://...", "a: b", 2, lambda place: place.value("SELECT 1"))
    monkeypatch.setattr(on_aws, "facts_of", lambda _: [wrong])
    monkeypatch.setattr(on_aws, "nights", lambda: itertools.islice(nights.nights(), 1))
    rows = TrialEnvironment.rows

    def without_a_user(environment: TrialEnvironment) -> dict[str, list[tuple[Any, ...]]]:
        found = rows(environment)
        return found | {"users": found["users"][environment.config.target.is_billed :]}

    monkeypatch.setattr(TrialEnvironment, "rows", without_a_user)
    assert on_aws.main([*trial, "--yes"]) == 1
    said = capsys.readouterr().err.splitlines()
    at = said.index("DIFFERENT: users after night 1, new files")
    assert " rows in the sandbox, " in said[at + 1]
    assert said[at + 2].startswith("  only in the sandbox: ('")
    at = said.index("DIFFERENT: one is two")
    assert said[at + 1] == "  documented: 2; found: 1"
    assert said[-1] == "0 of 1 facts hold in AWS, us-west-2"
    assert not left_over(aws)


@pytest.mark.exhaustive
def test_run_that_is_stopped_takes_everything_down(
    aws: Aws, trial: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[str] = []

    def stop(_: list[str]) -> int:
        there.extend(left_over(aws))
        if there:
            signal.raise_signal(signal.SIGTERM)
        return 0

    monkeypatch.setattr(etl, "main", stop)
    with pytest.raises(KeyboardInterrupt):
        on_aws.main([*trial, "--yes"])
    assert len(there) == 2
    assert not left_over(aws)


def test_what_a_killed_run_has_left_is_taken_down_by_the_next(
    aws: Aws, trial: list[str], capsys: CAPTURE, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_down = TrialEnvironment.take_down

    def leave_what_is_on_aws(environment: TrialEnvironment) -> None:
        if not environment.config.target.is_billed:
            take_down(environment)

    with monkeypatch.context() as patch:
        patch.setattr(TrialEnvironment, "take_down", leave_what_is_on_aws)
        patch.setattr(on_aws, "compare_nights", lambda _, there, like: there.make({}))
        assert on_aws.main([*trial, "--yes"]) == 1
    assert left_over(aws)
    found = refused_here(on_aws, *trial, said=capsys, code=2)
    assert found.progress[0].startswith("An earlier run was killed: taking down first what ")
    assert found.hint == "add --yes if you mean it"
    assert not left_over(aws)


def test_environment_of_the_user_is_never_taken_for_one_of_ours(
    aws: Aws, trial: list[str], capsys: CAPTURE
) -> None:
    aws.set_up()
    made = aws.environment()
    record = Path(trial[-1]) / "aws" / "dwh.cfg"
    record.parent.mkdir(parents=True)
    record.write_text(aws.config.read_text())
    found = refused_here(on_aws, *trial, "--yes", said=capsys)
    assert found.error == f"{record} names what no trial has made in this account"
    assert record.exists()
    assert aws.environment() == made


def test_nothing_is_on_record_before_there_is_something(
    aws: Aws, trial: list[str], capsys: CAPTURE
) -> None:
    aws.config.write_text("\ufeff" + aws.config.read_text())
    found = refused_here(on_aws, *trial, said=capsys, code=2)
    assert found.hint == "add --yes if you mean it"
    assert not (Path(trial[-1]) / "aws" / "dwh.cfg").exists()


def test_only_one_run_uses_a_folder(aws: Aws, trial: list[str], capsys: CAPTURE) -> None:
    with on_aws.alone(Path(trial[-1])):
        found = refused_here(on_aws, *trial, said=capsys)
    assert found.error.startswith("another run uses ")


def test_sandbox_is_no_account(aws: Aws, trial: list[str], capsys: CAPTURE) -> None:
    aws.change(target_TARGET="sandbox")
    found = refused_here(on_aws, *trial, said=capsys, code=2)
    assert found.error == "there is no account to try it on: TARGET is the sandbox"
