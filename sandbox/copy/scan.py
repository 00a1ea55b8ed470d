"""How far a COPY has come with its files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO


@dataclass
class Scan:
    """What a COPY has read so far: rows, and files as pairs of URL and number of lines."""

    rows: int = 0
    files: list[tuple[str, int]] = field(default_factory=list)
    _bytes_of_files: int = 0
    _stored: Meter | None = None

    @property
    def bytes(self) -> int:
        """The bytes read, before any decompression."""
        return self._bytes_of_files + (self._stored.bytes if self._stored else 0)

    @contextmanager
    def of(self, url: str, stored: Meter, content: Meter) -> Iterator[None]:
        """Read a file from beginning to end in this block."""
        self._stored = stored
        yield
        self._stored = None
        self._bytes_of_files += stored.bytes
        self.files.append((url, content.lines))


class Meter:
    """Counts what is read from a stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.bytes = 0
        self._line_ends = 0
        self._last = b"\n"

    @property
    def lines(self) -> int:
        """The lines read, the last of which may lack its end."""
        return self._line_ends + (self._last != b"\n")

    def read(self, size: int = -1) -> bytes:
        """As the stream's own."""
        return self._count(self._stream.read(size))

    def readline(self, size: int = -1) -> bytes:
        """As the stream's own."""
        return self._count(self._stream.readline(size))

    def _count(self, data: bytes) -> bytes:
        self.bytes += len(data)
        self._line_ends += data.count(b"\n")
        self._last = data[-1:] or self._last
        return data
