"""The command `report`."""

from flows.cli import console
from tasks.settings import load


def report() -> None:
    """Write the report again from the tables as they are, and print its path."""
    from flows.pipeline.report import rewrite_report

    console.line(str(rewrite_report(load())))
