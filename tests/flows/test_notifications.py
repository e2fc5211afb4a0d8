"""Notifications to fakes of Slack, Teams and e-mail: content, repeats and outages."""

import email
import email.policy
import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from conftest import Bench
from tests_support import TODAY, free_port, midnight

from flows.pipeline.notify import notify_failure, notify_stale
from flows.pipeline.upkeep import complete_until
from tasks.errors import StorageError
from tasks.notifications import mail, slack, teams
from tasks.notifications.content import Message
from tasks.notify import notify
from tasks.sandbox.fake import InjectedFault, Response, Served
from tasks.sandbox.vendors.slack import SlackWebhook
from tasks.sandbox.vendors.teams import TeamsWorkflow
from tasks.settings import load

NASTY = (
    "<!channel> *bold* [click](http://evil.example) <script>alert(1)</script> @everyone &"
    " \x1b[31m\r\nBcc: x@evil.example " + "x" * 5000
)


class Postbox:
    """What an SMTP server was given."""

    def __init__(self) -> None:
        self.letters: list[str] = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.letters.append(envelope.content.decode())
        return "250 OK"


@pytest.fixture
def sinks(stack: ExitStack, monkeypatch):
    """Slack, Teams and a mail server; the settings that use them."""
    hook, flow, box = SlackWebhook(), TeamsWorkflow(), Postbox()
    stack.enter_context(Served(hook))
    stack.enter_context(Served(flow))
    port = free_port()
    server = Controller(
        box,
        hostname="127.0.0.1",
        port=port,
        auth_require_tls=False,
        authenticator=lambda server, session, envelope, mechanism, data: AuthResult(
            success=data.password == b"smtp-demo-password", handled=False
        ),
    )
    server.start()
    stack.callback(server.stop)
    monkeypatch.setenv("SUPPORT_ETL_SECRET_NOTIFICATIONS_SLACK_URL", hook.base_url + hook.path)
    monkeypatch.setenv("SUPPORT_ETL_SECRET_NOTIFICATIONS_TEAMS_URL", flow.address)
    monkeypatch.setenv("SUPPORT_ETL_SECRET_NOTIFICATIONS_SMTP_PASSWORD", "smtp-demo-password")
    given = {
        "slack": True,
        "teams": True,
        "email_to": ["lead@acme.example"],
        "email_from": "support-etl@acme.example",
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_security": "none",
        "smtp_user": "etl",
        "report_link": "https://files.acme.example/latest.html",
    }
    return hook, flow, box, given


def test_failure_and_recovery_are_each_notified_once(small_bench: Bench, small_sandbox, sinks):
    hook, flow, box, given = sinks
    small_bench.accounts = tuple(
        a for a in small_bench.accounts if a["connector"] == "surveymonkey"
    )
    bench = replace(small_bench, extra={"notifications": given})
    bench.run(midnight(TODAY), report=True)
    assert (hook.messages, flow.cards, box.letters) == (
        [],
        [],
        [],
    ), "all is well and was before: no notification"
    small_sandbox.fakes["surveymonkey"].faults = [InjectedFault("unauthorized", "", times=1000)]
    for _ in range(2):
        assert bench.run(midnight(TODAY), report=True).undelivered == []
    assert [len(x) for x in (hook.messages, flow.cards, box.letters)] == [
        1,
        1,
        1,
    ], "the same failure is notified once"
    reported = json.dumps(hook.messages[0])
    assert "1 source not up to date" in reported
    assert "surveymonkey_acme could not be read (responses); its numbers are as of" in reported
    assert "CredentialsError" in reported
    assert "https://files.acme.example/latest.html" in reported
    assert "surveymonkey\\_acme could not be read" in flow.cards[0]["body"][1]["text"]
    assert "Subject: Support numbers of 2026-11-01: 1 source not up to date" in box.letters[0]
    small_sandbox.fakes["surveymonkey"].faults = []
    bench.run(midnight(TODAY), report=True)
    assert [m["text"] for m in hook.messages[1:]] == ["Support numbers of 2026-11-01: complete"]
    assert bench.fetch(
        "select channel, state, count(*) from ops.notification group by channel, state order by 1"
    ) == [("email", "delivered", 2), ("slack", "delivered", 2), ("teams", "delivered", 2)]


def test_late_figures_are_notified_once_across_runs(small_bench: Bench, small_sandbox, sinks):
    hook, _, _, _given = sinks
    small_bench.accounts = tuple(
        a for a in small_bench.accounts if a["connector"] == "surveymonkey"
    )
    bench = replace(small_bench, extra={"notifications": {"slack": True}})
    bench.run(midnight(TODAY), report=True)
    assert complete_until(bench.settings()) == midnight(TODAY)
    small_sandbox.fakes["surveymonkey"].faults = [InjectedFault("unauthorized", "", times=1000)]
    for _ in range(2):  # a late day: the hourly run fails, the watch notices, both each hour
        bench.run(midnight(TODAY), report=True)
        assert notify_stale(bench.settings(), complete_until(bench.settings())) == []
    assert [m["text"] for m in hook.messages] == [
        "Support numbers of 2026-11-01: 1 source not up to date",
        "Support numbers are late",
    ]
    assert "The newest complete numbers are of 2026-11-01 00:00 UTC" in json.dumps(hook.messages[1])
    small_sandbox.fakes["surveymonkey"].faults = []
    bench.run(midnight(TODAY), report=True)
    assert notify_stale(bench.settings(), None) == []
    assert [m["text"] for m in hook.messages[2:]] == [
        "Support numbers of 2026-11-01: complete",
        "Support numbers are late",
    ]


