"""The command `fields`: the fields of an account, how they are filled, and lines of settings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import console
from flows.cli.console import AsJson
from tasks.settings import load

if TYPE_CHECKING:
    from tasks.field_use import FieldUse


def fields(
    account: Annotated[
        str, typer.Argument(metavar="[ACCOUNT]", help="Show the fields of this account only.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """List own fields, tags, brand and form of accounts: share filled, most frequent values.

    Shares are of the newest records that were received. Values are shown of closed lists only. For
    those that the settings do not name it proposes lines.
    """
    from flows.pipeline.own_fields import uses_by_account

    by_account = uses_by_account(load(), account)
    if as_json:
        console.print_json([_facts(use) for uses in by_account.values() for use in uses])
        return
    for name, uses in by_account.items():
        _print_uses(name, uses)
        _print_settings(name, uses)


def _facts(use: "FieldUse") -> dict[str, Any]:
    return {
        "account": use.account,
        "record_type": use.record_type,
        "field_id": use.field_id,
        "label": use.label,
        "kind": use.kind,
        "is_active": use.is_active,
        "name": use.name or None,
        "records": use.records,
        "filled": use.filled,
        "values": dict(use.most_frequent),
    }


def _print_uses(account: str, uses: "Sequence[FieldUse]") -> None:
    titles = ("Field", "Label", "Of", "Kind", "Filled", "Most frequent values", "Your name")
    rows = [
        (
            use.field_id,
            use.label if use.label != use.field_id else "",
            use.record_type,
            (use.kind or "") if use.is_active else "not active",
            _filled(use),
            ", ".join(f"{value} {count:,}" for value, count in use.most_frequent),
            use.name,
        )
        for use in uses
    ]
    console.table(f"{account}: fields", titles, rows)


def _filled(use: "FieldUse") -> str:
    if use.filled_share is None or (use.is_asked and not use.name):
        return "not asked for" if use.is_asked else ""
    return f"{use.filled_share:.0%} of {use.records:,}"


def _print_settings(account: str, uses: "Sequence[FieldUse]") -> None:
    from tasks.field_use import proposed_lines

    lines = proposed_lines(uses)
    if lines:
        console.line(
            f"at the end of the [[accounts]] block of {account} in support_etl.toml, the lines that"
            " you need:"
        )
        for text in ("[accounts.fields]", *lines):
            console.line(text)
