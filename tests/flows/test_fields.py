"""The account's own fields from the vendor to `source`, against the sandbox's own story."""

import json
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import Bench, begin_prepared, new_warehouse
from tests_support import TODAY, midnight
from typer.testing import CliRunner

from flows.cli.app import app
from flows.pipeline.context import running
from flows.pipeline.ingest import replay_stream, streams_now
from flows.pipeline.own_fields import uses_by_account
from flows.pipeline.runner import ThreadRunner
from tasks.extract import streams_of
from tasks.field_use import proposed_lines
from tasks.fields import defines_fields, record_choices
from tasks.sandbox.company import Sandbox, open_sandbox
from tasks.sandbox.fake import Request, Response
from tasks.sandbox.own_fields import (
    BRANDS,
    REASONS,
    bought_on,
    brand_of,
    form_of,
    is_member,
    is_under_warranty,
    language_of,
    order_number_of,
    order_value_of,
    plan_of,
    products_of,
    reason_at,
    reason_changes,
    seats_of,
    tags_of,
)
from tasks.sandbox.world import World
from tasks.settings import AccountSettings, Settings, load
from tasks.watch import watch

NOW = midnight(TODAY)
SEEN = NOW - timedelta(seconds=60)  # Zendesk leaves out the newest minute
WORLD = World(seed=5, first=date(2026, 9, 27), last=TODAY - timedelta(days=1), daily=3.0)
REASON = 360_012_345_678
TICKET_FIELDS = {
    "reason": "contact REASON",  # by label, whatever the case of its letters
    "order_number": str(REASON + 1),
    "order_value": "Order value",
    "bought_on": "Bought on",
    "warranty": "Under warranty",
    "products": "Products",
    "tags": "tags",
    "brand": "brand",
    "form": "form",
}
FIELDS: Mapping[str, Any] = {
    **TICKET_FIELDS,
    "plan": {"field": "Plan", "of": "organization"},
    "seats": {"field": "seats", "of": "organization"},
    "language": {"field": "language", "of": "customer"},
    "member": {"field": "member", "of": "customer"},
    "gone": "Contact raeson",
}
OF_FIELDS = {
    "source.ticket_field",
    "source.ticket_field_event",
    "source.customer_field",
    "source.organization_field",
}


class Read(NamedTuple):
    """The small organisation, read once with its fields and once without."""

    sandbox: Sandbox
    chosen: Bench
    plain: Bench


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    folder = tmp_path_factory.mktemp("fields")
    with (
        pytest.MonkeyPatch.context() as environment,
        open_sandbox(folder / "plans", today=TODAY, world=WORLD) as sandbox,
    ):
        for name, value in sandbox.secrets.items():
            environment.setenv(name, value)
        account = next(a for a in sandbox.accounts if a["connector"] == "zendesk")
        chosen, plain = (
            _bench(folder / name, {**account, "fields": fields})
            for name, fields in (("chosen", FIELDS), ("plain", {}))
        )
        for bench in (chosen, plain):
            assert bench.read(NOW).state == "completed"
        yield Read(sandbox, chosen, plain)


def _bench(folder: Path, account: Mapping[str, Any]) -> Bench:
    folder.mkdir(exist_ok=True)
    return Bench(folder, f"duckdb:///{folder / 'warehouse.duckdb'}", (account,))


def _as_text(value: Any) -> str | None:
    """A value as the contract of the tables says."""
    if isinstance(value, list):
        return json.dumps(value, separators=(",", ":")) if value else None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None else str(value)


def test_chosen_fields_equal_the_story_of_each_ticket(both: Read):
    alive = [
        t
        for t in WORLD.of_desk("zendesk")
        if t.known_at(SEEN) and not (t.deleted_at and t.deleted_at <= SEEN)
    ]
    expected = {}
    for ticket in alive:
        merged = ["closed_by_merge"] if ticket.merged_at and ticket.merged_at <= NOW else []
        form = form_of(ticket)
        story = {
            str(REASON): reason_at(ticket, NOW),
            str(REASON + 1): order_number_of(ticket),
            str(REASON + 2): order_value_of(ticket),
            str(REASON + 3): bought_on(ticket),
            str(REASON + 4): is_under_warranty(ticket),
            str(REASON + 5): products_of(ticket),
            "tags": ["alder", *tags_of(ticket), *merged],
            "brand": 360_000_358_000 + brand_of(ticket),
            "form": 360_000_084_000 + form if form else None,
        }
        expected |= {(str(ticket.number), key): _as_text(value) for key, value in story.items()}
    found = both.chosen.fetch("select ticket_id, field_id, value from source.ticket_field")
    assert {(ticket, field): value for ticket, field, value in found} == expected


