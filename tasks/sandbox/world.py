"""The made-up organisation: Alder & Finch, outdoor equipment. Seeded and deterministic.

Every day's tickets come from a generator of that day alone, with their whole life to come, so the
same day tells the same story whenever it is asked about; a fake vendor shows what has happened up
to its own clock.
"""

import math
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from tasks.sandbox.story import (
    ALWAYS,
    BERLIN,
    LUNCH,
    NEW_YORK,
    NIGHTS,
    Agent,
    Change,
    Company,
    Note,
    Person,
    Rating,
    Schedule,
    Score,
    Team,
    Ticket,
)

_FIRST = (
    "Ana",
    "Bo",
    "Chidi",
    "Dana",
    "Emil",
    "Fatou",
    "Goran",
    "Hana",
    "Ivo",
    "Jun",
    "Kaya",
    "Lena",
    "Mats",
    "Noor",
    "Otto",
    "Pia",
    "Quinn",
    "Rosa",
    "Sami",
    "Tove",
    "Uma",
    "Vera",
    "Wim",
    "Xenia",
    "Yan",
    "Zoe",
)
_LAST = (
    "Ruiz",
    "Berg",
    "Okoro",
    "Lindt",
    "Marek",
    "Diallo",
    "Novak",
    "Sato",
    "Petrov",
    "Park",
    "Demir",
    "Vogel",
    "Holm",
    "Aziz",
    "Braun",
    "Costa",
    "Reed",
    "Marin",
    "Haddad",
    "Lund",
)
_COMPANY = (
    "Northgate",
    "Bluefell",
    "Kestrel",
    "Larkspur",
    "Highmoor",
    "Stonebridge",
    "Redwater",
    "Silverpine",
    "Oakhurst",
    "Windrow",
    "Fernhill",
    "Marlow",
    "Ashford",
    "Coldbrook",
    "Duskfield",
)
_KIND = ("Sports", "Outfitters", "Trading", "Retail", "Expeditions")
_TOPICS = (
    "Order has not arrived",
    "Zip is broken",
    "Wrong size delivered",
    "Invoice is missing",
    "Cannot log in",
    "Tent pole snapped",
    "Refund not received",
    "How do I wash the jacket",
    "Delivery address change",
    "Discount code refused",
    "Spare part wanted",
    "App shows an error",
)
_SPEED = {
    "urgent": 0.25,
    "high": 0.6,
    "normal": 1.0,
    "low": 1.6,
}  # length of a step, by priority
_WEEKDAY = (1.25, 1.12, 1.05, 1.0, 0.92, 0.35, 0.28)
_CHANNELS = {
    "email": 0.5,
    "web": 0.3,
    "chat": 0.15,
    "api": 0.05,
}
_PRIORITIES = {
    "low": 0.2,
    "normal": 0.55,
    "high": 0.19,
    "urgent": 0.06,
}


