"""What validation passes on: good rows, and rejected rows with their reason."""

from dataclasses import dataclass

import pyarrow as pa

from tasks.entities import Entity
from tasks.quality.suites import Verdict


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A rejected row: the place of its record, the rule it broke, and the reason."""

    entity: str
    page_number: int
    record_number: int | None
    record_key: str
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Good rows of one entity (columns, page, record, received instant), and the rejected rows."""

    entity: Entity
    rows: pa.Table
    rejected: tuple[RejectedRow, ...]
    verdict: Verdict | None
