"""Changed keys: the tickets and days that changed since the last build, and slices cut to them.

A slice is a temporary table with the rows of some tickets, or of some days; a model that is
refreshed by ticket or by day reads slices where the whole build reads tables. Both give the same
rows, because a ticket's rows come from rows of that ticket alone, and a day's from facts with an
instant in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tasks.warehouse.session import Session
from tasks.warehouse.tables import written_columns

CHANGED_NOW = "changed_now"
SIDE = "which_side"  # of rows that differ: 1 for one that came, -1 for one that went
_TICKETS = f"(select account, ticket_id from {CHANGED_NOW})"
MOST_DAYS = 400  # more than that: the whole table is read anyway
# where a row's ticket is not in columns `account` and `ticket_id`
_TICKET_OF: Mapping[str, tuple[str, str, str]] = {
    "source.tombstone": ("account", "record_id", "entity = 'ticket'"),
    "source.survey_response": (
        "coalesce(ticket_account, account)",
        "ticket_id",
        "ticket_id is not null",
    ),
    "staging.survey_response": ("ticket_account", "ticket_id", "ticket_id is not null"),
    "core.fct_survey_response": ("ticket_account", "ticket_id", "ticket_id is not null"),
}
# tables that say under which values a ticket counts: those tickets whose values changed
_REVALUED: Mapping[str, str] = {
    "core.bridge_ticket_field": "select account, ticket_id from {rows}",
    "core.dim_slice_value": (
        "select field.account, field.ticket_id from core.bridge_ticket_field as field"
        " join (select slice, value from {rows}) as named"
        " on field.name = named.slice and field.value = named.value"
    ),
}
REVALUED_NOW = "revalued_now"


def ticket_of(
    name: str,
    columns: Iterable[str],
) -> tuple[str, str, str] | None:
    """Expressions of a table's account and ticket, and a condition: which rows have a ticket.

    None for a table without tickets.
    """
    if name in _TICKET_OF:
        return _TICKET_OF[name]
    return (
        ("account", "ticket_id", "ticket_id is not null")
        if {"account", "ticket_id"} <= set(columns)
        else None
    )


def says_values(name: str) -> bool:
    """Whether a table says under which values a ticket counts."""
    return name in _REVALUED


def touch_tickets(
    session: Session,
    name: str,
    columns: Iterable[str],
    rows: str,
    values: Mapping[str, Any] | None = None,
) -> None:
    """Note the tickets of `rows`, a table shaped like `name`, for the next build.

    `values` are parameters of `rows`.
    """
    expressions = ticket_of(name, columns)
    if expressions is None:
        return
    account, ticket, where = expressions
    session.execute(
        f"insert into ops.changed_ticket (account, ticket_id) select {account}, {ticket} from"
        f" {rows} as r where {where} except select account, ticket_id from ops.changed_ticket",
        dict(values or {}),
    )


@dataclass(slots=True)
class ChangedKeys:
    """Tickets (a temporary table) and days that this build looks at.

    It grows while models are built.
    """

    session: Session
    days: set[date] = field(default_factory=set)
    all_days: bool = False
    all_tickets: bool = False
    known: set[str] = field(default_factory=set)  # tables whose changed days are in `days`
    _version: int = 0
    _slices: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    def start(self) -> None:
        """From the tickets of rows loaded since the last build."""
        self.session.execute(f"drop table if exists {CHANGED_NOW}")
        self.session.execute(
            f"create temporary table {CHANGED_NOW} as"
            " select account, ticket_id from ops.changed_ticket"
        )
        self.session.analyze(CHANGED_NOW)
        self.session.execute(f"drop table if exists {REVALUED_NOW}")
        self.session.execute(
            f"create temporary table {REVALUED_NOW} as select * from {CHANGED_NOW} limit 0"
        )

    def look_at(
        self,
        tables: Iterable[str],
        *,
        since: datetime | None = None,
    ) -> None:
        """Also look at the tickets of these tables, and at those whose status changed since then.

        A table has columns `account` and `ticket_id`, and may bring a condition: `name where ...`.
        """
        queries = [f"select account, ticket_id from {table}" for table in tables]
        if since:
            queries.append(
                "select account, ticket_id from staging.status_change"
                f" where starts_at >= timestamptz '{since}'"
            )
        union = " union ".join(queries)
        self.session.execute(
            f"insert into {CHANGED_NOW} select n.account, n.ticket_id from ({union}) as n"
            f" except select * from {CHANGED_NOW}"
        )
        self.session.analyze(CHANGED_NOW)
        self._version += 1

    def finish(self) -> None:
        """Forget all changed keys: the build is done."""
        self.session.execute("delete from ops.changed_ticket")
        for _, name in self._slices.values():
            self.session.execute(f"drop table if exists {name}")
        self.session.execute(f"drop table if exists {CHANGED_NOW}")
        self.session.execute(f"drop table if exists {REVALUED_NOW}")

    def tickets_where(
        self,
        name: str,
        columns: Iterable[str],
    ) -> str:
        """Condition: the row's ticket changed."""
        expressions = ticket_of(name, columns)
        assert expressions is not None  # callers ask for tables with tickets only
        account, ticket, _ = expressions
        return f"({account}, {ticket}) in {_TICKETS}"

    def days_where(
        self,
        columns: Mapping[str, str],
        days: Iterable[date],
    ) -> str:
        """Condition: some day or instant of the row lies in `days`, whatever the time zone.

        Neighbouring days count too.
        """
        near = sorted({day + timedelta(days=i) for day in days for i in (-1, 0, 1)})
        conditions = []
        for first, last in _runs(near):
            after = last + timedelta(days=1)
            for name, kind in columns.items():
                if kind == "instant":
                    conditions.append(
                        f"({name} >= timestamptz '{first} 00:00:00+00' and {name} < timestamptz"
                        f" '{after} 00:00:00+00')"
                    )
                elif kind == "day":
                    conditions.append(f"({name} >= date '{first}' and {name} < date '{after}')")
        return " or ".join(conditions) or "false"

    def slice_of(
        self,
        name: str,
        kind: str,
        where: str,
    ) -> str:
        """Temporary table with the rows of `name` that meet `where`.

        It is made again when the changed keys have grown.
        """
        version, made = self._slices.get((name, kind), (-1, f"{kind}_of_{name.replace('.', '_')}"))
        if version != self._version:
            self.session.execute(f"drop table if exists {made}")
            self.session.execute(
                f"create temporary table {made} as select * from {name} where {where}"
            )
            self.session.analyze(made)
            self._slices[name, kind] = (self._version, made)
        return made

    def note(
        self,
        table: sa.Table,
        rows: str | None,
    ) -> None:
        """Take in what a model has changed.

        `rows` has the rows that went and those that came, marked by `SIDE`; None where nothing
        differs.
        """
        name = f"{table.schema}.{table.name}"
        kinds = {c.name: c.info["kind"] for c in written_columns(table)}
        if (
            rows
            and not self.all_tickets
            and not name.startswith("marts.")
            and (expressions := ticket_of(name, kinds))
        ):
            self._note_tickets(expressions, rows)
        if says_values(name):
            self._note_revalued(name, rows)
        else:
            self._note_days(name, kinds, rows)

    def note_all(self, table: sa.Table) -> None:
        """Take in a large table's first rows: everything that is read from it is new."""
        self.all_days = True
        self.all_tickets = (
            self.all_tickets
            or ticket_of(f"{table.schema}.{table.name}", [c.name for c in table.columns])
            is not None
        )
        self.known.add(f"{table.schema}.{table.name}")

    def _note_tickets(
        self,
        expressions: tuple[str, str, str],
        rows: str,
    ) -> None:
        account, ticket, where = expressions
        added = self.session.execute(
            f"insert into {CHANGED_NOW} select {account}, {ticket} from {rows} where {where} except"
            f" select * from {CHANGED_NOW}"
        ).rowcount
        self._version += 1 if added else 0

    def _note_revalued(self, name: str, rows: str | None) -> None:
        """Tickets that count under other values than before."""
        self.known.add(name)
        if rows and not self.all_days:
            tickets = _REVALUED[name].format(rows=rows)
            self.session.execute(
                f"insert into {REVALUED_NOW} {tickets} except select * from {REVALUED_NOW}"
            )

    def days_of_revalued(self, facts: Mapping[str, Mapping[str, str]]) -> set[date]:
        """Days on which a ticket that counts under other values now has something in the facts.

        `facts` are tables with the kinds of their columns.
        """
        queries = []
        for name, kinds in facts.items():
            dates, of_ticket = _dates(kinds), ticket_of(name, kinds)
            if dates and of_ticket:
                account, ticket, where = of_ticket
                queries.append(
                    f"select unnest(array[{', '.join(dates)}]) as day from {name} where {where} and"
                    f" ({account}, {ticket}) in (select account, ticket_id from {REVALUED_NOW})"
                )
        if not queries or not self._has_revalued():
            return set()
        found = self.session.fetch(
            f"select distinct day from ({' union all '.join(queries)}) as d where day is not null"
        )
        return {row[0] + timedelta(days=i) for row in found for i in (-1, 0, 1)}

    def _has_revalued(self) -> bool:
        return self.session.execute(f"select 1 from {REVALUED_NOW} limit 1").first() is not None

    def _note_days(
        self,
        name: str,
        kinds: Mapping[str, str],
        rows: str | None,
    ) -> None:
        """Days of rows that differ in more than their as-of values."""
        if self.all_days:
            self.known.add(name)
            return
        lasting = ", ".join(f'"{n}"' for n in kinds if not n.endswith("_as_of"))
        dates = _dates(kinds)
        if not dates:
            return
        if rows:
            changed = self.session.execute(
                f"select distinct unnest(array[{', '.join(dates)}]) as day from (select"
                f" {lasting} from {rows} group by {lasting} having min({SIDE}) = max({SIDE})) as r"
            ).fetchall()
            self.add_days(row[0] for row in changed if row[0] is not None)
        self.known.add(name)

    def add_days(self, days: Iterable[Any]) -> None:
        """More days to look at, each with its neighbours: an instant's local day can be either."""
        before = len(self.days)
        for day in days:
            if date.min < day < date.max:
                self.days |= {day + timedelta(days=i) for i in (-1, 0, 1)}
        if len(self.days) != before:
            self._version += 1
        if len(self.days) > MOST_DAYS:
            self.all_days = True


def _dates(kinds: Mapping[str, str]) -> list[str]:
    """The days of a row: expressions of its lasting columns."""
    return [
        f'cast("{name}" as date)'
        for name, kind in kinds.items()
        if kind in {"instant", "day"} and not name.endswith("_as_of")
    ]


def _runs(days: Sequence[date]) -> list[tuple[date, date]]:
    """First and last day of every run of successive days."""
    runs: list[tuple[date, date]] = []
    for day in days:
        if runs and day == runs[-1][1] + timedelta(days=1):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs
