"""Ingest accounts: each stream is extracted, landed, validated, staged and loaded.

Streams of all accounts run in parallel, each account within its rate limit. A failed stream or
account stops no other.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from flows.pipeline.bookmarks import bookmark_after, next_window, readable
from flows.pipeline.containment import explain_step
from flows.pipeline.context import RunContext
from flows.pipeline.outcome import StreamResult
from flows.pipeline.runner import Waiting, Work
from tasks import drift, erase, extract, fields, land
from tasks.clock import Window, now
from tasks.errors import (
    BookmarkError,
    BudgetSpentError,
    ConfigurationError,
    ContractError,
    CredentialsError,
    NotInPlanError,
    RetryableVendorError,
    StorageError,
    SupportEtlError,
)
from tasks.extract import FILES_CONNECTOR, open_client, streams_of
from tasks.landing.pages import Tally
from tasks.landing.store import Batch, Source
from tasks.load import Load, known_versions
from tasks.privacy.persons import Erased
from tasks.quality.checked import Checked
from tasks.rest.client import Client
from tasks.rest.received import Bookmark, ReceivedPage
from tasks.rest.spec import FullRefresh, IncrementalCursor, Stream
from tasks.settings import AccountSettings
from tasks.validate import Reader
from tasks.warehouse import runlog
from tasks.warehouse.session import Session

# The next run resumes the batch after one of these; after any other error it starts a new batch.
_RESUMABLE = (
    RetryableVendorError,
    CredentialsError,
    BudgetSpentError,
    ConfigurationError,
    StorageError,
    BookmarkError,
)
Reported = dict[tuple[str, str, str], set[str]]  # keys by account, stream and entity


def ingest_accounts(
    context: RunContext, accounts: Sequence[AccountSettings], window: Window | None = None
) -> list[StreamResult]:
    """Ingest all streams of all accounts in parallel, up to now or for one window."""
    results: list[StreamResult] = []
    clients: list[Client] = []
    started: list[Waiting[StreamResult]] = []
    for account in accounts:
        try:
            client = open_client(account, context.lookup)
            streams = streams_of(account)
            if account.fields:
                results += _read_definitions(context, account, streams, client, window)
                streams = [
                    stream
                    for stream in streams_now(context, account)
                    if not fields.defines_fields(stream)
                ]
        except Exception as error:
            results.append(_failed(context, StreamResult(account.name, "all"), error))
            continue
        clients.append(client)
        started += [
            context.runner.submit(ingestion(context, account, stream, client, window=window))
            for stream in streams
        ]
    for waiting in started:
        result = waiting.result()
        results.append(result)
        if result.state != "nothing new" or result.message or result.quarantined:
            context.progress(result.summary)
    for client in clients:
        client.close()
    _clear_erased(context, results)
    return results


def streams_now(
    context: RunContext,
    account: AccountSettings,
) -> list[Stream]:
    """The streams of an account, with its chosen fields as the vendor's list has them now."""
    if not account.fields:
        return streams_of(account)
    with context.warehouse.session() as session:
        return streams_of(account, chosen=fields.chosen(session, account))


def _read_definitions(
    context: RunContext,
    account: AccountSettings,
    streams: Sequence[Stream],
    client: Client,
    window: Window | None,
) -> Iterator[StreamResult]:
    """Read the vendor's lists of fields first: they say what the settings mean."""
    for stream in filter(fields.defines_fields, streams):
        work = ingestion(context, account, stream, client, window=window)
        result = context.runner.run(work)
        if result.state != "nothing new" or result.message:
            context.progress(result.summary)
        yield result


def _clear_erased(
    context: RunContext,
    results: Sequence[StreamResult],
) -> None:
    """Clear what one stream brought of an erased person whose own record another one brought."""
    for result in results:
        batches = [b for other in results if other.account == result.account for b in other.batches]
        if not (result.erased and batches):
            continue
        try:
            with context.warehouse.write_lock, context.warehouse.transaction() as session:
                result.has_cleared |= erase.clear_batches(
                    session, context.landing, batches, result.erased
                )
        except Exception as error:
            _failed(context, result, error)


