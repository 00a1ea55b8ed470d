"""GRANT, REVOKE and the options of users, as Redshift has them.

https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html
https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html
"""

from __future__ import annotations

from sandbox.dialect.literals import plain
from sandbox.dialect.sql_text import tokens
from sandbox.errors import syntax_error

_BEFORE_ROLE = frozenset(("grant", "revoke", "for", "to", "from", ","))
_AFTER_A_NAME = frozenset((",", "to", "from", "with", ""))
# Words that PostgreSQL has others for.
_OPTIONS = {"disable": "NULL", "unlimited": "-1", "nocreateuser": ""}


def grant(text: str) -> str:
    """Translate a GRANT or a REVOKE: PostgreSQL names roles as it does users."""
    found = tokens(text)
    # The case of a quoted user's name is kept, that of all others is not:
    # https://docs.aws.amazon.com/redshift/latest/dg/r_enable_case_sensitive_identifier.html
    whom = next((token.start for token in found if token.key in ("to", "from")), len(text))
    objects = text[:whom]
    return _without_role(f"{plain(objects, tokens(objects))} {text[whom:]}")


def _without_role(text: str) -> str:
    """The text without the word ROLE where it says of what kind the next name is."""
    found = tokens(text)
    for place in reversed(range(1, len(found))):
        token, before = found[place], found[place - 1].key
        after = found[place + 1].key if place + 1 < len(found) else ""
        if token.key == "role" and before in _BEFORE_ROLE and after not in _AFTER_A_NAME:
            text = text[: token.start] + text[token.end :].lstrip()
    return text


def user(text: str) -> str:
    """Translate the options of CREATE USER and ALTER USER.

    Raises SqlError for a new user without PASSWORD, which Redshift demands.
    """
    found = tokens(text)
    if found[0].key == "create" and all(token.key != "password" for token in found):
        raise syntax_error(found[-1].text)
    for token in reversed(found[3:]):
        if token.key in _OPTIONS:
            text = text[: token.start] + _OPTIONS[token.key] + text[token.end :]
    return text
