"""An unexpected exception ends its step, not the run: it is reported and stored."""

import importlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import Bench
from tests_support import TODAY, differences, midnight

from flows.pipeline.outcome import Outcome
from flows.pipeline.upkeep import complete_until

DAY = midnight(TODAY)
SURVEYS = "surveymonkey_acme"


@pytest.fixture
def desk(small_bench: Bench) -> Bench:
    accounts = [a for a in small_bench.accounts if a["connector"] in {"zendesk", "surveymonkey"}]
    return replace(small_bench, accounts=tuple(accounts))


def breaks(monkeypatch, where: str, when: Callable[..., bool] = lambda *given: True) -> None:
    """Make a function raise an unexpected error for the calls that `when` selects."""
    module, _, name = where.rpartition(".")
    real = getattr(importlib.import_module(module), name)

    def broken(*given, **named):
        if when(*given):
            raise RuntimeError("not foreseen by anybody")
        return real(*given, **named)

    monkeypatch.setattr(where, broken)


def builds_kpis(session, model, *rest) -> bool:
    return model.full_name == "marts.kpi_daily"


def kept(bench: Bench, outcome: Outcome) -> str:
    """All tracebacks of the run."""
    folder = Path(bench.folder / "reports" / outcome.run_id)
    return "\n".join(path.read_text() for path in folder.glob("*.traceback.txt"))


def state_of_tables(bench: Bench) -> dict[str, int]:
    names = ("marts.kpi_daily", "marts.forecast_volume_daily", "marts.staffing_forecast")
    return {name: bench.fetch(f"select count(*) from {name}")[0][0] for name in names}


def check(bench: Bench, outcome: Outcome, named: str) -> None:
    """The run ended partly, loudly and with its traceback."""
    assert outcome.state == "partly"
    assert named in outcome.message
    assert "RuntimeError: not foreseen by anybody; its traceback is in" in outcome.message
    assert "Traceback" in kept(bench, outcome)
    assert bench.fetch("select state from ops.run order by started_at desc limit 1") == [
        ("partly",)
    ]
    assert not bench.fetch("select 1 from ops.watermark where subject = 'marts'")


def test_in_a_stream(desk: Bench, monkeypatch):
    breaks(monkeypatch, "tasks.land.keep", lambda _, batch, *rest: batch.source.account == SURVEYS)
    outcome = desk.run(DAY)
    check(desk, outcome, f"{SURVEYS}/responses")
    assert {result.account for result in outcome.failures} == {SURVEYS}
    assert desk.fetch("select count(*) > 0 from core.fct_ticket") == [(True,)]


def test_in_an_account(desk: Bench, monkeypatch):
    breaks(monkeypatch, "flows.pipeline.ingest.streams_of", lambda account: account.name == SURVEYS)
    outcome = desk.read(DAY)
    assert [(r.account, r.stream) for r in outcome.failures] == [(SURVEYS, "all")]
    assert "Traceback" in kept(desk, outcome)


def test_in_a_model(desk: Bench, monkeypatch):
    """No table changes; there is a report of the tables before, once there were any."""
    with monkeypatch.context() as patch:
        breaks(patch, "flows.pipeline.build.build_model", builds_kpis)
        outcome = desk.run(DAY - timedelta(days=1), report=True)
        check(desk, outcome, "build marts.kpi_daily failed")
        assert "no report: no table has been built yet" in outcome.message
        assert desk.fetch("select count(*) from core.fct_ticket") == [(0,)], "a partial build"
        assert desk.fetch("select count(*) > 0 from source.ticket") == [(True,)]
    assert desk.run(DAY - timedelta(days=1)).state == "completed"
    before = desk.tables("core", "marts")
    with monkeypatch.context() as patch:
        breaks(patch, "flows.pipeline.build.build_model", builds_kpis)
        outcome = desk.run(DAY, report=True)
    assert outcome.models == []
    assert outcome.published is not None
    assert "build marts.kpi_daily failed" in outcome.published.page.read_text()
    assert differences(before, desk.tables("core", "marts")) == {}
    assert complete_until(desk.settings()) == DAY - timedelta(days=1)


@pytest.mark.parametrize(
    ("step", "where"),
    [
        ("forecast", "tasks.forecast.build_forecast"),
        ("plan", "tasks.plan.build_staffing"),
        ("budget", "tasks.budget.build_budget"),
    ],
)
def test_in_forecast_plan_and_budget(desk: Bench, monkeypatch, step: str, where: str):
    """KPIs are new; the tables of the step are as before."""
    breaks(monkeypatch, where)
    outcome = desk.run(DAY)
    check(desk, outcome, f"{step} failed")
    tables = state_of_tables(desk)
    assert tables["marts.kpi_daily"] > 0
    assert bool(tables["marts.forecast_volume_daily"]) == (step != "forecast")
    assert bool(tables["marts.staffing_forecast"]) == (step == "budget")


def test_in_the_report(desk: Bench, monkeypatch):
    breaks(monkeypatch, "tasks.publish.collect")
    outcome = desk.run(DAY, report=True)
    assert outcome.state == "partly"
    assert "no report: RuntimeError: not foreseen by anybody" in outcome.message
    assert outcome.published is None
    assert "Traceback" in kept(desk, outcome)
    assert state_of_tables(desk)["marts.kpi_daily"] > 0


def test_in_a_notification(desk: Bench, monkeypatch):
    breaks(monkeypatch, "flows.pipeline.notify.notify")
    outcome = desk.run(DAY, report=True)
    assert outcome.state == "completed", "a message changes no number"
    (words,) = outcome.undelivered
    assert "nobody was told how the run ended: RuntimeError" in words
    assert "Traceback" in kept(desk, outcome)


def test_several_broken_steps_end_alone_on_postgresql(desk: Bench, monkeypatch, postgres):
    """Each of them is named; the others go on, and the next run is whole."""
    desk.url = postgres()
    with monkeypatch.context() as patch:
        breaks(patch, "tasks.validate.check", lambda name, *rest: name == "survey_response")
        breaks(patch, "tasks.budget.build_budget")
        breaks(patch, "flows.pipeline.run.watch")
        breaks(patch, "flows.pipeline.publish.write_docs")
        outcome = desk.run(DAY - timedelta(days=2), report=True)
    assert outcome.state == "partly"
    assert {f.step for f in outcome.step_failures} == {"budget", "watch", "publish"}
    assert all("RuntimeError: not foreseen" in str(f) for f in outcome.step_failures)
    assert {result.name for result in outcome.failures} >= {f"{SURVEYS}/responses"}
    before = state_of_tables(desk)
    assert before["marts.staffing_forecast"] > 0
    with monkeypatch.context() as patch:
        breaks(patch, "flows.pipeline.build.build_model", builds_kpis)
        outcome = desk.run(DAY - timedelta(days=1))
    assert [f.step for f in outcome.step_failures] == ["build"]
    assert state_of_tables(desk) == before
    assert desk.run(DAY).state == "completed"
