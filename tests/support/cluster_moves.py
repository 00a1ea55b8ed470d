"""What becomes of an environment's cluster by other hands than the scripts'."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from aws_site import Aws


def pretend(aws: Aws, **settings: Any) -> None:
    """Have DescribeClusters say something else of the cluster, and that for ever."""
    said: dict[str, Any] = {}

    def answer(**_: Any) -> Any:
        return (SimpleNamespace(status_code=200, headers={}), deepcopy(said)) if said else None

    def alter(parsed: dict[str, Any], **_: Any) -> None:
        for cluster in parsed.get("Clusters", []):
            cluster.update(settings)
            said.update(deepcopy(parsed))

    aws.listen("before-call.redshift.DescribeClusters", answer)
    aws.listen("after-call.redshift.DescribeClusters", alter)


def call(aws: Aws, operation: str, **request: Any) -> str:
    """Ask something of the cluster; the status that this puts it in."""
    found = getattr(aws.cloud.client("redshift"), operation)
    return str(found(ClusterIdentifier=aws.name, **request)["Cluster"]["ClusterStatus"])


def pause(aws: Aws) -> str:
    return call(aws, "pause_cluster")


def resume(aws: Aws) -> str:
    call(aws, "pause_cluster")
    aws.cloud.wait_for_status(aws.name, "paused")
    return call(aws, "resume_cluster")


def modify(aws: Aws) -> str:
    return call(aws, "modify_cluster", PubliclyAccessible=False)


def delete(aws: Aws) -> str:
    return call(aws, "delete_cluster", SkipFinalClusterSnapshot=True)


def delete_and_keep(aws: Aws) -> str:
    name = f"{aws.name}-{len(aws.snapshots)}"
    return call(aws, "delete_cluster", FinalClusterSnapshotIdentifier=name)


def create(aws: Aws) -> str:
    """Begin anew; what the cluster needs besides is there, as a run that was stopped leaves it."""
    former = aws.cluster
    delete(aws)
    aws.cloud.wait("cluster_deleted", aws.name)
    request = ("NodeType", "MasterUsername", "DBName", "Tags")
    more = {"ClusterType": "single-node", "ManageMasterPassword": True, "PubliclyAccessible": True}
    return call(aws, "create_cluster", **{key: former[key] for key in request}, **more)


Move = Callable[[Aws], str]
MIDWAY: dict[str, Move] = {
    "creating": create,
    "modifying": modify,
    "pausing": pause,
    "resuming": resume,
    "deleting": delete,
    "final-snapshot": delete_and_keep,
}


def forget_cluster(aws: Aws) -> None:
    delete(aws)
    aws.cloud.wait("cluster_deleted", aws.name)


def data_folders(aws: Aws) -> set[Path]:
    """Where the data of the sandbox's clusters is."""
    return set(Path(aws.cloud.state.runtime_folder).glob("*.data"))
