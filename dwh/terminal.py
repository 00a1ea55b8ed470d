"""What the user sees: options, progress and errors on stderr, results on stdout."""

from __future__ import annotations

import argparse
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from dwh import __version__
from dwh.errors import DwhError, UsageError, explain

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.status import Status
    from rich.table import Table

SECONDS_BETWEEN_LINES = 60
# Less than this is not hidden, as it may stand in any text.
SHORTEST_SECRET = 8
SECONDS_UNNOTICED = 1
LONGEST_VALUE = 60
MEGABYTE = 1_000_000  # in bytes, as people count them
# A column is not folded to less than this; the terminal itself breaks what is still too wide.
NARROWEST_COLUMN = 10

# ---------------------------------------------------------------------------- running


class Parser(argparse.ArgumentParser):
    """A command line whose errors look like all others."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise UsageError(message, f"see python {self.prog} --help")


class Verbose(argparse.Action):
    """Have run_script print the traceback of what goes wrong from now on."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **options)

    def __call__(self, *_: Any) -> None:
        """Note that the option was given."""
        _shown.add("tracebacks")


# What is shown besides: tracebacks, if an option asks for them, and times, if nobody looks on.
_shown: set[str] = set()


def parser(doc: str | None) -> argparse.ArgumentParser:
    """The options that every script has; its docstring becomes its help, the example included."""
    options = Parser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    options.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        default=Path(__file__).parent.parent / "dwh.cfg",
        help="configuration (default: dwh.cfg beside the scripts)",
    )
    options.add_argument("--verbose", action=Verbose, help="show the traceback of an error")
    return options


def run_script(main: Callable[[], int]) -> int:
    """Run a script and return its exit code; what goes wrong is printed, not raised."""
    write_any_text()
    if not sys.stderr.isatty():
        _shown.add("times")
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the results has enough: `query.py | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print_error(DwhError("interrupted by Ctrl-C", "run the same command again: that is safe"))
        return 130
    except Exception as error:
        if "tracebacks" in _shown:
            for line in traceback.format_exc().splitlines():
                say(line)
        problem = explain(error)
        print_error(problem)
        return problem.exit_code
    finally:
        _shown.clear()
    return code


def write_any_text() -> None:
    """Escape what the output's encoding lacks, rather than fail over it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_error(problem: DwhError) -> None:
    """Print an error's two lines, and its details between them, on stderr."""
    lines = [f"error: {problem.what}", *(f"  {line}" for line in problem.details)]
    for line in [*lines, f"hint: {problem.hint}"]:
        say(line)


def shorten(value: str) -> str:
    """The beginning of a long value, and that it is only this."""
    return value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 1]}\u2026"


def confirm(question: str) -> None:
    """Ask on the terminal, and raise unless the answer is yes."""
    if not sys.stdin.isatty():
        raise UsageError(
            "this needs a yes, and there is no terminal to ask on", "add --yes if you mean it"
        )
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise DwhError("not confirmed", "nothing was changed")


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
        if self._status or time.monotonic() - self._spoke >= SECONDS_BETWEEN_LINES:
            self.show(state)

    def advance(self, state: str, share: float) -> None:
        """Show how far the step has come, on a terminal with a bar."""
        if self._status:
            self._status.update(progress_bar(f"{self.title}: {state}", min(share, 1)))
        else:
            self.update(f"{state}, {min(share, 1):.0%}")

    def show(self, state: str) -> None:
        """Show what the step waits for."""
        self._spoke = time.monotonic()
        text = f"{self.title}: {state} ({self.seconds:.0f} s)"
        if self._status:
            self._status.update(text)
        else:
            say(text)

    @contextmanager
    def waiting(self, state: str) -> Iterator[None]:
        """Show the state of a call that cannot, unless it is over in a moment, and each minute."""
        over = threading.Event()

        def show() -> None:
            pause: float = SECONDS_UNNOTICED
            while not over.wait(pause):
                self.show(state)
                pause = 1 if self._status else SECONDS_BETWEEN_LINES

        threading.Thread(target=show, daemon=True).start()
        try:
            yield
        finally:
            over.set()


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Show a step at work, then one line: what it did, or that it failed, and how long it took."""
    with progress().status(title) if progress().is_terminal else nullcontext() as status:
        current = Step(title, status)
        try:
            yield current
        except BaseException as error:
            current.result = "failed" if isinstance(error, Exception) else "interrupted"
            raise
        finally:
            ended = f"{title}: {current.result} ({current.seconds:.1f} s)"
            if status:
                status.stop()
            say(ended)


def progress_bar(text: str, share: float) -> Table:
    """A text with a bar behind it."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    line = Table.grid(padding=(0, 1))
    line.add_row(text, ProgressBar(total=1, completed=share, width=30), f"{share:.0%}")
    return line


@cache
def progress() -> Console:
    """The console on stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False)


def say(text: str) -> None:
    """Print one line on stderr; in a log, where nobody looks on, with the time in UTC.

    What was printed on stdout before comes before it, in one file, too. A reader who has gone
    does not stop the work.
    """
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    line = readable(without_secrets(text))
    if "times" in _shown:
        line = f"{datetime.now(UTC):%H:%M:%S} {line}".rstrip()
    with suppress(BrokenPipeError):
        print(line, file=sys.stderr, flush=True)


def announce(what: str) -> None:
    """Say what begins, when, and of which version of this project."""
    say(f"{what}, {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, version {__version__}")


_secrets: set[str] = set()


def hide(secret: str) -> None:
    """Have no part of a secret printed from now on, even if an error quotes it."""
    _secrets.update(part for part in secret.split() if len(part) >= SHORTEST_SECRET)


def without_secrets(text: str) -> str:
    """The text with stars in place of the secrets."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


# ---------------------------------------------------------------------------- results


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], to: TextIO | None = None
) -> None:
    """Print a table, on stdout unless told otherwise; numbers to the right, NULL as a dash."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    listed = [tuple(row) for row in rows]
    table = Table(box=box.SIMPLE_HEAD)
    for index, column in enumerate(columns):
        numeric = bool(listed) and all(is_number(row[index]) for row in listed)
        justify: JustifyMethod = "right" if numeric else "left"
        table.add_column(readable(column), justify=justify, overflow="fold")
    for row in listed:
        table.add_row(*map(cell, row))
    # In a file nothing is folded; without a width, rich would take 80 columns.
    out = to or sys.stdout
    console = Console(file=out, highlight=False, width=None if out.isatty() else 10_000)
    console.width = max(console.width, NARROWEST_COLUMN * len(columns))
    # Written by rich itself, a pipe whose reader has gone would end the script as a failure.
    with console.capture() as printed:
        if title:
            console.print(title, style="bold", markup=False)
        console.print(table)
    text = printed.get()
    if out.isatty():
        out.write(text)
    elif out is sys.stderr:
        for line in text.splitlines():
            say(line.rstrip())
    else:
        out.write(re.sub(r"(?m) +$", "", text))


def plural(number: int, noun: str) -> str:
    """The number with its noun, in the plural unless it is one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


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
