"""The same tickets, read from each helpdesk, give the same measures where the API has the facts."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from conftest import Bench
from tests_support import (
    MEASURES,
    TODAY,
    Turns,
    as_text,
    midnight,
    own_fields,
    truth,
    turns_of,
)

from flows.pipeline.own_fields import uses_by_account
from tasks.connectors import connector
from tasks.landing.store import Landing
from tasks.sandbox.company import _DESKS
from tasks.sandbox.desk import Desk
from tasks.sandbox.fake import Served
from tasks.sandbox.own_fields import (
    BRANDS,
    FORMS,
    REASONS,
    brand_of,
    form_of,
    language_of,
    products_of,
    reason_at,
    reason_changes,
    tags_of,
)
from tasks.sandbox.story import Ticket
from tasks.sandbox.vendors import salesforce, zoho_desk

NOW = midnight(TODAY)
NOT_CARRIED = {  # as in the vendor's page of the guide
    "intercom": {"merged", "pending", "on_hold"},
    "jira": {"merged", "teams"},
    "salesforce": set(),
    "front": {"merged", "pending", "on_hold"},
    "zoho_desk": {"merged"},
    "freshdesk": {"merged"},
}
TELLS_WORK = {"freshdesk", "front", "intercom", "jira", "salesforce", "zoho_desk"}
OWN_FIELDS = {  # of the fields that the sandbox chooses: what each ticket has, by name
    "freshdesk": lambda t: {
        "contact_reason": REASONS.get(reason_at(t, NOW)),
        "brand": str(67_000_001_000 + brand_of(t)),
        "tags": tags_of(t),
    },
    "intercom": lambda t: {
        "contact_reason": REASONS.get(reason_at(t, NOW)),
        "brand": BRANDS[brand_of(t)],
        "tags": [str(7_800_200 + TAGS.index(name)) for name in tags_of(t)],
    },
    "jira": lambda t: {
        "contact_reason": REASONS.get(reason_at(t, NOW), "").replace("::", " / "),
        "brand": BRANDS[brand_of(t)],
        "tags": tags_of(t),
        "form": FORMS.get(form_of(t)),
    },
    "front": lambda t: {
        "contact_reason": reason_at(t, NOW),
        "tags": [f"tag_{TAGS.index(name):x}" for name in tags_of(t)],
    },
    "salesforce": lambda t: {
        "contact_reason": reason_at(t, NOW),
        "brand": BRANDS[brand_of(t)],
        "form": salesforce.key("012", form_of(t)) if form_of(t) else salesforce.NO_RECORD_TYPE,
        "products": products_of(t),
    },
    "zoho_desk": lambda t: {
        "contact_reason": reason_at(t, NOW),
        "form": zoho_desk.key(zoho_desk.LAYOUT, form_of(t) or 0),
        "language": zoho_desk.LANGUAGES[language_of(t.requester)[:2]],
        "products": products_of(t),
    },
}
CHANGES = "select ticket_id, from_value, to_value from source.ticket_field_event"
TAGS = ("vip", "warranty", "returning", "app")
KEYS = {
    "front": lambda number: f"cnv_{number:x}",
    "salesforce": lambda number: salesforce.key("500", number),
    "zoho_desk": lambda number: zoho_desk.key(14, number),
}


def turns(fake: Desk, ticket: Ticket) -> Turns:
    """A case has one schedule, and other tickets have those of their teams."""
    if isinstance(fake, salesforce.Salesforce):
        return [(ticket.created_at, fake.hours(ticket))]
    return turns_of(ticket, fake.hours_of, fake.teams)


@pytest.mark.parametrize("vendor", sorted(NOT_CARRIED))
def test_the_same_tickets_have_the_same_measures(every_account: Bench, sandbox, world, vendor: str):
    desk = _DESKS[vendor][0]
    fake = desk(world, clock=NOW)
    with Served(fake) as served:
        account = next(a for a in every_account.accounts if a["connector"] == vendor)
        one = replace(every_account, accounts=({**account, "base_url": served.url},))
        outcome = one.run(NOW)
        assert outcome.state == "completed", outcome.message
    name_of = KEYS.get(vendor, str)
    names = [n for n in MEASURES if n not in NOT_CARRIED[vendor]]
    loaded = {
        r[0]: dict(zip(names, r[1:], strict=True))
        for r in one.fetch(
            f"select ticket_id, {', '.join(MEASURES[n] for n in names)} from core.fct_ticket"
        )
    }
    leads_away = vendor in {
        "front",
        "zoho_desk",
    }  # the losing ticket of a merge leads to the other one
    alive = {name_of(t.number): t for t in fake.alive() if not (leads_away and fake.is_merged(t))}
    assert set(loaded) == set(alive)
    assert len(alive) > 250
    wrong = {
        k: (loaded[k], t)
        for k, ticket in alive.items()
        if loaded[k] != (t := {n: truth(ticket, NOW, turns(fake, ticket))[n] for n in names})
    }
    assert wrong == {}
    if vendor in OWN_FIELDS:
        story = {key: OWN_FIELDS[vendor](t) for key, t in alive.items()}
        assert own_fields(one, f"{vendor}_acme") == {
            (key, name): as_text(value)
            for key, values in story.items()
            for name, value in values.items()
        }
        uses = uses_by_account(one.settings())[f"{vendor}_acme"]
        seen = {u.name for u in uses if u.name and u.record_type == "ticket" and u.filled}
        assert seen == {name for values in story.values() for name in values}
    if vendor == "intercom":  # whose parts say what an attribute was before
        assert Counter(one.fetch(CHANGES)) == Counter(
            (key, REASONS.get(c.before), REASONS[c.after])
            for key, t in alive.items()
            for c in reason_changes(t)
            if c.at <= NOW
        )
    worked = {
        key: t.minutes_worked * 60
        for key, t in alive.items()
        if vendor in TELLS_WORK
        and t.minutes_worked
        and t.value_at("assignee", NOW)
        and fake.solved_at(t)
    }
    assert (
        dict(
            one.fetch(
                "select ticket_id, handle_seconds from core.fct_ticket where handle_seconds is not"
                " null"
            )
        )
        == worked
    )


@pytest.mark.parametrize("vendor", ["front", "intercom", "zoho_desk"])
def test_targets_of_the_file_make_clocks_where_the_vendor_has_none(
    every_account: Bench, world, tmp_path, vendor: str
):
    (tmp_path / "targets.csv").write_text(
        "metric,target_minutes\nfirst_reply,240\nresolution,2880\n"
    )
    fake = _DESKS[vendor][0](world, clock=NOW)
    with Served(fake) as served:
        account = next(a for a in every_account.accounts if a["connector"] == vendor)
        plans = {
            "connector": "files",
            "name": "plans",
            "sla_targets": str(tmp_path / "targets.csv"),
        }
        one = replace(every_account, accounts=({**account, "base_url": served.url}, plans))
        outcome = one.run(NOW)
        assert outcome.state == "completed", outcome.message
    reported = {
        KEYS.get(vendor, str)(t.number): truth(t, NOW, turns(fake, t)) for t in fake.alive()
    }
    clocks = one.fetch(
        "select ticket_id, metric, state, elapsed_seconds_recorded from core.fct_sla_clock where"
        " source = 'computed' and not is_ended_without_reply"
    )
    assert {metric for _, metric, _, _ in clocks} == (
        {"first_reply"} if vendor == "zoho_desk" else {"first_reply", "resolution"}
    )  # Zoho reports the other one
    compared = {"achieved": 0, "breached": 0}
    for ticket, metric, state, elapsed in clocks:
        took = reported[ticket][
            "first_reply_business" if metric == "first_reply" else "full_resolution_business"
        ]
        if elapsed is not None and (
            metric == "first_reply" or reported[ticket]["reopens"] == 0
        ):  # the clock of a reopened ticket stood still while it was solved
            assert elapsed == took
            assert state == (
                "breached" if took > (240 if metric == "first_reply" else 2880) * 60 else "achieved"
            ), (ticket, metric)
            compared[state] += 1
    assert min(compared.values()) > 10


def landed_fields(bench: Bench) -> dict[str, dict[str, list[str]]]:
    """Values of each Zendesk ticket by the names of the settings, from its latest landed record."""
    names: dict[tuple[str, str], str] = {}
    latest: dict[int, dict] = {}
    reasons = set()
    for _, body in Landing(str(bench.folder / "landing")).bodies("zendesk_acme"):
        page = json.loads(body)
        for brand in page.get("brands", ()):
            names["brand", str(brand["id"])] = brand["name"]
        for field in page.get("ticket_fields", ()):
            if field["title"] == "Contact reason":
                reasons.add(field["id"])
                for option in field["custom_field_options"]:
                    names["contact_reason", option["value"]] = option["name"]
        for ticket in page.get("tickets", ()):
            known = latest.get(ticket["id"])
            if known is None or known["updated_at"] <= ticket["updated_at"]:
                latest[ticket["id"]] = ticket
    found = {}
    for number, ticket in latest.items():
        own = [field["value"] for field in ticket["custom_fields"] if field["id"] in reasons]
        values = {"brand": [ticket["brand_id"]], "contact_reason": own, "tags": ticket["tags"]}
        found[str(number)] = {
            name: [names.get((name, str(one)), str(one)) for one in listed if one] or ["none"]
            for name, listed in values.items()
        }
    return found


def check_fields(bench: Bench, page: str) -> None:
    """Fields that the settings choose are in every table, as an independent count has them."""
    landed = landed_fields(bench)
    metrics = bench.fetch(
        "select ticket_id, field_brand, field_contact_reason, field_tags, is_excluded from"
        " marts.ticket_metrics where account = 'zendesk_acme'"
    )
    assert len(metrics) > 100
    counts = {name: Counter[str]() for name in ("brand", "contact_reason", "tags")}
    for ticket, brand, reason, tags, is_excluded in metrics:
        values = landed[ticket]
        assert [brand or "none"] == values["brand"]
        assert [reason or "none"] == values["contact_reason"]
        assert (tags or "none") == ", ".join(sorted(values["tags"]))
        for name in counts if not is_excluded else ():
            counts[name].update(set(values[name]))
    sums: dict[str, dict[str, float]] = {name: {} for name in counts}
    for name, value, created in bench.fetch(
        "select slice, slice_value, sum(numerator) from marts.kpi_slice_daily where"
        " account = 'zendesk_acme' and kpi = 'tickets_created' and slice in"
        " ('brand', 'contact_reason', 'tags') group by slice, slice_value"
    ):
        sums[name][value] = created
    assert sums == counts
    assert all(f"By {name}, last 28 days" in page for name in ("brand", "contact reason", "tags"))


def has_messages(vendor: str) -> bool:
    """A vendor that was added to the tree may read tickets alone."""
    outputs = (output for stream in connector(vendor).streams for output in stream.outputs)
    return any(output.entity.name == "message" for output in outputs)


def test_one_run_reads_every_vendor_and_puts_them_side_by_side(every_account: Bench):
    outcome = every_account.run(NOW, report=True)
    assert outcome.state == "completed", outcome.message
    assert {r.account for r in outcome.streams} == {a["name"] for a in every_account.accounts}
    assert [alert for alert in outcome.alerts if alert[1] in {"unknown", "schedule"}] == []
    reported = {
        (account, kpi)
        for account, kpi in every_account.fetch(
            "select distinct account, kpi from marts.kpi_daily where denominator > 0 or numerator"
            " <> 0"
        )
    }
    desks = {"zendesk", "hubspot", "servicenow", *_DESKS}
    assert {
        (f"{desk}_acme", kpi)
        for desk in desks
        for kpi in ("tickets_created", "tickets_solved", "backlog")
    } <= reported
    writing = [desk for desk in desks if has_messages(desk)]
    assert {(f"{desk}_acme", "first_reply_time") for desk in writing} <= reported
    assert {
        (f"{name}_acme", "ces") for name in ("zendesk", "freshdesk", "intercom", "jira")
    } <= reported  # asked for by four survey tools
    page = outcome.published.page.read_text()
    assert all(
        f"<th>{desk}_acme</th>" in page or f'<th class="n">{desk}_acme</th>' in page
        for desk in desks
    )
    check_fields(every_account, page)
    # a plan is written for a team by its name, in however many accounts it works: their shares make
    # the whole
    shared = every_account.fetch(
        "select count(*), sum(s.planned_fte), max(p.fte) from marts.staffing_forecast as s join"
        " source.headcount_plan as p on p.team = s.team and p.month_on = date_trunc('month', s.day)"
        " where s.planned_fte is not null group by s.team, s.day"
    )
    assert max(accounts for accounts, _, _ in shared) > 1
    assert [parts for _, parts, _ in shared] == pytest.approx([whole for _, _, whole in shared])
    again = every_account.run(NOW)
    assert again.changed_rows == 0
