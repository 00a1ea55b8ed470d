"""The types that a query casts to.

https://docs.aws.amazon.com/redshift/latest/dg/r_CAST_function.html
"""

from __future__ import annotations

from sandbox.dialect.column_types import NOT_IN_SANDBOX, TYPE_NAMES, read_type
from sandbox.dialect.sql_text import words
from sandbox.dialect.token_reader import Reader
from sandbox.errors import FEATURE_NOT_SUPPORTED, SqlError, not_supported

# Types that only the leader node has, for its catalogues.
_CATALOGUE_TYPES = words("oid name regclass regtype regproc regprocedure regnamespace xid aclitem")
_KNOWN = frozenset(name.split()[0] for name in TYPE_NAMES)
_NO_TYPE = "See the data types of Amazon Redshift."


def cast_type(written: str, is_of_leader: bool) -> str:
    """The type as PostgreSQL has to read it. Raises SqlError for one that is not done."""
    reader = Reader(written)
    reader.accept("pg_catalog", ".")
    start = reader.position
    name = reader.identifier()
    if name in NOT_IN_SANDBOX:
        raise not_supported(f"the sandbox does not do casts to the type {name}")
    array = next((token.key for token in reader.tokens if token.key in ("[", "array")), "")
    if name not in _KNOWN | _CATALOGUE_TYPES | {"interval"} or (array and not is_of_leader):
        what = f'type "{name}{"[]" if array else ""}"'
        raise SqlError(
            f"{what} is not supported by Amazon Redshift", FEATURE_NOT_SUPPORTED, hint=_NO_TYPE
        )
    if array or name not in _KNOWN or (name == "char" and '"' in written and is_of_leader):
        return written
    reader.position = start
    column_type = read_type(reader, f"CAST to {written}")
    reader.finish()
    return column_type.sql
