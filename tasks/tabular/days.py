"""How days and instants are written: 2026-03-05, 05.03.2026, 3/5/2026, 5 marzo 2026, Mar 2026.

Of 05/03/2026 only its neighbours can say which number is the month, so the days of a column are
looked at together (`day_proofs_of`). With points the day comes first, as everywhere where points
are written. A year of two digits is no year.
"""

import importlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo

ORDERS = ("dmy", "mdy", "ymd")
_LANGUAGES = (
    "en",
    "it",
    "de",
    "pl",
    "fr",
    "es",
    "pt",
    "nl",
    "cs",
    "sv",
    "da",
    "nb",
    "fi",
    "ro",
)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?!\d)")
_TWO_DIGITS = re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{2}(?!\d)")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?=T|$)")
_NAMED = re.compile(r"(\d{1,2})[.]?[ -/]*([^\W\d_]{3,})[., -/]*(\d{4})(?!\d)")
_NAME_FIRST = re.compile(r"([^\W\d_]{3,})[. ]+(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})(?!\d)")
_WEEKDAY = re.compile(r"^[^\W\d_]+[.]?, *(?=\d)")
_TIME = re.compile(
    r"[T, ]*(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?\s*([ap])?(?:\.?m\.?)?\s*"
    r"(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?",
    re.IGNORECASE,
)
_MONTH_ONLY = (
    (re.compile(r"(\d{4})[-/.](\d{1,2})"), True),
    (re.compile(r"(\d{1,2})[-/.](\d{4})"), False),
)
_NAMED_MONTH = re.compile(r"([^\W\d_]{3,})[. _'/-]*(\d{4}|\d{2})")
_YEAR_THEN_NAME = re.compile(r"(\d{4})[. _/-]*([^\W\d_]{3,})[.]?")
_FIRST_YEAR, _LAST_YEAR = 1900, 9999


@dataclass(frozen=True, slots=True)
class _Found:
    """A day in a text, and what follows it."""

    day: date
    rest: str


@cache
def month_names() -> dict[str, int]:
    """Months by name and short name, in the languages of Europe; without those that differ."""
    found: dict[str, set[int]] = {}
    for language in _LANGUAGES:
        module = importlib.import_module(f"dateparser.data.date_translation_data.{language}")
        for number, name in enumerate(_MONTHS, start=1):
            for word in module.info.get(name, ()):
                found.setdefault(word.casefold().strip("."), set()).add(number)
    found.setdefault("sept", set()).add(9)
    return {word: min(numbers) for word, numbers in found.items() if len(numbers) == 1}


def day_proof_of(text: str) -> str:
    """The order that a day proves; `?` if it can be read in two ways, else nothing."""
    found = _YEAR_LAST.match(text.strip())
    if found is None:
        return ""
    first, mark, second = int(found[1]), found[2], int(found[3])
    if mark == "." or 12 < first <= 31:
        return "dmy"
    if 12 < second <= 31:
        return "mdy"
    return "?" if first != second else ""


def day_proofs_of(texts: Iterable[str]) -> dict[str, str]:
    """What the days of a column prove, each with the first that does."""
    found: dict[str, str] = {}
    for text in texts:
        proof = day_proof_of(text)
        if proof:
            found.setdefault(proof, text)
    return found


def has_two_digit_year(text: str) -> bool:
    """Whether a text looks like a day whose year has two digits."""
    return bool(_TWO_DIGITS.match(text.strip()))


def day_of(text: str, order: str) -> date | None:
    """The day in a text, whatever time follows it; None if there is none."""
    found = _find(text, order)
    if found is None or (found.rest and _TIME.fullmatch(found.rest) is None):
        return None
    return found.day


def has_offset(text: str) -> bool:
    """Whether an instant says how far it is from UTC."""
    found = _find(text, "dmy") or _find(text, "mdy")
    clock = _TIME.fullmatch(found.rest) if found and found.rest else None
    return bool(clock and clock[5])


