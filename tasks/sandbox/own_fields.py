"""The organisation's own fields: contact reason, brand, tags and more for each ticket; a plan for
each company, a language for each person.

All of it follows from the ticket, the company or the person, so every desk tells the same.
"""

import zlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from tasks.sandbox.story import Change, Company, Person, Ticket

REASONS: Mapping[str, str] = {  # value and label
    "delivery": "Delivery",
    "product_defect": "Product::Defect",
    "product_parts": "Product::Spare parts",
    "billing_invoice": "Billing::Invoice",
    "billing_refund": "Billing::Refund",
    "account_access": "Account",
    "how_to": "Question",
}
BRANDS: Mapping[int, str] = {
    1: "Alder & Finch",
    2: "Finch Outlet",
}
FORMS: Mapping[int, str] = {
    1: "Contact us",
    2: "Return an item",
}
PRODUCTS: Mapping[str, str] = {
    "jacket": "Jacket",
    "tent": "Tent",
    "shoes": "Shoes",
}
PLANS: Mapping[str, str] = {
    "free": "Free",
    "team": "Team",
    "enterprise": "Enterprise",
}
LANGUAGES: Mapping[str, str] = {
    "DE": "de",
    "FR": "fr",
    "US": "en-US",
    "CA": "en-CA",
    "SE": "sv",
}
_OF_TOPIC = {
    "Order has not arrived": "delivery",
    "Wrong size delivered": "delivery",
    "Delivery address change": "delivery",
    "Zip is broken": "product_defect",
    "Tent pole snapped": "product_defect",
    "Spare part wanted": "product_parts",
    "Invoice is missing": "billing_invoice",
    "Discount code refused": "billing_invoice",
    "Refund not received": "billing_refund",
    "Cannot log in": "account_access",
    "App shows an error": "account_access",
}


def _dice(ticket: Ticket, what: str) -> int:
    """A number that is the same whenever the ticket is asked about."""
    return zlib.crc32(f"{ticket.number}-{what}".encode())


def _first(ticket: Ticket, field: str, after: str | None = None) -> Change | None:
    """The first change of a field, or the first to a value."""
    for change in ticket.changes:
        if change.field == field and after in {None, change.after}:
            return change
    return None


def reason_changes(ticket: Ticket) -> list[Change]:
    """What the contact reason became: at the first assignment, and corrected at the first solve."""
    right = _OF_TOPIC.get(ticket.topic, "how_to")
    first = "how_to" if _dice(ticket, "guess") % 6 == 0 else right
    assigned = _first(ticket, "assignee")
    solved = _first(ticket, "status", "solved")
    if assigned is None:
        return []
    changes = [Change(assigned.at, "reason", None, first, assigned.actor)]
    if solved and first != right and solved.at > assigned.at:
        changes.append(Change(solved.at, "reason", first, right, solved.actor))
    return changes


def reason_at(ticket: Ticket, now: datetime) -> str | None:
    """The contact reason at an instant; none before somebody took the ticket."""
    reason = None
    for change in reason_changes(ticket):
        if change.at <= now:
            reason = change.after
    return reason


def brand_of(ticket: Ticket) -> int:
    """The brand's number."""
    return 2 if _dice(ticket, "brand") % 4 == 0 else 1


def form_of(ticket: Ticket) -> int | None:
    """The form's number; none for a ticket that came by no form."""
    if ticket.channel != "web":
        return None
    return 2 if _dice(ticket, "form") % 3 == 0 else 1


def tags_of(ticket: Ticket) -> list[str]:
    """None, one or several tags."""
    tags = ["vip"] if ticket.requester.number % 7 == 0 else []
    tags += ["warranty"] if _dice(ticket, "warranty") % 4 == 0 else []
    tags += ["returning"] if _dice(ticket, "returning") % 5 == 0 else []
    return [*tags, "app"] if ticket.topic.startswith("App") else tags


def order_number_of(ticket: Ticket) -> str | None:
    """A free text; not every ticket is about an order."""
    return f"AF-{ticket.number % 100_000:05}" if _dice(ticket, "order") % 5 else None


def order_value_of(ticket: Ticket) -> float | None:
    """What the order was worth; whole amounts too."""
    if order_number_of(ticket) is None:
        return None
    return _dice(ticket, "value") % 40_000 / 100


def bought_on(ticket: Ticket) -> date | None:
    """The day of the order."""
    ago = timedelta(days=_dice(ticket, "bought") % 90 + 1)
    if order_number_of(ticket) is None:
        return None
    return (ticket.created_at.astimezone(UTC) - ago).date()


def is_under_warranty(ticket: Ticket) -> bool:
    """A checkbox, which is never empty."""
    return "warranty" in tags_of(ticket)


def products_of(ticket: Ticket) -> list[str]:
    """None, one or several of the products."""
    dice = _dice(ticket, "products")
    return [name for place, name in enumerate(PRODUCTS) if dice >> place & 1]


def plan_of(company: Company) -> str:
    """What the company pays for."""
    return list(PLANS)[company.number % len(PLANS)]


def seats_of(company: Company) -> int:
    """A whole number."""
    return company.number * 7 % 90 + 1


def language_of(person: Person) -> str:
    """The language of the person's country."""
    country = person.company.country if person.company else ""
    return LANGUAGES.get(country, "en")


def is_member(person: Person) -> bool:
    """Whether the person is in the loyalty programme."""
    return person.number % 3 == 0
