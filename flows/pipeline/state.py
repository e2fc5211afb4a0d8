"""How far each stream is read, and how to have it read again from an earlier instant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from flows.pipeline.bookmarks import readable
from flows.pipeline.context import filled_warehouse
from tasks.errors import BookmarkError, ConfigurationError
from tasks.extract import streams_of
from tasks.rest.received import Bookmark
from tasks.rest.spec import FullRefresh, IncrementalCursor, Stream
from tasks.settings import AccountSettings, Settings
from tasks.warehouse import runlog
from tasks.warehouse.runlog import StoredBookmark


@dataclass(frozen=True, slots=True)
class StreamState:
    """How far one stream is read; `next_read` says what the next run asks for."""

    account: str
    stream: str
    keeps_up_by: str
    until: datetime | None
    cursor: str
    partitions: int
    updated_at: datetime | None
    next_read: str


def stream_states(settings: Settings, accounts: Sequence[str]) -> list[StreamState]:
    """Every stream of the accounts, and those that are stored though nothing reads them."""
    chosen = settings.chosen(accounts)
    with filled_warehouse(settings) as warehouse, warehouse.session() as session:
        stored = {(one.account, one.stream): one for one in runlog.bookmarks(session)}
    states = [
        _state(account, stream, stored.pop((account.name, stream.name), None))
        for account in chosen
        for stream in streams_of(account)
    ]
    left = (one for one in stored.values() if not accounts or one.account in accounts)
    return [*states, *map(_orphan, left)]


def _state(account: AccountSettings, stream: Stream, stored: StoredBookmark | None) -> StreamState:
    try:
        bookmark = readable([stored] if stored else [])
        next_read = _next_read(account, stream, bookmark)
    except BookmarkError:
        bookmark, next_read = Bookmark(), "nothing: the bookmark cannot be used; reset it"
    return StreamState(
        account.name,
        stream.name,
        stream.incremental,
        bookmark.until,
        bookmark.cursor or "",
        len(bookmark.partitions or {}),
        stored.updated_at if stored else None,
        next_read,
    )


def _next_read(account: AccountSettings, stream: Stream, bookmark: Bookmark) -> str:
    if isinstance(stream.sync, FullRefresh):
        return "everything"
    if stream.parent:
        known = len(bookmark.partitions or {})
        first = f"each parent from {account.start:%Y-%m-%d}"
        return f"{first}; the {known} known ones from theirs" if known else first
    if bookmark.until is None:
        first = "the beginning" if stream.from_beginning else f"{account.start:%Y-%m-%d}"
        return f"from {first}"
    return "from its cursor" if bookmark.cursor else "from its instant, less an overlap"


def _orphan(stored: StoredBookmark) -> StreamState:
    nothing = "nothing: no account of the settings reads it"
    return StreamState(stored.account, stored.stream, "", None, "", 0, stored.updated_at, nothing)


def reset(
    settings: Settings, account: str, stream: str, *, to: datetime | None, dry_run: bool
) -> Mapping[str, str]:
    """Forget how far a stream is read, or move it to an instant; give the state before and after.

    With `dry_run` nothing is written.

    Raises:
        ConfigurationError: The stream has no state, or cannot begin at an instant.
        RunAtWorkError: A run holds the warehouse.

    """
    after = _moved(settings, account, stream, to) if to else None
    with (
        filled_warehouse(settings) as warehouse,
        warehouse.held(),
        warehouse.transaction() as session,
    ):
        stored = runlog.bookmarks(session, account=account, stream=stream)
        if not stored:
            raise ConfigurationError(
                f"nothing is stored for {account}/{stream}; see `support-etl state list`"
            )
        if not dry_run:
            runlog.forget_bookmark(session, account, stream)
            if after:
                runlog.move_bookmark(session, account, stream, after.as_json(), "reset")
    new = msgspec.json.encode(after.as_json()).decode() if after else "none"
    return {"before": stored[0].value, "after": new}


def _moved(settings: Settings, account: str, stream: str, to: datetime) -> Bookmark:
    """The bookmark at an instant. Raises ConfigurationError if none can begin there."""
    (chosen,) = settings.chosen((account,))
    found = next((one for one in streams_of(chosen) if one.name == stream), None)
    if found is None:
        raise ConfigurationError(f"account {account} reads no stream {stream}")
    if found.parent or isinstance(found.sync, (FullRefresh, IncrementalCursor)):
        raise ConfigurationError(
            f"{account}/{stream} keeps up by {found.incremental}, so it cannot begin at an instant;"
            " without --to it is read from its start, and `support-etl backfill` reads a span"
        )
    return Bookmark(until=to)
