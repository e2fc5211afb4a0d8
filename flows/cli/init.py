"""The command `init`: a folder with everything that a user of the installed package needs."""

import json
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from flows.cli import console
from flows.cli.settings_template import account_template, secrets_template, settings_template
from tasks.errors import ConfigurationError, StorageError
from tasks.paths import DEPLOYMENTS
from tasks.settings import BusinessSettings, Settings, load, secret_variable

if TYPE_CHECKING:
    from tasks.rest.spec import Connector

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
_NEXT: Final = (
    "next, in that folder:",
    "  cp .env.example .env                # fill in the secrets, then load it:",
    "  set -a; . ./.env; set +a",
    "  support-etl doctor                  # says which settings and secrets are missing",
    "  support-etl run                     # the first run, here and now",
    "  prefect --no-prompt deploy --all    # the schedules, on the server PREFECT_API_URL",
)
_IGNORED: Final = "/.env\n/.support_etl/\n/landing/\n/reports/\n/demo/\n*.duckdb\n*.duckdb.*\n"
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
        typer.Option(
            help="Vendor to read, as in `connectors`; may be given several times. VENDOR=NAME gives"
            " the account another name than VENDOR_main."
        ),
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Setting of an account, such as zendesk_main.subdomain=acme; may be given several"
            " times.",
        ),
    ] = None,
    has_check: Annotated[
        bool,
        typer.Option(
            "--check/--no-check", help="Sign in to each vendor whose secrets are there, once."
        ),
    ] = True,
) -> None:
    """Write the files of a new installation: settings, secrets to fill in, deployments, plans.

    On a terminal it asks for what no option gives. Then it says which secrets are missing, and
    signs in where they are there. It never asks for a secret, writes none, and never overwrites a
    file.
    """
    folder = folder.absolute()
    zone = time_zone or _ask("Time zone of your business days", _default("time_zone"))
    money = currency or _ask("Currency of the budget", _default("currency"))
    names = connector or _ask("Vendors to read, separated by spaces; none: a sandbox", "").split()
    accounts = _accounts(names, _given(given or ()))
    settings = settings_template(
        {"business": {"time_zone": zone, "currency": money}},
        [account_template(one.connector, one.name, one.values) for one in accounts],
    )
    loaded = load(**tomllib.loads(settings))
    files = {
        "support_etl.toml": settings,
        ".env.example": secrets_template([(one.connector, one.name) for one in accounts]),
        ".gitignore": _IGNORED,
        **dict(_shipped(folder, zone)),
    }
    _write(folder, files)
    for name in files:
        console.line(f"wrote {folder / name}")
    if has_check:
        _check(loaded)
    for text in _NEXT:
        console.line(text)


def _check(settings: Settings) -> None:
    """Say of each account whether it signs in, and what is missing."""
    from flows.pipeline.doctor import examine_accounts

    vendors = [account for account in settings.accounts if account.connector != "files"]
    findings = examine_accounts(settings, vendors)
    if findings:
        rows = [(f.subject, "ok" if f.is_ok else "TO DO", f.description) for f in findings]
        console.table("Accounts", ("Subject", "State", "What to do"), rows)


def _ask(question: str, default: str) -> str:
    """Ask on a terminal; otherwise take the default."""
    if not sys.stdin.isatty():
        return default
    answer: str = typer.prompt(question, default=default, show_default=bool(default))
    return answer.strip()


def _default(setting: str) -> str:
    return str(BusinessSettings.model_fields[setting].default)


class _Account(NamedTuple):
    """An account to write into the settings."""

    connector: "Connector"
    name: str
    values: dict[str, str]


def _accounts(names: Sequence[str], given: Mapping[str, dict[str, str]]) -> list[_Account]:
    """The accounts of these vendors, with the settings that are given or asked for.

    Raises ConfigurationError for a vendor, an account or a setting that is not known.
    """
    from tasks.connectors import connector as connector_of

    accounts = []
    for vendor, _, chosen in (one.partition("=") for one in dict.fromkeys(names)):
        connector = connector_of(vendor)
        default = chosen or ("plans" if vendor == "files" else f"{vendor}_main")
        name = chosen or _ask(f"Your name for the account of {connector.title}", default)
        values = dict(given.get(name, {}))
        _refuse_unknown(connector, name, values)
        for setting in connector.settings:
            values[setting] = values.get(setting) or _ask(f"{name}: {setting}", "")
        if vendor == "files":
            values = {setting: f"plans/{file}" for setting, file in PLAN_FILES.items()} | values
        accounts.append(_Account(connector, name, values))
    unused = sorted(set(given) - {account.name for account in accounts})
    if unused:
        known = ", ".join(account.name for account in accounts) or "none"
        raise ConfigurationError(f"--set {unused[0]}: no such account; there are {known}")
    return accounts


def _given(texts: Sequence[str]) -> dict[str, dict[str, str]]:
    """Settings by account, from texts such as zendesk_main.subdomain=acme."""
    found: dict[str, dict[str, str]] = {}
    for text in texts:
        place, mark, value = text.partition("=")
        account, dot, setting = place.partition(".")
        if not (mark and dot and account and setting):
            raise ConfigurationError(f"--set {place}: write it as zendesk_main.subdomain=acme")
        found.setdefault(account, {})[setting] = value
    return found


def _refuse_unknown(connector: "Connector", account: str, values: Mapping[str, str]) -> None:
    """Refuse a secret, which no file may hold, and a setting that the vendor does not have."""
    known = (*connector.settings, *connector.optional_settings)
    for name in values:
        if name in connector.secrets:
            raise ConfigurationError(
                f"--set {account}.{name}: a secret stands in no file; set the variable"
                f" {secret_variable(account, name)}"
            )
        if name not in known:
            near = get_close_matches(name, known, n=1)
            advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise ConfigurationError(f"--set {account}.{name}: no such setting; {advice}")


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
