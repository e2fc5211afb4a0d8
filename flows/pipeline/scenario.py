"""What-if scenarios of staffing, computed from the forecast of the last run."""

from dataclasses import asdict
from typing import Any

from flows.pipeline.context import filled_warehouse
from tasks import plan
from tasks.errors import ConfigurationError
from tasks.planning.scenario import Scenario
from tasks.settings import Settings
from tasks.transform import model_tables
from tasks.warehouse.migrations import prepare


def what_if(settings: Settings, scenario: Scenario, name: str) -> list[dict[str, Any]]:
    """Write a named scenario and give its rows, in a transaction of its own.

    Raises ConfigurationError without a forecast.
    """
    with filled_warehouse(settings) as warehouse, warehouse.held():
        prepare(warehouse, model_tables())
        with warehouse.transaction() as session:
            rows = plan.build_scenario(
                session, settings.planning, scenario, name, run_id=f"scenario-{name}"
            )
    if not rows:
        raise ConfigurationError("there is no forecast yet; `support-etl run` makes one")
    return [asdict(row) for row in rows]
