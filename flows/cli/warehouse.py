"""Commands that look after the warehouse: `status`, `prepare`, `migrate` and `tidy`."""

from typing import Annotated

import typer

from flows.cli import console
from flows.cli.console import AsJson
from tasks.settings import load


def status(
    max_age_hours: Annotated[
        float, typer.Option(help="Hours that the marts may be old.", min=0)
    ] = 26,
    as_json: AsJson = False,
) -> None:
    """Show pipeline health: last run, age of the marts, alerts, unusable bookmarks, quarantine.

    Exits with 3 if something needs attention.
    """
    from flows.pipeline.upkeep import status as read_status

    health = read_status(load(), max_age_hours=max_age_hours)
    if as_json:
        console.print_json({"is_ok": health.is_ok, **dict(health.lines)})
    else:
        console.table("Status", ("What", "State"), health.lines)
    if not health.is_ok:
        raise typer.Exit(3)


def prepare() -> None:
    """Create the warehouse's tables, or upgrade them, as their owner.

    Runs do this themselves if their login may create tables.
    """
    from flows.pipeline.upkeep import prepare_warehouse

    console.line(prepare_warehouse(load()))


def migrate(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            envvar="SUPPORT_ETL_MIGRATE_TO",
            help="URL of the new, empty warehouse, such as postgresql://owner@db.example/support."
            " Give a URL with a password by the variable, so that no process list shows it.",
        ),
    ],
) -> None:
    """Copy the whole warehouse into another one, such as from DuckDB into PostgreSQL.

    The copy is one transaction. The old warehouse is only read.
    """
    from flows.pipeline.upkeep import migrate as copy

    rows = copy(load(), to, console.progress)
    console.line(
        f"{rows:,} rows copied; set warehouse.url to the new one, then `support-etl run` goes on"
        " from there"
    )


def tidy(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove landed batches, reports and run-log rows older than the retention settings."""
    from flows.pipeline.upkeep import tidy as remove_old

    report = console.silence if as_json else console.progress
    removed = remove_old(load(), dry_run=dry_run, progress=report)
    if as_json:
        console.print_json(removed)
