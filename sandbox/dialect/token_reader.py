"""Reads tokens one after the other, for the statements that the sandbox takes apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sandbox.dialect.sql_text import Token, identifier, sql_name, tokens
from sandbox.errors import SYNTAX_ERROR, SqlError, syntax_error


class Name(NamedTuple):
    """A table's name: its last part, folded, and all of it as SQL, which `regclass` reads too."""

    last: str
    sql: str


class Reader:
    """A position in a list of tokens of one text."""

    def __init__(self, text: str, found: Sequence[Token] | None = None) -> None:
        self.text = text
        self.tokens = tokens(text) if found is None else found
        self.position = 0

    @property
    def key(self) -> str:
        """The key of the next token, "" at the end."""
        return self.key_at(0)

    def key_at(self, ahead: int) -> str:
        """The key of a token further on, "" after the end."""
        index = self.position + ahead
        return self.tokens[index].key if index < len(self.tokens) else ""

    def accept(self, *keys: str) -> bool:
        """Pass these tokens if they are all next; otherwise pass none."""
        if any(self.key_at(ahead) != key for ahead, key in enumerate(keys)):
            return False
        self.position += len(keys)
        return True

    def accept_one_of(self, keys: Sequence[str]) -> str:
        """Pass the next token if it is one of these, and say which; "" if not."""
        key = self.key
        return key if key and key in keys and self.accept(key) else ""

    def expect(self, *keys: str) -> None:
        """Pass these tokens. Raises the syntax error of the first that differs."""
        for key in keys:
            if not self.accept(key):
                raise self.error()

    def take(self) -> Token:
        """Pass any token and return it. Raises SqlError at the end."""
        if not self.key:
            raise self.error()
        self.position += 1
        return self.tokens[self.position - 1]

    def identifier(self) -> str:
        """Pass a name and return it, folded."""
        return identifier(self.take())

    def name(self) -> Name:
        """Pass a name that may have a schema."""
        parts = [self.take()]
        while self.accept("."):
            parts.append(self.take())
        return Name(identifier(parts[-1]), ".".join(sql_name(part) for part in parts))

    def integer(self) -> int:
        """Pass a whole number, with its sign."""
        sign = -1 if self.accept("-") else 1
        token = self.take()
        if not token.text.isdecimal():
            raise syntax_error(token.text)
        return sign * int(token.text)

    def items(self) -> list[Reader]:
        """Pass a list in parentheses, and return a reader for each of its items."""
        self.expect("(")
        found = self.separated()
        self.expect(")")
        return found

    def separated(self) -> list[Reader]:
        """Pass a list up to a closing parenthesis or the end; a reader for each of its items."""
        found: list[Reader] = []
        while not found or self.accept(","):
            start = self.position
            self.skip_expression((",",))
            if start == self.position:
                raise self.error()
            found.append(Reader(self.text, self.tokens[start : self.position]))
        return found

    def names(self) -> list[str]:
        """Pass a list of columns in parentheses, and return their names."""
        return [item.only_identifier() for item in self.items()]

    def only_identifier(self) -> str:
        """Pass a name that has to be the last token."""
        name = self.identifier()
        self.finish()
        return name

    def skip_expression(self, ends: Sequence[str]) -> None:
        """Pass everything up to one of these keys, or a closing parenthesis, at this level."""
        depth = 0
        while self.key and (depth or self.key not in (*ends, ")")):
            depth += {"(": 1, ")": -1}.get(self.key, 0)
            self.position += 1

    def text_since(self, start: int) -> str:
        """The text from the token at this index up to the last token passed."""
        if start == self.position:
            return ""
        return self.text[self.tokens[start].start : self.tokens[self.position - 1].end]

    def rest(self) -> str:
        """Pass what is left, and return its text."""
        start, self.position = self.position, len(self.tokens)
        return self.text_since(start)

    def finish(self) -> None:
        """Do nothing at the end. Raises a syntax error at anything else."""
        if self.key:
            raise self.error()

    def error(self) -> SqlError:
        """The syntax error at the next token."""
        if self.key:
            return syntax_error(self.tokens[self.position].text)
        return SqlError("syntax error at end of input", SYNTAX_ERROR)
