"""The statements that are no queries: which forms of them there are, and which are refused.

A form is a pattern over the statement's words: NAME stands for a name that may have a schema, NAMES
for several, VALUE for a literal, a number or a word, QUERY for a query.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sandbox.dialect.sql_text import Token, words
from sandbox.errors import SYNTAX_ERROR, SqlError, not_supported, syntax_error

_WORD = r'(?:[^\W\d][\w$]*|\#[\w$]+|")'
_NAME = rf"{_WORD}(?: \. {_WORD})*"
_NAMES = f"{_NAME}(?: , {_NAME})*"
_VALUE = rf"(?:'|-? ?0|{_WORD})"
_RIGHT = (
    "(?:select|insert|update|delete|drop|references|alter|truncate|create|usage|temp|temporary"
    r"|all(?: privileges)?)(?: \( [^()]+ \))?"
)
_WHOM = rf"(?:(?:group|role) )?{_NAME}"
_PLACES = {
    "NAMES": _NAMES,
    "NAME": _NAME,
    "VALUES": f"{_VALUE}(?: , {_VALUE})*",
    "VALUE": _VALUE,
    "ANY": ".+",
    "QUERY": r"(?P<query>(?:select|with|\() .+)",
    "PREPARED": r"(?P<query>(?:select|with|\(|insert|update|delete) .+)",
    "OBJECTS": f"(?: table| schema| database| all tables in schema)? {_NAME}(?: , {_NAME})*",
    "HEIRS": rf"(?: for user {_NAME})?(?: in schema {_NAME}(?: , {_NAME})*)?",
    "RESTRICTED": "( cascade| restrict)?",
    "RIGHTS": f"{_RIGHT}(?: , {_RIGHT})*",
    "WHOM": f"{_WHOM}(?: , {_WHOM})*",
    "OPTIONS": rf"(?: (?:(?:no)?createdb|nocreateuser|in group {_NAME}(?: , {_NAME})*|valid until '"
    r"|connection limit (?:0|unlimited)|password (?:'|disable)))*",
    "CHANGE": rf"alter (column {_WORD} encode {_WORD}|distkey {_WORD}|encode auto"
    rf"|diststyle (all|even|auto|key distkey {_WORD})"
    rf"|sortkey (auto|none)|(compound )?sortkey \( {_NAMES} \))",
    "MODE": "(( ,)? (isolation level (serializable|snapshot|read (un)?committed|repeatable read)"
    "|read (only|write)))*",
}
_PLACE = re.compile("|".join(_PLACES))

# https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_commands.html
_FORMS = """
begin( work| transaction)?MODE
start transactionMODE
(commit|end)( work| transaction)?
(rollback|abort)( work| transaction)?
lock( table)? NAMES
truncate( table)? NAME
vacuum( full| sort only| delete only| reindex| recluster)?( NAME( to 0 percent)?( boost)?)?
analyze( verbose)?( NAME( predicate columns| all columns| \\( NAMES \\))?)?
declare NAME cursor for QUERY
fetch( next| all| forward( all| 0)?| 0)? from NAME
close (all|NAME)
prepare NAME( \\( ANY \\))? as PREPARED
execute NAME( \\( ANY \\))?
deallocate( prepare)? (all|NAME)
comment on (table|view|column|database|schema|constraint) NAME( on NAME)? is ('|null)
show (all|NAME|time zone|transaction isolation level)
set( session| local)? NAME (to|=) VALUES
set( session| local)? time zone VALUE
set names VALUE
set transactionMODE
set session characteristics as transactionMODE
reset (all|NAME)
copy ANY
create( or replace)? view NAME( \\( NAMES \\))? as QUERY
create( local)?( temp| temporary)? table ANY
create schema( if not exists)? NAME( authorization NAME)?
create schema( if not exists)? authorization NAME
create database NAME( with)?( owner =? ?NAME)?
create user NAME( with)?OPTIONS
create group NAME( with)?( user NAMES)?
create role NAME
alter table NAME add (column )?(?!partition |if |column )NAME ANY
alter table NAME alter column NAME type ANY
alter table NAME CHANGE( , CHANGE)*
alter table NAME append from NAME( ignoreextra| filltarget)?
alter table NAME drop( column)? NAMERESTRICTED
alter table NAME (owner|rename) to NAME
alter table NAME rename column NAME to NAME
alter schema NAME (rename|owner) to NAME
alter database NAME (rename|owner) to NAME
alter user NAME( with)?OPTIONS
alter user NAME rename to NAME
alter user NAME set NAME (to|=) VALUES
alter user NAME reset NAME
alter group NAME (add|drop) user NAMES
alter group NAME rename to NAME
alter role NAME rename to NAME
alter default privilegesHEIRS grant RIGHTS on tables to WHOM( with grant option)?
alter default privilegesHEIRS revoke RIGHTS on tables from WHOMRESTRICTED
drop (table|view|schema|database)( if exists)? NAMESRESTRICTED
drop (user|group)( if exists)? NAMES
drop role NAME
grant RIGHTS onOBJECTS to WHOM( with grant option)?
revoke( grant option for)? RIGHTS onOBJECTS from WHOMRESTRICTED
grant role NAME( ,( role)? NAME)* to WHOM( with admin option)?
revoke( admin option for)? role NAME( ,( role)? NAME)* from WHOM
"""

_NO_INDEX = "Declare a SORTKEY or a DISTKEY in CREATE TABLE."
_NO_SAVEPOINT = "Commit, or roll the whole transaction back."
_LIKE_POSTGRES = "listen notify unlisten reassign cluster reindex checkpoint discard move load do"
# How statements of PostgreSQL's begin that Redshift's documentation says it does not have.
# https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-features.html
_REFUSED = {
    "savepoint": ("SAVEPOINT", _NO_SAVEPOINT),
    "(rollback|abort)( work| transaction)? to": ("ROLLBACK TO SAVEPOINT", _NO_SAVEPOINT),
    "release (savepoint )?(NAME)": ("RELEASE SAVEPOINT", _NO_SAVEPOINT),
    "create( unique)? index": ("CREATE INDEX", _NO_INDEX),
    "create( or replace)?( constraint)? trigger": ("CREATE TRIGGER", ""),
    "create( temp| temporary)? sequence": ("CREATE SEQUENCE", "Use an IDENTITY column."),
    "create extension": ("CREATE EXTENSION", ""),
    "create domain": ("CREATE DOMAIN", ""),
    "create type": ("CREATE TYPE", ""),
    "create( or replace)? rule": ("CREATE RULE", ""),
    "create tablespace": ("CREATE TABLESPACE", ""),
    "create unlogged": ("CREATE UNLOGGED TABLE", ""),
    "create global": ("CREATE GLOBAL TEMPORARY TABLE", "Use CREATE TEMPORARY TABLE."),
    "alter database NAME (re)?set": ("ALTER DATABASE .. SET", ""),
    "values": ("a VALUES list as a statement", "Use SELECT .. UNION ALL SELECT."),
    "table": ("TABLE as a query", "Use SELECT * FROM."),
    "explain( \\()? analyze": ("EXPLAIN ANALYZE", ""),
    "drop owned": ("DROP OWNED", ""),
    "security label": ("SECURITY LABEL", ""),
    "import foreign": ("IMPORT FOREIGN SCHEMA", ""),
    "copy( NAME( \\( NAMES \\))?| \\( .+ \\)) to": ("COPY .. TO", "Use UNLOAD."),
    **{word: (word.upper(), "") for word in _LIKE_POSTGRES.split()},
}
_UNDONE = {
    "alter table NAME add (constraint|primary|unique|foreign|check)": (
        "ALTER TABLE ADD constraint; declare keys in CREATE TABLE"
    ),
    "alter table NAME drop constraint": "ALTER TABLE DROP CONSTRAINT",
    "call": "CALL",
    "refresh": "REFRESH MATERIALIZED VIEW",
    "(at|de)tach": "ATTACH and DETACH",
    "cancel": "CANCEL",
    "desc": "DESC",
    "explain": "EXPLAIN: a plan of PostgreSQL's would say nothing about Redshift",
    "unload": "UNLOAD",
    "use": "USE",
    "analyze compression": "ANALYZE COMPRESSION",
    "(re)?set session authorization": "SET SESSION AUTHORIZATION",
    "create( or replace)? view .+ with no schema binding": "WITH NO SCHEMA BINDING",
    "merge .+ remove duplicates": "MERGE .. REMOVE DUPLICATES",
}
_MODIFIERS = words("or replace temp temporary unique constraint local")
# The settings that the sandbox does; TIME ZONE, TRANSACTION and the like are words of SET's own.
SETTINGS = words(
    "application_name client_encoding datestyle extra_float_digits search_path"
    " statement_timeout timezone default_transaction_isolation"
    " default_transaction_read_only transaction_isolation transaction_read_only"
)
# Those that say how a cluster works, and change no result: they are kept, and that is all.
KEPT_SETTINGS = words(
    "analyze_threshold_percent enable_result_cache_for_session query_group wlm_query_slot_count"
)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(_PLACE.sub(lambda match: _PLACES[match[0]], pattern))


def _forms() -> dict[str, list[re.Pattern[str]]]:
    """The forms by their first word."""
    found: dict[str, list[re.Pattern[str]]] = {}
    for line in _FORMS.strip().splitlines():
        first = line[1:].partition(")")[0] if line[0] == "(" else line.partition(" ")[0]
        for word in first.split("|"):
            found.setdefault(word.split("(")[0], []).append(_compiled(line))
    return found


_BY_FIRST_WORD = _forms()
FIRST_WORDS = (*_BY_FIRST_WORD, "select", "with", "insert", "update", "delete", "merge")
UNDONE = tuple(_UNDONE.values())
NOT_IN_REDSHIFT = tuple(what for what, _ in _REFUSED.values())
_REFUSALS = [(_compiled(pattern), *words) for pattern, words in _REFUSED.items()]
_UNDONE_FORMS = [(_compiled(pattern), what) for pattern, what in _UNDONE.items()]


def check_statement(found: Sequence[Token]) -> int:
    """The index at which a query begins in a statement that contains one, 0 if it does not.

    Raises SqlError for a statement that Redshift or the sandbox does not have, or not in this form.
    """
    keys = " ".join(token.key for token in found)
    refuse_statement(keys)
    first = found[0].key
    for form in _BY_FIRST_WORD.get(first, ()):
        if match := form.fullmatch(keys):
            _check_setting(found)
            is_query = "query" in form.groupindex
            return keys.count(" ", 0, match.start("query")) if is_query else 0
    raise _no_form(found)


def refuse_statement(keys: str) -> None:
    """Raise SqlError for a statement, or a form of one, that is refused by its name."""
    for pattern, what, hint in _REFUSALS:
        if re.match(rf"{pattern.pattern}(?![\w$])", keys):
            raise not_supported(f"{what} is not supported by Amazon Redshift", hint)
    for pattern, what in _UNDONE_FORMS:
        if re.match(rf"{pattern.pattern}(?![\w$])", keys):
            raise not_supported(f"the sandbox does not do {what}")


def _no_form(found: Sequence[Token]) -> SqlError:
    first = found[0].key
    if first in ("create", "alter", "drop"):
        kind = next((token.key for token in found[1:] if token.key not in _MODIFIERS), "")
        if not any(
            re.search(rf"\b{re.escape(kind)}\b", form.pattern) for form in _BY_FIRST_WORD[first]
        ):
            return not_supported(f"the sandbox does not do {first.upper()} {kind.upper()}")
        first = f"{first} {kind}"
    if found[0].key in _BY_FIRST_WORD:
        what = f"the sandbox does not do this form of {first.upper()}"
        return not_supported(what, f"It stands in what follows {found[0].text}.")
    near = syntax_error(found[0].text)
    return SqlError(near.message, SYNTAX_ERROR)


def _check_setting(found: Sequence[Token]) -> None:
    if found[0].key not in ("set", "reset", "show"):
        return
    names = (token.key for token in found[1:] if token.key not in ("session", "local"))
    name = next(names, found[-1].key)
    known = SETTINGS | words("all time transaction names characteristics")
    if name in KEPT_SETTINGS and found[0].key != "show":
        return
    if name not in known | {"server_version"}:
        raise not_supported(f"the sandbox does not do {found[0].text.upper()} {name}")
