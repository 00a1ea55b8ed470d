"""What can go wrong, and what is said of it.

DwhError            what went wrong and what to do about it; exit code 1, nothing changed
    UsageError      the command line or dwh.cfg is wrong; exit code 2
    UnreachableError  the warehouse's port does not answer
    AwayError       the cluster is in a state that passes, as when it restarts
    RoleError       the cluster cannot take its role, or not yet
    ChecksError     the data failed its checks, nothing was published; exit code 3
"""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence
from typing import Any


class DwhError(Exception):
    """What went wrong, what to do about it, and lines of detail between the two."""

    exit_code = 1

    def __init__(self, what: str, hint: str, details: Sequence[str] = ()) -> None:
        super().__init__(what)
        self.what, self.hint, self.details = what, hint, details


class UsageError(DwhError):
    """The command line or the configuration is wrong."""

    exit_code = 2


class UnreachableError(DwhError):
    """The warehouse's port does not answer."""


class AwayError(DwhError):
    """The cluster cannot be used now, but will be by itself."""


class RoleError(DwhError):
    """The cluster cannot take its role, or not yet."""


class ChecksError(DwhError):
    """The data failed its checks, and nothing was published."""

    exit_code = 3


def explain(error: Exception) -> DwhError:
    """Turn any exception into what went wrong and what to do."""
    if isinstance(error, DwhError):
        return error
    if hasattr(error, "what") and hasattr(error, "hint"):
        return DwhError(error.what, error.hint)
    if isinstance(error, ModuleNotFoundError):
        return DwhError(f"{error.name} is not installed", "pip install -r requirements.txt")
    library = type(error).__module__.partition(".")[0]
    if library in {"botocore", "boto3"}:
        return explain_aws(error)
    if library == "psycopg2":
        return explain_sql(error)
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        from tempfile import gettempdir

        what = f"a disk is full ({error.filename or gettempdir()})"
        return DwhError(what, "make room there; TMPDIR and STATE in dwh.cfg may name another disk")
    if isinstance(error, OSError) and error.filename:
        what = f"cannot write {error.filename} ({error.strerror})"
        return DwhError(what, "check who may write there; STATE is in dwh.cfg")
    what = f"{type(error).__name__}: {first_line(error)}"
    return DwhError(what, "--verbose shows where; running the script again is safe")


# By what AWS says, where its code leaves that open.
MESSAGE_HINTS = {
    "(?i)base ?capacity": (
        "AWS does not take this capacity here",
        "set BASE_CAPACITY = 8 in dwh.cfg, the smallest in regions without 4",
    ),
    "(?i)node type": (
        "AWS does not create such nodes here",
        "choose another NODE_TYPE in dwh.cfg, such as ra3.large",
    ),
    "Signature (expired|not yet current)|TooSkewed": (
        "this machine's clock is wrong",
        "set it: AWS takes requests of the last minutes only",
    ),
    "Invalid header value": (
        "the AWS credentials cannot be sent",
        "there is a line break in one of them: set them again",
    ),
}
AWS_HINTS = {
    "ResourceNotFound": (
        "there is no such workgroup, or what belongs to it",
        "check KIND, IDENTIFIER and REGION, or run python setup_env.py",
    ),
    "ClusterNotFound": (
        "there is no such cluster",
        "check IDENTIFIER and REGION, or run python setup_env.py",
    ),
    "NoCredentialsError|PartialCredentials|CredentialRetrieval|SSO|TokenRetrieval|LoginRefresh": (
        "AWS credentials are missing or incomplete",
        "run `aws configure` or `aws sso login`, or set AWS_PROFILE",
    ),
    "MissingDependency": (
        "the AWS credentials take a package that is not installed",
        "credentials of `aws login` take one more: pip install 'botocore[crt]'",
    ),
    "ConfigParse|ConfigNotFound|InvalidConfig": (
        "AWS's own configuration cannot be used",
        "correct that file, or name another in AWS_CONFIG_FILE",
    ),
    "ProfileNotFound": (
        "AWS_PROFILE names an unknown profile",
        "see `aws configure list-profiles`",
    ),
    "Expired": ("the AWS credentials have expired", "log in again, for instance `aws sso login`"),
    "InvalidClientToken|UnrecognizedClient|SignatureDoesNotMatch|AuthFailure|InvalidAccessKey": (
        "AWS does not accept the credentials",
        "check them with `aws sts get-caller-identity`; a REGION must be enabled in the account",
    ),
    "OptInRequired": ("AWS does not serve this", "enable REGION, or the service, in the account"),
    "SSLError": (
        "the AWS endpoint is not trusted",
        "if a proxy here opens TLS, set AWS_CA_BUNDLE to the file of its certificate authority",
    ),
    "EndpointConnection|ConnectTimeout|ReadTimeout|ConnectionClosed|ProxyConnection": (
        "the AWS endpoint cannot be reached",
        "check REGION and the network; for the sandbox, run python setup_env.py",
    ),
    "Throttl|RequestLimitExceeded|SlowDown": (
        "AWS is asked too often",
        "wait a minute, then run the same command again: it goes on from there",
    ),
    "QuotaExceeded|LimitExceeded": (
        "the account's quota is reached",
        "delete what is not needed, or raise it in the Service Quotas console",
    ),
    "InsufficientClusterCapacity|InsufficientCapacity": (
        "AWS has nothing of this size free now",
        "try again later, or choose another NODE_TYPE, BASE_CAPACITY or REGION in dwh.cfg",
    ),
    "ClusterSubnetGroupNotFound": ("there is no such subnet group", "check SUBNET_GROUP"),
    "InvalidGroup": (
        "there is no such security group",
        "check EXISTING_SECURITY_GROUPS; without any there, run python setup_env.py again",
    ),
    "InvalidSubnetID": ("there is no such subnet", "check SUBNETS in dwh.cfg, and REGION"),
    "InvalidVPCNetworkState|InvalidSubnet": (
        "the VPC does not allow it",
        "see its subnets; where VPC Block Public Access is on, set PUBLICLY_ACCESSIBLE = no",
    ),
    "Unavailable|InternalFailure|InternalError": (
        "AWS has a fault of its own",
        "run the same command again in some minutes; see https://health.aws.amazon.com",
    ),
    "ResponseParserError": (
        "AWS's answer cannot be read",
        "run the script again; if that lasts, look for a proxy that alters answers",
    ),
}


