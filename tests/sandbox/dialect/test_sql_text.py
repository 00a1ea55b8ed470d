"""Reading SQL: tokens, quotes, comments and the ends of statements."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.dialect.sql_text import split, tokens

PIECES = [
    "SELECT",
    "a1",
    "#temp",
    "1.5e-3",
    "$1",
    "::",
    "->>",
    "'plain'",
    "'it''s; one'",
    r"'it\'s; one'",
    r"'\\'",
    r"E'\';'",
    '"a;b"',
    '"a"";b"',
    "$$a;b$$",
    "$tag$ ; $$ ; $tag$",
]
NO_TOKENS = ["-- ; \n", "/* ; */", "/* a /* ; */ b */", " ", "\t\n"]


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("", []),
        (" ; ;\n;", []),
        ("-- only a comment", []),
        ("select 1", ["select 1"]),
        ("select 1;", ["select 1"]),
        ("select 1; select 2 ;", ["select 1", "select 2"]),
        ("/* head */ select /* ; */ 1 -- tail;\n; select 2", ["select /* ; */ 1", "select 2"]),
        ("select ';'; select 2", ["select ';'", "select 2"]),
        ("select 'a'';b'; select 2", ["select 'a'';b'", "select 2"]),
        (r"select 'a\';b'; select 2", [r"select 'a\';b'", "select 2"]),
        (r"select 'a\\'; select 2", [r"select 'a\\'", "select 2"]),
        ('select ";"; select 2', ['select ";"', "select 2"]),
        ("select $$;$$; select 2", ["select $$;$$", "select 2"]),
        ("select $a$;$b$;$a$; select 2", ["select $a$;$b$;$a$", "select 2"]),
        ("select $1; select 2", ["select $1", "select 2"]),
        ("select a$b$; select $b$", ["select a$b$", "select $b$"]),
        ("select 'open; select 2", ["select 'open; select 2"]),
        ('select "open; select 2', ['select "open; select 2']),
        ("select /* open; select 2", ["select /* open; select 2"]),
    ],
)
def test_only_semicolons_of_the_top_level_separate_statements(
    text: str, statements: list[str]
) -> None:
    assert split(text) == statements


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Select", ("word", "select")),
        ("select_é$1", ("word", "select_é$1")),
        ("#temp", ("word", "#temp")),
        ('"Select"', ("quoted", '"')),
        ("'select'", ("string", "'")),
        ("$$select$$", ("string", "'")),
        ("12", ("number", "0")),
        (".5E+3", ("number", "0")),
        ("$12", ("parameter", "$")),
        ("::", ("operator", "::")),
        ("#>>", ("operator", "#>>")),
    ],
)
def test_nothing_but_an_unquoted_word_has_the_key_of_a_keyword(
    text: str, expected: tuple[str, str]
) -> None:
    (token,) = tokens(text)
    assert (token.kind, token.key) == expected


def test_a_megabyte_is_cut_into_tokens_without_backtracking() -> None:
    text = "insert into t values " + ",".join(["('" + "x" * 1000 + "', f(1))"] * 1000) + "'\\"
    assert len(tokens(text)) == 3 + 1 + 9 * 1000 - 1 + 1


@pytest.mark.parametrize(
    "row",
    [
        "(1)",
        "( -1.5e3 , .5 , 'a''b' )",
        "('it''s', NULL, True, default)",
        r"('it\'s', '\\')",
        "('x--', '/*', ')', ';')",
        "('2018-11-01T20:57:10'::timestamp, '2018-11-01'::date)",
    ],
)
def test_many_rows_of_literals_are_one_token(row: str) -> None:
    text = "insert into t values " + ",\n".join([row] * 50) + "; select ';'"
    rows = [token for token in tokens(text) if token.kind == "rows"]
    assert [token.text for token in rows] == [(",\n" + row) * 49]
    assert [len(part) for part in split(text)] == [len(text) - 12, 10]


@pytest.mark.parametrize(
    "row", ["(f(1))", "(a)", r"('\')", "(1, )", "(1) x", "('a' 'b')", "(now)", "(1 + 1)", "('')x"]
)
def test_rows_of_anything_else_are_cut_into_tokens(row: str) -> None:
    assert all(token.kind != "rows" for token in tokens(",".join([row] * 50)))


def test_many_rows_are_read_in_no_time() -> None:
    from time import perf_counter

    text = "insert into t values " + ",".join(f"({n}, 'x')" for n in range(400_000))
    start = perf_counter()
    assert len(split(text)) == 1
    assert perf_counter() - start < 2


@given(st.text(alphabet="ab1_$#'\"\\;-/* \n.:>eE") | st.text())
def test_tokens_cover_every_text_but_white_space_and_comments(text: str) -> None:
    position = 0
    for token in tokens(text):
        assert token.text == text[token.start : token.end]
        assert token.start >= position
        assert not tokens(text[position : token.start])
        position = token.end
    assert not tokens(text[position:])


@given(st.text(alphabet="ab1_$#'\"\\;-/* \n.:>eE") | st.text())
def test_splitting_loses_no_token_but_the_semicolons(text: str) -> None:
    parts = [token.text for part in split(text) for token in tokens(part)]
    assert parts == [token.text for token in tokens(text) if token.key != ";"]


STATEMENT = st.lists(st.sampled_from(PIECES), min_size=1).map(" ".join)
GAP = st.lists(st.sampled_from(NO_TOKENS)).map("".join)


@given(st.lists(st.tuples(GAP, STATEMENT, GAP)))
def test_statements_joined_by_semicolons_come_apart_again(
    parts: list[tuple[str, str, str]],
) -> None:
    text = ";".join("".join(part) for part in parts)
    assert split(text) == [statement for _, statement, _ in parts]