class World:
    """The organisation from `first` on.

    `daily` is the mean number of tickets a day over all desks at the start.

    Worlds that differ in `story` have the same people and other tickets: each helpdesk tells its
    own part.
    """

    def __init__(
        self, *, seed: int = 7, first: date, last: date, daily: float = 17.0, story: str = ""
    ) -> None:
        self.seed = seed
        self.first = first
        self.last = last
        self.daily = daily
        self.story = story
        pick = random.Random(f"{seed}-people")
        self.teams = (
            Team(101, "Tier 1 EMEA", "zendesk", BERLIN, 0.26, BERLIN),
            Team(102, "Tier 1 Americas", "zendesk", NEW_YORK, 0.22, NEW_YORK),
            Team(103, "Tier 2", "zendesk", BERLIN, 0.08, ALWAYS),
            Team(104, "Billing", "zendesk", BERLIN, 0.10, LUNCH),
            Team(105, "Customer Success", "hubspot", NEW_YORK, 0.14, NEW_YORK),
            Team(106, "Repairs", "servicenow", BERLIN, 0.12, BERLIN),
            Team(107, "Logistics", "servicenow", BERLIN, 0.08, NIGHTS),
        )
        self.companies = tuple(self._companies(pick))
        self.people = tuple(self._people(pick))
        self.agents = tuple(self._agents(pick))

    def _companies(self, pick: random.Random) -> Iterator[Company]:
        names = [f"{a} {b}" for a in _COMPANY for b in _KIND]
        pick.shuffle(names)
        for number, name in enumerate(names[:60], 1):
            since = _at(self.first) - timedelta(
                days=pick.randint(30, 900), hours=pick.randint(0, 23)
            )
            domain = name.lower().replace(" ", "-") + ".example"
            yield Company(number, name, domain, pick.choice(("DE", "FR", "US", "CA", "SE")), since)

    def _people(self, pick: random.Random) -> Iterator[Person]:
        for number in range(1, 421):
            name = f"{pick.choice(_FIRST)} {pick.choice(_LAST)}"
            company = pick.choice(self.companies) if pick.random() < 0.8 else None
            domain = company.domain if company else "mail.example"
            email = f"{name.lower().replace(' ', '.')}.{number}@{domain}"
            yield Person(
                number, name, email, company, _at(self.first) - timedelta(days=pick.randint(1, 800))
            )

    def _agents(self, pick: random.Random) -> Iterator[Agent]:
        number = 0
        for team in self.teams:
            for place in range(max(3, round(team.share * 24))):
                number += 1
                name = f"{_FIRST[(number * 7) % len(_FIRST)]} {_LAST[(number * 3) % len(_LAST)]}"
                hired = self.first - timedelta(days=pick.randint(100, 1500))
                left = None
                if place == 2:
                    hired = self.first + timedelta(days=pick.randint(60, 180))
                if place == 3:
                    left = self.first + timedelta(days=pick.randint(150, 300))
                yield Agent(number, name, f"agent{number}@alderfinch.example", team, hired, left)

    @cached_property
    def tickets(self) -> tuple[Ticket, ...]:
        """All tickets opened from the first to the last day, in order."""
        return tuple(
            t
            for offset in range((self.last - self.first).days + 1)
            for t in self._day(self.first + timedelta(days=offset))
        )

    def promised(self, team: str | None) -> Schedule:
        """The hours of a team's tickets; of tickets without a team, the first schedule."""
        return next((t.promised for t in self.teams if str(t.number) == team), BERLIN)

    def schedule_at(self, ticket: Ticket, now: datetime) -> Schedule:
        """The schedule of a ticket, which moves with its team."""
        return self.promised(ticket.value_at("team", now))

    def of_desk(self, desk: str) -> tuple[Ticket, ...]:
        """Tickets of one helpdesk."""
        return tuple(t for t in self.tickets if t.desk == desk)

    def agents_of(self, desk: str) -> tuple[Agent, ...]:
        """Agents of one helpdesk."""
        return tuple(a for a in self.agents if a.team.desk == desk)

    @cached_property
    def scores(self) -> tuple[Score, ...]:
        """Answers to the two SurveyMonkey surveys, in order."""
        found = []
        for ticket in self.tickets:
            pick = random.Random(f"{self.seed}-score-{ticket.number}")
            solved = next(
                (c.at for c in ticket.changes if c.field == "status" and c.after == "solved"), None
            )
            if ticket.desk == "zendesk" and solved and pick.random() < 0.2:
                at = solved + timedelta(minutes=pick.randint(30, 4000))
                found.append(
                    Score(
                        ticket.number,
                        "effort",
                        at,
                        ticket.requester,
                        ticket.number,
                        pick.choices((7, 6, 5, 4, 3, 2, 1), (30, 28, 18, 10, 7, 4, 3))[0],
                        pick.randint(8, 90),
                    )
                )
            elif pick.random() < 0.04:
                at = ticket.created_at + timedelta(minutes=pick.randint(60, 9000))
                found.append(
                    Score(
                        ticket.number,
                        "relationship",
                        at,
                        ticket.requester,
                        None,
                        pick.choices((10, 9, 8, 7, 6, 4, 2), (24, 26, 20, 12, 9, 6, 3))[0],
                        pick.randint(8, 90),
                    )
                )
        return tuple(sorted(found, key=lambda s: (s.at, s.number)))

    def _volume(self, day: date) -> float:
        weeks = (day - self.first).days / 7
        growth = 1 + 0.006 * weeks
        season = 1 + 0.12 * math.sin(2 * math.pi * (day.timetuple().tm_yday - 60) / 365)
        peak = 1.35 if day.month == 12 and 1 <= day.day <= 23 else 1.0
        closed = 0.3 if BERLIN.is_holiday(day) else 1.0
        return self.daily * growth * season * peak * closed * _WEEKDAY[day.weekday()]

    def _incident(self, day: date) -> bool:
        """A product incident: a bad firmware in the second week of the third month."""
        return (day - self.first).days // 2 == 36

    def _day(self, day: date) -> Iterator[Ticket]:
        pick = random.Random(f"{self.seed}{self.story}-{day.isoformat()}")
        count = _poisson(pick, self._volume(day) * (2.6 if self._incident(day) else 1.0))
        base = (day.toordinal() - 700_000) * 1000
        todays: list[Ticket] = []
        for number in sorted(base + i for i in range(count)):
            ticket = self._ticket(pick, day, number, todays)
            todays.append(ticket)
            yield ticket

    def _ticket(
        self, pick: random.Random, day: date, number: int, earlier: Sequence[Ticket]
    ) -> Ticket:
        team = pick.choices(self.teams, [t.share for t in self.teams])[0]
        hour = min(23, max(0, int(pick.gauss(13, 3.4))))
        zone = ZoneInfo(team.schedule.zone)
        created = datetime(
            day.year,
            day.month,
            day.day,
            hour,
            pick.randint(0, 59),
            pick.randint(0, 59),
            tzinfo=zone,
        )
        created = created.astimezone(UTC)
        incident = self._incident(day) and pick.random() < 0.6
        ticket = Ticket(
            number=number,
            desk=team.desk,
            created_at=created,
            requester=pick.choice(self.people),
            team=team,
            channel=_choice(pick, _CHANNELS),
            priority="high" if incident else _choice(pick, _PRIORITIES),
            topic="App shows an error" if incident else pick.choice(_TOPICS),
            kind=(
                "incident" if incident else pick.choice(("question", "problem", "task", "incident"))
            ),
            problem=incident,
        )
        _Life(self, pick, ticket, earlier).live()
        return ticket


