"""Which tables a query works on."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

_CATALOGUES = ("pg_", "stl_", "stv_", "svv_", "svl_", "svcs_", "sys_")
_SCHEMAS = ("pg_catalog", "information_schema")


@dataclass(frozen=True)
class TablesRead:
    """The user's tables that a query reads, updates or deletes from, and the system tables.

    Names of WITH queries are left out, and so is the table that an INSERT writes to.
    """

    of_user: tuple[str, ...] = ()
    of_system: tuple[str, ...] = ()

    @property
    def only_of_system(self) -> bool:
        """True if the leader node alone can answer."""
        return bool(self.of_system) and not self.of_user


def tables_read(tree: exp.Expr) -> TablesRead:
    """The tables of a query, system tables without their schema."""
    inner = {query.alias.lower() for query in tree.find_all(exp.CTE)}
    written = _written_by_insert(tree)
    user, system = [], []
    for table in tree.find_all(exp.Table):
        if table is written or not isinstance(table.this, exp.Identifier):
            continue
        name, schema = table.name.lower(), table.db.lower()
        if schema in _SCHEMAS or name.startswith(_CATALOGUES):
            system.append(name)
        elif name not in inner or schema:
            user.append(".".join(part.name.lower() for part in table.parts))
    return TablesRead(tuple(user), tuple(system))


def _written_by_insert(tree: exp.Expr) -> exp.Expr | None:
    if not isinstance(tree, exp.Insert):
        return None
    target: exp.Expr = tree.this
    return target.this if isinstance(target, exp.Schema) else target
