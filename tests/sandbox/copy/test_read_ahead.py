"""Small objects are read by several threads, in their order and no further ahead than is said."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from threading import Barrier
from typing import BinaryIO

import pytest

from sandbox.copy.csv_rows import CHUNK_BYTES, SourceObject
from sandbox.copy.read_ahead import GROUP_OBJECTS, THREADS, read_ahead

SMALL = 9


def source(number: int, opener: Callable[[], BinaryIO], size: int = SMALL) -> SourceObject:
    return SourceObject(f"s3://b/{number}", size, opener)


def holding(text: bytes) -> Callable[[], BinaryIO]:
    return lambda: io.BytesIO(text)


def content(found: SourceObject) -> bytes:
    with found.open() as stream:
        return stream.read()


@pytest.mark.parametrize("number", [0, 1, GROUP_OBJECTS, GROUP_OBJECTS * THREADS * 3 + 1])
def test_objects_keep_their_order_and_their_content(number: int) -> None:
    texts = [b"text %d" % each for each in range(number)]
    sources = [
        source(each, holding(text), CHUNK_BYTES * 2 if each % 50 == 7 else SMALL)
        for each, text in enumerate(texts)
    ]
    found = list(read_ahead(sources))
    assert [each.url for each in found] == [each.url for each in sources]
    assert [content(each) for each in found] == texts


def test_small_objects_are_opened_at_the_same_time() -> None:
    everybody = Barrier(THREADS)

    def open_with_the_others() -> BinaryIO:
        everybody.wait(20)
        return io.BytesIO(b"x" * CHUNK_BYTES)

    sources = [source(each, open_with_the_others, CHUNK_BYTES) for each in range(THREADS)]
    assert len(list(read_ahead(sources))) == THREADS


def test_large_object_is_left_to_be_read_in_pieces() -> None:
    large = source(1, holding(b"large"), CHUNK_BYTES + 1)
    assert list(read_ahead([large])) == [large]


def test_no_more_is_read_ahead_than_is_said() -> None:
    taken: list[int] = []

    def sources() -> Iterator[SourceObject]:
        for number in range(100):
            taken.append(number)
            yield source(number, holding(b""), CHUNK_BYTES)

    reading = read_ahead(sources())
    next(reading)
    reading.close()
    assert taken == list(range(THREADS + 1))  # one more, to see where a group ends


def test_object_that_cannot_be_read_is_an_error_at_its_turn() -> None:
    def lost() -> BinaryIO:
        raise FileNotFoundError("gone")

    there = source(0, holding(b"there"), CHUNK_BYTES)
    reading = read_ahead([there, source(1, lost, CHUNK_BYTES)])
    assert content(next(reading)) == b"there"
    with pytest.raises(FileNotFoundError, match="gone"):
        next(reading)
