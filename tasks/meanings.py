"""What the values of an account mean: words for what nobody has decided, and lines of settings."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tasks.settings import MEANINGS, AccountSettings

SECTIONS = {  # the setting of an account by kind
    "status": "statuses",
    "priority": "priorities",
    "channel": "channels",
    "sla_metric": "sla_metrics",
    "team": "teams",
}
NEVER_SEEN = "never seen"
_MOST_NAMED = 5
_WAITS = {"pending", "hold"}


class AccountValue(NamedTuple):
    """A value of an account, what it means, who decided that, and the tickets that have it."""

    account: str
    kind: str
    value: str
    label: str
    meaning: str
    decided_by: str
    proposed: str | None
    tickets_count: int

    @property
    def is_unknown(self) -> bool:
        """Nobody has decided what it means."""
        return self.decided_by == "unknown"

    @property
    def setting(self) -> str:
        """Name of the account's setting that would decide."""
        return SECTIONS[self.kind]


def unknown_words(values: Iterable[AccountValue]) -> Iterator[tuple[str, str]]:
    """Subject and words for each account and kind with unknown values that tickets have."""
    unknown: dict[tuple[str, str], list[AccountValue]] = defaultdict(list)
    for value in values:
        if value.is_unknown and value.tickets_count:
            unknown[value.account, value.kind].append(value)
    for (account, kind), found in unknown.items():
        found.sort(key=lambda value: (-value.tickets_count, value.value))
        named = ", ".join(
            f"{one.label!r} ({one.tickets_count:,} ticket{'s' if one.tickets_count > 1 else ''})"
            for one in found[:_MOST_NAMED]
        )
        more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        name = SECTIONS[kind].replace("sla_metrics", "SLA metrics")
        hint = f"`support-etl statuses {account}` proposes settings"
        yield f"{account}/{kind}", f"unknown {name} count as other: {named}{more}; {hint}"


def as_set_now(
    values: Iterable[AccountValue], accounts: Iterable[AccountSettings]
) -> list[AccountValue]:
    """The values as the settings decide from the next run on, and names that no value has."""
    mappings = {account.name: account.mappings for account in accounts}
    listed = list(values)
    decided = [_decided(value, mappings.get(value.account, {})) for value in listed]
    return [*decided, *_never_seen(listed, mappings)]


def _decided(value: AccountValue, mappings: Mapping[str, Mapping[str, str]]) -> AccountValue:
    names = {value.value.lower(), value.label.lower()}
    mapping = mappings.get(value.kind, {})
    meaning = next((mapping[name] for name in mapping if name.lower() in names), "")
    if meaning and (value.decided_by, value.meaning) != ("setting", meaning):
        return value._replace(meaning=meaning, decided_by="setting, from the next run")
    return value


def _never_seen(
    values: Sequence[AccountValue], mappings: Mapping[str, Mapping[str, Mapping[str, str]]]
) -> Iterator[AccountValue]:
    seen = {
        (value.account, value.kind, name.lower())
        for value in values
        for name in (value.value, value.label)
    }
    for account, kinds in mappings.items():
        for kind, mapping in kinds.items():
            for name, meaning in mapping.items():
                if (account, kind, name.lower()) not in seen:
                    yield AccountValue(account, kind, name, NEVER_SEEN, meaning, "setting", None, 0)


def setting_lines(values: Iterable[AccountValue]) -> list[str]:
    """Lines for below an account's block in the settings file; a person checks each of them.

    What no word proposes, and what the vendor reads otherwise than the word, is a comment.
    """
    by_section: dict[str, dict[str, str]] = defaultdict(dict)
    listed = list(values)
    for value in sorted(listed, key=lambda one: (-one.tickets_count, one.value)):
        line = _line(value, _key(value, listed))
        if line:
            by_section[value.setting].setdefault(_key(value, listed), line)
    lines = []
    for section, found in by_section.items():
        lines += [f"[accounts.{section}]", *found.values(), ""]
    return lines


def _key(value: AccountValue, values: Iterable[AccountValue]) -> str:
    """The label, unless it would decide a value that is known."""
    label = value.label.lower()
    shares = any(
        one.kind == value.kind and one.label.lower() == label and one.is_unknown != value.is_unknown
        for one in values
    )
    return value.value if shares else value.label


def _line(value: AccountValue, key: str) -> str:
    name = json.dumps(key, ensure_ascii=False)
    tickets = f"{value.tickets_count:,} ticket{'' if value.tickets_count == 1 else 's'}"
    if value.is_unknown and value.proposed:
        return f"{name} = {json.dumps(value.proposed)}  # {tickets}"
    if value.is_unknown:
        return f'# {name} = ""  # {tickets}; one of {", ".join(MEANINGS[value.kind])}'
    if {value.meaning, value.proposed} == _WAITS and value.decided_by == "vendor":
        proposed = json.dumps(value.proposed)
        return f"# {name} = {proposed}  # {tickets}; the vendor says {value.meaning}"
    return ""
