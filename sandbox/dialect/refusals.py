"""What PostgreSQL would take and Redshift refuses, and what the sandbox cannot do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sandbox.dialect.casts import refuse_types
from sandbox.dialect.merge import check_merge
from sandbox.dialect.refused_words import (
    ALTERABLE,
    BEFORE_A_LIST,
    BEFORE_A_NAME,
    CREATABLE,
    FRAMED,
    FUNCTIONS_NOT_IN_REDSHIFT,
    FUNCTIONS_NOT_IN_SANDBOX,
    LEADER_CALLS,
    LEADER_WORDS,
    MODIFIERS,
    PHRASES_NOT_IN_REDSHIFT,
    PHRASES_NOT_IN_SANDBOX,
    PHRASES_OF_THE_LEADER,
    SETTINGS,
    STATEMENTS_NOT_IN_REDSHIFT,
    STATEMENTS_NOT_IN_SANDBOX,
    WORDS_OF_SET,
    RefusedWord,
)
from sandbox.dialect.sql_text import POSTGRES_NAME_BYTES, Token, identifier, opening_of, whole_name
from sandbox.dialect.tables_read import system_tables, user_tables
from sandbox.dialect.token_reader import Reader
from sandbox.errors import FEATURE_NOT_SUPPORTED, SqlError, not_supported, syntax_error

_LEADER_MESSAGE = (
    "Specified types or functions (one per INFO message) not supported on Amazon Redshift tables."
)


class _Rule(NamedTuple):
    pattern: tuple[str, ...]
    message: str
    hint: str


def _rules(
    not_in_redshift: dict[str, RefusedWord], not_in_sandbox: dict[str, RefusedWord]
) -> list[_Rule]:
    tables = (
        (not_in_redshift, "{} is not supported by Amazon Redshift"),
        (not_in_sandbox, "the sandbox does not do {}"),
    )
    return [
        _Rule(tuple(pattern.split()), message.format(refusal.what), refusal.hint)
        for table, message in tables
        for pattern, refusal in table.items()
    ]


def _by_first_key(rules: Iterable[_Rule]) -> dict[str, list[_Rule]]:
    found: dict[str, list[_Rule]] = {}
    for rule in rules:
        found.setdefault(rule.pattern[0], []).append(rule)
    return found


_STATEMENTS = _by_first_key(_rules(STATEMENTS_NOT_IN_REDSHIFT, STATEMENTS_NOT_IN_SANDBOX))
_PHRASES = _by_first_key(_rules(PHRASES_NOT_IN_REDSHIFT, PHRASES_NOT_IN_SANDBOX))
_FUNCTION_RULES = _rules(FUNCTIONS_NOT_IN_REDSHIFT, FUNCTIONS_NOT_IN_SANDBOX)
_FUNCTIONS = {rule.pattern[0]: rule for rule in _FUNCTION_RULES}

_PHRASE_WORDS = _PHRASES.keys() | _FUNCTIONS.keys()
_LEADER_NAMES = LEADER_CALLS | LEADER_WORDS | {"generate_series"}


def refuse(found: Sequence[Token]) -> None:
    """Raise SqlError if a statement's tokens contain what is refused."""
    keys = _keys(found)
    _refuse_literals(found, keys)
    _refuse_long_names(found)
    _refuse_statement(keys)
    if keys[0] == "copy":
        return _refuse_copy(found)
    if keys[0] == "explain":
        start = 2 if keys[1:2] == ["verbose"] else 1
        found, keys = found[start:], keys[start:]
    # Most statements contain none of these words, and need not be looked at one word at a time.
    present = set(keys)
    if present & _PHRASE_WORDS:
        is_of_leader = bool(system_tables(found)) and not user_tables(found)
        _refuse_phrases(keys, PHRASES_OF_THE_LEADER if is_of_leader else frozenset())
    if "over" in present:
        _refuse_windows(found, keys)
    refuse_types(found, keys, present)
    _refuse_grammar(found, keys)
    if present & _LEADER_NAMES:
        _refuse_leader_functions(found, keys)
    return None


def _keys(found: Sequence[Token]) -> list[str]:
    """The tokens' keys; a quoted name that calls a function counts as the function's word."""
    keys = [token.key for token in found]
    for index, token in enumerate(found[:-1] if '"' in keys else ()):
        if token.kind == "quoted" and keys[index + 1] in ("(", "."):
            name = identifier(token)
            if name in _FUNCTIONS or name in _LEADER_NAMES or name == "pg_catalog":
                keys[index] = name
    return keys


def _refuse_literals(found: Sequence[Token], keys: Sequence[str]) -> None:
    """Literals and names with escapes of PostgreSQL's own, U&'..' and U&"..". psql writes E'..'."""
    for index in range(len(keys) - 2 if "u" in keys else 0):
        is_escape = keys[index : index + 2] == ["u", "&"] and keys[index + 2] in "'\""
        if is_escape and found[index].end + 1 == found[index + 2].start:
            raise syntax_error("U&")


def _refuse_long_names(found: Sequence[Token]) -> None:
    for token in found:
        # A character has up to 4 bytes.
        if token.end - token.start > POSTGRES_NAME_BYTES // 4 and token.kind in ("word", "quoted"):
            whole_name(identifier(token))


