"""Clears a landed page of one person, whatever the vendor.

Ids become the pseudonym; what the person wrote or is called goes.

An object that has the person's id or address, or one of the person's tickets, is theirs. In such an
object, and all inside it, every text goes that is not plainly a code, a time or a number; elsewhere
the person's addresses go, and their name where a longer text has it: a name alone can be a
namesake's. Keys and shapes stay, so a replay reads the page as before.
"""

import re
from dataclasses import dataclass, field

import msgspec

_CODE = re.compile(r"[\w.:+/#=-]{0,80}")  # ids, enumerations, instants, numbers: no space, no @
_TICKET_KEY = re.compile(
    r"ticket|case|issue|conversation|incident|task|document|parent|element|^(id|sys_id|number)$",
    re.IGNORECASE,
)
_SHORTEST = 3
_DIGITS = 6  # a text with so many is a phone number or a login of one person


@dataclass(frozen=True, slots=True)
class Person:
    """Who is to be cleared away.

    `addresses` are the person's alone, `names` may be others' too; `tickets`: ids of the person's
    tickets.
    """

    account: str
    customer_id: str
    pseudonym: str
    addresses: frozenset[str] = field(repr=False)
    names: frozenset[str] = field(default=frozenset(), repr=False)
    tickets: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        account: str,
        customer_id: str,
        pseudonym: str,
        words: set[str],
        tickets: frozenset[str] = frozenset(),
    ) -> "Person":
        """From all words that are known of the person."""
        addresses = frozenset(
            w for w in words if "@" in w or sum(c.isdigit() for c in w) >= _DIGITS
        )
        return cls(
            account, customer_id, pseudonym, addresses, frozenset(words) - addresses, tickets
        )

    @property
    def full_names(self) -> list[str]:
        """Names of more than one word, longest first: one word alone is in too many texts."""
        return sorted((n for n in self.names if " " in n), key=len, reverse=True)

    def hints(self) -> list[bytes]:
        """Bytes of which a page has at least one, if it has anything of the person."""
        return [
            word.encode()
            for word in {self.customer_id, *self.addresses, *self.names, *self.tickets}
        ]


def cleared(body: bytes, person: Person) -> bytes | None:
    """The page without the person; None if nothing of it was there."""
    if not any(hint in body for hint in person.hints()) and b"\\u" not in body:
        return None
    content = msgspec.json.decode(body)
    without = _clear(content, person, theirs=False)
    return None if without == content else msgspec.json.encode(without)


def _clear(value: object, person: Person, *, theirs: bool, key: str = "") -> object:
    if isinstance(value, dict):
        theirs = theirs or any(_names(k, v, person) for k, v in value.items())
        return {k: _clear(v, person, theirs=theirs, key=k) for k, v in value.items()}
    if isinstance(value, list):
        return [_clear(item, person, theirs=theirs, key=key) for item in value]
    if (
        isinstance(value, (str, int))
        and not isinstance(value, bool)
        and str(value) == person.customer_id
    ):
        return person.pseudonym if theirs or isinstance(value, str) else value
    return _text(value, person, theirs=theirs) if isinstance(value, str) else value


def _names(key: str, value: object, person: Person) -> bool:
    """Whether a value of an object says that the object is about the person."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return False
    text = str(value)
    return (
        text == person.customer_id
        or text in person.addresses
        or (text in person.tickets and bool(_TICKET_KEY.search(key)))
    )


def _text(value: str, person: Person, *, theirs: bool) -> str:
    if theirs and (not _CODE.fullmatch(value) or value in person.names):
        return ""
    for word in sorted(person.addresses, key=len, reverse=True):
        if word.lower() in value.lower():
            value = "" if theirs else re.sub(re.escape(word), "…", value, flags=re.IGNORECASE)
    for name in person.full_names:
        if name in value and name != value:
            value = value.replace(name, "…")
    return value


def words_of(record: object, customer_id: str) -> set[str]:
    """Names and addresses of a person, from the objects of a page that are their own record.

    These are e-mail addresses, and texts under a name.
    """
    found: set[str] = set()
    if isinstance(record, list):
        for item in record:
            found |= words_of(item, customer_id)
    elif isinstance(record, dict):
        own = any(
            str(v) == customer_id
            for k, v in record.items()
            if re.fullmatch(r"id|sys_id|Id|accountId|key|user_name|customer_id", k)
        )
        for key, value in record.items():
            if (
                own
                and isinstance(value, str)
                and value
                and (re.search(r"name|mail|login|phone", key, re.IGNORECASE) or "@" in value)
                and not re.search(r"file|table|domain", key)
            ):
                found.add(value)
            elif isinstance(value, (dict, list)):
                found |= _under(value, customer_id, own=own)
    return {word for word in found if len(word) >= _SHORTEST and word != customer_id}


def _under(value: object, customer_id: str, *, own: bool) -> set[str]:
    """The same below a record: properties of the person's record are the person's too."""
    if own and isinstance(value, dict):
        return words_of({**value, "id": customer_id}, customer_id)
    return words_of(value, customer_id)
