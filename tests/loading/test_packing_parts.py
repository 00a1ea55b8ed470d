"""The parts of packing: counting records, splitting files into groups, reading."""

from __future__ import annotations

import io
from typing import Any

import pytest
from botocore.exceptions import IncompleteReadError
from botocore.response import StreamingBody
from hypothesis import given
from hypothesis import strategies as st

from dwh.loading import packing
from dwh.loading.packing import count_records, split
from dwh.loading.run import File


@pytest.mark.parametrize(
    ("content", "records"),
    [
        ("", 0),
        (" \r\n\t\n", 0),
        ("{}", 1),
        ("{}\n{}\n", 2),
        ("{} {}{}", 3),
        ('{"a":\n [1,\n 2]}\n{}', 2),
        ('{"a": "}{"}', 1),
        ("[{}]", None),
        ("{},{}", None),
        ("{", None),
        ('{"a": 1', None),
        ('{"a": NaN}', None),
        ('{"a": -Infinity}', None),
        ('{"a": "\t"}', None),
        ("{}\0", None),
        ("{}\v{}", None),
        ("\ufeff{}", None),
        ("1 2", None),
        ("[" * 100_000, None),
        ('{"a": ' + "9" * 5000 + "}", None),
        ("{}\N{NO-BREAK SPACE}{}", None),
    ],
)
def test_records_are_counted_where_nothing_can_spoil_the_next_file(
    content: str, records: int | None
) -> None:
    assert count_records(content.encode()) == records


@pytest.mark.parametrize(
    "content", [b"\xff{}", '{"a": "é"}'.encode("latin1"), "{}".encode("utf-16")]
)
def test_what_is_not_utf_8_is_not_packed(content: bytes) -> None:
    assert count_records(content) is None


@given(st.lists(st.integers(1, packing.SMALL_BYTES), min_size=1), st.integers(1, 40))
def test_files_are_split_into_groups_of_about_the_same_size(sizes: list[int], number: int) -> None:
    files = [File(str(place), "", size, "") for place, size in enumerate(sizes)]
    groups = split(files, number)
    assert [file for group in groups for file in group] == files
    assert len(groups) <= number
    most = max(sum(file.size for file in group) for group in groups)
    assert most <= sum(sizes) / number + max(sizes)


class Broken:
    """An S3 whose answers break off as often."""

    def __init__(self, times: int) -> None:
        self.times = times

    def get_object(self, **_: Any) -> dict[str, Any]:
        self.times -= 1
        body = StreamingBody(io.BytesIO(b"{}"), 2 if self.times < 0 else 9)
        return {"Body": body}


def test_answer_that_breaks_off_is_asked_for_again() -> None:
    file = File("s3://b/k", "", 2, "")
    assert packing.read(Broken(packing.READ_TRIES - 1), file) == b"{}"
    with pytest.raises(IncompleteReadError):
        packing.read(Broken(packing.READ_TRIES), file)