def instant_of(
    text: str,
    order: str,
    zone: str,
) -> datetime | None:
    """The instant in a text, in UTC. Without an offset it is local time of `zone`."""
    found = _find(text, order)
    if found is None:
        return None
    if not found.rest:
        return _in_utc(found.day, time(), zone, "")
    clock = _TIME.fullmatch(found.rest)
    if clock is None:
        return None
    hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
    if clock[4]:
        hour = hour % 12 + (12 if clock[4].lower() == "p" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    return _in_utc(
        found.day,
        time(hour, minute, second),
        zone,
        clock[5] or "",
    )


def formatted(
    text: str,
    pattern: str,
    zone: str,
) -> datetime | None:
    """An instant by a format of the settings: of strptime, or `unix` or `unix_ms`."""
    try:
        if pattern in {"unix", "unix_ms"}:
            seconds = float(text) / (1000 if pattern == "unix_ms" else 1)
            return datetime.fromtimestamp(int(seconds), UTC)
        found = datetime.strptime(text.strip(), pattern)  # noqa: DTZ007  the zone follows
    except (ValueError, OverflowError, OSError):
        return None
    if found.tzinfo is not None:
        return found.astimezone(UTC)
    return _in_utc(
        found.date(),
        found.time(),
        zone,
        "",
    )


def month_of(text: str) -> date | None:
    """The first day of the month that a text names, such as `Jan 2026`, `2026-01` or `gen-26`."""
    plain = text.strip()
    for pattern, is_year_first in _MONTH_ONLY:
        found = pattern.fullmatch(plain)
        if found:
            year, month = (found[1], found[2]) if is_year_first else (found[2], found[1])
            return _day(int(year), int(month), 1)
    found = _NAMED_MONTH.fullmatch(plain)
    name, year = (found[1], found[2]) if found else ("", "")
    if not found and (found := _YEAR_THEN_NAME.fullmatch(plain)):
        name, year = found[2], found[1]
    number = month_names().get(name.casefold()) if name else None
    if number is None:
        return None
    return _day(
        int(year) + (2000 if len(year) == 2 else 0),
        number,
        1,
    )


def first_of_month(text: str) -> date | None:
    """A month that stands as its first day, as spreadsheets keep it; None for another text."""
    found = re.fullmatch(r"(\d{4})-(\d{2})-01(?:[T ]00:00:00)?", text.strip())
    return _day(int(found[1]), int(found[2]), 1) if found else None


def _find(text: str, order: str) -> _Found | None:
    plain = _WEEKDAY.sub("", text.strip())
    found = _YEAR_FIRST.match(plain) or _COMPACT.match(plain)
    if found:
        year, month, day = found[1], found[found.re.groups - 1], found[found.re.groups]
        return _found(
            int(year),
            int(month),
            int(day),
            plain[found.end() :],
        )
    found = _YEAR_LAST.match(plain)
    if found:
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        is_day_first = order == "dmy" or found[2] == "."
        if not is_day_first and order != "mdy" and first != second:
            return None
        month, day = (second, first) if is_day_first else (first, second)
        return _found(
            year,
            month,
            day,
            plain[found.end() :],
        )
    return _find_named(plain)


def _find_named(plain: str) -> _Found | None:
    found = _NAMED.match(plain)
    name, day = (found[2], found[1]) if found else ("", "")
    if not found and (found := _NAME_FIRST.match(plain)):
        name, day = found[1], found[2]
    number = month_names().get(name.casefold()) if found else None
    if found is None or number is None:
        return None
    return _found(
        int(found[3]),
        number,
        int(day),
        plain[found.end() :],
    )


def _found(
    year: int,
    month: int,
    day: int,
    rest: str,
) -> _Found | None:
    found = _day(year, month, day)
    return _Found(found, rest.strip()) if found else None


def _day(
    year: int,
    month: int,
    day: int,
) -> date | None:
    try:
        return (
            date(
                year,
                month,
                day,
            )
            if _FIRST_YEAR <= year <= _LAST_YEAR
            else None
        )
    except ValueError:
        return None


def _in_utc(
    day: date,
    clock: time,
    zone: str,
    offset: str,
) -> datetime | None:
    local = datetime.combine(day, clock)
    try:
        if not offset:
            return local.replace(tzinfo=ZoneInfo(zone or "UTC")).astimezone(UTC)
        if offset.upper() in {"Z", "UTC", "GMT"}:
            return local.replace(tzinfo=UTC)
        minutes = int(offset[1:3]) * 60 + int(offset[-2:] if len(offset) > 3 else 0)
        shift = timedelta(minutes=-minutes if offset[0] == "-" else minutes)
        return local.replace(tzinfo=timezone(shift)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
