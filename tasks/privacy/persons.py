"""Pseudonyms, and the columns in which a person stands.

A pseudonym is a keyed HMAC (RFC 2104, SHA-256) of account and id: without the key, which is kept
outside the warehouse, nobody can go through all ids and find who it was. The same person always
has the same pseudonym.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from tasks.entities import Entity

# entity to columns that hold a customer's id; of ticket_link only rows of kind "customer"
PERSON_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "ticket": ("requester_id", "created_by_id"),
    "ticket_event": ("actor_id",),
    "message": ("author_id",),
    "customer": ("customer_id",),
    "customer_field": ("customer_id",),
    "ticket_field_event": ("actor_id",),
    "survey_invitation": ("customer_id",),
    "survey_response": ("customer_id",),
    "ticket_link": ("linked_id",),
}

NOT_AGAIN = frozenset({"customer_field"})  # what erasure kept stays; what comes is the person's


def fingerprint(key: str, account: str, customer_id: str) -> str:
    """Hex of the HMAC."""
    return hmac.new(
        key.encode(), f"{account}\x00{customer_id}".encode(), hashlib.sha256
    ).hexdigest()


def pseudonym(mark: str) -> str:
    """What stands for the person of a fingerprint."""
    return f"erased-{mark[:16]}"


@dataclass(slots=True)
class Erased:
    """The erased persons of one account, for rows on their way into the warehouse.

    `tickets` are ids of their tickets, on which others may call them by name.
    """

    account: str
    key: str = field(repr=False)
    marks: frozenset[str] = frozenset()
    tickets: set[str] = field(default_factory=set, repr=False)
    _known: dict[str, str | None] = field(default_factory=dict, repr=False)
    _names: frozenset[str] = frozenset()

    def instead(self, value: str) -> str | None:
        """The pseudonym of an erased person's id, or of itself; None for everybody else.

        A page that was cleared has the pseudonym in place of the id.
        """
        if value not in self._known:
            if not self._names:
                self._names = frozenset(map(pseudonym, self.marks))
            mark = fingerprint(self.key, self.account, value)
            self._known[value] = (
                value if value in self._names else pseudonym(mark) if mark in self.marks else None
            )
        return self._known[value]

    @property
    def seen(self) -> dict[str, str]:
        """Ids of erased persons that came by, and their pseudonyms."""
        return {value: name for value, name in self._known.items() if name and name != value}

    def hide(self, entity: Entity, rows: pa.Table) -> pa.Table:
        """Rows with pseudonyms for ids, and nothing personal in the rows that had one."""
        if entity.name in NOT_AGAIN and rows.num_rows:
            ids = rows.column("customer_id").to_pylist()
            return rows.filter(pa.array([self.instead(value) is None for value in ids], pa.bool_()))
        hit = pa.array([False] * rows.num_rows, pa.bool_())
        for name in PERSON_COLUMNS.get(entity.name, ()) if rows.num_rows else ():
            ids = rows.column(name).to_pylist()
            pseudonyms = [self.instead(value) if value is not None else None for value in ids]
            if entity.name == "ticket_link":
                kinds = rows.column("kind").to_pylist()
                pseudonyms = [
                    one if kind == "customer" else None
                    for one, kind in zip(pseudonyms, kinds, strict=True)
                ]
            hidden = [one or value for one, value in zip(pseudonyms, ids, strict=True)]
            place = rows.column_names.index(name)
            rows = rows.set_column(place, name, pa.array(hidden, pa.string()))
            hit = pc.or_(hit, pa.array([one is not None for one in pseudonyms], pa.bool_()))
        return _without_personal(entity, rows, self._of_tickets(rows, hit))

    def _of_tickets(
        self,
        rows: pa.Table,
        hit: pa.Array,
    ) -> pa.Array:
        """The hits, and the rows on tickets of erased persons."""
        if "ticket_id" not in rows.column_names or not rows.num_rows:
            return hit
        tickets = rows.column("ticket_id").to_pylist()
        if "requester_id" in rows.column_names:
            self.tickets |= {
                t for t, is_hit in zip(tickets, hit.to_pylist(), strict=True) if is_hit
            }
        return pc.or_(hit, pa.array([ticket in self.tickets for ticket in tickets], pa.bool_()))


def persons_of(
    entity: Entity,
    rows: pa.Table,
) -> list[tuple[str, ...]]:
    """For each row the ids of customers that stand in it."""
    columns = [rows.column(name).to_pylist() for name in PERSON_COLUMNS.get(entity.name, ())]
    if not columns:
        return [()] * rows.num_rows
    return [tuple(one for one in ids if one) for ids in zip(*columns, strict=True)]


def _without_personal(entity: Entity, rows: pa.Table, hit: pa.Array) -> pa.Table:
    nothing = pa.scalar(None, pa.string())
    for column in entity.columns:
        if column.personal:
            values = rows.column(column.name)
            # an empty text was cleared in its page
            is_cleared = pc.or_(hit, pc.fill_null(pc.equal(values, ""), False))
            place = rows.column_names.index(column.name)
            rows = rows.set_column(place, column.name, pc.if_else(is_cleared, nothing, values))
    return rows
