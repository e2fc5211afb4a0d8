"""Budget variances by month and team: plan, actual, and the parts of their difference.

The classes that end in `Row` are rows of the read models in `sql/reads/budget/`. Money is in the
reporting currency.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from tasks.planning.money import ZERO, Variance, Work, variances
from tasks.planning.rows import BudgetVarianceMonthly

_FEWEST_MEASURED = 30  # tickets with a handle time before the month's mean is used
_PLACES = Decimal("0.0001")
_LABOUR = "labour"


@dataclass(frozen=True, slots=True)
class PresentMonthRow:
    """The month in progress, at the last complete day."""

    last_day: date
    month_starts_on: date
    workday_of_month: int
    workdays_in_month: int

    @property
    def share(self) -> Decimal:
        """Share (0 to 1) of the month's work days that are over."""
        if not self.workdays_in_month:
            return ZERO
        return Decimal(self.workday_of_month) / Decimal(self.workdays_in_month)


@dataclass(frozen=True, slots=True)
class BudgetLineRow:
    """A budget line of a month; a `kind` "variable" line accrues by work days."""

    month_on: date
    team: str
    category: str | None
    kind: str | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class CostRow:
    """Cost of a month, at the actual exchange rates and at those of the plan."""

    month_on: date
    team: str
    category: str | None
    amount: Decimal
    amount_at_plan_rate: Decimal


@dataclass(frozen=True, slots=True)
class MissingRatesRow:
    """Plan lines and costs of a month that no exchange rate converts; no sum has them."""

    month_on: date
    team: str
    plan_lines: int
    costs: int


@dataclass(frozen=True, slots=True)
class PlannedContactsRow:
    """Contacts and minutes of work per contact in the headcount plan."""

    month_on: date
    team: str
    contacts: float | None
    handle_minutes: float | None


@dataclass(frozen=True, slots=True)
class SolvedRow:
    """Tickets solved in a month, those with a handle time, and the sum of it in seconds."""

    month_on: date
    team: str | None
    tickets: int
    measured_tickets: int
    handle_seconds: float | None


@dataclass(frozen=True, slots=True)
class Budget:
    """Everything that the variances are computed from."""

    present: PresentMonthRow
    lines: list[BudgetLineRow]
    costs: list[CostRow]
    planned_contacts: list[PlannedContactsRow]
    solved: list[SolvedRow]
    missing_rates: Sequence[MissingRatesRow] = ()


@dataclass(frozen=True, slots=True)
class VarianceTables:
    """Rows of the budget tables; a field's name is the table's."""

    budget_variance_monthly: list[BudgetVarianceMonthly]


@dataclass(slots=True)
class _Cell:
    """One team and month; costs at the exchange rates of the plan, `fx` what rates changed."""

    plan_labour: Decimal = ZERO
    plan_other: Decimal = ZERO
    labour: Decimal = ZERO
    other: Decimal = ZERO
    fx: Decimal = ZERO
    plan_contacts: Decimal | None = None
    plan_hours: Decimal | None = None
    contacts: int = 0
    hours: Decimal | None = None
    plan_lines_without_rate: int = 0
    costs_without_rate: int = 0


_Cells = dict[date, dict[str, _Cell]]  # by month, then team


def variance_tables(budget: Budget) -> VarianceTables:
    """One row for each month and team with a plan or cost."""
    cells = _cells(budget)
    this_month = budget.present.month_starts_on
    rows = []
    for month in sorted(cells):
        teams = cells[month]
        parts = _labour_variances(teams)
        for team in sorted(teams):
            variance = _rounded(parts.get(team, Variance()))
            rows.append(_row(month, team, teams[team], variance, is_complete=month < this_month))
    return VarianceTables(rows)


def _cells(budget: Budget) -> _Cells:
    present, cells = budget.present, _costs(budget)
    for planned in budget.planned_contacts:
        cell = cells.get(planned.month_on, {}).get(planned.team)
        if cell is not None and planned.contacts and planned.handle_minutes:
            part = present.share if planned.month_on == present.month_starts_on else 1
            cell.plan_contacts = Decimal(str(planned.contacts)) * part
            cell.plan_hours = Decimal(str(planned.handle_minutes)) / 60
    for solved in budget.solved:
        cell = cells.get(solved.month_on, {}).get(solved.team or "")
        if cell is not None:
            cell.contacts = solved.tickets
            cell.hours = _mean_hours(solved)
    return cells


