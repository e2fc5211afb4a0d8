"""What commands print: tables and lines for people, JSON for machines; nothing from data is markup
or moves the cursor.
"""

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tasks.settings import redact

_WIDTH = (
    None if sys.stdout.isatty() else 160
)  # piped output is for files and pagers, not for 80 columns
out, err = Console(highlight=False, width=_WIDTH), Console(stderr=True, highlight=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Accounts = Annotated[
    list[str] | None,
    typer.Option("--account", help="Only this account; may be given several times."),
]


def progress(text: str) -> None:
    err.print(redact(text), markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=1, default=str))


def table(title: str, heads: tuple[str, ...], rows: list[Any]) -> None:
    made = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    for head in heads:
        made.add_column(head, overflow="fold")
    for row in rows:
        made.add_row(*(_clean(str(cell)) if cell is not None else "" for cell in row))
    out.print(made)
    out.print()


def _clean(text: str) -> str:
    """No control characters and no markup from data on the terminal."""
    from rich.markup import escape

    return escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))
