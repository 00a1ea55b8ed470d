"""The scripts as their users run them, on a sandbox that setup_env.py has started."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from conftest import TRUST
from script_runs import PASSWORD, SCRIPTS, Site, change, make_site, refused

import sql_queries

# The plan, what it costs, and what comes next.
OTHER_LINES = re.compile("Plan |  |Billed: |Run |Next: | \u2500")
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
TAGS = [
    {"Key": "project", "Value": "sparkify-dwh"},
    {"Key": "environment", "Value": "sparkify"},
    {"Key": "region", "Value": "us-west-2"},
]
ROLE, POLICY = "sparkify-redshift-s3", "read-sparkify-data"
BUCKET = "sparkify-dwh-123456789012-us-west-2-an"
Done = subprocess.CompletedProcess[str]


@dataclass
class LoadedSite(Site):
    """A site on which all has run once, and what the scripts said."""

    said: dict[str, Done] = field(default_factory=dict)


@pytest.fixture(scope="module")
def loaded_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadedSite]:
    found = LoadedSite(make_site(tmp_path_factory.mktemp("site")).config)
    for script in SCRIPTS[:4]:
        found.said[script] = found.run(script)
    yield found
    found.run("shutdown_env.py")


def everything(site: Site) -> dict[str, Any]:
    """What there is on AWS, as it is described."""
    iam, ec2, redshift = (site.cloud.client(name) for name in ("iam", "ec2", "redshift"))
    roles = sorted(each["RoleName"] for each in iam.list_roles()["Roles"])
    return {
        "roles": [iam.get_role(RoleName=name)["Role"] | {"RoleLastUsed": None} for name in roles],
        "policies": [iam.list_role_policies(RoleName=name)["PolicyNames"] for name in roles],
        "managed": iam.list_policies(Scope="Local")["Policies"],
        "policy": iam.get_role_policy(RoleName=ROLE, PolicyName=POLICY)["PolicyDocument"],
        "groups": ec2.describe_security_groups()["SecurityGroups"],
        "clusters": redshift.describe_clusters()["Clusters"],
    }


# ---------------------------------------------------------------------------- what is made


def test_role_is_redshifts_and_reads_what_is_configured(loaded_site: LoadedSite) -> None:
    found = everything(loaded_site)
    _, role = found["roles"]
    assert (role["RoleName"], role["Tags"]) == (ROLE, TAGS)
    assert role["AssumeRolePolicyDocument"] == TRUST
    assert (found["policies"], found["managed"]) == ([[POLICY], [POLICY]], [])
    assert found["policy"] == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::events",
                "Condition": {"StringLike": {"s3:prefix": ["log_data*", "paths.json"]}},
            },
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::catalogue",
                "Condition": {"StringLike": {"s3:prefix": ["song_data*"]}},
            },
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": f"arn:aws:s3:::{BUCKET}",
            },
            {
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": [
                    "arn:aws:s3:::events/log_data*",
                    "arn:aws:s3:::events/paths.json",
                    "arn:aws:s3:::catalogue/song_data*",
                    f"arn:aws:s3:::{BUCKET}/*",
                ],
            },
        ],
    }


def test_security_group_opens_one_port_to_one_address(loaded_site: LoadedSite) -> None:
    (group,) = (
        each for each in everything(loaded_site)["groups"] if each["GroupName"] != "default"
    )
    assert (group["GroupName"], group["Tags"]) == ("sparkify-redshift", TAGS)
    (rule,) = group["IpPermissions"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 5439, 5439)
    assert [each["CidrIp"] for each in rule["IpRanges"]] == ["127.0.0.1/32"]
    assert not rule["Ipv6Ranges"] + rule["PrefixListIds"] + rule["UserIdGroupPairs"]


def test_cluster_is_encrypted_and_has_the_role_and_the_group(loaded_site: LoadedSite) -> None:
    found = everything(loaded_site)
    (cluster,) = found["clusters"]
    expected = {
        "ClusterIdentifier": "sparkify",
        "NodeType": "ra3.large",
        "NumberOfNodes": 1,
        "DBName": "sparkify",
        "Encrypted": True,
        "PubliclyAccessible": True,
        "Tags": [*TAGS, {"Key": "port", "Value": "5439"}],
    }
    assert expected.items() <= cluster.items()
    assert [each["IamRoleArn"] for each in cluster["IamRoles"]] == [found["roles"][1]["Arn"]]
    groups = {each["GroupName"]: each["GroupId"] for each in found["groups"]}
    attached = [each["VpcSecurityGroupId"] for each in cluster["VpcSecurityGroups"]]
    assert attached == [groups["sparkify-redshift"]]


def test_setup_says_where_the_warehouse_is(loaded_site: LoadedSite) -> None:
    said = loaded_site.said["setup_env.py"]
    port = loaded_site.cloud.endpoint("sparkify")["Port"]
    assert re.search(rf"(?m)^  endpoint +localhost:{port} *$", said.stdout)
    assert said.stderr.splitlines()[-1] == "Next: python create_tables.py"


# ---------------------------------------------------------------------------- the second run

AGAIN = {
    "setup_env.py": ("  keep +(role|bucket|security group|cluster) .*", 5),
    "create_tables.py": (r"\w+: kept, already there .*", 12),
    "etl.py": ("Every file is loaded already; .*", 1),
    "query.py": ("", 0),
}


@pytest.mark.parametrize("script", AGAIN)
def test_second_run_changes_nothing(loaded_site: LoadedSite, script: str) -> None:
    before = everything(loaded_site), loaded_site.star()
    done = loaded_site.run(script)
    assert (everything(loaded_site), loaded_site.star()) == before
    line, times = AGAIN[script]
    assert len([1 for said in done.stderr.splitlines() if re.fullmatch(line, said)]) == times
    assert "created" not in done.stderr
    assert done.stdout == ("" if script == "etl.py" else loaded_site.said[script].stdout)


def test_rebuilt_star_is_the_same(loaded_site: LoadedSite) -> None:
    before = loaded_site.star()
    rows = [line.split() for line in loaded_site.run("etl.py", "--rebuild").stdout.splitlines()]
    new = {row[0]: int(row[1]) for row in rows if row and row[0] in sql_queries.star_tables}
    after = loaded_site.star()
    assert new == {table: len(found) for table, found in before.items()}
    for star in (before, after):
        star["songplays"] = sorted((row[1:] for row in star["songplays"]), key=repr)
    assert after == before


def test_drop_starts_over(loaded_site: LoadedSite) -> None:
    before = loaded_site.star()
    done = loaded_site.run("create_tables.py", "--drop")
    assert "delete songplays: 3 rows" in done.stderr.splitlines()
    assert not any(loaded_site.star().values())
    loaded_site.run("etl.py")
    after = loaded_site.star()
    plays = [
        sorted((row[1:] for row in star.pop("songplays")), key=repr) for star in (after, before)
    ]
    assert plays[0] == plays[1]
    assert after == before


def remove_policy(site: Site) -> None:
    site.cloud.client("iam").delete_role_policy(RoleName=ROLE, PolicyName=POLICY)


def detach(site: Site) -> None:
    redshift = site.cloud.client("redshift")
    (cluster,) = redshift.describe_clusters()["Clusters"]
    arns = [each["IamRoleArn"] for each in cluster["IamRoles"]]
    redshift.modify_cluster_iam_roles(ClusterIdentifier="sparkify", RemoveIamRoles=arns)


@pytest.mark.parametrize("take_away", [remove_policy, detach])
def test_setup_gives_back_a_right_that_was_lost(
    loaded_site: LoadedSite, take_away: Callable[[Site], None]
) -> None:
    before = everything(loaded_site)
    take_away(loaded_site)
    assert (
        "setup_env.py" in refused("etl.py", "--rebuild", "--config", str(loaded_site.config)).hint
    )
    loaded_site.run("setup_env.py")
    assert everything(loaded_site) == before
    loaded_site.run("etl.py")


OTHERS = [
    {"cluster_NODES": "3", "warehouse_USER": "someone"},
    {"cluster_NODE_TYPE": "ra3.xlplus", "warehouse_DATABASE": "other"},
    {"warehouse_PORT": "5440"},
]


@pytest.mark.parametrize("settings", OTHERS)
def test_cluster_that_differs_from_the_configuration_is_kept(
    loaded_site: LoadedSite, settings: dict[str, str]
) -> None:
    before, own = everything(loaded_site), loaded_site.config.read_text()
    found = refused("setup_env.py", "--config", change(loaded_site.config, **settings))
    loaded_site.config.write_text(own)
    assert found.error.startswith("the cluster sparkify differs from dwh.cfg in what cannot be")
    keys = [line.partition(":")[0] for line in found.details]
    assert sorted(keys) == sorted(key.partition("_")[2] for key in settings)
    assert found.hint.startswith("set dwh.cfg back, or make a new cluster: ")
    assert everything(loaded_site) == before


# ---------------------------------------------------------------------------- what is printed

CSV = [
    ("SELECT user_id, level FROM users ORDER BY 1", "user_id,level\n39,free\n40,paid\n"),
    ("SELECT 1 AS a,\n  NULL AS b,\n  'x,\"y' AS c", 'a,b,c\n1,,"x,""y"\n'),
    ("SELECT '' AS a, NULL AS b, 'x'::CHAR(3) AS c, 'y ' AS d", 'a,b,c,d\n"",,x,y \n'),
    ("SELECT title FROM songs WHERE song_id = 'SO2'", "title\n[red]\x1b[31m\n"),
    ("SELECT user_id FROM users WHERE level = '-- none; COMMIT'", "user_id\n"),
    ("SELECT MIN(start_time) AS first FROM time", "first\n2018-11-01 20:57:10.796000\n"),
]


@pytest.mark.parametrize(("statement", "expected"), CSV)
def test_csv_is_exact(loaded_site: LoadedSite, statement: str, expected: str) -> None:
    done = loaded_site.run("query.py", statement, "--csv")
    assert (done.stdout, done.stderr) == (expected, "")


def test_table_shows_numbers_null_and_unprintable_text(loaded_site: LoadedSite) -> None:
    done = loaded_site.run("query.py", "SELECT song_id, song, 10 AS n FROM songplays ORDER BY 2, 1")
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip(" \u2500")]
    assert [re.split(" {2,}", line) for line in lines] == [
        ["song_id", "song", "n"],
        ["SO1", "The Song", "10"],
        ["SO1", "The Song", "10"],
        ["-", r"[red]\x1b[31m", "10"],
    ]


def test_every_built_in_question_is_answered_under_its_title(loaded_site: LoadedSite) -> None:
    lines = loaded_site.said["query.py"].stdout.splitlines()
    assert [line for line in lines if line in sql_queries.questions] == list(sql_queries.questions)
    rules = [line for line in lines if set(line.strip()) == {"\u2500"}]
    assert len(rules) == len(sql_queries.questions)


@pytest.mark.parametrize("script", SCRIPTS[:4])
def test_pipe_gets_no_colours_and_no_control_characters(
    loaded_site: LoadedSite, script: str
) -> None:
    said = loaded_site.said[script]
    assert not CONTROL.search(said.stdout + said.stderr)


def test_no_password_is_written_down(loaded_site: LoadedSite) -> None:
    files = {path.name: path for path in loaded_site.state.iterdir()} | {
        "dwh.cfg": loaded_site.config
    }
    assert files.keys() == {"sandbox.json", "ca.pem", "log", "lock", "dwh.cfg"}
    del files["ca.pem"]  # a certificate looks like one
    assert not [name for name, path in files.items() if PASSWORD.search(path.read_text())]


def test_progress_goes_to_stderr_and_results_to_stdout(loaded_site: LoadedSite) -> None:
    assert loaded_site.said["create_tables.py"].stdout == ""
    assert loaded_site.said["query.py"].stderr == ""
    for script, title in {"setup_env.py": "Warehouse", "etl.py": "Loaded"}.items():
        said = loaded_site.said[script]
        assert said.stdout.startswith(f"{title}\n")
        steps = [line for line in said.stderr.splitlines() if line and not OTHER_LINES.match(line)]
        assert len(steps) > 3
        assert all(re.fullmatch(r".+: .+ \(\d+\.\d s\)", line) for line in steps)
