"""What the terminal shows: every value, every step, however narrow it is."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tomllib

import pytest
from conftest import ROOT, Pipeline
from waiting import HANG_SECONDS

import dwh
from dwh.terminal import plural, step

PRINT = """
from dwh.terminal import print_table
print_table("Title", {columns!r}, [{row!r}])
"""
ROWS = {
    "long text": (("title", "artist"), ("abcdefghij" * 8, "klmnopqrst" * 8)),
    "many columns": (tuple(f"column{n}" for n in range(20)), tuple(range(10**9, 10**9 + 20))),
    "one long word": (("word",), ("x" * 500,)),
}


def printed_on_a_terminal(program: str, columns: int) -> str:
    """What a program prints on a terminal of so many columns."""
    screen, terminal = pty.openpty()
    variables = os.environ | {"COLUMNS": str(columns), "TERM": "xterm", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    subprocess.run(command, stdout=terminal, stderr=terminal, env=variables, check=True, cwd=ROOT)
    os.close(terminal)
    said = b""
    while chunk := read(screen):
        said += chunk
    os.close(screen)
    return re.sub(r"\x1b\[[\d;]*m", "", said.decode())


def read(screen: int) -> bytes:
    try:
        return os.read(screen, 65536)
    except OSError:  # Linux's way to say that nobody has the terminal open any more
        return b""


@pytest.mark.parametrize("columns", [20, 40, 80, 1000])
@pytest.mark.parametrize("case", ROWS.values(), ids=ROWS.keys())
def test_narrow_terminal_shows_every_letter(
    case: tuple[tuple[str, ...], tuple[object, ...]], columns: int
) -> None:
    names, row = case
    program = PRINT.format(columns=names, row=row)
    shown = printed_on_a_terminal(program, columns)
    assert "\u2026" not in shown
    wanted = "".join([*names, *map(str, row)])
    assert {letter: shown.count(letter) for letter in "xbm7"}.items() >= {
        letter: wanted.count(letter) for letter in "xbm7"
    }.items()


def test_failed_step_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), step("divide") as current:
        current.result = str(1 / 0)
    assert re.fullmatch(r"divide: failed \(0\.\d s\)\n", capsys.readouterr().err)


def test_interrupted_step_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), step("divide"):
        raise KeyboardInterrupt
    assert re.fullmatch(r"divide: interrupted \(0\.\d s\)\n", capsys.readouterr().err)


def test_short_call_is_not_waited_for_aloud(capsys: pytest.CaptureFixture[str]) -> None:
    with step("divide") as current, current.waiting("waiting"):
        pass
    assert re.fullmatch(r"divide: done \(\d+\.\d s\)\n", capsys.readouterr().err)


@pytest.mark.parametrize(("number", "said"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows")])
def test_one_is_not_in_the_plural(number: int, said: str) -> None:
    assert plural(number, "row") == said


# ---------------------------------------------------------------------------- the reader has gone

ENOUGH = {
    "query.py": ["SELECT REPEAT('x', 1000) FROM pg_attribute AS a, pg_tables AS b", "--csv"],
    "etl.py": [],
}


@pytest.mark.parametrize("script", ENOUGH)
def test_reader_that_has_enough_ends_the_output(pipeline: Pipeline, script: str) -> None:
    command = [
        sys.executable,
        str(ROOT / script),
        "--config",
        str(pipeline.config),
        *ENOUGH[script],
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        if script == "query.py":
            process.stdout.readline()
        process.stdout.close()
        assert b"error" not in process.stderr.read()
        assert process.wait(timeout=HANG_SECONDS) == 0


def test_load_goes_on_when_nobody_reads_its_progress(pipeline: Pipeline) -> None:
    command = [sys.executable, str(ROOT / "etl.py"), "--config", str(pipeline.config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stderr.close()
        assert process.stdout.read().startswith(b"Loaded\n")
        assert process.wait(timeout=HANG_SECONDS) == 0


BAR = """
import time
from dwh.terminal import step
with step("copy staging_events") as current:
    current.advance("5 rows, 1 of 4 MB", 0.25)
    time.sleep(0.5)
    current.result = "20 rows"
"""


def test_long_step_has_a_bar_on_a_terminal() -> None:
    shown = printed_on_a_terminal(BAR, 100)
    line = next(line for line in re.split("[\r\n]+", shown) if "\u2501" in line)
    assert re.search(r"copy staging_events: 5 rows, 1 of 4 MB \u2501+[\u2578\u257a]? *.* 25%", line)
    assert re.search(r"copy staging_events: 20 rows \(0\.\d s\)", shown)


# ---------------------------------------------------------------------------- in a log

SCRIPT = """
import sys
from dwh.terminal import announce, print_table, run_script, say, step

def main():
    announce("Run 7")
    with step("divide"):
        print_table("Title", ["a"], [(1,)])
    print("b")
    print_table("Told", ["c"], [(2,)], sys.stderr)
    say("Next: this")
    print("d")
    raise ValueError("wrong")

sys.exit(run_script(main))
"""
TIME = r"\d\d:\d\d:\d\d"


def test_log_has_all_lines_in_their_order_and_those_of_stderr_with_their_times() -> None:
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if line]
    assert re.fullmatch(
        rf"{TIME} Run 7, \d{{4}}-\d\d-\d\d {TIME} UTC, version {dwh.__version__}", lines[0]
    )
    hint = "hint: --verbose shows where; running the script again is safe"
    wanted = ["Title", "  a", " \u2500+", "  1", f"{TIME} divide: done \\(\\d+\\.\\d s\\)", "b"]
    wanted += [f"{TIME} Told", TIME, f"{TIME}   c", f"{TIME}  \u2500+", f"{TIME}   2", TIME]
    wanted += [f"{TIME} Next: this", "d", f"{TIME} error: ValueError: wrong", f"{TIME} {hint}"]
    assert [re.fullmatch(*pair) is not None for pair in zip(wanted, lines[1:], strict=True)] == [
        True
    ] * len(wanted)


def test_terminal_shows_no_times() -> None:
    shown = printed_on_a_terminal(SCRIPT.replace("sys.exit(", "(").replace("\nraise", ""), 80)
    assert shown.startswith("Run 7, ")
    assert not re.search(rf"(?m)^{TIME} ", shown)


def test_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert dwh.__version__ == project["version"]
