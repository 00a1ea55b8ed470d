"""Where the sandbox differs from Redshift: one test for each row of the README's table."""

from __future__ import annotations

import re
from collections.abc import Callable

import psycopg2
import pytest
from botocore.exceptions import ClientError
from conftest import CLUSTER, ROOT, Database
from operators import Operator, new_operator, statement
from test_endpoint import STRANGER, is_answered, rule

Check = Callable[[Database], None]
DIFFERENCES: dict[str, Check] = {}


def differs(row: str) -> Callable[[Check], Check]:
    """Says which row of the table, by its first words, a check is for."""

    def register(check: Check) -> Check:
        DIFFERENCES[row] = check
        return check

    return register


def refused(warehouse: Database, statement: str) -> None:
    with pytest.raises(psycopg2.errors.FeatureNotSupported):
        warehouse.run(statement)


@differs("spreads rows over slices")
def check_skew_is_computed(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a INT DISTKEY)")
    warehouse.run("INSERT INTO t VALUES (7), (7), (7)")
    assert warehouse.run("SELECT skew_rows FROM svv_table_info") == [(3,)]


@differs("`COPY` loads many formats")
def check_other_formats_are_refused(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a INT)")
    url = warehouse.put("t.csv", "1\n")
    for options in ("CSV", "FORMAT AS PARQUET", "JSON 'auto' ZSTD", "JSON 'noshred'"):
        refused(warehouse, f"COPY t FROM '{url}' IAM_ROLE '{warehouse.role}' {options}")


@differs("has `SUPER`")
def check_unknown_statements_are_refused(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a INT)")
    refused(warehouse, "CREATE MATERIALIZED VIEW v AS SELECT a FROM t")
    refused(warehouse, "EXPLAIN SELECT a FROM t")
    refused(warehouse, "UNLOAD ('SELECT 1') TO 's3://bucket/key' IAM_ROLE default")
    refused(warehouse, "CREATE TABLE u (a SUPER)")
    refused(warehouse, "CREATE FUNCTION f (INT) RETURNS INT STABLE AS 'SELECT $1' LANGUAGE sql")
    refused(warehouse, "MERGE INTO t USING t AS s ON t.a = s.a REMOVE DUPLICATES")


@differs("has hundreds of system views")
def check_some_system_views_are_there(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a INT)")
    own = warehouse.connection.info.backend_pid
    other = warehouse.another_connection()
    other.cursor().execute("LOCK t")
    locks = "SELECT pid, lock_mode, granted FROM svv_transactions WHERE relation = 't'::regclass"
    holder = other.info.backend_pid
    assert warehouse.run(locks) == [(holder, "AccessExclusiveLock", True)]
    found = warehouse.run("SELECT process, TRIM(user_name) FROM stv_sessions")
    assert {process for process, _ in found} >= {own, holder}
    other.close()
    refused(warehouse, "SELECT query FROM stl_query")


@differs("gives a quotient of DECIMALs the scale")
def check_decimals_have_scales_of_their_own(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a DECIMAL(8, 2), b DECIMAL(8, 3))")
    warehouse.run("INSERT INTO t VALUES (1, 3)")
    quotient = "0.33333333333333333333"
    assert warehouse.run("SELECT (a / b)::varchar FROM t") == [(quotient,)]
    union = "SELECT a FROM t UNION SELECT b FROM t"
    found = warehouse.run(f"SELECT a::varchar FROM ({union}) AS x ORDER BY 1")
    assert found == [("1.00",), ("3.000",)]


