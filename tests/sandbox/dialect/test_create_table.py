"""CREATE TABLE as Redshift has it: types, defaults, keys, distribution and sort order."""

from __future__ import annotations

import pytest

from sandbox.dialect.create_table import TableAttributes, create_table
from sandbox.dialect.translation import translate


def attributes(statement: str) -> TableAttributes:
    return create_table(statement)[1]


def columns(statement: str) -> list[str]:
    """The translated definitions between the parentheses."""
    lines = translate(statement).sql.splitlines()
    return [line.strip().removesuffix(",") for line in lines[1:-1]]


def test_a_table_is_translated_and_its_attributes_are_kept() -> None:
    query, table = create_table(
        """
        CREATE TABLE IF NOT EXISTS public.Songplays (
            songplay_id BIGINT IDENTITY(0, 1) NOT NULL PRIMARY KEY,
            start_time TIMESTAMP NOT NULL REFERENCES time (start_time), -- when
            song_id VARCHAR(18) ENCODE zstd DISTKEY,
            paid BOOLEAN DEFAULT false,
            UNIQUE (start_time, song_id)
        )
        COMPOUND SORTKEY (start_time, paid) BACKUP NO DISTSTYLE KEY
        """
    )
    assert query.sql == (
        "CREATE TABLE IF NOT EXISTS public.Songplays (\n"
        "    songplay_id bigint GENERATED ALWAYS AS IDENTITY "
        "(START WITH 3 INCREMENT BY 16 MINVALUE 3) NOT NULL,\n"
        "    start_time timestamp NOT NULL,\n"
        "    song_id varchar(18),\n"
        "    paid boolean DEFAULT false,\n"
        '    CONSTRAINT "byte_length_song_id" CHECK (octet_length("song_id") <= 18)\n'
        ")"
    )
    assert table == TableAttributes(
        name="public.Songplays",
        diststyle="KEY",
        distkey="song_id",
        sortkeys=("start_time", "paid"),
        sortstyle="COMPOUND",
        encodings={"song_id": "zstd"},
        keys=(
            "PRIMARY KEY (songplay_id)",
            "FOREIGN KEY (start_time) REFERENCES time (start_time)",
            "UNIQUE (start_time, song_id)",
        ),
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("smallint", "smallint"),
        ("int2", "smallint"),
        ("int", "integer"),
        ("INTEGER", "integer"),
        ("int4", "integer"),
        ("int8", "bigint"),
        ("decimal", "numeric(18,0)"),
        ("numeric", "numeric(18,0)"),
        ("numeric(9)", "numeric(9,0)"),
        ("numeric(38, 37)", "numeric(38,37)"),
        ("real", "real"),
        ("float4", "real"),
        ("float", "double precision"),
        ("float8", "double precision"),
        ("double precision", "double precision"),
        ("bool", "boolean"),
        ("date", "date"),
        ("timestamp", "timestamp"),
        ("timestamp without time zone", "timestamp"),
        ("timestamp with time zone", "timestamptz"),
        ("timestamptz", "timestamptz"),
        ("time", "time"),
        ("timetz", "timetz"),
    ],
)
def test_types_are_mapped(written: str, expected: str) -> None:
    assert columns(f"create table t (c {written})") == [f"c {expected}"]


@pytest.mark.parametrize(
    ("written", "length"),
    [
        ("varchar", 256),
        ("character varying", 256),
        ("nvarchar", 256),
        ("text", 256),
        ("varchar(max)", 65535),
        ("varchar(65535)", 65535),
        ("character varying (18)", 18),
    ],
)
def test_varchar_lengths_are_bytes(written: str, length: int) -> None:
    assert columns(f"create table t (c {written})") == [
        f"c varchar({length})",
        f'CONSTRAINT "byte_length_c" CHECK (octet_length("c") <= {length})',
    ]


@pytest.mark.parametrize(
    ("written", "length"),
    [("char", 1), ("character", 1), ("nchar", 1), ("bpchar", 256), ("char(4096)", 4096)],
)
def test_char_takes_ascii_only(written: str, length: int) -> None:
    assert columns(f"create table t (c {written})") == [
        f"c char({length})",
        'CONSTRAINT "ascii_c" CHECK (octet_length("c"::text) = char_length("c"::text))',
    ]


def test_constraints_of_long_names_fit_and_differ() -> None:
    long = "é" * 30
    checks = columns(f"create table t ({long}a varchar(1), {long}b varchar(1))")[2:]
    names = {check.split('"')[1] for check in checks}
    assert len(names) == 2
    assert all(len(name.encode()) <= 63 for name in names)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("c int not null", "c integer NOT NULL"),
        ("c int null", "c integer"),
        ("c int primary key", "c integer NOT NULL"),
        ("c int unique references t (a)", "c integer"),
        ("c int default null not null", "c integer DEFAULT null NOT NULL"),
        ("c int not null default -1 encode raw", "c integer DEFAULT -1 NOT NULL"),
        ("c int encode az64 default (1 + mod(2, 3)) distkey", "c integer DEFAULT (1 + mod(2, 3))"),
        ("c timestamp default sysdate sortkey", 'c timestamp DEFAULT sandbox."timestamp"()'),
        ("c date default '2020-01-01'::date unique", "c date DEFAULT '2020-01-01'::date"),
        ('"Order" int', '"order" integer'),
        ("UserId int", "UserId integer"),
    ],
)
def test_column_attributes_come_in_any_order(column: str, expected: str) -> None:
    assert columns(f"create table t ({column})") == [expected]