def _costs(budget: Budget) -> _Cells:
    cells: _Cells = defaultdict(lambda: defaultdict(_Cell))
    for line in budget.lines:
        cell = cells[line.month_on][line.team]
        amount = _accrued(line, budget.present)
        if line.category == _LABOUR:
            cell.plan_labour += amount
        else:
            cell.plan_other += amount
    for cost in budget.costs:
        cell = cells[cost.month_on][cost.team]
        cell.fx += cost.amount - cost.amount_at_plan_rate
        if cost.category == _LABOUR:
            cell.labour += cost.amount_at_plan_rate
        else:
            cell.other += cost.amount_at_plan_rate
    for missing in budget.missing_rates:
        cell = cells[missing.month_on][missing.team]
        cell.plan_lines_without_rate = missing.plan_lines
        cell.costs_without_rate = missing.costs
    return cells


def _accrued(line: BudgetLineRow, present: PresentMonthRow) -> Decimal:
    """The part of a line up to the last complete day."""
    is_partial = line.kind == "variable" and line.month_on == present.month_starts_on
    amount = line.amount * present.share if is_partial else line.amount
    return amount.quantize(_PLACES, ROUND_HALF_EVEN)


def _mean_hours(solved: SolvedRow) -> Decimal | None:
    """Hours per ticket; None where too few tickets were measured."""
    if solved.measured_tickets < _FEWEST_MEASURED or not solved.handle_seconds:
        return None
    mean_hours = solved.handle_seconds / solved.measured_tickets / 3600
    return Decimal(str(round(mean_hours, 6)))


def _labour_variances(cells: dict[str, _Cell]) -> dict[str, Variance]:
    """Variances of the teams whose contacts are planned."""
    plan, actual = {}, {}
    for team, cell in cells.items():
        if not cell.plan_contacts or not cell.plan_hours:
            continue
        planned_hours = cell.plan_contacts * cell.plan_hours
        plan[team] = Work(cell.plan_contacts, cell.plan_hours, cell.plan_labour / planned_hours)
        hours = cell.hours or cell.plan_hours
        worked_hours = cell.contacts * hours
        rate = cell.labour / worked_hours if worked_hours else ZERO
        actual[team] = Work(Decimal(cell.contacts), hours, rate)
    return variances(plan, actual)


def _rounded(variance: Variance) -> Variance:
    return Variance(
        volume=variance.volume.quantize(_PLACES, ROUND_HALF_EVEN),
        mix=variance.mix.quantize(_PLACES, ROUND_HALF_EVEN),
        efficiency=variance.efficiency.quantize(_PLACES, ROUND_HALF_EVEN),
    )


def _row(
    month: date, team: str, cell: _Cell, variance: Variance, *, is_complete: bool
) -> BudgetVarianceMonthly:
    plan = cell.plan_labour + cell.plan_other
    actual = cell.labour + cell.other + cell.fx
    explained = variance.volume + variance.mix + variance.efficiency
    return BudgetVarianceMonthly(
        month_on=month,
        team=team,
        is_complete=is_complete,
        plan=plan,
        actual=actual,
        plan_contacts=_number(cell.plan_contacts),
        actual_contacts=cell.contacts,
        plan_hours=_number(cell.plan_hours),
        actual_hours=_number(cell.hours or cell.plan_hours),
        volume=variance.volume,
        mix=variance.mix,
        efficiency=variance.efficiency,
        # the rest of labour, so that the parts add up to the last digit
        rate=cell.labour - cell.plan_labour - explained,
        other=cell.other - cell.plan_other,
        fx=cell.fx,
        total=actual - plan,
        plan_lines_without_rate=cell.plan_lines_without_rate,
        costs_without_rate=cell.costs_without_rate,
    )


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
