"""What a build goes without after a failure: steps, models and KPIs, and all that reads them."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from tasks.sqlmodels.catalog import Model, descendants, models, without_kpis
from tasks.sqlmodels.kpis import kpis

_WITH_STEP = {  # a step, and the steps that read its tables
    "forecast": frozenset({"forecast", "plan"}),
    "plan": frozenset({"plan"}),
    "budget": frozenset({"budget"}),
}
_MOST_FAILURES = 5  # models of one build; each of them costs another attempt
_BACKBONE = "marts.kpi_daily"  # without it a report would show days that are only half there


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Steps, models and own KPIs that a build leaves out; their tables stay as they are."""

    steps: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    kpis: frozenset[str] = frozenset()
    failures: int = 0

    def __str__(self) -> str:
        """All of them on one line."""
        return ", ".join(
            sorted((*self.steps, *self.models, *(f"KPI {name}" for name in self.kpis)))
        )

    @property
    def is_bearable(self) -> bool:
        """Whether a build without them is worth more than the tables of the last one."""
        return _BACKBONE not in self.models

    @property
    def is_long(self) -> bool:
        """Whether so much has failed that another attempt is not worth its time."""
        return self.failures >= _MOST_FAILURES

    def trimmed(self, model: Model) -> Model:
        """The model, without the KPIs that are left out."""
        return without_kpis(model, self.kpis)

    def with_step(self, step: str) -> "LeftOut":
        """Also without a step, and those that read its tables."""
        return replace(self, steps=self.steps | _WITH_STEP.get(step, {step}))

    def with_kpis(self, names: Collection[str]) -> "LeftOut":
        """Also without these own KPIs."""
        return replace(self, kpis=self.kpis | set(names))

    def with_model(self, name: str) -> "LeftOut":
        """Also without a model and all that reads it; an own KPI that does goes, and no other."""
        broken = self.models | {name}
        while True:
            lost = {kpi.name for kpi in kpis().values() if kpi.is_own and broken & set(kpi.inputs)}
            more = descendants(broken, self.kpis | lost)
            if more == broken:
                break
            broken = more
        made_by = {models()[each].built_by for each in broken}
        left = replace(self, models=broken, kpis=self.kpis | lost, failures=self.failures + 1)
        for step in made_by & set(_WITH_STEP):
            left = left.with_step(step)
        return left
