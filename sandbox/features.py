"""What the sandbox does, by the lists that it goes by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import fill

from sandbox.copy import options
from sandbox.dialect import column_types, functions, nodes, statements
from sandbox.postgres.scripts import system_views

# Families of functions of which none is done.
_FAMILIES = ("h3_", "st_")


def described() -> str:
    """What is done, what is not, and what Redshift refuses too, kind by kind, in Markdown."""
    return "\n".join(_paragraph(*kind) for kind in _kinds())


def _kinds() -> Iterator[tuple[str, str, str, str]]:
    """A kind of thing; what is done of it, what is not, and what Redshift refuses too."""
    names, copy_does = functions.names, [*options.FLAGS, *options.LITERALS, *options.SWITCHES]
    done = names("works") + names("leader")
    refused = f"{len(names('refused'))} of PostgreSQL's, which `dialect/functions.txt` names"
    copy_does += ["FORMAT", "IAM_ROLE", "JSON", "MAXERROR"]
    yield (
        "Statements",
        _words(statements.FIRST_WORDS),
        _text(statements.UNDONE),
        _text(statements.NOT_IN_REDSHIFT),
    )
    yield "Parts of queries", "", _text(nodes.UNDONE), _text(nodes.NOT_IN_REDSHIFT)
    yield "Functions", _words(done), _words(_families(names("sandbox"))), refused
    yield "Types", _words(column_types.TYPE_NAMES), _words(column_types.NOT_IN_SANDBOX), ""
    yield "Settings", _words(statements.SETTINGS | statements.KEPT_SETTINGS), "", ""
    yield "System views", _words(system_views()), "", ""
    not_done = _words(options.NOT_IN_THE_SANDBOX)
    yield "Options of COPY", _words(copy_does), not_done, _words(options.NOT_WITH_JSON)


def _paragraph(kind: str, done: str, undone: str, refused: str) -> str:
    parts = {"Done": done, "Not done": undone, "Refused by Redshift too": refused}
    lines = [f"*{title}:* {what}." for title, what in parts.items() if what]
    return "\n\n".join([f"### {kind}", *map(_wrapped, lines)]) + "\n"


def _wrapped(line: str) -> str:
    return fill(line, 110, break_long_words=False, break_on_hyphens=False)


def _words(names: Iterable[str]) -> str:
    return " ".join(f"`{name}`" for name in sorted(set(names)))


def _text(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names)))


def _families(names: Iterable[str]) -> set[str]:
    """The names, but of a family only how they begin."""
    return {f"{name[:3]}*" if name.startswith(_FAMILIES) else name for name in names}


if __name__ == "__main__":
    print(described(), end="")
