"""Ask the warehouse: a SQL statement in, a table out; without a statement, what analysts ask.

Nothing is ever changed: whatever the statement does is rolled back.

Example:
    python query.py "SELECT level, COUNT(*) FROM users GROUP BY level" --csv
"""

from __future__ import annotations

import csv
import re
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import dwh
from sql_queries import questions
from terminal import UsageError, parser, print_table, say

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

# Texts, quoted names and comments, in which no word is a keyword.
NO_CODE = re.compile(r"""'(?:[^'\\]|\\.)*'|"[^"]*"|--[^\n]*|/\*.*?\*/""", re.DOTALL)
# What begins or ends a transaction could not be rolled back. Comments nest, hence the */.
ENDS_TRANSACTION = re.compile(
    r"(?:^|;|\*/)\s*(BEGIN|START|COMMIT|END|ROLLBACK|ABORT|TRUNCATE|VACUUM)\b", re.IGNORECASE
)


def main(argv: list[str] | None = None) -> int:
    """Run the statement, or the built-in questions, and print what comes back."""
    options = parser(__doc__)
    options.add_argument("statement", nargs="?", help="a SQL statement (default: the questions)")
    options.add_argument("--csv", action="store_true", help="print the result as CSV")
    arguments = options.parse_args(argv)
    check(arguments.statement, arguments.csv)
    config = dwh.load_config(arguments.config)
    asked = {"": arguments.statement} if arguments.statement else questions
    with closing(dwh.connect(config)) as connection:
        cursor = connection.cursor()
        for title, statement in asked.items():
            cursor.execute(statement)
            show(cursor, title, arguments.csv)
    return 0


def check(statement: str | None, as_csv: bool) -> None:
    """Refuse what cannot be asked, before anything is opened."""
    if as_csv and not statement:
        raise UsageError("--csv prints one result", "add a statement: python query.py --help")
    if statement is None:
        return
    code = NO_CODE.sub(lambda found: "''" if found[0][0] in "'\"" else " ", statement)
    if not code.strip("; \t\r\n"):
        raise UsageError("the statement is empty", "leave it out to see the built-in questions")
    if found := ENDS_TRANSACTION.search(code):
        what = f"query.py only asks, and {found[1].upper()} cannot be rolled back"
        raise UsageError(what, "load with python etl.py, start over with create_tables.py --drop")


def show(cursor: cursor, title: str, as_csv: bool) -> None:
    """Print the result of the statement that has just run."""
    if cursor.description is None:
        say("the statement has no result; whatever it changed is rolled back")
        return
    columns = [column.name for column in cursor.description]
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(cursor)
    else:
        print_table(title, columns, cursor)


if __name__ == "__main__":
    sys.exit(dwh.run(main))
