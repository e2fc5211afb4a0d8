"""Heads by month: how many are needed, who leaves, who joins, who is in training, and where hiring
has to begin to be in time.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from math import ceil

import numpy as np


@dataclass(frozen=True, slots=True)
class Hiring:
    """`yearly_attrition` share of heads that leave in a year; `ramp` share of full output by month
    since joining.

    `lead_months` pass from the request to the first day.
    """

    yearly_attrition: float = 0.25
    lead_months: int = 2
    ramp: tuple[float, ...] = (0.0, 0.5, 0.8)

    @property
    def monthly_attrition(self) -> float:
        """Share that leaves in a month: 1 - (1 - yearly)^(1/12)."""
        return float(1 - (1 - self.yearly_attrition) ** (1 / 12))


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the plan, heads (full-time equivalents).

    `request` are to be asked for in this month.
    """

    need: float
    start: float
    leavers: float
    joiners: int
    in_training: float
    productive: float
    end: float
    gap: float
    request: int


@dataclass(frozen=True, slots=True)
class Need:
    """Full-time agents of a month, where the figure is from, and how many of its work days are
    forecast.
    """

    month: date
    fte: float
    source: str
    workdays: int


def needs(
    days: Mapping[date, tuple[float, float]],
    workdays: AbstractSet[date],
    planned_contacts: Mapping[date, float],
    months: int,
) -> list[Need]:
    """Needs from the first month with a work day forecast; `days` are agents and contacts by day
    forecast.

    As forecast, by work day; after that for the month's planned contacts, at the agents that a
    contact takes in the forecast; without a plan as over all days forecast. Weekdays are work days
    beyond the end of `workdays`.
    """
    fte: dict[date, float] = defaultdict(float)
    worked: dict[date, int] = defaultdict(int)
    for day, (agents, _) in days.items():
        fte[day.replace(day=1)] += agents
        worked[day.replace(day=1)] += day in workdays
    total, contacts, every = (
        sum(fte.values()),
        sum(found for _, found in days.values()),
        sum(worked.values()),
    )
    if not every:
        return []
    first = min(month for month, count in worked.items() if count)
    made = []
    for month in (_later(first, ahead) for ahead in range(months)):
        planned = planned_contacts.get(month)
        if worked[month]:
            made.append(Need(month, fte[month] / worked[month], "forecast", worked[month]))
        elif planned is not None and contacts:
            made.append(
                Need(
                    month,
                    total / contacts * planned / _workdays(month, workdays),
                    "contacts planned",
                    0,
                )
            )
        else:
            made.append(Need(month, total / every, "as forecast before", 0))
    return made


def _later(month: date, ahead: int) -> date:
    years, place = divmod(month.month - 1 + ahead, 12)
    return date(month.year + years, place + 1, 1)


def _workdays(month: date, workdays: AbstractSet[date]) -> int:
    known = sum(day.replace(day=1) == month for day in workdays)
    return known or int(np.busday_count(month, _later(month, 1)))


def plan(need: Sequence[float], start: float, hiring: Hiring) -> list[Month]:
    """Months in order.

    Joiners come as soon as hiring can bring them, early enough to be productive where that is
    possible.

    gap = productive - need; negative where the need cannot be met in time. leavers come from all
    heads, new ones too.
    """
    cohorts: list[float] = []  # heads by months since joining, youngest first
    tenured, months, joined = start, [], []
    for place in range(len(need)):
        begin = tenured + sum(cohorts)
        stay = 1 - hiring.monthly_attrition
        tenured, cohorts = tenured * stay, [c * stay for c in cohorts]
        count = (
            _joiners(need, place, tenured, cohorts, hiring) if place >= hiring.lead_months else 0
        )
        cohorts.insert(0, float(count))
        joined.append(count)
        shares = [
            hiring.ramp[age] if age < len(hiring.ramp) else 1.0 for age in range(len(cohorts))
        ]
        productive = tenured + sum(c * s for c, s in zip(cohorts, shares, strict=True))
        training = sum(c for c, s in zip(cohorts, shares, strict=True) if s < 1)
        end = tenured + sum(cohorts)
        months.append(
            Month(
                need[place],
                begin,
                begin - (end - count),
                count,
                training,
                productive,
                end,
                productive - need[place],
                0,
            )
        )
        while len(cohorts) > len(hiring.ramp):
            tenured += cohorts.pop()
    requests = [*joined[hiring.lead_months :], *[0] * hiring.lead_months][: len(months)]
    return [
        Month(m.need, m.start, m.leavers, m.joiners, m.in_training, m.productive, m.end, m.gap, r)
        for m, r in zip(months, requests, strict=True)
    ]


def _joiners(
    need: Sequence[float], place: int, tenured: float, cohorts: Sequence[float], hiring: Hiring
) -> int:
    """So many that when they are fully productive the need of that month is met by those who are
    left then.

    A peak that is over by then is not hired for; after the last month its need goes on.
    """
    stay = (1 - hiring.monthly_attrition) ** len(hiring.ramp)
    short = need[min(place + len(hiring.ramp), len(need) - 1)] - (tenured + sum(cohorts)) * stay
    return max(ceil(round(short / stay, 9)), 0)