@differs("derives the lengths of columns")
def check_derived_columns_have_a_length_that_fits(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t AS SELECT 'abc' AS short, REPEAT('x', 300) AS longer")
    types = 'SELECT "column", type FROM pg_table_def'
    assert warehouse.run(types) == [
        ("short", "character varying(256)"),
        ("longer", "character varying(1024)"),
    ]


@differs("lets one transaction at a time write")
def check_two_transactions_insert_at_once(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a INT)")
    warehouse.run("BEGIN")
    warehouse.run("INSERT INTO t VALUES (1)")
    other = warehouse.another_connection()
    other.cursor().execute("INSERT INTO t VALUES (2)")
    other.commit()
    other.close()
    warehouse.run("COMMIT")
    assert warehouse.run("SELECT a FROM t ORDER BY a") == [(1,), (2,)]


@differs("takes minutes to create a cluster")
def check_cluster_is_created_in_the_background(warehouse: Database) -> None:
    cloud = warehouse.cloud
    cloud.create_cluster("quick")
    cloud.connect(name="quick").close()
    cloud.client("redshift").delete_cluster(
        ClusterIdentifier="quick", SkipFinalClusterSnapshot=True
    )


@differs("answers at the cluster's own address")
def check_address_is_local(warehouse: Database) -> None:
    endpoint = warehouse.cloud.endpoint()
    assert endpoint["Address"] == "localhost"
    assert endpoint["Port"] != 5439


@differs("never sees the packets")
def check_connection_is_taken_and_not_answered(warehouse: Database) -> None:
    cloud = warehouse.cloud
    group = [{"GroupId": cloud.default_group()}]
    with rule(cloud, UserIdGroupPairs=group):
        assert not is_answered(cloud, STRANGER)


@differs("takes snapshots of running clusters")
def check_running_cluster_is_left_as_it_is(warehouse: Database) -> None:
    redshift = warehouse.cloud.client("redshift")
    with pytest.raises(ClientError, match=r"UnsupportedOperation.*final snapshots only"):
        redshift.create_cluster_snapshot(ClusterIdentifier=CLUSTER, SnapshotIdentifier="now")
    for change in ({"NodeType": "ra3.4xlarge", "NumberOfNodes": 4}, {"NewClusterIdentifier": "a"}):
        with pytest.raises(ClientError, match="UnsupportedOperation"):
            redshift.modify_cluster(ClusterIdentifier=CLUSTER, **change)


@differs("has some 1,300 operations")
def check_other_operations_and_parameters_are_refused(warehouse: Database) -> None:
    ec2, s3 = warehouse.cloud.client("ec2"), warehouse.cloud.client("s3")
    with pytest.raises(ClientError, match=r"UnsupportedOperation.*does not do RunInstances"):
        ec2.run_instances(MinCount=1, MaxCount=1)
    with pytest.raises(ClientError, match=r"NotImplemented.*has no ACL"):
        s3.create_bucket(Bucket="public", ACL="public-read")


@differs("checks every API call against IAM")
def check_only_iam_identities_are_checked(warehouse: Database) -> None:
    call = ("redshift", "describe_clusters")
    stranger = Operator(warehouse.cloud, "", "stranger", "stranger")
    assert stranger.refusal(*call, ClusterIdentifier=CLUSTER)[0] == 200
    operator = new_operator(warehouse.cloud)
    assert operator.refusal(*call, ClusterIdentifier=CLUSTER)[1] == "AccessDenied"
    operator.may(statement("*", Condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}))
    assert operator.refusal(*call, ClusterIdentifier=CLUSTER)[1] == "UnsupportedOperation"


@differs("behaves in undocumented ways")
def check_odd_cases_are_refused(warehouse: Database) -> None:
    warehouse.run("CREATE TABLE t (a VARCHAR(10))")
    for body in ('{"a": "1", "a": "2"}', '{"a": "\\u0000"}', '{"a": true}', '{"a": {"b": 1}}'):
        with pytest.raises(psycopg2.InternalError, match="Load into table 't' failed"):
            warehouse.load("t", body)


@pytest.mark.parametrize("row", DIFFERENCES)
def test_sandbox_differs_as_the_readme_says(warehouse: Database, row: str) -> None:
    DIFFERENCES[row](warehouse)


def test_every_row_of_the_table_has_its_check() -> None:
    readme = (ROOT / "README.md").read_text()
    (table,) = re.findall(r"\| Redshift \| the sandbox \|\n\|---\|---\|\n((?:\|.*\n)+)", readme)
    rows = [line.strip("| ") for line in table.splitlines()]
    assert len(rows) == len(DIFFERENCES)
    assert [row for row in rows if not row.startswith(tuple(DIFFERENCES))] == []
