"""What a run did: results of streams and models, failures, and the state in which it ended."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from tasks.landing.store import Batch
from tasks.privacy.pages import Person
from tasks.quality.suites import Verdict
from tasks.sqlmodels.materialization import ModelResult
from tasks.watch import Alert

StreamState = Literal["loaded", "nothing new", "skipped", "failed"]
_LONGEST_MESSAGE = 2000


@dataclass(slots=True)
class StreamResult:
    """The result of one stream in one run: its state and counts of requests, records and rows.

    `erased` are erased persons that came by in its `batches`; `has_cleared` says that texts of
    them were cleared after the load.
    """

    account: str
    stream: str
    state: StreamState = "nothing new"
    message: str = ""
    requests: int = 0
    records: int = 0
    changed: int = 0
    quarantined: int = 0
    has_cleared: bool = False
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended_at: datetime | None = None
    erased: list[Person] = field(default_factory=list, repr=False)
    batches: list[Batch] = field(default_factory=list, repr=False)
    warnings: list[str] = field(default_factory=list)
    verdicts: list[tuple[str, Verdict]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Account and stream, such as `zendesk_main/tickets`."""
        return f"{self.account}/{self.stream}"

    @property
    def failure(self) -> str:
        """Why the stream failed; "" if it did not."""
        return self.message if self.state == "failed" else ""

    @property
    def summary(self) -> str:
        """State and counts on one line."""
        counts = f", {self.records:,} records, {self.changed:,} rows changed"
        return (
            f"{self.name}: {self.state}"
            + (counts if self.records else "")
            + (f", {self.quarantined} set aside" if self.quarantined else "")
            + (f": {self.message}" if self.message else "")
        )


@dataclass(frozen=True, slots=True)
class StepFailure:
    """A step that failed while the run went on, such as `build` of `marts.kpi_daily`."""

    step: str
    subject: str
    message: str

    def __str__(self) -> str:
        """What failed and why, on one line."""
        if self.step == "publish":
            return f"no report: {self.message}"
        return f"{f'{self.step} {self.subject}'.strip()} failed: {self.message}"


@dataclass(frozen=True, slots=True)
class Published:
    """Where the report, the spreadsheet and the Data Docs of a run are."""

    page: Path
    sheet: Path
    data_docs: str
    broken_rules: tuple[str, ...]


@dataclass(slots=True)
class Outcome:
    """What a run did.

    `state` is completed; partly if a stream or a step failed; failed if the run ended early.
    `has_cleared`: a restored warehouse was cleared of erased persons.
    """

    run_id: str
    as_of: datetime
    state: str = "completed"
    message: str = ""
    streams: list[StreamResult] = field(default_factory=list)
    models: list[ModelResult] = field(default_factory=list)
    step_failures: list[StepFailure] = field(default_factory=list)
    published: Published | None = None
    identities: Verdict = field(default_factory=lambda: Verdict("identities"))
    alerts: list[Alert] = field(default_factory=list)
    undelivered: list[str] = field(default_factory=list)
    has_cleared: bool = False

    @property
    def unequal(self) -> list[str]:
        """Identities of the numbers that do not hold."""
        return [
            f"numbers do not add up: {result.description}"
            for result in self.identities.results
            if not result.is_met
        ]

    @property
    def failures(self) -> list[StreamResult]:
        """Streams that failed."""
        return [result for result in self.streams if result.state == "failed"]

    @property
    def changed_rows(self) -> int:
        """Rows written to `source`, `core` and `marts`."""
        in_streams = sum(result.changed for result in self.streams)
        return in_streams + sum(model.changed or 0 for model in self.models)

    def conclude(self) -> None:
        """Set state and message from what has failed so far."""
        reasons = []
        if self.failures:
            listed = "; ".join(f"{result.name}: {result.message}" for result in self.failures)
            reasons.append(f"{len(self.failures)} of {len(self.streams)} streams failed: {listed}")
        if self.unequal:
            reasons.append("; ".join(self.unequal))
        reasons += map(str, self.step_failures)
        self.state = "partly" if reasons else "completed"
        self.message = " ".join(reasons)[:_LONGEST_MESSAGE]
