"""What dwh.cfg may say, and what is said of the rest."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from conftest import ROOT, write_config
from script_runs import change

from dwh.config import Config, load_config
from dwh.errors import UsageError
from dwh.target import SANDBOX


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path / "dwh.cfg", {})


def fault(config: Path) -> str:
    """The one fault of a configuration."""
    with pytest.raises(UsageError) as caught:
        load_config(config)
    assert not caught.value.details
    assert caught.value.hint == "correct dwh.cfg: a comment above each key says what it means"
    return caught.value.what.removeprefix("dwh.cfg: ")


PORT = "must be a number, 5431 to 5455 or 8191 to 8215"
BUCKET = (
    "must be s3://bucket/prefix, bucket of 3 to 63 characters and no reserved name, "
    "no wildcards or blanks"
)
NAME = "must be 1 to 63 lower-case letters, digits and single hyphens, first a letter, .*"
A_REGION = "must be a region such as us-west-2, not of China's or the governments' own AWS"
NO_BUCKETS = f"{A_REGION}, and neither me-south-1 nor me-central-1, where .*"
RANGE = "must be auto or a range such as 203.0.113.7/32"
BAD = [
    ("target_TARGET", "local", "must be sandbox or aws"),
    ("target_TARGET", "AWS", "must be sandbox or aws"),
    ("aws_REGION", "cn-north-1", A_REGION),
    ("aws_REGION", "us-gov-west-1", A_REGION),
    ("aws_REGION", "Oregon", A_REGION),
    ("warehouse_IDENTIFIER", "Sparkify", NAME),
    ("warehouse_IDENTIFIER", "spark--ify", NAME),
    ("warehouse_IDENTIFIER", "sparkify-", NAME),
    ("warehouse_IDENTIFIER", "1sparkify", NAME),
    ("warehouse_IDENTIFIER", "s" * 64, NAME),
    ("warehouse_KIND", "Serverless", "must be cluster or serverless"),
    ("serverless_BASE_CAPACITY", "5", "must be 4, or 8 to 512 in steps of 8, .*"),
    ("serverless_BASE_CAPACITY", "520", "must be 4, or 8 to 512 in steps of 8, .*"),
    ("serverless_MAX_CAPACITY", "5633", "must be a number, 4 to 5632"),
    ("serverless_DAILY_LIMIT", "0", "must be a number of RPU hours from 1 on, or none"),
    ("serverless_SUBNETS", "subnet-01234567", "must be two or more ids such as .*"),
    ("serverless_SUBNETS", "subnet-01234567 a", "must be two or more ids such as .*"),
    ("cluster_NODE_TYPE", "dc2.large", "can no longer be created; ra3.large is the smallest .*"),
    ("cluster_NODE_TYPE", "t2.micro", "must be one of ra3.large, .*"),
    ("cluster_NODES", "0", "must be a number, 1 to 128"),
    ("cluster_NODES", "two", "must be a number, 1 to 128"),
    ("cluster_NODES", "2.5", "must be a number, 1 to 128"),
    ("cluster_NODES", "\u0662", "must be a number, 1 to 128"),
    ("warehouse_DATABASE", "Sparkify", "must be 1 to 64 lower-case letters, .*"),
    ("warehouse_DATABASE", "a;b", "must be 1 to 64 lower-case letters, .*"),
    ("warehouse_USER", "public", "must be a lower-case name, and not public"),
    ("warehouse_USER", "Admin", "must be a lower-case name, and not public"),
    ("warehouse_PORT", "5432x", PORT),
    ("warehouse_PORT", "5430", PORT),
    ("warehouse_PORT", "5456", PORT),
    ("warehouse_PORT", "-5439", PORT),
    ("warehouse_PUBLICLY_ACCESSIBLE", "true", "must be yes or no"),
    ("warehouse_TIMEOUT_MINUTES", "0", "must be a number, 1 to 240"),
    ("access_ROLE", "a role", "must be 1 to 64 letters, .*"),
    ("access_ROLE", "arn:aws:iam::123456789012:role/mine", "must be 1 to 64 letters, .*"),
    ("access_SECURITY_GROUP", "sg-0123", "must be a name that does not start with sg-"),
    ("cluster_SUBNET_GROUP", "default", "must be the name of a subnet group .*, or empty"),
    ("access_EXISTING_SECURITY_GROUPS", "default", "must be ids such as sg-0123456789abcdef0, .*"),
    ("access_EXISTING_SECURITY_GROUPS", "sg-01234567 x", "must be ids such as .*"),
    ("access_OPEN_TO_THE_INTERNET", "true", "must be yes or no"),
    ("access_CLIENT_ADDRESS", "203.0.113.7/24", RANGE),
    ("access_CLIENT_ADDRESS", "2001:db8::1/64", RANGE),
    ("access_CLIENT_ADDRESS", "me", RANGE),
    ("s3_LOG_DATA", "log_data", BUCKET),
    ("s3_LOG_DATA", "s3://events", BUCKET),
    ("s3_LOG_DATA", "s3://sthree-events/a", BUCKET),
    ("s3_SONG_DATA", "s3://amzn-s3-demo-bucket/a", BUCKET),
    ("warehouse_IDENTIFIER", "sthree-a", NAME),
    ("s3_REGION", "me-south-1", NO_BUCKETS),
    ("s3_REGION", "me-central-1", NO_BUCKETS),
    ("s3_LOG_DATA", "s3://events/", BUCKET),
    ("s3_SONG_DATA", "s3://events/*", BUCKET),
    ("s3_SONG_DATA", "s3://events/a b", BUCKET),
    ("s3_SONG_DATA", "https://events.s3.amazonaws.com/songs", BUCKET),
    ("s3_LOG_JSON_PATHS", "auto", BUCKET),
    ("s3_REGION", "us-west", NO_BUCKETS),
    ("sandbox_PORT", "65536", "must be a number, 0 to 65535"),
    ("sandbox_PORT", "http", "must be a number, 0 to 65535"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD)
def test_bad_value_is_named_with_what_it_must_be(
    config: Path, name: str, value: str, message: str
) -> None:
    section, _, key = name.partition("_")
    change(config, **{name: value})
    assert re.fullmatch(rf"\[{section}\] {key} = {re.escape(value)} {message}", fault(config))


FIELDS = [each.metadata for each in fields(Config)]
OPTIONAL = {"SUBNET_GROUP", "SUBNETS", "EXISTING_SECURITY_GROUPS"}
NEEDED = [each for each in FIELDS if each["key"] not in OPTIONAL]


@pytest.mark.parametrize("left", ["", "{key} ="], ids=["left out", "empty"])
@pytest.mark.parametrize("each", NEEDED, ids=lambda each: "{section} {key}".format(**each))
def test_every_key_is_needed(config: Path, each: dict[str, str], left: str) -> None:
    before, header, section = config.read_text().partition(f"[{each['section']}]\n")
    section, found = re.subn(f"(?m)^{each['key']} =.*$", left.format(**each), section, count=1)
    assert found
    config.write_text(before + header + section)
    assert fault(config).startswith(f"[{each['section']}] {each['key']} is missing: must be ")


UNKNOWN = [
    ("[aws]", "[aws]\nPROFILE = mine", ["[aws] PROFILE is not a known key"]),
    ("[s3]", "[s3]\nLOG_DATA_2 = x", ["[s3] LOG_DATA_2 is not a known key"]),
    ("[aws]", "[more]\na = 1\nb = 2\n[aws]", ["[more] A is not a known key", "[more] B is "]),
    ("NODES =", "NODE =", ["[cluster] NODE is not a known key", "[cluster] NODES is missing: "]),
]


@pytest.mark.parametrize(("old", "new", "faults"), UNKNOWN)
def test_unknown_key_is_named(config: Path, old: str, new: str, faults: list[str]) -> None:
    config.write_text(config.read_text().replace(f"\n{old}", f"\n{new}"))
    with pytest.raises(UsageError) as caught:
        load_config(config)
    said = caught.value.details or [caught.value.what.removeprefix("dwh.cfg: ")]
    assert len(said) == len(faults)
    assert all(map(str.startswith, said, faults))


@pytest.mark.parametrize("key", sorted(OPTIONAL))
def test_key_that_may_be_empty_may_be_left_out(config: Path, key: str) -> None:
    expected = load_config(config)
    config.write_text(re.sub(f"(?m)^{key} =.*\n", "", config.read_text()))
    assert load_config(config) == expected


TOGETHER = "[s3] LOG_DATA and SONG_DATA start alike and would be loaded together"
EVERYBODY = (
    "[access] CLIENT_ADDRESS = {} would let in most of the internet; "
    "if that is meant, set OPEN_TO_THE_INTERNET = yes"
)
PRIVATE = (
    "[access] CLIENT_ADDRESS = auto is a public address, which a warehouse with "
    "PUBLICLY_ACCESSIBLE = no never sees; set the range of its VPC"
)
CONTRADICTIONS = [
    (
        {"cluster_NODE_TYPE": "ra3.4xlarge", "cluster_NODES": "1"},
        "[cluster] NODES of ra3.4xlarge must be 2 to 32",
    ),
    ({"cluster_NODES": "17"}, "[cluster] NODES of ra3.large must be 1 to 16"),
    (
        {"s3_LOG_JSON_PATHS": "s3://udacity-dend/log_data_paths.json"},
        "[s3] LOG_JSON_PATHS starts like LOG_DATA and would be loaded as data",
    ),
    ({"access_CLIENT_ADDRESS": "0.0.0.0/0"}, EVERYBODY.format("0.0.0.0/0")),
    ({"access_CLIENT_ADDRESS": "::/0"}, EVERYBODY.format("::/0")),
    ({"access_CLIENT_ADDRESS": "128.0.0.0/1"}, EVERYBODY.format("128.0.0.0/1")),
    ({"access_CLIENT_ADDRESS": "2000::/3"}, EVERYBODY.format("2000::/3")),
    ({"warehouse_PUBLICLY_ACCESSIBLE": "no"}, PRIVATE),
    (
        {"serverless_BASE_CAPACITY": "16", "serverless_MAX_CAPACITY": "8"},
        "[serverless] MAX_CAPACITY = 8 is less than BASE_CAPACITY = 16",
    ),
    (
        {
            "serverless_BASE_CAPACITY": "544",
            "serverless_MAX_CAPACITY": "544",
            "aws_REGION": "eu-north-1",
        },
        "[serverless] BASE_CAPACITY = 544 is to be had in us-east-1, us-east-2, us-west-2, "
        "eu-west-1, eu-central-1 only",
    ),
    (
        {"warehouse_KIND": "serverless", "warehouse_IDENTIFIER": "ab"},
        "[warehouse] IDENTIFIER = ab is too short for Redshift Serverless, which wants 3 letters",
    ),
    ({"s3_SONG_DATA": "s3://udacity-dend/log_data/songs"}, TOGETHER),
    ({"s3_LOG_DATA": "s3://udacity-dend/song_data_logs"}, TOGETHER),
    ({"s3_SONG_DATA": "s3://udacity-dend/log_data"}, TOGETHER),
]


@pytest.mark.parametrize(("settings", "message"), CONTRADICTIONS)
def test_values_that_contradict_each_other_are_refused(
    config: Path, settings: dict[str, str], message: str
) -> None:
    change(config, **settings)
    assert fault(config) == message


RANGES = ["10.0.0.0/8", "203.0.113.7/32", "203.0.113.7", "2001:db8::/64"]


@pytest.mark.parametrize("addresses", RANGES)
def test_range_of_one_organisation_may_be_let_in(config: Path, addresses: str) -> None:
    found = load_config(Path(change(config, access_CLIENT_ADDRESS=addresses)))
    assert found.client_address.startswith(addresses)


@pytest.mark.parametrize("ids", ["sg-01234567", "sg-01234567, sg-0123456789abcdef0"])
def test_several_security_groups_may_be_named(config: Path, ids: str) -> None:
    found = load_config(Path(change(config, access_EXISTING_SECURITY_GROUPS=ids)))
    assert found.security_groups == tuple(ids.split(", "))


def test_all_faults_are_reported_at_once(config: Path) -> None:
    change(
        config, cluster_NODES="0", warehouse_PORT="80", s3_SONG_DATA="s3://udacity-dend/log_data"
    )
    with pytest.raises(UsageError) as caught:
        load_config(config)
    assert caught.value.what == "dwh.cfg has 3 faults"
    assert [line.split()[1] for line in caught.value.details] == ["PORT", "NODES", "LOG_DATA"]


def test_relative_paths_start_at_the_files_folder(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my buckets").mkdir()
    (tmp_path / "elsewhere").mkdir()
    change(config, sandbox_DATA="my buckets", sandbox_STATE="../state")
    monkeypatch.chdir(tmp_path / "elsewhere")
    for path in (config, Path("../dwh.cfg")):
        found = load_config(path)
        assert Path(found.sandbox_data) == tmp_path / "my buckets"
        assert Path(found.sandbox_state).resolve() == tmp_path.parent / "state"


def test_absolute_paths_stay(config: Path, tmp_path: Path) -> None:
    found = load_config(
        Path(change(config, sandbox_DATA=str(tmp_path), sandbox_STATE="/var/tmp/sandbox"))
    )
    assert (found.sandbox_data, found.sandbox_state) == (str(tmp_path), "/var/tmp/sandbox")


def test_sample_is_the_generated_data_and_no_folder(config: Path, tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    assert load_config(config).sandbox_data == "sample"


@pytest.mark.parametrize("data", ["nowhere", "dwh.cfg", "Sample"])
def test_data_that_is_no_folder_is_refused(config: Path, tmp_path: Path, data: str) -> None:
    change(config, sandbox_DATA=data)
    assert fault(config) == f"[sandbox] DATA = {tmp_path / data} is not a folder"


ENCODINGS = [("utf-8-sig", "\n"), ("utf-8", "\r\n")]


@pytest.mark.parametrize(("encoding", "line_end"), ENCODINGS)
def test_file_that_an_editor_has_saved_in_its_own_way_is_read(
    config: Path, encoding: str, line_end: str
) -> None:
    expected, text = load_config(config), config.read_text()
    config.write_bytes(text.replace("\n", line_end).encode(encoding))
    assert load_config(config) == expected


def test_shipped_configuration_is_valid_and_costs_nothing() -> None:
    found = load_config(ROOT / "dwh.cfg")
    assert (found.target, found.sandbox_data, found.sandbox_port) == (SANDBOX, "sample", 0)
    assert Path(found.sandbox_state) == ROOT / ".sandbox"
    assert found.client_address == "auto"


def test_configuration_has_no_place_for_a_secret() -> None:
    keys = {each["key"] for each in FIELDS}
    assert not [key for key in keys if re.search("PASS|SECRET|TOKEN|ACCESS_KEY|ACCOUNT", key)]
    text = (ROOT / "dwh.cfg").read_text()
    assert not re.search(r"(?:AKIA|ASIA)[A-Z0-9]{16}|\b\d{12}\b|[A-Za-z0-9/+]{40}", text)
    assert set(re.findall("(?m)^([A-Z_0-9]+) =", text)) == keys
