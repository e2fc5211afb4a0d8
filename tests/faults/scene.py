"""The scene of a fault: one vendor's account, its own warehouse, its clean twin, the judgement.

A run here extracts, lands, validates and loads, one request after the other, so that "the fifth
request" means the same each time. Other tests cover what `core` and `marts` make of these rows.
"""

import base64
import random
import shutil
import urllib.parse
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
import sqlalchemy as sa
from child import Runner
from conftest import Bench, opened
from server import Postgres
from tests_support import TODAY, midnight

from flows.pipeline.context import running
from flows.pipeline.ingest import ingest_accounts
from flows.pipeline.outcome import Outcome
from flows.pipeline.runner import Work
from tasks.connectors import connector
from tasks.entities import ENTITIES
from tasks.errors import SupportEtlError
from tasks.rest import client as rest_client
from tasks.sandbox.company import Sandbox, open_sandbox
from tasks.sandbox.fake import Fake
from tasks.sandbox.world import World
from tasks.transform import model_tables
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import prepare

VENDORS = (
    "zendesk",
    "hubspot",
    "servicenow",
    "surveymonkey",
    "freshdesk",
    "intercom",
    "jira",
    "salesforce",
    "front",
    "zoho_desk",
    "typeform",
    "qualtrics",
    "medallia",
)
PATIENCE = rest_client.RetryPolicy(
    max_attempts=4, first_wait=0.005, max_wait=0.02, longest_answer=2.0
)
AS_OF = midnight(TODAY)
FOR_EVER = 1_000_000
State = Mapping[str, Counter[tuple[Any, ...]]]


class OneByOne:
    """Run each job in the caller's thread, so that requests keep the same order."""

    def submit(self, work: Work[Any]) -> Any:
        return _Done(work.call())

    def run(self, work: Work[Any]) -> Any:
        return work.call()


@dataclass(frozen=True)
class _Done:
    value: Any

    def result(self) -> Any:
        return self.value


@dataclass
class Scene:
    """One vendor's account with a warehouse and a landing zone of its own."""

    bench: Bench
    fake: Fake
    sandbox: Sandbox
    pick: random.Random
    clean: State
    requests: int
    stage: "Stage"
    vendor: str
    database: str = ""
    stack: ExitStack = field(default_factory=ExitStack)

    def run(self, window: Any = None, **changes: Any) -> Outcome:
        """One ordinary run, streams one after the other."""
        settings = self.bench.settings(**changes)
        with running(settings, OneByOne(), "daily", AS_OF) as (context, outcome):
            outcome.streams += ingest_accounts(context, settings.accounts, window)
            outcome.state = "partly" if outcome.failures else "completed"
            outcome.message = "; ".join(r.message for r in outcome.failures)
        return outcome

    def state(self) -> State:
        return state_of(self.bench.url)

    @property
    def server(self) -> "Postgres":
        return self.stage.server

    @property
    def place(self) -> Path:
        return self.bench.folder


@dataclass
class Judgement:
    """What a fault did in the end. All lists are empty in a good world."""

    lost: list[Any] = field(default_factory=list)
    doubled: list[Any] = field(default_factory=list)
    torn: list[Any] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    crashed: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not any(vars(self).values())


def state_of(url: str) -> State:
    """Rows of `source`, bookmarks and quarantine as multisets, and the batches in the run log."""
    noticed = {}
    with opened(url) as session:
        for entity in ENTITIES.values():
            names = ", ".join(f'"{n}"' for n in ("account", "connector", *entity.names))
            rows = Counter(
                tuple(r) for r in session.fetch(f"select {names} from source.{entity.name}")
            )
            if rows:
                noticed[entity.name] = rows
        for name, query in _BOOKS.items():
            noticed[name] = Counter(tuple(r) for r in session.fetch(query))
    return noticed


_BOOKS = {
    "bookmark": "select account, stream, value from ops.bookmark",
    "quarantine": (
        "select account, stream, entity, record_key, reason from ops.quarantine where state ="
        " 'open'"
    ),
}


