"""Accounts and runs: OAuth2, expired tokens, spent call budgets, backfill, the readers' copy."""

import csv
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import get_args

import duckdb
import pytest
from conftest import Bench
from tests_support import TODAY, midnight

from flows.pipeline.run import run_backfill
from flows.pipeline.runner import ThreadRunner
from tasks.entities import ENTITIES, Switch
from tasks.errors import ConfigurationError
from tasks.extract import open_client
from tasks.sandbox.fake import InjectedFault, Response
from tasks.settings import AccountSettings


@pytest.fixture
def only(bench: Bench):
    def picked(vendor: str) -> Bench:
        return replace(bench, accounts=tuple(a for a in bench.accounts if a["connector"] == vendor))

    return picked


def test_hubspot_by_oauth_renews_a_token_that_expires_in_mid_run(only, sandbox, monkeypatch):
    monkeypatch.delenv("SUPPORT_ETL_SECRET_HUBSPOT_ACME_ACCESS_TOKEN")
    for name, value in sandbox.fakes["hubspot"].oauth.items():
        monkeypatch.setenv(f"SUPPORT_ETL_SECRET_HUBSPOT_ACME_{name.upper()}", value)
    fake = sandbox.fakes["hubspot"]
    fake.faults = [InjectedFault("unauthorized", "/batch/read", skip=2, times=1)]
    outcome = only("hubspot").read(midnight(TODAY))
    assert outcome.state == "completed", outcome.message
    assert sum(a.path == "/oauth/v1/token" for a in fake.asked) == 2


def test_a_refused_refresh_token_is_a_named_error_without_the_secret(only, sandbox, monkeypatch):
    monkeypatch.delenv("SUPPORT_ETL_SECRET_HUBSPOT_ACME_ACCESS_TOKEN")
    for name in ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"):
        monkeypatch.setenv(f"SUPPORT_ETL_SECRET_HUBSPOT_ACME_{name}", "not-the-right-one")
    failures = only("hubspot").read(midnight(TODAY)).failures
    assert failures
    assert all(
        "CredentialsError" in r.message and "not-the-right-one" not in r.message for r in failures
    )


def test_servicenow_by_client_credentials(only, sandbox, monkeypatch):
    monkeypatch.delenv("SUPPORT_ETL_SECRET_SERVICENOW_ACME_PASSWORD")
    monkeypatch.setenv("SUPPORT_ETL_SECRET_SERVICENOW_ACME_CLIENT_ID", "c")
    monkeypatch.setenv("SUPPORT_ETL_SECRET_SERVICENOW_ACME_CLIENT_SECRET", "s-secret")
    outcome = only("servicenow").read(midnight(TODAY))
    assert outcome.state == "completed", outcome.message


def test_servicenow_rows_hidden_by_access_rules_do_not_end_the_stream(only, sandbox):
    fake = sandbox.fakes["servicenow"]
    hidden = {
        r["sys_id"]
        for r in sorted(
            fake._tables()["sys_audit"], key=lambda r: (r["sys_created_on"], r["sys_id"])
        )[:1200]
    }
    fake.hidden = hidden  # more than a page: one page is empty but has a next link
    bench = only("servicenow")
    outcome = bench.read(midnight(TODAY))
    assert outcome.state == "completed", outcome.message
    total = len(fake._tables()["sys_audit"])
    assert bench.fetch("select count(*) from source.ticket_event where field <> 'schedule'") == [
        (total - len(hidden),)
    ]
    assert any("may not see" in w for r in outcome.streams for w in r.warnings)


def test_a_spent_daily_budget_stops_cleanly_and_goes_on_the_next_day(only, sandbox):
    fake = sandbox.fakes["surveymonkey"]
    fake.day_limit = 3
    bench = only("surveymonkey")
    outcome = bench.read(midnight(TODAY))
    assert "BudgetSpentError" in outcome.failures[0].message
    assert bench.fetch("select count(*) from source.survey_response") == [(0,)]
    asked = len(fake.asked)
    fake.day_limit = 500
    assert bench.read(midnight(TODAY)).state == "completed"
    lists = sum(a.path == "/v3/surveys" for a in fake.asked[asked:])
    assert lists == 1, "the interrupted batch is resumed (its list is landed), then one new list"


