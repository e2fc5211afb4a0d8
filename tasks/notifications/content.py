"""What a message says, independent of where it goes."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One message: a title, lines for the manager, lines for the engineer, links.

    Plain text; channels escape it.
    """

    title: str
    is_ok: bool
    lines: tuple[str, ...]
    details: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()  # label and address
    run_id: str = ""


def cut(text: str, most: int) -> str:
    """The text in at most `most` characters, line breaks and control characters as spaces."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def fitting(lines: Sequence[str], *, each: int, most: int) -> list[str]:
    """Lines that fit into `most` characters, each cut to `each`; the last line counts the rest."""
    fitted: list[str] = []
    size = 0
    for number, line in enumerate(lines):
        short = cut(line, each)
        size += len(short) + 1
        if size > most:
            return [*fitted, f"and {len(lines) - number} more"]
        fitted.append(short)
    return fitted
