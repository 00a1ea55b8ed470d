"""A fact about AWS that the project relies on: what is documented, and how to see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from dwh.aws import client
from dwh.config import Config
from dwh.connection import connect
from dwh.errors import first_line
from dwh.loading.work_folder import WorkFolder
from dwh.warehouse import Warehouse, role_arn

# Of a statement: while it hangs, a cluster is billed.
LONGEST_SECONDS = 300


class Place:
    """An environment that setup_env.py has made, where facts are looked at.

    Each fact has a session of its own, whose transaction is rolled back afterwards. The tables of
    one that commits are named after it, and dropped.
    """

    def __init__(self, config: Config, session: Any, warehouse: Warehouse) -> None:
        self.config, self.session, self.warehouse = config, session, warehouse
        self.cursor = session.cursor()
        self.cursor.execute(f"SET statement_timeout TO {LONGEST_SECONDS * 1000}")
        self.role = role_arn(warehouse, config)
        self.account = self.role.split(":")[4]
        self._folder = WorkFolder(config, self.account)

    def aws(self, service: str) -> Any:
        """A client of a service of AWS, as the scripts have it."""
        return client(self.config, service)

    @property
    def cluster(self) -> dict[str, Any]:
        """The cluster as AWS describes it now."""
        describe = self.aws("redshift").describe_clusters
        return dict(describe(ClusterIdentifier=self.config.identifier)["Clusters"][0])

    def another(self) -> Any:
        """Another session with the warehouse, closed after the block."""
        return connect(self.config, self.warehouse)

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement; its rows, if it has any."""
        self.cursor.execute(sql)
        return list(self.cursor.fetchall()) if self.cursor.description else []

    def value(self, sql: str) -> Any:
        """The first value of the first row of a query."""
        return self.run(sql)[0][0]

    def put(self, name: str, body: bytes | str) -> str:
        """Write a file where the cluster may read it; its URL."""
        content = body.encode() if isinstance(body, str) else body
        return self._folder.write(f"facts/{name}", content)

    def table(self, columns: str) -> None:
        """Make an empty temporary table `t`."""
        self.run("DROP TABLE IF EXISTS t")
        self.run(f"CREATE TEMP TABLE t ({columns})")

    def copy(self, url: str, options: str = "FORMAT AS JSON 'auto'") -> str:
        """Copy a file into `t`, with the options that the pipeline has; what COPY said of it."""
        self.session.notices.clear()
        self.run(
            f"COPY t FROM '{url}' IAM_ROLE '{self.role}' REGION '{self.config.s3_region}' "
            f"{options} COMPUPDATE OFF STATUPDATE OFF"
        )
        return " ".join(line.strip() for line in self.session.notices)

    def load(self, body: bytes | str, options: str = "FORMAT AS JSON 'auto'") -> str:
        """Copy a file with this content into `t`; what COPY said of it."""
        return self.copy(self.put("data.json", body), options)


def error_of(action: Callable[[], Any]) -> tuple[str, str]:
    """The SQLSTATE of the error that an action ends with, and its whole text; none if it works."""
    import psycopg2

    try:
        action()
    except psycopg2.Error as error:
        return error.pgcode or "", str(error)
    return "", ""


def code_of(call: Callable[..., Any], **arguments: Any) -> str:
    """The code of the error that AWS answers a call with; empty if there is none."""
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@dataclass(frozen=True)
class Fact:
    """A fact: its name, the page that documents it, the code that relies on it, and the answer.

    `kind` is the kind of warehouse that it is about, None if it is about both.
    """

    name: str
    source: str
    relied_on_by: str
    documented: Any
    find: Callable[[Place], Any]
    kind: str | None = None

    def difference(self, config: Config, warehouse: Warehouse) -> str:
        """What is found instead of what is documented; empty if the fact holds."""
        try:
            with place(config, warehouse) as found_at:
                found = self.find(found_at)
        except Exception as error:
            return f"{type(error).__name__}: {first_line(error)}"
        return "" if found == self.documented else repr(found)


@contextmanager
def place(config: Config, warehouse: Warehouse) -> Iterator[Place]:
    """A place with a session of its own."""
    with connect(config, warehouse) as session:
        yield Place(config, session, warehouse)


FACTS: list[Fact] = []


def facts_of(kind: str) -> list[Fact]:
    """The facts that a warehouse of this kind can show."""
    return [each for each in FACTS if each.kind in (None, kind)]


def fact(
    source: str, relied_on_by: str, documented: Any, kind: str | None = None
) -> Callable[[Callable[[Place], Any]], Callable[[Place], Any]]:
    """Register a function that finds what is documented, under its own name."""

    def register(find: Callable[[Place], Any]) -> Callable[[Place], Any]:
        name = find.__name__.replace("_", " ")
        FACTS.append(Fact(name, source, relied_on_by, documented, find, kind))
        return find

    return register
