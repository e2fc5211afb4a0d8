"""The command `erase`."""

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import console
from flows.cli.console import AsJson
from tasks.settings import load

if TYPE_CHECKING:
    from flows.pipeline.erase import Erasure


def erase(
    account: Annotated[str, typer.Option("--account", help="Account of the customer.")],
    customer: Annotated[
        str,
        typer.Option(
            "--customer", help="The vendor's id of the customer, as in core.dim_customer."
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list where data of the person is stored.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Erase one person everywhere and verify it: warehouse, landing zone, reports, copies.

    Figures stay. A pseudonym replaces the person, and the next run does not bring them back.
    Needs the secret SUPPORT_ETL_SECRET_ERASURE_KEY: any long random text, kept as long as the
    warehouse.
    """
    from flows.pipeline.erase import run_erasure
    from flows.pipeline.runner import ThreadRunner

    erasure = run_erasure(
        load(),
        ThreadRunner(),
        account,
        customer,
        dry_run=dry_run,
        progress=console.silence if as_json else console.progress,
    )
    if as_json:
        console.print_json(_as_json(erasure))
    else:
        _print(erasure, dry_run=dry_run)
    if erasure.left and not dry_run:
        raise typer.Exit(4)


def _as_json(erasure: "Erasure") -> dict[str, object]:
    return {
        "pseudonym": erasure.pseudonym,
        "cleared": {trace.place: trace.count for trace in erasure.cleared},
        "left": {trace.place: trace.count for trace in erasure.left},
        "elsewhere": erasure.elsewhere,
    }


def _print(erasure: "Erasure", *, dry_run: bool) -> None:
    title = (
        "Where data of the person is stored"
        if dry_run
        else f"Cleared; {erasure.pseudonym} replaces the person"
    )
    traces = erasure.left if dry_run else erasure.cleared
    rows = [(trace.place, f"{trace.count:,}") for trace in traces if trace.count]
    console.table(title, ("Place", "Rows or files"), rows)
    if not dry_run:
        left = ", ".join(f"{trace.place} ({trace.count})" for trace in erasure.left)
        console.line(f"still there: {left}" if left else "nothing is left")
    for account, customer_id in erasure.elsewhere:
        console.line(f"the same address: --account {account} --customer {customer_id}")
