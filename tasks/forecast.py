"""Step: write the volume forecast of every team."""

import json
import time
from datetime import date
from typing import Any

from tasks.forecasting.volume import forecast
from tasks.sqlmodels.catalog import inputs_state, models
from tasks.warehouse import books
from tasks.warehouse.build import refill
from tasks.warehouse.engine import Connection, Warehouse
from tasks.warehouse.tables import table

MODEL = "marts.forecast_volume_daily"


def build_forecast(warehouse: Warehouse, connection: Connection, horizon_days: int, run_id: str) -> tuple[int, int | None]:
    """Rows and changed rows of the forecast; None when history is as it was and nothing was computed."""
    model = models()[MODEL]
    state = json.dumps({**inputs_state(model, books.table_states(connection)), "horizon": horizon_days}, sort_keys=True)
    if books.model_inputs(connection).get(MODEL) == state:
        return 0, None
    started = time.perf_counter()
    history: dict[str, list[tuple[date, float]]] = {}
    names: dict[str, tuple[str, str, str | None]] = {}
    for account, team_id, team, day, count in warehouse.fetch(
        connection, "select account, team_id, team, day, created_count from marts.ticket_volume_daily order by 1, 2, 4"
    ):
        queue = f"{account}\x1f{team_id}"
        names[queue] = (account, team_id, team)
        history.setdefault(queue, []).append((day, float(count)))
    rows = [_row(e, names[e.queue], history[e.queue][-1][0]) for e in forecast(history, horizon=horizon_days)]
    target = table(model.schema, model.name, model.columns, model.says, model.grain)
    return refill(warehouse, connection, target, rows, run_id=run_id, state=state, started=started)


def _row(expected: Any, name: tuple[str, str, str | None], origin: date) -> dict[str, Any]:
    account, team_id, team = name
    return {
        "account": account, "team_id": team_id, "team": team, "day": expected.day, "lead_days": expected.lead_days,
        "origin_day": origin, "model": expected.model, "expected_tickets": expected.mean, "low_80": expected.low_80,
        "high_80": expected.high_80, "low_95": expected.low_95, "high_95": expected.high_95,
        "backtest_wape": expected.backtest_wape,
    }
