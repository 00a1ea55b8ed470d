"""COPY's text: what parses into what, and what is refused how."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.copy.command import CopyCommand, is_s3_copy, parse_copy
from sandbox.errors import SqlError

ARN = "arn:aws:iam::123456789012:role/dwh"
PLAIN = CopyCommand(None, "t", None, "s3://b/p", role=ARN, json_paths="auto")
START = f"COPY t FROM 's3://b/p' IAM_ROLE '{ARN}' "


def failure(text: str) -> SqlError:
    with pytest.raises(SqlError) as caught:
        parse_copy(text)
    return caught.value


STATEMENTS = [
    (f"{START} JSON 'auto'", PLAIN),
    (f"{START} FORMAT JSON 'auto'", PLAIN),
    (f"{START} FORMAT AS JSON 'auto';", PLAIN),
    (f"{START} format as json as 'auto' ;", PLAIN),
    (f"{START} JSON", PLAIN),
    (f"{START} JSON 'auto ignorecase'", replace(PLAIN, json_paths="auto ignorecase")),
    (f"{START} JSON 's3://b/paths.json'", replace(PLAIN, json_paths="s3://b/paths.json")),
    (f"copy T from 's3://b/p' json 'auto' iam_role '{ARN}'", PLAIN),
    (f"COPY t FROM 's3://b/p'JSON'auto'IAM_ROLE'{ARN}'", PLAIN),
    (f"COPY t FROM 's3://b/p' WITH CREDENTIALS AS 'aws_iam_role={ARN}' JSON 'auto'", PLAIN),
    (f"COPY t FROM 's3://b/p' CREDENTIALS 'aws_iam_role={ARN}' JSON 'auto'", PLAIN),
    ("COPY t FROM 's3://b/p' IAM_ROLE default JSON 'auto'", replace(PLAIN, role="default")),
    (f"/* a /* b */ c */ {START} -- JSON\n JSON 'auto'", PLAIN),
    (f"COPY Sales.T FROM 's3://b/p' IAM_ROLE '{ARN}' JSON 'auto'", replace(PLAIN, schema="sales")),
    (
        f"""COPY "Sales"."My ""T" (Id, "Na,me") FROM 's3://b/p' IAM_ROLE '{ARN}' JSON 'auto'""",
        replace(PLAIN, schema="Sales", table='My "T', columns=("id", "Na,me")),
    ),
    (
        f"COPY t FROM 's3://b/it''s \\\\ o\\'k' IAM_ROLE '{ARN}' JSON 'auto'",
        replace(PLAIN, source="s3://b/it's \\ o'k"),
    ),
    (
        f"{START} TIMEFORMAT AS 'epochmillisecs' DATEFORMAT 'MM/DD/YYYY' JSON 'auto'",
        replace(PLAIN, time_format="epochmillisecs", date_format="MM/DD/YYYY"),
    ),
    (f"{START} REGION AS 'us-west-2' JSON 'auto'", replace(PLAIN, region="us-west-2")),
    (f"{START} MAXERROR AS 100000 JSON 'auto'", replace(PLAIN, max_error=100_000)),
    (f"{START} MAXERROR 5 JSON 'auto'", replace(PLAIN, max_error=5)),
    (
        f"{START} GZIP MANIFEST NOLOAD EXPLICIT_IDS ACCEPTANYDATE JSON 'auto'",
        replace(
            PLAIN, gzip=True, manifest=True, noload=True, explicit_ids=True, accept_any_date=True
        ),
    ),
    (
        f"{START} JSON 'auto' truncatecolumns BlanksAsNull EMPTYASNULL TRIMBLANKS",
        replace(
            PLAIN, truncate_columns=True, blanks_as_null=True, empty_as_null=True, trim_blanks=True
        ),
    ),
    (
        f"{START} COMPUPDATE STATUPDATE OFF JSON 'auto'",
        replace(PLAIN, comp_update="ON", stat_update="OFF"),
    ),
    (
        f"{START} JSON 'auto' COMPUPDATE preset STATUPDATE true",
        replace(PLAIN, comp_update="PRESET", stat_update="ON"),
    ),
    (f"{START} JSON 'auto' COMPUPDATE FALSE", replace(PLAIN, comp_update="OFF")),
]


@pytest.mark.parametrize(("text", "command"), STATEMENTS)
def test_statement_parses_to_command(text: str, command: CopyCommand) -> None:
    assert parse_copy(text) == command


@given(st.permutations(["JSON 'auto'", "GZIP", "MAXERROR 3", f"IAM_ROLE '{ARN}'", "COMPUPDATE"]))
def test_options_come_in_any_order(options: list[str]) -> None:
    expected = replace(PLAIN, gzip=True, max_error=3, comp_update="ON")
    assert parse_copy(f"COPY t FROM 's3://b/p' {' '.join(options)}") == expected


SYNTAX_ERRORS = [
    ("COPY t FROM $1", "$1"),
    ("COPY t FROM 's3://b/p' IAM_ROLE $1", "$1"),
    ("COPY t FROM 's3://b/p' JSON AS $2", "$2"),
    (f"{START} JSON 'auto' TURBO", "TURBO"),
    (f"{START} JSON 'auto' gzip GZIP", "GZIP"),
    (f"{START} JSON 'auto' format json 'auto'", "format"),
    (f"{START} JSON 'auto' CREDENTIALS 'aws_iam_role={ARN}'", "CREDENTIALS"),
    (f"{START} JSON 'auto' MAXERROR 1 MAXERROR 1", "MAXERROR"),
    (f"{START} JSON 'auto' MAXERROR -1", "-"),
    (f"{START} JSON 'auto' MAXERROR 'x'", "'...'"),
    (f"{START} JSON 'auto' STATUPDATE PRESET", "PRESET"),
    (f"{START} JSON 'auto'; SELECT 1", "SELECT"),
    (f"{START} FORMAT TSV", "TSV"),
    ("COPY a.b.c FROM 's3://b/p'", "."),
    ("COPY t (a,) FROM 's3://b/p'", ")"),
    ("COPY t TO 's3://b/p'", "TO"),
    ("SELECT 1", "SELECT"),
]


@pytest.mark.parametrize(("text", "near"), SYNTAX_ERRORS)
def test_syntax_error_names_the_place(text: str, near: str) -> None:
    error = failure(text)
    assert (error.sqlstate, error.message) == ("42601", f'syntax error at or near "{near}"')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{START} REGION", "syntax error at end of input"),
        (f"{START} REGION 'x", "unterminated quoted string"),
        (f"{START} /* /* */", "unterminated /* comment"),
        ('COPY "t FROM', "unterminated quoted identifier"),
        (f"{START} JSON '\\141uto'", "numeric escapes in a literal are not supported"),
        (f"{START} JSON 'auto' MAXERROR 100001", "MAXERROR must be between 0 and 100000"),
        ("COPY t FROM 's3://b/p' JSON 'auto'", "COPY from S3 needs an authorization"),
    ],
)
def test_other_42601_errors_say_what_is_wrong(text: str, message: str) -> None:
    error = failure(text)
    assert (error.sqlstate, error.message) == ("42601", message)


REFUSED = [
    *[
        "BZIP2",
        "LZOP",
        "ZSTD",
        "ENCODING UTF16",
        "CSV",
        "DELIMITER ','",
        "ESCAPE",
        "FIXEDWIDTH 'a'",
    ],
    *["ACCEPTINVCHARS", "ROUNDEC", "IGNOREHEADER 1", "IGNOREALLERRORS", "ENCRYPTED", "FILLRECORD"],
    *["IGNOREBLANKLINES", "NULL AS 'x'", "READRATIO 5", "REMOVEQUOTES", "PARQUET", "AVRO 'auto'"],
    *["ACCESS_KEY_ID 'AKIAsecret'", "SECRET_ACCESS_KEY 'secret'", "SESSION_TOKEN 'secret'"],
]


@pytest.mark.parametrize("option", REFUSED)
def test_option_that_is_not_done_is_refused_by_name(option: str) -> None:
    error = failure(f"{START} JSON 'auto' {option}")
    assert error.sqlstate == "0A000"
    assert option.split()[0] in error.message
    assert "secret" not in error.message


def test_csv_is_not_with_json_only_where_json_is_asked_for() -> None:
    both = failure(f"{START} CSV JSON 'auto'").message
    assert both == "COPY option CSV is not supported with JSON"
    alone = failure(f"{START} CSV").message
    assert alone == "The sandbox does not support CSV: COPY loads JSON only"


@pytest.mark.parametrize(
    "text",
    [
        START,
        f"{START} FORMAT CSV",
        f"{START} FORMAT AS PARQUET",
        f"{START} JSON 'noshred'",
        f"{START} JSON 'AUTO'",
        f"{START} JSON 's3://b'",
        "COPY t FROM '/etc/passwd' JSON 'auto'",
        "COPY t FROM 's3://' JSON 'auto'",
        f"COPY t FROM 's3://b/p' JSON 'auto' IAM_ROLE '{ARN},{ARN}'",
        "COPY t FROM 's3://b/p' JSON 'auto' IAM_ROLE 'SESSION'",
    ],
)
def test_other_sources_formats_and_roles_are_refused(text: str) -> None:
    assert failure(text).sqlstate == "0A000"


@pytest.mark.parametrize("target", ["{}", '"{}"', "s.{}", "t (a, {})"])
def test_names_that_postgresql_would_cut_are_refused(target: str) -> None:
    text = f"COPY {target} FROM 's3://b/p' IAM_ROLE '{ARN}' JSON 'auto'"
    parse_copy(text.format("n" * 63))
    error = failure(text.format("n" * 64))
    assert (error.sqlstate, "63 bytes" in error.message) == ("0A000", True)


@pytest.mark.parametrize(
    "option",
    [
        "CREDENTIALS 'aws_access_key_id=AKIAcanary;aws_secret_access_key=canary'",
        "CREDENTIALS 'canary'",
        "CREDENTIALS 'aws_iam_role='",
        "ACCESS_KEY_ID 'canary' SECRET_ACCESS_KEY 'canary'",
        "IAM_ROLE default 'canary'",
        "SECRET_ACCESS_KEY 'canary",
    ],
)
def test_access_keys_are_never_echoed(option: str) -> None:
    error = failure(f"COPY t FROM 's3://b/p' {option}")
    assert "canary" not in f"{error.message} {error.detail} {error.hint}"


def test_malformed_credentials_get_redshifts_words() -> None:
    error = failure("COPY t FROM 's3://b/p' CREDENTIALS 'x' JSON 'auto'")
    assert error.message.startswith("Invalid credentials. Must be of the format: credentials '")
    assert error.sqlstate == "XX000"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("copy t from 's3://b/p'", True),
        ('-- note\n/* COPY */ CoPy s.t (a, "from") FROM/**/\'s3://b/p', False),
        ("-- note\n/* COPY */ CoPy s.t (a, \"from\") FROM/**/'s3://b/p'", True),
        ("COPY t FROM 's3://b/p' anything at all ^", True),
        ("COPY t FROM STDIN", False),
        ("COPY t FROM $1", False),
        ("COPY t TO 's3://b/p'", False),
        ("COPY (SELECT 1 FROM 'x') TO STDOUT", False),
        ("SELECT 'COPY t FROM ''x'''", False),
        ("COPY", False),
        ("", False),
        ("/*", False),
    ],
)
def test_s3_copy_is_recognised(text: str, expected: bool) -> None:
    assert is_s3_copy(text) is expected


@given(st.text(max_size=80))
def test_any_text_parses_or_raises_sql_error(tail: str) -> None:
    is_s3_copy(tail)
    try:
        parse_copy(f"{START} JSON 'auto' {tail}")
    except SqlError as error:
        assert error.sqlstate in {"42601", "0A000", "XX000"}
