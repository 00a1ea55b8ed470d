"""Errors that the sandbox sends to its clients."""

from __future__ import annotations

FEATURE_NOT_SUPPORTED = "0A000"
INTERNAL_ERROR = "XX000"
SYNTAX_ERROR = "42601"


class SqlError(Exception):
    """A statement failed; becomes an ErrorResponse on the wire.

    The SQLSTATE is the one that Redshift sends: XX000 for everything that COPY meets in S3 or in
    the data, 42601 for syntax, 0A000 for what the sandbox recognises but does not do.
    """

    def __init__(
        self, message: str, sqlstate: str = INTERNAL_ERROR, detail: str = "", hint: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.sqlstate = sqlstate
        self.detail = detail
        self.hint = hint
        # What PG_LAST_COPY_ID() gives for the load that failed, once it had begun.
        self.copy_id: int | None = None


def syntax_error(near: str) -> SqlError:
    """PostgreSQL's and Redshift's words for a token in the wrong place."""
    return SqlError(f'syntax error at or near "{near}"', SYNTAX_ERROR)


def not_supported(what: str, hint: str = "") -> SqlError:
    """Something that PostgreSQL would take and Redshift refuses, or that the sandbox cannot do."""
    return SqlError(what, FEATURE_NOT_SUPPORTED, hint=hint)


def transaction_aborted() -> SqlError:
    """What any statement gets between an error and the end of its transaction."""
    text = "current transaction is aborted, commands ignored until end of transaction block"
    return SqlError(text, "25P02")
