"""Check that every statement of the pipeline and its checks is Redshift's SQL, well written."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from sqlfluff.core import FluffConfig, Linter

sys.path.insert(0, str(Path(__file__).parent.parent))

import sql_queries
from dwh.loading import sql_checks, sql_required, sql_whole_star

# Parsing (PRS) is always checked; of the rules, those about names, case, joins and width.
RULES = "AL01,AL03,AM01,AM05,AM06,CP01,CP02,CP03,CP04,CP05,LT05,LT12,RF01,ST03"

TEMPLATES = ("add_column_template", "copy_template", "count_template", "lock_template")
NO_STATEMENTS = {*TEMPLATES, "steps_row"}


def copies() -> dict[str, str]:
    """The COPY statements, with sample values, quotes included."""
    role = "arn:aws:iam::123456789012:role/o'hara"
    return {
        table: sql_queries.copy_query(table, "s3://bucket/list", "auto", role, "us-west-2", 0)
        for table in sql_queries.clear_staging_queries
    }


def statements() -> Iterator[tuple[str, str]]:
    """Every statement under the name of its constant, or of its dictionary and key."""
    for name, value in (
        vars(sql_queries) | vars(sql_checks) | vars(sql_required) | vars(sql_whole_star)
    ).items():
        if name.startswith("_") or name.isupper() or name in NO_STATEMENTS:
            continue
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, dict):
            for key, one_or_more in value.items():
                for number, statement in enumerate(as_tuple(one_or_more), 1):
                    yield f"{name}[{key!r}] {number}", statement
    for table, statement in copies().items():
        yield f"copy_query({table!r})", statement


def with_values(statement: str) -> str:
    """The statement with a value for each that psycopg2 binds."""
    statement = re.sub(r"IN %\(\w+\)s", "IN (1, 2)", statement)
    statement = re.sub(r"%\(\w+\)s", "1", statement).replace("VALUES %s", "VALUES (1, 2)")
    return re.sub(r"\{(user|database)\}", r'"\1"', statement)


def as_tuple(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def main() -> int:
    config = FluffConfig(overrides={"dialect": "redshift", "rules": RULES, "max_line_length": 100})
    linter = Linter(config=config)
    faults = 0
    checked: set[str] = set()
    for name, statement in statements():
        if statement in checked:
            continue
        checked.add(statement)
        for fault in linter.lint_string(with_values(statement).strip() + "\n").violations:
            faults += 1
            print(f"{name}, line {fault.line_no}: {fault.rule_code()} {fault.desc()}")
    print(f"{len(checked)} statements, {faults} faults")
    return 1 if faults or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
