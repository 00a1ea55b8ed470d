"""No secret leaves the scripts, whatever way they end, at their most talkative."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from aws_site import Aws
from conftest import ROOT
from interference import interfere
from script_runs import SCRIPTS, environment
from secret_search import Search

# What the processes do besides: keep the passwords that AWS gives out, and who signs the calls.
KEEP = """
import os
import re
from io import BytesIO
from types import SimpleNamespace

from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session

def keep(kind, text):
    with open({kept!r} + "/" + kind, "a") as file:
        file.write(str(text) + "\\n")

def keep_password(parsed, **_):
    keep("passwords", parsed.get("DbPassword"))

def keep_session(parsed, **_):
    for name in ("SecretAccessKey", "SessionToken"):
        keep("passwords", parsed["Credentials"][name])

def deny(**_):
    error = {{"Code": "AccessDenied", "Message": "no"}}
    return SimpleNamespace(status_code=403, headers={{}}), {{"Error": error}}

def lead_astray(parsed, **_):
    parsed["Clusters"][0]["Endpoint"]["Port"] = 1

class Body(BytesIO):
    def stream(self, *_, **__):
        yield self.read()

def garble(request, **_):
    found = URLLib3Session().send(request)
    keep("passwords", re.search("<DbPassword>(.*?)</DbPassword>", found.text)[1])
    return AWSResponse(request.url, 200, found.headers, Body(found.content[:-20]))

def quote(request, **_):
    error = "<Code>SignatureDoesNotMatch</Code><Message>no match\\n\\n{{}}</Message>"
    text = error.format(request.headers["X-Amz-Security-Token"])
    body = "<ErrorResponse><Error>" + text + "</Error></ErrorResponse>"
    return AWSResponse(request.url, 403, {{}}, Body(body.encode()))

