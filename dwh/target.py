"""Where an environment can be made, and what that means for the scripts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """AWS, or what stands in for it.

    `place` is what a plan calls it, {region} included. If `is_billed`, what costs or destroys
    something is confirmed first. If it `forgets`, stopping it deletes all that it holds.
    `pack_from` is from how many small files on packing saves time: 0 is never.
    """

    name: str
    place: str
    is_billed: bool
    forgets: bool
    pack_from: int


# Redshift takes some 25 ms over each file that COPY opens, the sandbox next to none.
AWS = Target("aws", "AWS, {region}", is_billed=True, forgets=False, pack_from=1000)
SANDBOX = Target("sandbox", "the sandbox", is_billed=False, forgets=True, pack_from=0)
TARGETS = {target.name: target for target in (AWS, SANDBOX)}
