"""CREATE TABLE as Redshift has it, in PostgreSQL's words and with what PostgreSQL does not know.

https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html
https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_AS.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sandbox.dialect.column_definitions import DeclaredColumn, read_column, read_reference
from sandbox.dialect.query import Query, translate_query
from sandbox.dialect.sql_text import identifier, sql_name
from sandbox.dialect.table_options import TableOptions, invalid_table, read_options
from sandbox.dialect.token_reader import Name, Reader
from sandbox.errors import SqlError, not_supported, syntax_error

_MAX_COLUMNS = 1600
_CONSTRAINTS = ("constraint", "primary", "unique", "foreign", "check", "exclude", "like")


@dataclass(frozen=True)
class TableAttributes:
    """What a CREATE TABLE says that PostgreSQL does not keep.

    `name` is what PostgreSQL's `regclass` reads. `keys` are the declared keys, which Redshift
    does not enforce. `like` names the table whose distribution and sort keys are inherited.
    `encodings` are those that are named.
    """

    name: str
    temporary: bool = False
    diststyle: str = "AUTO"
    distkey: str | None = None
    sortkeys: tuple[str, ...] = ()
    sortstyle: str = "AUTO"
    encodings: dict[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    like: str | None = None


@dataclass
class _Body:
    """What stands between the parentheses."""

    columns: list[DeclaredColumn] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    primary_key: list[str] | None = None
    like: str | None = None
    like_clause: str = ""


@dataclass(frozen=True)
class _Head:
    """What stands before the parentheses."""

    name: Name
    temporary: bool
    conditional: bool

    @property
    def sql(self) -> str:
        word = "TEMPORARY " if self.temporary else ""
        condition = "IF NOT EXISTS " if self.conditional else ""
        return f"CREATE {word}TABLE {condition}{self.name.sql}"


def create_table(text: str) -> tuple[Query, TableAttributes]:
    """Translate a CREATE TABLE, and say what it declared.

    Raises SqlError for what is refused.
    """
    reader = Reader(text)
    head = _read_head(reader)
    items = reader.items() if reader.key == "(" else []
    options = read_options(reader)
    if reader.accept("as"):
        return _create_as(reader, head, items, options)
    if not items:
        raise reader.error()
    body = _read_body(items, head.name.last)
    if body.like:
        return _create_like(head, body, options)
    attributes = _attributes(head, body, options)
    lines = [column.sql for column in body.columns]
    lines += [check for column in body.columns if (check := column.type.check(column.name))]
    return Query(f"{head.sql} (\n    " + ",\n    ".join(lines) + "\n)"), attributes


def _read_head(reader: Reader) -> _Head:
    reader.expect("create")
    local = reader.accept("local")
    temporary = bool(reader.accept_one_of(("temp", "temporary")))
    if local and not temporary:
        raise reader.error()
    reader.expect("table")
    conditional = reader.accept("if", "not", "exists")
    name = reader.name()
    return _Head(name, temporary or name.last.startswith("#"), conditional)


def _create_as(
    reader: Reader, head: _Head, items: list[Reader], options: TableOptions
) -> tuple[Query, TableAttributes]:
    if head.conditional:
        raise syntax_error("AS")
    tokens = [item.take() for item in items]
    for item in items:
        item.finish()
    if not reader.key:
        raise reader.error()
    query = translate_query(reader.text, reader.tokens[reader.position :], makes_table=True)
    names = [identifier(token) for token in tokens]
    options.check(head.name.last, names and [*names, *(str(n + 1) for n in range(len(names)))])
    columns = f" ({', '.join(map(sql_name, tokens))})" if tokens else ""
    return replace(query, sql=f"{head.sql}{columns} AS {query.sql}"), _with_options(head, options)


def _create_like(head: _Head, body: _Body, options: TableOptions) -> tuple[Query, TableAttributes]:
    if body.columns or body.keys or options != TableOptions():
        raise not_supported(
            "the sandbox does not do LIKE together with columns, keys or attributes"
        )
    attributes = TableAttributes(head.name.sql, head.temporary, like=body.like)
    return Query(f"{head.sql} ({body.like_clause})"), attributes


def _with_options(head: _Head, options: TableOptions) -> TableAttributes:
    return TableAttributes(
        head.name.sql,
        head.temporary,
        options.diststyle or "AUTO",
        options.distkey,
        tuple(options.sortkeys),
        options.sortstyle or "AUTO",
    )


def _attributes(head: _Head, body: _Body, options: TableOptions) -> TableAttributes:
    for column in body.columns:
        if column.distkey:
            options.set_distkey(column.name)
        if column.sortkey:
            options.set_column_sortkey(column.name)
    options.check(head.name.last, [column.name for column in body.columns])
    attributes = _with_options(head, options)
    encodings = {column.name: column.encoding for column in body.columns if column.encoding}
    return replace(attributes, encodings=encodings, keys=tuple(body.keys))


def _read_body(items: list[Reader], table: str) -> _Body:
    body = _Body()
    for item in items:
        if item.key in _CONSTRAINTS:
            _read_constraint(item, body, table)
        else:
            _add_column(read_column(item, table), body, table)
        item.finish()
    if len(body.columns) > _MAX_COLUMNS:
        raise invalid_table(f"tables can have at most {_MAX_COLUMNS} columns")
    _mark_primary_key(body)
    return body


def _add_column(column: DeclaredColumn, body: _Body, table: str) -> None:
    if any(other.name == column.name for other in body.columns):
        raise SqlError(f'column "{column.name}" specified more than once', "42701")
    body.columns.append(column)
    body.keys += column.keys
    if column.primary_key:
        _set_primary_key([column.name], body, table)


def _read_constraint(item: Reader, body: _Body, table: str) -> None:
    if item.accept("like"):
        return _read_like(item, body)
    if item.accept("constraint"):
        item.identifier()
    start = item.position
    if item.accept("primary", "key"):
        _set_primary_key(item.names(), body, table)
    elif item.accept("unique"):
        _check_key(item.names(), body)
    elif item.accept("foreign", "key"):
        _check_key(item.names(), body)
        read_reference(item)
    elif item.key in ("check", "exclude"):
        raise not_supported(
            f"ALTER/CREATE TABLE table {item.key.upper()} constraint is not supported"
        )
    else:
        raise item.error()
    body.keys.append(item.text_since(start))
    return None


def _read_like(item: Reader, body: _Body) -> None:
    body.like = item.name().sql
    # CONSTRAINTS are the sandbox's own checks of lengths in bytes.
    body.like_clause = f"LIKE {body.like} INCLUDING CONSTRAINTS"
    if item.accept("including", "defaults"):
        body.like_clause += " INCLUDING DEFAULTS"
    else:
        item.accept("excluding", "defaults")


def _set_primary_key(names: list[str], body: _Body, table: str) -> None:
    if body.primary_key is not None:
        raise invalid_table(f'multiple primary keys for table "{table}" are not allowed')
    body.primary_key = names
    _check_key(names, body)


def _check_key(names: Sequence[str], body: _Body) -> None:
    known = {column.name for column in body.columns}
    missing = next((name for name in names if name not in known), None)
    if missing:
        raise SqlError(f'column "{missing}" named in key does not exist', "42703")


def _mark_primary_key(body: _Body) -> None:
    """A primary key is not enforced, but its columns are NOT NULL."""
    for column in body.columns:
        if column.name in (body.primary_key or ()):
            column.not_null = True
