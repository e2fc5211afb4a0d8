"""The command `sandbox`, and the sandbox of commands that run without any account."""

import json
import os
import shlex
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import console
from flows.cli.settings_template import account_values
from tasks.clock import now, parse_instant
from tasks.errors import ConfigurationError
from tasks.paths import settings_file
from tasks.settings import Settings, load

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
    start: Annotated[
        str,
        typer.Option(help="Instant at which the vendors' clock begins, in the past. Default: now."),
    ] = "",
    speed: Annotated[
        float,
        typer.Option(
            help="How fast their clock moves: 1 as real time, 60 an hour a minute, 0 not at all.",
            min=0,
        ),
    ] = 1,
) -> None:
    """Start the fake vendors and print the settings that read them. Ctrl-C stops them.

    Standard output is a settings file; standard error has the secrets as shell lines, and comments:
    `support-etl sandbox > support_etl.toml 2> sandbox.env`. Their clock moves, and tickets arrive
    with it for 60 days, so that a schedule can be rehearsed. It never passes the present; while it
    is in the past, give its instant to `run --as-of`.
    """
    from tasks.sandbox.company import open_sandbox
    from tasks.sandbox.moving_clock import MovingClock

    clock = MovingClock(_begin(start), speed)
    folder = Path(tempfile.mkdtemp(prefix="support-etl-plans-"))
    with open_sandbox(folder, port=port, time=clock) as company:
        for account in company.accounts:
            for text in account_values(account).splitlines():
                console.line(text)
            console.line()
        for name, value in company.secrets.items():
            console.progress(f"export {name}={shlex.quote(value)}")
        console.progress(f"# plan files are in {folder}")
        console.progress(f"# the vendors answer as of {company.clock.isoformat()}, {_pace(speed)}")
        console.progress("# Ctrl-C stops them")
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
    console.progress("# stopped")


def _begin(start: str) -> datetime:
    """The instant that the option names; now without one. Raises ConfigurationError."""
    if not start:
        return now()
    try:
        begin = parse_instant(start)
    except ValueError:
        begin = now() + timedelta(days=1)
    if begin > now():
        raise ConfigurationError(f"--start {start!r} is not a past date or instant")
    return begin


def _pace(speed: float) -> str:
    if not speed:
        return "and stay there"
    return f"and their clock moves {speed:g} x as fast as real time"


@contextmanager
def sandbox_if_no_account(
    settings: Settings, *, is_kept: bool = True
) -> Iterator[tuple[Settings, str]]:
    """Give the settings and "", or those of a sandbox and its clock if there is no account.

    The sandbox runs until the block ends. Its plan files and tokens are kept, unless the command
    shall leave no file.
    """
    if settings.accounts:
        yield settings, ""
        return
    from tasks.sandbox.company import open_sandbox

    console.progress(f"no account in {settings_file()}: reading the sandbox of made-up vendors")
    with _plans_folder(settings, is_kept=is_kept) as plans, open_sandbox(plans) as company:
        accounts = json.dumps([dict(account) for account in company.accounts], default=str)
        chosen = {name: os.environ.get(name, value) for name, value in _DEFAULTS.items()}
        if not is_kept:
            chosen["SUPPORT_ETL_TOKENS"] = str(plans / "tokens")
        with _environment({**company.secrets, **chosen, "SUPPORT_ETL_ACCOUNTS": accounts}):
            yield load(), company.clock.isoformat()


@contextmanager
def _plans_folder(settings: Settings, *, is_kept: bool) -> Iterator[Path]:
    """The folder of the sandbox's plan files."""
    if is_kept:
        yield Path(settings.reports.folder) / "sandbox_plans"
        return
    with tempfile.TemporaryDirectory(prefix="support-etl-plans-") as folder:
        yield Path(folder)


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
