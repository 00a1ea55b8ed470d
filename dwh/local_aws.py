"""The sandbox, which stands in for AWS on this machine: found, started and stopped."""

from __future__ import annotations

from pathlib import Path

from dwh.config import Config
from dwh.terminal import step
from sandbox import control


def find(config: Config) -> control.State:
    """Where the running sandbox is. Raises SandboxError if there is none, or one of other data."""
    return control.read_state(Path(config.sandbox_state), config.sandbox_data)


def is_running(config: Config) -> bool:
    """True if the sandbox is there to be looked into."""
    return control.is_running(Path(config.sandbox_state))


def has_state(config: Config) -> bool:
    """True if a sandbox is running, or has left something behind."""
    return Path(config.sandbox_state).exists()


def start(config: Config) -> None:
    """Start the sandbox unless it is running. Raises SandboxError."""
    with step("sandbox") as current:
        current.result = "already there" if is_running(config) else "started"
        state = Path(config.sandbox_state)
        found = control.start(state, config.sandbox_data, config.sandbox_port)
        current.result += f", at {found.endpoint_url}"


def stop(config: Config) -> None:
    """Stop the sandbox, which forgets all that it holds. Raises SandboxError."""
    with step("sandbox") as current:
        was_running = control.stop(Path(config.sandbox_state))
        current.result = "stopped" if was_running else "not running, leftovers removed"
