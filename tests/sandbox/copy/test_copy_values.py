"""One JSON value into one column."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.copy.columns import Column
from sandbox.copy.command import CopyCommand, parse_copy
from sandbox.copy.rejections import ValueRejected
from sandbox.copy.values import convert
from sandbox.errors import SqlError


def command(options: str = "", json_paths: str = "auto") -> CopyCommand:
    return parse_copy(f"COPY t FROM 's3://b/p' IAM_ROLE default JSON '{json_paths}' {options}")


def column(type_name: str, **more: Any) -> Column:
    """A column by its SQL type: varchar(3), numeric(5,2), bigint."""
    name, _, arguments = type_name.partition("(")
    numbers = [int(number) for number in arguments.rstrip(")").split(",") if number]
    if name == "numeric":
        return Column("c", name, precision=numbers[0], scale=numbers[1], **more)
    return Column("c", name, length=numbers[0] if numbers else 0, **more)


def rejection(raw: str | None, type_name: str, options: str = "", **more: Any) -> ValueRejected:
    text = None if raw is None else raw.encode()
    with pytest.raises(ValueRejected) as caught:
        convert(text, column(type_name, **more), command(options))
    assert len(caught.value.reason) <= 100
    return caught.value


EVERY_TYPE = [
    *["varchar(9)", "char(9)", "smallint", "integer", "bigint", "real", "double precision"],
    *["numeric(5,2)", "boolean", "date", "timestamp", "timestamptz"],
]
NOT_CHARACTER = EVERY_TYPE[2:]

LOADED: list[tuple[str, str, Any]] = [
    ('"abc"', "varchar(3)", "abc"),
    ('""', "varchar(3)", ""),
    ('""', "char(3)", ""),
    ('"a\\n\\t\\"\\\\\\/\\u00e9"', "varchar(20)", 'a\n\t"\\/é'),
    ('"\\ud83d\\ude00"', "varchar(4)", "😀"),
    ('"éé"', "varchar(4)", "éé"),
    ('"abc   "', "varchar(4)", "abc "),
    ('"é  "', "varchar(2)", "é"),
    ('"ab  "', "char(2)", "ab"),
    ("39", "varchar(2)", "39"),
    ("-0", "varchar(2)", "-0"),
    ("39", "integer", 39),
    ('"39"', "integer", 39),
    ('"-39"', "bigint", -39),
    ('"007"', "smallint", 7),
    ("1540919166796.0", "bigint", 1540919166796),
    ("-1.00", "smallint", -1),
    ("32767", "smallint", 32767),
    ("-2147483648", "integer", -(2**31)),
    ("-9007199254740991", "bigint", 1 - 2**53),
    ('"9223372036854775807"', "bigint", 2**63 - 1),
    ("9007199254740991.0", "bigint", 2**53 - 1),
    ("20.259", "numeric(5,2)", Decimal("20.25")),
    ("-20.259", "numeric(5,2)", Decimal("-20.25")),
    ("0.29", "numeric(5,2)", Decimal("0.29")),
    ('"20.259"', "numeric(5,2)", Decimal("20.25")),
    ('"999.999"', "numeric(5,2)", Decimal("999.99")),
    ('"1.99"', "numeric(18,0)", Decimal(1)),
    ('".5"', "numeric(5,2)", Decimal("0.50")),
    ('"1234567890123456789012345678.0123456789"', "numeric(38,10)",
     Decimal("1234567890123456789012345678.0123456789")),
    ("166.94812", "varchar(20)", "166.94811999999999"),
    ("1541077528796.0", "varchar(20)", "1541077528796"),
    ("1e3", "varchar(9)", "1000"),
    ("-0.0", "varchar(9)", "-0"),
    ("1.5E-7", "char(30)", "1.4999999999999999e-07"),
    ("1", "double precision", 1.0),
    ("1.5e3", "double precision", 1500.0),
    ('"-2.5"', "real", -2.5),
    ("218.93179", "double precision", 218.93179),
    ("true", "boolean", True),
    ("false", "boolean", False),
    ('"t"', "boolean", True),
    ('"No"', "boolean", False),
    ('"1"', "boolean", True),
    ('"2018-11-15"', "date", "2018-11-15"),
    ('"2018-11-15 12:30:00"', "date", "2018-11-15"),
    ('"2018-11-15 12:30:01"', "timestamp", "2018-11-15 12:30:01"),
    ('"2018-11-15 12:30:01.796"', "timestamp", "2018-11-15 12:30:01.796000"),
    ('"2018-11-15 12:30:01.123456"', "timestamp", "2018-11-15 12:30:01.123456"),
    ('"2018-11-15 12:30:01+00"', "timestamptz", "2018-11-15 12:30:01+00:00"),
    ('"2018-11-15 12:30:01-8:30"', "timestamptz", "2018-11-15 12:30:01-08:30"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "type_name", "value"), LOADED)
def test_value_loads_as(raw: str, type_name: str, value: Any) -> None:
    result = convert(raw.encode(), column(type_name), command())
    assert (result, type(result)) == (value, type(value))


REJECTED = [
    ('"abcd"', "varchar(3)", 1204, "String length exceeds DDL length"),
    ('"éé"', "varchar(3)", 1204, "String length exceeds DDL length"),
    ('"abc\\t"', "varchar(3)", 1204, "String length exceeds DDL length"),
    ('"abcd"', "char(3)", 1204, "Char length exceeds DDL length"),
    ('"aé"', "char(9)", 1220, "(Hint: Try using VARCHAR). Invalid char: c3 a9"),
    ('"a\\u0000"', "varchar(9)", 1200, "NUL in a text: Redshift's behaviour is not documented"),
    ("1.1", "varchar(9)", 1204, "String length exceeds DDL length"),
    ("1e999", "varchar(9)", 1204, "exceeds the range"),
    ("true", "varchar(9)", 1200, "not documented"),
    ("[1]", "varchar(9)", 1200, "not documented"),
    ('"a"', "integer", 1207, "Invalid digit, Value 'a', Pos 0, Type: Integer"),
    ('"12x"', "bigint", 1207, "Invalid digit, Value 'x', Pos 2, Type: Long"),
    ('"39.0"', "integer", 1207, "Invalid digit, Value '.', Pos 2, Type: Integer"),
    ('" 39"', "integer", 1207, "Invalid digit, Value ' ', Pos 0, Type: Integer"),
    ('"-"', "integer", 1207, "Invalid digit, Value '-', Pos 0, Type: Integer"),
    ('"٣"', "integer", 1207, "Invalid digit"),
    ("1.5", "integer", 1207, "Invalid digit, Value '.', Pos 1, Type: Integer"),
    ("1e3", "bigint", 1207, "Invalid digit, Value 'e', Pos 1, Type: Long"),
    ("9007199254740993.0", "bigint", 1207, "Invalid digit, Value '.', Pos 16, Type: Long"),
    ("true", "integer", 1207, "Invalid digit, Value 't', Pos 0, Type: Integer"),
    ("{}", "integer", 1207, "Invalid digit, Value '{', Pos 0, Type: Integer"),
    ("9007199254740992", "bigint", 1200, "not documented"),
    ("9223372036854775808", "bigint", 1222, "Integer overflow"),
    ("9007199254740992", "varchar(20)", 1200, "not documented"),
    ("32768", "smallint", 1222, "Integer overflow"),
    ("2147483648", "integer", 1222, "Integer overflow"),
    ('"-9223372036854775809"', "bigint", 1222, "Integer overflow"),
    ("1" * 5000, "bigint", 1222, "Integer overflow"),
    ("1000", "numeric(5,2)", 1204, "exceeds the range of NUMERIC(5,2)"),
    ("9" * 5000, "numeric(5,2)", 1204, "exceeds the range of NUMERIC(5,2)"),
    ("1e2", "numeric(5,2)", 1207, "Invalid digit, Value 'e', Pos 1, Type: Decimal"),
    ('"x"', "numeric(5,2)", 1207, "Invalid digit, Value 'x', Pos 0, Type: Decimal"),
    ("0.12345678901234567890", "numeric(20,20)", 1200, "not documented"),
    ('"x"', "double precision", 1208, "Invalid float"),
    ('"NaN"', "real", 1208, "Invalid float"),
    ("true", "real", 1208, "Invalid float"),
    ("1e400", "double precision", 1204, "exceeds the range"),
    ("1e39", "real", 1204, "exceeds the range"),
    ("1e-60", "real", 1204, "exceeds the range"),
    ('"maybe"', "boolean", 1210, "Invalid boolean"),
    ("1", "boolean", 1210, "Invalid boolean"),
    ('"15/11/2018"', "date", 1205, "[YYYY-MM-DD]"),
    ('"2018-02-30"', "date", 1205, "[YYYY-MM-DD]"),
    ("20181115", "date", 1205, "JSON string"),
    ('"2018-11-15"', "timestamp", 1206, "[YYYY-MM-DD HH:MI:SS]"),
    ('"2018-11-15T12:30:01"', "timestamp", 1206, "[YYYY-MM-DD HH:MI:SS]"),
    ('"2018-11-15 24:00:00"', "timestamp", 1206, "[YYYY-MM-DD HH:MI:SS]"),
    ('"2018-11-15 12:30:01.1234567"', "timestamp", 1206, "[YYYY-MM-DD HH:MI:SS]"),
    ("1541105830796", "timestamp", 1206, "JSON string"),
]


@pytest.mark.parametrize(("raw", "type_name", "code", "words"), REJECTED)
def test_value_is_rejected(raw: str, type_name: str, code: int, words: str) -> None:
    problem = rejection(raw, type_name)
    assert problem.code == code
    assert words in problem.reason


def test_position_is_that_of_the_digit() -> None:
    assert rejection('"12x"', "integer").position == 2


@pytest.mark.parametrize("type_name", EVERY_TYPE)
def test_null_and_missing_key_are_null(type_name: str) -> None:
    for raw in (b"null", None):
        assert convert(raw, column(type_name), command()) is None


@pytest.mark.parametrize("raw", ["null", None, '""'])
@pytest.mark.parametrize("type_name", NOT_CHARACTER)
def test_null_into_not_null_column_is_1213(raw: str | None, type_name: str) -> None:
    problem = rejection(raw, type_name, not_null=True)
    assert (problem.code, problem.reason) == (1213, "Missing data for not-null field")


@pytest.mark.parametrize("type_name", NOT_CHARACTER)
def test_empty_string_is_null_where_no_characters_go(type_name: str) -> None:
    assert convert(b'""', column(type_name), command()) is None


OPTIONS: list[tuple[str, str, str, Any]] = [
    ("TRUNCATECOLUMNS", '"abcd"', "varchar(3)", "abc"),
    ("TRUNCATECOLUMNS", '"éa"', "varchar(2)", "é"),
    ("TRUNCATECOLUMNS", '"éé"', "varchar(3)", "é"),
    ("TRUNCATECOLUMNS", '"é"', "varchar(1)", ""),
    ("TRUNCATECOLUMNS", '"abcd"', "char(3)", "abc"),
    ("BLANKSASNULL", '" \\t"', "varchar(3)", None),
    ("BLANKSASNULL", '"     "', "char(3)", None),
    ("BLANKSASNULL", '""', "varchar(3)", ""),
    ("BLANKSASNULL", '" a"', "varchar(3)", " a"),
    ("EMPTYASNULL", '""', "varchar(3)", None),
    ("EMPTYASNULL", '""', "char(3)", None),
    ("EMPTYASNULL", '" "', "varchar(3)", " "),
    ("TRIMBLANKS", '" a \\n"', "varchar(3)", " a"),
    ("TRIMBLANKS", '"a "', "char(3)", "a "),
    ("TRIMBLANKS BLANKSASNULL EMPTYASNULL", '"  "', "varchar(3)", None),
    ("ACCEPTANYDATE", '"x"', "date", None),
    ("ACCEPTANYDATE", '"x"', "timestamp", None),
    ("ACCEPTANYDATE", "1", "timestamp", None),
    ("DATEFORMAT 'MM/DD/YYYY'", '"11/15/2018"', "date", "2018-11-15"),
    ("DATEFORMAT 'MON-DD-YYYY'", '"Jan-01-1999"', "date", "1999-01-01"),
    ("DATEFORMAT 'MON DD, YYYY'", '"March 31, 2003"', "date", "2003-03-31"),
    ("DATEFORMAT 'YYYYMMDD'", '"20181115"', "date", "2018-11-15"),
    ("DATEFORMAT 'auto'", '"2018-11-15"', "date", "2018-11-15"),
    ("DATEFORMAT 'auto'", '"2018-11-15"', "timestamp", "2018-11-15 00:00:00"),
    ("TIMEFORMAT 'MM.DD.YYYY HH:MI:SS'", '"03.31.2003 18:45:05"', "timestamp",
     "2003-03-31 18:45:05"),
    ("TIMEFORMAT 'YYYY-MM-DDTHH24:MI:SS'", '"2018-11-15T12:30:01.5"', "timestamp",
     "2018-11-15 12:30:01.500000"),
    ("TIMEFORMAT 'YYYY-MM-DD HH12:MI AM'", '"2018-11-15 12:30 am"', "timestamp",
     "2018-11-15 00:30:00"),
    ("TIMEFORMAT 'YYYY-MM-DD HH12:MI PM'", '"2018-11-15 01:30 PM"', "timestamp",
     "2018-11-15 13:30:00"),
    ("TIMEFORMAT 'auto'", '"2018-11-15T12:30"', "timestamp", "2018-11-15 12:30:00"),
    ("TIMEFORMAT 'auto'", '"2018-11-15 12:30:01+02"', "timestamptz", "2018-11-15 12:30:01+02:00"),
    ("TIMEFORMAT 'epochsecs'", "1541105830", "timestamp", "2018-11-01 20:57:10"),
    ("TIMEFORMAT 'epochmillisecs'", "1541105830796", "timestamp", "2018-11-01 20:57:10.796000"),
    ("TIMEFORMAT 'epochmillisecs'", '"1541105830796"', "timestamp", "2018-11-01 20:57:10.796000"),
    ("TIMEFORMAT 'epochmillisecs'", "1541105830796", "timestamptz",
     "2018-11-01 20:57:10.796000+00:00"),
    ("TIMEFORMAT 'epochmillisecs'", '""', "timestamp", None),
]  # fmt: skip

# The examples of dg/automatic-recognition, and what CAST takes besides.
RECOGNISED = [
    ("2019-02-11T05:09:12.195Z", "2019-02-11 05:09:12.195000"),
    ("J2345678 04:05:06.789", "1710-02-23 04:05:06.789000"),
    ("19960108 040809", "1996-01-08 04:08:09"),
    ("960108 040809", "1996-01-08 04:08:09"),
    ("690108 040809", "2069-01-08 04:08:09"),
    ("1996.008", "1996-01-08 00:00:00"),
    ("1996-01-08 04:05:06.789", "1996-01-08 04:05:06.789000"),
    ("17 Dec 07:37:16 1997 PST", "1997-12-17 07:37:16"),
    ("12/17/1997 07:37:16.00 PST", "1997-12-17 07:37:16"),
    ("1997-12-17 07:37:16-08", "1997-12-17 07:37:16"),
    ("12.17.1997 07:37:16.00 PST", "1997-12-17 07:37:16"),
    ("20170620 010203", "2017-06-20 01:02:03"),
    ("20 June 2017 01:02:03", "2017-06-20 01:02:03"),
    ("2025-09-22T14:42:59", "2025-09-22 14:42:59"),
    ("2025-09-22T14:42:59.172+02:00", "2025-09-22 14:42:59.172000"),
    ("2025-09-22 14:42:59.123456789", "2025-09-22 14:42:59.123457"),
]


@pytest.mark.parametrize(("text", "moment"), RECOGNISED)
def test_automatic_recognition_takes_what_aws_lists(text: str, moment: str) -> None:
    raw = f'"{text}"'.encode()
    found = convert(raw, column("timestamp"), command("TIMEFORMAT 'auto'"))
    assert found == moment
    day = convert(raw, column("date"), command("DATEFORMAT 'auto'"))
    assert day == moment[:10]


ZONED = [
    ("2019-02-11T05:09:12.195Z", "2019-02-11 05:09:12.195000+00:00"),
    ("12/17/1997 07:37:16 PST", "1997-12-17 07:37:16-08:00"),
    ("1997-12-17 07:37:16-0830", "1997-12-17 07:37:16-08:30"),
    ("1997-12-17 07:37:16", "1997-12-17 07:37:16+00:00"),
]


@pytest.mark.parametrize(("text", "moment"), ZONED)
def test_automatic_recognition_of_a_zone(text: str, moment: str) -> None:
    raw = f'"{text}"'.encode()
    assert convert(raw, column("timestamptz"), command("TIMEFORMAT 'auto'")) == moment


@pytest.mark.parametrize("text", ["Jan-08-95 BC", "12.11.1997", "12/17/1997 07:37 CEST"])
def test_what_the_page_leaves_open_is_not_supported(text: str) -> None:
    with pytest.raises(SqlError) as caught:
        convert(f'"{text}"'.encode(), column("timestamp"), command("TIMEFORMAT 'auto'"))
    assert caught.value.sqlstate == "0A000"


@pytest.mark.parametrize(("options", "raw", "type_name", "value"), OPTIONS)
def test_option_changes_what_loads(options: str, raw: str, type_name: str, value: Any) -> None:
    assert convert(raw.encode(), column(type_name), command(options)) == value


@pytest.mark.parametrize(
    ("options", "raw", "type_name", "code"),
    [
        ("TRIMBLANKS EMPTYASNULL", '"  "', "varchar(3)", 1200),
        ("TIMEFORMAT 'epochmillisecs'", "1541105830796.0", "timestamp", 1206),
        ("TIMEFORMAT 'epochsecs'", "99999999999999", "timestamp", 1206),
        ("TIMEFORMAT 'auto'", "1541105830796", "timestamp", 1206),
        ("TIMEFORMAT 'auto'", '"15 Brumaire 2018"', "timestamp", 1206),
        ("TIMEFORMAT 'auto'", '"2018-02-30"', "timestamp", 1206),
        ("TIMEFORMAT 'auto'", '"20181115 250000"', "timestamp", 1206),
        ("DATEFORMAT 'auto'", '"1996.367"', "date", 1205),
        ("TIMEFORMAT 'YYYY-MM-DD HH12:MI AM'", '"2018-11-15 13:30 AM"', "timestamp", 1206),
    ],
)
def test_option_does_not_make_this_load(options: str, raw: str, type_name: str, code: int) -> None:
    assert rejection(raw, type_name, options).code == code


def test_any_date_into_not_null_column_is_missing_data() -> None:
    assert rejection('"x"', "date", "ACCEPTANYDATE", not_null=True).code == 1213


@pytest.mark.parametrize(
    ("options", "type_name"),
    [
        ("TIMEFORMAT 'EPOCHSECS'", "timestamp"),
        ("TIMEFORMAT 'YYYY-MM-DD HH:MI:SSOF'", "timestamp"),
        ("TIMEFORMAT 'HH:MI:SS'", "timestamp"),
        ("TIMEFORMAT 'YYYY-MM-DD HH12:MI'", "timestamp"),
        ("TIMEFORMAT 'YYYY-MM-DD HH:MI:SS'", "timestamptz"),
        ("DATEFORMAT 'YY-MM-DD'", "date"),
        ("DATEFORMAT 'YYYY-YYYY-MM-DD'", "date"),
        ("DATEFORMAT 'yyyy-mm-dd'", "date"),
    ],
)
def test_format_that_is_not_known_fails_the_statement(options: str, type_name: str) -> None:
    with pytest.raises(SqlError) as caught:
        convert(b'"2018-11-15"', column(type_name), command(options))
    assert caught.value.sqlstate == "0A000"


def test_nested_value_loads_verbatim_with_jsonpaths() -> None:
    raw = '{"a" : [1,  "é\\n"]}'
    with_paths = command(json_paths="s3://b/paths")
    assert convert(raw.encode(), column("varchar(99)"), with_paths) == raw
    with pytest.raises(ValueRejected, match="String length exceeds DDL length"):
        convert(raw.encode(), column("varchar(9)"), with_paths)


def test_text_that_is_not_utf8_is_1220() -> None:
    with pytest.raises(ValueRejected) as caught:
        convert(b'"\xa4"', column("varchar(9)"), command())
    assert caught.value.code == 1220
    assert caught.value.reason.endswith("Bad UTF-8 hex sequence: a4 (error 3)")


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@given(st.sampled_from(EVERY_TYPE), SCALARS, st.sampled_from(["", "TRUNCATECOLUMNS ACCEPTANYDATE"]))
def test_any_value_loads_or_is_rejected(type_name: str, value: object, options: str) -> None:
    raw = json.dumps(value).replace("Infinity", "1e999").encode()
    try:
        convert(raw, column(type_name), command(options))
    except ValueRejected as problem:
        assert 1200 <= problem.code <= 1222
