"""One column of a CREATE TABLE or an ALTER TABLE .. ADD COLUMN.

https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.dialect.column_types import ColumnType, read_encoding, read_type
from sandbox.dialect.query import translate_expression
from sandbox.dialect.sql_text import identifier, sql_name
from sandbox.dialect.token_reader import Reader
from sandbox.errors import SqlError, not_supported, syntax_error

# A real cluster hands out values slice by slice: seed 0, step 1 gave 3, 19, 35, 51.
_IDENTITY_OFFSET, _IDENTITY_STRIDE = 3, 16
_IDENTITY_TYPES = ("integer", "bigint")
# What may follow a default expression.
_ATTRIBUTES = (
    "not",
    "null",
    "unique",
    "primary",
    "references",
    "encode",
    "distkey",
    "sortkey",
    "identity",
    "generated",
    "collate",
    "default",
    "check",
    "constraint",
)


@dataclass
class DeclaredColumn:
    """A column as declared. `keys` are the texts of its keys, as constraints of the table."""

    name: str
    sql_name: str
    type: ColumnType
    default: str = ""
    identity: str = ""
    not_null: bool = False
    encoding: str = ""
    distkey: bool = False
    sortkey: bool = False
    primary_key: bool = False
    keys: list[str] = field(default_factory=list)

    @property
    def sql(self) -> str:
        """The definition for PostgreSQL."""
        parts = [self.sql_name, self.type.sql, self.identity]
        parts += [f"DEFAULT {self.default}" if self.default else ""]
        parts += ["NOT NULL" if self.not_null else ""]
        return " ".join(part for part in parts if part)


def read_column(reader: Reader, table: str) -> DeclaredColumn:
    """Pass a column with its attributes, which come in any order. Raises SqlError."""
    token = reader.take()
    name = identifier(token)
    column = DeclaredColumn(name, sql_name(token), read_type(reader, f"{table}.{name}"))
    while reader.key:
        _read_attribute(reader, column)
    return column


def _read_attribute(reader: Reader, column: DeclaredColumn) -> None:
    if reader.accept("default"):
        column.default = _read_default(reader)
    elif reader.key in ("identity", "generated"):
        column.identity = _read_identity(reader, column)
    elif reader.accept("encode"):
        _read_encoding(reader, column)
    elif reader.accept("collate"):
        _read_collation(reader)
    elif reader.accept("distkey"):
        column.distkey = True
    elif reader.accept("sortkey"):
        column.sortkey = True
    else:
        _read_constraint(reader, column)


def _read_encoding(reader: Reader, column: DeclaredColumn) -> None:
    column.encoding, types = read_encoding(reader, column.name)
    if column.type.name not in types:
        what = f'encoding "{column.encoding}" is not supported for column "{column.name}"'
        raise not_supported(f"{what} of type {column.type.name}")


def _read_constraint(reader: Reader, column: DeclaredColumn) -> None:
    if reader.accept("not", "null"):
        column.not_null = True
    elif reader.accept("null"):
        pass
    elif reader.accept("unique"):
        column.keys.append(f"UNIQUE ({column.sql_name})")
    elif reader.accept("primary", "key"):
        column.primary_key = column.not_null = True
        column.keys.append(f"PRIMARY KEY ({column.sql_name})")
    elif reader.key == "references":
        column.keys.append(f"FOREIGN KEY ({column.sql_name}) {read_reference(reader)}")
    elif reader.key == "check":
        raise not_supported("ALTER/CREATE TABLE column CHECK constraint is not supported")
    else:
        raise reader.error()


def read_reference(reader: Reader) -> str:
    """Pass REFERENCES table [(columns)], and return its text."""
    start = reader.position
    reader.expect("references")
    reader.name()
    if reader.key == "(":
        reader.names()
    return reader.text_since(start)


def _read_default(reader: Reader) -> str:
    start = reader.position
    # The first token may be NULL, which would otherwise end the expression.
    if reader.key != "(":
        reader.take()
    reader.skip_expression(_ATTRIBUTES)
    return translate_expression(reader.text_since(start))


def _read_identity(reader: Reader, column: DeclaredColumn) -> str:
    kind = "BY DEFAULT" if reader.accept("generated", "by", "default", "as") else "ALWAYS"
    reader.expect("identity")
    seed, step = _read_seed_and_step(reader)
    if column.type.name not in _IDENTITY_TYPES:
        raise not_supported(f'identity column "{column.name}" must be of type INT or BIGINT')
    if not step:
        raise SqlError(f'the step of identity column "{column.name}" must not be zero', "22023")
    start, edge = seed + _IDENTITY_OFFSET * step, "MINVALUE" if step > 0 else "MAXVALUE"
    sequence = f"START WITH {start} INCREMENT BY {_IDENTITY_STRIDE * step} {edge} {start}"
    return f"GENERATED {kind} AS IDENTITY ({sequence})"


def _read_seed_and_step(reader: Reader) -> tuple[int, int]:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_examples.html has neither."""
    arguments = reader.items() if reader.key == "(" else []
    if len(arguments) not in (0, 2):
        raise syntax_error(")")
    seed, step = (item.integer() for item in arguments) if arguments else (1, 1)
    return seed, step


def _read_collation(reader: Reader) -> None:
    name = reader.identifier()
    if name in ("case_insensitive", "ci"):
        raise not_supported("the sandbox does not do COLLATE CASE_INSENSITIVE")
    if name not in ("case_sensitive", "cs"):
        raise syntax_error(name)
