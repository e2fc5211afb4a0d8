"""The commands `state list` and `state reset`: how far each stream is read."""

from datetime import datetime
from typing import Annotated

import typer

from flows.cli import console
from flows.cli.console import Accounts, AsJson
from tasks.clock import parse_instant
from tasks.errors import ConfigurationError
from tasks.settings import load

app = typer.Typer(
    help="See how far each stream is read, and have one read again.", no_args_is_help=True
)
_SHOWN_OF_CURSOR = 24


@app.command("list")
def list_states(account: Accounts = None, as_json: AsJson = False) -> None:
    """List the streams with their bookmark or cursor, and what the next run asks for."""
    from flows.pipeline.state import stream_states

    states = stream_states(load(), account or ())
    if as_json:
        fields = states[0].__slots__ if states else ()
        console.print_json([{name: getattr(one, name) for name in fields} for one in states])
        return
    rows = [
        (
            one.account,
            one.stream,
            one.keeps_up_by,
            f"{one.until:%Y-%m-%d %H:%M} UTC" if one.until else "",
            one.cursor[:_SHOWN_OF_CURSOR] + ("..." if len(one.cursor) > _SHOWN_OF_CURSOR else ""),
            one.partitions or "",
            one.next_read,
        )
        for one in states
    ]
    titles = ("Account", "Stream", "Keeps up by", "Read up to", "Cursor", "Parents", "Reads next")
    console.table("State", titles, rows)


@app.command("reset")
def reset(
    account: Annotated[str, typer.Argument(help="Account of the stream.")],
    stream: Annotated[str, typer.Argument(help="Stream, as `state list` prints it.")],
    to: Annotated[
        str,
        typer.Option("--to", help="Instant to read from again. Default: the account's start."),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would change.")
    ] = False,
    is_sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget how far a stream is read: the next run reads it again from its start.

    Loaded rows stay, and records that did not change are not written again. It is refused while a
    run is at work.
    """
    from flows.pipeline.state import reset as reset_state

    settings = load()
    instant = _instant(to) if to else None
    change = reset_state(settings, account, stream, to=instant, dry_run=True)
    console.details(f"{account}/{stream}", change.items())
    if dry_run:
        console.line("nothing was changed")
        return
    if not is_sure:
        typer.confirm("Change it?", abort=True)
    reset_state(settings, account, stream, to=instant, dry_run=False)
    console.line("changed; the next run reads the stream again")


def _instant(text: str) -> datetime:
    try:
        return parse_instant(text)
    except ValueError:
        raise ConfigurationError(
            f"--to {text!r} is not a date or instant such as 2026-03-01"
        ) from None
