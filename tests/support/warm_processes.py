"""Scripts and sandboxes in processes forked from one that has imported what they import.

To start Python and import boto3, and moto for a sandbox, takes longer than what most of them do.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import botocore.session
from waiting import HANG_SECONDS
from warm_clients import LOADER

import sandbox.__main__
from sandbox import control

# Imported here, before the forks, and by nothing that the tests themselves do.
IMPORTS = ["warm_processes", "boto3", "psycopg2", "sandbox.aws.api"]
IMPORTS += [f"dwh.{name}" for name in ("connection", "local_aws", "loading.attempts")]
IMPORTS += ["dwh.loading.report", "dwh.provisioning.environment", "dwh.provisioning.cluster_end"]
context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(IMPORTS)


def run_warm(
    script: Path, arguments: tuple[str, ...], env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a script as a program: its exit code, and what it wrote into files."""
    with tempfile.TemporaryDirectory() as folder:
        files = (Path(folder) / "stdout", Path(folder) / "stderr")
        call = (str(script), arguments, dict(env), str(Path.cwd()), files)
        process = context.Process(target=become, args=call)
        process.start()
        process.join(HANG_SECONDS)
        assert process.exitcode is not None, f"{script.name} hangs"
        texts = [file.read_text() for file in files]
    return subprocess.CompletedProcess([script.name, *arguments], process.exitcode, *texts)


def become(
    script: str, arguments: tuple[str, ...], env: dict[str, str], cwd: str, files: tuple[Path, Path]
) -> None:
    """Go on as the script, in a process of its own."""
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    redirect(*(os.open(file, os.O_WRONLY | os.O_CREAT) for file in files))
    sys.argv = [script, *arguments]
    fork_sandboxes(ForkedSandbox)
    vars(botocore.session)["create_loader"] = lambda _: LOADER
    runpy.run_path(script, run_name="__main__")


def redirect(out: int, err: int) -> None:
    """Have this process write to these file descriptors, and read nothing."""
    for number, descriptor in enumerate((os.open(os.devnull, os.O_RDONLY), out, err)):
        os.dup2(descriptor, number)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)


class ForkedSandbox:
    """The process of a sandbox, in place of the one that control.start would start anew."""

    def __init__(self, command: list[str], *, cwd: Path, stdout: BinaryIO, **_: Any) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            serve_sandbox(command[3:], cwd, stdout.name)

    def poll(self) -> int | None:
        """Its exit code, if it has ended."""
        ended, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if ended else None


class WarmSandbox:
    """The same for the tests' own process, which has done too much to be forked."""

    def __init__(self, command: list[str], *, cwd: Path, stdout: BinaryIO, **_: Any) -> None:
        call = (command[3:], cwd, stdout.name)
        self._process = context.Process(target=serve_sandbox, args=call)
        self._process.start()

    def poll(self) -> int | None:
        """Its exit code, if it has ended."""
        return self._process.exitcode


def serve_sandbox(arguments: list[str], folder: Path, log: str | Path) -> None:
    """Be a sandbox, until it is stopped."""
    code = 1
    try:
        os.setsid()
        os.chdir(folder)
        os.closerange(3, 1 << 16)
        redirect(*(os.open(log, os.O_WRONLY | os.O_APPEND) for _ in range(2)))
        code = sandbox.__main__.main(arguments)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def fork_sandboxes(how: type) -> None:
    """Have control.start fork a sandbox."""
    vars(control)["subprocess"] = SimpleNamespace(Popen=how, DEVNULL=subprocess.DEVNULL)
