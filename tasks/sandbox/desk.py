"""A fake helpdesk: what all of them know of the organisation as of their clock."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

from tasks.sandbox.fake import Fake
from tasks.sandbox.story import (
    BERLIN,
    Agent,
    Company,
    Note,
    Person,
    Schedule,
    Team,
    Ticket,
)
from tasks.sandbox.world import World

Row = dict[str, Any]


class Desk(Fake):
    """A helpdesk that tells the tickets of the organisation's main desk, or those given.

    `schedules` are those that the vendor can express, the account's default first.
    """

    schedules: tuple[Schedule, ...] = (BERLIN,)

    def __init__(
        self,
        world: World,
        *,
        clock: datetime | None = None,
        tickets: Iterable[Ticket] | None = None,
    ) -> None:
        super().__init__(clock=clock)
        self.world = world
        self._given = tickets
        self.teams = [t for t in world.teams if tickets is not None or t.desk == "zendesk"]

    @cached_property
    def _all(self) -> tuple[Ticket, ...]:
        """Made when first asked for."""
        return tuple(self._given) if self._given is not None else self.world.of_desk("zendesk")

    def visible(self) -> Sequence[Ticket]:
        """Tickets that were opened by now, deleted and merged ones too."""
        found: Sequence[Ticket] = self._keep(
            "visible", lambda: [t for t in self._all if t.created_at <= self.clock]
        )
        return found

    def alive(self) -> list[Ticket]:
        """Tickets that are not deleted."""
        return [t for t in self.visible() if not self.is_deleted(t)]

    def is_deleted(self, ticket: Ticket) -> bool:
        """Deleted by now."""
        return ticket.deleted_at is not None and ticket.deleted_at <= self.clock

    def hours_of(self, team: Team) -> Schedule:
        """The hours promised for a team's tickets; the default ones if they cannot be said."""
        offered = (s for s in self.schedules if s.number == team.promised.number)
        return next(offered, self.schedules[0])

    def hours(self, ticket: Ticket) -> Schedule:
        """The hours of a ticket's present team."""
        number = ticket.value_at("team", self.clock)
        present = (t for t in self.teams if str(t.number) == number)
        return self.hours_of(next(present, ticket.team))

    def is_merged(self, ticket: Ticket) -> bool:
        """Merged into another one by now."""
        return ticket.merged_at is not None and ticket.merged_at <= self.clock

    def updated_at(self, ticket: Ticket) -> datetime:
        """When the ticket was last updated."""
        return ticket.updated_at(self.clock)

    def notes(self, ticket: Ticket) -> list[Note]:
        """Messages so far, the opening one first."""
        return ticket.notes_until(self.clock)

    def solved_at(self, ticket: Ticket) -> datetime | None:
        """Since when the ticket is solved; None if it is not."""
        found: datetime | None = None
        for change in ticket.changes_until(self.clock):
            if change.field == "status":
                done = change.after in {"solved", "closed"}
                found = (found or change.at) if done else None
        return found

    def first_reply_at(self, ticket: Ticket) -> datetime | None:
        """The first public message of an agent."""
        return next((n.at for n in self.notes(ticket) if n.role == "agent" and n.is_public), None)

    def solves(self, ticket: Ticket) -> list[datetime]:
        """Every time that the ticket became solved or closed."""
        found, done = [], False
        for change in ticket.changes_until(self.clock):
            if change.field == "status":
                if change.after in {"solved", "closed"} and not done:
                    found.append(change.at)
                done = change.after in {"solved", "closed"}
        return found

    def agents(self) -> list[Agent]:
        """Everybody hired by now, those who left too."""
        return [a for a in self.world.agents if a.team in self.teams and since(a) <= self.clock]

    def is_here(self, agent: Agent) -> bool:
        """Has not left."""
        return agent.left is None or agent.left > self.clock.date()

    def people(self) -> list[Person]:
        """Customers known by now."""
        return [p for p in self.world.people if p.since <= self.clock]

    def companies(self) -> list[Company]:
        """Organizations known by now."""
        return [c for c in self.world.companies if c.since <= self.clock]


def since(agent: Agent) -> datetime:
    """The morning of an agent's first day."""
    return datetime(agent.hired.year, agent.hired.month, agent.hired.day, 8, tzinfo=UTC)


def seconds(instant: datetime | None) -> int | None:
    """Unix seconds."""
    return int(instant.timestamp()) if instant else None


class DeskAccount(NamedTuple):
    """A helpdesk's account in the sandbox: its fake, its settings and its secrets."""

    fake: type[Desk]
    settings: Mapping[str, Any]
    secrets: Mapping[str, str]
