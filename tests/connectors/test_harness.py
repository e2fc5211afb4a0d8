"""What every connector must do, on its fake, over real HTTP.

Nothing here knows how a connector does it.
"""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from conftest import Bench
from tests_support import TODAY, midnight

from flows.pipeline.outcome import StreamResult
from tasks.entities import ENTITIES
from tasks.sandbox.company import Sandbox
from tasks.sandbox.fake import Fake, InjectedFault


@dataclass(frozen=True)
class Case:
    """One vendor: its main stream, the path of its pages, and the paths of injected faults."""

    vendor: str
    stream: str
    path: str
    entity: str
    pages: str = ""  # where pages follow one another, if that is not `path`


CASES = [
    Case(path.parent.name, **yaml.safe_load(path.read_text()))
    for path in sorted(Path(__file__).parent.glob("*/harness.yml"))
]
each = pytest.mark.parametrize("case", CASES, ids=lambda c: c.vendor)


@pytest.fixture
def only(every_account: Bench, case: Case) -> Bench:
    """The bench with this vendor's account alone."""
    every_account.accounts = tuple(
        a for a in every_account.accounts if a["connector"] == case.vendor
    )
    return every_account


@pytest.fixture
def one(only: Bench, case: Case) -> Bench:
    """The bench with this vendor's main stream alone."""
    from tasks.connectors import connector

    others = tuple(s.name for s in connector(case.vendor).streams if s.name != case.stream)
    only.accounts = tuple({**a, "deselect": others} for a in only.accounts)
    return only


@pytest.fixture
def fake(sandbox: Sandbox, case: Case) -> Fake:
    return sandbox.fakes[case.vendor]


def result_of(outcome, case: Case) -> StreamResult:
    return next(r for r in outcome.streams if r.stream == case.stream)


def failing(bench: Bench, case: Case) -> StreamResult:
    outcome = bench.read(midnight(TODAY))
    result = result_of(outcome, case)
    assert outcome.state == "partly"
    assert result.state == "failed"
    assert bench.fetch(
        f"select count(*) from source.{case.entity} where loaded_stream = '{case.stream}'"
    ) == [(0,)]
    assert bench.fetch(f"select count(*) from ops.bookmark where stream = '{case.stream}'") == [
        (0,)
    ]
    return result


