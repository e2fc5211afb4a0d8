"""Step: landed pages become typed entity rows.

What breaks a row rule goes to quarantine; a broken batch rule refuses the batch.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec
import pyarrow as pa

from tasks.entities import (
    ARROW,
    CUSTOMER_FIELD,
    ORGANIZATION_FIELD,
    TICKET_FIELD,
    TICKET_FIELD_EVENT,
    VENDOR_MEASURE,
    Entity,
)
from tasks.errors import BatchRefusedError, ContractError
from tasks.privacy.persons import persons_of
from tasks.quality.checked import Checked, RejectedRow, without_addresses
from tasks.quality.suites import Verdict, check
from tasks.rest.received import ReceivedPage
from tasks.rest.sections import page_reader
from tasks.rest.spec import MAIN, PARENT_DOCUMENT, Json, Output, Stream
from tasks.rest.values import WholeBody
from tasks.translation.columns import (
    PAGE,
    REASON,
    RECEIVED,
    RECORD,
    RecordBuffer,
    Rows,
    keys_of,
    translate,
)

CHUNK_RECORDS = 20_000
_SHARE_MATTERS_FROM = 20
_MOST = 0.5  # the share of bad rows that refuses fewer than that
_MANY_A_RECORD = {
    one.name
    for one in (
        VENDOR_MEASURE,
        TICKET_FIELD,
        TICKET_FIELD_EVENT,
        CUSTOMER_FIELD,
        ORGANIZATION_FIELD,
    )
}


@dataclass(slots=True)
class Reader:
    """Turns the pages of one batch into checked rows, a bounded number at a time.

    The share of bad rows counts from 20 rows on. With `is_small_judged` (a file) fewer rows are
    refused, too, if most are bad.
    """

    stream: Stream
    personal: frozenset[str]
    settings: Mapping[str, Json]
    quarantine_limit: float
    is_small_judged: bool = False
    seen: int = 0
    rejected_count: int = 0
    _buffers: dict[str, RecordBuffer] = field(default_factory=dict)
    _parent_document: Json = None
    _first_reason: str = ""

    def rows(self, pages: Iterable[ReceivedPage]) -> Iterator[Checked]:
        """Checked rows in chunks.

        Raises BatchRefusedError when a batch rule fails or too many rows are bad.
        """
        for page in pages:
            if page.section == PARENT_DOCUMENT:
                yield from self._flush(MAIN)
                document = self.stream.document
                is_list = document and not isinstance(document.records, WholeBody)
                self._parent_document = list(page.records) if is_list else page.records[0]
            yield from self._unreadable(page)
            buffer = self._buffers.setdefault(page.section, RecordBuffer())
            buffer.add(page.records, page.number, page.partition, page.received_at)
            if len(buffer.records) >= CHUNK_RECORDS:
                yield from self._flush(page.section)
        for section in list(self._buffers):
            yield from self._flush(section)
        self._refuse_if_mostly_bad()

    def _flush(self, section: str) -> Iterator[Checked]:
        buffer = self._buffers.pop(section, None)
        if not buffer or not buffer.records:
            return
        reader = page_reader(self.stream, section)
        for output in self.stream.outputs:
            if output.section == section:
                rows = translate(
                    self.stream,
                    output,
                    reader,
                    buffer,
                    personal=self.personal,
                    parent_document=self._parent_document,
                    settings=self.settings,
                )
                yield self._checked(rows)

    def _checked(self, rows: Rows) -> Checked:
        entity, table = rows.entity, rows.table
        rejected = [
            RejectedRow(
                entity.name,
                page,
                record,
                key,
                "readable value",
                reason,
                persons,
            )
            for page, record, key, reason, persons in zip(
                rows.refused.column(PAGE).to_pylist(),
                rows.refused.column(RECORD).to_pylist(),
                keys_of(entity, rows.refused),
                rows.refused.column(REASON).to_pylist(),
                persons_of(entity, rows.refused),
                strict=True,
            )
        ]
        verdict = check(entity.name, table) if table.num_rows else None
        if verdict:
            self._refuse_if_broken(verdict)
            table, bad = _without_rejected(entity, table, verdict)
            rejected += bad
        if entity.name not in _MANY_A_RECORD:  # they would hide that most records are bad
            self.seen += table.num_rows + len(rejected)
            self.rejected_count += len(rejected)
            if rejected and self.is_small_judged and not self._first_reason:
                self._first_reason = f"; such as: {without_addresses(rejected[0].reason)}"
        return Checked(entity, table, tuple(rejected), verdict)

    def _unreadable(self, page: ReceivedPage) -> Iterator[Checked]:
        """Records that do not have the declared types at all."""
        if not page.unreadable:
            return
        output: Output | None = next(
            (b for b in self.stream.outputs if b.section == page.section), None
        )
        if output is None:  # what is asked for by this record would be missing without a word
            raise ContractError(
                f"{self.stream.name}: a record of {page.section} cannot be read"
                f" ({page.unreadable[0].reason}); nothing of the batch was loaded"
            )
        rejected = tuple(
            RejectedRow(
                output.entity.name,
                page.number,
                None,
                _guess_key(output, s.raw),
                "declared type",
                s.reason,
            )
            for s in page.unreadable
        )
        self.seen += len(rejected)
        self.rejected_count += len(rejected)
        nothing = pa.schema(
            [(c.name, ARROW[c.kind]) for c in output.entity.columns]
            + [(PAGE, pa.int64()), (RECORD, pa.int64()), (RECEIVED, ARROW["instant"])]
        ).empty_table()
        yield Checked(output.entity, nothing, rejected, None)

    def _refuse_if_broken(self, verdict: Verdict) -> None:
        if verdict.refusals:
            first = verdict.refusals[0]
            raise BatchRefusedError(
                f"{self.stream.name}: {first.description} (rule {first.rule} of"
                f" expectations/{verdict.subject}.yml, {first.unexpected_count} of"
                f" {first.rows_count} rows); nothing of the batch was loaded"
            )

    def _refuse_if_mostly_bad(self) -> None:
        is_small = self.seen < _SHARE_MATTERS_FROM
        share = max(self.quarantine_limit, _MOST) if is_small else self.quarantine_limit
        is_judged = self.is_small_judged and self.rejected_count > 1 if is_small else True
        if is_judged and self.rejected_count > share * self.seen:
            raise BatchRefusedError(
                f"{self.stream.name}: {self.rejected_count} of {self.seen} rows break a rule, more"
                f" than rules.quarantine_limit_share ({self.quarantine_limit:.0%}); nothing of the"
                f" batch was loaded{self._first_reason}"
            )


def _without_rejected(
    entity: Entity, table: pa.Table, verdict: Verdict
) -> tuple[pa.Table, list[RejectedRow]]:
    if not verdict.bad:
        return table, []
    indexes = sorted(verdict.bad)
    bad = table.take(pa.array(indexes, pa.int64()))
    keep = [True] * table.num_rows
    for index in indexes:
        keep[index] = False
    rejected = [
        RejectedRow(entity.name, page, record, key, *verdict.bad[index], persons)
        for index, page, record, key, persons in zip(
            indexes,
            bad.column(PAGE).to_pylist(),
            bad.column(RECORD).to_pylist(),
            keys_of(entity, bad),
            persons_of(entity, bad),
            strict=True,
        )
    ]
    return table.filter(pa.array(keep)), rejected


def _guess_key(output: Output, raw: str) -> str:
    """The key of a record that could not be read, if its id at least can be."""
    path = output.fields.get(output.entity.key[0])
    try:
        found = msgspec.json.decode(raw)
        return str(found.get(path, "")) if isinstance(path, str) and isinstance(found, dict) else ""
    except (msgspec.DecodeError, RecursionError):
        return ""
