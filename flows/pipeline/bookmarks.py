"""The window that a stream asks for, and the bookmark that it leaves. Pure functions."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from tasks.clock import Window, now
from tasks.errors import BookmarkError
from tasks.landing.pages import Tally
from tasks.landing.store import Batch
from tasks.rest.received import Bookmark
from tasks.rest.sections import page_reader
from tasks.rest.spec import PARENTS, FullRefresh, IncrementalWindow, Stream
from tasks.warehouse.runlog import StoredBookmark

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_NOT_SETTLED = timedelta(minutes=1)  # vendors still write the present minute
_NONE = timedelta(0)
_LOOK_BACK = timedelta(hours=24)  # Front: 2 days, others minutes (estuary/connectors#3911)
_LOOK_EVERY = timedelta(hours=20)  # a daily run that begins an hour early looks back, too
_SKEW = timedelta(hours=1)  # between the clocks of two machines that run the job
_UNREADABLE = (msgspec.DecodeError, ValueError, TypeError, AttributeError, OverflowError)


def readable(stored: Iterable[StoredBookmark]) -> Bookmark:
    """The bookmark that is stored for a stream, or an empty one.

    Raises BookmarkError for one that is unreadable or in the future.
    """
    bookmark = Bookmark()
    for one in stored:
        try:
            bookmark = Bookmark.from_json(msgspec.json.decode(one.value))
        except _UNREADABLE:
            raise _refusal(one, "cannot be read") from None
        latest = max(_instants(bookmark), default=None)
        if latest and latest > now() + _SKEW:
            raise _refusal(one, f"is in the future ({latest.isoformat()})")
    return bookmark


def bookmark_faults(stored: Iterable[StoredBookmark]) -> list[tuple[str, str]]:
    """Streams whose bookmark cannot be used, each with the reason."""
    faults = []
    for one in stored:
        try:
            readable([one])
        except BookmarkError as fault:
            faults.append((f"{one.account}/{one.stream}", str(fault)))
    return faults


def _instants(bookmark: Bookmark) -> list[datetime]:
    partitions = [at for at, _ in (bookmark.partitions or {}).values()]
    return [at for at in (bookmark.until, bookmark.looked, *partitions) if at]


def _refusal(one: StoredBookmark, fault: str) -> BookmarkError:
    return BookmarkError(
        f"the bookmark of {one.account}/{one.stream} {fault}; nothing was read. `support-etl"
        f" state reset {one.account} {one.stream}` has it read from the account's start"
    )


def next_window(stream: Stream, bookmark: Bookmark, start: datetime, as_of: datetime) -> Window:
    """From the bookmark minus the stream's overlap, or the account's start, up to `as_of`.

    Once a day the window begins a day before the bookmark: some records become visible long after
    their own time.
    """
    until = min(as_of, now() - _NOT_SETTLED)
    earliest = _LONG_AGO if stream.from_beginning else start
    since = bookmark.until or earliest
    if stream.parent:
        since = start  # every partition has its own bookmark; a new one is read from the start
    elif bookmark.until and not isinstance(stream.sync, FullRefresh):
        overlap = stream.sync.overlap if isinstance(stream.sync, IncrementalWindow) else _NONE
        if looks_back(bookmark, until):
            overlap = max(overlap, _LOOK_BACK)
        since = max(min(start, since), since - overlap)
    return Window(since, until)


def looks_back(bookmark: Bookmark, until: datetime) -> bool:
    """Whether a batch up to `until` reads the day before its bookmark again."""
    return bookmark.looked is None or until - bookmark.looked >= _LOOK_EVERY


def bookmark_after(stream: Stream, batch: Batch, tally: Tally) -> Bookmark:
    """The bookmark once the batch is loaded: instant, cursor, and the cursors of partitions."""
    before = Bookmark.from_json(batch.bookmark)
    until = max(before.until, batch.window.end) if before.until else batch.window.end
    partitions = {**(before.partitions or {}), **_partitions_read(stream, batch, tally)}
    looked = batch.window.end if looks_back(before, batch.window.end) else before.looked
    return Bookmark(
        until,
        tally.cursor or before.cursor,
        partitions,
        looked,
    )


def _partitions_read(stream: Stream, batch: Batch, tally: Tally) -> dict[str, tuple[datetime, str]]:
    partitions: dict[str, tuple[datetime, str]] = {}
    if stream.parent is None:
        return partitions
    reader = page_reader(stream, PARENTS)
    for page in tally.lists:
        keys = reader.column(page.records, stream.parent.partition_key)
        cursors = reader.column(page.records, stream.parent.partition_cursor)
        for key, cursor in zip(keys, cursors, strict=True):
            if str(key) in tally.read:
                partitions[str(key)] = (batch.window.end, str(cursor))
    return partitions
