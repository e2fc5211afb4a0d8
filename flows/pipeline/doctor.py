"""Check a set-up: warehouse, landing zone, reports, and the credentials of each account."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flows.pipeline.context import open_warehouse
from flows.pipeline.secrets import secret_lookup
from flows.pipeline.traces import explain
from tasks.clock import Window, now
from tasks.entities import SURVEY_QUESTION
from tasks.errors import ConfigurationError, CredentialsError, NotInPlanError
from tasks.extract import FILES, open_client, read, streams_of
from tasks.landing.store import Landing, Source
from tasks.own import read_own
from tasks.paths import own_folder
from tasks.rest.client import Client, RetryPolicy
from tasks.rest.received import Bookmark
from tasks.rest.spec import Stream
from tasks.settings import AccountSettings, SecretLookup, Settings, redact
from tasks.surveys import Question, list_questions

_TWO_ATTEMPTS = 2
_OF_TOKENS = ("login_url", "oauth_scope")  # settings of the request for a token


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    subject: str
    is_ok: bool
    description: str


def examine(settings: Settings, lookup: SecretLookup | None = None) -> list[Finding]:
    """Check warehouse, landing zone, reports, and each account by one cheap call."""
    lookup = secret_lookup(settings, lookup)
    checks: dict[str, Callable[[], str]] = {
        "warehouse": partial(_open_warehouse, settings),
        "landing zone": partial(_write_landing, settings),
        "reports": partial(_write_reports, settings),
    }
    if own_folder():
        checks["own files"] = _read_own
    findings = [finding(settings, subject, check) for subject, check in checks.items()]
    findings += examine_accounts(settings, settings.accounts, lookup)
    if not settings.accounts:
        none = "none is set; add [[accounts]] to support_etl.toml"
        findings.append(Finding("accounts", False, none))
    return findings


def examine_accounts(
    settings: Settings, accounts: Sequence[AccountSettings], lookup: SecretLookup | None = None
) -> list[Finding]:
    """Check each of these accounts by one cheap call."""
    lookup = secret_lookup(settings, lookup)
    return [
        finding(settings, f"account {one.name}", partial(_check_account, one, lookup))
        for one in accounts
    ]


def finding(settings: Settings, subject: str, check: Callable[[], str]) -> Finding:
    """What a check found; an error of any kind is what is wrong."""
    try:
        return Finding(subject, True, redact(check()))
    except Exception as error:
        folder = Path(settings.reports.folder) / f"{now():%Y%m%d-%H%M%S}-doctor"
        return Finding(subject, False, explain(error, folder, subject))


def _open_warehouse(settings: Settings) -> str:
    with open_warehouse(settings) as warehouse:
        if warehouse.path is not None and not warehouse.path.exists():
            _refuse_closed_folder("warehouse.url", warehouse.path.absolute().parent)
            return f"{warehouse.name} is not there yet; the first run makes it"
    with open_warehouse(settings) as warehouse, warehouse.held(), warehouse.session():
        return f"{warehouse.name} opens for writing"


def _write_landing(settings: Settings) -> str:
    landing, source = Landing(settings.landing.url), Source("doctor", "doctor", "doctor")
    landing.forget(landing.open_batch(source, Window(now(), now()), {}))
    landing.remove_empty(source)
    return f"{settings.landing.url} can be written"


def _write_reports(settings: Settings) -> str:
    folder = Path(settings.reports.folder)
    _refuse_closed_folder("reports.folder", folder)
    return f"{folder} can be written"


def _refuse_closed_folder(setting: str, folder: Path) -> None:
    """Refuse a folder that cannot be written or made; nothing is made."""
    present = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not present.is_dir():
        raise ConfigurationError(f"{setting} {folder}: {present} is no folder")
    if not os.access(present, os.W_OK):
        raise ConfigurationError(f"{setting} {folder}: {present} cannot be written")


def _read_own() -> str:
    return f"{read_own()}; `support-etl check` tries them"


def _check_account(account: AccountSettings, lookup: SecretLookup | None) -> str:
    client = open_client(account, lookup, RetryPolicy(max_attempts=_TWO_ATTEMPTS))
    connector, streams = client.connector, {stream.name for stream in streams_of(account)}
    if connector.base_url == FILES:
        return _open_files(client, streams_of(account))
    try:
        client.check()
        broken = list(client.broken_preconditions(streams))
    except CredentialsError as refusal:
        raise CredentialsError(f"{refusal}; {_signed_in(client)}") from None
    finally:
        client.close()
    way = f"signs in by {client.way.title}, sent to {' and '.join(client.hosts)}"
    network = [f"through {', '.join(client.network)}"] if client.network else []
    known = "; ".join((way, *network))
    if broken:
        problems = "; ".join(broken)
        raise ConfigurationError(f"{connector.title}: credentials accepted; {problems}; {known}")
    accepted = f"{connector.title}: credentials accepted, {len(streams)} streams"
    return "; ".join((accepted, known, *_gaps(account, connector.unsupported)))


def _signed_in(client: Client) -> str:
    """The way that was refused, with the settings that it used."""
    way, given = client.way, client.account.settings
    used = [*way.settings, *(name for name in _OF_TOKENS if given.get(name))]
    settings = f" with the settings {', '.join(used)}" if used else ""
    return f"signed in by {way.title}{settings}"


def _open_files(client: Client, streams: Sequence[Stream]) -> str:
    """Open every file and try every query. Raises ConfigurationError that names each bad one."""
    opened, broken = list[str](), list[str]()
    for stream in streams:
        try:
            list(read(client, stream, Window(now(), now()), Bookmark()))
        except NotInPlanError:
            continue  # none is set
        except Exception as refusal:
            broken.append(f"{stream.name}: {refusal}")
        else:
            remarks = client.remarks.get(stream.name, ())
            opened.append(f"{stream.name} ({'; '.join(remarks)})" if remarks else stream.name)
    client.close()
    if broken:
        raise ConfigurationError("; ".join(broken))
    return f"{len(opened)} tables can be read: {', '.join(opened)}"


def _gaps(account: AccountSettings, unsupported: tuple[str, ...]) -> list[str]:
    """What the vendor's API does not have, and the settings that fill it."""
    gaps = [f"not in its API: {', '.join(unsupported)}"] if unsupported else []
    if any(fact.startswith("SLA targets") for fact in unsupported):
        gaps.append("SLA targets may come from a files account (sla_targets)")
    fill = {
        "opening hours": ("hours", account.hours),
        "holidays": ("holiday_country", account.holiday_country),
    }
    unset = [name for fact, (name, value) in fill.items() if fact in unsupported and not value]
    if unset:
        gaps.append(f"set {' and '.join(unset)} of the account, else the business's defaults count")
    return gaps


def survey_questions(
    settings: Settings, accounts: Sequence[str] = (), lookup: SecretLookup | None = None
) -> dict[str, list[Question]]:
    """The questions of every account whose vendor lists surveys, with a proposal for each.

    Raises VendorError.
    """
    questions = {}
    lookup = secret_lookup(settings, lookup)
    for account in settings.chosen(accounts):
        stream = next(filter(_lists_surveys, streams_of(account)), None)
        if stream:
            client = open_client(account, lookup, RetryPolicy(max_attempts=_TWO_ATTEMPTS))
            questions[account.name] = list_questions(client, stream, account.own)
            client.close()
    return questions


def _lists_surveys(stream: Stream) -> bool:
    return bool(stream.parent) and any(
        output.entity is SURVEY_QUESTION for output in stream.outputs
    )