FAULTS = {{
    "quoted": [("before-send.redshift.DescribeClusters", quote)],
    "denied": [("before-call", deny)],
    "wrong password": [(
        "after-call.redshift.GetClusterCredentials",
        lambda parsed, **_: parsed.update(DbPassword={wrong!r}),
    )],
    "unreachable": [("after-call.redshift.DescribeClusters", lead_astray)],
    "garbled": [("before-send.redshift.GetClusterCredentialsWithIAM", garble)],
}}
BUILTIN_HANDLERS += [
    ("before-send", lambda request, **_: keep("signers", dict(request.headers))),
    ("after-call.redshift.GetClusterCredentials", keep_password),
    ("after-call.redshift.GetClusterCredentialsWithIAM", keep_password),
    ("after-call.sts.AssumeRole", keep_session),
    *FAULTS.get(os.environ.get("FAULT"), []),
]
"""
OWN = {
    "access key": "canary-key-by-variable",
    "secret key": "canary-secret-by-variable",
    "session token": "canary-token-by-variable",
}
PROFILE = {
    "key of the profile": "canary-key-by-profile",
    "secret of the profile": "canary-secret-by-profile",
    "token of the profile": "canary-token-by-profile",
}
WRONG = "canary-password-that-is-wrong"
NAMES = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")


@dataclass
class Watched:
    """An environment whose scripts are watched, and the folder where the secrets themselves are."""

    aws: Aws
    search: Search
    kept: Path
    variables: dict[str, str]

    def run(self, title: str, script: str, *arguments: str, **variables: str) -> int:
        command = (str(ROOT / script), "--verbose", "--config", str(self.aws.config), *arguments)
        return self.search.run(title, *command, env=self.variables | variables)

    def passwords(self) -> list[str]:
        return (self.kept / "passwords").read_text().split()

    def secrets(self) -> Mapping[str, str]:
        given = {f"password {n}": each for n, each in enumerate(self.passwords())}
        return OWN | PROFILE | given | {"wrong password": WRONG}


def watch(aws: Aws, tmp_path: Path) -> Watched:
    kept = tmp_path / "kept"
    kept.mkdir()
    variables = interfere(aws, kept, KEEP.format(kept=str(kept), wrong=WRONG))
    keys = {name.upper(): value for name, value in zip(NAMES, OWN.values(), strict=True)}
    lines = [f"{name} = {value}" for name, value in zip(NAMES, PROFILE.values(), strict=True)]
    (kept / "config").write_text("\n".join(["[profile canary]", *lines]))
    variables |= keys | {"AWS_CONFIG_FILE": str(kept / "config")}
    return Watched(aws, Search(tmp_path, kept, aws.cloud.state), kept, environment(variables))


@pytest.fixture
def watched(site: Aws, tmp_path: Path) -> Watched:
    return watch(site, tmp_path)


def by_profile(watched: Watched) -> None:
    for name in NAMES:
        del watched.variables[name.upper()]
    watched.variables["AWS_PROFILE"] = "canary"


def test_scripts_that_succeed_leave_no_secret_anywhere(aws: Aws, tmp_path: Path) -> None:
    watched = watch(aws, tmp_path)
    aws.put_files()
    for script in SCRIPTS:
        if script == "shutdown_env.py":
            by_profile(watched)
        options = ["--yes"] if script in {"setup_env.py", "shutdown_env.py"} else []
        assert watched.run(script, script, *options) == 0, watched.search.shown
    assert len(watched.passwords()) == 6
    signers = (watched.kept / "signers").read_text()
    for each in (OWN, PROFILE):
        key, _, token = each.values()
        assert f"Credential={key}/" in signers
        assert token in signers
    assert watched.search.leaks(watched.secrets()) == []


# Script, its fault, its arguments, its exit code.
FAILING = [
    ("shutdown_env.py", "denied", [], 1),
    ("create_tables.py", "wrong password", [], 1),
    ("setup_env.py", "unreachable", [], 1),
    ("query.py", "garbled", [], 1),
    ("query.py", "quoted", [], 1),
    ("query.py", "", ["SELECT nope"], 1),
    ("etl.py", "", [], 1),
    ("query.py", "bad configuration", ["--config", "bad.cfg"], 2),
]
OTHERS = [
    *((script, "denied", [], 1) for script in SCRIPTS[:4]),
    ("etl.py", "wrong password", [], 1),
    ("query.py", "unreachable", [], 1),
    *(
        (script, "bad configuration", ["--config", "bad.cfg"], 2)
        for script in SCRIPTS
        if script != "query.py"
    ),
]


@pytest.mark.parametrize(
    ("cases", "passwords"), [(FAILING, 11), pytest.param(OTHERS, 4, marks=pytest.mark.exhaustive)]
)
def test_scripts_that_fail_leave_no_secret_anywhere(
    watched: Watched, cases: list[tuple[str, str, list[str], int]], passwords: int
) -> None:
    by_profile(watched)
    (watched.search.home / "bad.cfg").write_text("[target]\nTARGET = nowhere\n")

    def fail(case: tuple[str, str, list[str], int]) -> None:
        script, fault, arguments, code = case
        title = f"{script} {fault} {arguments}"
        found = watched.run(title, script, *arguments, FAULT=fault)
        said = watched.search.shown[f"{title}, stderr"]
        assert (found, " error: " in said) == (code, True), said

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(fail, cases))
    assert len(watched.passwords()) == passwords
    assert WRONG not in watched.passwords()
    assert watched.search.leaks(watched.secrets()) == []


LEAKING = """
import os, subprocess, sys
import boto3
secret = os.environ["AWS_SECRET_ACCESS_KEY"]
redshift = boto3.client("redshift", "us-west-2")
asked = dict(ClusterIdentifier={name!r}, DbUser="sparkify_admin")
password = redshift.get_cluster_credentials(**asked)["DbPassword"]
print("as it is:", password)
print(dict(os.environ), file=sys.stderr)
open("left", "w").write(secret)
subprocess.run([sys.executable, "-c", "import time; time.sleep(0.5)", secret])
raise ValueError(password)
"""


def test_search_finds_what_a_script_leaks(watched: Watched) -> None:
    program = watched.kept / "leaking.py"
    program.write_text(LEAKING.format(name=watched.aws.name))
    watched.search.run("leaking", str(program), env=watched.variables)
    found = {
        each.replace(str(watched.search.home), "")
        for each in watched.search.leaks(watched.secrets())
    }
    assert found == {
        "password 0 in leaking, stdout",
        "password 0 in leaking, stderr",
        *(f"{name} in leaking, stderr" for name in OWN),
        "secret key in /left",
        "secret key in leaking, arguments",
    }
