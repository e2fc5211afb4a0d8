"""Print what a run did, for `run`, `backfill`, `replay` and `quarantine replay`."""

from typing import TYPE_CHECKING, Any

import typer

from flows.cli import console
from tasks.settings import load

if TYPE_CHECKING:
    from flows.pipeline.outcome import Outcome


def finish(outcome: "Outcome", *, as_json: bool) -> None:
    """Print the outcome; exit with 3 unless the run completed."""
    print_outcome(outcome, as_json=as_json)
    if outcome.state != "completed":
        raise typer.Exit(3)


def print_outcome(outcome: "Outcome", *, as_json: bool) -> None:
    """Print tables and report for people, or counts of each stream as JSON."""
    if as_json:
        console.print_json(_as_json(outcome))
        return
    published = outcome.published
    if published:
        _print_tables()
        console.line(f"report:      {published.page}")
        console.line(f"spreadsheet: {published.sheet}")
        console.line(f"data docs:   {published.data_docs}")
    for result in outcome.failures:
        console.error(f"failed: {result.name}: {result.message}")
    for problem in (*outcome.unequal, *outcome.step_failures):
        console.error(str(problem))
    console.line(f"run {outcome.run_id}: {outcome.state}, {outcome.changed_rows:,} rows changed")


def _as_json(outcome: "Outcome") -> dict[str, Any]:
    published = outcome.published
    counts = ("account", "stream", "state", "records", "changed", "quarantined", "requests")
    return {
        "run_id": outcome.run_id,
        "state": outcome.state,
        "message": outcome.message,
        "changed_rows": outcome.changed_rows,
        "report": str(published.page) if published else None,
        "streams": [
            {name: getattr(result, name) for name in (*counts, "message")}
            for result in outcome.streams
        ],
    }


def _print_tables() -> None:
    from flows.pipeline.report import report_tables
    from tasks.reporting.files import shown

    for table in report_tables(load()):
        console.table(
            table.title, table.headings, [[shown(cell) for cell in r] for r in table.rows]
        )