def ingestion(
    context: RunContext,
    account: AccountSettings,
    stream: Stream,
    client: Client,
    *,
    window: Window | None = None,
    reported: Reported | None = None,
) -> Work[StreamResult]:
    """The work of one stream."""
    return Work(
        "ingest",
        f"{account.name}/{stream.name}",
        partial(ingest_stream, context, account, stream, client, window=window, reported=reported),
        tags=(account.name, account.connector),
        failure=lambda result: result.failure,
    )


def ingest_stream(
    context: RunContext,
    account: AccountSettings,
    stream: Stream,
    client: Client,
    *,
    window: Window | None = None,
    reported: Reported | None = None,
) -> StreamResult:
    """Bring one stream up to date. Never raises: the result holds the failure.

    With `window` (a backfill) the stream asks for that span and the bookmark stays. `reported`
    collects the keys that the vendor reported.
    """
    result = StreamResult(account.name, stream.name)
    requests_before = client.requests_made
    one = _Ingestion(context, account, stream, result, client, window, reported)
    try:
        one.run()
    except Exception as error:
        if not isinstance(error, _RESUMABLE):
            one.discard_batch()
        _failed(context, result, error)
        if isinstance(error, NotInPlanError) and stream.optional:
            result.state = "skipped"
    result.requests = client.requests_made - requests_before
    result.ended_at = datetime.now(UTC)
    return result


def replay_stream(context: RunContext, account: AccountSettings, stream: Stream) -> StreamResult:
    """Load every landed batch of a stream again, oldest first. Never raises.

    Sets bookmarks, so that the next run continues from a rebuilt warehouse.
    """
    result = StreamResult(account.name, stream.name)
    try:
        _Ingestion(context, account, stream, result).replay()
    except Exception as error:
        _failed(context, result, error)
    result.ended_at = datetime.now(UTC)
    return result


def _failed(context: RunContext, result: StreamResult, error: Exception) -> StreamResult:
    message = explain_step(context, f"ingest {result.name}", error)
    is_ours = isinstance(error, SupportEtlError)
    result.state = "failed"
    result.message = f"{type(error).__name__}: {message}" if is_ours else message
    return result


