"""Rebuilds of a part: a model's SELECT over slices of its inputs, and the rows it stands for."""

import json
import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tasks.sqlmodels.catalog import PERIODS, Model, models
from tasks.warehouse.changed_keys import MOST_DAYS, ChangedKeys, says_values, ticket_of
from tasks.warehouse.tables import SOURCE

# only running tickets and new days depend on these
MOVING = frozenset({"ops.reporting_zone", "staging.schedule_now"})
_POINT_FACTS = (
    "core.fct_",
    "core.snap_",
    "staging.message",
    "marts.kpi_daily",
    "marts.vendor_comparison",
)


@dataclass(frozen=True, slots=True)
class Part:
    """A SELECT, and a condition on the rows of the table that it stands for; empty for all rows."""

    select: str
    only: str = ""


def changed_inputs(
    now: Mapping[str, Any],
    former: str | None,
) -> set[str] | None:
    """Inputs that changed since the last build; None when the model itself is new or another.

    `now` and `former` are states of `catalog.inputs_state`, the latter as JSON.
    """
    then = json.loads(former) if former else {}
    if then.get("text") != now["text"]:
        return None
    return {name for name, count in now["inputs"].items() if then["inputs"].get(name) != count}


def part_of(
    model: Model,
    select: str,
    changed: set[str] | None,
    changed_keys: ChangedKeys,
) -> Part:
    """The smallest part of a model that has to be rebuilt; all of it if need be."""
    if changed is None or model.refresh == "whole":
        return Part(select)
    moved = changed - MOVING
    if model.refresh == "ticket":
        return _of_tickets(model, select, moved, changed_keys)
    return _of_days(model, select, moved, changed_keys)


def _of_tickets(
    model: Model,
    select: str,
    moved: set[str],
    changed_keys: ChangedKeys,
) -> Part:
    inputs = {name: _kinds(name) for name in model.inputs}
    with_tickets = {name: kinds for name, kinds in inputs.items() if ticket_of(name, kinds)}
    if changed_keys.all_tickets or not moved <= set(with_tickets):
        return Part(select)
    for name, kinds in with_tickets.items():
        where = changed_keys.tickets_where(name, kinds)
        select = _instead(select, name, changed_keys.slice_of(name, "tickets", where))
    return Part(select, changed_keys.tickets_where(model.full_name, _kinds(model.full_name)))


def _of_days(
    model: Model,
    select: str,
    moved: set[str],
    changed_keys: ChangedKeys,
) -> Part:
    facts = {name: _kinds(name) for name in model.inputs if name.startswith(_POINT_FACTS)}
    values = {name for name in model.inputs if says_values(name)}
    if changed_keys.all_days or not moved <= (set(facts) | values) & changed_keys.known:
        return Part(select)
    changed_days = changed_keys.days | (changed_keys.days_of_revalued(facts) if values else set())
    if len(changed_days) > MOST_DAYS:
        return Part(select)
    periods = sorted({_period_start(model.refresh, day) for day in changed_days})
    days = set(_days_of(model.refresh, periods))
    cut = f"{model.refresh}_by_value" if values else model.refresh  # other days, other slices
    for name, kinds in facts.items():
        where = changed_keys.days_where(kinds, days)
        select = _instead(select, name, changed_keys.slice_of(name, cut, where))
    listed = ", ".join(f"date '{period.isoformat()}'" for period in periods) or "null"
    return Part(select, f"{PERIODS[model.refresh]} in ({listed})")


def _kinds(name: str) -> dict[str, str]:
    """Columns of a source table or model, with their kinds."""
    schema, _, short = name.partition(".")
    if schema == "source":
        return {column.name: column.info["kind"] for column in SOURCE[short].columns}
    return {c.name: c.kind for c in models()[name].columns} if name in models() else {}


def _instead(
    select: str,
    name: str,
    slice_name: str,
) -> str:
    """The SELECT, reading a slice in place of a table."""
    return re.sub(rf"\b{re.escape(name)}\b", slice_name, select)


def _period_start(period: str, day: date) -> date:
    if period == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "month" else day


def _days_of(
    period: str,
    starts: Iterable[date],
) -> Iterator[date]:
    """All days of the periods that begin on these days."""
    for start in starts:
        in_month = monthrange(start.year, start.month)[1]
        length = {"day": 1, "week": 7, "month": in_month}[period]
        yield from (start + timedelta(days=i) for i in range(length))
