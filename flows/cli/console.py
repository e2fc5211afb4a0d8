"""Everything that commands print: tables and lines for people, JSON for machines.

No text from data can steer the terminal: `clean` replaces control characters and escape sequences.
No known secret is printed.
"""

import json
import logging
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tasks.settings import RedactSecrets, redact

_PIPED_WIDTH = 160  # piped output is for files and pagers, not for 80 columns
_WIDTH = None if sys.stdout.isatty() else _PIPED_WIDTH
_out = Console(highlight=False, markup=False, emoji=False, width=_WIDTH)
_err = Console(highlight=False, markup=False, emoji=False, stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Accounts = Annotated[
    list[str] | None,
    typer.Option("--account", help="Only this account; may be given several times."),
]


def clean(text: str) -> str:
    """The text on one line, with a mark in place of each control or invisible character.

    Known secrets are replaced by ***.
    """
    return "".join(_shown(character) for character in redact(text))


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"


def line(text: str = "") -> None:
    """Print one line of a result."""
    _out.print(clean(text), soft_wrap=True)


def progress(text: str) -> None:
    """Report progress on standard error."""
    _err.print(clean(text), soft_wrap=True)


def silence(text: str) -> None:
    """Report no progress, as with `--json`."""


def error(text: str) -> None:
    """Print what went wrong, in red, on standard error."""
    _err.print(clean(text), style="red", soft_wrap=True)


def print_json(value: object) -> None:
    """Print JSON; it escapes every character that is not plain ASCII."""
    typer.echo(redact(json.dumps(value, indent=1, default=str)))


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; an empty cell stands for None."""
    grid = Table(title=clean(title), title_justify="left", show_edge=False, pad_edge=False)
    for heading in headings:
        grid.add_column(clean(heading), overflow="fold")
    for row in rows:
        grid.add_row(*("" if cell is None else clean(str(cell)) for cell in row))
    _out.print(grid)
    _out.print()


def details(title: str, facts: Iterable[tuple[str, object]]) -> None:
    """Print the facts about one thing, one a line."""
    grid = Table(title=clean(title), title_justify="left", show_header=False, box=None)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts:
        if value is not None and value != "":
            grid.add_row(clean(name), clean(str(value)))
    _out.print(grid)
    _out.print()


class _CleanFormatter(logging.Formatter):
    """The message alone, on one clean line."""

    def format(self, record: logging.LogRecord) -> str:
        return clean(record.getMessage())


def log_to_screen(*, quiet: bool) -> None:
    """Send our own log to standard error without secrets; hide Prefect's unless it is critical."""
    for name in ("PREFECT_LOGGING_LEVEL", "PREFECT_LOGGING_INTERNAL_LEVEL"):
        os.environ.setdefault(name, "CRITICAL")
    logger = logging.getLogger("support_etl")
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_CleanFormatter())
    handler.addFilter(RedactSecrets())
    logger.handlers, logger.propagate = [handler], False
