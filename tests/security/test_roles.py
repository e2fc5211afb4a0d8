"""The shipped roles of PostgreSQL: each is tried on the actions that it may not do."""

import re
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from conftest import Bench
from tests_support import TODAY, midnight

from tasks.errors import ConfigurationError
from tasks.transform import model_tables
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import prepare

ROLES = (
    Path(__file__).resolve().parents[2] / "deployments" / "postgresql" / "roles.sql"
).read_text()


@pytest.fixture
def urls(postgres, small_bench: Bench) -> dict[str, str]:
    """A database with the roles, and the URL of a login of each."""
    url = postgres()
    members = {
        "admin": "support_etl_owner",
        "loader": "support_etl_loader",
        "transformer": "support_etl_transformer",
        "reader": "support_etl_reader",
        "job": "support_etl_loader, support_etl_transformer",
    }
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(2):  # it may be run again
            connection.execute(ROLES)
        name = connection.info.dbname
        for login, groups in members.items():
            connection.execute(f"drop role if exists {name}_{login}")
            connection.execute(f"create role {name}_{login} login in role {groups}")
        connection.execute(f"alter role {name}_admin set role support_etl_owner")
    result = {
        login: re.sub(r"://[^@/]*@?", f"://{name}_{login}@", url, count=1) for login in members
    }
    admin = Warehouse(result["admin"])
    prepare(admin, model_tables(small_bench.settings().field_names), thorough=True)
    admin.dispose()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ROLES)  # the reader's part of the run log
    return result


def refused(url: str, statement: str) -> bool:
    with (
        psycopg.connect(url, autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)
    return True


def test_the_job_runs_with_loader_and_transformer_rights_alone(urls, small_bench: Bench):
    bench = replace(
        small_bench,
        url=urls["job"],
        accounts=tuple(a for a in small_bench.accounts if a["connector"] in {"zendesk", "files"}),
    )
    outcome = bench.run(midnight(TODAY))
    assert outcome.state == "completed", outcome.message
    assert bench.run(midnight(TODAY)).changed_rows == 0
    with psycopg.connect(urls["reader"], autocommit=True) as reader:
        assert reader.execute("select count(*) > 100 from marts.kpi_daily").fetchone() == (True,)
        assert reader.execute("select count(*) from ops.watermark").fetchone()[0] > 0
    for statement in (
        "insert into marts.kpi_daily select * from marts.kpi_daily limit 1",
        "update core.fct_ticket set account = 'x'",
        "delete from core.dim_team",
        "truncate marts.kpi_daily",
        "drop table marts.kpi_daily",
        "create table marts.mine (x int)",
        "create table public.mine (x int)",
        "select * from source.ticket",
        "select * from ops.quarantine",
        "select * from staging.ticket",
        "create schema mine",
        "create temporary table mine (x int)",
        "alter table marts.kpi_daily add column x int",
        "set role support_etl_owner",
        "copy marts.kpi_daily to '/tmp/out.csv'",
        "select pg_read_file('/etc/passwd')",
    ):
        assert refused(urls["reader"], statement)


def test_the_loader_loads_and_can_neither_drop_nor_transform(urls, small_bench: Bench):
    bench = replace(
        small_bench,
        url=urls["loader"],
        accounts=tuple(a for a in small_bench.accounts if a["connector"] == "surveymonkey"),
    )
    assert bench.read(midnight(TODAY)).state == "completed"
    for statement in (
        "drop table source.ticket",
        "drop schema source cascade",
        "alter table source.ticket drop column status",
        "truncate source.ticket",
        "create table source.mine (x int)",
        "select * from marts.kpi_daily",
        "delete from core.fct_ticket",
        "set role support_etl_owner",
        "set role support_etl_transformer",
    ):
        assert refused(urls["loader"], statement)
    outcome = bench.run(midnight(TODAY))
    assert outcome.state == "partly"
    assert "permission denied" in outcome.message


def test_the_transformer_cannot_write_vendor_data(urls):
    for statement in (
        "insert into source.ticket (account) values ('x')",
        "delete from source.ticket",
        "drop table marts.kpi_daily",
        "create table core.mine (x int)",
    ):
        assert refused(urls["transformer"], statement)


def test_a_missing_table_names_the_role_that_can_create_it(urls, small_bench: Bench):
    with psycopg.connect(urls["admin"], autocommit=True) as admin:
        admin.execute("drop table ops.alert")
    with pytest.raises(ConfigurationError, match="let its owner run `support-etl prepare`"):
        replace(small_bench, url=urls["job"]).read(midnight(TODAY))
