"""What validation hands on: good rows, and rows set aside with their reason."""

from dataclasses import dataclass

import pyarrow as pa

from tasks.entities import Entity
from tasks.quality.suites import Verdict


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row set aside: where its record lies, which rule it broke and why."""

    entity: str
    page_number: int
    record_number: int | None
    record_key: str
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Good rows of one entity (its columns, page, record, received instant) and what was set aside."""

    entity: Entity
    rows: pa.Table
    rejected: tuple[RejectedRow, ...]
    verdict: Verdict | None