@dataclass(slots=True)
class _Ingestion:
    """One stream of one run: first the batch that an earlier run left, then the window up to now.

    Without a client only complete landed batches can be loaded.
    """

    context: RunContext
    account: AccountSettings
    stream: Stream
    result: StreamResult
    client: Client | None = None
    window: Window | None = None
    reported: Reported | None = None

    @property
    def source(self) -> Source:
        """Connector, account and stream."""
        return Source(self.account.connector, self.account.name, self.stream.name)

    def run(self) -> None:
        """Load what an earlier run left, then one batch up to now, or of the given window."""
        self._resume_interrupted_batch()
        bookmark = Bookmark() if self.window else self._bookmark()
        window = self.window or next_window(
            self.stream, bookmark, self.account.start, self.context.as_of
        )
        needs_window = not isinstance(self.stream.sync, (FullRefresh, IncrementalCursor))
        if needs_window and window.end <= window.start:
            self.result.message = (
                f"bookmark {window.start.isoformat()} is not before {window.end.isoformat()}"
            )
            return
        self._take_in(self.context.landing.open_batch(self.source, window, bookmark.as_json()))

    def replay(self) -> None:
        """Load every landed batch again."""
        landing = self.context.landing
        for batch in landing.batches(self.source):
            is_backfill = bool((landing.manifest(batch) or {}).get("is_backfill"))
            self.window = batch.window if is_backfill else None
            self._take_in(batch)

    def discard_batch(self) -> None:
        """Forget the open batch: its pages, or its cursor, failed and would fail again."""
        with suppress(StorageError):
            batch = self.context.landing.batch_in_work(self.source)
            if batch is not None:
                self.context.landing.forget(batch)

    def _resume_interrupted_batch(self) -> None:
        """Load the batch of an interrupted run if it is recent and continues the same bookmark."""
        landing = self.context.landing
        batch = landing.batch_in_work(self.source)
        if batch is None:
            return
        with self.context.warehouse.session() as session:
            is_loaded = runlog.is_loaded(session, batch.batch_id)
        resumable_for = timedelta(hours=self.context.settings.landing.resume_hours)
        is_recent = now() - batch.opened_at <= resumable_for
        is_ours = (
            batch.window == self.window
            if self.window
            else batch.bookmark == self._bookmark().as_json()
        )
        if not is_loaded and is_ours and (is_recent or landing.manifest(batch)):
            self._take_in(batch)
        landing.forget(batch)

    def _take_in(self, batch: Batch) -> None:
        """Extract, land, validate and stage page by page; then load all in one transaction."""
        tally = Tally()
        with self.context.warehouse.session() as session:
            load, erased = self._open_load(session, batch)
            pages = self._pages(batch, tally)
            if self.account.connector == FILES_CONNECTOR:
                load.files.landed = self._landed
                pages = map(load.files.note, pages)
            for checked in self._validate(pages, erased):
                # a transaction for each: DuckDB holds all that one transaction appends in memory
                with session.begin():
                    load.take(checked)
                self._note(checked)
            self._note_what_is_hidden()
            self._compare_totals(tally)
            self._write_manifest(batch, tally)
            changed = self._load(session, load, tally, erased)
        self.context.landing.forget(batch)
        self._count(tally, load, changed)

    def _open_load(self, session: Session, batch: Batch) -> tuple[Load, Erased | None]:
        desk = extract.desk_of(self.account, self.stream)
        load = Load(session, self.stream, batch, desk)
        with session.begin():
            load.waiting = runlog.open_quarantine_keys(session, self.account.name, self.stream.name)
            account = desk or self.account.name
            return load, erase.erased_of(session, account, self.context.lookup)

    def _pages(self, batch: Batch, tally: Tally) -> Iterator[ReceivedPage]:
        """The pages that are landed already, then the rest from the vendor, each landed first."""
        landing = self.context.landing
        for page in land.read_back(landing, self.stream, batch):
            tally.add(page)
            yield page
        if landing.manifest(batch) is not None:
            return
        assert self.client is not None  # only complete batches are replayed
        bookmark = Bookmark.from_json(batch.bookmark)
        received = extract.read(
            self.client,
            self.stream,
            batch.window,
            bookmark,
            resume=tally.resume,
            partitions=tally.lists,
            known=self._known(batch.window, bookmark),
        )
        for answer in received:
            page = land.keep(landing, batch, tally.pages + 1, answer)
            tally.add(page)
            if page.number <= (2 if self.stream.document else 1):
                self.result.warnings += drift.note_drift(
                    self.context.warehouse, self.account.name, self.stream, page
                )
            yield page

    def _landed(self, batch_id: str) -> Iterator[ReceivedPage]:
        """The pages of an earlier batch, none if they are landed no longer."""
        landing = self.context.landing
        for batch in landing.batches(self.source):
            if batch.batch_id == batch_id:
                yield from land.read_back(landing, self.stream, batch)

    def _known(
        self,
        window: Window,
        bookmark: Bookmark,
    ) -> dict[str, datetime]:
        with self.context.warehouse.session() as session:
            return known_versions(
                session,
                self.account.name,
                self.stream,
                window,
                bookmark,
            )

    def _validate(self, pages: Iterable[ReceivedPage], erased: Erased | None) -> Iterator[Checked]:
        """Checked rows in chunks, without the data of erased persons."""
        reader = Reader(
            self.stream,
            self.account.allowed,
            self.account.own,
            self.context.settings.rules.quarantine_limit_share,
            is_small_judged=self.account.connector == FILES_CONNECTOR,
        )
        for checked in reader.rows(pages):
            yield erase.hidden(checked, erased)

    def _note(self, checked: Checked) -> None:
        """Note the reported keys, for reconciliation, and the verdict, for the Data Docs."""
        if self.reported is not None:
            where = (self.account.name, self.stream.name, checked.entity.name)
            keys = checked.rows.column(checked.entity.key[0]).to_pylist()
            rejected = (row.record_key for row in checked.rejected)
            self.reported.setdefault(where, set()).update(keys, rejected)
        if checked.verdict:
            title = f"{self.account.name} / {self.stream.name} / {checked.entity.name}"
            self.result.verdicts.append((title, checked.verdict))

    def _note_what_is_hidden(self) -> None:
        """Say loudly which fields and surveys the login may not see."""
        if self.client is None:
            return
        warnings = [
            f"field {name} is hidden from the login; it is not read, its column is empty"
            for name in sorted(set(self.client.hidden_fields.get(self.stream.name, ())))
        ]
        refusals = self.client.refusals.get(self.stream.name, ())
        warnings += [f"not read, because it is refused: {refusal}" for refusal in refusals]
        warnings += self.client.remarks.get(self.stream.name, ())
        for warning in warnings:
            self.result.warnings.append(warning)
            self.context.progress(f"{self.result.name}: {warning}")

    def _compare_totals(self, tally: Tally) -> None:
        """Compare with the vendor's own totals. Raises ContractError if they must match."""
        for total, received in tally.short:
            words = f"the vendor tells of {total} records, {received} came"
            if self.stream.total and self.stream.total.strict:
                raise ContractError(
                    f"{self.source}: {words}; nothing was loaded, the next run asks again"
                )
            self.result.warnings.append(f"{words} (records that the credentials may not see?)")

    def _write_manifest(self, batch: Batch, tally: Tally) -> None:
        if self.client is None or self.context.landing.manifest(batch) is not None:
            return
        self.context.landing.finish(
            batch,
            {
                "is_backfill": self.window is not None,
                "pages": tally.pages,
                "records": tally.records,
                "records_by_part": tally.by_part,
                "unreadable": tally.unreadable,
                "requests": tally.pages,
                "api_version": self.client.connector.api_version,
            },
        )

    def _load(self, session: Session, load: Load, tally: Tally, erased: Erased | None) -> int:
        """Merge the staged rows and move the bookmark in one transaction; give the changed rows."""
        facts = {"pages_count": tally.pages, "records_count": tally.records}
        after = None if self.window else bookmark_after(self.stream, load.batch, tally).as_json()
        with self.context.warehouse.write_lock, session.begin():
            changed = load.commit(self.context.run_id, after, facts, is_empty=not tally.pages)
            if erased:
                landing = self.context.landing
                has_cleared, came_by = erase.clear_batch(session, landing, load.batch, erased)
                self.result.has_cleared |= has_cleared
                self.result.erased += came_by
        self.result.batches.append(load.batch)
        return changed

    def _count(self, tally: Tally, load: Load, changed: int) -> None:
        self.result.records += tally.records
        self.result.changed += changed
        self.result.quarantined += len(load.rejected)
        if not tally.pages:
            self.result.quarantined += self._still_set_aside()
        if self.result.records:
            self.result.state = "loaded" if self.result.changed else "nothing new"

    def _still_set_aside(self) -> int:
        """Rows of an earlier run that wait in quarantine, while nothing was read."""
        with self.context.warehouse.session() as session:
            return runlog.quarantined_of_stream(session, self.account.name, self.stream.name)

    def _bookmark(self) -> Bookmark:
        with self.context.warehouse.session() as session:
            return readable(
                runlog.bookmarks(session, account=self.account.name, stream=self.stream.name)
            )