def test_an_unavailable_channel_stops_nothing_and_is_notified_later(
    small_bench: Bench, small_sandbox, sinks
):
    hook, flow, box, given = sinks
    small_bench.accounts = tuple(
        a for a in small_bench.accounts if a["connector"] == "surveymonkey"
    )
    bench = replace(small_bench, extra={"notifications": {**given, "when": "always"}})
    hook.faults = [InjectedFault("error", "", times=1)]
    flow.faults = [InjectedFault("throttle", "", times=1)]
    outcome = bench.run(midnight(TODAY), report=True)
    assert outcome.state == "completed"
    assert len(box.letters) == 1
    assert [w.split(":")[0] for w in outcome.undelivered] == [
        "not delivered by slack (failed)",
        "not delivered by teams (failed)",
    ]
    assert bench.run(midnight(TODAY), report=True).undelivered == []
    assert [len(x) for x in (hook.messages, flow.cards, box.letters)] == [1, 1, 2]


def test_a_report_that_cannot_be_written_keeps_the_tables_and_is_notified(
    small_bench: Bench, sinks, tmp_path: Path
):
    hook, _, _, _given = sinks
    small_bench.accounts = tuple(
        a for a in small_bench.accounts if a["connector"] == "surveymonkey"
    )
    (tmp_path / "flat").write_text("a file where a folder should be")
    broken = replace(
        small_bench,
        extra={
            "notifications": {"slack": True},
            "reports": {"folder": str(tmp_path / "flat" / "reports")},
        },
    )
    outcome = broken.run(midnight(TODAY), report=True)
    assert (outcome.state, outcome.published) == ("partly", None)
    assert "no report: report" in outcome.message
    assert "check reports.folder" in outcome.message
    assert [m["text"] for m in hook.messages] == ["Support numbers of 2026-11-01: no new report"]
    assert "The tables are built, but there is no new report" in json.dumps(hook.messages[0])
    assert complete_until(broken.settings()) == midnight(TODAY), "the tables are complete"
    mended = replace(small_bench, extra={"notifications": {"slack": True}})
    assert mended.run(midnight(TODAY), report=True).state == "completed"
    assert [m["text"] for m in hook.messages[1:]] == ["Support numbers of 2026-11-01: complete"]


def test_a_lost_response_causes_no_second_message(small_bench: Bench, sinks):
    hook, _, _, _given = sinks
    hook.faults = [InjectedFault("drop", "", times=1)]
    settings = load(notifications={"slack": True}).notifications
    small_bench.read(midnight(TODAY))
    from tasks.warehouse.engine import Warehouse

    warehouse = Warehouse(small_bench.url)
    message = Message("t", False, ("broken",), run_id="r1")
    assert [d.state for d in notify(settings, warehouse, message)] == ["unknown"]
    assert notify(settings, warehouse, replace(message, run_id="r2")) == []
    assert [
        d.state
        for d in notify(
            settings, warehouse, replace(message, lines=("something else",), run_id="r3")
        )
    ] == ["delivered"]
    warehouse.dispose()


def test_nothing_in_a_value_becomes_a_mention_a_link_or_a_header(sinks):
    hook, flow, box, given = sinks
    message = Message(
        f"Trouble {NASTY}",
        False,
        tuple([NASTY] * 30),
        tuple([NASTY] * 30),
        (("Open", "https://a.example/x"),),
        "r",
    )
    assert [d.state for d in notify(load(notifications=given).notifications, None, message)] == [
        "delivered"
    ] * 3
    reported = json.dumps(hook.messages)
    assert "<!channel>" not in hook.messages[0]["text"]
    assert all(
        block.get("text", {}).get("type", "plain_text") == "plain_text"
        for block in hook.messages[0]["blocks"]
    )
    assert len(reported) < 10_000
    assert all("](" not in block["text"].replace("\\]\\(", "") for block in flow.cards[0]["body"])
    assert len(json.dumps(flow.cards[0])) < 20_000
    letter = email.message_from_string(box.letters[0], policy=email.policy.default)
    assert letter["Bcc"] is None
    assert letter["Subject"].startswith("Trouble <!channel>")
    assert "<script>" not in letter.get_body(("html",)).get_content()
    assert "and 2" in reported, "shortened lists give the number of the rest"