class _Life:
    """Makes up what happens to one ticket."""

    def __init__(
        self, world: World, pick: random.Random, ticket: Ticket, earlier: Sequence[Ticket]
    ) -> None:
        self.world = world
        self.pick = pick
        self.ticket = ticket
        self.earlier = earlier
        self.status = "new"
        self.assignee = None
        self.team = ticket.team
        self.at = ticket.created_at
        self.agent: Agent | None = None

    def live(self) -> None:
        ticket, pick = self.ticket, self.pick
        self._change("status", "new", 0)
        self._change("team", str(ticket.team.number), 0)
        self._change("priority", ticket.priority, 0)
        ticket.notes.append(
            Note(ticket.created_at, "customer", ticket.requester.number, True, ticket.topic)
        )
        fate = pick.random()
        if fate < 0.012:
            ticket.deleted_at = self._later(0.2, 3)
            return
        same_desk = [
            t
            for t in self.earlier
            if t.desk == ticket.desk and not t.deleted_at and t.merged_into is None
        ]
        if fate < 0.03 and same_desk:
            self._merge(same_desk[-1])
            return
        if fate < 0.05:
            return  # waits for ever
        self._work()

    def _work(self) -> None:
        ticket, pick = self.ticket, self.pick
        speed = _SPEED[ticket.priority] * (2.5 if ticket.problem else 1)
        self.at = self._open_later(pick.lognormvariate(3.6, 0.8) * speed)
        if not self._assign():
            return
        if pick.random() < 0.15:
            self._escalate()
        self.at = self._open_later(pick.lognormvariate(3.9, 0.8) * speed)
        self._reply("We are looking into it.")
        self._change("status", "open" if pick.random() < 0.5 else "pending", self._who())
        for _ in range(pick.choices((0, 1, 2, 3), (45, 30, 17, 8))[0]):
            self._exchange(speed)
        if pick.random() < 0.07:
            self.at = self._open_later(pick.uniform(20, 200))
            self._change("status", "hold", self._who())
            self.at = self._open_later(pick.lognormvariate(7, 0.6))
            self._change("status", "open", self._who())
        self.at = self._open_later(pick.lognormvariate(5.0, 1.0) * speed)
        self._solve()
        if pick.random() < 0.08:
            self._reopen(speed)
        if self.status == "solved":
            closed = self.at + timedelta(days=4)
            ticket.changes.append(Change(closed, "status", "solved", "closed", 0))

    def _exchange(self, speed: float) -> None:
        self._customer("Any news?")
        if self.status in {"pending", "hold"}:
            self._change("status", "open", 0)
        if self.pick.random() < 0.3:
            self.at = self._open_later(self.pick.uniform(1, 60))
            self._note(False, "Asked the warehouse.")
        self.at = self._open_later(self.pick.lognormvariate(4.2, 0.8) * speed)
        self._reply("Here is what we found.")
        if self.status == "open" and self.pick.random() < 0.6:
            self._change("status", "pending", self._who())

    def _solve(self) -> None:
        pick = self.pick
        if pick.random() < 0.75:
            self._reply("This should be solved now.")
        self._change("status", "solved", self._who())
        self.ticket.minutes_worked = max(3, int(pick.lognormvariate(2.7, 0.6)))
        if pick.random() < 0.6:
            answered = pick.random() < 0.38
            offered = self.at + timedelta(hours=24)
            score = (
                pick.choices((5, 4, 3, 2, 1), (50, 26, 9, 8, 7))[0]
                if not self.ticket.problem
                else pick.choice((1, 2, 3))
            )
            self.ticket.rating = Rating(
                offered,
                offered + timedelta(minutes=pick.randint(5, 2900)) if answered else None,
                score if answered else None,
            )

    def _reopen(self, speed: float) -> None:
        self.at += timedelta(minutes=self.pick.randint(60, 4000))
        self.ticket.notes.append(
            Note(self.at, "customer", self.ticket.requester.number, True, "It is broken again.")
        )
        self._change("status", "open", 0)
        if self.pick.random() < 0.12:
            return
        self.at = self._open_later(self.pick.lognormvariate(5.2, 0.9) * speed)
        self._reply("Sorry, now it is really solved.")
        self._change("status", "solved", self._who())

    def _merge(self, other: Ticket) -> None:
        self.at = max(
            self._open_later(self.pick.uniform(5, 120)), other.created_at + timedelta(minutes=1)
        )
        self.ticket.merged_into = other.number
        self.ticket.merged_at = self.at
        self._change("status", "closed", self._who())

    def _escalate(self) -> None:
        others = [t for t in self.world.teams if t.desk == self.ticket.desk and t is not self.team]
        if not others:
            return
        self.at = self._open_later(self.pick.uniform(10, 240))
        self.team = self.pick.choice(others)
        self._change("team", str(self.team.number), self._who())
        self.agent = None
        self._assign()
        if self.pick.random() < 0.4:
            self._change(
                "priority", "urgent" if self.ticket.priority == "high" else "high", self._who()
            )

    def _assign(self) -> bool:
        day = self.at.astimezone(ZoneInfo(self.team.schedule.zone)).date()
        able = [a for a in self.world.agents if a.team is self.team and a.works_on(day)]
        if not able:
            return False
        self.agent = self.pick.choice(able)
        self._change("assignee", str(self.agent.number), self.agent.number)
        if self.status == "new":
            self._change("status", "open", self.agent.number)
        return True

    def _reply(self, text: str) -> None:
        self._note(True, text)

    def _note(self, is_public: bool, text: str) -> None:
        self.ticket.notes.append(Note(self.at, "agent", self._who(), is_public, text))

    def _customer(self, text: str) -> None:
        self.at += timedelta(minutes=self.pick.lognormvariate(5.0, 1.1))
        self.at = self.at.replace(microsecond=0)
        self.ticket.notes.append(
            Note(self.at, "customer", self.ticket.requester.number, True, text)
        )

    def _change(self, name: str, after: str, actor: int) -> None:
        before = next((c.after for c in reversed(self.ticket.changes) if c.field == name), None)
        if before == after:
            return
        self.ticket.changes.append(Change(self.at, name, before, after, actor))
        if name == "status":
            self.status = after

    def _who(self) -> int:
        return self.agent.number if self.agent else 0

    def _later(self, least: float, most: float) -> datetime:
        return (self.ticket.created_at + timedelta(days=self.pick.uniform(least, most))).replace(
            microsecond=0
        )

    def _open_later(self, minutes: float) -> datetime:
        return self.team.schedule.after(self.at, minutes * 60)


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _choice(pick: random.Random, shares: dict[str, float]) -> str:
    return pick.choices(list(shares), list(shares.values()))[0]


def _poisson(pick: random.Random, mean: float) -> int:
    limit = math.exp(-mean)
    product = 1.0
    count = 0
    while True:
        product *= pick.random()
        if product <= limit:
            return count
        count += 1
