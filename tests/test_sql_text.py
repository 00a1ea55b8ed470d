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
    text = "insert into t values " + ",".join(["('" + "x" * 1000 + "', 1)"] * 1000) + "'\\"
    assert len(tokens(text)) == 3 + 1 + 6 * 1000 - 1 + 1


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
