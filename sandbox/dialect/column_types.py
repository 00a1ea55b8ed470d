"""The types and encodings of columns, in Redshift's terms and in PostgreSQL's.

https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

from sandbox.dialect.sql_text import POSTGRES_NAME_BYTES, quote_name
from sandbox.dialect.token_reader import Reader
from sandbox.errors import SqlError, not_supported, syntax_error

INVALID_PARAMETER_VALUE = "22023"

_PLAIN = {
    "smallint": ("smallint", "int2"),
    "integer": ("integer", "int", "int4"),
    "bigint": ("bigint", "int8"),
    "real": ("real", "float4"),
    "double precision": ("double precision", "float8", "float"),
    "boolean": ("boolean", "bool"),
    "date": ("date",),
    "timestamp": ("timestamp", "timestamp without time zone"),
    "timestamptz": ("timestamptz", "timestamp with time zone"),
    "time": ("time", "time without time zone"),
    "timetz": ("timetz", "time with time zone"),
}
_PLAIN_NAMES = {alias: name for name, aliases in _PLAIN.items() for alias in aliases}
# The length in bytes of a type that is written without one, and the longest.
VARCHAR_NAMES = {"varchar": 256, "character varying": 256, "nvarchar": 256, "text": 256}
CHAR_NAMES = {"char": 1, "character": 1, "nchar": 1, "bpchar": 256}
MAX_VARCHAR, _MAX_CHAR = 65535, 4096
NUMERIC_NAMES = ("numeric", "decimal", "dec")
_MAX_PRECISION, _MAX_SCALE = 38, 37
NOT_IN_SANDBOX = (
    "super",
    "geometry",
    "geography",
    "hllsketch",
    "varbyte",
    "varbinary",
    "binary varying",
)
# Every name of a type that a value can have here.
TYPE_NAMES = (*_PLAIN_NAMES, *VARCHAR_NAMES, *CHAR_NAMES, *NUMERIC_NAMES)
_MORE_WORDS = (("character", "varying"), ("double", "precision"), ("binary", "varying"))

_INTEGERS = ("smallint", "integer", "bigint")
_FLOATS = ("real", "double precision")
_TIMES = ("date", "timestamp", "timestamptz", "time", "timetz")
_NUMBERS_AND_DATES = (*_INTEGERS, "numeric", *_TIMES)
_STRINGS = ("char", "varchar")
_ALL = (*_NUMBERS_AND_DATES, *_FLOATS, "boolean", *_STRINGS)
# https://docs.aws.amazon.com/redshift/latest/dg/c_Compression_encodings.html
_ENCODINGS = {
    "raw": _ALL,
    "az64": _NUMBERS_AND_DATES,
    "bytedict": (*_NUMBERS_AND_DATES, *_FLOATS, *_STRINGS),
    "delta": _NUMBERS_AND_DATES,
    "delta32k": tuple(name for name in _NUMBERS_AND_DATES if name != "smallint"),
    "lzo": (*_NUMBERS_AND_DATES, *_STRINGS),
    "mostly8": (*_INTEGERS, "numeric"),
    "mostly16": ("integer", "bigint", "numeric"),
    "mostly32": ("bigint", "numeric"),
    "runlength": _ALL,
    "text255": ("varchar",),
    "text32k": ("varchar",),
    "zstd": _ALL,
}


@dataclass(frozen=True)
class ColumnType:
    """A type: Redshift's name, its arguments, the length in bytes of a char or varchar."""

    name: str
    arguments: str = ""
    length: int = 0

    @property
    def sql(self) -> str:
        """The type as PostgreSQL spells it."""
        return self.name + self.arguments

    def check(self, column: str) -> str:
        """The constraint that PostgreSQL needs on top of the type, or "".

        PostgreSQL counts characters where Redshift counts bytes, and CHAR takes ASCII only.
        https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
        """
        quoted = quote_name(column)
        if self.name == "varchar":
            name, condition = "byte_length", f"octet_length({quoted}) <= {self.length}"
        elif self.name == "char":
            text = f"{quoted}::text"
            name, condition = "ascii", f"octet_length({text}) = char_length({text})"
        else:
            return ""
        return f"CONSTRAINT {quote_name(constraint_name(name, column))} CHECK ({condition})"


