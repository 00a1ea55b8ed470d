"""What the user sees: options, progress and errors on stderr, results on stdout.

DwhError            what went wrong and what to do about it; exit code 1, nothing changed
    UsageError      the command line or dwh.cfg is wrong; exit code 2
    ChecksError     the data failed its checks, nothing was published; exit code 3
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

SECONDS_BETWEEN_LINES = 60


class DwhError(Exception):
    """What went wrong, what to do about it, and lines of detail between the two."""

    exit_code = 1

    def __init__(self, what: str, hint: str, details: Sequence[str] = ()) -> None:
        super().__init__(what)
        self.what, self.hint, self.details = what, hint, details


class UsageError(DwhError):
    """The command line or the configuration is wrong."""

    exit_code = 2


class ChecksError(DwhError):
    """The data failed its checks, and nothing was published."""

    exit_code = 3


# ---------------------------------------------------------------------------- running


class Parser(argparse.ArgumentParser):
    """A command line whose errors look like all others."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise UsageError(message, f"see python {self.prog} --help")


def parser(doc: str | None) -> argparse.ArgumentParser:
    """The options that every script has; its docstring becomes its help, the example included."""
    options = Parser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    options.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        default=Path(__file__).parent / "dwh.cfg",
        help="configuration (default: dwh.cfg beside the scripts)",
    )
    options.add_argument("--verbose", action="store_true", help="show the traceback of an error")
    return options


