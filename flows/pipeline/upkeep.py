"""Upkeep of the warehouse: prepare it, show its health, copy it, remove what is old."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.pipeline.bookmarks import bookmark_faults
from flows.pipeline.context import Reporter, filled_warehouse, open_warehouse
from flows.pipeline.monitoring import run_log_samples
from tasks import watch
from tasks.clock import now
from tasks.errors import ConfigurationError, NoTablesError
from tasks.landing.store import Landing
from tasks.meanings import AccountValue, as_set_now
from tasks.monitoring.prometheus import Sample
from tasks.settings import Settings
from tasks.transform import model_tables
from tasks.warehouse import runlog
from tasks.warehouse.copying import copy_all
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import MIGRATIONS, prepare

_ABANDONED = timedelta(days=3)
_NEVER = datetime.min.replace(tzinfo=UTC)


def prepare_warehouse(settings: Settings) -> str:
    """Create or upgrade all tables, as the owner of the warehouse; give the version in words."""
    with open_warehouse(settings) as warehouse, warehouse.held():
        prepare(warehouse, model_tables(settings.field_names), thorough=True)
        return f"{warehouse.name} is at schema version {MIGRATIONS[-1][0]}"


def account_values(settings: Settings, account: str) -> dict[str, list[AccountValue]]:
    """What the values of each account mean; `account` names one, "" all of them.

    Raises ConfigurationError for an account that is not there, and before the first run.
    """
    with filled_warehouse(settings) as warehouse, warehouse.session() as session:
        found = watch.account_values(session)
    by_account: dict[str, list[AccountValue]] = {}
    for value in as_set_now(found, settings.accounts):
        by_account.setdefault(value.account, []).append(value)
    if account and account not in by_account:
        settings.chosen((account,))
        raise ConfigurationError(f"nothing of {account} is loaded yet; call `support-etl run`")
    if not by_account:
        raise ConfigurationError("nothing is loaded yet; call `support-etl run`")
    return {name: by_account[name] for name in by_account if account in ("", name)}


@dataclass(frozen=True, slots=True)
class Status:
    """Pipeline health.

    `is_ok` is false if the marts are too old, the last run failed, an alert is open, or a bookmark
    cannot be used. `lines` are pairs of subject and state.
    """

    is_ok: bool
    lines: tuple[tuple[str, str], ...]


def status(settings: Settings, *, max_age_hours: float) -> Status:
    """Last run, age of the marts, alerts and quarantine."""
    no_run = Status(False, (("last run", "none yet; call `support-etl run`"),))
    try:
        with filled_warehouse(settings) as warehouse, warehouse.session() as session:
            run = runlog.last_run(session)
            watermarks = runlog.watermarks(session)
            alerts = runlog.open_alerts(session)
            waiting = runlog.open_quarantine_count(session)
            faults = bookmark_faults(runlog.bookmarks(session))
    except NoTablesError:
        return no_run
    if run is None:
        return no_run
    marts = watermarks.pop("marts", None)
    age = (now() - marts).total_seconds() / 3600 if marts else None
    is_fresh = age is not None and age <= max_age_hours
    ending = f": {run.message}" if run.message else ""
    lines = (
        (
            "last run",
            f"{run.run_id} ({run.kind}), {run.state}, began {_stamp(run.started_at)}{ending}",
        ),
        (
            "marts complete up to",
            f"{_stamp(marts)}, {age:,.1f} hours ago" if marts else "never yet",
        ),
        *((f"account {name} up to", _stamp(until)) for name, until in sorted(watermarks.items())),
        *((f"look at {alert['subject']}", alert["description"]) for alert in alerts),
        *((f"bookmark {subject}", fault) for subject, fault in faults),
        ("rows in quarantine", f"{waiting:,}"),
    )
    is_ok = is_fresh and run.state in {"completed", "running"} and not (alerts or faults)
    return Status(is_ok, lines)


def metrics(settings: Settings) -> list[Sample]:
    """The run log as metrics. Raises NoTablesError before the first run."""
    with filled_warehouse(settings) as warehouse, warehouse.session() as session:
        return run_log_samples(session)


def complete_until(settings: Settings) -> datetime | None:
    """The instant up to which the marts are complete; None before the first complete run."""
    try:
        with filled_warehouse(settings) as warehouse, warehouse.session() as session:
            return runlog.watermarks(session).get("marts")
    except NoTablesError:
        return None


def _stamp(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def migrate(settings: Settings, target_url: str, progress: Reporter) -> int:
    """Copy the whole warehouse into an empty one, in one transaction there; give the rows.

    Raises ConfigurationError for the same or a filled target. The source is only read.
    """
    target = Warehouse(target_url)
    with filled_warehouse(settings) as source:
        if source.name == target.name:
            raise ConfigurationError("the target is the warehouse itself")
        try:
            with source.held(), target.held():
                prepare(source, model_tables())
                prepare(target, model_tables(), thorough=True)
                return copy_all(source, target, model_tables(), progress)
        finally:
            target.dispose()


def tidy(settings: Settings, *, dry_run: bool, progress: Reporter) -> dict[str, int]:
    """Remove what is older than the [retention] settings; give the counts by place."""
    landing = Landing(settings.landing.url)
    batches = _old_batches(settings, landing)
    reports = _old_reports(Path(settings.reports.folder), settings.retention.reports_days)
    removed = {"landed batches": len(batches), "reports": len(reports)}
    if not dry_run:
        for batch in batches:
            landing.remove(batch)
        for report in reports:
            shutil.rmtree(report)
        removed |= _tidy_runlog(settings)
    for place, count in removed.items():
        progress(f"{place}: {count:,}" + (" would go" if dry_run else " gone"))
    return removed


def has_warehouse(settings: Settings) -> bool:
    """Whether there is a warehouse that commands can look after."""
    try:
        with filled_warehouse(settings):
            return True
    except NoTablesError:
        return False


def _old_batches(settings: Settings, landing: Landing) -> list[str]:
    days = settings.retention.landing_days
    before = now() - timedelta(days=days) if days else _NEVER
    interrupted = max(_ABANDONED, timedelta(hours=settings.landing.resume_hours))
    return landing.old_batches(before, now() - interrupted)


def _old_reports(folder: Path, days: int) -> list[Path]:
    """Folders of runs, named by their day, that are older than `days`; none if `days` is 0."""
    if not days or not folder.is_dir():
        return []
    oldest = f"{now() - timedelta(days=days):%Y%m%d}"
    return [
        path
        for path in sorted(folder.iterdir())
        if path.is_dir() and path.name[:8].isdigit() and path.name[:8] < oldest
    ]


def _tidy_runlog(settings: Settings) -> dict[str, int]:
    days = settings.retention.books_days
    if not days or not has_warehouse(settings):
        return {}
    with (
        filled_warehouse(settings) as warehouse,
        warehouse.held(),
        warehouse.transaction() as session,
    ):
        return runlog.tidy(session, now() - timedelta(days=days))
