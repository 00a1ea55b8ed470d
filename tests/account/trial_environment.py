"""The two environments of make test-aws: one on the account, and its like in the sandbox."""

from __future__ import annotations

import configparser
import re
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

from star_questions import QUESTIONS

import create_tables
import etl
import setup_env
import shutdown_env
from dwh import local_aws
from dwh.aws import Clients, clients, s3_client, split_url
from dwh.config import Config, load_config
from dwh.connection import connect
from dwh.errors import DwhError
from dwh.ownership import work_bucket
from dwh.provisioning import bucket, plan
from dwh.provisioning.environment import Environment
from dwh.provisioning.look import look
from dwh.terminal import say

FOLDER = "source"
PREFIX = "sparkify-test-"
# What every trial has, whatever the user's dwh.cfg says, and the keys that its name is given to.
OWN = {
    "NODE_TYPE": "ra3.large",
    "NODES": "1",
    "BASE_CAPACITY": "4",
    "MAX_CAPACITY": "8",
    "DAILY_LIMIT": "8",
    "EXISTING_SECURITY_GROUPS": "",
    "MAX_BAD_RECORDS": "0",
    "PACK_SMALL_FILES_FROM": "never",
    "DATA": "sample",
}
NAMED = ("IDENTIFIER", "ROLE", "SECURITY_GROUP")


class TrialEnvironment:
    """An environment of its own name, made by the scripts, with the files in its own bucket."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def config(self) -> Config:
        """Its configuration, read anew, as the nights change it."""
        return load_config(self.path)

    def change(self, settings: dict[str, str]) -> None:
        """Set keys of its dwh.cfg."""
        file = configparser.ConfigParser(interpolation=None)
        file.read(self.path)
        write_settings(file, settings, self.path)

    @property
    def bucket_name(self) -> str:
        """The bucket that the files are in."""
        return split_url(self.config.log_data)[0]

    def run(self, script: Any, *options: str) -> None:
        """Run one of the scripts, which must succeed."""
        code = script.main([*options, "--config", str(self.path)])
        if code:
            raise AssertionError(f"{script.__name__}.py ends with {code}")

    def put(self, files: dict[str, bytes]) -> None:
        """Write files where LOG_DATA, SONG_DATA and LOG_JSON_PATHS look for them."""
        s3 = s3_client(self.config)
        for key, body in files.items():
            s3.put_object(Bucket=self.bucket_name, Key=f"{FOLDER}/{key}", Body=body)

    def make(self, files: dict[str, bytes]) -> None:
        """Make the bucket, write the first files, then make all the rest, and the tables."""
        aws, config = clients(self.config), self.config
        found = without_data_problem(aws, config)
        plan.carry_out(bucket.plan_setup(found, config), aws)
        self.put(files)
        self.run(setup_env, "--yes")
        self.run(create_tables)

    def load(self) -> None:
        """Load what is new."""
        self.run(etl)

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the star and its ledger, in a fixed order."""
        found = {}
        with connect(self.config) as session, session.cursor() as cursor:
            for table, question in QUESTIONS.items():
                cursor.execute(question)
                found[table] = sorted((comparable(row) for row in cursor.fetchall()), key=repr)
        return found

    def take_down(self) -> None:
        """Delete all of it; its dwh.cfg goes last, so that what is left can be found."""
        try:
            self.run(shutdown_env, "--yes", "--no-snapshot")
        except BaseException:
            say(f"Not all is gone: python shutdown_env.py --no-snapshot --config {self.path}")
            raise
        self.path.unlink()


def comparable(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The row without what may differ between the sides: the bucket, and the last digits."""
    return tuple(map(comparable_value, row))


def comparable_value(value: Any) -> Any:
    """The value without the bucket of a URL, and without the last digits of a float."""
    if isinstance(value, float):
        return f"{value:.12g}"
    return re.sub("^s3://[^/]+/", "", value) if isinstance(value, str) else value


def without_data_problem(aws: Clients, config: Config) -> Environment:
    """What there is of an environment; its files are yet to be written."""
    return replace(look(aws, config), data_problem=None)


def on_account(theirs: Path, path: Path) -> TrialEnvironment:
    """An environment with the settings of the user's dwh.cfg, and names of its own.

    Nothing is written before all of it is known: what `path` names is what may be deleted.
    """
    config = load_config(theirs)
    name = f"{PREFIX}{secrets.token_hex(3)}"
    bucket_name = work_bucket(clients(config).account, replace(config, identifier=name))
    file = configparser.ConfigParser(interpolation=None)
    file.read_string(theirs.read_text(encoding="utf-8-sig"))
    settings = OWN | dict.fromkeys(NAMED, name) | sources(bucket_name)
    write_settings(file, settings | {"ANALYST_ROLE": f"{name}-analyst"}, path)
    return TrialEnvironment(path)


def left_by_a_killed_run(path: Path) -> TrialEnvironment:
    """The environment that `path` names. Raises DwhError if it is not one of this account's."""
    found = TrialEnvironment(path)
    config = found.config
    bucket_name = work_bucket(clients(config).account, config)
    if not config.identifier.startswith(PREFIX) or found.bucket_name != bucket_name:
        what = f"{path} names what no trial has made in this account"
        raise DwhError(what, "use the credentials of the run that was killed, or remove the file")
    return found


def in_sandbox(like: TrialEnvironment, folder: Path) -> TrialEnvironment:
    """The same environment in a sandbox, started in a folder of its own."""
    (folder / "buckets").mkdir(parents=True, exist_ok=True)
    path = folder / "dwh.cfg"
    path.write_text(like.path.read_text())
    found = TrialEnvironment(path)
    found.change({"TARGET": "sandbox", "DATA": "buckets", "STATE": "state"})
    local_aws.start(found.config)
    account = clients(found.config).account
    found.change(sources(work_bucket(account, found.config)))
    return found


def write_settings(file: configparser.ConfigParser, settings: dict[str, str], path: Path) -> None:
    """Write a dwh.cfg with other values, all at once."""
    for key, value in settings.items():
        section = next(each for each in file.sections() if key.lower() in file[each])
        file[section][key] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("w") as stream:
        file.write(stream)
    new.replace(path)


def sources(bucket_name: str) -> dict[str, str]:
    """The keys of dwh.cfg that say where the files are."""
    url = f"s3://{bucket_name}/{FOLDER}"
    return {
        "LOG_DATA": f"{url}/log_data",
        "SONG_DATA": f"{url}/song_data",
        "LOG_JSON_PATHS": f"{url}/log_json_path.json",
    }
