"""What the warehouse writes down of each COPY, while it runs and after it."""

from __future__ import annotations

import gzip
import json
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from cloud import rows_held_back
from conftest import Database
from copy_cases import EVENTS, LINES, events
from superuser import superuser_connection

from sandbox.copy.load_log import LINES_OF_A_COMMIT

__all__ = ["events"]

COMMITS = """
SELECT TRIM(filename), lines_scanned FROM stl_load_commits
WHERE query = PG_LAST_COPY_ID() ORDER BY filename
"""
LINE = '{"ts": 1}\n'
FILES = {
    "lines": (LINE * 3, 3),
    "last line without an end": (LINE + LINE.rstrip(), 2),
    "empty": ("", 0),
    "one object on many lines": (json.dumps({"ts": 1}, indent=1), 3),
    "plain columns": (LINES, 2),
}


@pytest.mark.parametrize(("body", "lines"), FILES.values(), ids=FILES)
@pytest.mark.parametrize("packed", [False, True])
def test_file_is_on_record_with_its_lines(
    events: Database, body: str, lines: int, packed: bool
) -> None:
    url = events.put("file", gzip.compress(body.encode()) if packed else body)
    events.copy("events", url, "JSON 'auto' GZIP" if packed else "JSON 'auto'")
    assert events.run(COMMITS) == [(url, lines)]


def test_every_file_of_a_copy_is_on_record_as_often_as_it_is_read(events: Database) -> None:
    urls = [
        events.put(f"many/{n}", '{"artist": "A", "ts": 1, "length": 1, "level": ""}') for n in "ab"
    ]
    entries = [{"url": url} for url in [*urls, urls[0]]]
    manifest = events.put("manifest", json.dumps({"entries": entries}))
    events.copy("events", manifest, "JSON 'auto' MANIFEST")
    assert events.run(COMMITS) == [(urls[0], 1), (urls[0], 1), (urls[1], 1)]
    history = "SELECT loaded_rows, source_file_count, file_count_scanned FROM sys_load_history"
    assert events.run(history) == [(3, 3, 3)]


def test_large_file_has_several_rows_among_the_commits(events: Database) -> None:
    lines = LINES_OF_A_COMMIT * 2 + 1
    url = events.put("file", LINE * lines)
    events.copy("events", url)
    expected = [(url, 1), (url, LINES_OF_A_COMMIT), (url, LINES_OF_A_COMMIT)]
    assert sorted(events.run(COMMITS)) == expected
    detail = "SELECT TRIM(file_name), lines_scanned, splits_scanned FROM sys_load_detail"
    assert events.run(detail) == [(url, lines, 3)]
    assert events.run("SELECT file_count_scanned FROM sys_load_history") == [(1,)]


STL_IDS = """
SELECT query FROM stl_load_errors UNION SELECT query FROM stl_load_commits ORDER BY query
"""
SYS_IDS = """
SELECT query_id FROM sys_load_error_detail UNION SELECT query_id FROM sys_load_history ORDER BY 1
"""


def test_stl_and_sys_know_a_copy_by_different_ids(events: Database) -> None:
    """The id of the one family is another COPY's in the other."""
    last = []
    for _ in range(3):
        events.load("events", '{"ts": 1}\n{"ts": "x"}\n', "JSON 'auto' MAXERROR 2")
        last += events.run("SELECT pg_last_copy_id()")
    assert events.run(STL_IDS) == last
    ids = events.run(SYS_IDS)
    assert len(ids) == 3
    assert ids != last
    assert set(ids) & set(last)


@pytest.mark.parametrize(
    ("family", "held", "seen"),
    [
        ("stl", ("stl_load_commits", "stl_load_errors"), "sys_load_history"),
        (
            "sys",
            ("sys_load_history", "sys_load_detail", "sys_load_error_detail"),
            "stl_load_errors",
        ),
    ],
)
def test_rows_of_a_family_can_be_held_back_until_an_event(
    events: Database, family: str, held: tuple[str, ...], seen: str
) -> None:
    events.run("BEGIN")
    with rows_held_back(events.cloud, family) as release:
        events.load("events", '{"ts": 1}\n{"ts": "x"}\n', "JSON 'auto' MAXERROR 2")
        assert [events.run(f"SELECT COUNT(*) FROM {view}") for view in held] == [[(0,)]] * len(held)
        assert events.run(f"SELECT COUNT(*) FROM {seen}") == [(1,)]
        release()
        assert [events.run(f"SELECT COUNT(*) FROM {view}") for view in held] == [[(1,)]] * len(held)


