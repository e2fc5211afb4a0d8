"""Records that become visible long after their own time are read within a day."""

from dataclasses import replace
from datetime import timedelta

import pytest
from conftest import Bench
from tests_support import TODAY, midnight

from tasks.sandbox.company import Sandbox

NOW = midnight(TODAY)
DAY = timedelta(days=1)
EARLIER = NOW - DAY - timedelta(hours=2)  # the bookmark has passed it, overlap included


def only(bench: Bench, sandbox: Sandbox, vendor: str) -> Bench:
    return replace(bench, accounts=tuple(a for a in sandbox.accounts if a["connector"] == vendor))


@pytest.mark.parametrize("vendor", ["freshdesk", "jira"])
def test_a_ticket_that_shows_late_is_read_a_day_later(
    small_bench: Bench, small_sandbox: Sandbox, monkeypatch, vendor: str
):
    """After the bookmark had passed it, no run ever asked for it again."""
    bench, fake = only(small_bench, small_sandbox, vendor), small_sandbox.fakes[vendor]
    real = fake.visible
    changed = [t for t in fake.alive() if NOW - DAY * 2 < fake.updated_at(t) < EARLIER]
    hidden = {t.number for t in changed}
    assert hidden
    with monkeypatch.context() as patch:
        patch.setattr(fake, "visible", lambda: [t for t in real() if t.number not in hidden])
        assert bench.read(NOW - DAY).state == "completed"
    tickets = "select ticket_id from source.ticket order by 1"
    before = bench.fetch(tickets)
    fake.asked.clear()
    assert bench.read(NOW).state == "completed"
    late = set(bench.fetch(tickets)) - set(before)
    assert before
    assert late
    if vendor == "freshdesk":
        assert late == {(str(number),) for number in hidden}
        asked = {a.path.split("/")[-2] for a in fake.asked if a.path.endswith("/conversations")}
        again = {str(t.number) for t in fake.alive() if fake.updated_at(t) < EARLIER}
        assert asked & again == {str(number) for number in hidden}, "others are known so"


def test_a_second_run_of_the_day_looks_back_no_more(small_bench: Bench, small_sandbox: Sandbox):
    bench = only(small_bench, small_sandbox, "freshdesk")
    fake = small_sandbox.fakes["freshdesk"]
    bench.read(NOW - timedelta(hours=30))
    for hours, start in ((24, 30.25), (6, 48), (5, 6.25)):
        fake.asked.clear()
        assert bench.read(NOW - timedelta(hours=hours)).state == "completed"
        tickets = [a for a in fake.asked if a.path == "/api/v2/tickets" and "filter" not in a.query]
        first = tickets[0].query["updated_since"]
        assert first == (NOW - timedelta(hours=start)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_look_back_of_a_vendors_cursor_begins_with_a_time(
    small_bench: Bench, small_sandbox: Sandbox
):
    """A cursor never returns to what it has passed."""
    bench, fake = only(small_bench, small_sandbox, "zendesk"), small_sandbox.fakes["zendesk"]

    def first_of_tickets() -> dict[str, str]:
        return next(a.query for a in fake.asked if "incremental/tickets/cursor" in a.path)

    bench.read(NOW - timedelta(hours=30))
    for hours, start in ((29, None), (9, 29 + 24), (8, None)):
        fake.asked.clear()
        assert bench.read(NOW - timedelta(hours=hours)).state == "completed"
        query = first_of_tickets()
        assert ("cursor" in query) == (start is None)
        if start is not None:
            assert query["start_time"] == str(int((NOW - timedelta(hours=start)).timestamp()))
