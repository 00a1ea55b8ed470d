"""The record of COPYs behind sys_load_history and stl_load_errors.

Written over a connection of its own: what it says survives the client's rollback.
"""

from __future__ import annotations

from typing import Any

from psycopg2.extras import execute_values

from sandbox.copy.csv_rows import LoadError

START = """
    INSERT INTO sandbox.load_history
        (query_id, transaction_id, session_id, status, table_name, table_id, data_source,
         source_file_count, source_file_bytes)
    VALUES (nextval('sandbox.query_ids'), %s, %s, 'running', %s, %s, %s, %s, %s)
    RETURNING query_id
"""
FINISH = """
    UPDATE sandbox.load_history
    SET status = %s, loaded_rows = %s, error_count = %s, end_time = clock_timestamp(),
        loaded_bytes = CASE WHEN %s THEN source_file_bytes ELSE 0 END,
        file_count_scanned = source_file_count, file_bytes_scanned = source_file_bytes
    WHERE query_id = %s
"""
ERRORS = """
    INSERT INTO sandbox.load_errors
        (query_id, session_id, transaction_id, table_id, file_name, line_number, column_name,
         column_type, column_length, position, raw_line, raw_field_value, error_code, error_message)
    VALUES %s
"""


class LoadLog:
    """The entry of one COPY. `connection` is the sandbox's own, in autocommit."""

    def __init__(
        self, connection: Any, session_id: int, transaction_id: int, table_id: int
    ) -> None:
        self._connection = connection
        self._session_id = session_id
        self._transaction_id = transaction_id
        self._table_id = table_id
        self.query_id = -1

    def start(self, table: str, source: str, files: int, size: int) -> None:
        """Note that the load has begun; `size` is in bytes."""
        with self._connection.cursor() as cursor:
            keys = (self._transaction_id, self._session_id, table, self._table_id)
            cursor.execute(START, (*keys, source, files, size))
            self.query_id = cursor.fetchone()[0]

    def finish(self, rows: int, errors: list[LoadError], completed: bool) -> None:
        """Note how it ended, and the records that were rejected."""
        status = "completed" if completed else "aborted"
        with self._connection.cursor() as cursor:
            cursor.execute(FINISH, (status, rows, len(errors), completed, self.query_id))
            if errors:
                execute_values(cursor, ERRORS, [self._error_row(error) for error in errors])

    def _error_row(self, error: LoadError) -> tuple[Any, ...]:
        return (
            self.query_id,
            self._session_id,
            self._transaction_id,
            self._table_id,
            error.url[:256],
            error.line_number,
            printable(error.column_name, 127),
            printable(error.column_type, 10),
            printable(error.column_length, 10),
            error.position,
            printable(error.raw_line, 1024),
            printable(error.raw_value, 1024),
            error.code,
            printable(error.reason, 512),
        )


def printable(value: object, length: int) -> str:
    """Text for a CHAR column: ASCII only, other characters shown as dots, as Redshift does."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
    return "".join(char if 32 <= ord(char) < 127 else "." for char in text[:length])
