"""The command `sandbox`, and the sandbox of commands that run without any account."""

import json
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import console
from tasks.settings import Settings, load, settings_file

_SHIFTS = (
    "Mon-Fri 08:00-16:30 break 30",
    "Mon-Fri 10:00-18:30 break 30",
    "Mon-Fri 08:00-12:00",
    "Mon-Fri 14:00-18:00",
)
_DEFAULTS = {
    "SUPPORT_ETL_BUSINESS__TIME_ZONE": "Europe/Berlin",
    "SUPPORT_ETL_BUSINESS__CURRENCY": "EUR",
    "SUPPORT_ETL_PLANNING__SHIFTS": json.dumps(_SHIFTS),
}


def sandbox(
    port: Annotated[int, typer.Option(help="First port on loopback; 0: any.")] = 8900,
) -> None:
    """Start the fake vendors and print the settings that read them. Ctrl-C stops them."""
    from tasks.sandbox.company import open_sandbox

    with open_sandbox(Path(tempfile.mkdtemp(prefix="support-etl-plans-")), port=port) as company:
        for name, value in company.secrets.items():
            console.line(f"export {name}={value}")
        for account in company.accounts:
            console.line()
            console.line("[[accounts]]")
            for name, value in account.items():
                console.line(f"{name} = {json.dumps(value, default=str)}")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            console.line("stopped")


@contextmanager
def sandbox_if_no_account(settings: Settings) -> Iterator[tuple[Settings, str]]:
    """Give the settings and "", or those of a sandbox and its clock if there is no account.

    The sandbox runs until the block ends.
    """
    if settings.accounts:
        yield settings, ""
        return
    from tasks.sandbox.company import open_sandbox

    console.progress(f"no account in {settings_file()}: reading the sandbox of made-up vendors")
    plans = Path(settings.reports.folder) / "sandbox_plans"
    with open_sandbox(plans) as company:
        accounts = json.dumps([dict(account) for account in company.accounts], default=str)
        chosen = {name: os.environ.get(name, value) for name, value in _DEFAULTS.items()}
        with _environment({**company.secrets, **chosen, "SUPPORT_ETL_ACCOUNTS": accounts}):
            yield load(), company.clock.isoformat()


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set these variables until the block ends."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
