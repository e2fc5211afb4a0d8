"""Step: write why actual differs from plan, month by month."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from tasks.planning.money import Variance, Work, variances
from tasks.sqlmodels.materialization import Materialized, materialize
from tasks.warehouse.session import Session

_FEWEST_MEASURED = 30  # tickets with a handle time before the month's mean is believed
_PLACES = Decimal("0.0001")
_ZERO = Decimal(0)


def build_budget(session: Session, run_id: str) -> list[Materialized]:
    """The table of variances, if costs, plan, tickets or the day changed."""
    today = session.fetch(
        "select p.last_day, d.month_starts_on, d.workday_of_month, d.workdays_in_month from"
        " ops.reporting_zone as p join core.dim_date as d on d.day = p.last_day where p.is_main",
    )
    if not today:
        return []
    last, month, done, of = today[0]
    share = Decimal(done) / Decimal(of) if of else _ZERO
    return materialize(
        session,
        "budget",
        {"last_day": str(last)},
        lambda: {"budget_variance_monthly": list(_rows(_read(session, last, month, share), month))},
        run_id=run_id,
    )


@dataclass(slots=True)
class Cell:
    """One team and month; money in the reporting currency."""

    plan_labour: Decimal = _ZERO
    plan_other: Decimal = _ZERO
    labour: Decimal = _ZERO  # at the exchange rates of the plan
    other: Decimal = _ZERO
    fx: Decimal = _ZERO
    plan_contacts: Decimal | None = None
    plan_hours: Decimal | None = None
    contacts: int = 0
    hours: Decimal | None = None


Cells = dict[date, dict[str, Cell]]  # by month, then team


def _read(session: Session, last: date, this_month: date, share: Decimal) -> Cells:
    cells: Cells = defaultdict(lambda: defaultdict(Cell))
    for month, team, category, kind, amount in session.fetch(
        "select month_on, team, category, kind, amount_reporting from core.fct_budget_line where"
        " month_on <= :last and amount_reporting is not null",
        {"last": last},
    ):
        cell = cells[month][team]
        part = (amount * share if month == this_month and kind == "variable" else amount).quantize(
            _PLACES, ROUND_HALF_EVEN
        )
        if category == "labour":
            cell.plan_labour += part
        else:
            cell.plan_other += part
    for month, team, category, amount, planned in session.fetch(
        "select month_on, team, category, sum(amount_reporting), sum(amount_at_plan_rate) from"
        " core.fct_cost where accrued_on <= :last and amount_reporting is not null and"
        " amount_at_plan_rate is not null group by month_on, team, category",
        {"last": last},
    ):
        cell = cells[month][team]
        cell.fx += Decimal(amount) - Decimal(planned)
        if category == "labour":
            cell.labour += Decimal(planned)
        else:
            cell.other += Decimal(planned)
    _read_work(session, cells, last, this_month, share)
    return cells


def _read_work(
    session: Session,
    cells: Cells,
    last: date,
    this_month: date,
    share: Decimal,
) -> None:
    for month, team, contacts, minutes in session.fetch(
        "select month_on, team, sum(contacts), max(handle_minutes) from source.headcount_plan where"
        " month_on <= :last group by month_on, team",
        {"last": last},
    ):
        if month in cells and team in cells[month] and contacts and minutes:
            cell = cells[month][team]
            cell.plan_contacts = Decimal(str(contacts)) * (share if month == this_month else 1)
            cell.plan_hours = Decimal(str(minutes)) / 60
    for month, team, count, measured, seconds in session.fetch(
        "select d.month_starts_on, n.name, count(*), count(t.handle_seconds), sum(t.handle_seconds)"
        " from core.fct_ticket as t join core.dim_date as d on d.day = t.solved_on join"
        " core.dim_team as n on n.account = t.account and n.team_id = t.team_id where not"
        " t.is_excluded and t.solved_on <= :last group by d.month_starts_on, n.name",
        {"last": last},
    ):
        if month in cells and team in cells[month]:
            cell = cells[month][team]
            cell.contacts = int(count)
            cell.hours = (
                Decimal(str(round(float(seconds) / int(measured) / 3600, 6)))
                if measured >= _FEWEST_MEASURED and seconds
                else None
            )


def _rows(cells: Cells, this_month: date) -> Iterator[dict[str, Any]]:
    for month in sorted(cells):
        teams = cells[month]
        parts = _parts(teams)
        for team in sorted(teams):
            cell = teams[team]
            found = {
                name: getattr(parts.get(team, Variance()), name).quantize(_PLACES, ROUND_HALF_EVEN)
                for name in ("volume", "mix", "efficiency")
            }
            rate = (
                cell.labour - cell.plan_labour - sum(found.values(), _ZERO)
            )  # the rest of labour, so that parts add up to the last digit
            plan, actual = cell.plan_labour + cell.plan_other, cell.labour + cell.other + cell.fx
            yield {
                "month_on": month,
                "team": team,
                "is_complete": month < this_month,
                "plan": plan,
                "actual": actual,
                "plan_contacts": _number(cell.plan_contacts),
                "actual_contacts": cell.contacts,
                "plan_hours": _number(cell.plan_hours),
                "actual_hours": _number(cell.hours or cell.plan_hours),
                **found,
                "rate": rate,
                "other": cell.other - cell.plan_other,
                "fx": cell.fx,
                "total": actual - plan,
            }


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _parts(cells: dict[str, Cell]) -> dict[str, Variance]:
    """Variances of the teams whose contacts are planned."""
    plan, actual = {}, {}
    for team, cell in cells.items():
        if cell.plan_contacts and cell.plan_hours:
            plan[team] = Work(
                cell.plan_contacts,
                cell.plan_hours,
                cell.plan_labour / (cell.plan_contacts * cell.plan_hours),
            )
            hours = cell.hours or cell.plan_hours
            worked = cell.contacts * hours
            actual[team] = Work(
                Decimal(cell.contacts), hours, cell.labour / worked if worked else _ZERO
            )
    return variances(plan, actual)
