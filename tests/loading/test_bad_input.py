"""Bad files are refused with their place and reason, or loaded exactly."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest
from bad_files import LOGS, BadRecord, Case, NotPlain, Rows, Unsound, all_cases
from conftest import EVENT, SONG, Pipeline
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from script_runs import refused_here
from star_model import Record, star_of

import etl
from dwh.errors import DwhError

CAPTURE = pytest.CaptureFixture[str]
CASES = all_cases()
ROWS = {
    "log_data": "SELECT item_in_session, song, artist FROM songplays ORDER BY 1, 2",
    "song_data": "SELECT song_id, title, year FROM songs WHERE song_id <> 'SO0' ORDER BY 1",
}


def rows(pipeline: Pipeline, case: Case) -> tuple[tuple[Any, ...], ...]:
    return tuple(pipeline.ask(ROWS[case.folder]))


# Of how many files the quick part tries one.
QUICK = 20


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=[pytest.mark.exhaustive] if number % QUICK else [])
        for number, case in enumerate(CASES)
    ],
)
def test_file_is_refused_with_its_place_or_loaded_exactly(
    pipeline: Pipeline, capsys: CAPTURE, case: Case
) -> None:
    pipeline.load()
    before = pipeline.star()
    url = pipeline.warehouse.put(f"{case.folder}/bad.json", case.body)
    if isinstance(case.expected, Rows):
        pipeline.load()
        assert rows(pipeline, case) == case.expected.rows
        return
    code = 3 if isinstance(case.expected, Unsound) else 1
    found = refused_here(etl, "--config", str(pipeline.config), said=capsys, code=code)
    assert pipeline.star() == before
    if isinstance(case.expected, Unsound):
        assert found.details[0].startswith(case.expected.check)
    elif isinstance(case.expected, NotPlain):
        assert found.details[0].startswith(f"{url} {case.expected.text}")
    elif isinstance(case.expected, BadRecord):
        place = re.escape(f"{url} line {case.expected.line}")
        column = f", column ({case.expected.column}), value '.*'" if case.expected.column else ""
        assert re.fullmatch(f"{place}{column}: {case.expected.reason}", found.details[0])


def test_corpus_is_large_and_each_of_its_files_is_another() -> None:
    assert len({case.body for case in CASES}) >= 80
    assert {case.folder for case in CASES} == {LOGS, "song_data"}


# ---------------------------------------------------------------------------- by chance

numbers = itertools.count(1)
BYTES = st.sampled_from(
    [b"", b"{", b"}", b'"', b"\\", b",", b"\n", b"\0", b"\xff", b"1", b"e9", b"null"]
)
WHOLE = b"".join(json.dumps(EVENT | {"itemInSession": n}).encode() + b"\n" for n in range(3))


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A file in which some pieces are replaced by others."""
    body = WHOLE
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(body)))
        size = draw(st.sampled_from([0, 0, 1, 2, 10, 100, len(WHOLE)]))
        body = body[:start] + draw(BYTES | st.binary(max_size=3)) + body[start + size :]
    return body


def read(body: bytes) -> list[Record]:
    """The events of a file that was loaded; raises if it holds anything else."""
    text, position, found = body.decode(), 0, []
    while text[position:].strip(" \t\r\n\v\f"):
        position += len(text[position:]) - len(text[position:].lstrip(" \t\r\n\v\f"))
        record, position = json.JSONDecoder().raw_decode(text, position)
        found.append({key: as_column(key, record.get(key)) for key in EVENT})
    return found


def as_column(key: str, value: Any) -> Any:
    """A value as its column has it."""
    if value is None or isinstance(value, dict | list):
        return value if value is None else json.dumps(value)
    if key in {"itemInSession", "sessionId", "ts", "registration", "status"}:
        return int(value) if value != "" else None
    return float(value) if key == "length" else str(value)


@pytest.fixture
def accepted(empty_pipeline: Pipeline) -> list[Record]:
    """The events that have been loaded so far."""
    empty_pipeline.songs({})
    empty_pipeline.events({})
    empty_pipeline.load()
    return [EVENT]


SHARED = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(SHARED, max_examples=5)
@given(body=spoiled())
def test_spoiled_file_is_refused_or_loaded_exactly(
    empty_pipeline: Pipeline, accepted: list[Record], body: bytes
) -> None:
    is_refused_or_loaded_exactly(empty_pipeline, accepted, body)


@pytest.mark.exhaustive
@settings(SHARED, max_examples=200)
@given(body=spoiled())
def test_many_spoiled_files_are_refused_or_loaded_exactly(
    empty_pipeline: Pipeline, accepted: list[Record], body: bytes
) -> None:
    is_refused_or_loaded_exactly(empty_pipeline, accepted, body)


def is_refused_or_loaded_exactly(
    empty_pipeline: Pipeline, accepted: list[Record], body: bytes
) -> None:
    name = f"log_data/spoiled-{next(numbers)}.json"
    empty_pipeline.warehouse.put(name, body)
    try:
        empty_pipeline.load()
        accepted += read(body)
    except DwhError as error:
        assert error.exit_code in {1, 3}
        assert error.details
        empty_pipeline.warehouse.put(name, b"")  # the next example must not meet it again
    plays = empty_pipeline.star()["songplays"]
    wanted = star_of(accepted, [SONG])["songplays"]
    assert sorted((row[1:] for row in plays), key=repr) == wanted