def small_pages(fake: Fake, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the vendor's pages small, so that a small organisation fills several."""
    from tasks.connectors import connector
    from tasks.rest import paging

    if hasattr(fake, "per_page"):
        fake.per_page = fake.bulk_page = 3 if case.entity == "survey_response" else 15
    if case.vendor == "zoho_desk":
        monkeypatch.setattr(
            paging.Offset,
            "first",
            lambda self, request: request.with_params(**{self.param: "0", self.size_param: "15"}),
        )
    if case.vendor == "typeform":
        monkeypatch.setattr(
            paging.BeforeLast,
            "first",
            lambda self, request: request.with_params(**{self.size_param: "3"}),
        )
    if case.vendor == "medallia":
        monkeypatch.setattr(
            paging.BodyKeyset,
            "after",
            lambda self, request, seen: (
                None
                if seen.count == 0
                else replace(
                    request, body=self.above(request.body, *(seen.last(p)[0] for p in self.paths))
                )
            ),
        )

    for stream in connector(case.vendor).streams:
        if isinstance(stream.paging, paging.Keyset):
            monkeypatch.setattr(
                type(stream.paging),
                "first",
                lambda self, request: request.with_params(**{self.size_param: "300"}),
            )
        if isinstance(stream.paging, paging.LinkWithQuery):
            monkeypatch.setattr(
                type(stream.paging),
                "first",
                lambda self, request: request.with_params(per_page="20", page="1"),
            )


@each
def test_every_record_comes_exactly_once_over_several_pages(one, fake, case, monkeypatch):
    small_pages(fake, case, monkeypatch)
    outcome = one.read(midnight(TODAY))
    assert outcome.state == "completed", outcome.message
    pages = sum(1 for asked in fake.asked if re.search(case.path, asked.path))
    assert pages > 1
    key = ", ".join(ENTITIES[case.entity].key)
    counts = one.fetch(f"select count(*), count(distinct ({key})) from source.{case.entity}")
    expected = EXPECTED.get(case.vendor, lambda fake: len(fake.alive()))(fake)
    assert counts == [(expected, expected)]


def _front(fake) -> int:
    """Changes of status, agent, inbox and hours, and that each conversation was opened."""
    reported = [e for t in fake.visible() for e in fake._told(t)]
    changes = sum(e["type"] in {"archive", "reopen", "assign", "move"} for e in reported)
    moves = sum(e["type"] == "move" for e in reported)  # into an inbox, and its business hours
    opened = sum(not fake.is_merged(t) for t in fake.visible())
    return changes + moves + 2 * len(fake.visible()) + opened


def _salesforce(fake) -> int:
    """Rows of status and priority, and of each change of owner the one that carries ids.

    A change of owner writes two rows, for the agent and for the queue.
    """
    reported = [h for t in fake.visible() for h in fake._history(t)]
    owners = [h for h in reported if h["Field"] == "Owner" and h["NewValue"][:3] in {"005", "00G"}]
    sides = sum(
        any(str(h[k]).startswith(prefix) for k in ("OldValue", "NewValue"))
        for h in owners
        for prefix in ("005", "00G")
    )
    return sum(h["Field"] in {"Status", "Priority"} for h in reported) + sides


def _changes(fake) -> int:
    """Changes of the story, and the schedules that the vendor assigned for them."""
    now = fake.clock - timedelta(seconds=60)
    known = [t for t in fake.world.of_desk("zendesk") if t.known_at(now)]
    assigned = sum(
        child["event_type"] == "ScheduleAssignment"
        for t in known
        for audit in fake._audits(t)
        if audit["_at"] <= now
        for child in audit["child_events"]
    )
    return assigned + sum(len(t.changes_until(now)) for t in known)


def _tickets(fake) -> int:
    now = fake.clock
    return sum(
        1
        for t in fake.world.of_desk("hubspot")
        if t.known_at(now)
        and not (t.deleted_at and t.deleted_at <= now)
        and not (t.merged_at and t.merged_at <= now)
    )


def _audits(fake) -> int:
    """Of the reasons of a hold only the caller's is a status of its own."""
    return sum(
        row["fieldname"] != "hold_reason"
        or "1" in (row["newvalue"], row["newvalue"] and row["oldvalue"])
        for row in fake._tables()["sys_audit"]
    )


def _answers(fake) -> int:
    return sum(1 for s in fake.world.scores if s.at <= fake.clock)


EXPECTED = {
    "zendesk": _changes,
    "hubspot": _tickets,
    "servicenow": _audits,
    "surveymonkey": _answers,
    "front": _front,
    "salesforce": _salesforce,
    "zoho_desk": lambda fake: len(fake._known()),
    "typeform": lambda fake: sum(
        s.number % 50 != 0 for s in fake.world.scores if s.at <= fake.clock
    ),
    "qualtrics": _answers,
    "medallia": _answers,
}


@each
def test_the_second_run_asks_only_for_what_changed(one, fake, case):
    fake.clock = midnight(TODAY) - timedelta(days=1)
    first = result_of(one.read(fake.clock), case)
    fake.clock = midnight(TODAY)
    asked_before = len(fake.asked)
    second = result_of(one.read(fake.clock), case)
    assert first.records > 0
    assert second.state in {"loaded", "nothing new"}
    listed = {"typeform": 4, "qualtrics": 4}.get(
        case.vendor, 0
    )  # forms and their questions are read each time
    most = 0.7 if case.vendor == "medallia" else 1 / 3  # thirty days are read again
    assert second.records - listed < (first.records - listed) * most
    assert len(fake.asked) - asked_before <= asked_before


@each
def test_every_stream_is_read_and_no_row_lacks_what_it_needs(only, case):
    outcome = only.read(midnight(TODAY))
    assert outcome.state == "completed", outcome.message
    assert [(r.stream, r.quarantined) for r in outcome.streams if r.quarantined] == []
    counts = " union all ".join(
        f"select '{e.name}.{column}', count(*) from source.{e.name} where {column} is null"
        for e in ENTITIES.values()
        for column in e.required
    )
    assert [name for name, count in only.fetch(counts) if count] == []


@each
def test_throttling_is_waited_out(one, fake, case):
    fake.faults = [InjectedFault("throttle", case.path, times=2)]
    outcome = one.read(midnight(TODAY))
    assert outcome.state == "completed", outcome.message


@each
def test_lasting_throttling_is_a_named_error(one, fake, case):
    fake.faults = [InjectedFault("throttle", case.path, times=1000)]
    assert "ThrottledError" in failing(one, case).message


@each
def test_wrong_credentials_are_a_named_error(one, fake, case):
    fake.faults = [InjectedFault("unauthorized", case.path, times=1000)]
    assert "CredentialsError" in failing(one, case).message


@each
def test_wrong_shape_is_a_named_error(one, fake, case):
    fake.faults = [InjectedFault("wrong_shape", case.path, times=1000)]
    assert "ContractError" in failing(one, case).message


@each
def test_html_is_a_named_error(one, fake, case):
    fake.faults = [InjectedFault("html", case.path, times=1000)]
    message = failing(one, case).message
    assert "TruncatedPageError" in message
    assert "HTML instead of JSON" in message


@each
@pytest.mark.parametrize("kind", ["cut", "garbage", "drop", "error"])
def test_a_broken_page_is_asked_for_again(one, fake, case, kind):
    fake.faults = [InjectedFault(kind, case.path, times=1)]
    outcome = one.read(midnight(TODAY))
    assert outcome.state == "completed", outcome.message


@each
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("cut", "TruncatedPageError"),
        ("garbage", "TruncatedPageError"),
        ("drop", "UnreachableError"),
        ("error", "UnreachableError"),
    ],
)
def test_a_page_that_stays_broken_fails_loudly(one, fake, case, kind, name):
    fake.faults = [
        InjectedFault(kind, case.path, skip=1 if case.vendor == "zendesk" else 0, times=1000)
    ]
    assert name in failing(one, case).message


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.vendor != "qualtrics"], ids=lambda c: c.vendor
)  # there an export is one file
def test_a_repeated_page_is_a_named_error(one, fake, case, monkeypatch):
    small_pages(fake, case, monkeypatch)
    if case.vendor == "zendesk":
        _shrink_zendesk(fake)
    fake.faults = [Repeating(case.pages or case.path)]
    assert "RepeatedPageError" in failing(one, case).message


