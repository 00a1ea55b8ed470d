"""The values that a record cannot do without, and the SQL that counts and shows what lacks one."""

import re
from typing import NamedTuple

from sql_queries import create_table_queries

COUNTS = """
-- How many {name}s are staged, how many of them lack a value, and of each column how many.
SELECT
    COUNT(*) AS records,
    COUNT(
        CASE
            WHEN
                {incomplete}
                THEN 1
        END
    ) AS incomplete,
    {counts}
FROM {table}
WHERE {where}
"""
ROWS = """
-- The first {name}s that lack a value.
SELECT
    {columns}
FROM {table}
WHERE
    {where}
    AND (
        {incomplete}
    )
ORDER BY {order}
LIMIT 3
"""


class Kind(NamedTuple):
    """A kind of record: which staged rows are of it, and the columns that must have a value.

    A record is shown with them, and with some more by which a person finds it.
    """

    name: str
    table: str
    where: str
    columns: tuple[str, ...]
    shown: tuple[str, ...] = ()

    @property
    def counts_query(self) -> str:
        """The statement that counts all records, the incomplete ones, and these by column."""
        count = "COUNT(CASE WHEN {} THEN 1 END) AS {}"
        counts = [count.format(lacks(self.table, each), each) for each in self.columns]
        return self._fill(COUNTS, counts=",\n    ".join(counts))

    @property
    def rows_query(self) -> str:
        """The statement that shows the first incomplete records."""
        shown = self.columns + self.shown
        return self._fill(ROWS, columns=",\n    ".join(shown), order=", ".join(shown))

    def _fill(self, template: str, **parts: str) -> str:
        incomplete = "\n                OR ".join(lacks(self.table, each) for each in self.columns)
        named = {"name": self.name, "table": self.table, "where": self.where}
        return template.format(incomplete=incomplete, **named, **parts)


def lacks(table: str, column: str) -> str:
    """The condition that a column has no value; an empty text is none."""
    is_text = re.search(rf"(?m)^    {column} VARCHAR", create_table_queries[table])
    return f"COALESCE(TRIM({column}), '') = ''" if is_text else f"{column} IS NULL"


# The first part of a play's columns is its key; by the others it is matched to a song.
PLAY = ("user_id", "session_id", "item_in_session", "ts", "song", "artist", "length")
SONG = ("song_id", "title", "artist_id", "artist_name", "duration")
KINDS = (
    Kind("event", "staging_events", "1 = 1", ("page",), PLAY),
    Kind("play", "staging_events", "page = 'NextSong'", PLAY),
    Kind("song", "staging_songs", "1 = 1", SONG),
)

event_pages = """
-- How many events there are of each page.
SELECT
    COALESCE(page, '-') AS page,
    COUNT(*) AS events
FROM staging_events
GROUP BY COALESCE(page, '-')
ORDER BY events DESC, page
LIMIT 10
"""

required_queries = {
    f"{kind.name}s that lack a value, {what}": query
    for kind in KINDS
    for what, query in (("counted", kind.counts_query), ("shown", kind.rows_query))
} | {"events by page": event_pages}