def test_a_survey_that_appears_later_is_read_from_its_start(only, sandbox):
    def without_one(body: bytes) -> bytes:
        result = json.loads(body)
        return json.dumps(
            {**result, "total": 1, "data": [s for s in result["data"] if s["id"] != "310002"]}
        ).encode()

    fake = sandbox.fakes["surveymonkey"]
    fake.faults = [InjectedFault("edit", "/v3/surveys$", edit=without_one)]
    bench = only("surveymonkey")
    bench.read(midnight(TODAY))
    assert bench.fetch("select distinct survey_id from source.survey_response") == [("310001",)]
    bench.read(midnight(TODAY))
    known = sum(s.at <= fake.clock for s in fake.world.scores)
    assert bench.fetch("select count(*) from source.survey_response") == [(known,)]


def test_an_endpoint_outside_the_plan_is_skipped_with_its_reason(only, sandbox):
    sandbox.fakes["zendesk"].faults = [InjectedFault("forbidden", "/slas/policies", times=99)]
    outcome = only("zendesk").read(midnight(TODAY))
    assert outcome.state == "completed"
    skipped = next(r for r in outcome.streams if r.stream == "sla_policies")
    assert skipped.state == "skipped"
    assert "do not have access" in skipped.message


def test_a_malformed_request_of_an_optional_stream_is_no_missing_plan(only, sandbox):
    fake = sandbox.fakes["zendesk"]
    wrong = {"title": "Invalid attribute", "message": "page[size] must be at most 50"}
    fake.forbidden = lambda: Response({"error": wrong}, 400)
    fake.faults = [InjectedFault("forbidden", "/slas/policies", times=99)]
    outcome = only("zendesk").read(midnight(TODAY))
    failed = next(r for r in outcome.streams if r.stream == "sla_policies")
    assert failed.state == "failed"
    assert "page[size] must be at most 50" in failed.message


def test_a_backfill_changes_nothing_that_is_the_same_and_moves_no_bookmark(only):
    bench = only("servicenow")
    bench.run(midnight(TODAY))
    before = bench.fetch("select account, stream, value from ops.bookmark order by 1, 2")
    outcome = run_backfill(
        bench.settings(),
        ThreadRunner(),
        midnight(TODAY) - timedelta(days=40),
        midnight(TODAY),
        chunk=timedelta(days=15),
    )
    assert outcome.state == "completed", outcome.message
    assert sum(r.changed for r in outcome.streams) == 0
    assert sum(r.records for r in outcome.streams) > 0
    assert bench.fetch("select account, stream, value from ops.bookmark order by 1, 2") == before
    with pytest.raises(ConfigurationError, match="is not before"):
        run_backfill(bench.settings(), ThreadRunner(), midnight(TODAY), midnight(TODAY))


def test_readers_get_a_copy_of_core_and_marts_and_nothing_of_source(only, tmp_path):
    target = tmp_path / "readers" / "support.duckdb"
    bench = only("zendesk")
    warehouse = {"url": bench.url, "published": str(target)}
    outcome = bench.run(midnight(TODAY), report=True, warehouse=warehouse)
    assert outcome.state == "completed"
    with duckdb.connect(str(target), read_only=True) as reader:
        schemas = {
            r[0]
            for r in reader.execute(
                "select distinct table_schema from information_schema.tables"
            ).fetchall()
        }
        assert schemas == {"core", "marts", "ops"}
        assert reader.execute("select count(*) from marts.kpi_daily").fetchone()[0] > 100
        assert reader.execute(
            "select comment from duckdb_tables() where table_name = 'kpi_daily'"
        ).fetchone()[0]
        bench.run(
            midnight(TODAY), report=True, warehouse=warehouse
        )  # a reader does not stop the next run
        assert reader.execute("select count(*) from marts.kpi_daily").fetchone()[0] > 100
    assert not list(target.parent.glob("*.tmp*"))


def test_personal_data_is_stored_only_where_it_is_switched_on(only, sandbox):
    bench = only("zendesk")
    bench.read(midnight(TODAY))
    personal = (
        "select count(subject), (select count(body) from source.message),"
        " (select count(name) from source.agent), (select count(email) from source.customer)"
        " from source.ticket"
    )
    assert bench.fetch(personal) == [(0, 0, 0, 0)]
    allowed = replace(
        bench,
        folder=bench.folder / "on",
        url=bench.url.replace("warehouse.duckdb", "on.duckdb"),
        accounts=tuple(
            {**a, "personal_data": True, "customer_data": False} for a in bench.accounts
        ),
    )
    allowed.read(midnight(TODAY))
    subjects, bodies, agents, customers = allowed.fetch(personal)[0]
    assert min(subjects, bodies, agents) > 0
    assert customers == 0


