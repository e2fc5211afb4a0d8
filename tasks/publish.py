"""Step: write the report and the spreadsheet, and put the readers' copy in place."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from tasks.reporting.content import Report, Table
from tasks.reporting.files import write_report
from tasks.reporting.kpi_tables import kpi_table as table_of_kpis
from tasks.reporting.layouts import Layout
from tasks.reporting.reading import account_days, kpi_data, planning_data, shown_rows
from tasks.reporting.report import ReportingDayRow, Run, report_of
from tasks.sqlmodels.catalog import Model, models, table_of
from tasks.sqlmodels.kpis import kpis
from tasks.sqlmodels.own_rows import newest_rows
from tasks.sqlmodels.reads import SessionReads
from tasks.warehouse.copying import copy_for_readers
from tasks.warehouse.session import Session


def collect(
    session: Session, *, run_id: str, state: str, as_of: datetime, notes: Sequence[str]
) -> Report:
    """The report of a run, from the marts."""
    run, ask = Run(run_id, state, as_of, tuple(notes)), SessionReads(session)
    today = ask.rows("publish/reporting_day", ReportingDayRow)[0]
    return report_of(
        run,
        today,
        kpis(),
        kpi_data(ask, today.last_day),
        planning_data(ask, today.last_day),
        shown_rows(ask, today.last_day),
        [_own_table(session, model) for model in models().values() if model.report],
    )


def _own_table(session: Session, model: Model) -> Table:
    """A table of the company's own, as its description asks for it."""
    headings = tuple(column.name.replace("_", " ").capitalize() for column in model.columns)
    layout = Layout(model.name, model.report, model.description, model.full_name, headings)
    return layout.table(newest_rows(session, model))


def write(report: Report, folder: str) -> tuple[Path, Path]:
    """Write page and spreadsheet of a run. Raises StorageError."""
    return write_report(report, Path(folder))


def publish_copy(session: Session, target: str) -> None:
    """Put a read-only copy of `core`, `marts` and the watermark in place for BI tools.

    Nothing of `source` is in the file. Raises StorageError.
    """
    if session.dialect == "duckdb" and target:
        readable = [model for model in models().values() if model.schema in {"core", "marts"}]
        copy_for_readers(session, [table_of(model) for model in readable], target)


def kpi_table(session: Session, last_day: date) -> Table:
    """The last 7 and 28 days of every KPI by account."""
    return table_of_kpis(kpis(), account_days(SessionReads(session), last_day), last_day)
