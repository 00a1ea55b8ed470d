"""What tests share: one sandbox for each worker, and a fresh database for each test that asks."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from cloud import ANYBODY_HERE as ANYBODY_HERE
from cloud import CLUSTER as CLUSTER
from cloud import MASTER as MASTER
from cloud import OPEN_TO_TESTS as OPEN_TO_TESTS
from cloud import READ_EVERYTHING as READ_EVERYTHING
from cloud import REGION as REGION
from cloud import TRUST as TRUST
from cloud import Cloud as Cloud
from hypothesis import HealthCheck, settings
from superuser import execute_once_unused, superuser_connection
from warm_clients import warm_clients
from warm_processes import WarmSandbox, fork_sandboxes

import create_tables
import etl
from dwh.ownership import ROLE_PATH
from sandbox import control

# How fast a machine is says nothing about the code.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

# A sandbox makes some thousand small files, for which some disks take a millisecond each.
MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 2 << 30


def is_usable(folder: Path) -> bool:
    """Whether files can be written there, and programs run."""
    if not os.access(folder, os.W_OK):
        return False
    found = os.statvfs(folder)
    return not found.f_flag & os.ST_NOEXEC and found.f_bavail * found.f_frsize > ENOUGH_BYTES


# Whoever runs the tests in the background may have them ignore Ctrl-C, which they try out.
signal.signal(signal.SIGINT, signal.default_int_handler)

if "TMPDIR" not in os.environ and is_usable(MEMORY):
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

ROOT = Path(__file__).parent.parent
BUCKET = "test-bucket"
SOURCES = "source-files"
ANALYST = "test-analyst"
numbers = itertools.count(1)


# Tests with these fixtures run scripts. Of a long table of such cases, make test tries a few.
COSTLY = {"empty_pipeline", "aws", "site", "new_site", "watched"}
LONG, EVERY = 4, 5


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave most cases of long tables to make test-all, always the same ones."""
    tables: dict[tuple[Path, str], list[pytest.Item]] = {}
    for item in items:
        if isinstance(item, pytest.Function) and COSTLY.intersection(item.fixturenames):
            tables.setdefault((item.path, item.originalname), []).append(item)
    for cases in tables.values():
        for place, item in enumerate(cases if len(cases) > LONG else []):
            if place % EVERY:
                item.add_marker("exhaustive")


@dataclass
class Database:
    """A database of its own in the test cluster, and a prefix of its own in S3."""

    cloud: Cloud
    database: str
    connection: Any
    role: str

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    def put(self, key: str, body: bytes | str) -> str:
        data = body.encode() if isinstance(body, str) else body
        name = f"{self.database}/{key}"
        self.cloud.client("s3").put_object(Bucket=BUCKET, Key=name, Body=data)
        return f"s3://{BUCKET}/{name}"

    def copy(self, table: str, url: str, options: str = "FORMAT JSON 'auto'") -> None:
        self.run(f"COPY {table} FROM '{url}' IAM_ROLE '{self.role}' {options}")

    def load(self, table: str, body: bytes | str, options: str = "FORMAT JSON 'auto'") -> None:
        self.copy(table, self.put(f"data-{next(numbers)}", body), options)

    def another_connection(self) -> Any:
        return self.cloud.connect(self.database)


@pytest.fixture(scope="session", autouse=True)
def _warm() -> Iterator[None]:
    fork_sandboxes(WarmSandbox)
    with warm_clients():
        yield


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("sandbox")
    (folder / "buckets" / BUCKET).mkdir(parents=True)
    put_sources(folder / "buckets" / SOURCES)
    found = Cloud(control.start(folder / "state", folder / "buckets"))
    found.create_work_bucket(CLUSTER)
    found.client("ec2").authorize_security_group_ingress(
        GroupId=found.default_group(), IpPermissions=[OPEN_TO_TESTS]
    )
    yield found
    control.stop(folder / "state")


def put_sources(bucket: Path) -> None:
    """Fill a bucket with one event, one song and the JSONPaths file: all that planning reads."""
    for name, record in {"log_data": EVENT, "song_data": SONG, "paths.json": JSON_PATHS}.items():
        bucket.mkdir(exist_ok=True)
        (bucket / name).write_text(json.dumps(record))


