"""What the tables that Python fills are made from besides their inputs: code, queries, libraries.

A change of any of it makes them again: in a checkout no version says that code has changed.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tasks.paths import SQL

_TASKS = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Sources:
    """Files and folders of `tasks/`, the folder of `sql/reads/`, and the libraries of a step."""

    code: tuple[str, ...]
    reads: str
    libraries: tuple[str, ...] = ()

    def files(self) -> Iterator[Path]:
        """Every file of the code and of the queries."""
        for name in self.code:
            path = _TASKS / name
            yield from sorted(path.glob("*.py")) if path.is_dir() else (path,)
        yield from sorted((SQL / "reads" / self.reads).glob("*.sql"))


_ARITHMETIC = ("numpy", "pandas", "scipy")
SOURCES: Mapping[str, Sources] = {
    "calendar": Sources(
        ("calendar.py", "planning", "clock.py", "public_holidays.py", "weekly.py"),
        "transform",
        ("holidays", "python-dateutil", "tzdata"),
    ),
    "forecast": Sources(
        ("forecast.py", "forecasting", "clock.py"),
        "forecast",
        (*_ARITHMETIC, "scikit-learn", "statsforecast", "tzdata"),
    ),
    "plan": Sources(("plan.py", "planning", "weekly.py"), "plan", (*_ARITHMETIC, "tzdata")),
    "budget": Sources(("budget.py", "planning"), "budget"),
}


@cache
def made_from(built_by: str) -> str:
    """A fingerprint of what a step's tables are made from; "" for one that is not listed."""
    if built_by not in SOURCES:
        return ""
    sources = SOURCES[built_by]
    digest = hashlib.sha256(_release("support-etl").encode())
    for path in sources.files():
        digest.update(path.name.encode() + path.read_bytes())
    for library in sources.libraries:
        digest.update(f"{library} {_release(library)}".encode())
    return digest.hexdigest()[:16]


def _release(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:  # tzdata, where the system's own is used
        return ""
