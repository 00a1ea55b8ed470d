"""Small objects are read by several threads, some ahead of their use.

As Redshift's slices open several files at once; one after another, each would wait for the disk.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice

from sandbox.copy.csv_rows import CHUNK_BYTES, SourceObject

THREADS = 8
# What a thread reads at a time.
GROUP_OBJECTS = 64


def read_ahead(objects: Iterable[SourceObject]) -> Generator[SourceObject, None, None]:
    """The objects in their order; the small ones are in memory when their turn comes.

    At most THREADS groups of them, of CHUNK_BYTES each, are held. Raises OSError for what cannot
    be read.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        rest = groups(objects)
        under_way = deque(pool.submit(in_memory, group) for group in islice(rest, THREADS))
        try:
            while under_way:
                yield from under_way.popleft().result()
                under_way.extend(pool.submit(in_memory, group) for group in islice(rest, 1))
        finally:
            for future in under_way:
                future.cancel()


def groups(objects: Iterable[SourceObject]) -> Iterator[list[SourceObject]]:
    """Objects that follow each other, so many that they are small together; large ones alone."""
    group: list[SourceObject] = []
    size = 0
    for source in objects:
        if group and (size + source.size > CHUNK_BYTES or len(group) == GROUP_OBJECTS):
            yield group
            group, size = [], 0
        group.append(source)
        size += source.size
    if group:
        yield group


def in_memory(group: list[SourceObject]) -> list[SourceObject]:
    """The same objects, read if they are small."""
    return [source if source.size > CHUNK_BYTES else read(source) for source in group]


def read(source: SourceObject) -> SourceObject:
    """The same object, its content in memory."""
    with source.open() as stream:
        content = stream.read()
    return replace(source, open=lambda: io.BytesIO(content))
