"""A sandbox that has ended, in whatever way, leaves nothing behind, and its neighbour alone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from conftest import Cloud
from running_processes import processes
from script_runs import SCRIPTS, Site, make_site, refused, refused_here
from waiting import HANG_SECONDS

import shutdown_env
from sandbox import control
from sandbox.control import State

NewSite = Callable[[], Site]
GONE_SECONDS = HANG_SECONDS


@pytest.fixture
def new_site(tmp_path: Path) -> Iterator[NewSite]:
    """Make sites whose sandboxes end with the test."""
    made: list[Site] = []

    def make() -> Site:
        made.append(make_site(tmp_path / str(len(made))))
        return made[-1]

    yield make
    for site in made:
        control.stop(site.state)


def is_gone(state: State) -> bool:
    """Whether nothing of a sandbox is left, at the latest after a moment."""
    deadline = time.monotonic() + GONE_SECONDS
    while is_there(state) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_there(state) and not Path(state.runtime_folder).exists()


def is_there(state: State) -> bool:
    """Whether the sandbox or one of its servers runs."""
    return psutil.pid_exists(state.pid) or bool(processes(state.runtime_folder))


def press_ctrl_c(*_: object) -> None:
    raise KeyboardInterrupt


def test_shutdown_leaves_nothing_and_the_neighbour_alone(
    new_site: NewSite, cloud: Cloud, cluster_role: str
) -> None:
    site = new_site()
    for script in SCRIPTS[:3]:
        site.run(script)
    first, others = site.cloud.state, cloud.state
    assert first.endpoint_url != others.endpoint_url
    assert psutil.pid_exists(first.pid)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shutdown_env.plan.carry_out", press_ctrl_c)
        refused_here(shutdown_env, "--config", str(site.config), code=130)
    assert site.cloud.state == first
    assert len(site.star()["users"]) == 2
    assert processes(first.runtime_folder)

    done = site.run("shutdown_env.py")
    assert done.stdout == ""
    assert [line.partition(" (")[0] for line in done.stderr.splitlines()[-7:]] == [
        "cluster sparkify: deleted",
        "security group sparkify-redshift: deleted",
        "role sparkify-analyst: deleted",
        "role sparkify-redshift-s3: deleted",
        "bucket sparkify-dwh-123456789012-us-west-2-an: deleted",
        "sweep: nothing is left",
        "sandbox: stopped",
    ]
    assert is_gone(first)
    assert not site.state.exists()
    assert control.read_state(Path(others.ca_file).parent) == others
    cloud.connect("dev").close()

    again = site.run("shutdown_env.py")
    assert (again.stdout, again.stderr) == ("", "nothing to do: no sandbox is running\n")


def kill(site: Site) -> None:
    os.kill(site.cloud.state.pid, signal.SIGKILL)
    while control.is_running(site.state):
        time.sleep(0.01)


def spoil(site: Site) -> None:
    (site.state / "sandbox.json").write_text("{")


HALF_DEAD = [
    (kill, "sandbox: not running, leftovers removed"),
    (spoil, "sandbox: stopped"),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize(("how", "said"), HALF_DEAD)
def test_shutdown_removes_a_sandbox_that_is_half_dead(
    new_site: NewSite, how: Callable[[Site], None], said: str
) -> None:
    site = new_site()
    site.run("setup_env.py")
    state = site.cloud.state
    how(site)
    done = site.run("shutdown_env.py")
    assert said in done.stderr
    assert is_gone(state)
    assert not site.state.exists()
    assert site.run("shutdown_env.py").stderr == "nothing to do: no sandbox is running\n"


def test_setup_after_the_sandbox_was_killed_leaves_no_orphan(new_site: NewSite) -> None:
    site = new_site()
    site.run("setup_env.py")
    killed = site.cloud.state
    kill(site)
    assert processes(killed.runtime_folder)
    assert refused("query.py", "--config", str(site.config)).error == "no sandbox is running"

    done = site.run("setup_env.py")
    assert "sandbox: started" in done.stderr
    now = site.cloud.state
    assert now.runtime_folder != killed.runtime_folder
    assert not Path(killed.runtime_folder).exists()
    deadline = time.monotonic() + GONE_SECONDS
    while processes(killed.runtime_folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not processes(killed.runtime_folder)
    for script in SCRIPTS[1:3]:
        site.run(script)
    assert len(site.star()["songplays"]) == 3
