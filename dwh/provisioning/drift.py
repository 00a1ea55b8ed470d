"""Settings that a cluster, or a snapshot of one, keeps for its life."""

from __future__ import annotations

from typing import Any

from dwh.config import Config
from dwh.errors import DwhError


def refuse_drift(
    name: str, found: dict[str, Any], more: dict[str, Any], config: Config, hint: str
) -> None:
    """Raise if a cluster or a snapshot differs from dwh.cfg in what cannot be changed.

    `more` holds settings, by their key in dwh.cfg, that AWS tells of only one of the two.
    """
    there = more | {
        "NODE_TYPE": found["NodeType"],
        "NODES": found["NumberOfNodes"],
        # AWS does not promise to tell it.
        "DATABASE": found.get("DBName", config.database),
        "USER": found["MasterUsername"],
        "encryption": "on" if found["Encrypted"] else "off",
    }
    wanted = {
        "NODE_TYPE": config.node_type,
        "NODES": config.nodes,
        "DATABASE": config.database,
        "USER": config.user,
        "PORT": config.port,
        "SUBNET_GROUP": config.subnet_group or "default",
        "encryption": "on",
    }
    refuse_differences(name, {key: (there[key], wanted[key]) for key in there}, hint)


def refuse_differences(name: str, pairs: dict[str, tuple[Any, Any]], hint: str) -> None:
    """Raise if a setting that cannot be changed is not what dwh.cfg says: `pairs` are both."""
    faults = [
        f"{key}: {name} has {there}, dwh.cfg says {wanted}"
        for key, (there, wanted) in pairs.items()
        if there != wanted
    ]
    if faults:
        what = f"{name} differs from dwh.cfg in what cannot be changed; nothing was touched"
        raise DwhError(what, hint, faults)
