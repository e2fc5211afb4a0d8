"""The window that a stream asks for, and the bookmark that it leaves. Pure functions."""

from datetime import UTC, datetime, timedelta

from tasks.clock import Window, now
from tasks.landing.pages import Tally
from tasks.landing.store import Batch
from tasks.rest.received import Bookmark
from tasks.rest.sections import page_reader
from tasks.rest.spec import PARENTS, IncrementalWindow, Stream

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_NOT_SETTLED = timedelta(minutes=1)  # vendors still write the present minute


def next_window(stream: Stream, bookmark: Bookmark, start: datetime, as_of: datetime) -> Window:
    """From the bookmark minus the stream's overlap, or the account's start, up to `as_of`."""
    earliest = _LONG_AGO if stream.from_beginning else start
    since = bookmark.until or earliest
    if stream.parent:
        since = start  # every partition has its own bookmark; a new one is read from the start
    elif bookmark.until and isinstance(stream.sync, IncrementalWindow):
        since = max(min(start, since), since - stream.sync.overlap)
    return Window(since, min(as_of, now() - _NOT_SETTLED))


def bookmark_after(stream: Stream, batch: Batch, tally: Tally) -> Bookmark:
    """The bookmark once the batch is loaded: instant, cursor, and the cursors of partitions."""
    before = Bookmark.from_json(batch.bookmark)
    until = max(before.until, batch.window.end) if before.until else batch.window.end
    partitions = {**(before.partitions or {}), **_partitions_read(stream, batch, tally)}
    return Bookmark(until, tally.cursor or before.cursor, partitions)


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