def constraint_name(kind: str, column: str) -> str:
    """A constraint's name that PostgreSQL does not cut; of two columns never the same."""
    name = f"{kind}_{column}"
    if len(name.encode()) <= POSTGRES_NAME_BYTES:
        return name
    suffix = f"_{crc32(name.encode()):08x}"
    start = name.encode()[: POSTGRES_NAME_BYTES - len(suffix)].decode(errors="ignore")
    return start + suffix


def read_encoding(reader: Reader, column: str) -> tuple[str, tuple[str, ...]]:
    """Pass an encoding: as PG_TABLE_DEF shows it, and the types that it is for."""
    name = reader.identifier()
    if name not in _ENCODINGS:
        raise SqlError(f'unknown encoding "{name}" for column "{column}"', INVALID_PARAMETER_VALUE)
    return "none" if name == "raw" else name, _ENCODINGS[name]


def read_type(reader: Reader, label: str) -> ColumnType:
    """Pass a type. Raises SqlError for one that Redshift or the sandbox has not; label names it."""
    name = _read_name(reader)
    arguments = _arguments(reader)
    if name in ("timestamp", "time") and reader.accept_one_of(("with", "without")):
        name += f" {reader.tokens[reader.position - 1].key} time zone"
        reader.expect("time", "zone")
    if reader.key in ("[", "array"):
        raise _unsupported(label, name + "[]")
    return _make_type(name, arguments, label)


def _arguments(reader: Reader) -> list[str]:
    return [_argument(item) for item in reader.items()] if reader.key == "(" else []


def _argument(item: Reader) -> str:
    token = item.take()
    item.finish()
    if token.kind not in ("number", "word"):
        raise syntax_error(token.text)
    return token.text.lower()


def _read_name(reader: Reader) -> str:
    words = next((words for words in _MORE_WORDS if reader.accept(*words)), None)
    return " ".join(words) if words else reader.name().sql.lower()


def _make_type(name: str, arguments: list[str], label: str) -> ColumnType:
    if name in VARCHAR_NAMES and (name != "text" or not arguments):
        return _string("varchar", arguments, VARCHAR_NAMES[name], MAX_VARCHAR)
    if name in CHAR_NAMES:
        return _string("char", arguments, CHAR_NAMES[name], _MAX_CHAR)
    if name in NUMERIC_NAMES:
        return _numeric(arguments)
    if name in _PLAIN_NAMES:
        if arguments:
            raise not_supported(f'type "{name}" takes no arguments on Amazon Redshift')
        return ColumnType(_PLAIN_NAMES[name])
    if name in NOT_IN_SANDBOX or name == "interval":
        raise not_supported(f"the sandbox does not do columns of type {name}: {label}")
    raise _unsupported(label, name)


def _string(name: str, arguments: list[str], default: int, maximum: int) -> ColumnType:
    if len(arguments) > 1:
        raise syntax_error(",")
    written = arguments[0] if arguments else str(default)
    if written == "max" and name == "varchar":
        written = str(maximum)
    if not written.isdecimal():
        raise syntax_error(written)
    if not 1 <= int(written) <= maximum:
        raise SqlError(
            f"length for type {name} must be between 1 and {maximum}", INVALID_PARAMETER_VALUE
        )
    return ColumnType(name, f"({int(written)})", int(written))


def _numeric(arguments: list[str]) -> ColumnType:
    wrong = next((written for written in arguments if not written.isdecimal()), None)
    if wrong or len(arguments) > 2:
        raise syntax_error(wrong or ",")
    precision, scale = [*map(int, arguments), *(18, 0)[len(arguments) :]]
    if not 1 <= precision <= _MAX_PRECISION:
        limits = f"precision {precision} must be between 1 and {_MAX_PRECISION}"
        raise SqlError(f"NUMERIC {limits}", INVALID_PARAMETER_VALUE)
    if scale > min(precision, _MAX_SCALE):
        limits = f"scale {scale} must be between 0 and {min(precision, _MAX_SCALE)}"
        raise SqlError(f"NUMERIC {limits}", INVALID_PARAMETER_VALUE)
    return ColumnType("numeric", f"({precision},{scale})")


def _unsupported(label: str, name: str) -> SqlError:
    return not_supported(f'Column "{label}" has unsupported type "{name}".')
