"""Try out the project on the AWS account that dwh.cfg names, and take everything down again.

Makes an environment of its own name, loads some MB through every rule of a load, compares the star
with the sandbox's row by row, and looks whether the facts hold on which the project relies. First
it shows the plan and what it costs, and asks.

Example:
    make test-aws
"""

from __future__ import annotations

import fcntl
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import facts_of_aws  # noqa: F401
import facts_of_copy  # noqa: F401
import facts_of_serverless  # noqa: F401
import facts_of_sql  # noqa: F401
from fact import facts_of
from nights import Night, nights
from trial_environment import (
    TrialEnvironment,
    in_sandbox,
    left_by_a_killed_run,
    on_account,
    without_data_problem,
)

import setup_env
from dwh.aws import clients
from dwh.config import load_config
from dwh.errors import DwhError, UsageError, explain
from dwh.provisioning import plan
from dwh.terminal import confirm, parser, run_script, say, step
from dwh.warehouse_access import available_warehouse

FOLDER = Path(__file__).parents[2] / ".test-aws"
SHOWN_ROWS = 5
ENDINGS = (signal.SIGHUP, signal.SIGTERM)


class Report:
    """What has come out, line by line, and whether all of it is well."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.is_well = True

    def add(self, line: str) -> None:
        """Add something that is well."""
        self.lines.append(line)

    def add_difference(self, line: str, *details: str) -> None:
        """Add something that is not as it should be."""
        self.lines += [f"DIFFERENT: {line}", *(f"  {each}" for each in details)]
        self.is_well = False

    def print(self) -> None:
        """Print all of it."""
        for line in self.lines:
            say(line)


def main(argv: list[str] | None = None) -> int:
    """Show the plan, ask, try everything, take it down, and say what has come out."""
    options = parser(__doc__)
    options.add_argument("--yes", action="store_true", help="do not ask")
    options.add_argument("--folder", type=Path, default=FOLDER, help="where to keep its files")
    arguments = options.parse_args(argv)
    if not load_config(arguments.config).target.is_billed:
        hint = "set TARGET = aws in dwh.cfg; make test tries all of this in the sandbox"
        raise UsageError("there is no account to try it on: TARGET is the sandbox", hint)
    with alone(arguments.folder):
        path = arguments.folder / "aws" / "dwh.cfg"
        if path.exists():
            say(f"An earlier run was killed: taking down first what {path} names.")
            left_by_a_killed_run(path).take_down()
        environment = on_account(arguments.config, path)
        try:
            show_plan(environment)
            if not arguments.yes:
                confirm("Make this, try it out, and take it down?")
        except BaseException:
            path.unlink()
            raise
        return 0 if try_out(environment, arguments.folder / "sandbox").is_well else 1


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let no other run use the folder meanwhile, and end as after Ctrl-C if the terminal closes."""
    former = {each: signal.signal(each, signal.default_int_handler) for each in ENDINGS}
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DwhError(f"another run uses {folder}", "wait for it, or take --folder") from None
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)


def show_plan(environment: TrialEnvironment) -> None:
    """Print what will be made, and what it costs."""
    config = environment.config
    changes = setup_env.make_plan(without_data_problem(clients(config), config), config)
    plan.show(setup_env.heading(config), changes, sys.stderr)
    setup_env.show_prices(config, sys.stderr)
    say("All of it is deleted at the end, also after Ctrl-C. Expect half an hour: AWS takes some")
    say("minutes to create a warehouse, for a cluster usually 5 to 12, and as long to delete it.")


def try_out(environment: TrialEnvironment, folder: Path) -> Report:
    """Try everything on the environment, take it down whatever happens, and print the results."""
    report = Report()
    with ExitStack() as at_the_end:
        at_the_end.callback(report.print)
        at_the_end.callback(environment.take_down)
        like = in_sandbox(environment, folder)
        at_the_end.callback(like.take_down)
        for attempt in (compare_nights, look_at_facts):
            try:
                attempt(report, environment, like)
            except Exception as error:
                problem = explain(error)
                report.add_difference(problem.what, *problem.details)
    return report


def compare_nights(report: Report, environment: TrialEnvironment, like: TrialEnvironment) -> None:
    """Load night by night on both sides, and compare the stars after each."""
    for number, night in enumerate(nights()):
        for each in (like, environment):
            say(f"--- night {number + 1}, {night.name}, {each.config.place}")
            spend(each, night, is_first=number == 0)
        expected, there = like.rows(), environment.rows()
        rows = sum(map(len, there.values()))
        if differences := compare(expected, there):
            for table, details in differences.items():
                report.add_difference(f"{table} after night {number + 1}, {night.name}", *details)
        else:
            report.add(f"night {number + 1}, {night.name}: all {rows:,} rows are the sandbox's")


def spend(environment: TrialEnvironment, night: Night, is_first: bool) -> None:
    """Write the files of a night, and load them."""
    environment.change(night.settings)
    if is_first:
        environment.make(night.files)
    else:
        environment.put(night.files)
    environment.load()


def compare(expected: dict[str, list[Any]], there: dict[str, list[Any]]) -> dict[str, list[str]]:
    """Of each table that differs, some of the rows that only one side has."""
    found: dict[str, list[str]] = {}
    for table, rows in expected.items():
        if rows != there[table]:
            here, on_aws = Counter(rows), Counter(there[table])
            found[table] = [f"{len(rows):,} rows in the sandbox, {len(there[table]):,} on AWS"]
            for side, surplus in {"sandbox": here - on_aws, "AWS": on_aws - here}.items():
                shown = sorted(surplus.elements(), key=repr)[:SHOWN_ROWS]
                found[table] += [f"only in the {side}: {row}" for row in shown]
    return found


def look_at_facts(report: Report, environment: TrialEnvironment, _: TrialEnvironment) -> None:
    """See which facts hold; of those that do not, say what is documented and what was found."""
    config, held = environment.config, 0
    warehouse, facts = available_warehouse(config), facts_of(environment.config.kind)
    for each in facts:
        with step(each.name) as current:
            found = each.difference(config, warehouse)
            current.result = "does not hold" if found else "holds"
        held += not found
        if found:
            answers = f"documented: {each.documented!r}; found: {found}"
            relied = f"{each.relied_on_by} relies on it"
            report.add_difference(each.name, answers, f"source: {each.source}", relied)
    report.add(f"{held} of {len(facts)} facts hold in {config.place}")


if __name__ == "__main__":
    sys.exit(run_script(main))
