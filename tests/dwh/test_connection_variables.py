"""Variables of the user's that libpq reads change neither where nor how the scripts connect.

https://www.postgresql.org/docs/current/libpq-envars.html
"""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Pipeline
from script_runs import make_site, run_script

import query
from dwh.config import load_config
from dwh.connection import connect

CAPTURE = pytest.CaptureFixture[str]
VARIABLES = {
    "PGCHANNELBINDING": "require",
    "PGCLIENTENCODING": "LATIN1",
    "PGDATABASE": "other",
    "PGDATESTYLE": "German",
    "PGGSSENCMODE": "require",
    "PGHOST": "192.0.2.1",
    "PGHOSTADDR": "192.0.2.1",
    "PGOPTIONS": "-c search_path=nowhere",
    "PGPASSWORD": "wrong",
    "PGPORT": "1",
    "PGREQUIREAUTH": "scram-sha-256",
    "PGSERVICE": "no-such-service",
    "PGSSLCERT": "/nowhere",
    "PGSSLMODE": "disable",
    "PGSSLNEGOTIATION": "direct",
    "PGSSLROOTCERT": "/nowhere",
    "PGTARGETSESSIONATTRS": "standby",
    "PGTZ": "Asia/Tokyo",
    "PGUSER": "nobody",
}
ASKED = (
    "SELECT 'caf\u00e9' AS name, TIMESTAMP '2018-11-02 03:04:05' AS moment, "
    "EXTRACT(HOUR FROM GETDATE() - SYSDATE) AS zone, COUNT(*) AS songs FROM songs"
)
ANSWER = "name,moment,zone,songs\ncaf\u00e9,2018-11-02 03:04:05,0,0\n"


@pytest.mark.parametrize(("name", "value"), VARIABLES.items(), ids=VARIABLES)
def test_variable_of_libpq_changes_nothing(
    empty_pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    capsys: CAPTURE,
    name: str,
    value: str,
) -> None:
    monkeypatch.setenv(name, value)
    capsys.readouterr()
    assert query.main(["--config", str(empty_pipeline.config), "--csv", ASKED]) == 0
    assert capsys.readouterr().out == ANSWER


def test_kerberos_ticket_is_not_used(empty_pipeline: Pipeline) -> None:
    """libpq would ask a server of this age for GSS encryption first, which upsets it."""
    with connect(load_config(empty_pipeline.config)) as session:
        assert session.info.dsn_parameters["gssencmode"] == "disable"


def test_certificates_of_the_user_are_not_used(
    empty_pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: CAPTURE
) -> None:
    (tmp_path / ".postgresql").mkdir()
    (tmp_path / ".postgresql" / "postgresql.crt").write_text("no certificate")
    monkeypatch.setenv("HOME", str(tmp_path))
    capsys.readouterr()
    assert query.main(["--config", str(empty_pipeline.config), "--csv", ASKED]) == 0
    assert capsys.readouterr().out == ANSWER


def test_sandbox_starts_whatever_the_variables_are(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    for script in ("setup_env.py", "shutdown_env.py"):
        done = run_script(script, "--config", str(site.config), env=VARIABLES)
        assert done.returncode == 0, done.stderr
