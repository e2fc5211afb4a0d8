"""Forecast, then plan."""

from flows.stages import Stages
from tasks import forecast, plan
from tasks.settings import Settings
from tasks.transform import ModelResult
from tasks.warehouse.engine import Connection, Warehouse


def forecast_and_plan(
    settings: Settings, warehouse: Warehouse, connection: Connection, stages: Stages, *, run_id: str
) -> list[ModelResult]:
    """The tables that Python makes, in the caller's transaction."""
    made = stages.run("forecast volume", lambda: forecast.build_forecast(warehouse, connection, settings.planning, run_id))
    results = [ModelResult(one.model, one.rows, one.changed, 0.0) for one in made]
    rows, changed = stages.run(
        "plan staffing", lambda: plan.build_staffing(warehouse, connection, settings.planning, run_id)
    )
    return [*results, ModelResult(plan.MODEL, rows, changed, 0.0)]
