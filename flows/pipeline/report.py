"""The report of the tables as they are, outside of a run."""

from collections.abc import Sequence
from pathlib import Path

from flows.pipeline.context import open_warehouse
from tasks import publish
from tasks.errors import ConfigurationError
from tasks.reporting.content import Report, Table
from tasks.settings import Settings
from tasks.warehouse import runlog

_ON_SCREEN = {"kpis", "staffing", "budget"}


def report_tables(settings: Settings) -> Sequence[Table]:
    """KPI, staffing and budget tables as the report shows them."""
    return [table for table in _report(settings).tables if table.name in _ON_SCREEN]


def rewrite_report(settings: Settings) -> Path:
    """Write the report of the latest run again."""
    page, _ = publish.write(_report(settings), settings.reports.folder)
    return page


def _report(settings: Settings) -> Report:
    with open_warehouse(settings) as warehouse, warehouse.session() as session:
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