def explain_aws(error: Any) -> DwhError:
    """An error of boto3: by its code when AWS answered, else by its class."""
    response = getattr(error, "response", None)  # none if AWS has not answered
    answer = response.get("Error", {}) if isinstance(response, dict) else {}
    code = answer.get("Code", type(error).__name__)
    if re.search("AccessDenied|UnauthorizedOperation|NotAuthorized", code):
        return explain_denial(error)
    # Further lines, if there are any, quote the request.
    said = (answer.get("Message") or str(error)).strip().partition("\n")[0].rstrip(":")
    for hints, text in ((MESSAGE_HINTS, f"{code}: {said}"), (AWS_HINTS, code)):
        for pattern, (what, hint) in hints.items():
            if re.search(pattern, text):
                return DwhError(f"{what} ({said})", hint)
    return DwhError(first_line(error), "see the message of AWS; running the script again is safe")


# What Redshift reads of EC2 in the caller's name before it creates or restores a cluster.
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonRedshiftFullAccess.html
NETWORK_ACTIONS = (
    "ec2:DescribeAccountAttributes, ec2:DescribeAddresses, ec2:DescribeAvailabilityZones, "
    "ec2:DescribeInternetGateways, ec2:DescribeSecurityGroups, ec2:DescribeSubnets and "
    "ec2:DescribeVpcs"
)
MAKES_CLUSTER = {"CreateCluster", "CreateWorkgroup", "RestoreFromClusterSnapshot"}


def explain_denial(error: Any) -> DwhError:
    """What an operator may not do, and on what."""
    code, operation = error.response["Error"]["Code"], getattr(error, "operation_name", "this")
    if code == "UnauthorizedOperation" and operation in MAKES_CLUSTER:
        hint = "Redshift looks at the network in your name, and AWS does not say what it may not: "
        hint += f"ask for {NETWORK_ACTIONS}, which docs/operator-policy.json holds"
        return DwhError(f"AWS denies {operation}, or what it needs of EC2", hint)
    # IAM calls a resource `role NAME`, S3 puts its ARN in quotes.
    resource = r'(?: on resource: "?((?:role|user|group|policy) [^\s"]+|[^\s"]+))?'
    found = re.search(rf"perform: (\S+){resource}", str(error))
    denied = found[1] if found else operation
    on = f" on {found[2]}" if found and found[2] else ""
    file = "operator-policy-serverless" if "-serverless:" in denied else "operator-policy"
    hint = f"ask for it: docs/{file}.json holds all that the scripts need"
    if operation == "DescribeClusters":
        hint += "; or it has another IDENTIFIER or REGION than dwh.cfg"
    if operation == "GetWorkgroup":  # an analyst's right is to what has the environment's tags
        hint = f"if there is such a workgroup, {hint}; if not, run python setup_env.py"
    if operation == "AssumeRole":
        hint = "ask for docs/analyst-policy.json, or to be one of ANALYSTS in dwh.cfg; if there is "
        hint += "no such role yet, run python setup_env.py"
    if operation == "GetObject":
        # Of a missing file S3 says the same to who may list some prefixes of the bucket only.
        hint = f"if it has gone since it was listed, run the script again; else {hint}"
    if forbidden := re.search(
        "explicit deny in (an?) ([a-z -]+ policy|[a-z ]+ boundary)", str(error)
    ):
        hint = f"{forbidden[1]} {forbidden[2]} forbids it: ask the account's administrators"
    return DwhError(f"AWS denies {denied}{on}", hint)


