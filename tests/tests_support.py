"""What tests share beside fixtures. Imported by this name: some installed packages ship a top-level `tests`."""

from datetime import UTC, date, datetime
from typing import Any

FIRST, TODAY = date(2026, 8, 1), date(2026, 11, 1)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def differences(one: dict[str, list[Any]], other: dict[str, list[Any]]) -> dict[str, Any]:
    """Tables that differ, with a few rows that only one side has."""
    found = {}
    for name in sorted(set(one) | set(other)):
        left, right = one.get(name, []), other.get(name, [])
        if left != right:
            in_left, in_right = set(left), set(right)
            only_left = [r for r in left if r not in in_right][:2]
            only_right = [r for r in right if r not in in_left][:2]
            found[name] = {"rows": (len(left), len(right)), "only one": only_left, "only other": only_right}
    return found
