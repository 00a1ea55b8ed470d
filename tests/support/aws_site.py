"""An environment on a sandbox that stands for AWS, whose answers a test may change."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import BUCKET, EVENT, JSON_PATHS, SONG, SOURCES, Cloud, write_config
from script_runs import Complaint, change, refused_here
from serverless_site import ServerlessSite
from warm_clients import Listener, ignore, listen

import setup_env
import shutdown_env
from dwh.aws import ApiEndpoint, attempt
from dwh.serverless_access import roles_of

HERE = "127.0.0.1/32"
ELSEWHERE = "192.0.2.7/32"
numbers = itertools.count(1)


# What holds for both kinds is tried out on the one; make test-all tries it on the other, too.
BOTH = ["cluster", pytest.param("serverless", marks=pytest.mark.exhaustive)]
each_kind = pytest.mark.parametrize("aws", BOTH, indirect=True)
of_serverless = pytest.mark.parametrize("aws", ["serverless"], indirect=True)


class Aws:
    """The scripts with TARGET = aws, run in this process against the sandbox."""

    def __init__(
        self,
        cloud: Cloud,
        folder: Path,
        patch: pytest.MonkeyPatch,
        name: str | None = None,
        kind: str = "cluster",
    ) -> None:
        self.cloud, self.patch, self.kind = cloud, patch, kind
        self.name = name or f"env-{next(numbers):03}"
        self.config = write_config(folder / "dwh.cfg", self.settings())
        self._listeners: list[tuple[str, Listener]] = []
        for name, value in self.variables.items():
            patch.setenv(name, value)
        patch.setattr("certifi.where", lambda: cloud.state.ca_file)
        address = ApiEndpoint({}, f"{cloud.state.endpoint_url}/checkip", "", {})
        patch.setattr("dwh.reachability.find_endpoint", lambda _: address)
        patch.setattr("shutdown_env.SWEEP_SECONDS", 0.3)

    def settings(self) -> dict[str, str]:
        return {
            "TARGET": "aws",
            "KIND": self.kind,
            "IDENTIFIER": self.name,
            "ROLE": self.name,
            "ANALYST_ROLE": self.analyst,
            "SECURITY_GROUP": self.name,
            "CLIENT_ADDRESS": HERE,
            "TIMEOUT_MINUTES": "1",
            "LOG_DATA": f"s3://{SOURCES}/log_data",
            "SONG_DATA": f"s3://{SOURCES}/song_data",
            "LOG_JSON_PATHS": f"s3://{SOURCES}/paths.json",
        }

    @property
    def analyst(self) -> str:
        """The name of the analysts' role."""
        return f"{self.name}-analyst"

    @property
    def variables(self) -> dict[str, str]:
        """What makes the sandbox AWS for boto3."""
        return {
            "AWS_ENDPOINT_URL": self.cloud.state.endpoint_url,
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "https_proxy": "http://[::1]:1",  # nobody listens: nothing goes to the internet
        }

    def listen(self, event: str, listener: Listener) -> None:
        """Have a listener called for an event of every client that the scripts make."""
        self._listeners.append((event, listener))
        listen(event, listener)

    def listen_no_more(self) -> None:
        while self._listeners:
            ignore(*self._listeners.pop())

    def refuse(self, operation: str, *answers: tuple[str, str]) -> list[str]:
        """Answer so the first calls of an operation; the list grows by one with each call."""
        calls: list[str] = []

        def answer(**_: Any) -> Any:
            calls.append(operation)
            if len(calls) > len(answers):
                return None
            return refusal(*answers[len(calls) - 1])

        self.listen(f"before-call.{operation}", answer)
        return calls

    def run(self, script: Any, *options: str) -> None:
        """Run a script that must succeed."""
        assert script.main(self.arguments(script, *options)) == 0

    def arguments(self, script: Any, *options: str) -> list[str]:
        """The command line of a script; setup_env.py is told not to ask."""
        yes = ["--yes"] if script is setup_env else []
        return [*options, *yes, "--config", str(self.config)]

    def take_down(self) -> None:
        """Delete all that is left of the environment, and its snapshots."""
        self.listen_no_more()
        self.run(shutdown_env, "--yes", "--no-snapshot")
        for snapshot in self.snapshots:
            self.delete_snapshot(snapshot)

    def delete_snapshot(self, name: str) -> None:
        if self.kind == "cluster":
            redshift = self.cloud.client("redshift")
            redshift.delete_cluster_snapshot(SnapshotIdentifier=name)
        else:
            self.serverless.api.delete_snapshot(snapshotName=name)

    def set_up(self, *options: str) -> None:
        self.run(setup_env, *options)

    def change(self, **settings: str) -> None:
        change(self.config, **settings)

    def put_files(self) -> None:
        """Put an event and a song in S3, and name them in the configuration."""
        s3 = self.cloud.client("s3")
        files = {"log_data/1": EVENT, "song_data/1": SONG, "paths.json": JSON_PATHS}
        for name, record in files.items():
            s3.put_object(Bucket=BUCKET, Key=f"{self.name}/{name}", Body=json.dumps(record))
        folder = f"s3://{BUCKET}/{self.name}"
        self.change(
            s3_LOG_DATA=f"{folder}/log_data",
            s3_SONG_DATA=f"{folder}/song_data",
            s3_LOG_JSON_PATHS=f"{folder}/paths.json",
        )

    # ------------------------------------------------------------------ what is there

    @property
    def bucket(self) -> str:
        """The name of the bucket for lists of files."""
        return f"{self.name}-dwh-123456789012-us-west-2-an"

    @property
    def buckets(self) -> list[str]:
        """The names of all buckets that have the environment's own in theirs."""
        names = [each["Name"] for each in self.cloud.client("s3").list_buckets()["Buckets"]]
        return [each for each in names if self.name in each]

    @property
    def cluster(self) -> dict[str, Any]:
        redshift = self.cloud.client("redshift")
        return dict(redshift.describe_clusters(ClusterIdentifier=self.name)["Clusters"][0])

    @property
    def serverless(self) -> ServerlessSite:
        """The namespace and the workgroup."""
        return ServerlessSite(self.cloud, self.name)

    @property
    def resources(self) -> list[str]:
        """What the plan calls the parts of the warehouse, in the order in which they are made."""
        if self.kind == "cluster":
            return [f"cluster {self.name}"]
        return [f"namespace {self.name}", f"workgroup {self.name}", "daily limit"]

    @property
    def is_public(self) -> bool:
        if self.kind == "cluster":
            return bool(self.cluster["PubliclyAccessible"])
        return bool(self.serverless.workgroup()["publiclyAccessible"])

    @property
    def snapshots(self) -> list[str]:
        if self.kind != "cluster":
            found = self.serverless.api.list_snapshots(namespaceName=self.name)["snapshots"]
            return [each["snapshotName"] for each in found]
        describe = self.cloud.client("redshift").describe_cluster_snapshots
        found = describe(ClusterIdentifier=self.name, SnapshotType="manual")["Snapshots"]
        return [each["SnapshotIdentifier"] for each in found]

    @property
    def attached(self) -> list[str]:
        if self.kind == "cluster":
            return sorted(each["IamRoleArn"] for each in self.cluster["IamRoles"])
        return sorted(roles_of(self.serverless.namespace()))

    def attach(self, arns: list[str]) -> None:
        """Let the warehouse have these roles and no others."""
        if self.kind == "cluster":
            added, removed = set(arns) - set(self.attached), set(self.attached) - set(arns)
            modify = self.cloud.client("redshift").modify_cluster_iam_roles
            both = {"AddIamRoles": sorted(added), "RemoveIamRoles": sorted(removed)}
            modify(ClusterIdentifier=self.name, **both)
        else:
            self.serverless.api.update_namespace(namespaceName=self.name, iamRoles=arns)
            self.serverless.wait()

    def modify(self, public: bool | None = None, groups: list[str] | None = None) -> None:
        """Change who gets in to the warehouse."""
        if self.kind == "cluster":
            names, modify = ("PubliclyAccessible", "VpcSecurityGroupIds"), self._modify_cluster
        else:
            names, modify = ("publiclyAccessible", "securityGroupIds"), self._modify_workgroup
        for name, value in zip(names, (public, groups), strict=True):
            if value is not None:
                modify(**{name: value})

    def _modify_cluster(self, **settings: Any) -> None:
        self.cloud.client("redshift").modify_cluster(ClusterIdentifier=self.name, **settings)

    def _modify_workgroup(self, **settings: Any) -> None:
        self.serverless.api.update_workgroup(workgroupName=self.name, **settings)
        self.serverless.wait()

    def group(self, name: str | None = None) -> dict[str, Any]:
        named = [{"Name": "group-name", "Values": [name or self.name]}]
        found = self.cloud.client("ec2").describe_security_groups(Filters=named)
        return dict(found["SecurityGroups"][0])

    def rules(self) -> list[tuple[int, str]]:
        """The ports that the group opens, and to whom."""
        return [
            (permission["FromPort"], source.get("CidrIp") or source.get("CidrIpv6"))
            for permission in self.group()["IpPermissions"]
            for source in [*permission["IpRanges"], *permission["Ipv6Ranges"]]
        ]

    def role_arn(self, name: str | None = None) -> str:
        return str(self.cloud.client("iam").get_role(RoleName=name or self.name)["Role"]["Arn"])

    def environment(self) -> dict[str, Any]:
        """All that is there under our names and tags, without ids and times."""
        iam, ec2, redshift, s3 = map(self.cloud.client, ("iam", "ec2", "redshift", "s3"))
        roles = iam.list_roles()["Roles"]
        groups = ec2.describe_security_groups()["SecurityGroups"]
        clusters = redshift.describe_clusters()["Clusters"]
        ids = {group["GroupId"]: group["GroupName"] for group in groups}
        found = {
            "roles": [describe_role(iam, each["RoleName"]) for each in roles],
            "groups": [describe_group(ec2, each) for each in groups],
            "clusters": [describe_cluster(each, ids) for each in clusters],
            "buckets": [describe_bucket(s3, name) for name in self.buckets],
            "serverless": describe_serverless(self.cloud.client("redshift-serverless"), ids),
        }
        return {
            kind: sorted((one for one in each if self.name in str(one)), key=str)
            for kind, each in found.items()
        }


