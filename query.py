"""Ask the warehouse: a SQL statement in, a table out; without a statement, what analysts ask.

Nothing is ever changed: the statement runs in a transaction that may only read.

Example:
    python query.py "SELECT level, COUNT(*) FROM users GROUP BY level" --csv
"""

from __future__ import annotations

import csv
import re
import sys
from typing import TYPE_CHECKING

from dwh.config import load_config
from dwh.connection import connect
from dwh.errors import UsageError
from dwh.terminal import parser, print_table, run_script
from sql_queries import questions

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

# Texts, quoted names and comments, in which no word is a keyword.
NO_CODE = re.compile(r"""'(?:[^'\\]|\\.)*'|"[^"]*"|--[^\n\r]*|/\*.*?\*/""", re.DOTALL)
# Comments nest and texts can stand between dollars, both of which NO_CODE cannot see through.
UNCLEAR = re.compile(r"/\*|\*/|\$\w*\$")
QUESTION = re.compile(r"[\s(]*(SELECT|WITH|EXPLAIN|SHOW)\b", re.IGNORECASE)


def main(argv: list[str] | None = None) -> int:
    """Run the statement, or the built-in questions, and print what comes back."""
    options = parser(__doc__)
    options.add_argument("statement", nargs="?", help="a SQL statement (default: the questions)")
    options.add_argument("--csv", action="store_true", help="print the result as CSV")
    arguments = options.parse_args(argv)
    check(arguments.statement, arguments.csv)
    config = load_config(arguments.config)
    asked = {"": arguments.statement} if arguments.statement else questions
    with connect(config) as session:
        session.set_session(readonly=True)
        cursor = session.cursor()
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
    code = code.rstrip("; \t\r\n")
    if not code:
        raise UsageError("the statement is empty", "leave it out to see the built-in questions")
    if UNCLEAR.search(code):
        raise UsageError("query.py takes no $$ and no nested comments", "write the text in quotes")
    if ";" in code:
        raise UsageError("query.py runs one statement", "run it once for each")
    if not QUESTION.match(code):
        what = "query.py only asks: SELECT, WITH, EXPLAIN or SHOW"
        raise UsageError(what, "load with python etl.py, start over with create_tables.py --drop")


def show(cursor: cursor, title: str, as_csv: bool) -> None:
    """Print the result of the statement that has just run."""
    columns = [column.name for column in cursor.description or ()]
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(cursor)
    else:
        print_table(title, columns, cursor)


if __name__ == "__main__":
    sys.exit(run_script(main))
