"""The entry point `support-etl`: its commands by group, its version and its exit codes.

Exit codes: 0 done, 1 unexpected, 2 settings, 3 vendor, 4 data, 5 storage, 6 Prefect.
"""

import os
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import (
    catalog,
    check,
    compare,
    console,
    doctor,
    erase,
    fields,
    forecast,
    init,
    metrics,
    new,
    quarantine,
    reconcile,
    report,
    sandbox,
    state,
    statuses,
    warehouse,
)
from flows.cli import run as runs
from flows.pipeline.traces import explain
from flows.prefect_setup import set_prefect_defaults
from tasks.errors import SupportEtlError
from tasks.settings import load

SET_UP, RUN, LOOK, WAREHOUSE, CATALOG, TRY, CONTRIBUTE = (
    "Set up",
    "Run the pipeline",
    "See what needs attention",
    "Look after the warehouse",
    "Read the catalog",
    "Try it out",
    "Contribute",
)

app = typer.Typer(
    help="Customer-support data in one warehouse: KPIs, budget and staffing forecasts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for group, commands in (
    (SET_UP, (init.init, check.check)),
    (RUN, (runs.run, runs.backfill, runs.replay, reconcile.reconcile, report.report)),
    (
        LOOK,
        (
            doctor.doctor,
            statuses.statuses,
            fields.fields,
            warehouse.status,
            compare.compare,
            metrics.metrics,
        ),
    ),
    (WAREHOUSE, (warehouse.prepare, warehouse.migrate, warehouse.tidy, erase.erase)),
    (CATALOG, (catalog.connectors, catalog.kpis, catalog.models, catalog.surveys)),
    (TRY, (runs.demo, sandbox.sandbox, forecast.forecast)),
):
    for command in commands:
        app.command(rich_help_panel=group)(command)
app.add_typer(quarantine.app, name="quarantine", rich_help_panel=LOOK)
app.add_typer(state.app, name="state", rich_help_panel=WAREHOUSE)
app.add_typer(new.app, name="new", rich_help_panel=CONTRIBUTE)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        console.line(f"support-etl {version('support-etl')}")
        raise typer.Exit


@app.callback()
def options(
    is_version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
    profile: Annotated[
        str,
        typer.Option(
            "--profile",
            envvar="SUPPORT_ETL_PROFILE",
            help="Section of the settings file, such as dev for [profiles.dev].",
        ),
    ] = "",
) -> None:
    """Customer-support data in one warehouse: KPIs, budget and staffing forecasts."""
    if profile:
        os.environ["SUPPORT_ETL_PROFILE"] = profile


def main() -> None:
    """Run one command; every error becomes one line and an exit code, never a traceback."""
    try:
        set_prefect_defaults()
        app(standalone_mode=True)
    except SupportEtlError as error:
        console.error(f"error: {error}")
        sys.exit(error.exit_code)
    except Exception as error:
        folder = _reports_folder() / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-command"
        console.error(f"error: {explain(error, folder, 'command')}")
        sys.exit(1)


def _reports_folder() -> Path:
    """The folder of reports; its default if the settings cannot be read."""
    try:
        return Path(load().reports.folder)
    except SupportEtlError:
        return Path("reports")
