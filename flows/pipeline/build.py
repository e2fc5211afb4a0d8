"""Build calendar, models, forecast, plan and budget in one transaction.

Readers see all tables as before, or all of the new ones. A failed step rolls the transaction back,
because DuckDB has no savepoints to return to, and the build runs once more without what failed and
all that reads its tables. Those tables stay as they were, the others are new:

- a model, or a company's own KPI;
- forecast, plan or budget.

If the calendar fails, or a model that `marts.kpi_daily` stands on, every table stays as it was
before the run: days that are only half there would look like numbers.

Either way the run ends `partly`, names what failed, and moves no watermark of the marts.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from flows.pipeline.containment import note_failure
from flows.pipeline.context import Reporter, RunContext
from flows.pipeline.left_out import LeftOut
from flows.pipeline.outcome import Outcome
from flows.pipeline.runner import T, Work
from tasks import budget, forecast, plan
from tasks.calendar import build_calendar
from tasks.errors import ModelError, StorageError
from tasks.fields import record_choices
from tasks.quality.suites import Verdict
from tasks.settings import AccountSettings
from tasks.sqlmodels.catalog import Model, models
from tasks.sqlmodels.materialization import Materialized, ModelResult
from tasks.sqlmodels.parameters import set_parameters
from tasks.sqlmodels.trial import broken_kpis
from tasks.transform import build_model, check_keys, identities_verdict
from tasks.warehouse import runlog
from tasks.warehouse.changed_keys import ChangedKeys
from tasks.warehouse.runlog import build_state, record_build
from tasks.warehouse.session import Session

_BUILT_BY_SQL = {"sql", "kpis", "kpi_list", "dictionary"}
BETWEEN = frozenset({"forecast", "plan", "budget"})  # steps between the SQL models


class _StepError(Exception):
    """Carries the error of a failed step out of the transaction."""

    def __init__(
        self,
        step: str,
        subject: str,
        error: Exception,
    ) -> None:
        super().__init__(f"{step} {subject}")
        self.step, self.subject, self.error = step, subject, error


def build_tables(
    context: RunContext,
    outcome: Outcome,
    read: Sequence[AccountSettings],
) -> None:
    """Build everything in `core` and `marts` for the run's instant, and move the watermarks.

    `read` are the accounts that were read up to that instant. The outcome gets the results of
    models and identities, and the steps that failed.
    """
    left_out = LeftOut()
    while True:
        try:
            with context.warehouse.transaction() as session:
                build = _Build(context, session, left_out)
                build.run()
                outcome.identities = build.identities
                _move_watermarks(session, context, outcome, read)
        except _StepError as failed:
            more = _without(context, outcome, failed, left_out)
            if more is None:
                return
            left_out = more
            context.progress(f"building tables again without {left_out}")
        else:
            outcome.models = build.results
            return


def _without(
    context: RunContext, outcome: Outcome, failed: _StepError, left_out: LeftOut
) -> LeftOut | None:
    """What the next attempt leaves out; None if there is none. The failure is noted."""
    model = models().get(failed.subject)
    if model and model.built_by == "kpis" and not left_out.kpis:
        broken = broken_kpis(context.warehouse)
        for name, problem in broken.items():
            note_failure(context, outcome, ModelError(problem), "build", f"KPI {name}")
        if broken:
            return left_out.with_kpis(broken)
    note_failure(context, outcome, failed.error, failed.step, failed.subject)
    if failed.step in BETWEEN:
        return left_out.with_step(failed.step)
    if model is None or isinstance(failed.error, StorageError) or left_out.is_long:
        return None
    more = left_out.with_model(failed.subject)
    return more if more.is_bearable else None


@dataclass(slots=True)
class _Build:
    """One attempt, in the caller's transaction. A failed step raises _StepError."""

    context: RunContext
    session: Session
    left_out: LeftOut
    results: list[ModelResult] = field(default_factory=list)
    identities: Verdict = field(default_factory=lambda: Verdict("identities"))

    def run(self) -> None:
        """Build calendar, models, forecast, plan, budget, the models that read those; check all."""
        context, session = self.context, self.session
        runlog.forget_builds(session, self.left_out.models)
        keys = self._step("build", "parameters", self._set_parameters)
        calendar = partial(
            build_calendar, session, context.settings, context.as_of, context.run_id, keys
        )
        self.results += self._step("build", "calendar", calendar)
        early, late = _models_by_turn()
        self._build_models(early, keys)
        self._forecast_and_plan()
        self._build_models(late, keys)
        self._step("build", "changed keys", keys.finish)
        self._step("build", "keys", partial(check_keys, session))
        check = partial(identities_verdict, session, self.left_out.models)
        self.identities = self._step("check", "identities", check)

    def _set_parameters(self) -> ChangedKeys:
        settings, as_of = self.context.settings, self.context.as_of
        record_choices(self.session, settings.accounts, self.context.run_id)
        return set_parameters(self.session, as_of, settings)

    def _build_models(
        self,
        chosen: Iterable[Model],
        keys: ChangedKeys,
    ) -> None:
        known = build_state(self.session)
        for model in (m for m in chosen if m.full_name not in self.left_out.models):
            trimmed = self.left_out.trimmed(model)
            build = partial(build_model, self.session, trimmed, self.context.run_id, keys, known)
            self.results.append(self._step("build", model.full_name, build))
        record_build(self.session, known)

    def _forecast_and_plan(self) -> None:
        session, run_id = self.session, self.context.run_id
        planning = self.context.settings.planning
        report = _at_intervals(self.context.progress)
        steps: dict[str, Callable[[], list[Materialized]]] = {
            "forecast": partial(forecast.build_forecast, session, planning, run_id, report),
            "plan": partial(plan.build_staffing, session, planning, run_id),
            "budget": partial(budget.build_budget, session, run_id),
        }
        for name, call in steps.items():
            if name not in self.left_out.steps:
                tables = self._step(name, "", call)
                self.results += [ModelResult(t.model, t.rows, t.changed, 0.0) for t in tables]

    def _step(
        self,
        kind: str,
        subject: str,
        call: Callable[[], T],
    ) -> T:
        try:
            return self.context.runner.run(Work(kind, subject, call))
        except Exception as error:
            raise _StepError(kind, subject, error) from error


