"""Parsing `COPY table FROM 's3://..'`: the statement's text in, a CopyCommand out.

The grammar and the options are those of dg/r_COPY and dg/copy-parameters-*. Literals are never
echoed in an error: any of them may be an access key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice

from sandbox.copy.options import (
    FLAGS,
    LITERALS,
    NOT_IN_THE_SANDBOX,
    NOT_WITH_JSON,
    SWITCH_VALUES,
    SWITCHES,
)
from sandbox.copy.tokens import QUOTED_NAME, STRING, CommandToken, tokens
from sandbox.errors import SYNTAX_ERROR, SqlError, not_supported, syntax_error

INVALID_CREDENTIALS = (
    "Invalid credentials. Must be of the format: credentials 'aws_access_key_id=..."
)
JSON_ONLY = "COPY loads JSON only"
MAX_MAXERROR = 100_000


@dataclass(frozen=True)
class CopyCommand:
    """One COPY from S3, every option resolved to its documented default.

    `role` is an ARN or 'default'; `json_paths` is 'auto', 'auto ignorecase' or the URL of a
    JSONPaths file; `comp_update` and `stat_update` are None when the option was left out.
    """

    schema: str | None
    table: str
    columns: tuple[str, ...] | None
    source: str
    role: str = ""
    json_paths: str = ""
    region: str | None = None
    manifest: bool = False
    gzip: bool = False
    time_format: str | None = None
    date_format: str | None = None
    max_error: int = 0
    truncate_columns: bool = False
    blanks_as_null: bool = False
    empty_as_null: bool = False
    trim_blanks: bool = False
    accept_any_date: bool = False
    explicit_ids: bool = False
    comp_update: str | None = None
    stat_update: str | None = None
    noload: bool = False


def is_s3_copy(text: str) -> bool:
    """Whether the text looks like `COPY name [(columns)] FROM 'literal'`; never raises."""
    stream = tokens(text)
    try:
        if next(stream).word != "COPY" or next(stream).text == "(":
            return False
        for token in islice(stream, 10_000):
            if token.word in {"FROM", "TO"}:
                return token.word == "FROM" and next(stream).kind == STRING
    except (StopIteration, SqlError):
        return False
    return False


def parse_copy(text: str) -> CopyCommand:
    """One COPY statement as a CopyCommand (COPY, dg/r_COPY).

    Raises SqlError: 42601 for what Redshift would not parse, an unknown or repeated option
    included; 0A000 for what Redshift has and JSON or the sandbox does not support.
    """
    return _Parser(text).statement()


class _Parser:
    """Recursive descent over the statement's tokens; one method a grammar rule."""

    def __init__(self, text: str) -> None:
        self._tokens = [*tokens(text), CommandToken("end", "end of input")]
        self._position = 0
        self._seen: set[str] = set()

    @property
    def _next(self) -> CommandToken:
        return self._tokens[self._position]

    def _advance(self) -> CommandToken:
        token = self._next
        self._position += token.kind != "end"
        return token

    def _accept(self, *wanted: str) -> bool:
        """Skips the next token if it is one of these keywords or marks."""
        found = self._next.word in wanted or (
            self._next.kind == "mark" and self._next.text in wanted
        )
        self._position += found
        return found

    def _expect(self, wanted: str) -> None:
        if not self._accept(wanted):
            raise self._unexpected()

    def _unexpected(self) -> SqlError:
        if self._next.kind == "end":
            return SqlError("syntax error at end of input", SYNTAX_ERROR)
        return syntax_error(self._next.shown)

    def _name(self) -> str:
        if self._next.kind not in {"word", QUOTED_NAME}:
            raise self._unexpected()
        return self._advance().name

    def _literal(self) -> str:
        self._accept("AS")
        if self._next.kind != STRING:
            raise self._unexpected()
        return self._advance().text

    def statement(self) -> CopyCommand:
        self._expect("COPY")
        schema, table = self._table()
        columns = self._column_list()
        self._expect("FROM")
        command = CopyCommand(schema, table, columns, self._source())
        while self._next.kind == "word":
            command = self._option(command)
        self._accept(";")
        if self._next.kind != "end":
            raise self._unexpected()
        return _complete(command)

    def _table(self) -> tuple[str | None, str]:
        name = self._name()
        if self._accept("."):
            return name, self._name()
        return None, name

    def _column_list(self) -> tuple[str, ...] | None:
        if not self._accept("("):
            return None
        names = [self._name()]
        while self._accept(","):
            names.append(self._name())
        self._expect(")")
        return tuple(names)

    def _source(self) -> str:
        if self._next.kind != STRING:
            raise self._unexpected()
        source = self._advance().text
        if not source.startswith("s3://") or not source[5:].split("/")[0]:
            raise not_supported("The sandbox's COPY loads from 's3://bucket/prefix' only")
        return source

    def _option(self, command: CopyCommand) -> CopyCommand:
        word = self._next.word
        if word in NOT_WITH_JSON:
            raise self._not_with_json(word)
        if word in NOT_IN_THE_SANDBOX:
            raise not_supported(f"The sandbox does not support the COPY option {word}")
        rule = self._rule(word)
        if rule is None:
            raise self._unexpected()
        self._refuse_repetition(word)
        self._advance()
        return rule(command, word)

    def _not_with_json(self, word: str) -> SqlError:
        if any(token.word == "JSON" for token in self._tokens):
            return not_supported(f"COPY option {word} is not supported with JSON")
        return not_supported(f"The sandbox does not support {word}: {JSON_ONLY}")

    def _rule(self, word: str) -> Callable[[CopyCommand, str], CopyCommand] | None:
        for names, rule in (
            (FLAGS, self._flag),
            (LITERALS, self._literal_option),
            (SWITCHES, self._switch),
            ({"MAXERROR"}, self._max_error),
            ({"IAM_ROLE"}, self._iam_role),
            ({"WITH", "CREDENTIALS"}, self._credentials),
            ({"FORMAT", "JSON"}, self._json),
        ):
            if word in names:
                return rule
        return None

    def _refuse_repetition(self, word: str) -> None:
        """The forms of one option (JSON and FORMAT JSON, say) count as the same option."""
        same = {"FORMAT": "JSON", "WITH": "IAM_ROLE", "CREDENTIALS": "IAM_ROLE"}.get(word, word)
        if same in self._seen:
            raise self._unexpected()
        self._seen.add(same)

    def _flag(self, command: CopyCommand, word: str) -> CopyCommand:
        return _with(command, FLAGS[word], True)

    def _literal_option(self, command: CopyCommand, word: str) -> CopyCommand:
        return _with(command, LITERALS[word], self._literal())

    def _switch(self, command: CopyCommand, word: str) -> CopyCommand:
        value = self._next.word
        if value not in SWITCH_VALUES or (value == "PRESET" and word == "STATUPDATE"):
            return _with(command, SWITCHES[word], "ON")
        self._advance()
        return _with(command, SWITCHES[word], SWITCH_VALUES[value])

    def _max_error(self, command: CopyCommand, word: str) -> CopyCommand:
        self._accept("AS")
        if self._next.kind != "number":
            raise self._unexpected()
        digits = self._advance().text
        if len(digits) > 9 or int(digits) > MAX_MAXERROR:
            raise SqlError(f"{word} must be between 0 and {MAX_MAXERROR}", SYNTAX_ERROR)
        return replace(command, max_error=int(digits))

    def _iam_role(self, command: CopyCommand, word: str) -> CopyCommand:
        if self._accept("DEFAULT"):
            return replace(command, role="default")
        if self._next.kind != STRING:
            raise self._unexpected()
        return replace(command, role=_one_role(self._advance().text))

    def _credentials(self, command: CopyCommand, word: str) -> CopyCommand:
        if word == "WITH":
            self._expect("CREDENTIALS")
        key, _, value = self._literal().partition("=")
        if key.strip() == "aws_iam_role" and value:
            return replace(command, role=_one_role(value))
        if key.strip() in {"aws_access_key_id", "aws_secret_access_key", "token"}:
            raise not_supported("The sandbox does not support access keys in CREDENTIALS")
        raise SqlError(INVALID_CREDENTIALS, hint="use IAM_ROLE 'arn:aws:iam::ACCOUNT:role/NAME'")

    def _json(self, command: CopyCommand, word: str) -> CopyCommand:
        if word == "FORMAT":
            self._accept("AS")
            if self._next.word in NOT_IN_THE_SANDBOX | {"CSV", "DELIMITER", "FIXEDWIDTH"}:
                raise not_supported(f"The sandbox does not support FORMAT {self._next.word}")
            self._expect("JSON")
        if self._next.word != "AS" and self._next.kind != STRING:
            return replace(command, json_paths="auto")
        return replace(command, json_paths=_json_option(self._literal()))


def _with(command: CopyCommand, field: str, value: bool | str) -> CopyCommand:
    changes: dict[str, bool | str] = {field: value}
    return replace(command, **changes)  # type: ignore[arg-type]


def _one_role(role: str) -> str:
    if "," in role:
        raise not_supported("The sandbox does not support role chaining in IAM_ROLE")
    if role == "SESSION":
        raise not_supported("The sandbox does not support IAM_ROLE 'SESSION'")
    return role


def _json_option(option: str) -> str:
    if option in {"auto", "auto ignorecase"}:
        return option
    bucket, _, key = option.removeprefix("s3://").partition("/")
    if option.startswith("s3://") and bucket and key:
        return option
    raise not_supported("The sandbox supports JSON 'auto', 'auto ignorecase' and 's3://bucket/key'")


def _complete(command: CopyCommand) -> CopyCommand:
    """What must not be missing is there."""
    if not command.role:
        hint = "add IAM_ROLE 'arn:aws:iam::ACCOUNT:role/NAME'"
        raise SqlError("COPY from S3 needs an authorization", SYNTAX_ERROR, hint=hint)
    if not command.json_paths:
        raise not_supported(f"The sandbox's {JSON_ONLY}: add FORMAT AS JSON 'auto'")
    return command
