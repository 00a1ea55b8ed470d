"""Redshift's grammar for sqlglot: a statement in, a tree out, and PostgreSQL's SQL for a tree.

sqlglot translates between dialects by meaning; here nothing is translated unseen. Every function
stays a call by its own name, and every type keeps the words that it was written in.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import ErrorLevel, ParseError, TokenError
from sqlglot.generators.postgres import PostgresGenerator
from sqlglot.parsers.redshift import RedshiftParser
from sqlglot.tokenizer_core import TokenType

from sandbox.dialect.sql_text import words
from sandbox.errors import SYNTAX_ERROR, SqlError

# Values that look like columns, and are read as such.
_VALUES_WITHOUT_PARENTHESES = words(
    "CURRENT_CATALOG CURRENT_DATE CURRENT_DATETIME CURRENT_ROLE CURRENT_SCHEMA CURRENT_TIME"
    " CURRENT_TIMESTAMP CURRENT_USER CURRENT_USER_ID LOCALTIME LOCALTIMESTAMP SESSION_USER USER"
)
# Calls with words between their arguments.
_WORDED_CALLS = ("CAST", "CONVERT", "EXTRACT", "POSITION", "SUBSTRING", "TRIM")
_UNKNOWN_TO_THE_SANDBOX = "If Amazon Redshift accepts this, it is the sandbox that does not do it."


class Grammar(Redshift):
    """Redshift's tokens, clauses and operators; its functions and types are listed elsewhere."""

    SUPPORTS_USER_DEFINED_TYPES = True

    class Tokenizer(Redshift.Tokenizer):
        """Literals hold no backslash escapes: they have been undone before."""

        STRING_ESCAPES: ClassVar = ["'"]
        HEREDOC_STRINGS: ClassVar = []
        BYTE_STRINGS: ClassVar = []
        SINGLE_TOKENS: ClassVar = {
            **Redshift.Tokenizer.SINGLE_TOKENS,
            "$": TokenType.PARAMETER,
            "#": TokenType.HASH,
        }
        KEYWORDS: ClassVar = {
            word: kind
            for word, kind in Redshift.Tokenizer.KEYWORDS.items()
            if word not in _VALUES_WITHOUT_PARENTHESES
        }

    class Parser(RedshiftParser):
        """Keeps names of functions and types as they are written."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        NO_PAREN_FUNCTIONS: ClassVar[dict[TokenType, Any]] = {}
        FUNCTION_PARSERS: ClassVar = {
            name: RedshiftParser.FUNCTION_PARSERS[name] for name in _WORDED_CALLS
        }
        NO_PAREN_FUNCTION_PARSERS: ClassVar = {
            "ANY": RedshiftParser.NO_PAREN_FUNCTION_PARSERS["ANY"],
            "APPROXIMATE": lambda self: self._parse_approximate(),
            "CASE": RedshiftParser.NO_PAREN_FUNCTION_PARSERS["CASE"],
        }

        def _parse_approximate(self) -> exp.Expr | None:
            """APPROXIMATE allows an error, and does not demand one."""
            call = self._parse_function()
            if call is None:
                self._retreat(self._index - 1)
            return call

        def _parse_types(self, *arguments: Any, **options: Any) -> exp.Expr | None:
            first = self._curr
            found = super()._parse_types(*arguments, **options)
            if isinstance(found, exp.DataType) and first:
                found.meta["written"] = self._find_sql(first, self._prev)
            return found

        def _parse_interval(
            self, require_interval: bool = True, parse_function_unit: bool = True
        ) -> exp.Add | exp.Interval | None:
            """A literal stays as it is, whatever units stand in it."""
            if not self._match(TokenType.INTERVAL, advance=False) or not (
                self._next and self._next.token_type == TokenType.STRING
            ):
                return super()._parse_interval(require_interval, parse_function_unit)
            self._advance()
            literal, words = self._parse_string(), []
            while self._curr and self._curr.text.lower() in _INTERVAL_WORDS:
                words.append(self._curr.text.lower())
                self._advance()
            unit = exp.Var(this=" ".join(words)) if words else None
            return self.expression(exp.Interval(this=literal, unit=unit))


_INTERVAL_WORDS = words("year month day hour minute second to")


class Generator(PostgresGenerator):
    """Writes a tree as PostgreSQL's SQL."""

    TRANSFORMS: ClassVar = {
        kind: transform
        for kind, transform in PostgresGenerator.TRANSFORMS.items()
        if kind not in (exp.Select, exp.Max, exp.Min, exp.Substring, exp.Cast)
    } | {exp.Pow: lambda self, power: self.binary(power, "^")}

    def __init__(self) -> None:
        super().__init__(
            dialect=Grammar,
            comments=False,
            normalize_functions=False,
            unsupported_level=ErrorLevel.RAISE,
        )

    def datatype_sql(self, expression: exp.DataType) -> str:
        """The type as PostgreSQL spells it, which `cast_types.py` has found out."""
        return str(expression.meta["sql"])

    def column_sql(self, expression: exp.Column) -> str:
        """A column, and the mark of one that may be an alias."""
        return str(super().column_sql(expression)) + str(expression.meta.get("mark", ""))

    def distinct_sql(self, expression: exp.Distinct) -> str:
        """DISTINCT before the arguments of an aggregate, or after SELECT."""
        return f"DISTINCT {self.expressions(expression, flat=True)}".rstrip()

    def interval_sql(self, expression: exp.Interval) -> str:
        """The literal, with the words that follow it."""
        return f"INTERVAL {self.sql(expression, 'this')} {expression.text('unit')}".rstrip()


def parse(text: str) -> exp.Expr:
    """The tree of one statement. Raises SqlError where the grammar knows no way on."""
    dialect = Grammar()
    try:
        found = dialect.parser(error_level=ErrorLevel.IMMEDIATE).parse(dialect.tokenize(text), text)
    except ParseError as problem:
        near = problem.errors[0].get("highlight") or ""
        raise _syntax_error(str(near)) from problem
    except (TokenError, RecursionError) as problem:
        raise _syntax_error("") from problem
    if len(found) != 1 or found[0] is None:
        raise _syntax_error("")
    return found[0]


def write(tree: exp.Expr) -> str:
    """The tree as PostgreSQL's SQL."""
    return Generator().generate(tree, copy=False)


def _syntax_error(near: str) -> SqlError:
    message = f'syntax error at or near "{near}"' if near else "syntax error at end of input"
    return SqlError(message, SYNTAX_ERROR, hint=_UNKNOWN_TO_THE_SANDBOX)
