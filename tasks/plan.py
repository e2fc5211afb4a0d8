"""Step: write the people needed for the tickets that are expected."""

import json
import time
from typing import Any

from tasks.planning.staffing import Assumptions
from tasks.settings import PlanningSettings
from tasks.sqlmodels.catalog import inputs_state, models
from tasks.warehouse import books
from tasks.warehouse.build import refill
from tasks.warehouse.engine import Connection, Warehouse
from tasks.warehouse.tables import table

MODEL = "marts.staffing_forecast"
_BOUNDS = ("low_80", "high_80", "low_95", "high_95")


def build_staffing(
    warehouse: Warehouse, connection: Connection, planning: PlanningSettings, run_id: str
) -> tuple[int, int | None]:
    """Rows and changed rows of the staffing table; None when forecast, plan and assumptions are as they were."""
    model = models()[MODEL]
    known = {**inputs_state(model, books.table_states(connection)), "planning": planning.model_dump()}
    state = json.dumps(known, sort_keys=True)
    if books.model_inputs(connection).get(MODEL) == state:
        return 0, None
    started = time.perf_counter()
    rows = [_row(dict(row._mapping), planning) for row in warehouse.fetch(connection, _QUERY)]
    target = table(model.schema, model.name, model.columns, model.says, model.grain)
    return refill(warehouse, connection, target, rows, run_id=run_id, state=state, started=started)


_QUERY = """
select f.account, f.team_id, f.team, f.day, f.model, f.expected_tickets, f.low_80, f.high_80, f.low_95, f.high_95,
    h.fte as planned_fte, h.handle_minutes
from marts.forecast_volume_daily as f
join core.dim_date as d on d.day = f.day
left join (
    select month_on, team, sum(fte) as fte, max(handle_minutes) as handle_minutes
    from source.headcount_plan group by month_on, team
) as h on h.team = f.team and h.month_on = d.month_starts_on
order by f.account, f.team_id, f.day
"""


def _row(found: dict[str, Any], planning: PlanningSettings) -> dict[str, Any]:
    assumed = Assumptions(
        found["handle_minutes"] or planning.handle_minutes, planning.paid_hours_per_day, planning.shrinkage_share,
        planning.occupancy_share,
    )
    required = assumed.required_fte(found["expected_tickets"])
    planned = found["planned_fte"]
    return {
        **{name: found[name] for name in ("account", "team_id", "team", "day", "expected_tickets", "model")},
        "handle_minutes": assumed.handle_minutes,
        "productive_minutes": assumed.productive_minutes,
        "workload_hours": assumed.workload_hours(found["expected_tickets"]),
        "required_fte": required,
        **{f"required_fte_{bound}": assumed.required_fte(found[bound]) for bound in _BOUNDS},
        "planned_fte": planned,
        "gap_fte": None if planned is None else planned - required,
    }
