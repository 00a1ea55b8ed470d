"""Many small files made into a few large ones, because COPY takes its time over each file."""

from __future__ import annotations

import gzip
import json
import re
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from itertools import accumulate, groupby, islice
from math import ceil
from typing import Any, NoReturn, TypeVar

from dwh.aws import attempt, s3_client, split_url
from dwh.errors import DwhError, explain
from dwh.loading.run import File, FileLocation, Run
from dwh.terminal import MEGABYTE, Step, plural, say, step

# Redshift takes longer to open such a file than to read it.
SMALL_BYTES = 1_000_000
# Before compression, so that no part is larger than Redshift likes them.
PART_BYTES = 128_000_000
# S3 takes tens of milliseconds to answer: so many requests are on their way at a time, and so many
# files at most are read before their turn.
READERS = 32
READ_AHEAD = 48
READ_TRIES = 3
# Smaller would take longer than it spares: a part is read once, and removed.
GZIP_LEVEL = 1
SHOWN_EVERY = 100
# The folder of the parts of all runs.
PARTS = "parts"
Content = TypeVar("Content")
BLANKS = re.compile(r"[ \t\r\n]*")


def pack_small_files(run: Run) -> None:
    """Write the small files of each staging table into parts, where there are many of them.

    A file that is not one JSON object after another is left to COPY as it is: what is wrong with
    it might spoil the next in a part. So is one that has changed since it was listed. Raises
    DwhError for a file that is not there any more.
    https://docs.aws.amazon.com/redshift/latest/dg/c_best-practices-use-multiple-files.html
    """
    for table, files in run.files.items():
        small = [file for file in files if 0 < file.size < SMALL_BYTES]
        if not run.config.pack_from or len(small) < run.config.pack_from:
            continue
        with step(f"pack {table}") as current:
            parts = Parts(run, table)
            parts.fill(split(small, number_of_parts(run, small)), current)
            packed, made = plural(parts.files, "file"), plural(parts.number, "part")
            current.result = f"{packed} in {made}, {parts.bytes / MEGABYTE:.1f} MB"
        run.finish_step(f"pack {table}", current.seconds)


def number_of_parts(run: Run, files: list[File]) -> int:
    """A multiple of the slices, so that each of them loads the same number of parts."""
    slices = run.slices
    return slices * ceil(sum(file.size for file in files) / slices / PART_BYTES)


