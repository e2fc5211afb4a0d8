"""The command `init`: a folder with everything that a user of the installed package needs."""

import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from flows.cli import console
from flows.cli.settings_template import account_template, settings_template
from tasks.errors import ConfigurationError, StorageError
from tasks.paths import DEPLOYMENTS
from tasks.settings import BusinessSettings, load

PLAN_FILES: Final = {
    "budget_lines": "budget.csv",
    "cost_entries": "costs.csv",
    "exchange_rates": "rates.csv",
    "headcount_plan": "headcount.csv",
    "kpi_targets": "targets.csv",
    "shifts": "shifts.csv",
    "sla_targets": "sla_targets.csv",
    "special_days": "special_days.csv",
}
_IGNORED: Final = "/.support_etl/\n/landing/\n/reports/\n/demo/\n*.duckdb\n*.duckdb.*\n"
_SHIPPED_HOME: Final = '"{{ $SUPPORT_ETL_HOME }}"'
_SHIPPED_ZONE: Final = "Europe/Berlin"


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; it may be new.")] = Path(),
    time_zone: Annotated[
        str, typer.Option(help="Time zone of your business days, such as Europe/Berlin.")
    ] = "",
    currency: Annotated[str, typer.Option(help="Currency of the budget, such as EUR.")] = "",
    connector: Annotated[
        list[str] | None,
        typer.Option(help="Vendor to read, as in `connectors`; may be given several times."),
    ] = None,
) -> None:
    """Write the files of a new installation: settings, deployments, roles, example plans.

    On a terminal it asks for what no option gives. It never asks for a secret, and never overwrites
    a file.
    """
    folder = folder.absolute()
    zone = time_zone or _ask("Time zone of your business days", _default("time_zone"))
    money = currency or _ask("Currency of the budget", _default("currency"))
    names = connector or _ask("Vendors to read, separated by spaces; none: a sandbox", "").split()
    settings = _settings(zone, money, names)
    load(**tomllib.loads(settings))
    files = {"support_etl.toml": settings, ".gitignore": _IGNORED, **dict(_shipped(folder, zone))}
    _write(folder, files)
    for name in files:
        console.line(f"wrote {folder / name}")
    console.line("next, in that folder:")
    console.line(
        "  support-etl doctor                  # says which settings and secrets are missing"
    )
    console.line("  support-etl run                     # the first run, here and now")
    console.line(
        "  prefect --no-prompt deploy --all    # the schedules, on the server PREFECT_API_URL"
    )


def _ask(question: str, default: str) -> str:
    """Ask on a terminal; otherwise take the default."""
    if not sys.stdin.isatty():
        return default
    answer: str = typer.prompt(question, default=default, show_default=bool(default))
    return answer.strip()


def _default(setting: str) -> str:
    return str(BusinessSettings.model_fields[setting].default)


def _settings(zone: str, currency: str, connectors: list[str]) -> str:
    """Text of the settings file. Raises ConfigurationError for a connector that is not known."""
    from tasks.connectors import connectors as catalog

    known = catalog()
    unknown = sorted(set(connectors) - set(known))
    if unknown:
        raise ConfigurationError(
            f"no connector {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        )
    accounts = []
    for name in dict.fromkeys(connectors):
        account = "plans" if name == "files" else f"{name}_main"
        values = {s: _ask(f"{account}: {s}", "") for s in known[name].settings}
        if name == "files":
            values = {setting: f"plans/{file}" for setting, file in PLAN_FILES.items()}
        accounts.append(account_template(known[name], account, values))
    return settings_template({"business": {"time_zone": zone, "currency": currency}}, accounts)


def _shipped(folder: Path, zone: str) -> Iterator[tuple[str, str]]:
    """Files of `deployments/`, with this folder and time zone filled in."""
    for name, source in (
        ("prefect.yaml", "prefect.yaml"),
        ("automations.yaml", "automations.yaml"),
        ("roles.sql", "postgresql/roles.sql"),
        *((f"plans/{file}", f"examples/{file}") for file in ("README.md", *PLAN_FILES.values())),
    ):
        text = (DEPLOYMENTS / source).read_text(encoding="utf-8")
        text = text.replace(_SHIPPED_HOME, json.dumps(str(folder))).replace(_SHIPPED_ZONE, zone)
        yield name, text.replace(f"deployments/{source}", name)


def _write(folder: Path, files: dict[str, str]) -> None:
    """Write every file, or none if one of them is there already."""
    taken = [name for name in files if (folder / name).exists()]
    if taken:
        raise ConfigurationError(
            f"{folder}: {', '.join(taken)} is there already; nothing was written"
        )
    try:
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as trouble:
        raise StorageError(f"{folder}: {trouble.strerror or trouble}") from None
