"""Which functions the sandbox does, by the list in `functions.txt`."""

from __future__ import annotations

from importlib import resources

from sandbox.errors import FEATURE_NOT_SUPPORTED, SqlError

_HINTS = {
    "string_agg array_agg": "Use LISTAGG.",
    "clock_timestamp statement_timestamp transaction_timestamp": "Use GETDATE().",
    "div": "Use / on integers.",
    "regexp_matches regexp_match": "Use REGEXP_SUBSTR.",
    "unnest string_to_array array_fill string_to_table": "Use SPLIT_PART.",
    "regexp_split_to_array regexp_split_to_table": "Use SPLIT_PART.",
}
_HINT_OF = {name: hint for names, hint in _HINTS.items() for name in names.split()}


def _read() -> dict[str, str]:
    """The section of each function's name."""
    section, found = "", {}
    for line in resources.files(__package__).joinpath("functions.txt").read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif not line.startswith("#"):
            found.update(dict.fromkeys(line.split(), section))
    return found


_SECTIONS = _read()


def names(section: str) -> list[str]:
    """The names of the functions in a section."""
    return [name for name, where in _SECTIONS.items() if where == section]


def section_of(name: str) -> str:
    """Where a function is listed; "" if nowhere."""
    return _SECTIONS.get(name, "")


def check_function(name: str, is_of_leader: bool) -> None:
    """Raise SqlError unless the sandbox does this function here."""
    section = section_of(name)
    if section in ("works", "leader") or (section == "catalogue" and is_of_leader):
        return
    message = f"the sandbox does not do the function {name.upper()}()"
    if section == "catalogue":
        message = f"the sandbox does {name.upper()}() in queries of system tables only"
    elif section == "refused":
        message = f"{name.upper()} is not supported by Amazon Redshift"
    raise SqlError(message, FEATURE_NOT_SUPPORTED, hint=_HINT_OF.get(name, ""))
