"""Of the services that it has, the sandbox does what its table lists, and refuses all else."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from base64 import b64encode
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.serialize import create_serializer
from botocore.session import get_session
from conftest import ANYBODY_HERE, BUCKET, REGION, Cloud
from operators import ACCOUNT, Operator, new_operator, statement
from werkzeug.test import create_environ

from sandbox.aws.asked import read
from sandbox.aws.offered import FILTERS, HARMLESS, OPERATIONS, WITHOUT

# Read by themselves: clients of S3 change the paths in theirs.
MODELS = {each: get_session().get_service_model(each) for each in OPERATIONS}
REFUSALS = {
    "ec2": (400, "UnsupportedOperation"),
    "iam": (400, "InvalidAction"),
    "redshift": (400, "UnsupportedOperation"),
    "redshift-serverless": (400, "UnsupportedOperation"),
    "s3": (501, "NotImplemented"),
    "secretsmanager": (400, "UnsupportedOperation"),
    "sts": (400, "InvalidAction"),
}
# As ListBuckets, but signed for S3 Express.
AT_OTHER_HOSTS = {"ListDirectoryBuckets"}
# What moto does not know, and what it would invent.
NOT_DONE = [
    ("ec2", "RunInstances"),
    ("ec2", "DescribeInternetGateways"),
    ("ec2", "DescribeVerifiedAccessGroups"),
    ("iam", "UploadServerCertificate"),
    ("iam", "ListServerCertificateTags"),
    ("redshift", "CreateSnapshotSchedule"),
    ("redshift", "EnableLogging"),
    ("redshift-serverless", "CreateSnapshot"),
    ("s3", "GetObjectTorrent"),
    ("s3", "PutBucketWebsite"),
    ("s3", "RestoreObject"),
    ("s3", "SelectObjectContent"),
    ("secretsmanager", "CreateSecret"),
    ("sts", "GetSessionToken"),
]


def members(service: str, operation: str) -> set[str]:
    """The names of the parameters of an operation, at any depth, and the operation before them."""
    shape = MODELS[service].operation_model(operation).input_shape
    found: set[str] = set()

    def look(shape: Any, seen: tuple[str, ...]) -> None:
        if shape.type_name == "list":
            look(shape.member, seen)
        elif shape.type_name == "structure" and shape.name not in seen:
            for name, each in shape.members.items():
                found.add(name)
                look(each, (*seen, shape.name))

    if shape:
        look(shape, ())
    return found | {f"{operation}.{name}" for name in found}


@pytest.mark.parametrize("service", OPERATIONS)
def test_every_name_in_the_tables_is_one_of_aws(service: str) -> None:
    known = set(MODELS[service].operation_names)
    assert known >= OPERATIONS[service]
    taken = set().union(*(members(service, each) for each in OPERATIONS[service]))
    assert taken >= WITHOUT[service]


def test_every_value_and_filter_is_of_something_in_the_tables() -> None:
    named = {each.rpartition(".")[2] for names in WITHOUT.values() for each in names}
    assert named >= HARMLESS.keys()
    filtering = {each for each in OPERATIONS["ec2"] if "Filters" in members("ec2", each)}
    assert filtering == FILTERS.keys()


def example(shape: Any) -> Any:
    """A value that boto3 takes for a parameter."""
    if shape.type_name == "structure":
        return {name: example(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [example(shape.member)]
    kinds = {"map": {}, "boolean": True, "timestamp": 0, "blob": b"x"}
    kinds |= dict.fromkeys(("integer", "long", "float", "double"), 1)
    return kinds.get(shape.type_name, (shape.metadata.get("enum") or ["x" * 20])[0])


def least_request(service: str, operation: str) -> dict[str, Any]:
    """The least that boto3 takes for an operation."""
    shape = MODELS[service].operation_model(operation).input_shape
    return dict(example(shape)) if shape else {}


def environ(service: str, operation: str) -> dict[str, Any]:
    """The request for an operation as a server sees it."""
    model = MODELS[service]
    make = create_serializer(model.metadata["protocol"], False).serialize_to_request
    made = make(least_request(service, operation), model.operation_model(operation))
    body = urlencode(made["body"]) if isinstance(made["body"], dict) else made["body"]
    scope = f"Credential=k/20260101/{REGION}/{service}/aws4_request"
    headers = {**made["headers"], "Authorization": f"AWS4-HMAC-SHA256 {scope}"}
    path, _, query = made["url_path"].partition("?")
    found = create_environ(path, method=made["method"], headers=headers, data=body)
    asked_for = urlencode(made["query_string"] or {})
    return found | {"QUERY_STRING": "&".join(filter(None, (query, asked_for)))}


@pytest.mark.parametrize("service", OPERATIONS)
def test_each_operation_of_aws_is_offered_or_not_as_the_table_says(service: str) -> None:
    for operation in {*MODELS[service].operation_names} - AT_OTHER_HOSTS:
        found, asked = read(environ(service, operation))
        assert found == service
        assert (asked in OPERATIONS[service]) == (operation in OPERATIONS[service]), operation


OFFERED = [(service, each) for service, names in OPERATIONS.items() for each in sorted(names)]
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}


@pytest.fixture(scope="module")
def powerless(cloud: Cloud) -> Operator:
    return new_operator(cloud)


@pytest.mark.parametrize(("service", "operation"), OFFERED)
def test_operation_that_is_offered_is_a_matter_of_policies(
    powerless: Operator, service: str, operation: str
) -> None:
    client = powerless.client(service)
    request = least_request(service, operation)
    if operation == "GetCallerIdentity":
        assert client.get_caller_identity()["Arn"] == powerless.arn
    elif operation == "DeleteObjects":
        request = {"Bucket": BUCKET, "Delete": {"Objects": [{"Key": "k"}]}}
        assert client.delete_objects(**request)["Errors"][0]["Code"] in DENIED
    else:
        assert powerless.refusal(service, xform_name(operation), **request)[1] in DENIED


@pytest.mark.parametrize(("service", "operation"), NOT_DONE)
def test_operation_that_is_not_offered_is_refused(
    cloud: Cloud, service: str, operation: str
) -> None:
    with pytest.raises(ClientError) as refusal:
        getattr(cloud.client(service), xform_name(operation))(**least_request(service, operation))
    answer = refusal.value.response
    assert answer["Error"]["Message"] == f"The sandbox does not do {operation}."
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    assert (status, answer["Error"]["Code"]) == REFUSALS[service]


def test_what_is_no_operation_of_aws_is_refused(cloud: Cloud) -> None:
    url = f"{cloud.state.endpoint_url}/{BUCKET}/key"
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(urllib.request.Request(url, method="PATCH"))
    assert answer.value.code == 501
    assert f"does not do PATCH /{BUCKET}/key" in answer.value.read().decode()


OBJECT = {"Bucket": BUCKET, "Key": "offered"}
COPY = OBJECT | {"CopySource": f"{BUCKET}/offered"}
ROLE = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "RoleSessionName": "session"}
VERSIONS = {"Bucket": BUCKET, "VersioningConfiguration": {"MFADelete": "Enabled"}}
A_FILTER = {"Filters": [{"Name": "unknown", "Values": ["a"]}]}
A_TAG = [{"Key": "a", "Value": "b"}]
# What is named in the refusal of each request.
LEFT_OUT = [
    ("ec2", "describe_security_groups", A_FILTER, "filter unknown"),
    ("ec2", "describe_tags", A_FILTER, "filter unknown"),
    ("ec2", "describe_vpcs", A_FILTER, "filter unknown"),
    (
        "ec2",
        "authorize_security_group_ingress",
        {"GroupId": "sg-1", "SourceSecurityGroupName": "a"},
        "SourceSecurityGroupName",
    ),
    ("iam", "list_groups", {"PathPrefix": "/a/"}, "PathPrefix"),
    ("redshift", "describe_tags", {"TagKeys": ["a"]}, "TagKeys"),
    ("s3", "copy_object", COPY | {"CopySourceIfModifiedSince": 0}, "CopySourceIfModifiedSince"),
    ("s3", "put_bucket_versioning", VERSIONS, "MFADelete"),
    ("s3", "put_object", OBJECT | {"ACL": "public-read"}, "ACL"),
    ("s3", "put_object", OBJECT | {"ServerSideEncryption": "aws:kms"}, "ServerSideEncryption"),
    ("sts", "assume_role", ROLE | {"Tags": A_TAG}, "Tags"),
]
CODES = {"iam": "ValidationError", "s3": "NotImplemented", "sts": "ValidationError"}


@pytest.mark.parametrize(("service", "operation", "request_", "name"), LEFT_OUT)
def test_parameter_that_would_be_passed_over_is_refused(
    cloud: Cloud, service: str, operation: str, request_: dict[str, Any], name: str
) -> None:
    if service == "sts":
        role = cloud.create_role("offered", ANYBODY_HERE)
        request_ |= {"RoleArn": role}
    with pytest.raises(ClientError) as refusal:
        getattr(cloud.client(service), operation)(**request_)
    error = refusal.value.response["Error"]
    assert error["Message"] == f"The sandbox has no {name}."
    assert error["Code"] == CODES.get(service, "UnsupportedOperation")


def test_value_that_changes_nothing_is_taken(cloud: Cloud) -> None:
    request = OBJECT | {"ACL": "private", "ServerSideEncryption": "AES256", "Body": b"a"}
    assert cloud.client("s3").put_object(**request)["ServerSideEncryption"] == "AES256"


def test_dry_run_tells_who_is_allowed_and_changes_nothing(cloud: Cloud) -> None:
    operator = new_operator(cloud)
    request: dict[str, Any] = {"CidrBlock": "10.9.0.0/16", "DryRun": True}
    assert operator.refusal("ec2", "create_vpc", **request)[1] == "UnauthorizedOperation"
    operator.may(statement("ec2:CreateVpc"))
    assert operator.refusal("ec2", "create_vpc", **request)[:2] == (412, "DryRunOperation")
    vpcs = cloud.client("ec2").describe_vpcs()["Vpcs"]
    assert "10.9.0.0/16" not in [each["CidrBlock"] for each in vpcs]


def test_bucket_of_another_owner_than_expected_is_denied(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    s3.list_objects_v2(Bucket=BUCKET, ExpectedBucketOwner=ACCOUNT)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.list_objects_v2(Bucket=BUCKET, ExpectedBucketOwner="1" * 12)


WRONG = b64encode(hashlib.sha256(b"another").digest()).decode()
WRONG_DIGESTS = {"ContentMD5": b64encode(b"0" * 16).decode(), "ChecksumSHA256": WRONG}


@pytest.mark.parametrize(("name", "value"), WRONG_DIGESTS.items())
def test_body_with_another_digest_than_given_is_refused(
    cloud: Cloud, name: str, value: str
) -> None:
    s3 = cloud.client("s3")
    with pytest.raises(ClientError, match="BadDigest"):
        s3.put_object(Bucket=BUCKET, Key="offered-digest", Body=b"a", **{name: value})
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="offered-digest")


def test_copy_is_made_of_the_source_that_is_meant(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    etag = s3.put_object(**OBJECT, Body=b"a")["ETag"]
    for wrong in ({"CopySourceIfMatch": '"another"'}, {"CopySourceIfNoneMatch": etag}):
        with pytest.raises(ClientError, match="PreconditionFailed"):
            s3.copy_object(**COPY, **wrong)
    part = {"UploadId": s3.create_multipart_upload(**OBJECT)["UploadId"], "PartNumber": 1}
    assert s3.upload_part_copy(**COPY, **part, CopySourceIfMatch=etag)["CopyPartResult"]
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.upload_part_copy(**COPY, **part, CopySourceIfMatch='"another"')
