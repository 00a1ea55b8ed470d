"""What a session does for one statement."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sandbox.copy.command import CopyCommand, is_s3_copy, parse_copy
from sandbox.dialect.translation import Translation, translate
from sandbox.postgres.backend import Backend

Step = CopyCommand | Translation
# Raises SqlError for system tables that this kind of warehouse refuses.
Refuser = Callable[[Sequence[str]], None]
UNDEFINED_COLUMN = "42703"
MARKED_NAME = re.compile(r'(?:"[^"]+"|[\w$]+)(?P<mark>/\*\d+\*/)')


def plan(statement: str, refuse: Refuser) -> Step:
    """What to do for one statement. Raises SqlError for what Redshift refuses."""
    if is_s3_copy(statement):
        return parse_copy(statement)
    translation = translate(statement)
    refuse(translation.tables.of_system)
    return translation


def is_special(step: Step) -> bool:
    """Whether a step is more than one statement for PostgreSQL."""
    return isinstance(step, CopyCommand) or bool(step.own or step.alone)


def starts_with(step: Step, *words: str) -> bool:
    """Whether a step's statement begins with one of these words."""
    return isinstance(step, Translation) and step.sql.lstrip().lower().startswith(words)


def without_aliases(step: Translation, backend: Backend) -> Translation:
    """The same with what its aliases stand for, wherever no table has a column of their name."""

    def unknown(sql: str) -> str:
        problem = backend.problem_of(sql) if backend.status != b"E" else {}
        if problem.get("C") != UNDEFINED_COLUMN:
            return ""
        name = MARKED_NAME.match(sql, int(problem.get("P", "1")) - 1)
        return name["mark"] if name else ""

    return step.without_aliases(unknown)
