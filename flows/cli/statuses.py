"""The command `statuses`: what the values of an account mean, and settings for unknown ones."""

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import console
from flows.cli.console import AsJson
from tasks.settings import load

if TYPE_CHECKING:
    from tasks.meanings import AccountValue


def statuses(
    account: Annotated[
        str, typer.Argument(metavar="[ACCOUNT]", help="Show all values of this account.")
    ] = "",
    unused: Annotated[
        bool, typer.Option("--unused", help="List values that no ticket has, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List statuses, priorities, channels, SLA metrics and teams, and what they mean.

    For unknown ones it proposes lines of settings. Without an ACCOUNT, several accounts are counted
    and only their unknown values are listed.
    """
    from flows.pipeline.upkeep import account_values

    by_account = account_values(load(), account)
    if as_json:
        everything = itertools.chain.from_iterable(by_account.values())
        console.print_json([value._asdict() for value in everything])
        return
    if len(by_account) > 1:
        _print_counts(by_account)
    for name, values in by_account.items():
        listed = [
            value
            for value in values
            if value.is_unknown or (len(by_account) == 1 and (unused or value.tickets_count))
        ]
        _print_values(name, listed)
        _print_settings(name, values)


def _print_counts(by_account: "Mapping[str, Sequence[AccountValue]]") -> None:
    rows = []
    for name, values in by_account.items():
        deciders = [value.decided_by.partition(",")[0] for value in values]
        uses = sum(value.tickets_count for value in values if value.is_unknown)
        counts = map(deciders.count, ("vendor", "setting", "unknown"))
        rows.append((name, len(values), *counts, f"{uses:,}"))
    titles = ("Account", "Values", "By vendor", "By setting", "Unknown", "Uses of unknown ones")
    console.table("What values mean", titles, rows)


def _print_values(account: str, values: "Sequence[AccountValue]") -> None:
    if not values:
        return
    kinds = list(dict.fromkeys(value.kind for value in values))
    rows = [
        (
            value.kind.replace("_", " "),
            value.value,
            value.label if value.label != value.value else "",
            value.meaning,
            value.decided_by,
            f"{value.tickets_count:,}",
        )
        for value in sorted(
            values, key=lambda one: (kinds.index(one.kind), not one.is_unknown, -one.tickets_count)
        )
    ]
    titles = ("Kind", "Value", "Label", "Means", "Decided by", "Tickets")
    console.table(f"{account}: what values mean", titles, rows)


def _print_settings(account: str, values: "Sequence[AccountValue]") -> None:
    from tasks.meanings import setting_lines

    lines = setting_lines(values)
    if lines:
        console.line(
            f"at the end of the [[accounts]] block of {account} in support_etl.toml, once you"
            " checked each line:"
        )
        for text in lines:
            console.line(text)
