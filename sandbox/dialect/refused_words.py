"""The tables behind `refusals`: statements, phrases and functions that are refused, and why.

https://docs.aws.amazon.com/redshift/latest/dg/c_redshift-and-postgres-sql.html

A pattern is a row of token keys: words in lower case and operators, where ' stands for a
literal, " for a quoted name, 0 for a number and $ for a parameter.
"""

from __future__ import annotations

from typing import NamedTuple


class RefusedWord(NamedTuple):
    """What is refused, and what to do instead."""

    what: str
    hint: str = ""


_NO_INDEX = "Declare a SORTKEY or a DISTKEY in CREATE TABLE."
_NO_SAVEPOINT = "Commit, or roll the whole transaction back."
_NO_VALUES = "Use SELECT .. UNION ALL SELECT."
_NO_CONFLICT = "Use MERGE, or DELETE and INSERT."
_LIMIT = "Use LIMIT."
_LOCK = "Use LOCK."
_COMPARE = "Compare with =, and with IS NULL."
_ROWS = "Use ROWS."
_JSON = "Use JSON_EXTRACT_PATH_TEXT."
_LISTAGG = "Use LISTAGG."
_GETDATE = "Use GETDATE()."


def _all(names: str, hint: str = "") -> dict[str, RefusedWord]:
    """A refusal under its own name for each of these."""
    return {name: RefusedWord(name.upper(), hint) for name in names.split()}


def _each(patterns: str, what: str, hint: str = "") -> dict[str, RefusedWord]:
    """The same refusal for each of these patterns, which | separates."""
    return {pattern.strip(): RefusedWord(what, hint) for pattern in patterns.split("|")}


# How a statement begins. Words of MODIFIERS are left out before comparing.
STATEMENTS_NOT_IN_REDSHIFT = {
    "savepoint": RefusedWord("SAVEPOINT", _NO_SAVEPOINT),
    "rollback to": RefusedWord("ROLLBACK TO SAVEPOINT", _NO_SAVEPOINT),
    "release": RefusedWord("RELEASE SAVEPOINT", _NO_SAVEPOINT),
    "create index": RefusedWord("CREATE INDEX", _NO_INDEX),
    "create trigger": RefusedWord("CREATE TRIGGER"),
    "create sequence": RefusedWord("CREATE SEQUENCE", "Use an IDENTITY column."),
    "create extension": RefusedWord("CREATE EXTENSION"),
    "create domain": RefusedWord("CREATE DOMAIN"),
    "create type": RefusedWord("CREATE TYPE"),
    "create rule": RefusedWord("CREATE RULE"),
    "create tablespace": RefusedWord("CREATE TABLESPACE"),
    "create unlogged": RefusedWord("CREATE UNLOGGED TABLE"),
    "create global": RefusedWord("CREATE GLOBAL TEMPORARY TABLE", "Use CREATE TEMPORARY TABLE."),
    "values": RefusedWord("a VALUES list as a statement", _NO_VALUES),
    "table": RefusedWord("TABLE as a query", "Use SELECT * FROM."),
    "do": RefusedWord("DO", "Use a stored procedure."),
    "explain analyze": RefusedWord("EXPLAIN ANALYZE", "Use EXPLAIN [VERBOSE]."),
    "explain ( analyze": RefusedWord("EXPLAIN (ANALYZE)", "Use EXPLAIN [VERBOSE]."),
    "drop owned": RefusedWord("DROP OWNED"),
    "security label": RefusedWord("SECURITY LABEL"),
    "import foreign": RefusedWord("IMPORT FOREIGN SCHEMA"),
    **_all("listen notify unlisten reassign cluster reindex checkpoint discard move load"),
}
STATEMENTS_NOT_IN_SANDBOX = {
    "unload": RefusedWord("UNLOAD"),
    "analyze compression": RefusedWord("ANALYZE COMPRESSION"),
    "set session authorization": RefusedWord("SET SESSION AUTHORIZATION"),
    "reset session authorization": RefusedWord("RESET SESSION AUTHORIZATION"),
}
MODIFIERS = frozenset(
    ("or", "replace", "temp", "temporary", "unique", "constraint", "work", "transaction")
)
# Of what CREATE makes and ALTER changes, the sandbox has these. Functions and procedures are not
# among them: what their bodies do when they run would not come past the dialect.
CREATABLE = frozenset(
    ("table", "view", "materialized", "schema", "database", "user", "group", "role")
)
ALTERABLE = frozenset(("table", "schema", "database", "user", "group", "role", "default"))

# The settings that the sandbox does; TIME ZONE, TRANSACTION and the like are words of SET's own.
SETTINGS = frozenset(
    (
        *("application_name", "client_encoding", "datestyle", "extra_float_digits", "search_path"),
        *("statement_timeout", "timezone", "default_transaction_isolation"),
        *("default_transaction_read_only", "transaction_isolation", "transaction_read_only"),
    )
)
WORDS_OF_SET = frozenset(("all", "characteristics", "names", "time", "transaction"))

