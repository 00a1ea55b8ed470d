"""The sandbox's process: S3, IAM, EC2 and Redshift for as long as it runs."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import shutil
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox import tls
from sandbox.control import CA_FILE, LOCK_FILE, State, publish
from sandbox.postgres import scripts
from sandbox.postgres.server import Postgres, PostgresError, runtime_folder

SECONDS_BETWEEN_LOOKS = 1


def serve(state: Path, data: str, port: int) -> int:
    """Run a sandbox until SIGTERM; an exit code. The last line of its log says what went wrong."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    _forget_variables()
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = _take_lock(state)
    if lock is None:
        print(f"a sandbox is running in {state}", file=sys.stderr)
        return 1
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    runtime = runtime_folder()
    # Says what is to be ended and removed, should this process be killed.
    inode = os.fstat(lock).st_ino
    os.pwrite(lock, f"{os.getpid()}\n{runtime}\n{inode}\n".encode(), 0)
    threading.Thread(target=_watch, args=(lock, stopped), daemon=True).start()
    try:
        _serve_until(stopped, state, data, port, runtime)
    except (OSError, PostgresError) as problem:
        print(_reason(problem, port), file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(runtime, ignore_errors=True)
    return 0


def _forget_variables() -> None:
    """Unset what PostgreSQL, and libpq, would read of the environment, such as PGPORT."""
    for name in [each for each in os.environ if each.startswith("PG")]:
        os.environ.pop(name, None)


def _watch(lock: int, stopped: threading.Event) -> None:
    """Stop when the state folder has been deleted: nobody could find this process any more."""
    while os.fstat(lock).st_nlink:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    stopped.set()


def _serve_until(
    stopped: threading.Event, state: Path, data: str, port: int, runtime: Path
) -> None:
    with ThreadPoolExecutor(1) as pool:
        making = pool.submit(_make_postgres, runtime)
        # Importing moto takes longer than initdb, which runs meanwhile.
        from sandbox.aws import api, buckets, warehouses

        server = api.ApiServer(port)
        buckets.fill(data)
        warehouses.give(making.result(), tls.server_context(state / CA_FILE))
    server.start()
    threading.Thread(target=buckets.look_ahead, daemon=True).start()
    publish(state, State(server.url, str(state / CA_FILE), os.getpid(), data, str(runtime)))
    stopped.wait()
    server.stop()
    warehouses.stop_all()


def _make_postgres(runtime: Path) -> Postgres:
    postgres = Postgres(runtime)
    postgres.make_template("".join(path.read_text() for path in scripts.PATHS))
    return postgres


def _take_lock(state: Path) -> int | None:
    """The lock, as a file descriptor that only the end of the process closes."""
    lock = os.open(state / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    for _ in range(10):  # somebody who asks whether it runs holds it for a moment
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            os.ftruncate(lock, 0)
            return lock
    return None


def _reason(problem: Exception, port: int) -> str:
    if isinstance(problem, OSError) and problem.errno == errno.EADDRINUSE:
        return f"port {port} of 127.0.0.1 is in use"
    return str(problem)
