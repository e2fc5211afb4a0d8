"""The command `doctor`."""

import typer

from flows.cli import console
from flows.cli.console import AsJson
from flows.cli.sandbox import sandbox_if_no_account
from tasks.settings import load


def doctor(as_json: AsJson = False) -> None:
    """Check settings, secrets, credentials, landing zone and warehouse; say what to fix.

    Exits with 2 if something is wrong.
    """
    from flows.pipeline.doctor import examine

    with sandbox_if_no_account(load(), is_kept=False) as (settings, _):
        findings = examine(settings)
    if as_json:
        console.print_json([vars(finding) for finding in findings])
    else:
        console.table(
            "Doctor",
            ("Subject", "State", "What to do"),
            [(f.subject, "ok" if f.is_ok else "BAD", f.description) for f in findings],
        )
    if not all(finding.is_ok for finding in findings):
        raise typer.Exit(2)