# What may stand anywhere in a statement.
PHRASES_NOT_IN_REDSHIFT = {
    **_each("on conflict ( | on conflict do | on conflict on", "ON CONFLICT", _NO_CONFLICT),
    "returning": RefusedWord("RETURNING", "SELECT the rows in a second statement."),
    "distinct on (": RefusedWord("DISTINCT ON", "Use a sub-query with row_number()."),
    "filter ( where": RefusedWord("FILTER (WHERE ..)", "Use CASE inside the aggregate."),
    "is distinct from": RefusedWord("IS DISTINCT FROM", _COMPARE),
    "is not distinct from": RefusedWord("IS NOT DISTINCT FROM", _COMPARE),
    "( values (": RefusedWord("a VALUES list as a table", _NO_VALUES),
    "for update": RefusedWord("SELECT .. FOR UPDATE", _LOCK),
    "for no key update": RefusedWord("SELECT .. FOR NO KEY UPDATE", _LOCK),
    "for share": RefusedWord("SELECT .. FOR SHARE", _LOCK),
    "for key share": RefusedWord("SELECT .. FOR KEY SHARE", _LOCK),
    "tablesample": RefusedWord("TABLESAMPLE"),
    "lateral": RefusedWord("LATERAL"),
    "overriding system value": RefusedWord("OVERRIDING SYSTEM VALUE"),
    "overriding user value": RefusedWord("OVERRIDING USER VALUE"),
    **_each("as materialized ( | as not materialized (", "WITH .. AS MATERIALIZED"),
    **_each("from only | update only | join only | using only", "ONLY"),
    **_each("fetch first | fetch next", "FETCH FIRST", _LIMIT),
    **_each("range between | range unbounded | range current", "RANGE in a window", _ROWS),
    **_each("any ( ' | some ( ' | all ( ' | any ( $ | some ( $ | all ( $", "an array", "Use IN."),
    "->": RefusedWord("the operator ->", _JSON),
    "->>": RefusedWord("the operator ->>", _JSON),
    "#>": RefusedWord("the operator #>", _JSON),
    "#>>": RefusedWord("the operator #>>", _JSON),
}
PHRASES_NOT_IN_SANDBOX = {
    "array [": RefusedWord("ARRAY[..]"),
    "array (": RefusedWord("ARRAY(..)"),
    "qualify": RefusedWord("QUALIFY", "Use a sub-query with row_number()."),
    **_each(
        "select top 0 | select top $ | select distinct top 0 | select all top 0", "TOP n", _LIMIT
    ),
}
# What clients write in queries of the catalogue, which the leader runs as PostgreSQL would.
# https://github.com/postgres/postgres/blob/REL_18_STABLE/src/bin/psql/describe.c
PHRASES_OF_THE_LEADER = frozenset(("array", "unnest"))
# A keyword after one of these is a name.
BEFORE_A_NAME = frozenset((".", "as"))

FUNCTIONS_NOT_IN_REDSHIFT = {
    **_all("string_agg array_agg", _LISTAGG),
    **_all("clock_timestamp statement_timestamp transaction_timestamp", _GETDATE),
    **_all("div", "Use / on integers."),
    **_all("regexp_matches regexp_match", "Use REGEXP_SUBSTR."),
    **_all("format pg_sleep pg_sleep_for pg_sleep_until pg_notify gen_random_uuid uuidv4 uuidv7"),
    **_all("unnest string_to_array array_fill string_to_table", "Use SPLIT_PART."),
    **_all("regexp_split_to_array regexp_split_to_table", "Use SPLIT_PART."),
    **_all("to_json to_jsonb row_to_json array_to_json json_agg jsonb_agg json_object_agg"),
    **_all("json_build_object json_build_array json_object jsonb_build_object jsonb_build_array"),
    **_all("int4range int8range numrange tsrange tstzrange daterange"),
    **_all("int4multirange int8multirange nummultirange tsmultirange tstzmultirange"),
    **_all("datemultirange to_tsvector to_tsquery"),
    # These run SQL that is hidden in a literal.
    **_all("query_to_xml cursor_to_xml table_to_xml schema_to_xml database_to_xml"),
    **_all("query_to_xmlschema query_to_xml_and_xmlschema ts_stat ts_rewrite"),
}
FUNCTIONS_NOT_IN_SANDBOX = {
    # Of numbers, the scale of its result is not documented.
    "percentile_cont": RefusedWord("PERCENTILE_CONT", "Use PERCENTILE_DISC."),
}
# Over an ordered window, these need a frame clause.
# https://docs.aws.amazon.com/redshift/latest/dg/c_Window_functions.html
FRAMED = frozenset(
    (
        *("avg", "count", "first_value", "last_value", "max", "min", "nth_value", "stddev", "sum"),
        *("stddev_pop", "stddev_samp", "var_pop", "var_samp", "variance"),
    )
)
# A name with a list of columns after one of these, not a call.
BEFORE_A_LIST = frozenset(
    ("as", "into", "table", "exists", "references", "view", "with", "recursive")
)

# https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions_leader_node_only.html
LEADER_CALLS = frozenset(("now", "age", "current_schema", "current_schemas"))
LEADER_WORDS = frozenset(
    ("current_timestamp", "current_time", "localtime", "localtimestamp", "current_schema")
)
