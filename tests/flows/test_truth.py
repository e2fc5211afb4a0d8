"""Measures in the warehouse against an independent calculation from the sandbox's own story.

Ticket by ticket. Nothing here uses SQL or the product's business time: waits are counted from the
story, open hours from its schedules.
"""

from datetime import timedelta

from conftest import Bench
from tests_support import MEASURES, TODAY, as_text, midnight, own_fields, truth, turns_of

from tasks.sandbox.own_fields import brand_of, reason_at, tags_of
from tasks.sandbox.vendors.servicenow import sys_id

NOW = midnight(TODAY)
KEYS = {
    "zendesk": lambda t: str(t.number),
    "hubspot": lambda t: str(t.number),
    "servicenow": lambda t: sys_id("ticket", t.number),
}


NOT_CARRIED = {  # as in the vendor's page of the guide
    "zendesk": set(),
    "hubspot": {
        "first_reply_business",
        "full_resolution_business",
    },  # no calendar: the account's default hours apply, not those of the story
    "servicenow": {"merged"},  # merged incidents are closed; the API reports no merge
}


def test_every_ticket_of_every_desk_has_the_measures_of_its_story(bench: Bench, sandbox):
    bench.run(NOW)
    compared = 0
    for desk, key in KEYS.items():
        fake = sandbox.fakes[desk]
        names = [name for name in MEASURES if name not in NOT_CARRIED[desk]]
        # Zendesk leaves out the newest minute, so nothing after it is known
        now = NOW - timedelta(seconds=60) if desk == "zendesk" else NOW
        world = fake.world if desk != "servicenow" else sandbox.fakes["zendesk"].world
        loaded = {
            r[0]: dict(zip(names, r[1:], strict=True))
            for r in bench.fetch(
                f"select ticket_id, {', '.join(MEASURES[name] for name in names)} from"
                f" core.fct_ticket where account = '{desk}_acme'"
            )
        }
        alive = [
            t
            for t in world.of_desk(desk)
            if t.known_at(now) and not (t.deleted_at and t.deleted_at <= now)
        ]
        if desk == "hubspot":
            alive = [
                t for t in alive if not truth(t, now)["merged"]
            ]  # this vendor deletes the losing ticket of a merge
        assert set(loaded) == {key(t) for t in alive}
        turns = {
            t.number: turns_of(t, lambda team: team.promised, world.teams)
            for t in alive
            if desk == "zendesk"  # whose schedule follows the team
        }
        wrong = {
            (key(t), name): (loaded[key(t)][name], reported)
            for t in alive
            for name, reported in truth(t, now, turns.get(t.number)).items()
            if name in names and loaded[key(t)][name] != reported
        }
        assert wrong == {}, desk
        if desk == "hubspot":  # its tickets have brands and labels as texts of several options
            assert own_fields(bench, "hubspot_acme") == {
                (key(t), name): as_text(value)
                for t in alive
                for name, value in (
                    ("contact_reason", reason_at(t, now)),
                    ("brand", [str(brand_of(t))]),
                    ("tags", tags_of(t)),
                )
            }
        compared += len(alive)
    assert compared > 400


def test_daily_figures_equal_a_count_over_the_tickets(bench: Bench):
    bench.run(NOW)
    for kpi, day, extra in (
        ("tickets_created", "created_on", ""),
        ("tickets_solved", "solved_on", "and solved_on is not null"),
    ):
        assert bench.fetch(
            f"select day, account, sum(numerator) from marts.kpi_daily where kpi = '{kpi}' group by"
            " 1, 2 order by 1, 2"
        ) == [
            (d, a, float(n))
            for d, a, n in bench.fetch(
                f"select {day}, account, count(*) from core.fct_ticket where not is_excluded"
                f" {extra} and {day} <= date '2026-10-31' group by 1, 2 order by 1, 2"
            )
        ]
    # backlog at the end of a day, straight from the intervals: started before the local midnight,
    # not over at it, unsolved
    for day, end in (
        ("2026-10-24", "2026-10-24 22:00:00+00"),
        ("2026-10-25", "2026-10-25 23:00:00+00"),
    ):  # Berlin leaves summer time
        assert bench.fetch(
            f"select sum(backlog_count) from core.snap_backlog_daily where day = date '{day}'"
        ) == bench.fetch(
            "select count(*) from core.fct_status_interval where not is_excluded and category not"
            f" in ('solved', 'closed') and starts_at < timestamptz '{end}' and (ends_at is null or"
            f" ends_at >= timestamptz '{end}')"
        )


def test_the_backlog_identity_holds_on_every_day(bench: Bench):
    bench.run(NOW)
    rows = bench.fetch(
        "select account, day, sum(created_count), sum(solved_count), sum(reopened_count),"
        " sum(backlog_count) from core.snap_backlog_daily group by 1, 2 order by 1, 2"
    )
    before: dict[str, int] = {}
    for account, _, created, solved, reopened, backlog in rows:
        assert backlog == before.get(account, 0) + created - solved + reopened
        before[account] = backlog
