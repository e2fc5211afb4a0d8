"""Front: what must hold before the numbers of an account are right."""

from collections.abc import Iterable, Mapping

from tasks.connectors.front.api import owner_of
from tasks.connectors.front.transforms import COMPANY, UNITS
from tasks.rest.shapes import one_is_default
from tasks.rest.spec import Json, Precondition, Request

ONE = {"limit": "1"}


def unit_is_named(answer: Json, settings: Mapping[str, Json], /) -> Iterable[str]:
    """The unit of handle times is a setting, because the vendor does not name it."""
    unit = settings.get("handle_time_unit")
    if unit not in UNITS:
        yield (
            f"set handle_time_unit of the account to one of {', '.join(UNITS)} (look at an export"
            " from Front's analytics), or deselect activities"
        )


def hours_are_clear(answer: Json, settings: Mapping[str, Json], /) -> Iterable[str]:
    """Shifts of one workspace are in one time zone, and one workspace's are the default."""
    zones: dict[str, set[str]] = {}
    for shift in answer.get("_results") or ():
        zones.setdefault(owner_of(shift) or COMPANY, set()).add(str(shift.get("timezone")))
    for owner, found in zones.items():
        if len(found) > 1:
            yield (
                f"shifts of {owner} are in several time zones ({', '.join(sorted(found))}):"
                " deselect shifts and set hours of the account"
            )
    if COMPANY not in zones:  # its shifts are those of conversations in no workspace
        yield from one_is_default(dict.fromkeys(zones), settings)


PRECONDITIONS = (
    Precondition("scope events", Request("/events", ONE), needed_by="events"),
    Precondition("scope teammates", Request("/teammates"), needed_by="teammates"),
    Precondition("scope teams", Request("/teams"), needed_by="teams"),
    Precondition("scope inboxes", Request("/inboxes"), needed_by="inboxes"),
    Precondition("scope contacts", Request("/contacts", ONE), needed_by="contacts"),
    Precondition("business hours", Request("/shifts"), hours_are_clear, needed_by="shifts"),
    Precondition("handle time", look=unit_is_named, needed_by="activities"),
)
