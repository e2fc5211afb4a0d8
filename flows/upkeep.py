"""What a data engineer does from time to time: prepare a warehouse, look at its state, move it,
tidy up.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tasks.clock import now
from tasks.errors import ConfigurationError
from tasks.landing.store import Landing
from tasks.settings import Settings
from tasks.transform import model_tables
from tasks.warehouse import runlog
from tasks.warehouse.copying import copy_all
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import MIGRATIONS, prepare

Reporter = Callable[[str], None]
_ABANDONED = timedelta(days=3)


def prepare_warehouse(settings: Settings) -> str:
    """Create what is missing and bring the rest up to date, as the owner of the warehouse.

    Says what it is now.
    """
    warehouse = Warehouse.of(settings.warehouse)
    try:
        with warehouse.held():
            prepare(warehouse, model_tables(), thorough=True)
        return f"{warehouse.name} is at schema version {MIGRATIONS[-1][0]}"
    finally:
        warehouse.dispose()


@dataclass(frozen=True, slots=True)
class Status:
    """How things stand.

    `is_ok` is false when the marts are older than asked for, the last run failed, or something is
    to be looked at.
    """

    is_ok: bool
    lines: tuple[tuple[str, str], ...]


def status(settings: Settings, *, max_age_hours: float) -> Status:
    """The books in a few lines: last run, age of the marts, alerts, quarantine."""
    warehouse = Warehouse.of(settings.warehouse)
    try:
        with warehouse.session() as session:
            runs = session.fetch(
                "select run_id, kind, state, started_at, message from ops.run order by started_at"
                " desc limit 1",
            )
            marks = {r[0]: r[1] for r in session.fetch("select subject, until from ops.watermark")}
            alerts, waiting = (
                runlog.open_alerts(session),
                runlog.open_quarantine_count(session),
            )
    finally:
        warehouse.dispose()
    if not runs:
        return Status(False, (("last run", "none yet; call `support-etl run`"),))
    run_id, kind, state, started_at, message = runs[0]
    age = (now() - marks["marts"]).total_seconds() / 3600 if "marts" in marks else None
    is_fresh = age is not None and age <= max_age_hours
    lines = [
        (
            "last run",
            f"{run_id} ({kind}), {state}, began {_stamp(started_at)}"
            + (f": {message}" if message else ""),
        ),
        (
            "marts complete up to",
            f"{_stamp(marks['marts'])}, {age:,.1f} hours ago" if age is not None else "never yet",
        ),
        *(
            (f"account {name} up to", _stamp(until))
            for name, until in sorted(marks.items())
            if name != "marts"
        ),
        *((f"look at {a['subject']}", a["description"]) for a in alerts),
        ("rows in quarantine", f"{waiting:,}"),
    ]
    return Status(is_fresh and state in {"completed", "running"} and not alerts, tuple(lines))


def complete_until(settings: Settings) -> datetime | None:
    """The instant up to which the marts are complete; None before the first complete run."""
    warehouse = Warehouse.of(settings.warehouse)
    try:
        with warehouse.session() as session:
            rows = session.fetch("select until from ops.watermark where subject = 'marts'")
            return rows[0][0] if rows else None
    finally:
        warehouse.dispose()


def _stamp(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def migrate(settings: Settings, target_url: str, progress: Reporter) -> int:
    """Copy the whole warehouse into another, empty one, in one transaction there. Gives the rows.

    Raises ConfigurationError for the same or a filled target; the source is only read.
    """
    source, target = Warehouse.of(settings.warehouse), Warehouse(target_url)
    if source.name == target.name:
        raise ConfigurationError("the target is the warehouse itself")
    try:
        with source.held(), target.held():
            prepare(source, model_tables())
            prepare(target, model_tables(), thorough=True)
            return copy_all(source, target, model_tables(), progress)
    finally:
        source.dispose()
        target.dispose()


def tidy(settings: Settings, *, dry_run: bool, progress: Reporter) -> dict[str, int]:
    """Remove what is older than the settings in [retention] say. Gives what went, by place."""
    keep, found = settings.retention, {}
    before = (
        now() - timedelta(days=keep.landing_days)
        if keep.landing_days
        else datetime.min.replace(tzinfo=now().tzinfo)
    )
    landing = Landing(settings.landing.url)
    folders = landing.old_batches(
        before, now() - max(_ABANDONED, timedelta(hours=settings.landing.resume_hours))
    )
    found["landed batches"] = len(folders)
    reports = _old_reports(Path(settings.reports.folder), keep.reports_days)
    found["reports"] = len(reports)
    if not dry_run:
        for folder in folders:
            landing.remove(folder)
        for report in reports:
            shutil.rmtree(report)
        if keep.books_days:
            found |= _tidy_books(settings, now() - timedelta(days=keep.books_days))
    for place, count in found.items():
        progress(f"{place}: {count:,}" + (" would go" if dry_run else " gone"))
    return found


def _tidy_books(settings: Settings, before: datetime) -> dict[str, int]:
    warehouse = Warehouse.of(settings.warehouse)
    try:
        with warehouse.held(), warehouse.transaction() as session:
            return runlog.tidy(session, before)
    finally:
        warehouse.dispose()


def _old_reports(folder: Path, days: int) -> list[Path]:
    """Folders of runs, named by their day."""
    if not days or not folder.is_dir():
        return []
    oldest = f"{now() - timedelta(days=days):%Y%m%d}"
    return [
        p
        for p in sorted(folder.iterdir())
        if p.is_dir() and p.name[:8].isdigit() and p.name[:8] < oldest
    ]


def dismiss(settings: Settings, batch: str, number: int) -> None:
    """Close a row of the quarantine for good. Raises ConfigurationError if it is not open."""
    warehouse = Warehouse.of(settings.warehouse)
    try:
        with warehouse.transaction() as session:
            count = runlog.dismiss(session, batch, number)
    finally:
        warehouse.dispose()
    if not count:
        raise ConfigurationError(
            f"no open row {number} of batch {batch}; see `support-etl quarantine list`"
        )