def test_the_history_of_a_field_is_that_of_the_story(both: Read):
    story = {
        (str(ticket.number), change.before, change.after, change.at)
        for ticket in WORLD.of_desk("zendesk")
        if ticket.known_at(SEEN)
        for change in reason_changes(ticket)
        if change.at <= SEEN
    }
    found = both.chosen.fetch(
        "select ticket_id, from_value, to_value, changed_at, field_id"
        " from source.ticket_field_event"
    )
    assert {row[:4] for row in found} == story
    assert {row[4] for row in found} == {str(REASON)}


def test_fields_of_organizations_and_customers_are_theirs(both: Read):
    companies = both.chosen.fetch(
        "select cast(organization_id as bigint) - 30000000, field_id, value"
        " from source.organization_field"
    )
    assert {(number, field): value for number, field, value in companies} == {
        key: value
        for one in WORLD.companies
        for key, value in (
            ((one.number, "plan"), plan_of(one)),
            ((one.number, "seats"), str(seats_of(one))),
        )
    }
    people = both.chosen.fetch(
        "select cast(customer_id as bigint) - 20000000, field_id, value from source.customer_field"
    )
    assert {(number, field): value for number, field, value in people} == {
        key: value
        for one in WORLD.people
        for key, value in (
            ((one.number, "language"), language_of(one)),
            ((one.number, "member"), str(is_member(one)).lower()),
        )
    }


def test_the_same_tickets_without_fields_give_the_same_other_tables(both: Read):
    chosen, plain = both.chosen.tables("source"), both.plain.tables("source")
    assert {name for name in plain if chosen[name] != plain[name]} == OF_FIELDS
    assert all(plain[name] == [] for name in OF_FIELDS)


