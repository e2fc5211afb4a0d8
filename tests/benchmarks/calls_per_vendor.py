"""API calls for a day of tickets at each helpdesk, and the minutes at the vendor's limit.

Prints its figures and asserts nothing.

The real declarations read the fakes over real HTTP: one day with `--tickets` tickets that were
opened and worked on. Calls grow with tickets, so the figures are scaled to 5,000 tickets a day and
to a first load of 100,000. Names and other lists that are read in full are counted separately. The
limits are those of the vendors' middle plans; streams are read side by side, so a first load takes
as long as its slowest stream, or as all calls at the account's limit.
"""

import argparse
import os
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tasks.clock import Window
from tasks.errors import NotInPlanError
from tasks.extract import open_client, read, streams_of
from tasks.rest.received import Bookmark
from tasks.rest.spec import IncrementalCursor, IncrementalWindow
from tasks.sandbox.company import _DESKS
from tasks.sandbox.fake import Fake, Served
from tasks.sandbox.vendors.hubspot import HubSpot
from tasks.sandbox.vendors.servicenow import Company, ServiceNow
from tasks.sandbox.vendors.zendesk import Zendesk
from tasks.sandbox.world import World
from tasks.settings import AccountSettings

DAY = date(2026, 3, 3)
START = datetime(2026, 3, 3, tzinfo=UTC)
BASED_ON = 5_000
FIRST_LOAD = 100_000


@dataclass(frozen=True)
class Limit:
    """Calls a minute and a day that a common plan allows; None where there is no such limit."""

    a_minute: int | None
    a_day: int | None
    plan: str


LIMITS = {
    "zendesk": Limit(400, None, "Professional; exports 10 a minute"),
    "hubspot": Limit(1_140, 650_000, "Professional private app; search 5 a second"),
    "servicenow": Limit(None, None, "set by the instance; ours 240 a minute"),
    "freshdesk": Limit(400, None, "Pro; ticket list 100 a minute"),
    "intercom": Limit(10_000, None, "per app"),
    "jira": Limit(300, None, "burst limits only for API tokens; ours 300 a minute"),
    "salesforce": Limit(None, 100_000, "100,000 and more a day by licences"),
    "front": Limit(100, None, "Professional"),
    "zoho_desk": Limit(None, 75_000, "Professional: credits, 1 a record, 3 a list"),
}
SETTINGS = {
    "zendesk": {"subdomain": "x", "email": "etl@alderfinch.example"},
    "hubspot": {},
    "servicenow": {"instance": "x", "user": "etl"},
    **{name: dict(given) for name, (_, given, _) in _DESKS.items()},
}
SECRETS = {
    "zendesk": {"api_token": "zendesk-demo-token"},
    "hubspot": {"access_token": "hubspot-demo-token"},
    "servicenow": {"password": "servicenow-demo-password"},
    **{name: dict(secrets) for name, (_, _, secrets) in _DESKS.items()},
}


@dataclass(frozen=True)
class Calls:
    """Calls of one stream. `a_minute` is a limit of its own."""

    stream: str
    made: int
    grows: bool
    a_minute: int | None

    def scaled(self, tickets: int, to: int) -> float:
        """Calls for another number of tickets; a list is read once, however many there are."""
        return self.made / tickets * to if self.grows else self.made


def first_load(calls: Sequence[Calls], tickets: int, limit: Limit) -> tuple[str, float]:
    """The stream or limit that decides how long 100,000 tickets take, and the hours."""
    scaled = {one.stream: one.scaled(tickets, FIRST_LOAD) for one in calls}
    total = sum(scaled.values())
    hours = {
        one.stream: scaled[one.stream] / one.a_minute / 60 for one in calls if one.a_minute
    } | {"all calls": total / (limit.a_minute or 240) / 60}
    if limit.a_day and total > limit.a_day:
        hours["calls a day"] = total / limit.a_day * 24
    slowest = max(hours, key=lambda name: hours[name])
    return slowest, hours[slowest]


def fake_of(vendor: str, world: World, clock: datetime) -> Fake:
    """The vendor's fake with all tickets of the day."""
    if vendor == "zendesk":
        return Zendesk(world, clock=clock, all_desks=True)
    if vendor in {"hubspot", "servicenow"}:
        for ticket in world.tickets:
            ticket.desk = vendor
        return (
            HubSpot(world, clock=clock)
            if vendor == "hubspot"
            else ServiceNow(Company(world), clock=clock)
        )
    return _DESKS[vendor][0](world, clock=clock, tickets=world.tickets)


def calls(vendor: str, tickets: int) -> tuple[int, list[Calls]]:
    """Tickets, and the calls of each stream."""
    world = World(seed=3, first=DAY, last=DAY, daily=float(tickets))
    clock = START + timedelta(days=1)
    with Served(fake_of(vendor, world, clock)) as served:
        account = AccountSettings(
            connector=vendor,
            name="bench",
            base_url=served.url,
            start=START,
            requests_per_minute=0,
            **SETTINGS[vendor],
        )
        os.environ |= {
            f"SUPPORT_ETL_SECRET_BENCH_{name}".upper(): value
            for name, value in SECRETS[vendor].items()
        }
        client = open_client(account)
        found, window = [], Window(START, clock - timedelta(minutes=1))
        for stream in streams_of(account):
            before = client.requests_made
            with suppress(NotInPlanError):
                deque(read(client, stream, window, Bookmark()), maxlen=0)
            made = client.requests_made - before
            grows = isinstance(stream.sync, (IncrementalWindow, IncrementalCursor))
            grows = grows and not stream.from_beginning
            found.append(Calls(stream.name, made, grows, stream.requests_per_minute))
        client.close()
    return len(world.tickets), found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=1000, help="tickets on the day that is read")
    parser.add_argument(
        "--vendor",
        action="append",
        choices=sorted(LIMITS),
        help="only this one; may be given several times",
    )
    chosen = parser.parse_args()
    print(
        f"{'vendor':<11} {'tickets':>8} {'calls':>7} {'lists':>6} {'a ticket':>9}"
        f" {'5,000 a day':>12} {'minutes':>8} {'100,000':>10} {'hours':>7}  decided by; limit"
    )
    for vendor in chosen.vendor or LIMITS:
        tickets, made = calls(vendor, chosen.tickets)
        growing = sum(one.made for one in made if one.grows)
        lists = sum(one.made for one in made if not one.grows)
        limit = LIMITS[vendor]
        a_day = growing / tickets * BASED_ON + lists
        slowest, hours = first_load(made, tickets, limit)
        print(
            f"{vendor:<11} {tickets:>8,} {growing:>7,} {lists:>6,} {growing / tickets:>9.3f}"
            f" {a_day:>12,.0f} {a_day / (limit.a_minute or 240):>8.0f}"
            f" {growing / tickets * FIRST_LOAD:>10,.0f} {hours:>7.1f}  {slowest}; {limit.plan}",
            flush=True,
        )


if __name__ == "__main__":
    main()