def told(aws: Aws, script: Any, *options: str, said: pytest.CaptureFixture[str]) -> Complaint:
    """What a script says that must fail; neither line leaves anything open."""
    found = refused_here(script, *aws.arguments(script, *options), said=said)
    for line in (found.error, found.hint):
        assert line.count("(") == line.count(")"), line
        assert not re.search(r"None|[{}]|[:,(]$", line), line
    return found


def describe_role(iam: Any, name: str) -> dict[str, Any]:
    found = iam.get_role(RoleName=name)["Role"]
    policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
    return {
        "name": name,
        "path": found["Path"],
        "trust": found["AssumeRolePolicyDocument"],
        "tags": found.get("Tags"),
        "policies": {
            each: iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"]
            for each in policies
        },
        "attached": iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"],
    }


def describe_bucket(s3: Any, name: str) -> dict[str, Any]:
    unset = ["NoSuchTagSet", "NoSuchPublicAccessBlockConfiguration"]
    unset.append("ServerSideEncryptionConfigurationNotFoundError")
    calls = (s3.get_bucket_tagging, s3.get_public_access_block, s3.get_bucket_encryption)
    found = [attempt(" ".join(unset), call, Bucket=name) or {} for call in calls]
    settings = [
        each for answer in found for key, each in answer.items() if key != "ResponseMetadata"
    ]
    return {"name": name, "settings": settings}


