"""Ask the warehouse: a SQL statement in, a table out; without a statement, what analysts ask.

Logs in as an analyst, who may read the star and create temporary tables. --admin logs in as the
owner of all tables, in a transaction that may only read. The statement - is read from stdin.

Example:
    python query.py "SELECT level, COUNT(*) FROM users GROUP BY level" --csv
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from dwh.config import load_config
from dwh.connection import connect
from dwh.errors import UsageError
from dwh.terminal import parser, print_table, run_script, say
from dwh.warehouse_access import analyst, owner
from sql_queries import count_queries, questions

if TYPE_CHECKING:
    from psycopg2.extensions import connection, cursor

CHAR = 1042  # the id of the type
COLUMNS = "columns: python query.py \"SELECT * FROM pg_table_def WHERE schemaname = 'public'\""
EMPTY = ("the statement is empty", "leave it out to see the built-in questions")


def main(argv: list[str] | None = None) -> int:
    """Run the statement, or the built-in questions, and print what comes back."""
    options = parser(__doc__)
    options.add_argument("statement", nargs="?", help="a SQL statement (default: the questions)")
    options.add_argument("--admin", action="store_true", help="log in as the owner of the tables")
    options.add_argument("--csv", action="store_true", help="print the result as CSV")
    arguments = options.parse_args(argv)
    statement = sys.stdin.read() if arguments.statement == "-" else arguments.statement
    check(statement, arguments.csv)
    config = load_config(arguments.config)
    asked = {"": statement} if statement else questions
    login = owner(config) if arguments.admin else analyst(config)
    with connect(config, login=login) as session:
        if arguments.admin:
            session.set_session(readonly=True)
        trim_chars(session)
        cursor = session.cursor()
        if not statement and is_empty(cursor):
            say("The star holds no plays yet; load it: python etl.py")
            return 0
        for title, statement in asked.items():
            ask(cursor, statement)
            show(cursor, title, arguments.csv)
    return 0


def check(statement: str | None, as_csv: bool) -> None:
    """Refuse what cannot be asked, before anything is opened."""
    if as_csv and not statement:
        raise UsageError("--csv prints one result", "add a statement: python query.py --help")
    if statement is not None and not statement.strip("; \t\r\n"):
        raise UsageError(*EMPTY)
    if statement and statement.startswith("\\"):
        command = statement.split()[0]
        raise UsageError(f"{command} is a command of psql, not a statement", COLUMNS)


def is_empty(cursor: cursor) -> bool:
    """True if nothing has been played, so that there is nothing to be asked."""
    cursor.execute(count_queries["songplays"])
    return cursor.fetchone() == (0,)


def ask(cursor: cursor, statement: str) -> None:
    """Run a statement. Raises UsageError if it is nothing but comments."""
    import psycopg2

    try:
        cursor.execute(statement)
    except psycopg2.ProgrammingError as error:
        if error.pgcode:
            raise
        # An empty statement is psycopg2's own error, without a SQLSTATE.
        raise UsageError(*EMPTY) from error


def show(cursor: cursor, title: str, as_csv: bool) -> None:
    """Print the result of the statement that has just run."""
    if cursor.description is None:
        say(f"no rows ({cursor.statusmessage})")
        return
    columns = [column.name for column in cursor.description]
    if as_csv:
        for row in [columns, *cursor]:
            print(",".join(map(field, row)))
    else:
        print_table(title, columns, cursor)


def field(value: object) -> str:
    """A value of CSV as RFC 4180 has it. NULL is nothing at all, an empty text is quoted.

    https://www.rfc-editor.org/rfc/rfc4180
    """
    if value is None:
        return ""
    text = str(value)
    if text and not re.search('[",\r\n]', text):
        return text
    return '"' + text.replace('"', '""') + '"'


def trim_chars(session: connection) -> None:
    """Have the session give CHAR values without the blanks that fill them up."""
    from psycopg2.extensions import UNICODE, new_type, register_type

    def trim(value: Any, cursor: Any) -> Any:
        text = UNICODE(value, cursor)
        return text and text.rstrip(" ")

    register_type(new_type((CHAR,), "CHAR", trim), session)


if __name__ == "__main__":
    sys.exit(run_script(main))
