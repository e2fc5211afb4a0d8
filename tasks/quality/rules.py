"""The rules of `expectations/`: one YAML file for each entity and each mart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tasks.errors import ConfigurationError
from tasks.paths import EXPECTATIONS, read_yaml


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One expectation: its type and arguments, as Great Expectations names them.

    `level` says what a broken rule does: `row` sends the rows that break it to quarantine, `batch`
    refuses the whole batch, `warn` is only reported. `number` is the rule's place in its file.
    """

    type: str
    kwargs: Mapping[str, Any]
    level: str = "warn"
    description: str = ""
    number: int = 0

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


@cache
def rules_of(subject: str) -> tuple[Rule, ...]:
    """Read the rules of an entity or mart. Raises ConfigurationError if there is no file."""
    path = EXPECTATIONS / f"{subject}.yml"
    if not path.is_file():
        raise ConfigurationError(
            f"expectations/{subject}.yml is missing: every entity and mart has one"
        )
    return tuple(
        Rule(rule["type"], rule["kwargs"], **rule["meta"], number=number)
        for number, rule in enumerate(read_yaml(path)["expectations"])
    )


def columns_of(subject: str) -> tuple[str, ...]:
    """Columns that the rules of a subject read."""
    return columns_read(rules_of(subject))


def columns_read(rules: Iterable[Rule]) -> tuple[str, ...]:
    """Columns that some rules read, each once."""
    return tuple(dict.fromkeys(column for rule in rules for column in rule.columns))