@pytest.mark.parametrize("collation", ["case_sensitive", "CS"])
def test_a_case_sensitive_collation_is_the_default(collation: str) -> None:
    assert columns(f"create table t (c varchar(5) collate {collation})")[0] == "c varchar(5)"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("identity(0,1)", "ALWAYS AS IDENTITY (START WITH 3 INCREMENT BY 16 MINVALUE 3)"),
        ("identity(1, 2)", "ALWAYS AS IDENTITY (START WITH 7 INCREMENT BY 32 MINVALUE 7)"),
        ("identity(-9,1)", "ALWAYS AS IDENTITY (START WITH -6 INCREMENT BY 16 MINVALUE -6)"),
        ("identity(5,-2)", "ALWAYS AS IDENTITY (START WITH -1 INCREMENT BY -32 MAXVALUE -1)"),
        (
            "generated by default as identity(0,1)",
            "BY DEFAULT AS IDENTITY (START WITH 3 INCREMENT BY 16 MINVALUE 3)",
        ),
    ],
)
def test_identity_values_have_gaps(written: str, expected: str) -> None:
    assert columns(f"create table t (c bigint {written})") == [f"c bigint GENERATED {expected}"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", ("AUTO", None, (), "AUTO")),
        ("diststyle auto sortkey auto encode auto", ("AUTO", None, (), "AUTO")),
        ("diststyle all", ("ALL", None, (), "AUTO")),
        ("DISTSTYLE EVEN BACKUP YES", ("EVEN", None, (), "AUTO")),
        ("distkey(a)", ("KEY", "a", (), "AUTO")),
        ("distkey (A) diststyle key", ("KEY", "a", (), "AUTO")),
        ('sortkey ("B", a)', ("AUTO", None, ("b", "a"), "COMPOUND")),
        ("interleaved sortkey(a, b) distkey(b)", ("KEY", "b", ("a", "b"), "INTERLEAVED")),
    ],
)
def test_table_attributes_come_in_any_order(
    written: str, expected: tuple[str, str | None, tuple[str, ...], str]
) -> None:
    found = attributes(f"create table t (a int, b int) {written}")
    assert (found.diststyle, found.distkey, found.sortkeys, found.sortstyle) == expected


def test_keys_beside_columns_are_table_attributes_too() -> None:
    found = attributes("create table t (a int distkey, b int sortkey)")
    assert (found.diststyle, found.distkey) == ("KEY", "a")
    assert (found.sortkeys, found.sortstyle) == (("b",), "COMPOUND")


@pytest.mark.parametrize(
    ("head", "sql", "name"),
    [
        ("create temp table t", "CREATE TEMPORARY TABLE t", "t"),
        ("create temporary table t", "CREATE TEMPORARY TABLE t", "t"),
        ("create local temp table t", "CREATE TEMPORARY TABLE t", "t"),
        ("create table #T", 'CREATE TEMPORARY TABLE "#t"', '"#t"'),
        ('create temp table "A b"', 'CREATE TEMPORARY TABLE "a b"', '"a b"'),
    ],
)
def test_temporary_tables_are_recognised(head: str, sql: str, name: str) -> None:
    translation = translate(f"{head} (a int)")
    assert translation.sql == f"{sql} (\n    a integer\n)"
    table = attributes(f"{head} (a int)")
    assert (table.temporary, table.name) == (True, name)


@pytest.mark.parametrize(
    ("statement", "sql"),
    [
        ("create table t as select 1 as a", "CREATE TABLE t AS select 1 as a"),
        (
            "create temp table t (a, b) distkey(a) as (select 1, sysdate)",
            'CREATE TEMPORARY TABLE t (a, b) AS (SELECT 1, sandbox."timestamp"())',
        ),
        (
            "create table s.t diststyle all backup no as with x as (select 1 a) select * from x",
            "CREATE TABLE s.t AS with x as (select 1 a) select * from x",
        ),
    ],
)
def test_create_table_as_keeps_the_query(statement: str, sql: str) -> None:
    assert translate(statement).sql == sql


def test_create_table_as_has_attributes() -> None:
    assert attributes(
        "create table t diststyle key distkey(a) sortkey(b) as select 1 a, 2 b"
    ) == TableAttributes("t", False, "KEY", "a", ("b",), "COMPOUND")
    by_number = attributes("create table t distkey (1) sortkey (1, 3) as select 1, 2, 3")
    assert (by_number.distkey, by_number.sortkeys) == ("1", ("1", "3"))


@pytest.mark.parametrize(
    ("clause", "sql"),
    [
        ("like s.u", "LIKE s.u INCLUDING CONSTRAINTS"),
        ("like s.u excluding defaults", "LIKE s.u INCLUDING CONSTRAINTS"),
        ("like s.u including defaults", "LIKE s.u INCLUDING CONSTRAINTS INCLUDING DEFAULTS"),
    ],
)
def test_create_table_like_names_the_table_it_inherits_from(clause: str, sql: str) -> None:
    query, table = create_table(f"create table t ({clause})")
    assert query.sql == f"CREATE TABLE t ({sql})"
    assert table == TableAttributes("t", like="s.u")


def test_keys_of_the_table_are_stripped_and_kept() -> None:
    statement = (
        "create table t (a int, b int, constraint k primary key (a, b), "
        "foreign key (b) references s.u (x))"
    )
    assert columns(statement) == ["a integer NOT NULL", "b integer NOT NULL"]
    assert attributes(statement).keys == (
        "primary key (a, b)",
        "foreign key (b) references s.u (x)",
    )
