"""Public holidays of countries and regions: `DE`, `DE-BY`, `GB-SCT`, `DE-BY:catholic`.

A region is the ISO code of a country and the code of a part of it; after colons come more kinds of
holidays than the public ones. Several regions are separated by commas; each closes its days.
"""

from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from typing import NamedTuple

from tasks.errors import ConfigurationError

_MOST_NAMES = 5


class Region(NamedTuple):
    """A country, a part of it or "", and the kinds of holidays that close."""

    country: str
    part: str
    kinds: tuple[str, ...]


def parse_regions(text: str) -> tuple[Region, ...]:
    """The regions of a setting. Raises ConfigurationError with the closest names."""
    return tuple(_region(part.strip()) for part in text.split(",") if part.strip())


def public_holidays(regions: Iterable[Region], first: date, last: date) -> list[date]:
    """Days from `first` to `last` that are a holiday in any of the regions."""
    return sorted(holiday_names(regions, first, last))


def holiday_names(regions: Iterable[Region], first: date, last: date) -> dict[date, str]:
    """Holidays by day, in the language of the country; several names are separated by commas."""
    import holidays  # takes a while, and not every business closes on them

    years = range(first.year, last.year + 1)
    found: dict[date, list[str]] = {}
    for region in regions:
        of_region = holidays.country_holidays(
            region.country,
            subdiv=region.part or None,
            years=years,
            categories=region.kinds,
            # else the machine's own language decides
            language=getattr(holidays, region.country).default_language,
        )
        for day, name in of_region.items():
            found.setdefault(day, []).extend(name.split("; "))
    return {
        day: ", ".join(dict.fromkeys(names)) for day, names in found.items() if first <= day <= last
    }


def _region(text: str) -> Region:
    import holidays

    place, *kinds = (word.strip() for word in text.split(":"))
    country, _, part = place.partition("-")
    parts = holidays.list_supported_countries().get(country)
    if parts is None:
        raise ConfigurationError(
            f"{text!r}: country {country!r} is not known; {_such_as(country, _countries())}"
        )
    if part and part not in parts:
        known = {name: name for name in parts} | _names_of_parts(country)
        raise ConfigurationError(
            f"{text!r}: {country} has no region {part!r}; {_such_as(part, known, f'{country}-')}"
        )
    supported = getattr(holidays, country).supported_categories
    for kind in kinds:
        if kind not in supported:
            raise ConfigurationError(
                f"{text!r}: {country} has no {kind!r} holidays; it has {', '.join(supported)}"
            )
    return Region(country, part, tuple(dict.fromkeys(("public", *kinds))))


def _such_as(written: str, known: dict[str, str], prefix: str = "") -> str:
    """The closest names, else the first ones."""
    by_lower = {name.lower(): code for name, code in known.items()}
    close = get_close_matches(written.lower(), by_lower, n=_MOST_NAMES, cutoff=0.5)
    codes = [by_lower[name] for name in close] or sorted(set(known.values()))
    listed = ", ".join(prefix + code for code in dict.fromkeys(codes[:_MOST_NAMES]))
    return f"such as {listed}" if listed else "it has no regions"


def _countries() -> dict[str, str]:
    """Codes of countries by code and by English name."""
    from holidays.registry import COUNTRIES

    codes: dict[str, str] = {}
    for name, (_, code, long_code, *_rest) in COUNTRIES.items():
        codes |= {name.replace("_", " "): code, code: code, long_code: code}
    return codes


def _names_of_parts(country: str) -> dict[str, str]:
    """Codes of a country's regions by name."""
    import holidays

    return dict(getattr(getattr(holidays, country), "subdivisions_aliases", {}))