class Stage:
    """Opens the sandbox once and sets a scene for each case."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0
        self._stack = ExitStack()
        world = World(seed=5, first=date(2026, 10, 18), last=TODAY - timedelta(days=1), daily=2.0)
        self.sandbox = self._stack.enter_context(
            open_sandbox(folder / "plans", today=TODAY, world=world)
        )
        self._stack.enter_context(mock.patch.dict("os.environ", dict(self.sandbox.secrets)))
        self._stack.enter_context(mock.patch("tasks.extract.RetryPolicy", return_value=PATIENCE))
        self._clean: dict[tuple[str, str], tuple[State, int]] = {}
        self._tables: dict[str, tuple[dict[str, Any], int]] = {}
        self._template = folder / "template.duckdb"
        warehouse = Warehouse(f"duckdb:///{self._template}")
        prepare(warehouse, model_tables())
        warehouse.dispose()

    def close(self) -> None:
        if "runner" in vars(self):
            self.runner.close()
        if "server" in vars(self):
            self.server.close()
        self._stack.close()

    @cached_property
    def runner(self) -> Runner:
        """Starts processes that can be killed; made when first asked for."""
        return Runner()

    @cached_property
    def server(self) -> Postgres:
        """A PostgreSQL for the cases that disturb one; made when first asked for."""
        return Postgres(self._folder / "postgres")

    def vendors_state(self, vendor: str, store: str = "duckdb") -> tuple[State, int]:
        """The clean twin: its state after two undisturbed runs, and the first run's requests."""
        if (vendor, store) not in self._clean:
            with self._scene(vendor, ({}, 0), random.Random(0), store) as scene:
                assert scene.run().state == "completed"
                requests = len(scene.fake.asked)
                assert scene.run().state == "completed"
                self._clean[vendor, store] = (scene.state(), requests)
        return self._clean[vendor, store]

    def tables_of(self, vendor: str) -> dict[str, Any]:
        """`core` and `marts` of the clean twin."""
        return self._built(vendor)[0]

    def statements_of(self, vendor: str) -> int:
        """How many statements a run takes that builds them."""
        return self._built(vendor)[1]

    def _built(self, vendor: str) -> tuple[dict[str, Any], int]:
        if vendor not in self._tables:
            with self._scene(vendor, ({}, 0), random.Random(0), "duckdb") as scene:
                scene.run()
                count = [0]

                def before(*_: Any) -> None:
                    count[0] += 1

                sa.event.listen(sa.Engine, "before_cursor_execute", before)
                assert scene.bench.run(AS_OF).state == "completed"
                sa.event.remove(sa.Engine, "before_cursor_execute", before)
                scene.run()
                scene.bench.run(AS_OF)
                self._tables[vendor] = (scene.bench.tables("core", "marts"), count[0])
        return self._tables[vendor]

    @contextmanager
    def scene(self, vendor: str, seed: int, store: str = "duckdb") -> Iterator[Scene]:
        with self._scene(
            vendor, self.vendors_state(vendor, store), random.Random(f"{vendor}{seed}"), store
        ) as scene:
            yield scene

    @contextmanager
    def _scene(
        self, vendor: str, clean: tuple[State, int], pick: random.Random, store: str
    ) -> Iterator[Scene]:
        self._count += 1
        folder = self._folder / f"case{self._count}"
        folder.mkdir()
        database, url = "", f"duckdb:///{folder / 'warehouse.duckdb'}"
        if store == "postgresql":
            database = self.server.fresh()
            url = self.server.url(database)
        else:
            shutil.copy(self._template, folder / "warehouse.duckdb")
        accounts = tuple(
            {**a, "deselect": _others(vendor)}
            for a in self.sandbox.accounts
            if a["connector"] == vendor
        )
        bench = Bench(folder, url, accounts)
        fake = self.sandbox.fakes[vendor]
        fake.faults, fake.asked, fake.clock = [], [], AS_OF
        fake.day_limit = (
            FOR_EVER  # SurveyMonkey's budget is for one account, not for hundreds of cases
        )
        tokens = {"SUPPORT_ETL_TOKENS": str(folder / "tokens")}
        with mock.patch.dict("os.environ", tokens), ExitStack() as stack:
            yield Scene(bench, fake, self.sandbox, pick, *clean, self, vendor, database, stack)
        shutil.rmtree(folder, ignore_errors=True)


