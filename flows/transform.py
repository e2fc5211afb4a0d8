"""Build calendar, models, forecast and staffing in one transaction: readers see the tables before,
or all of them after.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache, partial

from flows.forecast import forecast_and_plan
from flows.runner import Runner
from tasks.quality.suites import Verdict
from tasks.settings import Settings
from tasks.sqlmodels.catalog import Model, models
from tasks.transform import (
    ModelResult,
    build_calendar,
    build_model,
    identities_verdict,
    set_parameters,
)
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.runlog import build_state, record_build
from tasks.warehouse.session import Session

_BUILT_HERE = {"sql", "kpis", "kpi_list"}
_MADE_BETWEEN = {"forecast", "plan", "budget"}


def build_tables(
    settings: Settings,
    warehouse: Warehouse,
    runner: Runner,
    *,
    run_id: str,
    as_of: datetime,
    at_end: Callable[[Session], None] | None = None,
    progress: Callable[[str], None] = lambda text: None,
) -> list[ModelResult]:
    """Everything in `core` and `marts` for `as_of`.

    `at_end` is called inside the transaction, before it commits.
    """
    results: list[ModelResult] = []
    with warehouse.transaction() as session:
        changed_keys = set_parameters(session, as_of, settings)
        results += runner.run(
            "model calendar",
            lambda: build_calendar(session, settings, as_of, run_id, changed_keys),
        )
        late = _after_forecast()

        def build_all(chosen: Iterable[Model]) -> None:
            known = build_state(session)
            for model in chosen:
                results.append(
                    runner.run(
                        f"model {model.full_name}",
                        partial(build_model, session, model, run_id, changed_keys, known),
                    )
                )
            record_build(session, known)

        build_all(
            m for m in models().values() if m.built_by in _BUILT_HERE and m.full_name not in late
        )
        results += forecast_and_plan(settings, session, runner, run_id=run_id, progress=progress)
        build_all(m for m in models().values() if m.built_by in _BUILT_HERE and m.full_name in late)
        changed_keys.finish()
        if at_end:
            at_end(session)
    return results


@cache
def _after_forecast() -> frozenset[str]:
    """Models that read what forecast and plan make, or one another of these."""
    late: set[str] = set()
    for model in models().values():  # inputs come first
        if any(
            name in late or (name in models() and models()[name].built_by in _MADE_BETWEEN)
            for name in model.inputs
        ):
            late.add(model.full_name)
    return frozenset(late)


def check_identities(session: Session, runner: Runner) -> Verdict:
    """Whether the numbers of the build add up, one result for each file of `sql/identities`."""
    return runner.run("check identities", lambda: identities_verdict(session))
