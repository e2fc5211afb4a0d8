"""The command `compare`: our figures against those that the vendors publish themselves."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import console
from flows.cli.console import Accounts, AsJson
from tasks.settings import load

if TYPE_CHECKING:
    from flows.pipeline.comparison import UnexplainedFigure
    from tasks.watch import Agreement


def compare(
    account: Accounts = None,
    days: Annotated[int, typer.Option(help="Days of opened tickets to look at.", min=1)] = 56,
    limit: Annotated[int, typer.Option(help="Tickets to print at most.", min=0)] = 20,
    as_json: AsJson = False,
) -> None:
    """Compare our figures with the vendors' own; list tickets that differ without an explanation.

    With --json all of these tickets are printed. Exits with 3 if there are any.
    """
    from flows.pipeline.comparison import compare_figures

    found = compare_figures(load(), account or (), days=days)
    if as_json:
        console.print_json(
            {
                "measures": [row._asdict() for row in found.agreements],
                "unexplained": [row._asdict() for row in found.unexplained],
            }
        )
    else:
        _print_measures(found.agreements)
        _print_tickets(found.unexplained, limit)
    if found.unexplained:
        raise typer.Exit(3)


def _print_measures(agreements: "Sequence[Agreement]") -> None:
    """One line for each account and measure; what agrees nowhere else comes first."""
    if not agreements:
        console.line("no figures to compare: no vendor published one for tickets of these days")
        return
    console.table(
        "Our figures and the vendors' own",
        ("Account", "Measure", "Compared", "Equal", "Explained", "Unexplained"),
        [
            (
                row.account,
                row.title,
                f"{row.compared_count:,}",
                f"{row.equal_count:,}",
                f"{row.explained_count:,}",
                f"{row.unexplained_count:,}",
            )
            for row in sorted(agreements, key=lambda row: -row.unexplained_share)
        ],
    )


def _print_tickets(unexplained: "Sequence[UnexplainedFigure]", limit: int) -> None:
    shown = unexplained[:limit]
    if shown:
        console.table(
            "Differences that nothing explains",
            ("Account", "Ticket", "Measure", "Time", "Ours", "Vendor's", "Difference", "Unit"),
            [
                (
                    row.account,
                    row.number or row.ticket_id,
                    row.measure,
                    "" if row.calendar == "none" else row.calendar,
                    _number(row.our_value),
                    _number(row.vendor_value),
                    _number(row.difference),
                    row.unit,
                )
                for row in shown
            ],
        )
    if len(unexplained) > len(shown):
        console.line(f"{len(unexplained) - len(shown):,} more; --json prints all")


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:,.10g}"
