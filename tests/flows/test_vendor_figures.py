"""Figures that the fakes publish, computed from the story, against those of the warehouse."""

import json
from functools import partial

import pytest
from conftest import Bench
from tests_support import TODAY, midnight
from typer.testing import CliRunner

from flows.cli.app import app
from flows.pipeline.comparison import compare_figures
from flows.pipeline.notify import notify_stale
from flows.pipeline.quarantine import quarantined
from flows.pipeline.report import rewrite_report
from flows.pipeline.upkeep import complete_until, status
from tasks.errors import NoTablesError

NOW = midnight(TODAY)
PUBLISHED = {  # what a desk publishes itself, by measure and kind of time
    "freshdesk": {"first_reply calendar", "resolution calendar", "sla_first_reply none"},
    "hubspot": {
        "first_reply calendar",
        "first_reply business",
        "resolution calendar",
        "resolution business",
        "sla_resolution none",
    },
    "intercom": {
        "first_reply calendar",
        "first_reply business",
        "first_resolution calendar",
        "first_resolution business",
        "resolution calendar",
        "resolution business",
        "reopens none",
        "survey_score none",
    },
    "jira": {"sla_first_reply none", "sla_resolution none"},
    "salesforce": {"sla_first_reply none", "sla_resolution none"},
    "servicenow": {
        "resolution calendar",
        "resolution business",
        "reopens none",
        "sla none",
        "sla_first_reply none",
        "sla_resolution none",
    },
    "zendesk": {
        *(
            f"{measure} {calendar}"
            for calendar in ("calendar", "business")
            for measure in ("first_reply", "first_resolution", "resolution")
        ),
        *(
            f"{measure} {calendar}"
            for calendar in ("calendar", "business")
            for measure in ("requester_wait", "agent_wait", "on_hold")
        ),
        "reopens none",
        "replies none",
        "survey_score none",
        "sla_first_reply none",
        "sla_resolution none",
    },
}


@pytest.fixture
def desks(every_account: Bench) -> Bench:
    every_account.accounts = tuple(a for a in every_account.accounts if a["connector"] in PUBLISHED)
    return every_account


def test_every_published_figure_is_equal_or_explained(desks: Bench):
    """The sums and instants come from the story; nothing of ours is in them."""
    desks.run(NOW)
    rows = desks.fetch(
        "select connector, measure || ' ' || calendar, state, count(*) from"
        " marts.vendor_comparison group by all"
    )
    compared: dict[str, set[str]] = {}
    for desk, measure, _, _ in rows:
        compared.setdefault(desk, set()).add(measure)
    assert compared == PUBLISHED
    assert [row for row in rows if row[2] == "unexplained"] == []
    of_late = {
        (desk, verdict)
        for desk, verdict in desks.fetch(
            "select distinct connector, vendor_value from marts.vendor_comparison where unit ="
            " 'verdict'"
        )
    }
    assert {(desk, verdict) for desk in ("zendesk", "hubspot", "jira") for verdict in (0, 1)} <= (
        of_late
    )
    assert desks.fetch("select subject from ops.alert where kind = 'unexplained'") == []


def test_wrong_hours_raise_an_alert_and_a_line_of_the_report(desks: Bench):
    """HubSpot reports no hours: with wrong ones in the settings, business times differ."""
    desks.accounts = tuple(
        {**a, "hours": "24x7"} for a in desks.accounts if a["connector"] == "hubspot"
    )
    outcome = desks.run(NOW, report=True)
    unlike = {subject: words for subject, kind, words in outcome.alerts if kind == "unexplained"}
    assert set(unlike) == {
        "hubspot_acme/first_reply (business)",
        "hubspot_acme/resolution (business)",
    }
    words = unlike["hubspot_acme/resolution (business)"]
    assert "differ from the vendor's own" in words
    assert "support-etl compare" in words
    page = outcome.published.page.read_text()
    assert "Our figures and the vendors&#39; own" in page
    assert "first_reply (business)" in page
    assert desks.fetch("select count(*) from ops.alert where is_open and kind = 'unexplained'") == [
        (2,)
    ]


def command(bench: Bench, monkeypatch, *arguments: str):
    monkeypatch.setattr("flows.cli.compare.load", bench.settings)
    return CliRunner().invoke(app, ["compare", *arguments])


def test_the_command_lists_what_nothing_explains(desks: Bench, monkeypatch):
    desks.accounts = tuple(
        {**a, "hours": "24x7"} for a in desks.accounts if a["connector"] == "hubspot"
    )
    desks.run(NOW)
    shown = command(desks, monkeypatch, "--limit", "3")
    assert shown.exit_code == 3
    assert "first_reply (business)" in shown.output
    assert "more; --json prints all" in shown.output
    assert max(map(len, shown.output.splitlines())) <= 160
    listed = json.loads(command(desks, monkeypatch, "--json").output)
    assert {row["calendar"] for row in listed["unexplained"]} == {"business"}
    assert all(
        row["difference"] == row["our_value"] - row["vendor_value"] for row in listed["unexplained"]
    )
    short = command(desks, monkeypatch, "--days", "1", "--account", "hubspot_acme")
    assert len(short.output) < len(shown.output)


@pytest.mark.parametrize("kind", ["duckdb", "postgresql"])
def test_an_empty_warehouse_says_what_to_do(small_bench: Bench, tmp_path, request, kind: str):
    url = f"duckdb:///{tmp_path / 'empty.duckdb'}"
    if kind == "postgresql":
        url = request.getfixturevalue("postgres")()
    settings = small_bench.settings(warehouse={"url": url})
    assert status(settings, max_age_hours=26).lines == (
        ("last run", "none yet; call `support-etl run`"),
    )
    assert complete_until(settings) is None
    assert notify_stale(settings, None) == []
    for ask in (quarantined, rewrite_report, partial(compare_figures, accounts=(), days=7)):
        with pytest.raises(NoTablesError, match="call `support-etl run`"):
            ask(settings)
