"""Forecast and staffing tables of a whole run: methods, special days, plan files, scenarios."""

import itertools
import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from conftest import Bench
from tests_support import FIRST, TODAY, midnight
from typer.testing import CliRunner

from flows.cli import app
from flows.pipeline.scenario import what_if
from tasks.planning.scenario import Scenario
from tasks.transform import identities_verdict
from tasks.warehouse.engine import Warehouse

PLANNING = {
    "models": "full",
    "shifts": ["Mon-Fri 08:00-16:30 break 30", "Mon-Fri 10:30-19:00 break 30"],
    "patience_seconds": 120,
    "quantile": "q75",
    "interval_days": 9,
}
QUANTILES = ("low_95", "q05", "low_80", "q25", "q50", "q75", "high_80", "q95", "high_95")
CLOSED = TODAY + timedelta(days=(7 - TODAY.weekday()) % 7 + 1)  # the next Tuesday


def query(url: str, statement: str):
    warehouse = Warehouse(url)
    try:
        with warehouse.session() as session:
            return [dict(row._mapping) for row in session.fetch(statement)]
    finally:
        warehouse.dispose()


@pytest.fixture
def done(bench: Bench, tmp_path):
    path = tmp_path / "special.csv"
    path.write_text(f"team,day_on,kind,label\nTier 2,{CLOSED},closed,Stocktaking\n")
    accounts = tuple(
        {**a, "special_days": str(path)} if a["connector"] == "files" else a for a in bench.accounts
    )
    bench.accounts = accounts
    outcome = bench.run(midnight(TODAY), planning=PLANNING)
    # the run also checks the forecast's identities
    assert outcome.state == "completed", outcome.message
    return bench


def test_forecast_and_staffing_tables_are_consistent(done: Bench, monkeypatch):
    assert_days(done.url)
    assert_weeks(done.url)
    assert_half_hours(done.url)
    assert_models(done.url)
    assert_staffing(done.url)
    assert_rosters(done.url)
    assert_headcount_plan(done.url)
    assert_scenarios(done)
    assert_scenario_from_the_command_line(done.url, monkeypatch)
    # nothing new, nothing written: scenarios stay, too
    assert done.run(midnight(TODAY), planning=PLANNING).changed_rows == 0


