"""Namespaces, workgroups and snapshots of Redshift Serverless, as its API describes them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sandbox.aws import network, warehouses
from sandbox.aws.background import background
from sandbox.aws.serverless_requests import SLICES, Parameters, conflict, not_found, remove
from sandbox.cluster.warehouse import ClusterIdentity, Warehouse
from sandbox.postgres.server import folder_size

MEBIBYTE = 1 << 20
# On AWS too, a change shows a moment after the answer.
CHANGE_SECONDS = 0.1
Described = dict[str, Any]


class Resource:
    """What the API describes, with its tags; `status` is a part of the description."""

    def __init__(self, kind: str, name: str, place: str, tags: Any, **described: Any) -> None:
        self.name, self.id = name, str(uuid.uuid4())
        self.arn = f"{place}:{kind}/{self.id}"
        self.tags = {tag["key"]: tag.get("value", "") for tag in tags or []}
        names = {f"{kind}Name": name, f"{kind}Arn": self.arn, f"{kind}Id": self.id}
        self.described: Described = names | described

    @property
    def status(self) -> str:
        """The status as it is now."""
        return str(self.described["status"])

    def answer(self) -> Described:
        """The description, which what happens in the background does not change any more."""
        return dict(self.described)

    def require_available(self) -> None:
        """Raise ConflictException while it is changing or on its way out."""
        if self.status != "AVAILABLE":
            raise conflict(f"{self.name} is {self.status}: try again when it is AVAILABLE.")

    def change(self, status: str, work: Callable[[], None]) -> None:
        """Have the status while the work is done in the background; for good if that fails."""
        self.described["status"] = status

        def ended(done: bool) -> None:
            if done:
                self.described["status"] = "AVAILABLE"

        background.run(f"{self.name}: {status}", work, ended)

    def modify(self) -> Described:
        """Be MODIFYING for a moment; the description as of then."""
        self.change("MODIFYING", lambda: background.wait(CHANGE_SECONDS))
        return self.answer()


Kind = TypeVar("Kind", bound=Resource)


class Resources(dict[str, Kind]):
    """All resources of a kind, by name."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def named(self, get: Parameters) -> Kind:
        """The one that a request names, or gives the ARN of. Raises ResourceNotFoundException."""
        name, arn = get(f"{self.kind}Name"), get(f"{self.kind}Arn")
        for each in self.values():
            if name == each.name or (arn and arn == each.arn):
                return each
        raise not_found(f"The {self.kind} {name or arn} does not exist.")

    def listed(self, get: Parameters) -> list[Described]:
        """All of them, or those of a namespace, on one page."""
        of = get("namespaceName")
        found = [each.answer() for each in self.values()]
        return [each for each in found if of in (None, each.get("namespaceName"))]

    def add(self, made: Kind) -> None:
        """Have one more. Raises ConflictException if there is one of its name."""
        if made.name in self:
            raise conflict(f"The {self.kind} {made.name} exists already.")
        self[made.name] = made


class Namespace(Resource):
    """A namespace: its databases, users and roles, and the data while no workgroup serves it."""

    data: Path | None = None
    password = ""

    @property
    def role_arns(self) -> list[str]:
        """The roles that it may take."""
        return [each.partition("iamRoleArn=")[2].rstrip(")") for each in self.described["iamRoles"]]

    def attach(self, arns: list[str]) -> None:
        """Let it take these roles and no others, described as the API does.

        https://github.com/hashicorp/terraform-provider-aws (flattenNamespaceIAMRoles)
        """
        roles = [f"IamRole(applyStatus=in-sync, iamRoleArn={arn})" for arn in arns]
        self.described["iamRoles"] = roles


class Workgroup(Resource):
    """A workgroup with its namespace, and with its warehouse once there is one."""

    warehouse: Warehouse | None = None

    def join(self, namespace: Namespace, region: str, ec2: Any) -> None:
        """Serve this namespace, by the rules of EC2 in its region."""
        self.namespace, self._region, self._ec2 = namespace, region, ec2

    def serve(self, data: Path | None) -> None:
        """Start a warehouse on a copy of the data."""
        self.warehouse = warehouses.make(self._identity(), data)
        self.warehouse.start()
        if self.namespace.data:
            remove(self.namespace.data)
            self.namespace.data = None
        address, port = "localhost", self.warehouse.port
        self.described["endpoint"] = {"address": address, "port": port, "vpcEndpoints": []}

    def put_data_away(self) -> None:
        """Stop the warehouse and leave its data to the namespace."""
        if self.warehouse:
            self.namespace.data = self.warehouse.keep_data()
            self.warehouse.stop()

    def _identity(self) -> ClusterIdentity:
        of, place = self.namespace.described, self.arn.partition(":workgroup/")[0]
        return ClusterIdentity(
            place=f"{place}:dbuser:{self.id}",
            region=self._region,
            database=of["dbName"],
            master_user=of["adminUsername"],
            master_password=self.namespace.password,
            is_password_managed=True,
            nodes=1,
            slices=SLICES,
            attached_roles=lambda: self.namespace.role_arns,
            admits=self._admits,
            serverless=True,
        )

    def _admits(self, address: str) -> bool:
        now = self.described
        return bool(now["publiclyAccessible"]) and network.admits(
            self._ec2, now["securityGroupIds"], now["port"], address
        )


class Snapshot(Resource):
    """A namespace as it was at its end. One that no workgroup ever served has no data."""

    data: Path | None = None

    def finish(self, data: Path | None) -> None:
        """Become available with the data."""
        size = folder_size(data) / MEBIBYTE if data else 0.0
        self.data = data
        self.described |= {"totalBackupSizeInMegaBytes": round(size, 1), "status": "AVAILABLE"}
