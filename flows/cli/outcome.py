"""Print what a run did, for `run`, `backfill`, `replay` and `quarantine replay`."""

from typing import TYPE_CHECKING, Any

import typer

from flows.cli import console
from tasks.settings import load

if TYPE_CHECKING:
    from flows.pipeline.outcome import Outcome


def finish(outcome: "Outcome", *, as_json: bool, with_tables: bool = False) -> None:
    """Print the outcome; exit with 3 unless the run completed."""
    print_outcome(outcome, as_json=as_json, with_tables=with_tables)
    if outcome.state != "completed":
        raise typer.Exit(3)


def print_outcome(outcome: "Outcome", *, as_json: bool, with_tables: bool = False) -> None:
    """Print headlines, problems and the report's path, or counts of each stream as JSON."""
    if as_json:
        console.print_json(_as_json(outcome))
        return
    published = outcome.published
    if published:
        _print_figures(with_tables=with_tables)
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


def _print_figures(*, with_tables: bool) -> None:
    from flows.pipeline.report import report_on_screen
    from tasks.reporting.files import shown

    headlines, tables = report_on_screen(load())
    figures = [(h.title, h.value, h.description) for h in headlines]
    console.table("Headlines", ("Figure", "Value", "Compared with"), figures)
    for table in tables if with_tables else ():
        rows = [[shown(cell) for cell in row] for row in table.rows]
        console.table(table.title, table.headings, rows)