def _others(vendor: str) -> tuple[str, ...]:
    """The streams to leave out.

    The rest still has incremental streams, full refreshes and child streams.
    """
    streams = connector(vendor).streams
    chosen = {s.name for s in streams if {b.entity.name for b in s.outputs} & _ENTITIES}
    return tuple(s.name for s in streams if s.name not in chosen)


_ENTITIES = {"ticket", "ticket_event", "message", "survey_response", "tombstone", "team"}


# the judgement
# ----------------------------------------------------------------------


def judge(
    scene: Scene, first: Outcome | BaseException | None, *, repair: bool = False
) -> Judgement:
    """Look at the warehouse, run once more without the fault, and compare with the clean twin.

    With `repair` the second run reads everything again.
    """
    noticed = Judgement()
    during = scene.state()
    _judge_outcome(scene, first, during, noticed)
    _judge_torn(scene, during, noticed)
    scene.fake.faults = []
    scene.stack.close()
    try:
        again = scene.run()
        if again.state != "completed":
            noticed.lost.append(f"the next run: {again.message}")
        if repair:
            _repair(scene, noticed)
    except SupportEtlError as trouble:
        noticed.crashed.append(f"the next run: {type(trouble).__name__}: {trouble}")
        return noticed
    after = dict(scene.state())
    after["quarantine"] = _of_known_records(after["quarantine"], scene.clean)
    noticed.lost += difference(scene.clean, after)
    noticed.doubled += difference(after, scene.clean)
    noticed.leaked += leaks(
        scene, [_words(first), again.message, *(w for r in again.streams for w in r.warnings)]
    )
    noticed.torn += [f"left behind: {p.name}" for p in scene.place.rglob("*.tmp*")]
    return noticed


def _repair(scene: Scene, noticed: Judgement) -> None:
    """Read everything again, now that the vendor answers correctly."""
    from tasks.clock import Window

    start = scene.bench.settings().accounts[0].start
    for outcome in (scene.run(window=Window(start, AS_OF)), scene.run()):
        if outcome.state != "completed":
            noticed.lost.append(f"the repair: {outcome.message}")


def difference(one: State, other: State) -> list[Any]:
    """Rows that one has and the other has not, or fewer of."""
    noticed: list[Any] = []
    for name, rows in one.items():
        noticed += [(name, row) for row in (rows - other.get(name, Counter()))][:3]
    return noticed


def _judge_outcome(
    scene: Scene, first: Outcome | BaseException | None, during: State, noticed: Judgement
) -> None:
    if isinstance(first, BaseException) and not isinstance(first, SupportEtlError):
        noticed.crashed.append(f"{type(first).__name__}: {first}")
    elif isinstance(first, SupportEtlError) and not str(first):
        noticed.silent.append("an error without words")
    elif isinstance(first, Outcome) and first.state == "completed":
        missing = _missing_keys(scene.clean, during)
        rejected = during["quarantine"]
        if missing and not rejected and not any(r.warnings for r in first.streams):
            noticed.silent.append(f"completed with rows missing: {missing[0]}")
    elif isinstance(first, Outcome):
        noticed.silent += [
            f"{r.stream}: {r.message}" for r in first.failures if "Error: " not in r.message
        ]


def _missing_keys(clean: State, during: State) -> list[Any]:
    """Records that have no row in the warehouse.

    A record with another value was reported with that value by the vendor.
    """
    noticed: list[Any] = []
    for name in set(clean) - set(_BOOKS):
        places = [2 + ENTITIES[name].names.index(key) for key in ENTITIES[name].key]
        have = {tuple(row[i] for i in places) for row in during.get(name, ())}
        noticed += [
            (name, key) for row in clean[name] if (key := tuple(row[i] for i in places)) not in have
        ][:3]
    return noticed


