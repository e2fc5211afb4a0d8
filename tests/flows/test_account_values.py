"""What an account's values mean: by setting, by the vendor, or unknown and said so."""

import json
import tomllib
from dataclasses import replace
from typing import Any

import pytest
from conftest import Bench
from tests_support import TODAY, midnight
from typer.testing import CliRunner

from flows.cli import app
from flows.pipeline.notify import _problems
from tasks.sandbox.company import Sandbox

NOW = midnight(TODAY)
OWN = "Waiting on Third Party"  # a status of the account's own; the fake has it as code 6
CLOCKS = "select sum(on_hold_seconds_recorded), sum(requester_wait_seconds_recorded)"


@pytest.fixture
def freshdesk(every_account: Bench, sandbox: Sandbox):
    """A Freshdesk account whose own status has this meaning, or none."""

    def made(**settings: Any) -> Bench:
        account = next(a for a in sandbox.accounts if a["connector"] == "freshdesk")
        plain = {name: value for name, value in account.items() if name != "statuses"}
        return replace(every_account, accounts=({**plain, **settings},))

    return made


def _categories(bench: Bench) -> dict[str, str]:
    return dict(bench.fetch("select status_id, category from staging.status_category"))


def _command(monkeypatch, bench: Bench, *words: str) -> str:
    monkeypatch.setenv("SUPPORT_ETL_ACCOUNTS", json.dumps(bench.accounts, default=str))
    monkeypatch.setenv("SUPPORT_ETL_WAREHOUSE__URL", bench.url)
    monkeypatch.setenv("SUPPORT_ETL_CONFIG", str(bench.folder / "none.toml"))
    monkeypatch.setenv("COLUMNS", "120")
    result = CliRunner().invoke(app, ["statuses", *words])
    assert result.exit_code == 0, result.output
    return result.output


def test_an_unknown_status_is_other_and_alerts_with_its_tickets(freshdesk, monkeypatch):
    bench = freshdesk()
    outcome = bench.run(NOW, report=True)
    assert outcome.state == "completed", outcome.message
    assert {_categories(bench)["6"], _categories(bench)[OWN]} == {"other"}
    touched = bench.fetch(
        "select count(distinct ticket_id) from source.ticket_event where field = 'status' and"
        f" '{OWN}' in (from_value, to_value)"
    )[0][0]
    (alert,) = [one for one in outcome.alerts if one[1] == "unknown"]
    assert alert[0] == "freshdesk_acme/status"
    assert f"{OWN!r} ({touched} tickets)" in alert[2]
    assert "support-etl statuses freshdesk_acme" in alert[2]
    assert OWN in outcome.published.page.read_text()
    assert any(OWN in line for line in _problems(outcome, {}))
    assert bench.fetch("select is_open from ops.alert where kind = 'unknown'") == [(True,)]


def test_a_setting_holds_for_the_past_without_asking_the_vendor(freshdesk, sandbox):
    bench = freshdesk()
    bench.run(NOW)
    before = bench.fetch(f"{CLOCKS} from core.fct_ticket")[0]
    fake = sandbox.fakes["freshdesk"]
    asked = len(fake.asked)
    mapped = freshdesk(statuses={OWN.upper(): "hold"})
    outcome = mapped.replay()
    assert outcome.state == "completed", outcome.message
    assert len(fake.asked) == asked
    assert {_categories(mapped)["6"], _categories(mapped)[OWN]} == {"hold"}
    assert [one for one in outcome.alerts if one[1] == "unknown"] == []
    assert mapped.fetch("select is_open from ops.alert where kind = 'unknown'") == [(False,)]
    after = mapped.fetch(f"{CLOCKS} from core.fct_ticket")[0]
    assert after != before
    assert after[0] > 0 == before[0]
    assert mapped.fetch(
        "select count(*) from core.fct_status_interval where status in ('6', 'Waiting on Third"
        " Party') and category <> 'hold'"
    ) == [(0,)]


