"""Redshift Serverless in the running sandbox, as tests use it: a namespace with its workgroup."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg2
from botocore.exceptions import ClientError
from cloud import MASTER, OPEN_TO_TESTS, Cloud
from waiting import wait_until


@dataclass
class ServerlessSite:
    """A namespace and a workgroup, both of the same name."""

    cloud: Cloud
    name: str

    @property
    def api(self) -> Any:
        return self.cloud.client("redshift-serverless")

    def namespace(self) -> dict[str, Any]:
        return dict(self.api.get_namespace(namespaceName=self.name)["namespace"])

    def workgroup(self) -> dict[str, Any]:
        return dict(self.api.get_workgroup(workgroupName=self.name)["workgroup"])

    def create_namespace(self, **settings: Any) -> None:
        request = {"adminUsername": MASTER, "manageAdminPassword": True, "dbName": "dev"}
        self.api.create_namespace(namespaceName=self.name, **request | settings)
        self.wait()

    def create_workgroup(self, **settings: Any) -> None:
        request = {"baseCapacity": 4, "publiclyAccessible": True}
        names = {"namespaceName": self.name, "workgroupName": self.name}
        self.api.create_workgroup(**names, **request | settings)
        self.wait()
        ec2, group = self.cloud.client("ec2"), self.workgroup()["securityGroupIds"][0]
        with suppress(ClientError):  # open already
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[OPEN_TO_TESTS])

    def wait(self) -> None:
        """Wait until what there is has settled."""
        wait_until(self.is_settled, f"{self.name} AVAILABLE")

    def is_settled(self) -> bool:
        found = [
            *self.api.list_namespaces()["namespaces"],
            *self.api.list_workgroups()["workgroups"],
        ]
        mine = [each for each in found if each["namespaceName"] == self.name]
        return all(each["status"] == "AVAILABLE" for each in mine)

    def is_gone(self, kind: str) -> bool:
        found = getattr(self.api, f"list_{kind}s")()[f"{kind}s"]
        return self.name not in [each[f"{kind}Name"] for each in found]

    def delete(self, snapshot: str | None = None) -> None:
        """Delete both, with a final snapshot if it has a name, and wait until they are gone."""
        if not self.is_gone("workgroup"):
            self.delete_workgroup()
        more = {"finalSnapshotName": snapshot} if snapshot else {}
        self.api.delete_namespace(namespaceName=self.name, **more)
        wait_until(lambda: self.is_gone("namespace"), "the end of the namespace")

    def delete_workgroup(self) -> None:
        """Delete the workgroup, and wait until it is gone."""
        self.api.delete_workgroup(workgroupName=self.name)
        wait_until(lambda: self.is_gone("workgroup"), "the end of the workgroup")

    def secret(self) -> dict[str, str]:
        """The administrator's name and password."""
        secrets = self.cloud.client("secretsmanager")
        found = secrets.get_secret_value(SecretId=self.namespace()["adminPasswordSecretArn"])
        return dict(json.loads(found["SecretString"]))

    def connect(self, user: str = "", password: str = "") -> Any:
        """A session, of the administrator by default."""
        secret, endpoint = self.secret(), self.workgroup()["endpoint"]
        session = psycopg2.connect(
            host=endpoint["address"],
            port=endpoint["port"],
            dbname=self.namespace()["dbName"],
            user=user or secret["username"],
            password=password or secret["password"],
            sslmode="verify-full",
            sslrootcert=self.cloud.state.ca_file,
        )
        session.autocommit = True
        return session

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement as the administrator; its rows, if it has any."""
        session = self.connect()
        try:
            cursor = session.cursor()
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []
        finally:
            session.close()
