"""One person erased everywhere: warehouse, quarantine, landing zone, reports, the readers' copy;
and the proof.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from flows.job import finish, running
from flows.runner import Runner
from tasks import erase
from tasks.erase import ACCOUNT, Trace
from tasks.errors import ConfigurationError
from tasks.privacy.persons import fingerprint
from tasks.settings import SecretLookup, Settings, secrets_of
from tasks.warehouse import runlog
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.session import Session


@dataclass(slots=True)
class Erasure:
    """What was found and cleared, and where something is left: nowhere, if all went well.

    `elsewhere`: customers of other accounts (account, id) with the same address, who are to be
    erased on their own.
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
    progress: Callable[[str], None] = lambda text: None,
) -> Erasure:
    """Erase a customer of an account.

    May be run again, also after it was interrupted. With `dry_run` only looks.

    Raises ConfigurationError for an account or customer that is not there, MissingSecretError
    without the key.
    """
    settings.chosen((account,))
    key = secrets_of(ACCOUNT, ("key",), lookup)["key"]
    with running(settings, "erase", None, lookup) as (context, outcome):
        warehouse, landing = context.warehouse, context.landing
        with warehouse.session() as session:
            person = erase.person_of(session, landing, account, customer_id, key)
            found = erase.remains(session, landing, settings.reports.folder, person)
            known = fingerprint(key, account, customer_id) in runlog.erased(session, account)
            outcome.as_of = _as_of(session) or outcome.as_of
        if not found and not known:
            raise ConfigurationError(f"nothing of customer {customer_id} of {account} is stored")
        made = Erasure(account, person.pseudonym)
        with warehouse.session() as session:
            made.elsewhere = erase.same_address(session, person)
        if dry_run:
            made.left = found
            return made
        progress(
            f"{sum(t.count for t in found):,} places; addresses and names known of the person:"
            f" {len(person.addresses) + len(person.names)}"
        )
        with warehouse.transaction() as session:
            made.cleared += erase.erase_rows(session, person)
            runlog.record_erasure(
                session, account, fingerprint(key, account, customer_id), person.pseudonym
            )
        made.cleared.append(erase.erase_files(settings.reports.folder, person))
        made.cleared.append(erase.erase_pages(landing, person))
        finish(context, outcome, runner, (), progress=progress, as_of=outcome.as_of)
    warehouse = Warehouse.of(settings.warehouse)
    warehouse.compact()
    with warehouse.session() as session:
        made.left = erase.remains(session, landing, settings.reports.folder, person)
    warehouse.dispose()
    return made


def _as_of(session: Session) -> datetime | None:
    """The instant that the tables are made for: erasing somebody makes no new numbers."""
    rows = session.fetch("select as_of from ops.reporting_zone where is_main")
    return rows[0][0] if rows else None
