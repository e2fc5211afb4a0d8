"""The report of the tables as they are, outside of a run."""

from collections.abc import Sequence
from pathlib import Path

from flows.pipeline.context import filled_warehouse
from tasks import publish
from tasks.errors import ConfigurationError
from tasks.reporting.content import Headline, Report, Table
from tasks.settings import Settings
from tasks.warehouse import runlog

_ON_SCREEN = {"kpis", "staffing", "budget"}


def report_on_screen(settings: Settings) -> tuple[Sequence[Headline], list[Table]]:
    """Headlines, and the KPI, staffing and budget tables."""
    report = _report(settings)
    return report.headlines, [table for table in report.tables if table.name in _ON_SCREEN]


def rewrite_report(settings: Settings) -> Path:
    """Write the report of the latest run again."""
    page, _ = publish.write(_report(settings), settings.reports.folder)
    return page


def _report(settings: Settings) -> Report:
    with filled_warehouse(settings) as warehouse, warehouse.session() as session:
        run = runlog.last_run(session)
        if run is None:
            raise ConfigurationError("no run yet; call `support-etl run` first")
        return publish.collect(
            session,
            run_id=run.run_id,
            state=run.state,
            as_of=run.as_of,
            notes=[run.message] if run.message else [],
        )