def assert_quantiles_in_order(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        quantiles = [row[name] for name in QUANTILES]
        assert quantiles == sorted(quantiles)
        assert quantiles[0] >= 0


def assert_days(url: str) -> None:
    days = query(url, "select * from marts.forecast_volume_daily")
    assert {r["lead_days"] for r in days} == set(range(1, 29))
    assert_quantiles_in_order(days)
    empty = [r for r in days if r["day"] == CLOSED and r["expected_tickets"] == 0]
    assert {(r["team"], r["day_kind"]) for r in empty} == {("Tier 2", "closed")}


def assert_weeks(url: str) -> None:
    """A week's prediction interval is narrower than the sum of its days' intervals."""
    weeks = query(url, "select * from marts.forecast_weekly")
    assert {r["weeks_ahead"] for r in weeks} == {1, 2, 3, 4}
    assert_quantiles_in_order(weeks)
    for row in (r for r in weeks if r["team"] == "all"):
        together = query(
            url,
            "select sum(high_80 - low_80) as width from marts.forecast_total_daily where account ="
            f" '{row['account']}' and day between '{row['first_day']}' and '{row['last_day']}'",
        )
        assert row["high_80"] - row["low_80"] < together[0]["width"]


def assert_half_hours(url: str) -> None:
    pieces = query(
        url,
        f"select {', '.join(QUANTILES)}, expected_tickets from marts.forecast_volume_interval where"
        " expected_tickets > 0",
    )
    assert pieces
    assert_quantiles_in_order(pieces)


def assert_models(url: str) -> None:
    """Each queue has one chosen model a lead; its error is that of its past forecasts."""
    days = query(url, "select * from marts.forecast_volume_daily")
    assert {r["model"] for r in days} <= {
        "combined",
        "boosted",
        "smoothed",
        "level_profile",
        "weekday_mean",
        "seasonal_naive",
        "ended",
    }
    scored = query(
        url,
        "select account, team_id, count(distinct model) as models, sum(case when is_chosen then 1"
        " else 0 end) as chosen, count(distinct lead_from) as leads from marts.forecast_score group"
        " by account, team_id",
    )
    assert {(r["models"], r["chosen"] == r["leads"]) for r in scored} == {(6, True)}
    shown = {(r["account"], r["team_id"]): r["backtest_wape"] for r in days}
    for row in query(
        url,
        "select account, team_id, sum(abs(expected_tickets - actual_tickets)) as wrong,"
        " sum(actual_tickets) as came from marts.forecast_accuracy_daily group by account, team_id",
    ):
        assert shown[row["account"], row["team_id"]] == pytest.approx(row["wrong"] / row["came"])
    assert query(url, "select 1 from marts.forecast_accuracy_daily where day <= origin_day") == []
    treated = query(url, "select treatment from marts.forecast_history_daily")
    assert {r["treatment"] for r in treated} <= {"special", "outlier", "missing", "level_shift"}
    workload = query(url, "select distinct measure from marts.forecast_workload_daily")
    assert {r["measure"] for r in workload} >= {"replies", "reopens", "solved", "handle_minutes"}


def assert_staffing(url: str) -> None:
    needs = query(url, "select * from marts.staffing_requirement_interval")
    assert {r["model"] for r in needs} == {"erlang_a", "deferred"}
    assert {r["day"] for r in needs} == {TODAY + timedelta(days=i) for i in range(9)}
    for row in needs:
        assert row["agents_required"] >= 0
        assert row["scheduled_headcount"] == pytest.approx(row["agents_required"] / 0.7)
        if row["model"] == "erlang_a" and row["planned_contacts"] > 0:
            assert row["service_level"] >= 0.8 - 1e-9
            assert row["occupancy"] <= 0.85 + 1e-9


def assert_rosters(url: str) -> None:
    rosters = query(url, "select * from marts.staffing_roster_daily")
    for (_, _, _, day), part in itertools.groupby(sorted(rosters, key=key), key=key):
        rows = list(part)
        assert day.weekday() < 5
        paid = sum(r["paid_hours"] for r in rows)
        assert paid + 1e-6 >= rows[0]["required_hours"] - rows[0]["understaffed_hours"]
    assert any(r["headcount"] > 0 for r in rosters)


def assert_headcount_plan(url: str) -> None:
    """Twelve months; a request starts two months later, beyond the forecast's four weeks."""
    plan = query(
        url,
        "select * from marts.headcount_plan_monthly order by account, team_id, month_on",
    )
    first = TODAY.year * 12 + TODAY.month - 1
    twelve = [date(n // 12, n % 12 + 1, 1) for n in range(first, first + 12)]
    for _, part in itertools.groupby(plan, key=lambda r: (r["account"], r["team_id"])):
        months = list(part)
        assert [m["month_on"] for m in months] == twelve
        assert [m["joiners"] for m in months][2:] == [m["request"] for m in months][:-2]
        ends = [m["end_fte"] for m in months]
        assert [m["start_fte"] for m in months][1:] == pytest.approx(ends[:-1])
        assert {m["need_from"] for m in months} >= {"forecast", "as forecast before"}
    # hiring starts today for later attrition
    assert any(m["request"] > 0 and m["workdays_forecast"] > 0 for m in plan)


def assert_scenarios(done: Bench) -> None:
    """No change gives the base, more work needs more people, the same name replaces."""
    settings = done.settings(planning=PLANNING)
    assert {r["extra_fte"] for r in what_if(settings, Scenario(), "same")} == {0.0}
    peak = Scenario(volume=1.5, handle=1.2, live_share=0.9, live_seconds=10, shrinkage=0.4)
    assert sum(r["extra_fte"] for r in what_if(settings, peak, "peak")) > 0
    what_if(settings, Scenario(volume=1.5), "peak")
    stored = query(
        done.url,
        "select distinct scenario, assumptions from marts.staffing_scenario_daily order by 1",
    )
    assert [(r["scenario"], r["assumptions"]) for r in stored] == [
        ("peak", "volume +50.0%"),
        ("same", "no change"),
    ]


def assert_scenario_from_the_command_line(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORT_ETL_WAREHOUSE__URL", url)
    options = "--volume +10% --aht -5% --service-level 90/30 --shrinkage 0.32 --name march --json"
    result = CliRunner().invoke(app, ["forecast", *options.split()])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.output)
    assert {r["scenario"] for r in rows} == {"march"}
    assert rows[0]["expected_tickets"] == pytest.approx(1.1 * rows[0]["base_expected_tickets"])


def test_breaks_and_training_in_shifts_replace_the_shrinkage_setting(small_bench: Bench, tmp_path):
    assert small_bench.run(midnight(TODAY)).state == "completed"
    team, agent_team = (
        r["team_id"]
        for r in query(
            small_bench.url,
            "select team_id from staging.known_team where account = 'zendesk_acme' order by team_id"
            " limit 2",
        )
    )
    agent = query(
        small_bench.url,
        "select agent_id from staging.known_agent where account = 'zendesk_acme' and team_id ="
        f" '{agent_team}' limit 1",
    )[0]["agent_id"]
    lines = ["shift_id,agent_id,team_id,starts_at,ends_at,activity"]
    # ten days of eight hours: the team works six of them, so a quarter is lost; the agent works
    # seven, so an eighth is
    for number in range(1, 11):
        day = TODAY - timedelta(days=number)
        for name, (who, where, work) in {"a": ("", team, 14), "b": (agent, "", 15)}.items():
            lines += [
                f"{name}{number}-w,{who},{where},{day}T08:00:00Z,{day}T{work}:00:00Z,Work",
                f"{name}{number}-t,{who},{where},{day}T{work}:00:00Z,{day}T16:00:00Z,training",
            ]
    long_ago = TODAY - timedelta(days=90)
    lines.append(f"old,,{team},{long_ago}T00:00:00Z,{long_ago}T23:00:00Z,absence")
    (tmp_path / "shifts.csv").write_text("\n".join(lines) + "\n")
    small_bench.accounts = tuple(
        {**a, "shifts": str(tmp_path / "shifts.csv")} if a["connector"] == "files" else a
        for a in small_bench.accounts
    )
    outcome = small_bench.run(midnight(TODAY))
    assert outcome.state == "completed", outcome.message
    shrinkage = {
        (r["account"], r["team_id"]): (r["shrinkage_share"], r["shrinkage_from"])
        for r in query(
            small_bench.url,
            "select distinct account, team_id, shrinkage_share, shrinkage_from from"
            " marts.staffing_forecast",
        )
    }
    assert shrinkage.pop(("zendesk_acme", team)) == (0.25, "shifts")
    assert shrinkage.pop(("zendesk_acme", agent_team)) == (0.125, "shifts")
    assert set(shrinkage.values()) == {(0.3, "setting")}
    for row in query(
        small_bench.url,
        "select distinct team_id, agent_hours, fte from marts.staffing_requirement_daily where"
        " account = 'zendesk_acme'",
    ):
        lost = {team: 0.25, agent_team: 0.125}.get(row["team_id"], 0.3)
        assert row["fte"] == pytest.approx(row["agent_hours"] / (1 - lost) / 8)


def test_published_forecasts_never_change(small_bench: Bench):
    """The planners' forecast is judged by what was published, though each day makes a new one."""
    reported: dict[tuple, float] = {}
    for days_before in (1, 0):
        outcome = small_bench.run(
            midnight(TODAY - timedelta(days=days_before)),
            planning={"models": "floor", "interval_days": 1, "horizon_days": 28},
        )
        assert outcome.state == "completed", outcome.message
        for r in query(
            small_bench.url,
            "select account, team_id, day, lead_days, expected_tickets from"
            " marts.forecast_volume_daily where lead_days in (1, 7, 14, 28)",
        ):
            reported.setdefault(
                (r["account"], r["team_id"], r["day"], r["lead_days"]), r["expected_tickets"]
            )
    published = query(small_bench.url, "select * from ops.forecast_published")
    assert {
        (r["account"], r["team_id"], r["day"], r["lead_days"]): r["expected_tickets"]
        for r in published
    } == reported
    assert len({r["run_id"] for r in published}) == 2
    assert {r["lead_days"] for r in published} == {1, 7, 14, 28}
    small_bench.run(
        midnight(TODAY), planning={"models": "full", "interval_days": 1, "horizon_days": 28}
    )  # another way of forecasting on the same day
    assert query(small_bench.url, "select * from ops.forecast_published") == published


def test_money_adds_up(bench: Bench, tmp_path):
    """Plan and variances make the actual, also in another currency and fiscal year.

    The outlook holds the rest of the year.
    """
    by_file = replace(
        bench, accounts=tuple(a for a in bench.accounts if a["connector"] in {"files", "zendesk"})
    )
    changes = TODAY.replace(day=1) - timedelta(days=10)
    (tmp_path / "rates.csv").write_text(
        f"currency,valid_from_on,rate\nEUR,{FIRST.replace(day=1)},1.1\nEUR,{changes},1.2\n"
    )
    by_file.accounts = tuple(
        {**a, "exchange_rates": str(tmp_path / "rates.csv")} if a["connector"] == "files" else a
        for a in by_file.accounts
    )
    outcome = by_file.run(
        midnight(TODAY),
        business={"time_zone": "Europe/Berlin", "currency": "USD", "fiscal_year_month": 10},
    )
    # the run also checks the budget's identities
    assert outcome.state == "completed", outcome.message
    rows = query(by_file.url, "select * from marts.budget_variance_monthly order by month_on, team")
    for row in rows:
        assert row["plan"] + row["total"] == row["actual"]
        parts = ("volume", "mix", "efficiency", "rate", "other", "fx")
        assert row["total"] == sum(row[n] for n in parts)
    assert_volume_variance(by_file.url, rows)
    assert_exchange_variance(by_file.url, rows, changes)
    assert_fiscal_years(by_file.url)
    assert_wrong_parts_are_noticed(by_file.url)


def assert_volume_variance(url: str, rows: list[dict[str, Any]]) -> None:
    """All teams together: contacts beyond plan at the planned mean cost."""
    for _, part in itertools.groupby(rows, key=lambda r: r["month_on"]):
        cells = [r for r in part if r["plan_contacts"]]
        planned = sum(r["plan_contacts"] for r in cells)
        came = sum(r["actual_contacts"] for r in cells)
        labour = {r["team"]: 0.0 for r in cells}
        for line in query(
            url,
            "select team, amount_reporting from core.fct_budget_line where category = 'labour' and"
            f" month_on = '{cells[0]['month_on']}'",
        ):
            labour[line["team"]] += float(line["amount_reporting"])
        if cells[0]["is_complete"]:
            assert float(sum(r["volume"] for r in cells)) == pytest.approx(
                (came - planned) * sum(labour.values()) / planned, abs=0.01
            )


def assert_exchange_variance(url: str, rows: list[dict[str, Any]], changes: date) -> None:
    """By hand: a tenth of a dollar on every euro after the rate has changed."""
    moved = changes.replace(day=1)
    assert {row["month_on"] for row in rows if row["fx"]} == {moved}
    for row in (r for r in rows if r["month_on"] == moved):
        later = query(
            url,
            f"select sum(amount) as euros from core.fct_cost where team = '{row['team']}' and"
            f" posted_on >= '{changes}' and month_on = '{moved}'",
        )
        assert float(row["fx"]) == pytest.approx(0.1 * float(later[0]["euros"]), abs=0.01)


def assert_fiscal_years(url: str) -> None:
    spent = query(
        url,
        "select sum(amount) as euros, sum(amount_reporting) as dollars from core.fct_cost where"
        f" accrued_on < '{TODAY}'",
    )[0]
    assert 1.1 * float(spent["euros"]) <= float(spent["dollars"]) <= 1.2 * float(spent["euros"])
    years = query(
        url,
        "select fiscal_year, sum(actual_to_date) as actual, sum(plan_year) as plan from"
        " marts.budget_year group by fiscal_year order by 1",
    )
    assert sum(y["actual"] for y in years) == spent["dollars"]
    expected_year = TODAY.year + (TODAY.month >= 10)
    assert years[-1]["fiscal_year"] == expected_year


def assert_wrong_parts_are_noticed(url: str) -> None:
    warehouse = Warehouse(url)
    for wrong in (
        "update marts.budget_variance_monthly set volume = volume + 1",
        "update marts.budget_year set year_end_plan = year_end_plan + 1",
    ):
        with warehouse.session() as session:
            session.execute(wrong)
            verdict = identities_verdict(session)
            session.rollback()
        assert [r.rule for r in verdict.results if not r.is_met] == ["budget_parts"]
    warehouse.dispose()


def test_an_impossible_plan_is_rejected_or_named(bench: Bench, tmp_path):
    path = tmp_path / "budget.csv"
    path.write_text(
        "version,month_on,team,category,paid_for,kind,amount,currency,driver,driver_quantity,driver_rate\n"
        f"a,{TODAY:%Y-%m}-01,T,licences,desk,fixed,100,EUR,seat,10,10.0010\n"
        f"a,{TODAY:%Y-%m}-01,T,licences,wrong,fixed,100,EUR,seat,10,11\n"
        f"a,{TODAY:%Y-%m}-01,T,licences,nothing,fixed,,EUR,seat,,11\n"
        f"a,{TODAY:%Y-%m}-01,T,licences,phone,fixed,,EUR,fte,,11\n"
    )
    bench.accounts = (
        {"connector": "files", "name": "plans", "budget_lines": str(path)},
        next(a for a in bench.accounts if a["connector"] == "zendesk"),
    )
    outcome = bench.run(midnight(TODAY))
    reasons = {
        r["reason"]
        for r in query(bench.url, "select reason from ops.quarantine where entity = 'budget_line'")
    }
    assert reasons == {
        "amount is not driver_quantity x driver_rate",
        (
            "neither an amount nor a driver_rate with a driver_quantity (or the driver fte or"
            " contacts, whose quantity headcount_plan has)"
        ),
    }
    assert outcome.state == "partly"
    assert "headcount_plan has no fte for it" in outcome.message


def key(row):
    return row["account"], row["team_id"], row["team"], row["day"]


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--volume", "ten"),
        ("--volume", "-100%"),
        ("--aht", "x"),
        ("--service-level", "80"),
        ("--service-level", "0/20"),
    ],
)
def test_a_change_that_cannot_be_read_is_refused(option, text):
    reported = CliRunner().invoke(app, ["forecast", option, text])
    assert reported.exit_code != 0
    assert "such as" in str(reported.exception)


def test_a_scenario_without_a_forecast_names_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setenv("SUPPORT_ETL_WAREHOUSE__URL", f"duckdb:///{tmp_path / 'w.duckdb'}")
    reported = CliRunner().invoke(app, ["forecast"])
    assert "call `support-etl run`" in str(reported.exception)
