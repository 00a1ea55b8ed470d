"""MERGE by Redshift's grammar, which is narrower than PostgreSQL's.

https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.dialect.sql_text import Token
from sandbox.dialect.tables_read import user_tables
from sandbox.dialect.token_reader import Reader
from sandbox.errors import SYNTAX_ERROR, SqlError, not_supported

_GRAMMAR = (
    "MERGE INTO target USING source [[AS] alias] ON condition "
    "WHEN MATCHED THEN {UPDATE SET .. | DELETE} WHEN NOT MATCHED THEN INSERT [(..)] VALUES (..)"
)


def check_merge(found: Sequence[Token]) -> None:
    """Raise SqlError for a MERGE that Redshift's grammar does not have."""
    reader = Reader("", found)
    reader.expect("merge", "into")
    target = reader.name().sql
    if reader.key != "using":
        raise _departs("the target of a MERGE takes no alias; write its full name")
    reader.expect("using")
    _check_source(reader, target)
    reader.expect("on")
    _skip_to_when(reader)
    if reader.accept("remove", "duplicates"):
        raise not_supported("the sandbox does not do MERGE .. REMOVE DUPLICATES")
    _check_matched(reader)
    _check_not_matched(reader)


def _check_source(reader: Reader, target: str) -> None:
    start = reader.position
    if reader.key == "(":
        reader.items()
        names = user_tables(reader.tokens[start : reader.position])
        if target.lower().rpartition(".")[2] in (name.rpartition(".")[2] for name in names):
            raise not_supported(
                "Source view/subquery in Merge statement cannot reference target table."
            )
    else:
        reader.name()
    reader.accept("as")
    if reader.key != "on":
        reader.identifier()


def _check_matched(reader: Reader) -> None:
    if not reader.accept("when", "matched"):
        raise _departs("a MERGE needs WHEN MATCHED first")
    _refuse_condition(reader)
    if not reader.accept("delete") and not reader.accept("update", "set"):
        raise _departs("WHEN MATCHED takes UPDATE SET or DELETE")
    _skip_to_when(reader)


def _check_not_matched(reader: Reader) -> None:
    if not reader.accept("when", "not", "matched"):
        raise _departs("a MERGE needs WHEN MATCHED and then WHEN NOT MATCHED, once each")
    _refuse_condition(reader)
    if not reader.accept("insert"):
        raise _departs("WHEN NOT MATCHED takes INSERT")
    if reader.key == "(":
        reader.names()
    reader.expect("values")
    reader.items()
    if reader.key == "when":
        raise _departs("a MERGE has WHEN MATCHED and WHEN NOT MATCHED once each")
    reader.finish()


def _refuse_condition(reader: Reader) -> None:
    if not reader.accept("then"):
        raise _departs("WHEN [NOT] MATCHED takes no further condition")


def _skip_to_when(reader: Reader) -> None:
    """Pass an expression, or a list of them; a WHEN inside CASE .. END is part of it."""
    depth = cases = 0
    while reader.key and (depth or cases or reader.key not in ("when", "remove")):
        depth += {"(": 1, ")": -1}.get(reader.key, 0)
        cases += {"case": 1, "end": -1}.get(reader.key, 0)
        reader.take()


def _departs(message: str) -> SqlError:
    return SqlError(message, SYNTAX_ERROR, hint=_GRAMMAR)
