"""Extract, land, validate and load one stream: the order of the steps, and how a cut batch is gone
on with.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from tasks import erase, extract, land
from tasks.clock import Window, now
from tasks.errors import (
    BudgetSpentError,
    ConfigurationError,
    ContractError,
    CredentialsError,
    NotInPlanError,
    RetryableVendorError,
    StorageError,
    SupportEtlError,
)
from tasks.landing.pages import Tally
from tasks.landing.store import Batch, Landing, Source
from tasks.load import Load
from tasks.quality.suites import Verdict
from tasks.rest.client import Client
from tasks.rest.received import Bookmark, ReceivedPage
from tasks.rest.sections import page_reader
from tasks.rest.spec import MAIN, PARENTS, FullRefresh, IncrementalCursor, IncrementalWindow, Stream
from tasks.settings import AccountSettings, SecretLookup, Settings, redact
from tasks.validate import Reader
from tasks.warehouse import runlog
from tasks.warehouse.engine import Warehouse

State = Literal["loaded", "nothing new", "skipped", "failed"]
_DRIFT_SAMPLE = 50
# after these the next run goes on with the batch; after any other it begins a new one
_GONE_ON_WITH = (
    RetryableVendorError,
    CredentialsError,
    BudgetSpentError,
    ConfigurationError,
    StorageError,
)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class StreamResult:
    """What became of one stream in one run."""

    account: str
    stream: str
    state: State = "nothing new"
    message: str = ""
    requests: int = 0
    records: int = 0
    changed: int = 0
    quarantined: int = 0
    warnings: list[str] = field(default_factory=list)
    verdicts: list[tuple[str, Verdict]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Context:
    """What every stream of a run shares."""

    settings: Settings
    warehouse: Warehouse
    landing: Landing
    run_id: str
    as_of: datetime
    lookup: SecretLookup | None = None


def ingest_stream(
    context: Context,
    account: AccountSettings,
    stream: Stream,
    client: Client,
    *,
    window: Window | None = None,
    told: dict[tuple[str, str, str], set[str]] | None = None,
) -> StreamResult:
    """Bring one stream up to date.

    Never raises for what the vendor or the data did: the result says it.

    With `window` (a backfill) that span is asked for and the bookmark stays. `told` takes the keys
    that came, by account, stream and entity.
    """
    result = StreamResult(account.name, stream.name)
    before = client.requests_made
    ingestion = _Ingestion(context, account, stream, client, result, window, told)
    try:
        ingestion.run()
    except NotInPlanError as refused:
        ingestion.give_up()
        result.state = "skipped" if stream.optional else "failed"
        result.message = redact(f"{type(refused).__name__}: {refused}")
    except SupportEtlError as trouble:
        if not isinstance(trouble, _GONE_ON_WITH):
            ingestion.give_up()
        result.state, result.message = "failed", redact(f"{type(trouble).__name__}: {trouble}")
    result.requests = client.requests_made - before
    return result


def replay_stream(context: Context, account: AccountSettings, stream: Stream) -> StreamResult:
    """Load every landed batch of a stream again, oldest first.

    Sets bookmarks, so a rebuilt warehouse goes on from there.
    """
    result = StreamResult(account.name, stream.name)
    try:
        _Ingestion(context, account, stream, None, result, None).replay()
    except SupportEtlError as trouble:
        result.state, result.message = "failed", redact(f"{type(trouble).__name__}: {trouble}")
    return result


class _Ingestion:
    """One stream of one run: first the batch that an earlier run left, then the window up to now."""

    def __init__(
        self,
        context: Context,
        account: AccountSettings,
        stream: Stream,
        client: Client | None,
        result: StreamResult,
        window: Window | None,
        told: dict[tuple[str, str, str], set[str]] | None = None,
    ) -> None:
        self._context, self._account, self._stream, self._client = context, account, stream, client
        self._result, self._asked, self._told = result, window, told
        self._source = Source(account.connector, account.name, stream.name)

    @property
    def _who(self) -> tuple[str, str]:
        return self._account.name, self._stream.name

    def run(self) -> None:
        self._finish_what_was_left()
        bookmark = Bookmark() if self._asked else self._bookmark()
        window = self._asked or self._window(bookmark)
        if window.end <= window.start and not isinstance(
            self._stream.sync, (FullRefresh, IncrementalCursor)
        ):
            self._result.message = (
                f"bookmark {window.start.isoformat()} is not before {window.end.isoformat()}"
            )
            return
        batch = self._context.landing.open_batch(self._source, window, bookmark.as_json())
        self._take_in(batch)

    def give_up(self) -> None:
        """Forget the batch in work: what was landed of it, or the cursor it stood at, is what
        failed, and would fail again.
        """
        with suppress(StorageError):
            batch = self._context.landing.batch_in_work(self._source)
            if batch is not None:
                self._context.landing.forget(batch)

    def replay(self) -> None:
        landing = self._context.landing
        for batch in landing.batches(self._source):
            is_backfill = bool((landing.manifest(batch) or {}).get("is_backfill"))
            self._asked = batch.window if is_backfill else None
            self._take_in(batch)

    def _finish_what_was_left(self) -> None:
        landing = self._context.landing
        batch = landing.batch_in_work(self._source)
        if batch is None:
            return
        with self._context.warehouse.session() as session:
            is_loaded = runlog.is_loaded(session, batch.batch_id)
        fresh = now() - batch.opened_at <= timedelta(
            hours=self._context.settings.landing.resume_hours
        )
        is_ours = (
            batch.window == self._asked
            if self._asked
            else batch.bookmark == self._bookmark().as_json()
        )
        if not is_loaded and is_ours and (fresh or landing.manifest(batch)):
            self._take_in(batch)
        landing.forget(batch)

    def _take_in(self, batch: Batch) -> None:
        """Extract (or go on extracting), land, validate and stage page by page; then one
        transaction.
        """
        context, tally = self._context, Tally()
        reader = Reader(
            self._stream,
            self._account.personal_data,
            self._account.own,
            context.settings.rules.quarantine_limit_share,
        )
        with context.warehouse.session() as session:
            load = Load(session, self._stream, batch)
            with session.begin():
                load.waiting = runlog.open_quarantine_keys(
                    session, self._account.name, self._stream.name
                )
                erased = erase.erased_of(session, self._account.name, context.lookup)
            for told in reader.rows(self._pages(batch, tally)):
                checked = erase.hidden(told, erased)
                with (
                    session.begin()
                    # of its own: DuckDB holds what one transaction appends, whatever its memory limit
                ):
                    load.take(checked)
                if self._told is not None:
                    self._told.setdefault((*self._who, checked.entity.name), set()).update(
                        checked.rows.column(checked.entity.key[0]).to_pylist(),
                        (a.record_key for a in checked.rejected),
                    )
                if checked.verdict:
                    title = f"{self._account.name} / {self._stream.name} / {checked.entity.name}"
                    self._result.verdicts.append((title, checked.verdict))
            self._compare_totals(batch, tally)
            facts = {"pages_count": tally.pages, "records_count": tally.records}
            self._write_manifest(batch, tally)
            bookmark = None if self._asked else self._bookmark_after(batch, tally).as_json()
            with context.warehouse.write_lock, session.begin():
                changed = load.commit(context.run_id, bookmark, facts)
                if erased:
                    erase.clear_batch(session, context.landing, batch, erased)
        context.landing.forget(batch)
        self._result.records += tally.records
        self._result.changed += changed
        self._result.quarantined += len(load.rejected)
        if self._result.records:
            self._result.state = "loaded" if self._result.changed else "nothing new"

    def _pages(self, batch: Batch, tally: Tally) -> Iterator[ReceivedPage]:
        """Pages landed before a kill, then the rest from the vendor."""
        landing = self._context.landing
        for page in land.read_back(landing, self._stream, batch):
            tally.add(page)
            yield page
        if landing.manifest(batch) is not None:
            return
        assert self._client is not None  # only complete batches are replayed
        bookmark = Bookmark.from_json(batch.bookmark)
        received = extract.read(
            self._client,
            self._stream,
            batch.window,
            bookmark,
            resume=tally.resume,
            partitions=tally.lists,
        )
        for one in received:
            page = land.keep(landing, batch, tally.pages + 1, one)
            tally.add(page)
            if page.number == 1:
                self._note_drift(page)
            yield page

    def _window(self, bookmark: Bookmark) -> Window:
        sync = self._stream.sync
        start = bookmark.until or (
            _LONG_AGO if self._stream.from_beginning else self._account.start
        )
        if self._stream.parent:
            start = (
                self._account.start
            )  # every partition has its own bookmark; one that is new is read from the start
        elif bookmark.until and isinstance(sync, IncrementalWindow):
            start = max(min(self._account.start, start), start - sync.overlap)
        return Window(start, min(self._context.as_of, now() - timedelta(minutes=1)))

    def _bookmark(self) -> Bookmark:
        with self._context.warehouse.session() as session:
            stored = runlog.bookmark(session, self._account.name, self._stream.name)
        return Bookmark.from_json(stored or {})

    def _bookmark_after(self, batch: Batch, tally: Tally) -> Bookmark:
        before = Bookmark.from_json(batch.bookmark)
        partitions = dict(before.partitions or {})
        if self._stream.parent:
            reader = page_reader(self._stream, PARENTS)
            for page in tally.lists:
                keys = reader.column(page.records, self._stream.parent.partition_key)
                marks = reader.column(page.records, self._stream.parent.partition_cursor)
                partitions |= {
                    str(k): (batch.window.end, str(m))
                    for k, m in zip(keys, marks, strict=True)
                    if str(k) in tally.read
                }
        until = max(before.until, batch.window.end) if before.until else batch.window.end
        return Bookmark(until, tally.cursor or before.cursor, partitions)

    def _compare_totals(self, batch: Batch, tally: Tally) -> None:
        for told, came in tally.short:
            words = f"the vendor tells of {told} records, {came} came"
            if self._stream.total and self._stream.total.strict:
                raise ContractError(
                    f"{self._source}: {words}; nothing was loaded, the next run asks again"
                )
            self._result.warnings.append(f"{words} (records that the credentials may not see?)")

    def _write_manifest(self, batch: Batch, tally: Tally) -> None:
        if self._client is None or self._context.landing.manifest(batch) is not None:
            return
        vendor = self._client.connector
        self._context.landing.finish(
            batch,
            {
                "is_backfill": self._asked is not None,
                "pages": tally.pages,
                "records": tally.records,
                "records_by_part": tally.by_part,
                "unreadable": tally.unreadable,
                "requests": tally.pages,
                "api_version": vendor.api_version,
            },
        )

    def _note_drift(self, page: ReceivedPage) -> None:
        """Compare the fields of the first records with those known, and say what appeared or
        vanished.
        """
        if page.section not in {MAIN, PARENTS}:
            return
        records = self._stream.records_of(page.section)
        seen = _fields(page.body, records) if isinstance(records, str) else {}
        if not seen:
            return
        with self._context.warehouse.session() as session:
            known = runlog.known_fields(session, self._account.name, self._stream.name)
        drifted = _drift(known, seen, complete=len(page.records) >= _DRIFT_SAMPLE)
        if drifted:
            with (
                self._context.warehouse.write_lock,
                self._context.warehouse.transaction() as session,
            ):
                runlog.record_drift(session, self._account.name, self._stream.name, drifted)
        self._result.warnings += [
            f"field {name} is {state}" for name, (_, state) in drifted.items() if state != "known"
        ]


def _fields(body: bytes, path: str) -> dict[str, str]:
    """Top-level fields of the first records with their JSON types ("null" until a value is seen)."""
    try:
        found: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return (
            {}
            # a number or a nesting beyond all bounds: its record is set aside, its page tells no fields
        )
    for segment in path.split("."):
        found = found.get(segment) if isinstance(found, dict) else None
    kinds: dict[str, str] = {}
    for record in found[:_DRIFT_SAMPLE] if isinstance(found, list) else ():
        for name, value in record.items() if isinstance(record, dict) else ():
            if value is not None or name not in kinds:
                kinds[name] = _kind(value)
    return kinds


def _kind(value: Any) -> str:
    kinds = {
        str: "text",
        bool: "flag",
        int: "number",
        float: "number",
        list: "list",
        dict: "object",
    }
    return "null" if value is None else kinds[type(value)]


def _drift(
    known: Mapping[str, tuple[str, str]], seen: Mapping[str, str], *, complete: bool
) -> dict[str, tuple[str, str]]:
    """Fields whose state has changed: first sight is `known`, later ones `new`, `vanished` or
    `retyped`.
    """
    changed: dict[str, tuple[str, str]] = {}
    for name, kind in seen.items():
        if name not in known:
            changed[name] = (kind, "new" if known else "known")
        elif known[name][0] == "null" and kind != "null":
            changed[name] = (kind, "known")
        elif kind not in {"null", known[name][0]}:
            changed[name] = (kind, "retyped")
        elif known[name][1] == "vanished":
            changed[name] = (known[name][0], "known")
    if complete:
        for name, (kind, state) in known.items():
            if name not in seen and state != "vanished":
                changed[name] = (kind, "vanished")
    return changed
