"""Snapshots of a warehouse, of whichever kind: their names, their size and what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from dwh.config import Config
from dwh.errors import DwhError
from dwh.ownership import tags
from dwh.provisioning import prices


@dataclass(frozen=True)
class Snapshot:
    """A snapshot as the scripts see it."""

    name: str
    arn: str
    megabytes: float

    @property
    def size(self) -> str:
        """How big it is."""
        return f"{self.megabytes:.0f} MB"

    def cost(self, config: Config) -> str:
        """What it costs to keep it on AWS."""
        if prices.storage(config) == prices.UNKNOWN:
            return f"billed ({prices.REDSHIFT})"
        return f"about {max(self.megabytes / 1024 * prices.STORAGE, 0.01):.2f} USD a month"


def new_name(config: Config) -> str:
    """A name for a snapshot that is taken now."""
    return f"{config.identifier}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def is_of_others(found: dict[str, str], config: Config) -> bool:
    """Whether tags say that a snapshot belongs to something else; it may have none yet."""
    ours = {tag["Key"]: tag["Value"] for tag in tags(config)}
    return any(ours.get(key, value) != value for key, value in found.items())


def no_snapshot(name: str, config: Config, known: list[Snapshot]) -> DwhError:
    """The error of a snapshot that is not there."""
    names = ", ".join(each.name for each in known)
    hint = f"there are: {names}" if names else f"there is none of this {config.kind}"
    return DwhError(f"there is no snapshot {name} in {config.aws_region}", hint)


def not_of_this(name: str, config: Config) -> DwhError:
    """The error of a snapshot of another warehouse."""
    what = f"the snapshot {name} is not one of {config.identifier} in {config.aws_region}"
    return DwhError(what, "choose one that python shutdown_env.py has taken, or see IDENTIFIER")
