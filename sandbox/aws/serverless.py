"""Redshift Serverless: namespaces, which hold data, and workgroups, which serve it.

https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.ec2.models import ec2_backends
from moto.redshift.exceptions import RedshiftClientError

from sandbox.aws import network
from sandbox.aws import serverless_requests as requests
from sandbox.aws.background import STATE_LOCK, background
from sandbox.aws.serverless_limits import UsageLimits
from sandbox.aws.serverless_requests import Parameters, conflict, invalid, not_found
from sandbox.aws.serverless_resources import (
    CHANGE_SECONDS,
    Described,
    Namespace,
    Resource,
    Resources,
    Snapshot,
    Workgroup,
)

KEPT_FOREVER = -1


class Serverless:
    """The namespaces and workgroups of a region, and what belongs to them."""

    def __init__(self, account: str, region: str) -> None:
        self.account, self.region = account, region
        self.place = f"arn:aws:redshift-serverless:{region}:{account}"
        self.namespaces: Resources[Namespace] = Resources("namespace")
        self.workgroups: Resources[Workgroup] = Resources("workgroup")
        self.snapshots: Resources[Snapshot] = Resources("snapshot")
        self.kinds: tuple[Resources[Any], ...] = (self.namespaces, self.workgroups, self.snapshots)
        self.limits = UsageLimits(self.place)

    # Namespaces.

    def create_namespace(self, get: Parameters) -> Any:
        """CreateNamespace, which is MODIFYING for a moment."""
        requests.check_namespace(get)
        name = get("namespaceName")
        user = get("adminUsername") or "admin"
        mark = secrets.token_hex(3)
        secret = f"arn:aws:secretsmanager:{self.region}:{self.account}:secret:redshift!{name}-"
        made = Namespace(
            *("namespace", name, self.place, get("tags")),
            adminUsername=user,
            dbName=get("dbName") or "dev",
            creationDate=datetime.now(UTC),
            kmsKeyId="AWS_OWNED_KMS_KEY",
            logExports=[],
            adminPasswordSecretArn=f"{secret}{user}-{mark}",
        )
        made.password = secrets.token_urlsafe(24)
        made.attach(get("iamRoles") or [])
        self.namespaces.add(made)
        return made.modify()

    def update_namespace(self, get: Parameters) -> Any:
        """UpdateNamespace, of its roles only."""
        found = self.namespaces.named(get)
        requests.check_update(get, "iamRoles")
        found.require_available()
        found.attach(get("iamRoles"))
        return found.modify()

    def delete_namespace(self, get: Parameters) -> Any:
        """DeleteNamespace, which no workgroup may use, with a final snapshot if it has a name."""
        found = self.namespaces.named(get)
        found.require_available()
        if any(each.described["namespaceName"] == found.name for each in self.workgroups.values()):
            raise conflict(f"The namespace {found.name} has a workgroup: delete that first.")
        snapshot = self._new_snapshot(found, get) if get("finalSnapshotName") else None

        def delete() -> None:
            background.wait(CHANGE_SECONDS)
            with STATE_LOCK:
                if snapshot:
                    snapshot.finish(found.data)
                elif found.data:
                    requests.remove(found.data)
                self.namespaces.pop(found.name)

        found.change("DELETING", delete)
        return found.answer()

    def _new_snapshot(self, namespace: Namespace, get: Parameters) -> Snapshot:
        """The final snapshot that DeleteNamespace asks for, still without its data."""
        made = Snapshot(
            *("snapshot", get("finalSnapshotName"), self.place, None),
            namespaceName=namespace.name,
            namespaceArn=namespace.arn,
            adminUsername=namespace.described["adminUsername"],
            ownerAccount=self.account,
            snapshotCreateTime=datetime.now(UTC),
            snapshotRetentionPeriod=get("finalSnapshotRetentionPeriod") or KEPT_FOREVER,
            totalBackupSizeInMegaBytes=0.0,
            status="CREATING",
        )
        self.snapshots.add(made)
        return made

    def delete_snapshot(self, get: Parameters) -> Any:
        """DeleteSnapshot, with its data."""
        found = self.snapshots.named(get)
        found.require_available()
        if found.data:
            requests.remove(found.data)
        return self.snapshots.pop(found.name).answer() | {"status": "DELETED"}

    # Workgroups.

    def create_workgroup(self, get: Parameters) -> Any:
        """CreateWorkgroup, CREATING until its warehouse answers."""
        requests.check_workgroup(get, self.region)
        namespace, place = self.namespaces.named(get), self._network(get)
        namespace.require_available()
        users = [each.described["namespaceName"] for each in self.workgroups.values()]
        if namespace.name in users:
            raise conflict(f"The namespace {namespace.name} has a workgroup already.")
        made = Workgroup(
            *("workgroup", get("workgroupName"), self.place, get("tags")),
            namespaceName=namespace.name,
            creationDate=datetime.now(UTC),
            baseCapacity=get("baseCapacity") or requests.DEFAULT_CAPACITY,
            port=get("port") or requests.DEFAULT_PORT,
            publiclyAccessible=bool(get("publiclyAccessible")),
            enhancedVpcRouting=False,
            configParameters=[],
            **place,
        )
        if get("maxCapacity"):
            made.described["maxCapacity"] = get("maxCapacity")
        self.workgroups.add(made)
        made.join(namespace, self.region, ec2_backends[self.account][self.region])
        made.change("CREATING", lambda: made.serve(namespace.data))
        return made.answer()

    def _network(self, get: Parameters) -> Described:
        """The subnets and security groups: those of the request, or the default VPC's."""
        ec2 = ec2_backends[self.account][self.region]
        try:
            subnets = network.workgroup_subnets(ec2, get("subnetIds") or [])
            groups = network.security_groups(ec2, subnets[0].vpc_id, get("securityGroupIds") or [])
        except RedshiftClientError as refusal:
            raise invalid(refusal.message) from None
        return {"subnetIds": [each.id for each in subnets], "securityGroupIds": groups}

    def update_workgroup(self, get: Parameters) -> Any:
        """UpdateWorkgroup, of one setting at a time."""
        found = self.workgroups.named(get)
        (setting,) = requests.check_update(get, *requests.CHANGEABLE)
        value = get(setting)
        requests.check_capacity(lambda key: get(key) or found.described.get(key), self.region)
        found.require_available()
        if setting == "securityGroupIds":
            both = found.described | {setting: value}
            value = self._network(both.get)[setting]
        found.described[setting] = value
        return found.modify()

    def delete_workgroup(self, get: Parameters) -> Any:
        """DeleteWorkgroup; the data stay with the namespace."""
        found = self.workgroups.named(get)
        found.require_available()

        def delete() -> None:
            try:
                found.put_data_away()
            finally:
                with STATE_LOCK:
                    self.workgroups.pop(found.name)
                    self.limits.forget(found.arn)

        found.change("DELETING", delete)
        return found.answer()

    def get_credentials(self, get: Parameters, user: str) -> Any:
        """GetCredentials, for the database user that is named after the caller."""
        found, seconds = self.workgroups.named(get), int(get("durationSeconds") or 900)
        if not 900 <= seconds <= 3600:
            raise invalid(f"durationSeconds must be 900 to 3600, not {seconds}.")
        found.require_available()
        assert found.warehouse is not None
        login, password = found.warehouse.users.issue_to_identity(user, seconds)
        expires = datetime.now(UTC) + timedelta(seconds=seconds)
        return {"dbUser": login, "dbPassword": password, "expiration": expires}

    def secret_value(self, arn: str) -> dict[str, str] | None:
        """The managed secret that has this ARN, None if there is none."""
        for each in self.namespaces.values():
            if each.described["adminPasswordSecretArn"] == arn:
                return {"username": each.described["adminUsername"], "password": each.password}
        return None

    def restore_from_snapshot(self, get: Parameters) -> Any:
        """RestoreFromSnapshot: the namespace has the snapshot's data instead of its own."""
        snapshot, namespace = self.snapshots.named(get), self.namespaces.named(get)
        workgroup = self.workgroups.named(get)
        if not get("manageAdminPassword"):
            raise requests.unsupported("namespaces with a password that is not managed")
        if workgroup.described["namespaceName"] != namespace.name:
            raise invalid(f"{workgroup.name} is not the workgroup of {namespace.name}.")
        for each in (snapshot, namespace, workgroup):
            each.require_available()
        namespace.described["adminUsername"] = snapshot.described["adminUsername"]

        def restore() -> None:
            workgroup.put_data_away()
            workgroup.serve(snapshot.data)
            with STATE_LOCK:
                namespace.described["status"] = "AVAILABLE"

        namespace.described["status"] = "MODIFYING"
        workgroup.change("MODIFYING", restore)
        answer = {"snapshotName": snapshot.name, "ownerAccount": self.account}
        return answer | {"namespace": namespace.answer()}

    # Tags.

    def tag_resource(self, get: Parameters) -> Any:
        """TagResource."""
        self.resource(get).tags.update({each["key"]: each["value"] for each in get("tags")})
        return {}

    def list_tags_for_resource(self, get: Parameters) -> Any:
        """ListTagsForResource."""
        return [{"key": key, "value": value} for key, value in self.resource(get).tags.items()]

    def resource(self, get: Parameters) -> Resource:
        """The resource with the ARN. Raises ResourceNotFoundException."""
        arn = get("resourceArn")
        for each in self.all_resources():
            if each.arn == arn:
                return each
        raise not_found(f"There is no resource {arn}.")

    def all_resources(self) -> list[Resource]:
        """What has tags."""
        return [each for kind in self.kinds for each in kind.values()]


_regions: dict[tuple[str, str], Serverless] = {}


def find_region(account: str, region: str) -> Serverless:
    """Redshift Serverless in a region."""
    with STATE_LOCK:
        return _regions.setdefault((account, region), Serverless(account, region))


def groups_in_use(ec2: Any) -> set[str]:
    """The ids of the security groups that workgroups of EC2's region have."""
    found = find_region(ec2.account_id, ec2.region_name).workgroups.values()
    return {group for each in found for group in each.described["securityGroupIds"]}


network.groups_in_use.append(groups_in_use)