def _move_watermarks(
    session: Session, context: RunContext, outcome: Outcome, read: Sequence[AccountSettings]
) -> None:
    """Tell readers up to when they may trust the tables.

    The marts' watermark moves only if every account was read, no step failed and the numbers add
    up; an account's own moves if none of its streams failed.
    """
    broken = {result.account for result in outcome.failures}
    for account in read:
        if account.name not in broken:
            runlog.move_watermark(session, account.name, context.as_of, context.run_id)
    is_complete = len(read) == len(context.settings.accounts) and not broken
    if is_complete and not outcome.unequal and not outcome.step_failures:
        runlog.move_watermark(session, "marts", context.as_of, context.run_id)


def _models_by_turn() -> tuple[tuple[Model, ...], tuple[Model, ...]]:
    """SQL models before forecast and plan, and those that read their tables, directly or not."""
    early: list[Model] = []
    late: list[Model] = []
    late_names: set[str] = set()
    for model in models().values():  # inputs come first
        inputs = [models()[name] for name in model.inputs if name in models()]
        is_late = any(i.full_name in late_names or i.built_by in BETWEEN for i in inputs)
        if is_late:
            late_names.add(model.full_name)
        if model.built_by in _BUILT_BY_SQL:
            (late if is_late else early).append(model)
    return tuple(early), tuple(late)


def _at_intervals(progress: Reporter, seconds: float = 10.0) -> Reporter:
    """Report at most once in this many seconds, and nothing before the first have passed."""
    last = time.monotonic()

    def report(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            progress(text)

    return report
