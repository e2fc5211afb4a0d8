"""Zoho Desk: what must hold before the numbers of an account are right."""

from collections.abc import Iterable, Mapping

from tasks.connectors.zoho_desk.api import API
from tasks.rest.shapes import one_is_default
from tasks.rest.spec import Json, Precondition, Request

ONE = {"limit": "1"}


def is_listed(answer: Json, settings: Mapping[str, Json], /) -> Iterable[str]:
    """The organization is one that the credentials see."""
    wanted = str(settings.get("organization_id"))
    listed = {str(one.get("id")): one.get("companyName") for one in answer.get("data") or ()}
    if listed and wanted not in listed:
        seen = ", ".join(f"{key} ({name})" for key, name in listed.items())
        yield f"organization_id {wanted} is not among those of this login: {seen}"


def hours_are_clear(answer: Json, settings: Mapping[str, Json], /) -> Iterable[str]:
    """Of several business hours in force, the settings say which one tickets have."""
    listed = answer.get("data") or ()
    in_force = {one["id"]: one.get("name") for one in listed if one.get("status") != "INACTIVE"}
    yield from one_is_default(in_force, settings)


PRECONDITIONS = (
    Precondition("organization", Request(f"{API}/organizations"), is_listed),
    Precondition("departments", Request(f"{API}/departments", ONE), needed_by="departments"),
    Precondition("agents", Request(f"{API}/agents", ONE), needed_by="agents"),
    Precondition("accounts", Request(f"{API}/accounts", ONE), needed_by="accounts"),
    Precondition(
        "business hours",
        Request(f"{API}/businessHours", {"limit": "50"}),
        hours_are_clear,
        needed_by="business_hours",
    ),
)