@pytest.fixture(scope="session")
def cluster_role(cloud: Cloud) -> str:
    role = cloud.create_role("test-role")
    cloud.create_cluster(CLUSTER, [role])
    allow = {"Effect": "Allow", "Action": "redshift:*", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [allow]}
    cloud.create_role(ANALYST, ANYBODY_HERE, policy, ROLE_PATH)
    return role


@pytest.fixture
def warehouse(
    cloud: Cloud, cluster_role: str, request: pytest.FixtureRequest
) -> Iterator[Database]:
    """An empty database; with the tables if the test is one of the pipeline."""
    database = f"test{next(numbers)}"
    if "empty_pipeline" in request.fixturenames:
        copy_database(request.getfixturevalue("prepared"), database)
    else:
        create_database(cloud, database)
    connection = cloud.connect(database)
    connection.autocommit = True
    yield Database(cloud, database, connection, cluster_role)
    connection.close()
    drop_database(cloud, database)


def drop_database(cloud: Cloud, name: str) -> None:
    """Make room; what a test has left a session in stays until the sandbox stops."""
    with suppress(psycopg2.errors.ObjectInUse):
        cloud.admin.cursor().execute(f"DROP DATABASE {name}")


def create_database(cloud: Cloud, name: str) -> None:
    """Create an empty database in the test cluster."""
    cloud.admin.cursor().execute(f"CREATE DATABASE {name}")


