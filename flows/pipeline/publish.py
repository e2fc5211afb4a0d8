"""Check the marts, write report, spreadsheet and Data Docs, publish the readers' copy."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from flows.pipeline.containment import note_failure
from flows.pipeline.context import RunContext
from flows.pipeline.outcome import Outcome, Published
from flows.pipeline.runner import Work
from tasks import publish
from tasks.errors import ConfigurationError, ModelError
from tasks.quality.data_docs import write_docs
from tasks.quality.rules import Rule, columns_of, has_rules, rules_of
from tasks.quality.suites import Verdict, check
from tasks.sqlmodels.catalog import Model, models
from tasks.warehouse import runlog
from tasks.warehouse.build import read_columns


def publish_run(context: RunContext, outcome: Outcome) -> Published:
    """Write everything that people read about a run."""
    runner, run_id = context.runner, context.run_id
    check_marts = partial(_check_marts, context, outcome)
    verdicts = runner.run(Work("validate", "marts", check_marts))
    of_marts = [outcome.identities, *verdicts]
    broken = tuple(
        f"{verdict.subject}: {result.description}"
        for verdict in of_marts
        for result in verdict.results
        if not result.is_met
    )
    _record(context, of_marts, outcome)
    notes = (*_notes(outcome), *broken)
    page, sheet = runner.run(
        Work("publish", "report", partial(_write_report, context, outcome.state, notes))
    )
    titled = [(verdict.subject, verdict) for verdict in verdicts] + _of_streams(outcome)
    folder = str(Path(context.settings.reports.folder) / run_id / "data_docs")
    docs = runner.run(Work("publish", "data docs", partial(write_docs, folder, titled)))
    return Published(page, sheet, docs, broken)


def _notes(outcome: Outcome) -> Iterator[str]:
    """What a reader of the report must know: failures, alerts, warnings."""
    for result in outcome.failures:
        yield f"{result.name} failed: {result.message}"
    yield from map(str, outcome.step_failures)
    for subject, _, words in outcome.alerts:
        yield f"look at {subject}: {words}"
    for result in outcome.streams:
        for warning in result.warnings:
            yield f"{result.name}: {warning}"


def _write_report(
    context: RunContext,
    state: str,
    notes: Sequence[str],
) -> tuple[Path, Path]:
    """Write page and spreadsheet, and replace the readers' copy of the warehouse.

    Raises ModelError before the first build.
    """
    settings = context.settings
    with context.warehouse.session() as session:
        if runlog.reported_days(session) is None:
            raise ModelError("no table has been built yet")
        report = publish.collect(
            session, run_id=context.run_id, state=state, as_of=context.as_of, notes=notes
        )
        publish.publish_copy(session, settings.warehouse.published)
    return publish.write(report, settings.reports.folder)


def _check_marts(
    context: RunContext,
    outcome: Outcome,
) -> list[Verdict]:
    """Apply the suites of the marts to the marts as they are.

    An own rule that cannot be applied costs the checks of its mart, and is noted.
    """
    verdicts = []
    with context.warehouse.session() as session:
        for model in models().values():
            if model.schema == "marts" and _rules_of(model):
                rows = read_columns(session, model.full_name, columns_of(model.name))
                try:
                    verdicts.append(check(model.name, rows))
                except ConfigurationError as wrong:
                    if not any(rule.is_own for rule in rules_of(model.name)):
                        raise
                    note_failure(context, outcome, wrong, "validate", model.full_name)
    return verdicts


def _rules_of(model: Model) -> tuple[Rule, ...]:
    """The rules of a mart; a company's own may have none."""
    return rules_of(model.name) if has_rules(model.name) or not model.is_own else ()


def _of_streams(outcome: Outcome) -> list[tuple[str, Verdict]]:
    return [titled for result in outcome.streams for titled in result.verdicts]


def _record(
    context: RunContext,
    of_marts: Sequence[Verdict],
    outcome: Outcome,
) -> None:
    """Write the results of all rules into ops.validation, each subject, batch and rule once."""
    rows: dict[tuple[str, str, str], dict[str, object]] = {}
    for title, verdict in [*(("", verdict) for verdict in of_marts), *_of_streams(outcome)]:
        for result in verdict.results:
            rows[verdict.subject, title, result.rule] = {
                "subject": verdict.subject,
                "batch_id": title,
                "rule": result.rule,
                "level": result.level,
                "is_met": result.is_met,
                "unexpected_count": result.unexpected_count,
                "rows_count": result.rows_count,
            }
    with context.warehouse.transaction() as session:
        runlog.record_validation(session, context.run_id, list(rows.values()))
