"""What other tools see of a run: OpenLineage events at its start and end, and a metrics file.

A failure here is reported and ends nothing.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import msgspec

from flows.pipeline.outcome import Outcome, StreamResult
from tasks.entities import Column
from tasks.errors import SupportEtlError
from tasks.extract import streams_of
from tasks.monitoring.openlineage import Dataset, Event, Job, Span, end_event, events
from tasks.monitoring.prometheus import Sample, write_file
from tasks.rest.webhook import post_each
from tasks.settings import AccountSettings, SecretLookup, Settings, optional_secrets_of, redact
from tasks.sqlmodels.catalog import Model, models
from tasks.warehouse import run_figures, runlog
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.session import Session
from tasks.warehouse.tables import SOURCE

_LOG = logging.getLogger("support_etl")
SECRETS = "lineage"  # account of the secret api_key


@dataclass(frozen=True, slots=True)
class _Run:
    """A run that is monitored."""

    settings: Settings
    warehouse: Warehouse
    outcome: Outcome
    kind: str
    started_at: datetime
    lookup: SecretLookup | None

    @property
    def job(self) -> Job:
        """The run as a job."""
        return Job(self.settings.monitoring.lineage_namespace, self.kind, "PIPELINE")

    def span(
        self, started_at: datetime, ended_at: datetime | None = None, failure: str = ""
    ) -> Span:
        """A run of a job within this run."""
        outcome = self.outcome
        return Span(outcome.run_id, outcome.as_of, started_at, ended_at, redact(failure))


@contextmanager
def monitored(
    settings: Settings,
    warehouse: Warehouse,
    outcome: Outcome,
    kind: str,
    *,
    lookup: SecretLookup | None,
    report: Callable[[str], None],
) -> Iterator[None]:
    """Send a run's start and end to where the settings say, and write its metrics at the end."""
    run = _Run(settings, warehouse, outcome, kind, datetime.now(UTC), lookup)
    _try("lineage", report, lambda: _send(run, events(run.job, run.span(run.started_at))))
    try:
        yield
    finally:
        _try("lineage", report, lambda: _send(run, _events_at_end(run)))
        _try("metrics", report, partial(_write_metrics, run))


def _try(what: str, report: Callable[[str], None], call: Callable[[], None]) -> None:
    try:
        call()
    except Exception as error:
        reason = str(error) if isinstance(error, SupportEtlError) else f"{error!r}"
        _LOG.warning("%s: %s", what, redact(reason))
        report(redact(f"no {what}: {reason}"))


def _send(run: _Run, found: Sequence[Event]) -> None:
    """Append events to the file and post them to the address of the settings."""
    monitoring = run.settings.monitoring
    if monitoring.lineage_file:
        path = Path(monitoring.lineage_file)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.writelines(msgspec.json.encode(event) + b"\n" for event in found)
    if monitoring.lineage_url:
        key = optional_secrets_of(SECRETS, ("api_key",), run.lookup).get("api_key", "")
        post_each("monitoring.lineage_url", monitoring.lineage_url, found, bearer=key)


def _events_at_end(run: _Run) -> list[Event]:
    if not (run.settings.monitoring.lineage_file or run.settings.monitoring.lineage_url):
        return []
    failure = "" if run.outcome.state == "completed" else run.outcome.message or run.outcome.state
    end = run.span(run.started_at, datetime.now(UTC), failure)
    return [*_stream_events(run), *_model_events(run), end_event(run.job, end)]


def _stream_events(run: _Run) -> Iterator[Event]:
    accounts = {account.name: account for account in run.settings.accounts}
    read = (one for one in run.outcome.streams if one.state != "skipped")
    for name, several in groupby(sorted(read, key=attrgetter("name")), attrgetter("name")):
        results = list(several)
        account = accounts[results[0].account]
        job = Job(
            run.job.namespace,
            f"{run.kind} {name}",
            "STREAM",
            inputs=(Dataset(f"{account.connector}://{account.name}", results[0].stream),),
            outputs=tuple(_entities(run, account, results)),
        )
        failure = "; ".join(one.failure for one in results if one.failure)
        started_at = min(one.started_at for one in results)
        span = run.span(started_at, max(one.ended_at or one.started_at for one in results), failure)
        yield from events(job, span, run.job)


def _entities(
    run: _Run, account: AccountSettings, results: Sequence[StreamResult]
) -> Iterator[Dataset]:
    """The tables that a stream fills; the rows where it fills one only."""
    stream = next((one for one in streams_of(account) if one.name == results[0].stream), None)
    entities = dict.fromkeys(output.entity for output in stream.outputs) if stream else ()
    changed = sum(result.changed for result in results) if len(entities) == 1 else None
    for entity in entities:
        if entity.name in SOURCE:
            yield _table(run.warehouse, f"source.{entity.name}", entity.columns, changed)