def run(main: Callable[[], int]) -> int:
    """Run a script and return its exit code; what goes wrong is printed, not raised."""
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the results has enough: `query.py | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print_error(DwhError("stopped by Ctrl-C", "run the same command again: that is safe"))
        return 130
    except Exception as error:
        if "--verbose" in sys.argv:
            traceback.print_exc()
        problem = explain(error)
        print_error(problem)
        return problem.exit_code
    return code


def print_error(problem: DwhError) -> None:
    """Print an error's two lines, and its details between them, on stderr."""
    lines = [f"error: {problem.what}", *(f"  {line}" for line in problem.details)]
    for line in [*lines, f"hint: {problem.hint}"]:
        print(readable(line), file=sys.stderr)


def confirm(question: str) -> None:
    """Ask on the terminal, and raise unless the answer is yes."""
    if not sys.stdin.isatty():
        raise UsageError(
            "this needs a yes, and there is no terminal to ask on", "add --yes if you mean it"
        )
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise DwhError("stopped: not confirmed", "nothing was changed")


# ---------------------------------------------------------------------------- errors


def explain(error: Exception) -> DwhError:
    """Turn any exception into what went wrong and what to do."""
    if isinstance(error, DwhError):
        return error
    if hasattr(error, "what") and hasattr(error, "hint"):
        return DwhError(error.what, error.hint)
    if isinstance(error, ModuleNotFoundError):
        return DwhError(f"{error.name} is not installed", "pip install -r requirements.txt")
    library = type(error).__module__.partition(".")[0]
    if library in {"botocore", "boto3"}:
        return explain_aws(error)
    if library == "psycopg2":
        return explain_sql(error)
    what = f"{type(error).__name__}: {first_line(error)}"
    return DwhError(what, "--verbose shows where; running the script again is safe")


AWS_HINTS = {
    "ClusterNotFound": ("there is no such cluster", "check REGION, or run python setup_env.py"),
    "NoCredentialsError|PartialCredentials|CredentialRetrieval|SSO|TokenRetrieval|LoginRefresh": (
        "AWS credentials are missing or incomplete",
        "run `aws configure` or `aws sso login`, or set AWS_PROFILE",
    ),
    "ProfileNotFound": (
        "AWS_PROFILE names an unknown profile",
        "see `aws configure list-profiles`",
    ),
    "Expired": ("the AWS credentials have expired", "log in again, for instance `aws sso login`"),
    "InvalidClientToken|UnrecognizedClient|SignatureDoesNotMatch|AuthFailure|InvalidAccessKey": (
        "AWS does not accept the credentials",
        "check them with `aws sts get-caller-identity`",
    ),
    "EndpointConnection|ConnectTimeout|ReadTimeout|ConnectionClosed|ProxyConnection|SSLError": (
        "the AWS endpoint cannot be reached",
        "check the network and REGION; for the sandbox, run python setup_env.py",
    ),
}


def explain_aws(error: Any) -> DwhError:
    """An error of boto3: by its code when AWS answered, else by its class."""
    answer = getattr(error, "response", {}).get("Error", {})
    code = answer.get("Code", type(error).__name__)
    if re.search("AccessDenied|UnauthorizedOperation|NotAuthorized", code):
        action = re.search(r"perform: (\S+)", str(error))
        denied = action[1] if action else getattr(error, "operation_name", "this")
        return DwhError(f"AWS denies {denied}", "ask for this permission for your AWS identity")
    for pattern, (what, hint) in AWS_HINTS.items():
        if re.search(pattern, code):
            return DwhError(f"{what} ({first_line(error)})", hint)
    return DwhError(first_line(error), "see the message of AWS; running the script again is safe")


LOGIN_HINTS = {
    "timeout|timed out|refused|route": "is your address let in? run python setup_env.py again",
    "certificate|SSL": "something between you and the warehouse answers in its place",
    "authentication|does not exist": "USER and DATABASE must be those of the cluster's creation",
    "": "run the script again: what was not committed is undone",
}
SQL_HINTS = {
    "42P01": "create the tables: python create_tables.py; if they are there, check the name",
    "42703": "see the columns in sql_queries.py; older tables: python create_tables.py --drop",
    "42501": "log in as the owner of the tables: USER in dwh.cfg",
    "42601": "check the statement against Redshift's SQL",
    "57014": "run the script again",
}


def explain_sql(error: Any) -> DwhError:
    """An error of the warehouse: by its SQLSTATE when it has one, else the connection broke."""
    code = getattr(error, "pgcode", None)
    if code is None:
        hint = next(hint for text, hint in LOGIN_HINTS.items() if re.search(text, str(error)))
        return DwhError(f"no connection to the warehouse ({first_line(error)})", hint)
    if first_line(error) == "1023":
        return DwhError("another transaction changed the same tables", "run the script again")
    return DwhError(
        first_line(error), SQL_HINTS.get(code, "check the statement; nothing was changed")
    )


def first_line(error: Exception) -> str:
    """The first line of an exception's message."""
    return str(error).strip().partition("\n")[0].removeprefix("ERROR:").strip()


# ---------------------------------------------------------------------------- progress


class Step:
    """One step of a script: `result` is what its line will say when it is done."""

    def __init__(self, title: str, status: Status | None) -> None:
        self.title = title
        self.result = "done"
        self._status = status
        self._started = self._spoke = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the step has taken so far."""
        return time.monotonic() - self._started

    def update(self, state: str) -> None:
        """Show what the step waits for: at once on a terminal, once a minute in a log."""
        text = f"{self.title}: {state} ({self.seconds:.0f} s)"
        if self._status:
            self._status.update(text)
        elif time.monotonic() - self._spoke >= SECONDS_BETWEEN_LINES:
            self._spoke = time.monotonic()
            say(text)


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Show a step at work, then one line: what it did and how long it took."""
    if progress().is_terminal:
        with progress().status(title) as status:
            current = Step(title, status)
            yield current
    else:
        current = Step(title, None)
        yield current
    say(f"{title}: {current.result} ({current.seconds:.1f} s)")


@cache
def progress() -> Console:
    """The console on stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def say(text: str) -> None:
    """Print one line on stderr."""
    progress().print(text)


# ---------------------------------------------------------------------------- results


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table on stdout, numbers to the right, NULL as a dash."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    listed = [tuple(row) for row in rows]
    table = Table(box=box.SIMPLE_HEAD)
    for index, column in enumerate(columns):
        numeric = bool(listed) and all(is_number(row[index]) for row in listed)
        table.add_column(readable(column), justify="right" if numeric else "left")
    for row in listed:
        table.add_row(*map(cell, row))
    # In a file nothing is folded; without a width, rich would take 80 columns.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 10_000)
    if title:
        console.print(title, style="bold", markup=False)
    console.print(table)


def is_number(value: Any) -> bool:
    """Whether a value stands on the right; NULL stands anywhere."""
    return value is None or (isinstance(value, int | float | Decimal) and value is not True)


def cell(value: Any) -> Any:
    """A value as text in which nothing is markup; NULL as a dim dash."""
    from rich.text import Text

    return Text("-", style="dim") if value is None else Text(readable(str(value)))


def readable(text: str) -> str:
    """The text with its control characters escaped, so that data cannot steer the terminal."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