def describe_group(ec2: Any, group: Mapping[str, Any]) -> dict[str, Any]:
    filters = [{"Name": "group-id", "Values": [group["GroupId"]]}]
    rules = ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
    kept = ("IsEgress", "IpProtocol", "FromPort", "ToPort", "CidrIpv4", "CidrIpv6")
    return {
        "name": group["GroupName"],
        "tags": group.get("Tags"),
        "rules": sorted(str([rule.get(key) for key in kept]) for rule in rules),
    }


def describe_cluster(cluster: Mapping[str, Any], groups: Mapping[str, str]) -> dict[str, Any]:
    kept = [
        *("ClusterIdentifier", "ClusterStatus", "NodeType", "NumberOfNodes", "DBName"),
        *("MasterUsername", "Encrypted", "PubliclyAccessible"),
    ]
    return {key: cluster[key] for key in kept} | {
        "Tags": sorted(cluster["Tags"], key=lambda tag: str(tag["Key"])),
        "roles": sorted(each["IamRoleArn"] for each in cluster["IamRoles"]),
        "groups": [groups[each["VpcSecurityGroupId"]] for each in cluster["VpcSecurityGroups"]],
    }


def describe_serverless(api: Any, groups: Mapping[str, str]) -> list[dict[str, Any]]:
    """The namespaces and workgroups without ids and times, and the limits of the workgroups."""
    found = []
    for each in [*api.list_namespaces()["namespaces"], *api.list_workgroups()["workgroups"]]:
        arn = each.get("workgroupArn") or each["namespaceArn"]
        kept = [
            *("namespaceName", "workgroupName", "status", "dbName", "adminUsername", "iamRoles"),
            *("baseCapacity", "maxCapacity", "port", "publiclyAccessible", "subnetIds"),
        ]
        limits = api.list_usage_limits(resourceArn=arn)["usageLimits"]
        tags = api.list_tags_for_resource(resourceArn=arn)["tags"]
        found.append(
            {key: each[key] for key in kept if key in each}
            | {
                "tags": sorted((tag["key"], tag["value"]) for tag in tags),
                "groups": [groups[group] for group in each.get("securityGroupIds", [])],
                "limits": [(limit["amount"], limit["breachAction"]) for limit in limits],
            }
        )
    return found


def refusal(code: str, message: str) -> tuple[Any, dict[str, Any]]:
    """An answer of AWS that is an error, for a listener to return."""
    error = {"Error": {"Code": code, "Message": message}}
    return SimpleNamespace(status_code=400, headers={}), error


def is_change(operation: str) -> bool:
    """Whether an API call changes something."""
    return not re.match("Describe|Get|List", operation)