def _model_events(run: _Run) -> Iterator[Event]:
    for result in run.outcome.models:
        if result.changed is not None:
            model = models()[result.model]
            job = _model_job(run, model, result.changed)
            yield from events(job, run.span(result.started_at, result.ended_at), run.job)
    now = datetime.now(UTC)
    for failed in run.outcome.step_failures:
        if failed.subject in models():
            job = _model_job(run, models()[failed.subject], None)
            yield from events(job, run.span(now, now, failed.message), run.job)


def _model_job(run: _Run, model: Model, rows: int | None) -> Job:
    return Job(
        run.job.namespace,
        model.full_name,
        "MODEL",
        model.description,
        model.render(run.warehouse.kind) if model.select else "",
        run.warehouse.kind,
        tuple(_table(run.warehouse, name) for name in model.inputs),
        (_table(run.warehouse, model.full_name, model.columns, rows),),
    )


def _table(
    warehouse: Warehouse, name: str, columns: Sequence[Column] = (), rows: int | None = None
) -> Dataset:
    """A table of the warehouse, named as OpenLineage's naming conventions say."""
    url = warehouse.url
    if warehouse.path is not None:
        return Dataset(f"duckdb://{warehouse.path.absolute()}", name, columns, rows)
    place = f"postgres://{url.host or 'localhost'}:{url.port or 5432}"
    return Dataset(place, f"{url.database}.{name}", columns, rows)


def _write_metrics(run: _Run) -> None:
    if not run.settings.monitoring.metrics_file:
        return
    with run.warehouse.session() as session:
        samples = [*run_log_samples(session), *_durations(run.outcome)]
    write_file(Path(run.settings.monitoring.metrics_file), samples)


def _durations(outcome: Outcome) -> Iterator[Sample]:
    seconds: dict[tuple[str, str], float] = {}
    for one in outcome.streams:
        span = (one.ended_at or one.started_at) - one.started_at
        key = (one.account, one.stream)
        seconds[key] = seconds.get(key, 0.0) + span.total_seconds()
    for labels, value in seconds.items():
        yield Sample("support_etl_stream_duration_seconds", labels, value)


def run_log_samples(session: Session) -> list[Sample]:
    """The run log as metrics."""
    return [
        Sample("support_etl_info", (version("support-etl"),), 1),
        *_run_samples(run_figures.runs(session)),
        *(
            Sample("support_etl_complete_until_timestamp_seconds", (name,), until.timestamp())
            for name, until in sorted(runlog.watermarks(session).items())
        ),
        *_load_samples(run_figures.loads(session)),
        *(
            Sample("support_etl_quarantine_rows", (one.account, one.stream, one.entity), one.rows)
            for one in run_figures.waiting(session)
        ),
        *_alert_samples(run_figures.alerts(session)),
        *_build_samples(run_figures.builds(session)),
    ]


def _run_samples(runs: Sequence[run_figures.RunSpan]) -> Iterator[Sample]:
    latest = {run.kind: run for run in runs}
    ended = {run.kind: (run, run.ended_at) for run in runs if run.ended_at}
    for kind, run in latest.items():
        started = run.started_at.timestamp()
        yield Sample("support_etl_last_run_start_timestamp_seconds", (kind,), started)
    for kind, (run, ended_at) in ended.items():
        seconds = (ended_at - run.started_at).total_seconds()
        yield Sample("support_etl_last_run_duration_seconds", (kind,), seconds)
        yield Sample("support_etl_last_run_success", (kind,), run.state == "completed")


def _load_samples(loads: Sequence[run_figures.Load]) -> Iterator[Sample]:
    prefix = "support_etl_stream_last"
    for one in loads:
        labels = (one.account, one.stream)
        yield Sample(f"{prefix}_load_timestamp_seconds", labels, one.loaded_at.timestamp())
        yield Sample(f"{prefix}_records", labels, one.records or 0)
        yield Sample(f"{prefix}_changed_rows", labels, one.changed or 0)
        yield Sample(f"{prefix}_rejected_rows", labels, one.rejected or 0)


def _alert_samples(alerts: Sequence[run_figures.AlertCount]) -> Iterator[Sample]:
    counts: dict[tuple[str, str], int] = {}
    for one in alerts:
        key = (one.subject.partition("/")[0], one.kind)
        counts[key] = counts.get(key, 0) + 1
    for labels, count in sorted(counts.items()):
        yield Sample("support_etl_open_alerts", labels, count)


def _build_samples(builds: Sequence[run_figures.Build]) -> Iterator[Sample]:
    for one in builds:
        yield Sample("support_etl_model_rows", (one.model,), one.rows or 0)
        yield Sample(
            "support_etl_model_build_duration_seconds", (one.model,), float(one.seconds or 0)
        )
