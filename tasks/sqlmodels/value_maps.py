"""Reads the rows that a company or a package adds to the value map, and says what is wrong.

A kind or meaning that nothing reads would stand in the tables as it is, and no figure would have
it.
"""

from collections.abc import Mapping
from difflib import get_close_matches

from tasks.errors import ConfigurationError
from tasks.settings import MEANINGS

NAME = "value_map"
_MEANINGS: Mapping[str, tuple[str, ...]] = {
    **MEANINGS,
    "channel": (*MEANINGS["channel"], "sample"),  # made-up tickets, which no figure has
    "presence": ("available",),  # every other state is none
    "sla_clock": ("computed",),
    "sla_verdict": ("numbered", "single"),
}


def added_row(
    place: str,
    row: Mapping[str, str | None],
) -> dict[str, str | None]:
    """A row as it is compared: what the vendor writes, in lower case.

    Raises ConfigurationError that names the place where something is missing or not known.
    """
    read = {name: (value or "").strip() for name, value in row.items()}
    empty = [name for name, value in read.items() if not value]
    if empty:
        raise ConfigurationError(f"{place}: {', '.join(empty)} is empty")
    kind, meaning = read["kind"], read["unified"]
    _refuse_unknown(place, "kind", kind, tuple(_MEANINGS))
    _refuse_unknown(place, f"unified value of kind {kind}", meaning, _MEANINGS[kind])
    return {**read, "raw": read["raw"].lower()}


def _refuse_unknown(
    place: str,
    what: str,
    given: str,
    known: tuple[str, ...],
) -> None:
    if given not in known:
        near = get_close_matches(given.lower(), known, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigurationError(
            f"{place}: {given!r} is no {what}; {hint}there are {', '.join(known)}"
        )