def test_wrong_addresses_and_passwords_are_reported_but_not_shown(sinks, monkeypatch):
    hook, flow, _box, given = sinks
    message = Message("t", False, ("l",), run_id="r")
    monkeypatch.setenv(
        "SUPPORT_ETL_SECRET_NOTIFICATIONS_SLACK_URL",
        hook.base_url + "/services/withdrawn-secret-path",
    )
    monkeypatch.setenv(
        "SUPPORT_ETL_SECRET_NOTIFICATIONS_TEAMS_URL",
        flow.base_url + "/workflows?sig=wrong-secret-sig",
    )
    monkeypatch.setenv("SUPPORT_ETL_SECRET_NOTIFICATIONS_SMTP_PASSWORD", "wrong-secret-password")
    result = {d.channel: d for d in notify(load(notifications=given).notifications, None, message)}
    assert {d.state for d in result.values()} == {"failed"}
    assert "refuses with 404 no_service" in result["slack"].description
    assert "refuses the login" in result["email"].description
    assert not any("secret" in d.description for d in result.values() if d.channel != "email")
    assert not any(
        "wrong-secret" in d.description or "withdrawn" in d.description for d in result.values()
    )


def test_a_webhook_that_repeats_its_path_gives_no_secret_away(sinks, monkeypatch):
    """The path alone was printed by the run and stored in the warehouse."""
    hook, _, _, given = sinks
    path = "/services/T01234567/B01234567/aBcD1234eFgH5678"
    monkeypatch.setenv("SUPPORT_ETL_SECRET_NOTIFICATIONS_SLACK_URL", hook.base_url + path)
    answer = f'{{"error": "no hook at {path}", "hook": "aBcD1234eFgH5678"}}'.encode()
    monkeypatch.setattr(hook, "answer", lambda asked: Response(answer, 404))
    settings = load(notifications={**given, "teams": False, "email_to": ()}).notifications
    (delivery,) = notify(settings, None, Message("t", False, ("l",), run_id="r"))
    assert "refuses with 404" in delivery.description
    assert "aBcD1234" not in delivery.description
    assert "B01234567" not in delivery.description


def test_an_error_in_one_channel_leaves_the_others(sinks, monkeypatch):
    hook, _flow, box, given = sinks

    def breaks(*given):
        raise RuntimeError("not foreseen by anybody")

    monkeypatch.setattr("tasks.notifications.teams.payload", breaks)
    deliveries = notify(
        load(notifications=given).notifications, None, Message("t", False, ("l",), run_id="r")
    )
    states = {d.channel: d.state for d in deliveries}
    assert states == {"slack": "delivered", "teams": "failed", "email": "delivered"}
    assert len(hook.messages) == len(box.letters) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"smtp_host": ""}, "set notifications.smtp_host"),
        ({"smtp_host": "127.0.0.1", "smtp_port": 9}, "cannot be reached"),
        (
            {"smtp_host": "mail.acme.example", "smtp_security": "none"},
            "not sent over an open connection",
        ),
        ({"smtp_security": "starttls"}, "refuses the message"),
    ],
)
def test_a_mail_server_that_does_not_do_is_named(changes, words, sinks):
    settings = load(
        notifications={**sinks[3], "slack": False, "teams": False, **changes}
    ).notifications
    (delivery,) = notify(settings, None, Message("t", True, ("l",)))
    assert delivery.state == "failed"
    assert words in delivery.description


def test_a_webhook_is_https_and_its_redirect_is_not_followed(sinks, monkeypatch):
    hook, flow, _box, _given = sinks
    settings = load(notifications={"slack": True}).notifications
    monkeypatch.setenv(
        "SUPPORT_ETL_SECRET_NOTIFICATIONS_SLACK_URL", "http://hooks.slack.example/services/x"
    )
    (delivery,) = notify(settings, None, Message("t", True, ("l",)))
    assert "must begin with https://" in delivery.description
    monkeypatch.setenv("SUPPORT_ETL_SECRET_NOTIFICATIONS_SLACK_URL", hook.base_url + hook.path)
    hook.faults = [InjectedFault("redirect", "", headers={"location": flow.address})]
    (delivery,) = notify(settings, None, Message("t", True, ("l",)))
    assert delivery.state == "failed"
    assert flow.asked == []


def test_a_job_that_cannot_start_is_notified(sinks):
    hook, _, _, given = sinks
    assert (
        notify_failure(
            load(notifications=given).notifications, StorageError("warehouse x cannot be opened")
        )
        == []
    )
    assert "warehouse x cannot be opened" in json.dumps(hook.messages[0])


def test_a_message_of_one_line_fits_every_channel():
    message = Message("All well", True, ("a line",), run_id="r")
    assert slack.payload(message)["text"] == "All well"
    assert teams.payload(message)["attachments"][0]["content"]["body"][0]["color"] == "Good"
    assert mail.letter(message, "a@b.example", ("c@d.example",))["To"] == "c@d.example"
