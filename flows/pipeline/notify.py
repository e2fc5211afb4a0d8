"""Notifications: how a run ended, that none could run, that the numbers are late.

A title and lines that a manager understands, details for the engineer.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial

from flows.pipeline.containment import explain_step
from flows.pipeline.context import RunContext, filled_warehouse
from flows.pipeline.outcome import Outcome
from flows.pipeline.runner import Work
from flows.pipeline.secrets import secret_lookup
from tasks.clock import now
from tasks.errors import NoTablesError
from tasks.notifications.content import Message
from tasks.notify import notify, undelivered
from tasks.settings import NotificationSettings, SecretLookup, Settings, redact
from tasks.warehouse import runlog

_MOST_STREAMS = 5
_STEP_WORDS = {  # for the title, and what a reader of the tables must know
    "build": ("tables not rebuilt", "The tables could not be rebuilt and are as before"),
    "check": ("tables not rebuilt", "The tables could not be checked and are as before"),
    "forecast": ("no new forecast", "Forecast and staffing plan are as before"),
    "plan": ("no new staffing plan", "The staffing plan is as before"),
    "budget": ("no new budget", "The budget is as before"),
    "watch": ("no look for silent failures", "Nothing looked for silent failures"),
    "publish": ("no new report", "The tables are built, but there is no new report"),
}


def notify_run(context: RunContext, outcome: Outcome) -> list[str]:
    """Send what is due about a run; give what could not be delivered, in words. Never raises."""
    try:
        message = _message(context, outcome)
        send = partial(
            notify,
            context.settings.notifications,
            context.warehouse,
            message,
            lookup=context.lookup,
        )
        return undelivered(context.runner.run(Work("notify", "", send)))
    except Exception as error:
        return [f"nobody was told how the run ended: {explain_step(context, 'notify', error)}"]


def notify_failure(
    settings: NotificationSettings, error: Exception, *, lookup: SecretLookup | None = None
) -> list[str]:
    """Report that the job ended before any number was new; give what could not be delivered."""
    message = Message(
        "Support numbers could not be made",
        False,
        ("The job ended before any number was new; the tables are as they were.",),
        (redact(f"{type(error).__name__}: {error}"),),
        _links(settings),
        "none",
    )
    return undelivered(notify(settings, None, message, lookup=lookup))


def notify_stale(
    settings: Settings, until: datetime | None, *, lookup: SecretLookup | None = None
) -> list[str]:
    """Report that no run has brought complete numbers; give what could not be delivered."""
    newest = (
        f"The newest complete numbers are of {until:%Y-%m-%d %H:%M} UTC."
        if until
        else "There have never been complete numbers."
    )
    message = Message(
        "Support numbers are late",
        False,
        (newest, "Either the job does not run, or something has been missing in each run since."),
        (
            "support-etl status says how the last run ended",
            "no run at all: look at the schedule, the work pool and its workers",
        ),
        _links(settings.notifications),
        f"watch-{now():%Y%m%d-%H%M%S}",
    )
    lookup = secret_lookup(settings, lookup)
    send = partial(notify, settings.notifications, message=message, lookup=lookup)
    try:
        with filled_warehouse(settings) as warehouse:
            with warehouse.session() as session:
                runlog.last_run(session)
            return undelivered(send(warehouse))
    except NoTablesError:  # before the first run nothing remembers what was sent
        return undelivered(send(None))


def _message(context: RunContext, outcome: Outcome) -> Message:
    with context.warehouse.session() as session:
        read_at = runlog.last_loads(session)
        waiting = runlog.open_quarantine_count(session)
    problems = list(_problems(outcome, read_at))
    lines = problems or [f"All {len(outcome.streams)} streams were read and the tables add up."]
    if waiting:
        set_aside = f"{waiting:,} rows are set aside and in no figure."
        lines = [*problems, set_aside]
    ending = ", ".join(_short(outcome)) if problems else "complete"
    return Message(
        f"Support numbers of {outcome.as_of:%Y-%m-%d}: {ending}",
        not problems,
        tuple(lines),
        tuple(_details(outcome)),
        _links(context.settings.notifications),
        outcome.run_id,
    )


def _problems(outcome: Outcome, read_at: Mapping[tuple[str, str], datetime]) -> Iterator[str]:
    """A line for each account that failed, each identity, each alert, each step that failed."""
    for account in sorted({result.account for result in outcome.failures}):
        streams = [result.stream for result in outcome.failures if result.account == account]
        yield _account_line(account, streams, read_at)
    yield from outcome.unequal
    for subject, _, words in outcome.alerts:
        yield f"{subject}: {words}"
    for failure in outcome.step_failures:
        _, consequence = _STEP_WORDS[failure.step]
        reason = f"{failure.subject}: {failure.message}" if failure.subject else failure.message
        yield f"{consequence}: {reason}"


def _account_line(
    account: str, streams: list[str], read_at: Mapping[tuple[str, str], datetime]
) -> str:
    """What of an account is missing, and since when."""
    since = [read_at[account, stream] for stream in streams if (account, stream) in read_at]
    state = (
        f"its numbers are as of {min(since):%Y-%m-%d %H:%M} UTC"
        if since
        else "nothing of it has been read yet"
    )
    more = " and more" if len(streams) > _MOST_STREAMS else ""
    listed = f"{', '.join(streams[:_MOST_STREAMS])}{more}"
    return f"{account} could not be read ({listed}); {state}."


def _short(outcome: Outcome) -> Iterator[str]:
    """The problems in a few words, for the title."""
    accounts = len({result.account for result in outcome.failures})
    if accounts:
        yield f"{accounts} source{_plural(accounts)} not up to date"
    if outcome.unequal:
        yield "numbers do not add up"
    if outcome.alerts:
        yield f"{len(outcome.alerts)} thing{_plural(len(outcome.alerts))} to look at"
    yield from dict.fromkeys(_STEP_WORDS[failure.step][0] for failure in outcome.step_failures)


def _plural(count: int) -> str:
    return "s" if count > 1 else ""


def _details(outcome: Outcome) -> Iterator[str]:
    for result in outcome.failures:
        yield f"{result.name}: {result.message}"
    if outcome.failures:
        yield (
            "support-etl doctor tests every credential; support-etl run goes on from where it was"
        )


def _links(settings: NotificationSettings) -> tuple[tuple[str, str], ...]:
    """Labels and addresses that the settings give."""
    links = (
        ("Open the report", settings.report_link),
        ("For the engineer", settings.engineer_link),
    )
    return tuple((label, address) for label, address in links if address)