def test_a_deleted_field_keeps_its_values_and_a_renamed_option_has_its_new_name(
    both: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.copytree(both.chosen.folder, tmp_path, dirs_exist_ok=True)
    later = Bench(tmp_path, f"duckdb:///{tmp_path / 'warehouse.duckdb'}", both.chosen.accounts)
    fake = both.sandbox.fakes["zendesk"]
    as_before = fake.answer

    def changed(asked: Request) -> Response:
        """Without the field "Order value" in the list, and another name for a reason."""
        answer = as_before(asked)
        if asked.path.endswith("/ticket_fields.json"):
            rows = [one for one in answer.content["ticket_fields"] if one["id"] != REASON + 2]
            renamed = json.loads(json.dumps(rows).replace('"Delivery"', '"Shipping"'))
            answer.content["ticket_fields"] = renamed
        return answer

    values = "select * exclude (received_at) from source.ticket_field order by all"
    before = later.fetch(values)
    monkeypatch.setattr(fake, "answer", changed)
    assert later.read(NOW).state == "completed"
    assert later.fetch(values) == before
    active = later.fetch("select is_active from source.field where label = 'Order value'")
    names = later.fetch("select label from source.field_option where value = 'delivery'")
    assert (active, names) == ([(False,)], [("Shipping",)])
    alerts = alerts_of(later, later.settings(), "later")
    assert "switched it off or deleted it; its values stay" in alerts["order_value"]


def alerts_of(bench: Bench, settings: Settings, run_id: str) -> dict[str, str]:
    """What a run with these settings says of the fields, by the name of the field."""
    warehouse = new_warehouse(bench.url)
    with warehouse.transaction() as session:
        record_choices(session, settings.accounts, run_id)
    found = watch(warehouse, settings, NOW)
    warehouse.dispose()
    return {on.rpartition(" ")[2]: words for on, kind, words in found if kind == "field"}


def test_a_name_that_means_no_field_alerts_with_what_to_write(both: Read):
    alerts = alerts_of(both.chosen, both.chosen.settings(), "first")
    assert set(alerts) == {"gone"} | set(FIELDS)  # no run of that name is in the books
    assert f"did you mean Contact reason ({REASON})?" in alerts["gone"]


def test_a_field_that_is_chosen_later_alerts_until_its_past_is_filled(both: Read):
    later = both.plain.settings(accounts=both.chosen.accounts)
    first = alerts_of(both.plain, later, "later")
    assert "`support-etl replay` fills the past" in first["reason"]
    with running(later, ThreadRunner(1), "replay", NOW) as (context, _):
        run_id = context.run_id
    assert set(alerts_of(both.plain, later, run_id)) == {"gone"}


def test_the_command_lists_fields_with_their_use_and_proposes_settings(
    both: Read,
):
    account = {**both.chosen.accounts[0], "fields": {"reason": "Contact reason"}}
    (uses,) = uses_by_account(both.plain.settings(accounts=(account,))).values()
    found = {(use.record_type, use.field_id): use for use in uses}
    reason = found["ticket", str(REASON)]
    alive = both.plain.fetch("select count(*) from source.ticket")[0][0]
    assert (reason.name, reason.kind, reason.records) == ("reason", "one", alive)
    assert set(dict(reason.most_frequent)) <= set(REASONS.values())
    assert found["ticket", "brand"].values.keys() == set(BRANDS.values())
    number = found["ticket", str(REASON + 1)]
    assert (number.kind, number.values) == ("text", {})
    assert 0 < number.filled < number.records
    lines = proposed_lines(uses)
    assert f'products = "{REASON + 5}"' in lines
    assert 'plan = { field = "plan", of = "organization" }' in lines
    assert not [line for line in lines if "reason" in line or "order" in line]
    chosen = "\n".join(line for line in lines if not line.startswith("tags_"))
    written = tomllib.loads(f"[fields]\n{chosen}")
    assert account_settings({**account, **written}).fields["plan"].of == "organization"


def test_the_command_prints_one_table_an_account_and_json(
    both: Read, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    path = tmp_path / "support_etl.toml"
    path.write_text(
        f'warehouse = {{ url = "{both.plain.url}" }}\n'
        f'landing = {{ url = "{both.plain.folder / "landing"}" }}\n'
        '[[accounts]]\nconnector = "zendesk"\nname = "zendesk_acme"\nsubdomain = "x"\n'
        '[accounts.fields]\nreason = "Contact reason"\n'
    )
    monkeypatch.setenv("SUPPORT_ETL_CONFIG", str(path))
    shown = CliRunner().invoke(app, ["fields", "zendesk_acme"])
    assert shown.exit_code == 0, shown.output
    assert "zendesk_acme: fields" in shown.output
    assert f'products = "{REASON + 5}"' in shown.output
    assert "AF-" not in shown.output  # order numbers are free texts
    listed = json.loads(CliRunner().invoke(app, ["fields", "--json"]).stdout)
    (reason,) = [one for one in listed if one["field_id"] == str(REASON)]
    assert (reason["name"], reason["filled"] > 0) == ("reason", True)
    refused = CliRunner().invoke(app, ["fields", "zendesk_main"])
    assert "no account zendesk_main" in f"{refused.output}{refused.exception}"


def account_settings(given: Mapping[str, Any]) -> AccountSettings:
    return load(accounts=[given]).accounts[0]


def test_a_field_that_is_chosen_later_is_filled_is_filled_for_the_past_from_the_landed_pages(
    both: Read, tmp_path: Path
):
    """Into a new warehouse, which the landed pages alone fill; no vendor is asked."""
    later = Bench(tmp_path, f"duckdb:///{tmp_path / 'warehouse.duckdb'}", both.chosen.accounts)
    landing = {"url": str(both.plain.folder / "landing")}
    settings = later.settings(landing=landing)
    begin_prepared(later.url)
    asked = sum(len(fake.asked) for fake in both.sandbox.fakes.values())
    with running(settings, ThreadRunner(1), "replay", NOW) as (context, _):
        account = settings.accounts[0]
        for stream in filter(defines_fields, streams_of(account)):
            assert not replay_stream(context, account, stream).failure
        for stream in streams_now(context, account):
            assert not replay_stream(context, account, stream).failure
    assert sum(len(fake.asked) for fake in both.sandbox.fakes.values()) == asked
    assert later.tables("source") == both.chosen.tables("source")