def test_copy_is_on_record_within_its_own_transaction(events: Database) -> None:
    events.run("BEGIN")
    events.load("events", LINES + '{"ts": "x"}\n', "JSON 'auto' MAXERROR 2")
    assert events.run("SELECT status, loaded_rows, error_count FROM sys_load_history") == [
        ("completed", 2, 1)
    ]
    assert events.run("SELECT lines_scanned FROM stl_load_commits") == [(3,)]
    assert events.run("SELECT line_number FROM stl_load_errors") == [(3,)]
    events.run("ROLLBACK")
    assert events.run("SELECT line_number FROM stl_load_errors") == [(3,)]
    assert events.run("SELECT lines_scanned FROM stl_load_commits") == [(3,)]


def test_errors_of_a_copy_have_the_time_of_its_start(events: Database) -> None:
    events.load("events", '{"ts": "x"}\n' * 3, "JSON 'auto' MAXERROR 5")
    times = "SELECT COUNT(*), COUNT(DISTINCT starttime) FROM stl_load_errors"
    assert events.run(times) == [(3, 1)]


def test_failed_copy_has_loaded_nothing(events: Database) -> None:
    with pytest.raises(psycopg2.InternalError):
        events.load("events", LINE * 5 + '{"ts": "x"}\n')
    history = "SELECT status, loaded_rows, loaded_bytes FROM sys_load_history"
    assert events.run(history) == [("aborted", 0, 0)]
    assert events.run("SELECT COUNT(*) FROM stl_load_commits") == [(0,)]


def test_databases_have_records_of_their_own(events: Database) -> None:
    events.load("events", LINES)
    other = events.cloud.connect("dev")
    with other.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM stl_load_commits WHERE filename LIKE %s", ["%test%"])
        assert cursor.fetchall() == [(0,)]
    other.close()


def test_restored_cluster_has_its_records(warehouse: Database) -> None:
    cloud, name = warehouse.cloud, f"{warehouse.database}-cluster"
    cloud.create_cluster(name, [warehouse.role])
    copy = "COPY events FROM '{}' IAM_ROLE '{}' JSON 'auto'"
    with cloud.connect("dev", name) as connection, connection.cursor() as cursor:
        cursor.execute(EVENTS)
        cursor.execute(copy.format(warehouse.put("one", LINES), warehouse.role))
    connection.close()
    cloud.delete_cluster(name, name)
    cloud.client("redshift").restore_from_cluster_snapshot(
        ClusterIdentifier=name, SnapshotIdentifier=name, PubliclyAccessible=True
    )
    cloud.wait("cluster_available", name)
    connection = cloud.connect("dev", name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT loaded_rows FROM sys_load_history")
        assert cursor.fetchall() == [(2,)]
    connection.close()
    cloud.delete_cluster(name)
    cloud.client("redshift").delete_cluster_snapshot(SnapshotIdentifier=name)


# ---------------------------------------------------------------------------- progress

SLOW = """
CREATE FUNCTION public.slowly() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM count(*) FROM generate_series(1, 2000); RETURN NEW; END';
CREATE TRIGGER slowly BEFORE INSERT ON public.notes FOR EACH ROW EXECUTE FUNCTION public.slowly();
"""


def test_rows_and_bytes_of_a_running_copy_are_seen_from_another_session(
    warehouse: Database,
) -> None:
    warehouse.run("CREATE TABLE notes (note VARCHAR(4096))")
    with superuser_connection(warehouse) as postgres:
        postgres.cursor().execute(SLOW)
    body = (json.dumps({"note": "x" * 4000}) + "\n") * 6000
    url, seen = warehouse.put("slow", body), set()
    other = warehouse.another_connection()
    other.autocommit = True
    history = "SELECT status, loaded_rows, loaded_bytes, source_file_bytes FROM sys_load_history"
    with ThreadPoolExecutor(1) as pool, other.cursor() as cursor:
        copying = pool.submit(warehouse.copy, "notes", url)
        while not copying.done():
            cursor.execute(history)
            seen.update(cursor.fetchall())
            time.sleep(0.05)
        copying.result()
    other.close()
    running = [each for each in seen if each[0] == "running"]
    assert any(0 < rows < 6000 for _, rows, _, _ in running)
    assert any(0 < done < total for _, _, done, total in running)
    assert warehouse.run(history) == [("completed", 6000, len(body), len(body))]