def test_three_settings_switch_personal_data_on_one_by_one():
    def allowed(**given: bool) -> set[str]:
        return set(AccountSettings(connector="zendesk", name="a", **given).allowed)

    switches = set(get_args(Switch))
    assert allowed() == set()
    assert allowed(personal_data=True) == switches
    assert allowed(agent_names=True) == {"agent_names"}
    assert allowed(personal_data=True, texts=False) == switches - {"texts"}
    assert {c.personal for e in ENTITIES.values() for c in e.columns} - {None} == switches


def test_plans_come_from_a_query_as_they_come_from_a_file(only, tmp_path, monkeypatch):
    by_file = only("files")
    by_file.read(midnight(TODAY))
    database = duckdb.connect(str(tmp_path / "finance.duckdb"))
    database.execute(
        f"create table budget as select * from read_csv('{by_file.accounts[0]['budget_lines']}')"
    )
    database.close()
    account = {
        **by_file.accounts[0],
        "budget_lines": (
            "select version, month_on, team, category, kind, amount, currency, driver, driver_rate"
            " from budget"
        ),
    }
    by_query = replace(
        by_file,
        folder=tmp_path / "q",
        url=f"duckdb:///{tmp_path / 'q.duckdb'}",
        accounts=(account,),
    )
    missing = by_query.read(midnight(TODAY)).failures
    assert [r.stream for r in missing] == ["budget_lines"]
    assert "SUPPORT_ETL_SECRET_PLANS_DATABASE_URL" in missing[0].message
    monkeypatch.setenv(
        "SUPPORT_ETL_SECRET_PLANS_DATABASE_URL", f"duckdb:///{tmp_path / 'finance.duckdb'}"
    )
    outcome = by_query.read(midnight(TODAY))
    assert outcome.state == "completed", outcome.message
    listed = (
        "select version, month_on, team, category, kind, amount, currency from source.budget_line"
        " order by 1, 2, 3, 4"
    )
    assert by_query.fetch(listed) == by_file.fetch(listed)
    broken = replace(
        by_query, accounts=({**account, "budget_lines": "select nothing from nowhere"},)
    ).read(midnight(TODAY))
    assert "StorageError" in broken.failures[0].message
    assert "support-etl run" not in broken.failures[0].message


def test_a_bad_row_of_a_plan_file_costs_that_row(only, tmp_path):
    bench = only("files")
    (account,) = bench.accounts
    rows = list(csv.DictReader(Path(account["budget_lines"]).read_text().splitlines()))
    rows[3] |= {"month_on": "the third of May"}
    spoilt = tmp_path / "budget.csv"
    with spoilt.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    bench = replace(bench, accounts=({**account, "budget_lines": str(spoilt)},))
    assert bench.read(midnight(TODAY)).state == "completed"
    assert bench.fetch("select count(*) from source.budget_line") == [(len(rows) - 1,)]
    ((reason,),) = bench.fetch("select reason from ops.quarantine where entity = 'budget_line'")
    assert "month_on" in reason


def test_numbers_that_do_not_add_up_end_the_run_loudly_and_hold_the_watermark(only):
    bench = only("zendesk")
    first = bench.run(midnight(TODAY))
    assert first.state == "completed", first.message
    with duckdb.connect(bench.url.removeprefix("duckdb:///")) as connection:
        connection.execute("update marts.kpi_weekly set denominator = denominator + 1")
    again = bench.run(midnight(TODAY), report=True)
    assert again.state == "partly"
    assert "numbers do not add up: Weekly and monthly figures" in again.message
    with duckdb.connect(bench.url.removeprefix("duckdb:///")) as connection:
        held = connection.execute(
            "select run_id from ops.watermark where subject = 'marts'"
        ).fetchall()
        broken = connection.execute(
            "select subject from ops.validation where level = 'identity' and not is_met"
        ).fetchall()
    assert held == [(first.run_id,)]
    assert broken == [("identities",)]
    assert "identities: Weekly and monthly figures" in again.published.page.read_text()


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        ({"subdomian": "acme"}, "no setting 'subdomian'; did you mean subdomain?"),
        ({"deselct": ("tickets",)}, "did you mean deselect?"),
        ({"colour": "red"}, "Zendesk Support has subdomain, email"),
    ],
)
def test_an_unknown_setting_of_an_account_is_refused_with_the_nearest_name(given, advice):
    account = AccountSettings(connector="zendesk", name="acme", **{"subdomain": "acme", **given})
    with pytest.raises(ConfigurationError, match=re.escape(advice)):
        open_client(account)
