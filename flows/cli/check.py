"""The command `check`."""

import typer

from flows.cli import console
from flows.cli.console import AsJson
from tasks.errors import ConfigurationError
from tasks.paths import own_folder, settings_file
from tasks.settings import load


def check(as_json: AsJson = False) -> None:
    """Check your own tables, KPIs, rules and connectors, and run their cases and samples.

    It reads the folder of the settings file, and neither warehouse nor vendor. Exits with 2 if
    something is wrong.
    """
    from flows.pipeline.check import check_own

    if own_folder() is None:
        raise ConfigurationError(
            f"there is no {settings_file()} here, and no files of your own next to it; `support-etl"
            " init` writes one"
        )
    findings = check_own(load())
    if as_json:
        console.print_json([vars(finding) for finding in findings])
    else:
        console.table(
            "Your own files",
            ("Subject", "State", "What to do"),
            [(f.subject, "ok" if f.is_ok else "BAD", f.description) for f in findings],
        )
    if not all(finding.is_ok for finding in findings):
        raise typer.Exit(2)