def test_the_owner_knows_better_than_the_vendor_and_by_code(freshdesk):
    bench = freshdesk(statuses={"6": "hold", "3": "hold"}, priorities={"1": "high"})
    bench.run(NOW)
    assert _categories(bench)["Pending"] == "hold"
    assert _categories(bench)[OWN] == "hold"
    assert bench.fetch("select count(*) from core.fct_ticket where priority = 'low'") == [(0,)]


def test_teams_of_one_name_are_one(freshdesk):
    bench = freshdesk()
    bench.run(NOW)
    teams = bench.fetch("select team_id, name from staging.known_team order by 1")
    (first, _), (second, name) = teams[:2]
    tickets = "select count(*) from core.fct_ticket where team_id in ('{}')"
    both = bench.fetch(tickets.format(f"{first}','{second}"))
    joined = freshdesk(teams={first: name})
    joined.replay()
    assert joined.fetch(tickets.format(second)) == both
    assert joined.fetch(tickets.format(first)) == [(0,)]
    assert len(joined.fetch("select team_id from staging.known_team")) == len(teams) - 1
    assert joined.fetch(
        f"select count(*) from core.fct_assignment where kind = 'team' and holder_id = '{first}'"
    ) == [(0,)]


def test_the_command_lists_what_there_is_and_proposes_lines(freshdesk, monkeypatch):
    bench = freshdesk(statuses={"Gone": "closed"})
    bench.run(NOW)
    text = _command(monkeypatch, bench)
    assert "freshdesk_acme: what values mean" in text
    assert "never seen" in _command(monkeypatch, bench, "freshdesk_acme", "--unused")
    lines = text[text.index("[accounts.statuses]") :]
    proposed = tomllib.loads(lines)["accounts"]["statuses"]
    assert proposed == {OWN: "hold"}
    facts = json.loads(_command(monkeypatch, bench, "freshdesk_acme", "--json"))
    by_value = {(one["kind"], one["value"]): one for one in facts}
    assert by_value["status", OWN]["decided_by"] == "unknown"
    assert by_value["status", "2"]["decided_by"] == "vendor"
    assert {one["kind"] for one in facts} == {
        "status",
        "priority",
        "channel",
        "sla_metric",
        "team",
    }
    tickets = bench.fetch("select count(*) from source.ticket where priority = '2'")[0][0]
    assert by_value["priority", "2"]["tickets_count"] >= tickets > 0
    set_now = _command(monkeypatch, freshdesk(statuses=proposed), "freshdesk_acme")
    assert "setting, from the next run" in set_now
    assert "[accounts.statuses]" not in set_now


def test_the_command_refuses_what_is_not_there(freshdesk, monkeypatch, tmp_path):
    bench = freshdesk()
    bench.run(NOW)
    monkeypatch.setenv("SUPPORT_ETL_ACCOUNTS", json.dumps(bench.accounts, default=str))
    monkeypatch.setenv("SUPPORT_ETL_WAREHOUSE__URL", bench.url)
    refused = CliRunner().invoke(app, ["statuses", "zendesk_nowhere"])
    assert refused.exit_code != 0
    assert "no account zendesk_nowhere" in str(refused.exception)


def test_several_accounts_are_counted_and_their_unknown_values_listed(
    every_account: Bench, sandbox: Sandbox, monkeypatch
):
    chosen = [a for a in sandbox.accounts if a["connector"] in {"jira", "freshdesk"}]
    plain = [
        {name: value for name, value in a.items() if name not in {"statuses", "sla_metrics"}}
        for a in chosen
    ]
    bench = replace(every_account, accounts=tuple(plain))
    outcome = bench.run(NOW)
    subjects = {one[0] for one in outcome.alerts if one[1] == "unknown"}
    assert subjects == {"freshdesk_acme/status", "jira_acme/status", "jira_acme/sla_metric"}
    text = _command(monkeypatch, bench)
    assert "Uses of unknown ones" in text
    assert '"Waiting for customer" = "pending"' in text
    assert '"Time to first response" = "first_reply"' in text
    assert len(text.splitlines()) < 60