NOT_CONNECTED = "no connection to the warehouse"
# That the warehouse ends a session, psycopg2 says without its SQLSTATE.
LOST = (
    "^(?!connection to server)"
    ".*(SYSCALL|EOF|closed|reset|timed out|could not (send|receive)|terminating connection)"
)
CONFLICT = "another transaction changed the same tables"
# A serialization failure, a table that came or went since the transaction began, and deadlocks:
# https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation-serializable-isolation-troubleshooting.html
# https://github.com/aws/amazon-redshift-jdbc-driver/issues/147
CONFLICTS = "^(1018|1023)$|^deadlock detected|because of conflict with concurrent transaction"
# What fails while logging in begins with the address that was tried.
CONNECTION_HINTS = {
    "translate host name": (
        NOT_CONNECTED,
        "see this machine's DNS; the address of a new cluster can take some minutes to be known",
    ),
    LOST: (
        "the connection to the warehouse was lost",
        "run the script again: that is safe",
    ),
    "did not log us in": (
        NOT_CONNECTED,
        "it is busy, or has just resumed: run the script again in some minutes",
    ),
    "timeout|timed out|refused|route": (
        NOT_CONNECTED,
        "is your address let in? run python setup_env.py again",
    ),
    "certificate|SSL": (
        NOT_CONNECTED,
        "something between you and the warehouse answers in its place, and was sent no password: "
        "see your proxy, VPN, DNS and clock",
    ),
    "authentication|does not exist": (
        NOT_CONNECTED,
        "USER and DATABASE must be those of the cluster's creation",
    ),
    "": (
        NOT_CONNECTED,
        "run the script again: what was not committed is undone",
    ),
}
SYSTEM_VIEW = r'relation "(stl|stv|svl|svv|svcs|sys|pg)_\w+" does not exist'
SQL_HINTS = {
    "42P01": "check the name; if it is in sql_queries.py, python create_tables.py makes it",
    "42703": "check the name; the columns are in sql_queries.py",
    "42501": "analysts may only read the star; its owner asks with python query.py --admin",
    "42601": "check the statement against Redshift's SQL",
    "25006": "query.py only asks; load with python etl.py",
    "57014": "run the script again",
    "57P01": "the warehouse ended the connection; run the script again",
}


def explain_sql(error: Any) -> DwhError:
    """An error of the warehouse: by its SQLSTATE when it has one, else of the connection."""
    import psycopg2

    what, code = first_line(error), getattr(error, "pgcode", None)
    if is_conflict(error):
        return DwhError(CONFLICT, "run the script again")
    if code is None and isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError):
        said = last_attempt(error)
        general, hint = next(
            known for pattern, known in CONNECTION_HINTS.items() if re.search(pattern, said)
        )
        return DwhError(f"{general} ({said})", hint)
    if re.search(SYSTEM_VIEW, what):
        return DwhError(what, "this warehouse has no such system view: check the name")
    return DwhError(what, SQL_HINTS.get(code or "", "check the statement; nothing was changed"))


def is_conflict(error: Exception) -> bool:
    """Whether two transactions were in each other's way, so that another try may go through."""
    return bool(re.search(CONFLICTS, first_line(error)))


def last_attempt(error: Exception) -> str:
    """What became of the last address, if a host has several and none let us log in."""
    tried = re.findall("(?m)^connection to server .*", str(error))
    return tried[-1] if tried else first_line(error)


def first_line(error: Exception) -> str:
    """The first line of an exception's message."""
    return str(error).strip().partition("\n")[0].removeprefix("ERROR:").strip()