def _refuse_statement(keys: Sequence[str]) -> None:
    head = tuple(key for key in keys[:6] if key not in MODIFIERS)
    for rule in _STATEMENTS.get(keys[0], ()):
        if head[: len(rule.pattern)] == rule.pattern:
            raise _refusal(rule)
    if keys[0] in ("set", "reset"):
        _refuse_setting(keys)
    kind = next((key for key in head[1:] if key != "local"), "")
    known = {"create": CREATABLE, "alter": ALTERABLE}.get(keys[0])
    if known and kind and kind not in known:
        raise not_supported(f"the sandbox does not do {keys[0].upper()} {kind.upper()}")
    if head[:2] == ("alter", "database") and ("set" in keys[:5] or "reset" in keys[:5]):
        raise not_supported("ALTER DATABASE .. SET is not supported by Amazon Redshift")


def _refuse_setting(keys: Sequence[str]) -> None:
    name = next((key for key in keys[1:] if key not in ("session", "local")), "")
    if name and name not in SETTINGS | WORDS_OF_SET:
        raise not_supported(f"the sandbox does not do {keys[0].upper()} {name}")


def _refuse_copy(found: Sequence[Token]) -> None:
    """Raise SqlError for a COPY that neither reads S3 nor can be read by the sandbox."""
    keys = [token.key for token in found]
    if "$" in keys:
        raise syntax_error(found[keys.index("$")].text)
    if "from" not in keys:
        raise not_supported("COPY .. TO is not supported by Amazon Redshift; use UNLOAD")
    source = found[keys.index("from") + 1 :][:1]
    if not source or not source[0].text.lower().startswith("'s3://"):
        raise not_supported(
            "LOAD source is not supported. (Hint: only S3 or DynamoDB or EMR based load is allowed)"
        )


def _refuse_phrases(keys: Sequence[str], allowed: frozenset[str]) -> None:
    for index, key in enumerate(keys):
        if key not in _PHRASE_WORDS or key in allowed:
            continue
        rule = _FUNCTIONS.get(key)
        if rule and is_call(keys, index):
            raise _refusal(rule)
        before = keys[index - 1] if index else ""
        # FETCH begins a statement of its own, with a cursor.
        is_name = before in BEFORE_A_NAME and key not in ("(", "as")
        if is_name or (key == "fetch" and not index):
            continue
        for rule in _PHRASES.get(key, ()):
            if tuple(keys[index : index + len(rule.pattern)]) == rule.pattern:
                raise _refusal(rule)


def is_call(keys: Sequence[str], index: int) -> bool:
    """Whether the word at this index is a function of PostgreSQL's that is called."""
    if keys[index + 1 : index + 2] != ["("]:
        return False
    before = keys[index - 1] if index else ""
    if before == ".":
        return index > 1 and keys[index - 2] == "pg_catalog"
    return before not in BEFORE_A_LIST


def _refusal(rule: _Rule) -> SqlError:
    return SqlError(rule.message, FEATURE_NOT_SUPPORTED, hint=rule.hint)


def _refuse_grammar(found: Sequence[Token], keys: Sequence[str]) -> None:
    """Statements that PostgreSQL knows with more clauses than Redshift."""
    first = keys[0] if keys else ""
    if first == "merge":
        check_merge(found)
    elif first == "lock" and ("in" in keys or "nowait" in keys):
        raise syntax_error("NOWAIT" if "nowait" in keys else "IN")
    elif first == "with":
        _refuse_with(found)


def _refuse_with(found: Sequence[Token]) -> None:
    depth, before = 0, ""
    for token in found:
        depth += {"(": 1, ")": -1}.get(token.key, 0)
        changes = ("insert", "merge") if depth == 0 else ("insert", "update", "delete", "merge")
        if token.key in changes and before == (")" if depth == 0 else "("):
            raise syntax_error(token.text)
        before = token.key


def _refuse_windows(found: Sequence[Token], keys: Sequence[str]) -> None:
    for index in range(1, len(keys) - 1):
        if keys[index : index + 2] == ["over", "("] and keys[index - 1] == ")":
            window = Reader("", found[index + 2 :])
            window.skip_expression(())
            inside = keys[index + 2 : index + 2 + window.position]
            is_framed = keys[opening_of(keys, index - 1) - 1] in FRAMED
            if is_framed and "order" in inside and "rows" not in inside:
                message = (
                    "Aggregate window functions with an ORDER BY clause require a frame clause"
                )
                raise not_supported(message)


def _refuse_leader_functions(found: Sequence[Token], keys: Sequence[str]) -> None:
    called = _leader_functions(keys)
    series = "generate_series" if _is_called(keys, "generate_series") else ""
    if (called or series) and user_tables(found):
        raise _leader_error(called or series + "()")
    # The rows of generate_series cannot leave the leader for a table's slices.
    if series and (keys[0] in ("insert", "create") or _selects_into(keys)):
        raise _leader_error(series + "()")


def _selects_into(keys: Sequence[str]) -> bool:
    return keys[0] in ("select", "with") and "into" in keys


def _leader_functions(keys: Sequence[str]) -> str:
    for index, key in enumerate(keys):
        if key in LEADER_CALLS and is_call(keys, index):
            return f"{key}()"
        if key in LEADER_WORDS and not (index and keys[index - 1] in BEFORE_A_NAME):
            return f"{key}()"
    return ""


def _is_called(keys: Sequence[str], name: str) -> bool:
    return any(
        key == name and keys[index + 1 : index + 2] == ["("] for index, key in enumerate(keys)
    )


def _leader_error(function: str) -> SqlError:
    return SqlError(
        _LEADER_MESSAGE,
        FEATURE_NOT_SUPPORTED,
        detail=f'Function "{function}" not supported.',
        hint="Only the leader node has it; use GETDATE() or SYSDATE for the time.",
    )
