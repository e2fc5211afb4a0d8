"""Forecast, then plan."""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flows.runner import Runner
from tasks import budget, forecast, plan
from tasks.errors import ConfigurationError
from tasks.planning.scenario import Scenario
from tasks.settings import Settings
from tasks.transform import ModelResult, model_tables
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import prepare
from tasks.warehouse.session import Session


def what_if(settings: Settings, scenario: Scenario, name: str) -> list[dict[str, Any]]:
    """Write a named scenario beside the base, in a transaction of its own.

    Raises ConfigurationError without a forecast.
    """
    warehouse = Warehouse.of(settings.warehouse)
    try:
        with warehouse.held():
            prepare(warehouse, model_tables())
            with warehouse.transaction() as session:
                rows = plan.build_scenario(
                    session,
                    settings.planning,
                    scenario,
                    name,
                    run_id=f"scenario-{name}",
                )
    finally:
        warehouse.dispose()
    if not rows:
        raise ConfigurationError("there is no forecast yet; `support-etl run` makes one")
    return [asdict(row) for row in rows]


def forecast_and_plan(
    settings: Settings,
    session: Session,
    runner: Runner,
    *,
    run_id: str,
    progress: Callable[[str], None] = lambda text: None,
) -> list[ModelResult]:
    """The tables that Python makes, in the caller's transaction.

    `say` is told now and then how far a long forecast is.
    """
    made = runner.run(
        "forecast volume",
        lambda: forecast.build_forecast(session, settings.planning, run_id, _seldom(progress)),
    )
    made += runner.run(
        "plan staffing",
        lambda: plan.build_staffing(session, settings.planning, run_id),
    )
    made += runner.run("budget variances", lambda: budget.build_budget(session, run_id))
    return [ModelResult(one.model, one.rows, one.changed, 0.0) for one in made]


def _seldom(progress: Callable[[str], None], seconds: float = 10.0) -> Callable[[str], None]:
    """Say something at most every so many seconds, and nothing of what is done before."""
    last = time.monotonic()

    def told(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            progress(text)

    return told
