"""Erase one person everywhere and verify it: warehouse, landing zone, reports, copies."""

from dataclasses import dataclass, field, replace

from flows.pipeline.context import (
    Reporter,
    RunContext,
    filled_warehouse,
    open_warehouse,
    running,
    silent,
)
from flows.pipeline.run import finish
from flows.pipeline.runner import Runner
from flows.pipeline.secrets import secret_lookup
from tasks import erase
from tasks.erase import ACCOUNT
from tasks.errors import ConfigurationError
from tasks.privacy.pages import Person
from tasks.privacy.persons import fingerprint
from tasks.settings import SecretLookup, Settings, secrets_of
from tasks.warehouse import runlog
from tasks.warehouse.persons import Trace


@dataclass(slots=True)
class Erasure:
    """What was cleared, and where something is left: nowhere if all went well.

    `elsewhere`: customers of other accounts (account, id) with the same address. They are erased by
    runs of their own.
    """

    account: str
    pseudonym: str
    cleared: list[Trace] = field(default_factory=list)
    left: list[Trace] = field(default_factory=list)
    elsewhere: list[tuple[str, str]] = field(default_factory=list)


def run_erasure(
    settings: Settings,
    runner: Runner,
    account: str,
    customer_id: str,
    *,
    dry_run: bool = False,
    lookup: SecretLookup | None = None,
    progress: Reporter = silent,
) -> Erasure:
    """Erase a customer of an account; may be repeated, also after an interruption.

    With `dry_run` it only looks. Raises ConfigurationError for an account or customer that does not
    exist, MissingSecretError without the key.
    """
    settings.chosen((account,))
    lookup = secret_lookup(settings, lookup)
    key = secrets_of(ACCOUNT, ("key",), lookup)["key"]
    mark = fingerprint(key, account, customer_id)
    with filled_warehouse(settings):
        pass
    with running(settings, runner, "erase", lookup=lookup, progress=progress) as (
        context,
        outcome,
    ):
        person, traces = _look(context, account, customer_id, key)
        with context.warehouse.session() as session:
            is_known = mark in runlog.erased(session, account)
            elsewhere = erase.same_address(session, person)
            # erasing a person makes no new numbers: the tables keep their instant
            built = runlog.reported_days(session)
            outcome.as_of = built.as_of if built else outcome.as_of
        if not traces and not is_known:
            raise ConfigurationError(f"nothing of customer {customer_id} of {account} is stored")
        erasure = Erasure(account, person.pseudonym, elsewhere=elsewhere)
        if dry_run:
            erasure.left = traces
            return erasure
        progress(
            f"{sum(trace.count for trace in traces):,} places; known addresses and names of the"
            f" person: {len(person.addresses) + len(person.names)}"
        )
        erasure.cleared = _clear(context, person, account, mark)
        finish(replace(context, as_of=outcome.as_of), outcome, ())
    erasure.left = _verify(settings, context, person)
    return erasure


def _look(
    context: RunContext, account: str, customer_id: str, key: str
) -> tuple[Person, list[Trace]]:
    """The person, and every place that holds something of them."""
    with context.warehouse.session() as session:
        person = erase.person_of(session, context.landing, account, customer_id, key)
        folder = context.settings.reports.folder
        return person, erase.remains(session, context.landing, folder, person)


def _clear(context: RunContext, person: Person, account: str, mark: str) -> list[Trace]:
    with context.warehouse.transaction() as session:
        cleared = list(erase.erase_rows(session, person))
        runlog.record_erasure(session, account, mark, person.pseudonym)
        erase.keep_marks(session, context.landing)
    files = erase.erase_files(context.settings.reports.folder, person)
    return [*cleared, files, erase.erase_pages(context.landing, person)]


def _verify(settings: Settings, context: RunContext, person: Person) -> list[Trace]:
    """Rewrite the warehouse file, then search everything for what is left."""
    with open_warehouse(settings) as warehouse:
        warehouse.compact()
        with warehouse.session() as session:
            return erase.remains(session, context.landing, settings.reports.folder, person)