@pytest.fixture(scope="session")
def prepared(cloud: Cloud, cluster_role: str, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A database with the pipeline's tables, for others to be copied from."""
    found = Database(cloud, "prepared", None, cluster_role)
    create_database(cloud, found.database)
    config = write_config(tmp_path_factory.mktemp("prepared") / "dwh.cfg", settings_of(found))
    assert create_tables.main(["--config", str(config)]) == 0
    return found


def copy_database(template: Database, name: str) -> None:
    """Create a database as a copy of another, past the endpoint, which has no such statement."""
    with superuser_connection(template, "postgres") as postgres:
        copy = f"CREATE DATABASE {name} TEMPLATE {template.database} OWNER {MASTER}"
        execute_once_unused(postgres, copy)


def settings_of(warehouse: Database) -> dict[str, str]:
    """What dwh.cfg says of a database."""
    folder = f"s3://{BUCKET}/{warehouse.database}"
    return {
        "IDENTIFIER": CLUSTER,
        "DATABASE": warehouse.database,
        "USER": MASTER,
        "ROLE": "test-role",
        "ANALYST_ROLE": ANALYST,
        "LOG_DATA": f"{folder}/log_data",
        "LOG_JSON_PATHS": f"{folder}/log_json_path.json",
        "SONG_DATA": f"{folder}/song_data",
        "STATE": str(Path(warehouse.cloud.state.ca_file).parent),
        "DATA": warehouse.cloud.state.data,
    }


@dataclass
class Pipeline:
    """The scripts, set to the test cluster and to a database and files of the test's own."""

    warehouse: Database
    config: Path

    def events(self, *events: dict[str, Any], file: str = "2018-11-01-events.json") -> None:
        lines = "".join(json.dumps(EVENT | event) + "\n" for event in events)
        self.warehouse.put(f"log_data/{file}", lines)

    def songs(self, *songs: dict[str, Any]) -> None:
        for song in songs:
            record = SONG | song
            self.warehouse.put(f"song_data/A/{next(numbers)}.json", json.dumps(record))

    def load(self) -> None:
        assert etl.main(["--config", str(self.config)]) == 0

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self.warehouse.run(sql)

    def star(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the star, in a fixed order."""
        tables = ("songplays", "users", "songs", "artists", "time")
        return {table: sorted(self.ask(f"SELECT * FROM {table}"), key=repr) for table in tables}


# An event and a song as they are, for tests to vary.
EVENT = {
    "artist": "The Artist",
    "auth": "Logged In",
    "firstName": "Ada",
    "gender": "F",
    "itemInSession": 0,
    "lastName": "Lovelace",
    "length": 200.5,
    "level": "free",
    "location": "London, UK",
    "method": "PUT",
    "page": "NextSong",
    "registration": 1540919166796.0,
    "sessionId": 1,
    "song": "The Song",
    "status": 200,
    "ts": 1541105830796,
    "userAgent": '"Mozilla/5.0"',
    "userId": "39",
}
SONG = {
    "num_songs": 1,
    "artist_id": "AR1",
    "artist_latitude": None,
    "artist_longitude": None,
    "artist_location": "",
    "artist_name": "The Artist",
    "song_id": "SO1",
    "title": "The Song",
    "duration": 200.5,
    "year": 0,
}
JSON_PATHS = {"jsonpaths": [f"$['{key}']" for key in EVENT]}


@pytest.fixture
def empty_pipeline(warehouse: Database, tmp_path: Path) -> Pipeline:
    """The pipeline with its tables, and nothing in S3 but the JSONPaths file."""
    warehouse.put("log_json_path.json", json.dumps(JSON_PATHS))
    return Pipeline(warehouse, write_config(tmp_path / "dwh.cfg", settings_of(warehouse)))


@pytest.fixture
def pipeline(empty_pipeline: Pipeline) -> Pipeline:
    """The pipeline with one song and one event that is not a play in S3."""
    empty_pipeline.songs({"song_id": "SO0", "title": "Another", "artist_id": "AR0"})
    empty_pipeline.events({"page": "Home", "userId": ""}, file="2018-11-00-events.json")
    return empty_pipeline


@pytest.fixture
def aws(
    request: pytest.FixtureRequest,
    cloud: Cloud,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Any]:
    """The sandbox as AWS, and an environment there that is taken down at the end.

    Its warehouse is a cluster, unless the test is of the other kind, or of each.
    """
    from aws_site import Aws

    found = Aws(cloud, tmp_path, monkeypatch, kind=getattr(request, "param", "cluster"))
    yield found
    found.take_down()


@pytest.fixture(scope="session")
def standing(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of an environment on the sandbox as AWS that many tests share."""
    from aws_site import Aws

    folder = tmp_path_factory.mktemp("standing")
    with pytest.MonkeyPatch.context() as patch:
        Aws(cloud, folder, patch, "standing").set_up()
    yield "standing"
    with pytest.MonkeyPatch.context() as patch:
        Aws(cloud, folder, patch, "standing").take_down()


@pytest.fixture
def site(
    cloud: Cloud, standing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """The shared environment, which a test leaves as it was."""
    from aws_site import Aws

    found = Aws(cloud, tmp_path, monkeypatch, standing)
    yield found
    found.listen_no_more()


@pytest.fixture(scope="session")
def standing_serverless(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of an environment of Redshift Serverless that many tests share."""
    from aws_site import Aws

    folder, name = tmp_path_factory.mktemp("standing"), "resident"
    with pytest.MonkeyPatch.context() as patch:
        Aws(cloud, folder, patch, name, "serverless").set_up()
    yield name
    with pytest.MonkeyPatch.context() as patch:
        Aws(cloud, folder, patch, name, "serverless").take_down()


@pytest.fixture
def serverless(
    cloud: Cloud, standing_serverless: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """The shared environment of Redshift Serverless, which a test leaves as it was."""
    from aws_site import Aws

    found = Aws(cloud, tmp_path, monkeypatch, standing_serverless, "serverless")
    yield found
    found.listen_no_more()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many points the loops of faults have tried."""
    for report in terminalreporter.getreports("passed"):
        for name, points in report.user_properties:
            terminalreporter.write_line(f"{name}: {points} points of failure tried")


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore waits for a random time before it tries again."""
    backoff = "botocore.retries.standard.ExponentialBackoff.delay_amount"
    monkeypatch.setattr(backoff, lambda *_: 0)


def write_config(path: Path, settings: dict[str, str]) -> Path:
    """The project's dwh.cfg with other values."""
    text = (ROOT / "dwh.cfg").read_text()
    for key, value in settings.items():
        line = re.search(rf"(?m)^{key} *=.*$", text)
        assert line, key
        text = text.replace(line[0], f"{key} = {value}", 1)
    path.write_text(text)
    return path
