"""Reads the description of a company's own model, and says what is wrong with it.

Shipped descriptions are held by tests; nobody tests those of a folder before they run.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tasks.additions import described
from tasks.entities import ARROW, Column
from tasks.errors import ConfigurationError

_NEEDED = ("description", "grain", "owner", "columns")
_OPTIONAL = ("refresh", "report")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def own_description(
    path: Path, periods: Mapping[str, str]
) -> tuple[Mapping[str, Any], tuple[Column, ...]]:
    """A description and its columns.

    Args:
        path: The file.
        periods: By the refresh of periods, the column that a table needs for it.

    Raises:
        ConfigurationError: What is wrong, with the file and how to write it.

    """
    given: Mapping[str, Any] = described(path)
    problems = [
        *(f"no {name}" for name in _NEEDED if not given.get(name)),
        *(f"unknown {name}" for name in sorted(set(given) - {*_NEEDED, *_OPTIONAL})),
    ]
    if not problems:
        problems = [*_names(path, given), *_columns(given), *_refresh(given, periods)]
    if not (path.with_suffix(".sql").is_file() or path.with_suffix(".csv").is_file()):
        problems.append(f"there is no {path.stem}.sql and no {path.stem}.csv next to it")
    if problems:
        raise ConfigurationError(f"{path}: {'; '.join(problems)}")
    columns = tuple(
        Column(name, kind, text, required=name in given["grain"])
        for name, (kind, text) in given["columns"].items()
    )
    return given, columns


def statement_of(path: Path) -> str:
    """The SELECT of a file, without a semicolon at its end."""
    return path.read_text(encoding="utf-8").rstrip().rstrip(";") + "\n"


def refuse_stray_files(folder: Path, shipped: Path) -> None:
    """Raise ConfigurationError for a file that nothing would read.

    A CSV without a description may add rows to a shipped seed of its name.
    """
    for path in sorted((*folder.glob("*.sql"), *folder.glob("*.csv"))):
        is_addition = path.suffix == ".csv" and (shipped / path.name).is_file()
        if not (path.with_suffix(".yml").is_file() or is_addition):
            raise ConfigurationError(
                f"{path}: {path.with_suffix('.yml')} is missing: describe the table, or let"
                f" `support-etl new model {path.stem}` write both"
            )


def _names(
    path: Path,
    given: Mapping[str, Any],
) -> Iterator[str]:
    named = given["columns"] if isinstance(given["columns"], Mapping) else {}
    for name in (path.stem, *named):
        if not _NAME.fullmatch(str(name)):
            yield f"{name!r}: use lower case letters, digits and underscore"


def _columns(given: Mapping[str, Any]) -> Iterator[str]:
    columns, grain = given["columns"], given["grain"]
    if not isinstance(columns, Mapping) or not isinstance(grain, list):
        yield 'write `columns: {day: [day, "Local day"]}` and `grain: [day]`'
        return
    for name, about in columns.items():
        if not (isinstance(about, list) and len(about) == 2 and all(about)):
            yield f'column {name} needs a kind and a description, as [text, "Account"]'
        elif about[0] not in ARROW:
            yield f"column {name} is of kind {about[0]!r}, not one of {', '.join(ARROW)}"
    absent = [str(name) for name in grain if name not in columns]
    if absent:
        yield f"{', '.join(absent)} of the grain is no column"


def _refresh(
    given: Mapping[str, Any],
    periods: Mapping[str, str],
) -> Iterator[str]:
    refresh = given.get("refresh", "whole")
    if refresh not in {"whole", "ticket", *periods}:
        yield f"refresh is {refresh!r}, not one of whole, ticket, {', '.join(periods)}"
    needed = {"account", "ticket_id"} if refresh == "ticket" else {periods.get(refresh)} - {None}
    absent = sorted(str(name) for name in needed if name not in given["grain"])
    if absent:
        yield f"refresh {refresh} needs {', '.join(absent)} in the grain"
