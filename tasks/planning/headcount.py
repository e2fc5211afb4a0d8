"""Headcount by month: need, leavers, joiners, people in training, and when hiring has to begin."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date
from math import ceil

import numpy as np


@dataclass(frozen=True, slots=True)
class Hiring:
    """Terms of hiring.

    `yearly_attrition` is the share of people that leave in a year, `ramp` the share of full output
    by month since joining; `lead_months` pass from the request to the first day.
    """

    yearly_attrition: float = 0.25
    lead_months: int = 2
    ramp: tuple[float, ...] = (0.0, 0.5, 0.8)

    @property
    def monthly_attrition(self) -> float:
        """Share that leaves in a month: 1 - (1 - yearly)^(1/12)."""
        return float(1 - (1 - self.yearly_attrition) ** (1 / 12))

    def output(self, months: int) -> float:
        """Share of full output of someone who joined this many months ago."""
        return self.ramp[months] if months < len(self.ramp) else 1.0


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the plan, in full-time equivalents; `request` people are requested in it."""

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
    """Full-time agents of a month, the source of the figure, and its work days forecast."""

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
    """Needs from the first month with a work day forecast.

    `days` are agents and contacts by day forecast, `planned_contacts` contacts by month. A month's
    need is as forecast, by work day. After the forecast it is the need of the month's planned
    contacts, at the agents that a contact takes in the forecast; without a plan it is as over all
    days forecast. Weekdays are work days beyond the end of `workdays`.
    """
    fte: dict[date, float] = defaultdict(float)
    worked: dict[date, int] = defaultdict(int)
    for day, (agents, _) in days.items():
        fte[day.replace(day=1)] += agents
        worked[day.replace(day=1)] += day in workdays
    total_fte, total_worked = sum(fte.values()), sum(worked.values())
    contacts = sum(count for _, count in days.values())
    if not total_worked:
        return []
    first = min(month for month, count in worked.items() if count)
    listed = []
    for month in (_later(first, ahead) for ahead in range(months)):
        planned = planned_contacts.get(month)
        if worked[month]:
            need = Need(month, fte[month] / worked[month], "forecast", worked[month])
        elif planned is not None and contacts:
            by_contacts = total_fte / contacts * planned / _workdays(month, workdays)
            need = Need(month, by_contacts, "contacts planned", 0)
        else:
            need = Need(month, total_fte / total_worked, "as forecast before", 0)
        listed.append(need)
    return listed


def _later(month: date, ahead: int) -> date:
    years, place = divmod(month.month - 1 + ahead, 12)
    return date(month.year + years, place + 1, 1)


def _workdays(month: date, workdays: AbstractSet[date]) -> int:
    known = sum(day.replace(day=1) == month for day in workdays)
    return known or int(np.busday_count(month, _later(month, 1)))


def plan(need: Sequence[float], start: float, hiring: Hiring) -> list[Month]:
    """Months in order, from `start` people and the need of each month.

    Joiners come as soon as hiring can bring them, early enough to be productive where that is
    possible. Leavers come from all people, new ones too. gap = productive - need; it is negative
    where the need cannot be met in time.
    """
    stay = 1 - hiring.monthly_attrition
    cohorts: list[float] = []  # people by months since joining, youngest first
    tenured, months = start, []
    for place in range(len(need)):
        begin = tenured + sum(cohorts)
        tenured, cohorts = tenured * stay, [people * stay for people in cohorts]
        can_join = place >= hiring.lead_months
        joiners = _joiners(need, place, tenured + sum(cohorts), hiring) if can_join else 0
        cohorts.insert(0, float(joiners))
        months.append(_month(need[place], begin, joiners, tenured, cohorts, hiring))
        while len(cohorts) > len(hiring.ramp):
            tenured += cohorts.pop()
    return _with_requests(months, hiring.lead_months)


def _month(
    need: float,
    begin: float,
    joiners: int,
    tenured: float,
    cohorts: Sequence[float],
    hiring: Hiring,
) -> Month:
    outputs = [(people, hiring.output(age)) for age, people in enumerate(cohorts)]
    productive = tenured + sum(people * share for people, share in outputs)
    end = tenured + sum(cohorts)
    return Month(
        need=need,
        start=begin,
        leavers=begin - (end - joiners),
        joiners=joiners,
        in_training=sum(people for people, share in outputs if share < 1),
        productive=productive,
        end=end,
        gap=productive - need,
        request=0,
    )


def _with_requests(months: Sequence[Month], lead_months: int) -> list[Month]:
    """Each month's joiners are requested the lead time before."""
    joined = [month.joiners for month in months]
    requests = [*joined[lead_months:], *[0] * lead_months]
    return [
        replace(month, request=request)
        for month, request in zip(months, requests[: len(months)], strict=True)
    ]


def _joiners(need: Sequence[float], place: int, people: float, hiring: Hiring) -> int:
    """People to join now, so that those left then meet the need when they are fully productive.

    A peak that is over by then is not hired for; the last month's need continues after it.
    """
    ramp = len(hiring.ramp)
    stay = (1 - hiring.monthly_attrition) ** ramp
    short = need[min(place + ramp, len(need) - 1)] - people * stay
    return max(ceil(round(short / stay, 9)), 0)
