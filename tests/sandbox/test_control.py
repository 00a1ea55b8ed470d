"""Starting, finding and stopping sandboxes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from psutil import process_iter
from waiting import HANG_SECONDS, wait_until

from sandbox import control


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("buckets")
    (folder / "music").mkdir()
    return folder


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"
    control.stop(tmp_path / "state")


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )


def test_second_start_finds_the_first_unless_the_data_is_other(state: Path, data: Path) -> None:
    first = control.start(state, data)
    assert control.start(state, data) == first == control.read_state(state)
    with pytest.raises(control.SandboxError, match="running with other data"):
        control.start(state, "sample")
    assert state.stat().st_mode & 0o777 == 0o700
    assert Path(first.runtime_folder).stat().st_mode & 0o777 == 0o700


def test_stop_leaves_nothing(state: Path, data: Path) -> None:
    found = control.start(state, data)
    assert control.stop(state)
    assert not state.exists()
    assert not Path(found.runtime_folder).exists()
    assert processes_that_mention(found.runtime_folder) == []
    assert not control.stop(state)


def test_killed_sandbox_is_cleaned_up(state: Path, data: Path) -> None:
    found = control.start(state, data)
    os.kill(found.pid, signal.SIGKILL)
    while control.is_running(state):
        time.sleep(0.01)
    with pytest.raises(control.SandboxError, match="no sandbox is running"):
        control.read_state(state)
    control.start(state, data)
    assert not Path(found.runtime_folder).exists()


def test_busy_port_is_named(state: Path, data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(control.SandboxError, match=f"port {port} .* is in use") as caught:
            control.start(state, data, port)
    assert "0 for any free one" in caught.value.hint
    assert not state.exists()


def test_data_that_is_no_folder_is_refused(state: Path, tmp_path: Path) -> None:
    with pytest.raises(control.SandboxError, match="does not exist"):
        control.start(state, tmp_path / "nowhere")


def test_commands_say_what_they_did(state: Path, data: Path) -> None:
    where = ("--state", str(state))
    missing = command("status", *where)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr.startswith("error: no sandbox is running\nhint: ")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    started = command("start", *where, "--data", str(data), "--port", str(port))
    assert started.returncode == 0, started.stderr
    assert f"AWS APIs       http://127.0.0.1:{port}\n" in started.stdout
    assert command("status", *where).stdout == started.stdout
    assert command("stop", *where).stdout == "stopped\n"
    assert command("stop", *where).stdout == "no sandbox was running\n"


def processes_that_mention(text: str) -> list[str]:
    listed = [" ".join(process.info["cmdline"] or []) for process in process_iter(["cmdline"])]
    return [line for line in listed if text in line]


# ---------------------------------------------------------------------------- the state folder


def test_sandbox_ends_when_its_state_folder_is_gone(state: Path, data: Path) -> None:
    found = control.start(state, data)
    shutil.rmtree(state)
    wait_until(lambda: not Path(found.runtime_folder).exists())
    wait_until(lambda: processes_that_mention(found.runtime_folder) == [])


def test_copy_of_a_state_folder_harms_no_sandbox(state: Path, data: Path, tmp_path: Path) -> None:
    found = control.start(state, data)
    copy = shutil.copytree(state, tmp_path / "copy")
    with pytest.raises(control.SandboxError, match="no sandbox is running"):
        control.read_state(copy)
    assert not control.stop(copy)
    assert not copy.exists()
    assert Path(found.runtime_folder).exists()


def test_moved_state_folder_is_told_and_can_be_stopped(
    state: Path, data: Path, tmp_path: Path
) -> None:
    found = control.start(state, data)
    moved = state.rename(tmp_path / "moved")
    with pytest.raises(control.SandboxError) as caught:
        control.read_state(moved)
    assert caught.value.what == f"the sandbox was started in {state}, and its folder is now {moved}"
    assert control.stop(moved)
    assert not Path(found.runtime_folder).exists()


def test_full_disk_is_told_before_a_start(
    state: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(tempfile.gettempdir()).free // control.MEGABYTE
    monkeypatch.setattr(control, "NEEDED_MEGABYTES", free + 1000)
    with pytest.raises(control.SandboxError, match=f"^the disk of {tempfile.gettempdir()} is full"):
        control.start(state, data)
    assert not state.exists()
