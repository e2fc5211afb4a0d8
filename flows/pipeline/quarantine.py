"""Rows in quarantine: list them, show one with its raw record, load them again, dismiss one."""

from collections.abc import Sequence

import msgspec

from flows.pipeline.context import Reporter, filled_warehouse, running
from flows.pipeline.ingest import replay_stream, streams_now
from flows.pipeline.outcome import Outcome
from flows.pipeline.run import finish
from flows.pipeline.runner import ThreadRunner
from tasks.errors import ConfigurationError
from tasks.landing.store import Landing, Source
from tasks.settings import Settings
from tasks.warehouse import runlog
from tasks.warehouse.runlog import QuarantinedRow


def quarantined(settings: Settings) -> list[QuarantinedRow]:
    """Rows that wait in quarantine."""
    with filled_warehouse(settings) as warehouse, warehouse.session() as session:
        return runlog.quarantined(session)


def quarantined_record(settings: Settings, batch_id: str, number: int) -> dict[str, object]:
    """One row of the quarantine with its raw record.

    Raises ConfigurationError if there is no such row.
    """
    rows = (r for r in quarantined(settings) if (r.batch_id, r.row_number) == (batch_id, number))
    row = next(rows, None)
    if row is None:
        raise _no_row(batch_id, number)
    landing = Landing(settings.landing.url)
    batch = landing.find(Source(row.connector, row.account, row.stream), batch_id)
    if batch is None:
        return {**row._asdict(), "raw": "the landed batch is removed"}
    page = msgspec.json.decode(landing.page(batch, row.page_number).body)
    return {**row._asdict(), "raw": _record(page, row.record_number, row.record_key)}


def _record(page: list[object] | dict[str, object], number: int | None, key: str) -> object:
    """The record on a raw page: by number in the longest list, or by key if it was unreadable."""
    lists = [page] if isinstance(page, list) else [v for v in page.values() if isinstance(v, list)]
    records: list[object] = max(lists, key=len, default=[])
    if number is not None and number < len(records):
        return records[number]
    for record in records:
        if isinstance(record, dict) and key and key in map(str, record.values()):
            return record
    return page


def replay_quarantine(settings: Settings, accounts: Sequence[str], progress: Reporter) -> Outcome:
    """Load the batches with rows in quarantine again, and rebuild the tables."""
    chosen = settings.chosen(accounts)
    waiting = {(row.account, row.stream) for row in quarantined(settings)}
    with running(settings, ThreadRunner(1), "replay", progress=progress) as (context, outcome):
        for account in chosen:
            for stream in streams_now(context, account):
                if (account.name, stream.name) in waiting:
                    outcome.streams.append(replay_stream(context, account, stream))
        finish(context, outcome, ())
    return outcome


def dismiss(settings: Settings, batch_id: str, number: int) -> None:
    """Close a row of the quarantine for good. Raises ConfigurationError if it is not open."""
    with filled_warehouse(settings) as warehouse, warehouse.transaction() as session:
        count = runlog.dismiss(session, batch_id, number)
    if not count:
        raise _no_row(batch_id, number)


def _no_row(batch_id: str, number: int) -> ConfigurationError:
    return ConfigurationError(
        f"no open row {number} of batch {batch_id}; see `support-etl quarantine list`"
    )
