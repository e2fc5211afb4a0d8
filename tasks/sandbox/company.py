"""Opens the whole sandbox: every fake vendor on loopback, and the plan files of the made-up
organisation.
"""

import csv
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from tasks.sandbox import vendors
from tasks.sandbox.desk import DeskAccount
from tasks.sandbox.fake import Fake, Served
from tasks.sandbox.vendors.hubspot import HubSpot
from tasks.sandbox.vendors.medallia import Medallia
from tasks.sandbox.vendors.qualtrics import Qualtrics
from tasks.sandbox.vendors.servicenow import Company, ServiceNow
from tasks.sandbox.vendors.surveymonkey import SurveyMonkey
from tasks.sandbox.vendors.typeform import Typeform
from tasks.sandbox.vendors.zendesk import Zendesk
from tasks.sandbox.world import World

_MONTHS_BACK = 13
_DAYS_AHEAD = 60  # of history that a moving clock will show
_FTE_PER_AGENT = 0.25  # agents of the story have other work, too
_CATEGORIES = {
    "labour": ("variable", 5200.0),
    "licences": ("fixed", 95.0),
    "telephony": ("fixed", 30.0),
    "training": ("fixed", 60.0),
}
_BY_SEAT = {"licences"}  # planned by the seat, paid by the quarter
_TARGETS = (
    ("csat", "", 0.8),
    ("sla_attainment", "", 0.9),
    ("first_reply_time", "", 240),
    ("first_reply_time", "Billing", 300),
    ("backlog", "Tier 1 EMEA", 60),
)
_SCORES = [
    {
        "survey_id": "310001",
        "question_id": "901",
        "metric": "ces",
        "scale_min": 1,
        "scale_max": 7,
        "ticket_account": "zendesk_acme",
    },
    {
        "survey_id": "310002",
        "question_id": "911",
        "metric": "nps",
        "scale_min": 0,
        "scale_max": 10,
    },
]


_SHARE = 0.2  # of the organisation's tickets, told by each of the smaller desks


def desks() -> dict[str, DeskAccount]:
    """Give the smaller helpdesks: each module of `vendors` with a constant SANDBOX, by its name."""
    names = sorted(info.name for info in pkgutil.iter_modules(vendors.__path__))
    modules = {name: importlib.import_module(f"{vendors.__name__}.{name}") for name in names}
    return {name: m.SANDBOX for name, m in modules.items() if hasattr(m, "SANDBOX")}


_DESKS = desks()


_MAIN: dict[str, tuple[Mapping[str, Any], Mapping[str, str]]] = {  # settings, secrets
    "zendesk": (
        {
            "subdomain": "alderfinch",
            "email": "etl@alderfinch.example",
            "escalation_teams": ["Tier 2"],
            "fields": {
                "contact_reason": "Contact reason",
                "brand": "brand",
                "tags": "tags",
                "plan": {"field": "plan", "of": "organization"},
            },
        },
        {"api_token": "zendesk-demo-token"},
    ),
    "hubspot": (
        {
            "statuses": {"On hold": "hold"},
            "channels": {"API": "api"},
            "fields": {
                "contact_reason": "Contact reason",
                "brand": "hs_all_assigned_business_unit_ids",
                "tags": "labels",
                "plan": {"field": "plan", "of": "organization"},
                "language": {"field": "hs_language", "of": "customer"},
            },
        },
        {"access_token": "hubspot-demo-token"},
    ),
    "servicenow": (
        {
            "instance": "alderfinch",
            "user": "etl",
            "time_zone": "Europe/Berlin",
            "fields": {
                "contact_reason": "Contact reason",
                "brand": "u_brand",
                "products": "Products",
                "plan": {"field": "Plan", "of": "organization"},
                "language": {"field": "u_language", "of": "customer"},
            },
        },
        {"password": "servicenow-demo-password"},
    ),
    "surveymonkey": ({"scores": _SCORES}, {"access_token": "surveymonkey-demo-token"}),
}


