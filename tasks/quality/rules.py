"""The rules of `expectations/`: one YAML file for each entity and each mart.

The folder of the settings file may add rules to them, and rules of its own marts.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from tasks.additions import added, described, refuse_clash
from tasks.errors import ConfigurationError
from tasks.paths import EXPECTATIONS, own_folder, read_yaml

Level = Literal["row", "batch", "warn"]
_PARTS = {"type", "kwargs", "meta"}
_META = {"level", "description"}


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One expectation: its type and arguments, as Great Expectations names them.

    `level` says what a broken rule does: `row` sends the rows that break it to quarantine, `batch`
    refuses the whole batch, `warn` is only reported. `number` is the rule's place among those of
    its subject. `is_own` says that the folder of the settings file brings it.
    """

    type: str
    kwargs: Mapping[str, Any]
    level: str = "warn"
    description: str = ""
    number: int = 0
    is_own: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the rule reads."""
        names = [self.kwargs[k] for k in ("column", "column_A", "column_B") if k in self.kwargs]
        return (*names, *self.kwargs.get("column_list", ()))

    @property
    def name(self) -> str:
        """A short name: what is expected of which columns."""
        return f"{self.type.removeprefix('expect_')}({', '.join(self.columns)})"

    def as_expectation(self) -> dict[str, Any]:
        """The rule as a suite of Great Expectations takes it."""
        meta = {"level": self.level, "description": self.description, "number": self.number}
        return {"type": self.type, "kwargs": dict(self.kwargs), "meta": meta}


def rules_of(subject: str) -> tuple[Rule, ...]:
    """The rules of an entity or mart: the shipped ones, then a company's own.

    Raises ConfigurationError if there is no file, and for an own rule that is not well written or
    stands in the shipped file, too.
    """
    return _rules_of(subject, own_folder())


@cache
def _rules_of(
    subject: str,
    own: Path | None,
) -> tuple[Rule, ...]:
    path = EXPECTATIONS / f"{subject}.yml"
    own_path = own / "expectations" / path.name if own else path
    if not (path.is_file() or own_path.is_file()):
        raise ConfigurationError(
            f"expectations/{subject}.yml is missing: every entity and mart has one"
        )
    written = read_yaml(path)["expectations"] if path.is_file() else []
    rules = {rule.name: rule for rule in map(_rule, written)}
    for rule in _own_rules(own_path) if own_path != path and own_path.is_file() else ():
        if rule.name in rules:
            first = own_path if rules[rule.name].is_own else path
            refuse_clash("rule", f"{rule.name} of {subject}", first, own_path)
        rules[rule.name] = rule
    return tuple(replace(rule, number=number) for number, rule in enumerate(rules.values()))


def has_rules(subject: str) -> bool:
    """Whether there is a file with rules of this name, shipped or own."""
    return (EXPECTATIONS / f"{subject}.yml").is_file() or subject in own_subjects()


def forget_rules() -> None:
    """Read the files again at the next call: those of the folder may have changed."""
    _rules_of.cache_clear()


def own_subjects() -> list[str]:
    """Entities and marts that the folder of the settings file has rules for."""
    return [path.stem for path in added("expectations", "*.yml")]


def _rule(
    written: Mapping[str, Any],
    *,
    is_own: bool = False,
) -> Rule:
    return Rule(written["type"], written["kwargs"], **written["meta"], is_own=is_own)


def _own_rules(path: Path) -> Iterator[Rule]:
    """The rules of a file. Raises ConfigurationError that says what is wrong, and how to write."""
    given = described(path)
    if given in ({}, {"expectations": None}):  # the last rule was removed
        return
    listed = given.get("expectations")
    if not isinstance(listed, list):
        raise ConfigurationError(f"{path}: write `expectations:` and below it a list of rules")
    for number, written in enumerate(listed, 1):
        problem = _problem(written)
        if problem:
            raise ConfigurationError(f"{path}: rule {number} {problem}")
        yield _rule(written, is_own=True)


def _problem(written: object) -> str:
    """What is wrong with a rule; "" if nothing is."""
    if not isinstance(written, Mapping) or set(written) != _PARTS:
        return "needs type, kwargs and meta, and nothing else"
    kwargs, meta = written["kwargs"], written["meta"]
    if not isinstance(kwargs, Mapping) or not isinstance(meta, Mapping) or set(meta) != _META:
        return "needs kwargs such as {column: day}, and meta with level and description"
    if meta["level"] not in get_args(Level):
        return f"has level {meta['level']!r}, not one of {', '.join(get_args(Level))}"
    return ""


def columns_of(subject: str) -> tuple[str, ...]:
    """Columns that the rules of a subject read."""
    return columns_read(rules_of(subject))


def columns_read(rules: Iterable[Rule]) -> tuple[str, ...]:
    """Columns that some rules read, each once."""
    return tuple(dict.fromkeys(column for rule in rules for column in rule.columns))
