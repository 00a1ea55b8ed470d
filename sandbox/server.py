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
from typing import IO

from sandbox import tls
from sandbox.control import CA_FILE, LOCK_FILE, State, publish
from sandbox.warehouse.postgres import Postgres, PostgresError, runtime_folder

# Held until the very end of the process, so that whoever waits for the lock waits for that.
_held: list[IO[str]] = []
CATALOG = Path(__file__).parent / "warehouse" / "catalog.sql"


def serve(state: Path, data: str, port: int) -> int:
    """Run a sandbox until SIGTERM; an exit code. The last line of its log says what went wrong."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    if not _take_lock(state):
        print(f"a sandbox is running in {state}", file=sys.stderr)
        return 1
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    runtime = runtime_folder()
    _note(os.getpid(), runtime)
    try:
        _serve_until(stopped, state, data, port, runtime)
    except (OSError, PostgresError) as problem:
        print(_reason(problem, port), file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(runtime, ignore_errors=True)
    return 0


def _serve_until(
    stopped: threading.Event, state: Path, data: str, port: int, runtime: Path
) -> None:
    with ThreadPoolExecutor(1) as pool:
        making = pool.submit(_make_postgres, runtime)
        # Importing moto takes longer than initdb, which runs meanwhile.
        from sandbox.aws import api, buckets

        server = api.ApiServer(port)
        buckets.fill(data)
        api.install(making.result(), tls.server_context(state / CA_FILE))
    server.start()
    publish(state, State(server.url, str(state / CA_FILE), os.getpid(), data, str(runtime)))
    stopped.wait()
    server.stop()
    api.stop_clusters()


def _make_postgres(runtime: Path) -> Postgres:
    postgres = Postgres(runtime)
    postgres.make_template(CATALOG.read_text())
    return postgres


def _take_lock(state: Path) -> bool:
    lock = (state / LOCK_FILE).open("a+")
    for _ in range(10):  # somebody who asks whether it runs holds it for a moment
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            _held.append(lock)
            return True
    return False


def _note(pid: int, runtime: Path) -> None:
    """Say in the lock file what is to be ended and removed, should this process be killed."""
    (lock,) = _held
    lock.truncate(0)
    lock.write(f"{pid}\n{runtime}\n")
    lock.flush()


def _reason(problem: Exception, port: int) -> str:
    if isinstance(problem, OSError) and problem.errno == errno.EADDRINUSE:
        return f"port {port} of 127.0.0.1 is in use"
    return str(problem)
