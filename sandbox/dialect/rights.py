"""GRANT, REVOKE, CREATE USER and CREATE ROLE, as Redshift has them.

https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html
https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html
"""

from __future__ import annotations

from sandbox.dialect.expressions import rewrite_expressions
from sandbox.dialect.sql_text import tokens
from sandbox.dialect.token_reader import Reader
from sandbox.errors import not_supported, syntax_error

_BEFORE_ROLE = frozenset(("grant", "revoke", "for", "to", "from", ","))
_AFTER_A_NAME = frozenset((",", "to", "from", "with", ""))


def grant(text: str) -> str:
    """Translate a GRANT or a REVOKE: PostgreSQL names roles as it does users.

    Raises SqlError for rights that the sandbox does not know, and for a role without its word.
    """
    found = tokens(text)
    keys = [token.key for token in found]
    is_of_roles = keys[1:2] == ["role"] or keys[1:5] == ["admin", "option", "for", "role"]
    if keys[1:2] == ["assumerole"] or not ("on" in keys or is_of_roles):
        raise not_supported("the sandbox grants rights on objects, and roles, and nothing else")
    # The case of a quoted user's name is kept, that of all others is not:
    # https://docs.aws.amazon.com/redshift/latest/dg/r_enable_case_sensitive_identifier.html
    whom = next((token.start for token in found if token.key in ("to", "from")), len(text))
    objects = text[:whom]
    return _without_role(rewrite_expressions(objects, tokens(objects)) + text[whom:])


def _without_role(text: str) -> str:
    """The text without the word ROLE where it says of what kind the next name is."""
    found = tokens(text)
    for place in reversed(range(1, len(found))):
        token, before = found[place], found[place - 1].key
        after = found[place + 1].key if place + 1 < len(found) else ""
        if token.key == "role" and before in _BEFORE_ROLE and after not in _AFTER_A_NAME:
            text = text[: token.start] + text[token.end :].lstrip()
    return text


def create_user(text: str) -> str:
    """Translate a CREATE USER. Raises SqlError for one without PASSWORD, which Redshift demands."""
    reader = Reader(text)
    reader.expect("create", "user")
    reader.identifier()
    reader.accept("with")
    if not reader.accept("password"):
        raise syntax_error(reader.tokens[-1].text)
    if reader.key != "disable":
        return text
    disable = reader.take()
    reader.finish()
    return f"{text[: disable.start]}NULL{text[disable.end :]}"


def create_role(text: str) -> str:
    """Check a CREATE ROLE: Redshift's have no options of PostgreSQL's. Raises SqlError."""
    reader = Reader(text)
    reader.expect("create", "role")
    reader.identifier()
    if reader.accept("externalid"):
        raise not_supported("the sandbox does not do EXTERNALID")
    reader.finish()
    return text
