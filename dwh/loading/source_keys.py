"""What the new files have in place of a value that is missing once they are copied."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from dwh.aws import s3_client
from dwh.errors import explain
from dwh.json_paths import Path, columns_of, read_json_paths, value_at
from dwh.loading.run import Run
from dwh.loading.source_files import read_beginning, read_records
from dwh.loading.sql_required import Kind

# Of so many files the beginning is searched: a wrong key is in all of them.
SEARCHED_FILES = 20
CORRECT = "correct these records in their files, or let MAX_BAD_RECORDS in dwh.cfg allow them"


@dataclass
class SourceKeys:
    """What was found of the keys, for a person to read, and what to do."""

    lines: list[str]
    hint: str = CORRECT


def find_source_keys(run: Run, incomplete: list[tuple[Kind, list[str]]]) -> SourceKeys:
    """Look into the new files for records that lack the columns, and for what they have instead.

    What goes wrong then is said, and nothing else: the load has failed already.
    """
    found = SourceKeys([])
    try:
        for kind, columns in incomplete:
            Search(run, kind, found).look_for(columns)
    except Exception as error:
        found.lines.append(f"the files could not be searched: {explain(error).what}")
    return found


class Search:
    """A search of the new files of one kind of record."""

    def __init__(self, run: Run, kind: Kind, found: SourceKeys) -> None:
        self._run, self._kind, self._found = run, kind, found
        self._s3 = s3_client(run.config)
        self._paths = self._read_paths()

    def _read_paths(self) -> dict[str, Path]:
        """Where COPY looks for the value of each column."""
        if self._kind.table == "staging_events":
            return read_json_paths(self._run.config)
        return {name: [name] for name in columns_of(self._kind.table)}

    def look_for(self, columns: list[str]) -> None:
        """Tell of the first record that lacks each of the columns."""
        wanted = list(columns)
        for url, line, record in self._records():
            for column in [each for each in wanted if is_missing(record, self._paths[each])]:
                wanted.remove(column)
                self._tell(f"{url} line {line}", column, record)
            if not wanted:
                return

    def _records(self) -> Iterator[tuple[str, int, dict[str, Any]]]:
        """The records of the kind, with their files and lines."""
        page = self._paths.get("page", [])
        for file in self._run.files.get(self._kind.table, [])[:SEARCHED_FILES]:
            content = read_beginning(self._s3, file.url) if file.size else b""
            for line, record in read_records(content.decode("utf-8", "replace")):
                if self._kind.name != "play" or value_or_none(record, page) == "NextSong":
                    yield file.url, line, record

    def _tell(self, place: str, column: str, record: dict[str, Any]) -> None:
        """Say what a record has in place of the value, and who is to blame."""
        *parents, key = self._paths[column]
        keys = value_or_none(record, parents)
        if isinstance(keys, dict) and key in keys:
            self._found.lines.append(f"{place}: {key} is empty")
            return
        wanted = ".".join(self._paths[column])
        nearest = nearest_key(key, column, list(record))
        instead = f"the nearest is {nearest}" if nearest else f"it has {', '.join(record)}"
        self._found.lines.append(f"{place}: there is no key {wanted} for {column}; {instead}")
        if nearest and self._found.hint == CORRECT:
            self._found.hint = self._whose_fault(wanted, nearest, column)

    def _whose_fault(self, key: str, nearest: str, column: str) -> str:
        url = self._run.config.log_json_paths
        if self._kind.table != "staging_events":
            return f"call the key {key} in the files, instead of {nearest}"
        if nearest == usual_key(column):
            return f"name the key {nearest} in {url}, which LOG_JSON_PATHS names, instead of {key}"
        return f"call the key {key} in the files, or name {nearest} in {url} (LOG_JSON_PATHS)"


def is_missing(record: Any, path: Path) -> bool:
    """Whether a record has no value there, or an empty one."""
    value = value_or_none(record, path)
    return value is None or not str(value).strip()


def value_or_none(record: Any, path: Path) -> Any:
    """What a record has there; None if it has nothing."""
    try:
        return value_at(record, path)
    except LookupError:
        return None


def nearest_key(key: str, column: str, keys: list[str]) -> str | None:
    """The key that is most like the wanted one, or is what the column is usually called."""
    if usual_key(column) in keys:
        return usual_key(column)
    folded = {fold(each): each for each in keys}
    return next((folded[each] for each in get_close_matches(fold(key), list(folded), 1)), None)


def usual_key(column: str) -> str:
    """What the app calls a column of the events: user_id is userId."""
    return re.sub("_(.)", lambda letter: letter[1].upper(), column)


def fold(key: str) -> str:
    """A key without what people spell in different ways."""
    return re.sub(r"[\W_]", "", key).lower()
