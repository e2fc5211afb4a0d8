"""Opens the whole sandbox: every fake vendor on loopback, and the plan files of the made-up
organisation.
"""

import csv
import importlib
import pkgutil
from collections.abc import Iterator, Mapping
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
    {"survey_id": "310002", "question_id": "911", "metric": "nps", "scale_min": 0, "scale_max": 10},
]


_SHARE = 0.2  # of the organisation's tickets, told by each of the smaller desks


def desks() -> dict[str, DeskAccount]:
    """Give the smaller helpdesks: each module of `vendors` with a constant SANDBOX, by its name."""
    names = sorted(info.name for info in pkgutil.iter_modules(vendors.__path__))
    modules = {name: importlib.import_module(f"{vendors.__name__}.{name}") for name in names}
    return {name: m.SANDBOX for name, m in modules.items() if hasattr(m, "SANDBOX")}


_DESKS = desks()


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
    """The part of the organisation that one of the smaller desks tells; the same for the same span."""
    return World(seed=seed, first=first, last=last, daily=daily, story=story)


@contextmanager
def open_sandbox(
    folder: Path,
    *,
    today: date | None = None,
    daily: float = 17.0,
    port: int = 0,
    world: World | None = None,
) -> Iterator[Sandbox]:
    """Serve every fake vendor as of midnight UTC at the start of `today`; plan files are written to
    `folder`.
    """
    day = today or datetime.now(UTC).date()
    clock = datetime(day.year, day.month, day.day, tzinfo=UTC)
    world = world or World(first=first_day(day), last=day - timedelta(days=1), daily=daily)
    fakes: dict[str, Fake] = {
        "zendesk": Zendesk(world, clock=clock),
        "hubspot": HubSpot(world, clock=clock),
        "servicenow": ServiceNow(Company(world), clock=clock),
        "surveymonkey": SurveyMonkey(world, clock=clock),
    }
    for name, (desk, _, _) in _DESKS.items():
        own = _part(world.seed, world.first, world.last, world.daily * _SHARE, name)
        fakes[name] = desk(own, clock=clock)
        fakes |= {
            survey: fake(own, clock=clock)
            for survey, (fake, told_by, _, _) in _SURVEYS.items()
            if told_by == name
        }
    more = {name: (given, secrets) for name, (_, given, secrets) in _DESKS.items()} | {
        name: (given, secrets) for name, (_, _, given, secrets) in _SURVEYS.items()
    }
    files = write_plans(world, folder, day)
    start = datetime(world.first.year, world.first.month, world.first.day, tzinfo=UTC) - timedelta(
        days=1
    )
    with ExitStack() as stack:
        urls = {
            name: stack.enter_context(Served(fake, port + place if port else 0)).url
            for place, (name, fake) in enumerate(fakes.items())
        }
        common = {"start": start, "requests_per_minute": 0}
        accounts: tuple[Mapping[str, Any], ...] = (
            {
                "connector": "zendesk",
                "name": "zendesk_acme",
                "base_url": urls["zendesk"],
                "subdomain": "alderfinch",
                "email": "etl@alderfinch.example",
                "escalation_teams": ["Tier 2"],
                **common,
            },
            {"connector": "hubspot", "name": "hubspot_acme", "base_url": urls["hubspot"], **common},
            {
                "connector": "servicenow",
                "name": "servicenow_acme",
                "base_url": urls["servicenow"],
                "instance": "alderfinch",
                "user": "etl",
                **common,
            },
            {
                "connector": "surveymonkey",
                "name": "surveymonkey_acme",
                "base_url": urls["surveymonkey"],
                "scores": _SCORES,
                **common,
            },
            *(
                {
                    "connector": name,
                    "name": f"{name}_acme",
                    "base_url": urls[name],
                    **given,
                    **common,
                }
                for name, (given, _) in more.items()
            ),
            {"connector": "files", "name": "plans", **files},
        )
        secrets = {
            "SUPPORT_ETL_SECRET_ZENDESK_ACME_API_TOKEN": "zendesk-demo-token",
            "SUPPORT_ETL_SECRET_HUBSPOT_ACME_ACCESS_TOKEN": "hubspot-demo-token",
            "SUPPORT_ETL_SECRET_SERVICENOW_ACME_PASSWORD": "servicenow-demo-password",
            "SUPPORT_ETL_SECRET_SURVEYMONKEY_ACME_ACCESS_TOKEN": "surveymonkey-demo-token",
            **{
                f"SUPPORT_ETL_SECRET_{name}_ACME_{secret}".upper(): value
                for name, (_, secrets) in more.items()
                for secret, value in secrets.items()
            },
        }
        yield Sandbox(accounts, secrets, fakes, clock)


def write_plans(world: World, folder: Path, today: date) -> dict[str, str]:
    """Budget, costs, headcount and KPI targets as CSV files.

    Costs are posted up to yesterday: pay on workdays, the rest on the first.
    """
    import random

    pick = random.Random(f"{world.seed}-money")
    folder.mkdir(parents=True, exist_ok=True)
    months = _months(world.first, today)
    budget: list[dict[str, Any]] = []
    costs: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []
    for month in months:
        for team in world.teams:
            heads = sum(a.team is team and a.works_on(month) for a in world.agents)
            minutes = 33 if "Tier 2" in team.name else 24
            people.append(
                {
                    "month_on": month,
                    "team": team.name,
                    "fte": heads * _FTE_PER_AGENT,
                    "handle_minutes": minutes,
                    "monthly_cost": 5200,
                    "contacts": round(heads * _FTE_PER_AGENT * 5700 / minutes),
                }
            )
            for category, (kind, rate) in _CATEGORIES.items():
                amount = round(heads * _FTE_PER_AGENT * rate, 2)
                by_seat = category in _BY_SEAT
                budget.append(
                    {
                        "version": "original",
                        "month_on": month,
                        "team": team.name,
                        "category": category,
                        "kind": kind,
                        "amount": None if by_seat else amount,
                        "currency": "EUR",
                        "driver": "fte" if by_seat else None,
                        "driver_rate": rate if by_seat else None,
                    }
                )
                costs += _postings(pick, month, today, team.name, category, kind, amount)
    targets = [
        {"kpi": kpi, "team": team, "valid_from_on": months[0], "target": target}
        for kpi, team, target in _TARGETS
    ]
    for name, rows in (
        ("budget_lines", budget),
        ("cost_entries", costs),
        ("headcount_plan", people),
        ("kpi_targets", targets),
    ):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return {
        name: str(folder / f"{name}.csv")
        for name in ("budget_lines", "cost_entries", "headcount_plan", "kpi_targets")
    }


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
