"""The command `reconcile`."""

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import console
from flows.cli.console import Accounts, AsJson
from tasks.settings import load

if TYPE_CHECKING:
    from tasks.reconcile import Comparison

_HEADINGS = (
    "Account",
    "Stream",
    "Entity",
    "Changed in",
    "Told",
    "Missing",
    "Different",
    "Gone",
    "Repaired",
)


def reconcile(
    days: Annotated[
        int, typer.Option(help="Length of the window; each week takes the next older one.", min=1)
    ] = 30,
    everything: Annotated[
        bool, typer.Option("--everything", help="All time since the accounts' start at once.")
    ] = False,
    account: Accounts = None,
    as_json: AsJson = False,
) -> None:
    """Compare a window with the vendors: load missing records, mark deleted ones, report both.

    For vendors that report no deletions (Jira, Zoho Desk) this is how deleted tickets leave the
    figures.
    """
    from flows.pipeline.reconcile import run_reconciliation
    from flows.pipeline.runner import ThreadRunner

    outcome, comparisons = run_reconciliation(
        load(),
        ThreadRunner(),
        days=days,
        accounts=account or (),
        everything=everything,
        progress=console.silence if as_json else console.progress,
    )
    rows = [_row(comparison) for comparison in comparisons]
    if as_json:
        compared = [dict(zip(_HEADINGS, row, strict=True)) for row in rows]
        console.print_json({"state": outcome.state, "compared": compared})
    else:
        console.table("Compared with the vendors", _HEADINGS, rows)
        for failure in outcome.failures:
            console.error(f"failed: {failure.name}: {failure.message}")
    if outcome.state != "completed":
        raise typer.Exit(3)


def _row(comparison: "Comparison") -> tuple[object, ...]:
    return (
        comparison.account,
        comparison.stream,
        comparison.entity,
        f"{comparison.window.start:%Y-%m-%d} to {comparison.window.end:%Y-%m-%d}",
        comparison.told,
        comparison.missing,
        comparison.different,
        len(comparison.ghosts),
        "yes" if comparison.is_repaired else "no: too many",
    )