class Repeating(InjectedFault):
    """Repeat the first page of a path for every request."""

    def __init__(self, path: str) -> None:
        super().__init__("edit", path, times=10_000, edit=self.first)
        self.kept: bytes | None = None

    def first(self, body: bytes) -> bytes:
        self.kept = self.kept or body
        return self.kept


def _shrink_zendesk(fake) -> None:
    original = fake._time_export
    fake._time_export = lambda asked, name, rows, **k: original(
        type(asked)(
            asked.method, asked.path, {**asked.query, "per_page": "200"}, asked.headers, asked.body
        ),
        name,
        rows,
        **k,
    )


@each
def test_a_redirect_to_another_host_gets_no_credentials(one, fake, case):
    fake.faults = [
        InjectedFault(
            "redirect", case.path, times=1000, headers={"location": "http://localhost:9/steal"}
        )
    ]
    assert "ForeignHostError" in failing(one, case).message


def test_a_next_page_on_another_host_is_refused(every_account, sandbox):
    every_account.accounts = tuple(a for a in every_account.accounts if a["connector"] == "zendesk")
    fake = sandbox.fakes["zendesk"]
    _shrink_zendesk(fake)
    fake.faults = [InjectedFault("foreign_next", "/incremental/ticket_events", times=1000)]
    events = next(case for case in CASES if case.vendor == "zendesk")
    assert "ForeignHostError" in failing(every_account, events).message


@each
def test_the_vendor_is_listed_and_documented(case) -> None:
    from tasks.connectors import connector

    vendor = connector(case.vendor)
    assert vendor.docs
    assert all(stream.description for stream in vendor.streams)
    assert len({s.name for s in vendor.streams}) == len(vendor.streams)
