"""Looks at a set-up and at what runs left: credentials, storage, quarantine, the report of the
tables as they are.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from flows.ingest import replay_stream
from flows.job import Outcome, finish, running
from flows.runner import ThreadRunner
from tasks import publish
from tasks.entities import SURVEY_QUESTION
from tasks.errors import ConfigurationError, SupportEtlError
from tasks.extract import FILES, open_client, streams_of
from tasks.landing.store import Landing, Source
from tasks.reporting.content import Report, Table
from tasks.rest.client import RetryPolicy
from tasks.settings import SecretLookup, Settings, redact
from tasks.surveys import Question, list_questions
from tasks.warehouse.engine import Warehouse

_QUARANTINE = (
    "select batch_id, row_number, connector, account, stream, entity, record_key, rule, reason,"
    " page_number, record_number, found_at from ops.quarantine where state = 'open' order by"
    " account, stream, batch_id, row_number"
)


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    subject: str
    is_ok: bool
    description: str


def examine(settings: Settings, lookup: SecretLookup | None = None) -> list[Finding]:
    """Warehouse, landing zone, reports, and one cheap call for each account's credentials."""
    findings = [
        _try("warehouse", lambda: _open_warehouse(settings)),
        _try("landing zone", lambda: _write_landing(settings)),
        _try("reports", lambda: _write_reports(settings)),
    ]
    if not settings.accounts:
        findings.append(
            Finding("accounts", False, "none is set; add [[accounts]] to support_etl.toml")
        )
    for account in settings.accounts:
        findings.append(_try(f"account {account.name}", partial(_check_account, account, lookup)))
    return findings


def _try(subject: str, call: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, call())
    except SupportEtlError as trouble:
        return Finding(subject, False, redact(str(trouble)))


def _open_warehouse(settings: Settings) -> str:
    warehouse = Warehouse.of(settings.warehouse)
    try:
        with warehouse.held(), warehouse.session():
            return f"{warehouse.name} opens for writing"
    finally:
        warehouse.dispose()


def _write_landing(settings: Settings) -> str:
    from tasks.clock import Window, now

    landing, source = Landing(settings.landing.url), Source("doctor", "doctor", "doctor")
    landing.forget(landing.open_batch(source, Window(now(), now()), {}))
    return f"{settings.landing.url} can be written"


def _write_reports(settings: Settings) -> str:
    folder = Path(settings.reports.folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as trouble:
        raise ConfigurationError(f"reports.folder {folder}: {trouble.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise ConfigurationError(f"reports.folder {folder} cannot be written")
    return f"{folder} can be written"


def _check_account(account: Any, lookup: SecretLookup | None) -> str:
    client = open_client(account, lookup, RetryPolicy(max_attempts=2))
    streams = len(streams_of(account))
    if client.connector.base_url != FILES:
        client.check()
    client.close()
    if client.connector.base_url == FILES:
        return f"{streams} tables"
    return "; ".join(
        (
            f"{client.connector.title}: credentials accepted, {streams} streams",
            *_gaps(account, client.connector.unsupported),
        )
    )


def _gaps(account: Any, unsupported: tuple[str, ...]) -> list[str]:
    """What the vendor's API does not have, and the settings that fill it."""
    found = [f"not in its API: {', '.join(unsupported)}"] if unsupported else []
    wanted = {
        "opening hours": ("hours", account.hours),
        "holidays": ("holiday_country", account.holiday_country),
    }
    unset = [name for fact, (name, value) in wanted.items() if fact in unsupported and not value]
    if any(fact.startswith("SLA targets") for fact in unsupported):
        found.append("SLA targets may come from a files account (sla_targets)")
    return found + (
        [f"set {' and '.join(unset)} of the account, else the business's defaults count"]
        if unset
        else []
    )


def survey_questions(
    settings: Settings, accounts: Sequence[str] = (), lookup: SecretLookup | None = None
) -> dict[str, list[Question]]:
    """The questions of every account whose vendor lists surveys, with a proposal for each.

    Raises VendorError.
    """
    found = {}
    for account in settings.chosen(accounts):
        stream = next(
            (
                s
                for s in streams_of(account)
                if s.parent and any(b.entity is SURVEY_QUESTION for b in s.outputs)
            ),
            None,
        )
        if stream:
            client = open_client(account, lookup, RetryPolicy(max_attempts=2))
            found[account.name] = list_questions(client, stream, account.own)
            client.close()
    return found


def quarantined(settings: Settings) -> list[dict[str, Any]]:
    """Rows that wait in quarantine."""
    warehouse = Warehouse.of(settings.warehouse)
    try:
        with warehouse.session() as session:
            return [dict(row._mapping) for row in session.fetch(_QUARANTINE)]
    finally:
        warehouse.dispose()


def quarantined_record(settings: Settings, batch_id: str, number: int) -> dict[str, Any]:
    """One row of the quarantine with its raw record.

    Raises ConfigurationError if there is no such row.
    """
    row = next(
        (
            r
            for r in quarantined(settings)
            if r["batch_id"] == batch_id and r["row_number"] == number
        ),
        None,
    )
    if row is None:
        raise ConfigurationError(
            f"no open row {number} of batch {batch_id}; see `support-etl quarantine list`"
        )
    landing, source = (
        Landing(settings.landing.url),
        Source(row["connector"], row["account"], row["stream"]),
    )
    batch = landing.find(source, batch_id)
    if batch is None:
        return {**row, "raw": "the landed batch is gone"}
    page = msgspec.json.decode(landing.page(batch, row["page_number"]).body)
    return {**row, "raw": _record(page, row["record_number"], row["record_key"])}


def _record(page: Any, number: int | None, key: str) -> Any:
    """The record on a raw page: by number in the longest list, or by key where it could not be
    read.
    """
    lists = [page] if isinstance(page, list) else [v for v in page.values() if isinstance(v, list)]
    records = max(lists, key=len, default=[])
    if number is not None and number < len(records):
        return records[number]
    return next(
        (r for r in records if isinstance(r, dict) and key and key in map(str, r.values())), page
    )


def replay_quarantine(
    settings: Settings, accounts: Sequence[str], progress: Callable[[str], None]
) -> Outcome:
    """Load the batches again that have open rows."""
    chosen = settings.chosen(accounts)
    wanted = {(r["account"], r["stream"]) for r in quarantined(settings)}
    with running(settings, "replay", None) as (context, outcome):
        for account in chosen:
            for stream in streams_of(account):
                if (account.name, stream.name) in wanted:
                    outcome.streams.append(replay_stream(context, account, stream))
        finish(context, outcome, ThreadRunner(1), (), progress=progress)
    return outcome


def report_tables(settings: Settings) -> Sequence[Table]:
    """KPI, staffing and budget tables as the report shows them."""
    return [t for t in _report(settings).tables if t.name in {"kpis", "staffing", "budget"}]


def rewrite_report(settings: Settings) -> Path:
    """Write the report of the latest run again."""
    page, _ = publish.write(_report(settings), settings.reports.folder)
    return page


def _report(settings: Settings) -> Report:
    warehouse = Warehouse.of(settings.warehouse)
    try:
        with warehouse.session() as session:
            rows = session.fetch(
                "select run_id, state, as_of, message from ops.run order by started_at desc"
                " limit 1",
            )
            if not rows:
                raise ConfigurationError("no run yet; call `support-etl run` first")
            run_id, state, as_of, message = rows[0]
            return publish.collect(
                session,
                run_id=run_id,
                state=state,
                as_of=as_of,
                notes=[message] if message else [],
            )
    finally:
        warehouse.dispose()
