"""COPY carried out in a client's transaction: S3 to rows to PostgreSQL's own COPY."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.copy.careful import careful_chunks
from sandbox.copy.command import CopyCommand
from sandbox.copy.csv_rows import POSTGRES_COPY_OPTIONS, LoadError, NeedsCare, SourceObject
from sandbox.copy.fast import fast_chunks, fast_way_possible
from sandbox.copy.json_values import JsonPaths, parse_jsonpaths
from sandbox.copy.load_log import LoadLog, Sources
from sandbox.copy.s3 import RoleStorage, read_all
from sandbox.copy.scan import Scan
from sandbox.copy.target_table import TargetTable, find_table
from sandbox.errors import SqlError
from sandbox.postgres.backend import Backend, BackendError

# PostgreSQL's classes of errors that are about a value; the careful way says which one.
VALUE_ERRORS = ("22", "23")


@dataclass
class CopyResult:
    """What COPY tells its client."""

    rows: int
    notices: list[str]


@dataclass
class Rejections:
    """The records that were rejected, and how many may be: MAXERROR."""

    table: str
    limit: int
    view: str
    errors: list[LoadError] = field(default_factory=list)

    def add(self, error: LoadError) -> None:
        """Count one; raises SqlError when it is one too many."""
        self.errors.append(error)
        if len(self.errors) >= max(self.limit, 1):
            raise SqlError(
                f"Load into table '{self.table}' failed.  "
                f"Check '{self.view}' system table for details."
            )


@dataclass(frozen=True)
class CopyContext:
    """What a COPY needs to know of the cluster that it runs in: `errors_view` shows its errors."""

    storage: Callable[[str, str | None], RoleStorage]
    data: Path
    errors_view: str


def run_copy(context: CopyContext, backend: Backend, command: CopyCommand) -> CopyResult:
    """Load the objects that `command` names, all or nothing.

    Raises SqlError; an open transaction is then as before the COPY, and the caller ends it the
    way an error does. Without one, the COPY is a transaction of its own.
    """
    with transaction(backend):
        table = find_table(backend, command)
        objects, paths = _sources(context, command)
        size = sum(source.size for source in objects)
        sources = Sources(command.source, len(objects), size)
        log = LoadLog(context.data, backend, table, sources)
        rejections = Rejections(table.name, command.max_error, context.errors_view)
        scan = _load(backend, command, table, (objects, paths), rejections, log)
        if command.stat_update != "OFF":
            backend.execute(f"ANALYZE {table.quoted_name}")
        set_last_copy(backend, scan.rows, log.copy_id)
        return CopyResult(scan.rows, _notices(rejections, scan.rows))


def _load(
    backend: Backend,
    command: CopyCommand,
    table: TargetTable,
    sources: tuple[list[SourceObject], JsonPaths | None],
    rejections: Rejections,
    log: LoadLog,
) -> Scan:
    """Copy, and put on record how that ended."""
    scan, completed = Scan(), False
    try:
        scan = _copy(backend, command, table, sources, rejections, log)
        completed = True
    except SqlError as problem:
        problem.copy_id = log.copy_id
        raise
    finally:
        log.finish(scan, rejections.errors, completed)
    return scan


def set_last_copy(backend: Backend, rows: int, copy_id: int | None) -> None:
    """What pg_last_copy_count() and pg_last_copy_id() answer; a rollback takes it back."""
    settings = {"count": rows, "id": copy_id}
    for name, value in settings.items():
        if value is not None:
            backend.execute(f"SET sandbox.last_copy_{name} TO '{value}'")


def _copy(
    backend: Backend,
    command: CopyCommand,
    table: TargetTable,
    sources: tuple[list[SourceObject], JsonPaths | None],
    rejections: Rejections,
    log: LoadLog,
) -> Scan:
    """The fast way if everything is plain, else again from the start with care."""
    objects, paths = sources
    sql = f"COPY {table.quoted_name} ({table.quoted_columns}) FROM STDIN {POSTGRES_COPY_OPTIONS}"
    if fast_way_possible(command, table.columns, paths) and not command.noload:
        scan = Scan()
        try:
            with savepoint(backend):
                chunks = fast_chunks(objects, command, table.columns, paths, scan)
                backend.copy_in(sql, _noted(chunks, scan, log))
                return scan
        except NeedsCare:
            pass
        except BackendError as problem:
            if not problem.fields.get("C", "").startswith(VALUE_ERRORS):
                raise _refused(problem) from problem
    scan = Scan()
    chunks = careful_chunks(objects, command, table.columns, paths, rejections.add, scan)
    try:
        if command.noload:
            for _ in _noted(chunks, scan, log):
                pass
        else:
            backend.copy_in(sql, _noted(chunks, scan, log))
    except BackendError as problem:
        raise _refused(problem) from problem
    return scan


def _noted(chunks: Iterable[bytes], scan: Scan, log: LoadLog) -> Iterator[bytes]:
    """The chunks, while what they come to is put on record."""
    for chunk in chunks:
        log.progress(scan)
        yield chunk


def _sources(
    context: CopyContext, command: CopyCommand
) -> tuple[list[SourceObject], JsonPaths | None]:
    storage = context.storage(command.role, command.region)
    read = storage.manifest if command.manifest else storage.find
    objects = [SourceObject(found.url, found.size, found.open) for found in read(command.source)]
    if not command.json_paths.startswith("s3://"):
        return objects, None
    return objects, parse_jsonpaths(read_all(storage.get(command.json_paths)))


def _notices(rejections: Rejections, rows: int) -> list[str]:
    table, rejected = rejections.table, len(rejections.errors)
    notices = [f"Load into table '{table}' completed, {rows} record(s) loaded successfully."]
    if rejected:
        notices.append(
            f"Load into table '{table}' completed, {rejected} record(s) could not be loaded.  "
            f"Check '{rejections.view}' system table for details."
        )
    return notices


def _refused(problem: BackendError) -> SqlError:
    return SqlError(
        problem.fields.get("M", ""), problem.fields.get("C", ""), problem.fields.get("D", "")
    )


@contextmanager
def transaction(backend: Backend) -> Iterator[None]:
    """A transaction around the block, unless one is open: rolled back if the block fails."""
    if backend.status != b"I":
        yield
        return
    backend.execute("BEGIN")
    try:
        yield
    except BaseException:
        backend.execute("ROLLBACK")
        raise
    backend.execute("COMMIT")


@contextmanager
def savepoint(backend: Backend) -> Iterator[None]:
    """What the block did in PostgreSQL is undone if it fails. Clients cannot use savepoints."""
    backend.execute("SAVEPOINT sandbox_copy")
    try:
        yield
    except BaseException:
        backend.execute("ROLLBACK TO SAVEPOINT sandbox_copy")
        raise
    backend.execute("RELEASE SAVEPOINT sandbox_copy")
