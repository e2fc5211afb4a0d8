"""Commands that run the pipeline: `run`, `demo`, `backfill` and `replay`."""

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import console
from flows.cli.console import Accounts, AsJson
from flows.cli.outcome import finish, print_outcome
from flows.cli.sandbox import sandbox_if_no_account
from flows.prefect_setup import ensure_prefect_server
from tasks.clock import parse_instant
from tasks.errors import ConfigurationError
from tasks.importing import gc_frozen
from tasks.settings import Settings, load


def run(
    as_of: Annotated[
        str,
        typer.Option(help="Instant to compute the numbers for, such as 2026-03-01. Default: now."),
    ] = "",
    account: Accounts = None,
    tables: Annotated[
        bool, typer.Option("--tables", help="Print the KPI, staffing and budget tables too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the daily job now: read every account, rebuild the tables, write the report.

    If the settings have no account, the job reads the sandbox of made-up vendors.
    """
    with sandbox_if_no_account(load()) as (settings, sandbox_clock):
        _run_daily(settings, as_of or sandbox_clock, account, with_tables=tables, as_json=as_json)


def demo(
    folder: Annotated[
        Path, typer.Option(help="Folder for warehouse, landed pages and reports.")
    ] = Path("demo"),
    open_report: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the report in a browser.")
    ] = True,
) -> None:
    """Run the daily job on the sandbox, in a folder of its own, and open the report."""
    os.environ.update(_demo_environment(folder))
    with sandbox_if_no_account(load(accounts=())) as (settings, sandbox_clock):
        _run_daily(settings, sandbox_clock, None)
    if open_report and _has_screen():
        typer.launch(str((folder / "reports" / "latest.html").absolute()))


def backfill(
    start: Annotated[str, typer.Option("--from", help="First instant, such as 2026-01-01.")],
    end: Annotated[str, typer.Option("--to", help="Instant at which to stop, not included.")],
    chunk_days: Annotated[int, typer.Option(help="Days to request at a time.", min=1)] = 30,
    account: Accounts = None,
    as_json: AsJson = False,
) -> None:
    """Read a past span again, in chunks, and rebuild the tables.

    Bookmarks stay where they are. Records that did not change are not written again.
    """
    with gc_frozen():
        from flows.backfill import backfill_support_etl
        from flows.orchestration import outcome_of

    with sandbox_if_no_account(load()):
        low, high = _instant("--from", start), _instant("--to", end)
        ensure_prefect_server()
        finish(
            outcome_of(
                lambda: backfill_support_etl(low, high, chunk_days, account, return_state=True)
            ),
            as_json=as_json,
        )


def replay(account: Accounts = None, as_json: AsJson = False) -> None:
    """Load every landed batch again and rebuild the tables, without asking any vendor."""
    from flows.pipeline.run import refuse_empty_landing, run_replay
    from flows.pipeline.runner import ThreadRunner

    console.log_to_screen(quiet=as_json)
    refuse_empty_landing(load())
    with sandbox_if_no_account(load()) as (settings, _):
        outcome = run_replay(
            settings, ThreadRunner(1), accounts=account or (), progress=console.progress
        )
    print_outcome(outcome, as_json=as_json)


def _run_daily(
    settings: Settings,
    as_of: str,
    accounts: list[str] | None,
    *,
    with_tables: bool = False,
    as_json: bool = False,
) -> None:
    console.log_to_screen(quiet=as_json)
    instant = _instant("--as-of", as_of) if as_of else None
    target = settings.warehouse.url.rsplit("@", maxsplit=1)[-1]
    console.progress(f"{len(settings.accounts)} accounts into {target}")
    with gc_frozen():
        from flows.daily import daily_support_etl
        from flows.orchestration import outcome_of

    ensure_prefect_server()
    outcome = outcome_of(lambda: daily_support_etl(instant, accounts, return_state=True))
    finish(outcome, as_json=as_json, with_tables=with_tables)


def _instant(option: str, text: str) -> datetime:
    try:
        return parse_instant(text)
    except ValueError:
        raise ConfigurationError(
            f"{option} {text!r} is not a date or instant such as 2026-03-01 or 2026-03-01T06:00:00Z"
        ) from None


def _demo_environment(folder: Path) -> dict[str, str]:
    return {
        "SUPPORT_ETL_WAREHOUSE__URL": f"duckdb:///{folder / 'warehouse.duckdb'}",
        "SUPPORT_ETL_LANDING__URL": str(folder / "landing"),
        "SUPPORT_ETL_REPORTS__FOLDER": str(folder / "reports"),
    }


def _has_screen() -> bool:
    """Whether a browser can open: on a server xdg-open would print its failed attempts."""
    return sys.platform != "linux" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
