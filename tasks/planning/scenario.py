"""What-if scenarios: changes against the base, and their staffing next to the base's."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tasks.planning.rows import StaffingForecast, StaffingScenarioDaily


@dataclass(frozen=True, slots=True)
class Scenario:
    """Changes against the base: factors of volume and handle time, other targets or shrinkage.

    `live_share` of live contacts are answered within `live_seconds`; None keeps the setting.
    """

    volume: float = 1.0
    handle: float = 1.0
    live_share: float | None = None
    live_seconds: float | None = None
    shrinkage: float | None = None

    @property
    def description(self) -> str:
        """The changes in words, such as "volume +10.0%, shrinkage 32.0%"."""
        parts = []
        if self.volume != 1:
            parts.append(f"volume {self.volume - 1:+.1%}")
        if self.handle != 1:
            parts.append(f"handle time {self.handle - 1:+.1%}")
        if self.live_share is not None:
            parts.append(f"live contacts {self.live_share:.0%} in {self.live_seconds:g} s")
        if self.shrinkage is not None:
            parts.append(f"shrinkage {self.shrinkage:.1%}")
        return ", ".join(parts) or "no change"


BASE = Scenario()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares a scenario's staffing with the base's, day by day."""

    name: str
    scenario: Scenario
    monthly_cost_per_fte: float
    workdays_by_month: Counter[date]  # by the month's first day

    def rows(
        self, base: Sequence[StaffingForecast], changed: Sequence[StaffingForecast]
    ) -> list[StaffingScenarioDaily]:
        """One row for each team and day; both sequences hold the same ones in the same order."""
        return [self._row(before, after) for before, after in zip(base, changed, strict=True)]

    def _row(self, base: StaffingForecast, changed: StaffingForecast) -> StaffingScenarioDaily:
        extra_fte = changed.needed_fte - base.needed_fte
        return StaffingScenarioDaily(
            scenario=self.name,
            assumptions=self.scenario.description,
            account=base.account,
            team_id=base.team_id,
            team=base.team,
            day=base.day,
            expected_tickets=changed.expected_tickets,
            base_expected_tickets=base.expected_tickets,
            handle_minutes=changed.handle_minutes,
            fte=changed.needed_fte,
            base_fte=base.needed_fte,
            extra_fte=extra_fte,
            is_feasible=changed.is_feasible,
            extra_cost=self._cost(extra_fte, base.day),
        )

    def _cost(self, extra_fte: float, day: date) -> Decimal | None:
        """Cost of one day; None in a month without work days."""
        workdays = self.workdays_by_month[day.replace(day=1)]
        if not workdays:
            return None
        return Decimal(f"{extra_fte * self.monthly_cost_per_fte / workdays:.4f}")


def count_by_month(workdays: Iterable[date]) -> Counter[date]:
    """Work days by the first day of their month."""
    return Counter(day.replace(day=1) for day in workdays)
