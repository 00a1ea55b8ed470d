"""A warehouse as the scripts see it, of whichever kind, and how to log in to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dwh.config import Config
from dwh.errors import DwhError
from dwh.terminal import hide


@dataclass(frozen=True)
class Warehouse:
    """A warehouse that can be used now: where it is, who gets in, and with which roles.

    `slices` is how many files it reads at a time.
    """

    host: str
    port: int
    is_public: bool
    security_groups: tuple[str, ...]
    roles: tuple[str, ...]
    slices: int


@dataclass(frozen=True)
class Login:
    """Who logs in: the client that finds the warehouse for them, and asks for their password.

    `ask` answers with the name and the password to log in with.
    """

    client: Any
    ask: Callable[[], tuple[str, str]]


def read_answer(call: Any, *keys: str, **request: Any) -> list[str]:
    """What AWS answers under these keys, the last of which is a secret.

    Raises DwhError for an answer without them, as its traceback would show what else is in it.
    """
    from botocore.parsers import ResponseParserError

    try:
        found = call(**request)
    except ResponseParserError:
        found = {}
    values = [found.get(key) for key in keys]
    if not all(values):
        operation = call.__self__.meta.method_to_api_mapping[call.__name__]
        what = f"AWS's answer to {operation} cannot be read"
        raise DwhError(what, "run the script again; if that lasts, look for a proxy in between")
    hide(str(values[-1]))
    return [str(value) for value in values]


def role_arn(warehouse: Warehouse, config: Config) -> str:
    """The role with which the warehouse reads S3. Raises DwhError if it does not have it."""
    for arn in warehouse.roles:
        if arn.endswith(f"/{config.role}"):
            return arn
    what = f"the {config.kind} {config.identifier} does not have the role {config.role}"
    raise DwhError(what, "check ROLE in dwh.cfg, or run python setup_env.py, which attaches it")
