"""Files: what follows from the columns of a row."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from tasks.rest.spec import Refusal, Row

_FIRST_VERSIONS = re.compile(r"^(original|initial|approved|budget|plan|base)", re.IGNORECASE)


def budget_line(row: Row) -> Iterator[Row]:
    """A line with its basis, and its version as it is ordered among others."""
    amount, rate, quantity = (
        None if row.get(name) is None else Decimal(str(row[name]))
        for name in ("amount", "driver_rate", "driver_quantity")
    )
    basis = None
    if amount is not None:
        is_other = (
            rate is not None
            and quantity is not None
            and abs(amount - quantity * rate) > Decimal("0.01")
        )
        basis = "contradictory" if is_other else "amount"
    elif rate is not None and (quantity is not None or row.get("driver") in {"fte", "contacts"}):
        basis = "driver"
    yield {**row, "basis": basis, "version_order": version_order(str(row.get("version") or ""))}


def version_order(version: str) -> str:
    """A name of a version as it is compared: rev 10 after rev 2, Revision 1 after original.

    Small Latin letters and numbers of ten digits only, so that every database orders it alike.
    """
    plain = (
        unicodedata.normalize(
            "NFKD",
            version,
        )
        .encode("ascii", "ignore")
        .decode()
        .lower()
    )
    numbered = re.sub(r"\d+", lambda found: f"{int(found[0]):010}", plain)
    place = 0 if _FIRST_VERSIONS.match(plain) else 1
    return f"{place}{re.sub(r'[^a-z0-9]', '', numbered)}"


def call(row: Row) -> Iterator[Row | Refusal]:
    """A call; a log that has the wait and the outcome gives when it was answered or given up."""
    outcome, wait = row.get("is_answered"), row.get("wait_seconds")
    if outcome is None or row.get("offered_at") is None:
        yield row
        return
    if wait is None:
        yield Refusal("is_answered without wait_seconds", {"call_id": row.get("call_id")})
        return
    ended = datetime.fromisoformat(str(row["offered_at"])) + timedelta(seconds=float(str(wait)))
    name = "answered_at" if outcome else "abandoned_at"
    yield {name: ended.isoformat(), **row}


def first_messages(row: Row) -> Iterator[Row]:
    """The customer's request and the first reply, of a ticket list that has their times."""
    replied_at = row.get("first_replied_at")
    if replied_at is None:
        return
    ticket = {"ticket_id": row.get("ticket_id"), "is_public": True}
    yield ticket | {
        "message_id": f"{row.get('ticket_id')}/request",
        "sent_at": row.get("created_at"),
        "author_id": row.get("requester_id"),
        "author_role": "customer",
        "sequence": 1,
    }
    yield ticket | {
        "message_id": f"{row.get('ticket_id')}/first reply",
        "sent_at": replied_at,
        "author_id": row.get("assignee_id"),
        "author_role": "agent",
        "sequence": 2,
    }
