"""A load that must fail, and change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from conftest import Pipeline
from script_runs import Complaint, refused_here

import etl

Star = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
def loaded(pipeline: Pipeline) -> Pipeline:
    """A star with a row in each table."""
    pipeline.songs({})
    pipeline.events({})
    pipeline.load()
    return pipeline


def fails_and_changes_nothing(pipeline: Pipeline, code: int = 1) -> Complaint:
    with unchanged(pipeline):
        return refused_here(etl, "--rebuild", "--config", str(pipeline.config), code=code)


@contextmanager
def unchanged(pipeline: Pipeline) -> Iterator[None]:
    staged = "SELECT COUNT(*), MAX(ts) FROM staging_events"
    before = pipeline.star(), pipeline.ask(staged)
    yield
    assert (pipeline.star(), pipeline.ask(staged)) == before