_SURVEYS: dict[
    str, tuple[Any, str, Mapping[str, Any], Mapping[str, str]]
] = {  # fake, the desk whose customers answer, settings, secrets
    "typeform": (
        Typeform,
        "freshdesk",
        {
            "scores": [
                {
                    "survey_id": "e4fFrt",
                    "question_id": "ces_score",
                    "metric": "ces",
                    "ticket_account": "freshdesk_acme",
                },
                {"survey_id": "u6nXL7", "question_id": "nps_score", "metric": "nps"},
            ]
        },
        {"access_token": "typeform-demo-token"},
    ),
    "qualtrics": (
        Qualtrics,
        "intercom",
        {
            "datacenter": "fra1",
            "scores": [
                {
                    "survey_id": "SV_3k9EffortSurvey",
                    "question_id": "QID1",
                    "metric": "ces",
                    "scale_min": 1,
                    "scale_max": 7,
                    "ticket_account": "intercom_acme",
                },
                {
                    "survey_id": "SV_8p2Relationship",
                    "question_id": "QID1",
                    "metric": "nps",
                    "scale_min": 0,
                    "scale_max": 10,
                },
            ],
        },
        {"api_token": "qualtrics-demo-token"},
    ),
    "medallia": (
        Medallia,
        "jira",
        {
            "tenant": "alderfinch",
            "instance": "alderfinch",
            "company": "alderfinch",
            "scores": [
                {
                    "question_id": "e_ces_score",
                    "metric": "ces",
                    "scale_min": 1,
                    "scale_max": 7,
                    "ticket_account": "jira_acme",
                },
                {
                    "question_id": "e_nps_score",
                    "metric": "nps",
                    "scale_min": 0,
                    "scale_max": 10,
                },
            ],
        },
        {"client_id": "md-client", "client_secret": "medallia-demo-secret"},
    ),
}


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The open sandbox: settings of its accounts and their secrets (both as a user would give
    them).
    """

    accounts: tuple[Mapping[str, Any], ...]
    secrets: Mapping[str, str]
    fakes: Mapping[str, Fake]
    clock: datetime


def first_day(today: date) -> date:
    """The first day of the organisation's history: the first of a month, thirteen months before."""
    month = today.year * 12 + today.month - 1 - _MONTHS_BACK
    return date(month // 12, month % 12 + 1, 1)


@cache
def _part(seed: int, first: date, last: date, daily: float, story: str) -> World:
    """The part of the organisation that one of the smaller desks reports, the same each time."""
    return World(seed=seed, first=first, last=last, daily=daily, story=story)


@contextmanager
def open_sandbox(
    folder: Path,
    *,
    today: date | None = None,
    daily: float = 17.0,
    port: int = 0,
    world: World | None = None,
    time: Callable[[], datetime] | None = None,
) -> Iterator[Sandbox]:
    """Serve every fake vendor as of midnight UTC of `today`; plan files are written to `folder`.

    With `time`, such as a MovingClock, they answer as of what it says at each request.
    """
    day = time().date() if time else today or datetime.now(UTC).date()
    clock = time() if time else datetime(day.year, day.month, day.day, tzinfo=UTC)
    world = world or World(first=first_day(day), last=_last_day(day, time), daily=daily)
    fakes = _fakes(world, clock)
    for fake in fakes.values():
        fake.time = time
    files = write_plans(world, folder, day)
    begin = datetime(world.first.year, world.first.month, world.first.day, tzinfo=UTC)
    common = {"start": begin - timedelta(days=1), "requests_per_minute": 0}
    with ExitStack() as stack:
        accounts: list[Mapping[str, Any]] = []
        for place, (name, fake) in enumerate(fakes.items()):
            served = stack.enter_context(Served(fake, port + place if port else 0))
            own = {
                "connector": name,
                "name": f"{name}_acme",
                "base_url": served.url,
            }
            accounts.append(
                {
                    **own,
                    **_given(name),
                    **common,
                }
            )
        accounts.append(
            {
                "connector": "files",
                "name": "plans",
                **files,
            }
        )
        secrets = {
            f"SUPPORT_ETL_SECRET_{name}_ACME_{secret}".upper(): value
            for name in fakes
            for secret, value in _secrets(name).items()
        }
        yield Sandbox(tuple(accounts), secrets, fakes, clock)


def _last_day(day: date, time: Callable[[], datetime] | None) -> date:
    """The day before a clock that stands still; far ahead of the present for one that moves."""
    if time is None:
        return day - timedelta(days=1)
    return datetime.now(UTC).date() + timedelta(days=_DAYS_AHEAD)


def _fakes(world: World, clock: datetime) -> dict[str, Fake]:
    """Every fake by its vendor. A smaller helpdesk and its survey tool report the same part."""
    fakes: dict[str, Fake] = {
        "zendesk": Zendesk(world, clock=clock),
        "hubspot": HubSpot(world, clock=clock),
        "servicenow": ServiceNow(Company(world), clock=clock),
        "surveymonkey": SurveyMonkey(world, clock=clock),
    }
    for name, (desk, _, _) in _DESKS.items():
        own = _part(world.seed, world.first, world.last, world.daily * _SHARE, name)
        fakes[name] = desk(own, clock=clock)
        for survey, (fake, reported_by, _, _) in _SURVEYS.items():
            if reported_by == name:
                fakes[survey] = fake(own, clock=clock)
    return fakes


def _given(name: str) -> Mapping[str, Any]:
    """Settings of a vendor's account."""
    if name in _MAIN:
        return _MAIN[name][0]
    return _DESKS[name].settings if name in _DESKS else _SURVEYS[name][2]


def _secrets(name: str) -> Mapping[str, str]:
    """Secrets of a vendor's account."""
    if name in _MAIN:
        return _MAIN[name][1]
    return _DESKS[name].secrets if name in _DESKS else _SURVEYS[name][3]


def write_plans(world: World, folder: Path, today: date) -> dict[str, str]:
    """Budget, costs, headcount and KPI targets as CSV files.

    Costs are posted up to yesterday: pay on workdays, the rest on the first.
    """
    import random

    pick = random.Random(f"{world.seed}-money")
    folder.mkdir(parents=True, exist_ok=True)
    months = _months(world.first, today)
    tables: dict[str, list[dict[str, Any]]] = {
        "budget_lines": [],
        "cost_entries": [],
        "headcount_plan": [],
        "kpi_targets": [
            {
                "kpi": kpi,
                "team": team,
                "valid_from_on": months[0],
                "target": target,
            }
            for kpi, team, target in _TARGETS
        ],
    }
    for month in months:
        for team in world.teams:
            fte = sum(a.team is team and a.works_on(month) for a in world.agents) * _FTE_PER_AGENT
            tables["headcount_plan"].append(_planned_people(month, team.name, fte))
            for category, (kind, rate) in _CATEGORIES.items():
                amount = round(fte * rate, 2)
                line = _budget_line(month, team.name, category, amount)
                tables["budget_lines"].append(line)
                tables["cost_entries"] += _postings(
                    pick, month, today, team.name, category, kind, amount
                )
    return {name: str(_write_csv(folder / f"{name}.csv", rows)) for name, rows in tables.items()}


def _planned_people(month: date, team: str, fte: float) -> dict[str, Any]:
    minutes = 33 if "Tier 2" in team else 24
    return {
        "month_on": month,
        "team": team,
        "fte": fte,
        "handle_minutes": minutes,
        "monthly_cost": 5200,
        "contacts": round(fte * 5700 / minutes),
    }


def _budget_line(month: date, team: str, category: str, amount: float) -> dict[str, Any]:
    kind, rate = _CATEGORIES[category]
    by_seat = category in _BY_SEAT
    return {
        "version": "original",
        "month_on": month,
        "team": team,
        "category": category,
        "kind": kind,
        "amount": None if by_seat else amount,
        "currency": "EUR",
        "driver": "fte" if by_seat else None,
        "driver_rate": rate if by_seat else None,
    }


def _write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _postings(
    pick: Any, month: date, today: date, team: str, category: str, kind: str, amount: float
) -> Iterator[dict[str, Any]]:
    following = _next(month)
    service: dict[str, date | None] = {"service_from_on": None, "service_until_on": None}
    if category in _BY_SEAT:
        if month.month % 3 != 1:
            return
        service = {
            "service_from_on": month,
            "service_until_on": _next(_next(following)) - timedelta(days=1),
        }
        amount *= 3
    days = [month + timedelta(days=i) for i in range((following - month).days)]
    posted = [d for d in days if d.weekday() < 5] if kind == "variable" else days[:1]
    drift = pick.uniform(0.96, 1.07)
    for day in posted:
        share = amount / len(posted) * drift * pick.uniform(0.97, 1.03)
        if day < today:
            yield {
                "entry_id": f"{day:%Y%m%d}-{team}-{category}".replace(" ", "_"),
                "posted_on": day,
                "team": team,
                "category": category,
                "amount": round(share, 2),
                "currency": "EUR",
                **service,
            }


def _next(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def _months(first: date, today: date) -> list[date]:
    found, month = [], first.replace(day=1)
    while month <= today + timedelta(days=40):
        found.append(month)
        month = _next(month)
    return found
