"""The attributes of a table that follow its columns: distribution, sort keys, backup.

https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sandbox.dialect.token_reader import Reader
from sandbox.errors import SqlError, not_supported

INVALID_TABLE_DEFINITION = "42P16"
_MAX_SORTKEYS = {"COMPOUND": 400, "INTERLEAVED": 8}
_STYLES = ("auto", "even", "key", "all")
_NOT_IN_REDSHIFT = {
    "inherits": "INHERITS",
    "partition": "PARTITION BY",
    "tablespace": "TABLESPACE",
    "with": "WITH storage parameters",
    "on": "ON COMMIT",
    "using": "USING an access method",
}


@dataclass
class TableOptions:
    """What the attributes say; "" where they say nothing."""

    diststyle: str = ""
    distkey: str | None = None
    sortkeys: list[str] = field(default_factory=list)
    sortstyle: str = ""
    column_sortkey: bool = False

    def set_distkey(self, column: str) -> None:
        """Distribute by this column. Raises SqlError if another one does already."""
        if self.distkey is not None:
            raise invalid_table("only one DISTKEY column is allowed in a table")
        self.distkey = column

    def set_column_sortkey(self, column: str) -> None:
        """Sort by this column alone, as a SORTKEY beside a column says."""
        if self.sortstyle:
            raise invalid_table(
                "a SORTKEY column must be the only one; use the table attribute SORTKEY (..)"
                if self.column_sortkey
                else "SORTKEY is specified both for a column and for the table"
            )
        self.sortkeys, self.sortstyle, self.column_sortkey = [column], "COMPOUND", True

    def set_sortkeys(self, style: str, columns: list[str]) -> None:
        """Sort by these columns. Raises SqlError for a second sort key, or too many columns."""
        if self.sortstyle:
            raise invalid_table("SORTKEY is specified more than once")
        most = _MAX_SORTKEYS.get(style)
        if most and len(columns) > most:
            raise invalid_table(f"{style} SORTKEY takes at most {most} columns")
        self.sortkeys, self.sortstyle = columns, style

    def set_diststyle(self, style: str) -> None:
        """Set the style. Raises SqlError if there is one already."""
        if self.diststyle:
            raise invalid_table("DISTSTYLE is specified more than once")
        self.diststyle = style

    def check(self, table: str, columns: Collection[str]) -> None:
        """Settle the style. Raises SqlError if it contradicts the key or a column is unknown.

        A query's columns are not known before it runs: then there are none.
        """
        if self.distkey is not None and self.diststyle not in ("", "KEY"):
            raise invalid_table(f"DISTKEY cannot be used with DISTSTYLE {self.diststyle}")
        if self.distkey is None and self.diststyle == "KEY":
            raise invalid_table("DISTSTYLE KEY needs a DISTKEY column")
        if self.distkey is not None:
            self.diststyle = "KEY"
        if len(set(self.sortkeys)) < len(self.sortkeys):
            raise invalid_table("a column is named more than once in SORTKEY")
        for name in (*([self.distkey] if self.distkey else []), *self.sortkeys):
            if columns and name not in columns:
                raise not_supported(
                    f'column "{name}" specified as distkey/sortkey is not in the table "{table}"'
                )


def invalid_table(message: str) -> SqlError:
    """A CREATE TABLE that contradicts itself."""
    return SqlError(message, INVALID_TABLE_DEFINITION)


def read_options(reader: Reader) -> TableOptions:
    """Pass the attributes, in any order, up to AS or the end. Raises SqlError for others."""
    options = TableOptions()
    while reader.key not in ("", "as"):
        if reader.key in _NOT_IN_REDSHIFT:
            what = _NOT_IN_REDSHIFT[reader.key]
            raise not_supported(f"{what} is not supported by Amazon Redshift in CREATE TABLE")
        _read_option(reader, options)
    return options


def _read_option(reader: Reader, options: TableOptions) -> None:
    if reader.accept("diststyle"):
        options.set_diststyle(_one_of(reader, _STYLES).upper())
    elif reader.accept("distkey"):
        options.set_distkey(_only(reader))
    elif reader.accept("sortkey", "auto"):
        options.set_sortkeys("AUTO", [])
    elif reader.key in ("compound", "interleaved", "sortkey"):
        style = reader.accept_one_of(("compound", "interleaved")) or "compound"
        reader.expect("sortkey")
        options.set_sortkeys(style.upper(), _columns(reader))
    elif reader.accept("backup"):
        _one_of(reader, ("yes", "no"))
    else:
        reader.expect("encode", "auto")


def _only(reader: Reader) -> str:
    names = _columns(reader)
    if len(names) != 1:
        raise invalid_table("only one DISTKEY column is allowed in a table")
    return names[0]


def _columns(reader: Reader) -> list[str]:
    """Names, or numbers of the columns of a query."""
    numbers = {"0": Reader.rest}
    return [numbers.get(item.key, Reader.only_identifier)(item) for item in reader.items()]


def _one_of(reader: Reader, words: tuple[str, ...]) -> str:
    word = reader.accept_one_of(words)
    if not word:
        raise reader.error()
    return word
