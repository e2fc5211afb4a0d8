"""Step: read what a company adds to the shipped tables, KPIs, rules and connectors.

Everything lies in the folder of the settings file. What cannot work is refused before a run begins,
with the file and what to write.
"""

from dataclasses import dataclass

from tasks.additions import added, counted
from tasks.connectors import forget_connectors, places
from tasks.errors import ConfigurationError
from tasks.paths import forget_own_folder
from tasks.quality.rules import own_subjects, rules_of
from tasks.quality.suites import forget_suites
from tasks.sqlmodels.catalog import columns_of_subject, forget_models, models
from tasks.sqlmodels.kpis import forget_kpis, kpis


@dataclass(frozen=True, slots=True)
class Own:
    """Names of what is not shipped."""

    models: tuple[str, ...]
    kpis: tuple[str, ...]
    rules: tuple[str, ...]
    connectors: tuple[str, ...]

    def __str__(self) -> str:
        """What there is, counted."""
        counts = {
            "table": self.models,
            "KPI": self.kpis,
            "rule": self.rules,
            "connector": self.connectors,
        }
        words = [counted(len(names), kind) for kind, names in counts.items() if names]
        return ", ".join(words) or "none"


def read_own() -> Own:
    """Read the folder, also again in a process that has read it before.

    Raises ConfigurationError for what is not well described, or named like something else.
    """
    forget_own_folder()
    forget_kpis()
    forget_models()
    forget_suites()
    forget_connectors()
    for model in models().values():
        if model.is_own or model.more_rows:
            model.rows()
    for subject in own_subjects():
        _refuse_unknown(subject)
    return Own(
        tuple(name for name, model in models().items() if model.is_own),
        tuple(name for name, kpi in kpis().items() if kpi.is_own),
        tuple(
            f"{subject}: {rule.name}"
            for subject in own_subjects()
            for rule in rules_of(subject)
            if rule.is_own
        ),
        tuple(name for name, place in places().items() if place != "shipped"),
    )


def _refuse_unknown(subject: str) -> None:
    """Rules of nothing, or of columns that are not there, would be applied by nobody."""
    path = next(p for p in added("expectations", "*.yml") if p.stem == subject)
    known = {column.name for column in columns_of_subject(subject)}
    if not known:
        raise ConfigurationError(
            f"{path}: there is no entity and no mart {subject}; name the file after one"
        )
    for rule in rules_of(subject):
        absent = sorted(set(rule.columns) - known) if rule.is_own else []
        if absent:
            raise ConfigurationError(f"{path}: {subject} has no column {', '.join(absent)}")
