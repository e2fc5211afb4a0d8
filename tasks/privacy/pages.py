"""Clears a landed page of one person, whatever the vendor.

Ids become the pseudonym; what the person wrote or is called goes.

An object that has the person's id or address, or one of the person's tickets, is theirs. In such an
object, and all inside it, every text goes that is not plainly a code, a time or a number; elsewhere
the person's addresses go, and their name where a longer text has it: a name alone can be a
namesake's. In the person's own record, such as a contact, codes go too (a nick, a photo's file),
unless their key says that they are an id, a kind or a state. Keys and shapes stay, so a replay
reads the page as before.
"""

import re
from dataclasses import dataclass, field

import msgspec

from tasks.rest.typed import exact_number

_CODE = re.compile(r"[\w.:+/#=-]{0,80}")  # ids, enumerations, instants, numbers: no space, no @
_TICKET_KEY = re.compile(
    r"ticket|case|issue|conversation|incident|task|document|parent|element|^(id|sys_id|number)$",
    re.IGNORECASE,
)
_OWN_KEY = re.compile(r"id|sys_id|Id|accountId|key|user_name|customer_id")
_OF_A_PERSON = re.compile(r"name|mail|phone|login|avatar|photo", re.IGNORECASE)
_KEPT_KEY = re.compile(
    r"(^|[_.])(ids?|type|role|status|state|kind|category|class|object|locale|lang|language|zone"
    r"|timezone|currency|source|channel|active|version|count|date|time|at|on)$"
    r"|[a-z](Ids?|Type|Role|Status|State|Locale|Zone|At|Date|Time|Modstamp)$",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"compan|organi[sz]ation|account|group|team|department", re.IGNORECASE)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}([T ][\d:.]+ ?(Z|[+-]\d{2}:?\d{2}|[A-Z]{3,4})?)?")
_EXPONENT = re.compile(rb"\d[eE][+-]?\d")
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
        known = {self.customer_id, self.pseudonym, *self.addresses, *self.names, *self.tickets}
        return [word.encode() for word in known]


def decoded(body: bytes) -> object:
    """A page in which a number such as 10003.0 is the id that it stands for."""
    return msgspec.json.Decoder(float_hook=exact_number).decode(body)


def cleared(body: bytes, person: Person) -> bytes | None:
    """The page without the person; None if nothing of it was there."""
    may_hide = b"\\u" in body or _EXPONENT.search(body)
    lowered = body.lower()
    if not may_hide and not any(hint.lower() in lowered for hint in person.hints()):
        return None
    content = decoded(body)
    without = _clear(content, person, theirs=False, own=False)
    return None if without == content else msgspec.json.encode(without)


def _clear(
    value: object,
    person: Person,
    *,
    theirs: bool,
    own: bool,
    key: str = "",
) -> object:
    if isinstance(value, dict):
        theirs = theirs or any(_names(k, v, person) for k, v in value.items())
        own = own or _is_own(value, person)
        return {k: _clear(v, person, theirs=theirs, own=own, key=k) for k, v in value.items()}
    if isinstance(value, list):
        return [_clear(item, person, theirs=theirs, own=own, key=key) for item in value]
    if _id_text(value) == person.customer_id:
        return person.pseudonym if theirs or isinstance(value, str) else value
    if not isinstance(value, str):
        return value
    return "" if own and not _is_kept(key, value, person) else _text(value, person, theirs=theirs)


def _id_text(value: object) -> str | None:
    """A value as an id is written; None for what is no id."""
    is_plain = isinstance(value, (str, int)) and not isinstance(value, bool)
    return str(value) if is_plain else None


def _is_own(
    record: dict[str, object],
    person: Person,
) -> bool:
    """Whether an object is the person's own record: its id is theirs, and it describes a person."""
    ids = {person.customer_id, person.pseudonym}
    if not any(_OWN_KEY.fullmatch(k) and _id_text(v) in ids for k, v in record.items()):
        return False
    inner = (name for value in record.values() if isinstance(value, dict) for name in value)
    return any(_OF_A_PERSON.search(name) for name in (*record, *inner))


def _is_kept(
    key: str,
    value: str,
    person: Person,
) -> bool:
    """Whether a text of the person's own record says nothing about them."""
    if value in {"", person.pseudonym, "true", "false"} or _INSTANT.fullmatch(value):
        return True
    is_reference = _REFERENCE.search(key) and any(c.isdigit() for c in value)
    return bool((_KEPT_KEY.search(key) or is_reference) and _CODE.fullmatch(value))


def _names(key: str, value: object, person: Person) -> bool:
    """Whether a value of an object says that the object is about the person."""
    text = _id_text(value)
    if text is None:
        return False
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
        own = any(_id_text(v) == customer_id for k, v in record.items() if _OWN_KEY.fullmatch(k))
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
