"""The commands `quarantine list`, `show`, `replay` and `dismiss`."""

from typing import Annotated

import typer

from flows.cli import console
from flows.cli.console import Accounts, AsJson
from flows.cli.outcome import print_outcome
from tasks.settings import load

app = typer.Typer(
    help="List the rows that broke a rule, look at one, load them again, or dismiss one.",
    no_args_is_help=True,
)
Batch = Annotated[str, typer.Argument(help="Batch, as `quarantine list` prints it.")]
Number = Annotated[int, typer.Argument(help="Number of the row within the batch.")]
_COLUMNS = {
    "batch_id": "Batch",
    "row_number": "No.",
    "account": "Account",
    "stream": "Stream",
    "entity": "Entity",
    "record_key": "Key",
    "rule": "Rule",
    "reason": "Reason",
}


@app.command("list")
def list_rows(as_json: AsJson = False) -> None:
    """List the rows that wait in quarantine."""
    from flows.pipeline.quarantine import quarantined

    rows = quarantined(load())
    if as_json:
        console.print_json([row._asdict() for row in rows])
        return
    cells = [[getattr(row, name) for name in _COLUMNS] for row in rows]
    console.table("Quarantine", tuple(_COLUMNS.values()), cells)


@app.command("show")
def show(batch: Batch, number: Number) -> None:
    """Show one row with its reason and the raw record from the landed page."""
    from flows.pipeline.quarantine import quarantined_record

    console.print_json(quarantined_record(load(), batch, number))


@app.command("replay")
def replay(account: Accounts = None) -> None:
    """Load the batches with rows in quarantine again, after you fixed a rule or mapping."""
    from flows.pipeline.quarantine import replay_quarantine

    outcome = replay_quarantine(load(), account or (), console.progress)
    print_outcome(outcome, as_json=False)


@app.command("dismiss")
def dismiss(batch: Batch, number: Number) -> None:
    """Close a row that nobody will fix, such as one that the vendor has withdrawn."""
    from flows.pipeline.quarantine import dismiss as close

    close(load(), batch, number)
    console.line(f"row {number} of {batch} is dismissed")