def _of_known_records(
    quarantine: Counter[tuple[Any, ...]], clean: State
) -> Counter[tuple[Any, ...]]:
    """Rows of existing records; rows under an unknown key wait for a person to dismiss."""
    keys = {
        name: {
            "/".join(
                "" if v is None else str(v)
                for v in (row[2 + ENTITIES[name].names.index(k)] for k in ENTITIES[name].key)
            )
            for row in rows
        }
        for name, rows in clean.items()
        if name in ENTITIES
    }
    return Counter(
        {row: count for row, count in quarantine.items() if row[3] in keys.get(row[2], set())}
    )


def _judge_torn(scene: Scene, during: State, noticed: Judgement) -> None:
    """Rows without their bookmark, a bookmark without its batch."""
    with opened(scene.bench.url) as session:
        marked = {r[0] for r in session.fetch("select stream from ops.bookmark")}
        loaded = {r[0] for r in session.fetch("select stream from ops.batch")}
        brought = set()
        for name in during:
            if name in ENTITIES:
                brought |= {
                    r[0] for r in session.fetch(f"select distinct loaded_stream from source.{name}")
                }
        noticed.torn += [f"rows of {s} without a bookmark" for s in sorted(brought - marked)]
        noticed.torn += [f"bookmark of {s} without a batch" for s in sorted(marked - loaded)]


def _words(first: Outcome | BaseException | None) -> str:
    if isinstance(first, Outcome):
        return " ".join(
            [
                first.message,
                *(r.message for r in first.streams),
                *(w for r in first.streams for w in r.warnings),
            ]
        )
    return f"{type(first).__name__}: {first!r} {first}"


def forms(secret: str) -> list[bytes]:
    """The forms of a secret: plain, base64 at any offset, hex, URL-encoded, escaped in JSON."""
    noticed = {
        secret,
        urllib.parse.quote(secret, safe=""),
        secret.encode().hex(),
        secret.replace('"', '\\"'),
    }
    for offset in range(3):
        coded = base64.b64encode(b"x" * offset + secret.encode()).decode()
        noticed.add(coded[(4 if offset else 0) : len(coded) - 4])
    return [text.encode() for text in noticed if len(text) > 5]


def leaks(scene: Scene, texts: list[str]) -> list[str]:
    """The places that hold a secret: messages, landed pages, text columns of the warehouse."""
    account = scene.bench.accounts[0]["name"].upper()
    secrets = [
        v
        for k, v in scene.sandbox.secrets.items()
        if f"_{account}_" in k and v.endswith(_SECRET_ENDINGS)
    ]
    wanted = [form for secret in secrets for form in forms(secret)]
    heap = [("messages", "\n".join(texts).encode()), *_landed(scene.place)]
    with opened(scene.bench.url) as session:
        tables = [f"ops.{name}" for name in _TEXT_TABLES]
        heap += [(t, repr(session.fetch(f"select * from {t}")).encode()) for t in tables]
    return [f"{where}: {form!r}" for where, content in heap for form in wanted if form in content]


_TEXT_TABLES = ("run", "batch", "bookmark", "quarantine", "drift", "validation")
_SECRET_ENDINGS = ("-token", "-key", "-secret", "-refresh", "-password")


def _landed(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if "tokens" in path.parts:
            continue  # renewed tokens: a file for its owner, which has to hold them
        if path.suffix == ".zst":
            packed = path.read_bytes()
            with suppress(OSError, ValueError):
                size = int.from_bytes(packed[-8:], "little")
                yield (
                    path.name,
                    pa.decompress(packed[:-8], decompressed_size=size, codec="zstd", asbytes=True),
                )
        elif path.suffix in {".json", ".toml", ".log"}:
            yield path.name, path.read_bytes()
