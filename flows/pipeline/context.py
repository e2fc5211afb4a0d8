"""What every step of a run shares, and the start and end of a run."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flows.pipeline.monitoring import monitored
from flows.pipeline.outcome import Outcome
from flows.pipeline.runner import Runner
from flows.pipeline.secrets import secret_lookup
from tasks import erase
from tasks.clock import now
from tasks.errors import NoTablesError
from tasks.landing.store import Landing
from tasks.own import read_own
from tasks.settings import SecretLookup, Settings, redact
from tasks.transform import model_tables
from tasks.warehouse import runlog
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import prepare

Reporter = Callable[[str], None]


def silent(text: str) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """What every step of a run shares."""

    settings: Settings
    warehouse: Warehouse
    landing: Landing
    runner: Runner
    run_id: str
    as_of: datetime
    lookup: SecretLookup | None = None
    progress: Reporter = silent

    @property
    def folder(self) -> Path:
        """The folder of the run's report, Data Docs and tracebacks."""
        return Path(self.settings.reports.folder) / self.run_id


@contextmanager
def open_warehouse(settings: Settings) -> Iterator[Warehouse]:
    """The warehouse of the settings; closed at the end of the block."""
    warehouse = Warehouse.of(settings.warehouse)
    try:
        yield warehouse
    finally:
        warehouse.dispose()


@contextmanager
def filled_warehouse(settings: Settings) -> Iterator[Warehouse]:
    """The warehouse of the settings, which an earlier run has filled; closed at the end.

    Raises NoTablesError if its file is not there: opening it would make an empty one.
    """
    with open_warehouse(settings) as warehouse:
        if warehouse.path is not None and not warehouse.path.exists():
            raise NoTablesError(
                f"there is no warehouse {warehouse.name} yet; call `support-etl run` first, or set"
                " warehouse.url (or go to the folder) of the one that you mean"
            )
        yield warehouse


@contextmanager
def running(
    settings: Settings,
    runner: Runner,
    kind: str,
    as_of: datetime | None = None,
    *,
    lookup: SecretLookup | None = None,
    progress: Reporter = silent,
) -> Iterator[tuple[RunContext, Outcome]]:
    """Lock and migrate the warehouse and open the run record; close it on exit.

    Raises RunAtWorkError if another run holds the warehouse, ConfigurationError for files of the
    company's own that cannot work.
    """
    read_own()
    lookup = secret_lookup(settings, lookup)
    instant = (as_of or now()).replace(microsecond=0)
    run_id = f"{now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    outcome = Outcome(run_id, instant)
    with open_warehouse(settings) as warehouse, warehouse.held():
        prepare(warehouse, model_tables(settings.field_names))
        landing = Landing(settings.landing.url)
        outcome.has_cleared = _erase_again(settings, warehouse, landing, lookup)
        context = RunContext(
            settings, warehouse, landing, runner, run_id, instant, lookup, progress
        )
        watched = monitored(settings, warehouse, outcome, kind, lookup=lookup, report=progress)
        with watched, _recorded(warehouse, outcome, kind):
            yield context, outcome
    if outcome.has_cleared or any(result.has_cleared for result in outcome.streams):
        with open_warehouse(settings) as warehouse:
            warehouse.compact()


def _erase_again(
    settings: Settings,
    warehouse: Warehouse,
    landing: Landing,
    lookup: SecretLookup | None,
) -> bool:
    """Erase whom a restored backup brought back; keep the marks outside the warehouse, too."""
    with warehouse.transaction() as session:
        has_cleared = erase.erase_again(
            session,
            landing,
            settings.reports.folder,
            lookup,
        )
        erase.keep_marks(session, landing)
    return has_cleared


@contextmanager
def _recorded(
    warehouse: Warehouse,
    outcome: Outcome,
    kind: str,
) -> Iterator[None]:
    """Write the start of the run into ops.run, and how it ended."""
    with warehouse.transaction() as session:
        runlog.start_run(session, outcome.run_id, kind, outcome.as_of)
    try:
        yield
    except BaseException as error:
        outcome.state, outcome.message = "failed", redact(str(error))[:1000]
        raise
    finally:
        with warehouse.transaction() as session:
            runlog.end_run(session, outcome.run_id, outcome.state, outcome.message)