def split(files: list[File], number: int) -> list[list[File]]:
    """The files in so many groups of about the same size; fewer if there are not as many files."""
    total = sum(file.size for file in files)
    starts = accumulate((file.size for file in files), initial=0)
    groups = groupby(zip(files, starts, strict=False), lambda each: each[1] * number // total)
    return [[file for file, _ in group] for _, group in groups]


class Parts:
    """The parts of one staging table: of how many files, how many, their bytes when compressed.

    The run is told what is where before it is written, so that nothing is left behind.
    """

    def __init__(self, run: Run, table: str) -> None:
        self.files = self.number = self.bytes = 0
        self._locations, self._folder = run.locations, run.folder
        self._s3 = s3_client(run.config, READERS)
        self._name = f"{PARTS}/{run.run_id}/{table}"

    def fill(self, groups: list[list[File]], current: Step) -> None:
        """Write a part of each group of files, many of which are read at once."""
        files = [file for group in groups for file in group]
        pool = ThreadPoolExecutor(READERS)
        try:
            contents = show_progress(read_in_order(pool, self._s3, files), len(files), current)
            for group in groups:
                self._write(group, contents)
        finally:
            pool.shutdown(cancel_futures=True)

    def _write(self, group: list[File], contents: Iterator[bytes | None]) -> None:
        """Write the next part, of the files whose contents come next; none if it would be empty."""
        name, lines = f"{self._name}-{self.number + 1:04}.gz", 0
        with tempfile.TemporaryFile() as stored:
            with gzip.GzipFile("", "wb", GZIP_LEVEL, stored, mtime=0) as part:
                for file, content in zip(group, contents, strict=False):
                    records = None if content is None else count_records(content)
                    if content is None or records is None:
                        continue
                    whole = content if content.endswith(b"\n") else content + b"\n"
                    part.write(whole)
                    first, lines = lines + 1, lines + whole.count(b"\n")
                    part_url = f"{self._folder.url}/{name}"
                    self._locations[file.url] = FileLocation(part_url, first, lines, records)
                    self.files += 1
            if lines:
                self.number += 1
                self.bytes += stored.tell()
                stored.seek(0)
                self._folder.write(name, stored)


def show_progress(
    contents: Iterable[bytes | None], number: int, current: Step
) -> Iterator[bytes | None]:
    """The contents of so many files, while the step shows how many have come."""
    for done, content in enumerate(contents, 1):
        if done % SHOWN_EVERY == 0:
            current.advance(f"{done} of {number} files", done / number)
        yield content


def read_in_order(
    pool: ThreadPoolExecutor, s3: Any, files: Iterable[File]
) -> Iterator[bytes | None]:
    """The contents of the files in their order; the next are read while one is in use."""
    rest = iter(files)
    under_way = deque(pool.submit(read, s3, file) for file in islice(rest, READ_AHEAD))
    while under_way:
        content = under_way.popleft().result()
        under_way.extend(pool.submit(read, s3, file) for file in islice(rest, 1))
        yield content


def read(s3: Any, file: File) -> bytes | None:
    """The content of a file as it was listed; None if it has changed."""

    def read_once() -> bytes | None:
        body = open_file(s3, file)
        return None if body is None else bytes(body.read())

    return try_to_read(read_once)


def try_to_read(read_once: Callable[[], Content]) -> Content:
    """What is read, by a few tries: boto3 itself does not try again once an answer begins."""
    from botocore.exceptions import HTTPClientError, IncompleteReadError

    for _ in range(READ_TRIES - 1):
        with suppress(HTTPClientError, IncompleteReadError):
            return read_once()
    return read_once()


def open_file(s3: Any, file: File) -> Any:
    """The body of a file as it was listed, None if it has changed.

    Raises DwhError if there is no such file.
    """
    from botocore.exceptions import ClientError

    bucket, key = split_url(file.url)
    get = partial(s3.get_object, Bucket=bucket, Key=key, IfMatch=f'"{file.etag}"')
    try:
        answer = attempt("NoSuchKey NoSuchBucket", get)
    except ClientError as error:
        if error.response["Error"]["Code"] == "PreconditionFailed":
            return None
        raise
    if answer is None:
        raise DwhError(f"{file.url} is not there any more", "run the script again")
    return answer["Body"]


def count_records(content: bytes) -> int | None:
    """How many JSON objects the content is, one after another; None if it is anything else."""
    decoder = json.JSONDecoder(parse_constant=refuse)
    number = place = 0
    try:
        text = content.decode()
        while (place := after_blanks(text, place)) < len(text):
            value, place = decoder.raw_decode(text, place)
            if not isinstance(value, dict):
                return None
            number += 1
    except (ValueError, RecursionError):
        return None
    return number


def after_blanks(text: str, place: int) -> int:
    """Where the text goes on after the blanks that JSON allows between values."""
    return BLANKS.match(text, place).end()  # type: ignore[union-attr]  # matches nothing, too


def refuse(constant: str) -> NoReturn:
    """Refuse NaN and Infinity, which JSON does not know."""
    raise ValueError(constant)


# ---------------------------------------------------------------------------- the end of parts


def remove_leftovers(run: Run) -> None:
    """Remove the parts of runs that were killed; for who holds the lock, so that none is in use."""
    run.folder.remove(PARTS)


@contextmanager
def temporary_parts(run: Run) -> Iterator[None]:
    """Remove the run's parts after the block. If that fails, it is no fault of the load."""
    try:
        yield
    finally:
        if run.locations:
            try:
                run.folder.remove(f"{PARTS}/{run.run_id}")
            except Exception as error:
                say(f"warning: packed files stay in S3 until the next run: {explain(error).what}")
