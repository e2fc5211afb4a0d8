"""Step: rows into the warehouse, and the bookmark with them, in one transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tasks.clock import Window
from tasks.entities import ENTITIES
from tasks.landing.store import Batch
from tasks.quality.checked import Checked, RejectedRow, without_addresses
from tasks.rest.received import Bookmark
from tasks.rest.spec import FullRefresh, Stream
from tasks.sqlmodels.reads import read
from tasks.tabular.guard import RULE, FilesOfBatch
from tasks.translation.columns import keys_of
from tasks.warehouse import runlog
from tasks.warehouse.merge import Origin, create_stage, merge, stage
from tasks.warehouse.session import Session


@dataclass(slots=True)
class Load:
    """One batch on its way into the warehouse.

    Rows are staged chunk by chunk; `commit` makes them visible. With `desk` they are rows of that
    account, of a stream that is called by both.
    """

    session: Session
    stream: Stream
    batch: Batch
    desk: str = ""
    rows: dict[str, int] = field(default_factory=dict)
    rejected: list[RejectedRow] = field(default_factory=list)
    waiting: dict[str, set[str]] = field(default_factory=dict)
    files: FilesOfBatch = field(default_factory=lambda: FilesOfBatch(without_addresses))
    _freed: dict[str, set[str]] = field(default_factory=dict)

    @property
    def origin(self) -> Origin:
        """What all rows of the batch have in common."""
        source, batch_id = self.batch.source, self.batch.batch_id
        if self.desk:
            stream = f"{source.account}/{source.stream}"
            return Origin(source.connector, self.desk, stream, batch_id)
        return Origin(source.connector, source.account, source.stream, batch_id)

    def take(self, checked: Checked) -> None:
        """Stage good rows, note the others."""
        name = checked.entity.name
        self.rejected.extend(checked.rejected)
        if name not in self.rows:
            create_stage(self.session, checked.entity)
            self.rows[name] = 0
        if checked.rows.num_rows:
            stage(
                self.session,
                checked.entity,
                checked.rows,
                self.origin,
                start=self.rows[name],
            )
            self.rows[name] += checked.rows.num_rows
        if name in self.waiting:
            self._freed.setdefault(name, set()).update(
                self.waiting[name] & set(keys_of(checked.entity, checked.rows))
            )

    def _replaced(self) -> set[str]:
        """The entities of which what is no longer reported leaves the warehouse."""
        sync = self.stream.sync
        if not isinstance(sync, FullRefresh) or not sync.replaces:
            return set()
        return {
            output.entity.name for output in self.stream.outputs if output.entity not in sync.keeps
        }

    def commit(
        self,
        run_id: str,
        bookmark: Mapping[str, Any] | None,
        facts: Mapping[str, Any],
        *,
        is_empty: bool = False,
    ) -> int:
        """Merge, move the bookmark (unless None: a replay moves none), enter the batch.

        Gives the changed rows. A batch without a page (`is_empty`: a file that did not change) says
        nothing of what is gone.

        The staged rows are in temporary tables of this session, so the transaction is short; a
        kill at any moment leaves either all of the batch or nothing.
        """
        source = self.batch.source
        replaced = set() if is_empty else self._replaced()
        for name in replaced - set(self.rows):
            create_stage(self.session, ENTITIES[name])
            self.rows[name] = 0
        changed = 0
        for name in sorted(self.rows):
            self._set_aside(name)
            is_replaced = name in replaced
            count = merge(self.session, ENTITIES[name], self.origin, replaces=is_replaced)
            if count:
                runlog.mark_changed(self.session, f"source.{name}")
            changed += count
        if bookmark is not None:
            runlog.move_bookmark(
                self.session, source.account, source.stream, bookmark, self.batch.batch_id
            )
        self._renew_quarantine(is_whole=self.files.is_all or bool(replaced))
        runlog.record_batch(
            self.session,
            {
                "batch_id": self.batch.batch_id,
                "run_id": run_id,
                "connector": source.connector,
                "account": source.account,
                "stream": source.stream,
                "window_start": self.batch.window.start,
                "window_end": self.batch.window.end,
                "rows_count": sum(self.rows.values()),
                "changed_count": changed,
                "quarantined_count": len(self.rejected),
                **facts,
            },
        )
        return changed

    def _set_aside(self, name: str) -> None:
        """Take out of the stage what has a key of another file's row."""
        source = self.batch.source
        entity = ENTITIES[name]
        others = self.files.set_aside(self.session, entity, source.account, source.stream)
        self.rejected += [
            RejectedRow(name, row.page_number, row.record_number, "", RULE, row.reason)
            for row in others
        ]
        self.rows[name] -= len(others)

    def _renew_quarantine(self, *, is_whole: bool) -> None:
        """Close what the batch mends or sets aside again, and put in what it sets aside."""
        source, batch_id = self.batch.source, self.batch.batch_id
        account, stream = source.account, source.stream
        if source.connector == "files":
            if is_whole:
                runlog.close_quarantine(self.session, account, stream)
            again = self.files.repeated((row.page_number, row.reason) for row in self.rejected)
            runlog.close_repeated(self.session, account, stream, batch_id, again)
        runlog.mark_replayed(self.session, account, stream, self._freed)
        runlog.quarantine(self.session, self._quarantine_rows(), batch_id)

    def _quarantine_rows(self) -> Iterable[dict[str, Any]]:
        source = self.batch.source
        for number, row in enumerate(self.rejected):
            yield {
                "batch_id": self.batch.batch_id,
                "entity": row.entity,
                "row_number": number,
                "connector": source.connector,
                "account": source.account,
                "stream": source.stream,
                "page_number": row.page_number,
                "record_number": row.record_number,
                "record_key": row.record_key,
                "rule": row.rule,
                "reason": without_addresses(row.reason),
            }


class TicketVersion(NamedTuple):
    """A ticket in the version that the warehouse has."""

    ticket_id: str
    version_at: datetime


def known_versions(
    session: Session,
    account: str,
    stream: Stream,
    window: Window,
    bookmark: Bookmark,
) -> dict[str, datetime]:
    """Tickets that a stream with children would read again in what its window looks back on."""
    before = bookmark.until
    if before is None or before <= window.start or not stream.child_streams:
        return {}
    since, until = window.start, before - timedelta(hours=1)  # the overlap is read as ever
    rows = read(
        session,
        "load/versions",
        TicketVersion,
        account=account,
        since=since,
        until=until,
    )
    return {row.ticket_id: row.version_at for row in rows}
