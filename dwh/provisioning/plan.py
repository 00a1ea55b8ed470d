"""What setup_env.py and shutdown_env.py are going to do: shown first, then done line by line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TextIO

from dwh.aws import Clients
from dwh.terminal import Step, print_table, step

# What the line of a change that is done says.
DONE = {
    "create": "created",
    "keep": "kept",
    "change": "changed",
    "resume": "resumed",
    "restore": "restored",
    "pause": "paused",
    "delete": "deleted",
}


@dataclass(frozen=True)
class Change:
    """What becomes of one resource: an action of DONE, the settings that matter, and how.

    `apply` looks at AWS again, and does nothing twice; it may set the step's result.
    """

    action: str
    resource: str
    settings: str
    apply: Callable[[Clients, Step], None] | None = None


def show(title: str, changes: Sequence[Change], to: TextIO) -> None:
    """Print the plan as a table."""
    rows = [(change.action, change.resource, change.settings) for change in changes]
    print_table(title, ("action", "resource", "settings"), rows, to)


def carry_out(changes: Sequence[Change], aws: Clients) -> None:
    """Do what the plan says, in its order."""
    for change in changes:
        if change.apply:
            with step(change.resource) as current:
                current.result = DONE[change.action]
                if change.action == "change":
                    current.result += f": {change.settings}"
                change.apply(aws, current)
