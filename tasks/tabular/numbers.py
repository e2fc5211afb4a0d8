"""How numbers are written: 1,234.50 or 1.234,50, with marks of currency, or in parentheses.

One number can mean two things: 31.200 is thirty-one thousand in Rome. So the numbers of a column
are looked at together (`proof_of`), and read by what one of them proves (`number_of`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

POINT, COMMA = ".", ","
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'", "\u2212": "-"})
_CURRENCIES = {
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "₽": "RUB",
    "₺": "TRY",
    "₴": "UAH",
    "us$": "USD",
    "r$": "BRL",
    "a$": "AUD",
    "c$": "CAD",
    "zł": "PLN",
    "kč": "CZK",
    "ft": "HUF",
    "$": "",  # of many countries
    "¥": "",
    "kr": "",
    "kr.": "",
    "fr.": "",
}
_MARK = "|".join(re.escape(mark) for mark in sorted(_CURRENCIES, key=len, reverse=True))
_MARKED = re.compile(
    rf"(?P<before>{_MARK}|[a-z]{{3}}\b)?\s*(?P<body>[-+]?\s*[\d.,' ]*\d[\d.,' ]*(e[-+]?\d+)?)"
    rf"\s*(?P<minus>-)?\s*(?P<after>{_MARK}|[a-z]{{3}}|%)?",
    re.IGNORECASE,
)
_GROUPED = r"[1-9]\d{{0,2}}(?:([{marks}])\d{{3}})(?:\{back}\d{{3}})*"


@dataclass(frozen=True, slots=True)
class Number:
    """What a cell holds. `currency` is the ISO code of its mark, empty where it has none."""

    value: Decimal
    currency: str = ""
    is_percent: bool = False


@dataclass(frozen=True, slots=True)
class _Cell:
    """A number without its marks: digits and separators, and what stood around them."""

    digits: str
    is_negative: bool
    mark: str


def _cell(text: str) -> _Cell | None:
    """The parts of a number; None for any other text."""
    plain = text.translate(_SPACES).strip()
    is_enclosed = plain.startswith("(") and plain.endswith(")")
    if is_enclosed:
        plain = plain[1:-1].strip()
    negative_first = plain.startswith("-")
    found = _MARKED.fullmatch(plain.lstrip("-+").strip() if negative_first else plain)
    if found is None or (found["before"] and found["after"]):
        return None
    body = found["body"].replace(" -", "-").strip()
    signs = (
        is_enclosed,
        negative_first,
        body.startswith("-"),
        bool(found["minus"]),
    )
    if sum(signs) > 1:
        return None
    mark = (found["before"] or found["after"] or "").lower()
    return _Cell(
        body.lstrip("-+").strip(),
        any(signs),
        mark,
    )


def proof_of(text: str) -> str:
    """The decimal mark that a number proves; `?` if it can be read in two ways, else nothing.

    Both marks in one number, two of one kind, or other than three digits behind one prove it.
    """
    cell = _cell(text)
    if cell is None:
        return ""
    digits = cell.digits.lower().partition("e")[0]
    points, commas = digits.count(POINT), digits.count(COMMA)
    if points and commas:
        last = POINT if digits.rfind(POINT) > digits.rfind(COMMA) else COMMA
        return last if _value(cell, last) is not None else ""
    if not points and not commas:
        return ""
    mark = POINT if points else COMMA
    other = COMMA if points else POINT
    if points + commas > 1:
        return other if _value(cell, other) is not None else ""
    head, _, tail = digits.partition(mark)
    is_group = len(tail) == 3 and head.isdigit() and len(head) <= 3 and head[0] != "0"
    return "?" if is_group else mark


def proofs_of(texts: Iterable[str]) -> dict[str, str]:
    """What the numbers of a column prove, each with the first that does."""
    found: dict[str, str] = {}
    for text in texts:
        if POINT in text or COMMA in text:
            proof = proof_of(text)
            if proof:
                found.setdefault(proof, text)
    return found


def number_of(text: str, decimal: str) -> Number | None:
    """The number in a text that has this decimal mark; None if it is no such number."""
    cell = _cell(text)
    value = None if cell is None else _value(cell, decimal)
    if cell is None or value is None:
        return None
    mark = cell.mark
    currency = _CURRENCIES.get(
        mark,
        "" if mark == "%" else mark.upper(),
    )
    signed = -value if cell.is_negative else value
    return Number(
        signed / 100 if mark == "%" else signed,
        currency,
        mark == "%",
    )


def _value(cell: _Cell, decimal: str) -> Decimal | None:
    other = COMMA if decimal == POINT else POINT
    grouped = _GROUPED.format(marks=f"{re.escape(other)}' ", back="2")
    pattern = rf"({grouped}|\d+)?(?:{re.escape(decimal)}(\d+))?(e[-+]?\d+)?"
    found = re.fullmatch(pattern, cell.digits, re.IGNORECASE)
    if found is None or not (found[1] or found[3]):
        return None
    whole = re.sub(
        r"\D",
        "",
        found[1] or "0",
    )
    return Decimal(f"{whole}.{found[3] or '0'}{found[4] or ''}")
