"""Assumptions of a plan by team: handle time, shrinkage and service targets."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np

from tasks.planning import queueing
from tasks.planning.expected import Expected, Team
from tasks.planning.need import ServiceTargets
from tasks.planning.scenario import BASE, Scenario
from tasks.settings import PlanningSettings


class Sourced(NamedTuple):
    """A figure and where it is from."""

    value: float
    source: str


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Settings, measurements and a scenario; the most specific source of a figure wins."""

    expected: Expected
    planning: PlanningSettings
    scenario: Scenario = BASE

    def handle_seconds(self, team: Team, channel: str, day: date) -> Sourced:
        """Seconds of work per contact: from the plan, what was measured, or the setting."""
        factor = self.scenario.handle
        planned = self.expected.planned(team.name, day).handle_minutes
        if planned:
            return Sourced(planned * 60 * factor, "plan")
        measured = self.expected.handle_seconds.get((team.account, team.team_id, channel))
        if measured:
            return Sourced(measured * factor, "measured")
        return Sourced(self.planning.handle_minutes * 60 * factor, "setting")

    def shrinkage(self, team: Team) -> Sourced:
        """Share of paid time that is not work: from the scenario, the shifts, or the setting."""
        if self.scenario.shrinkage is not None:
            return Sourced(self.scenario.shrinkage, "scenario")
        if team.key in self.expected.shrinkage:
            return Sourced(self.expected.shrinkage[team.key], "shifts")
        return Sourced(self.planning.shrinkage_share, "setting")

    def service_targets(self, team: Team) -> ServiceTargets:
        """The service targets of the settings, changed by the scenario, at the team's shrinkage."""
        planning, scenario = self.planning, self.scenario
        share, seconds = scenario.live_share, scenario.live_seconds
        live = queueing.Target(
            share=planning.live_share if share is None else share,
            seconds=planning.live_seconds if seconds is None else seconds,
            most_occupied=planning.live_occupancy,
            most_abandoned=planning.live_abandoned,
        )
        return ServiceTargets(
            live=live,
            patience=planning.patience_seconds or np.inf,
            concurrency=planning.chat_concurrency,
            deferred_share=planning.deferred_share,
            deferred_seconds=planning.deferred_hours * 3600,
            occupancy=planning.occupancy_share,
            shrinkage=self.shrinkage(team).value,
            paid_hours=planning.paid_hours_per_day,
            spread=self.expected.handle_spread.get(team.key, planning.handle_spread),
        )

    def waiting(self, team: Team) -> float:
        """Tickets of deferred channels that wait for an agent of the team now."""
        return sum(
            tickets
            for channel, tickets in self.expected.waiting.get(team.key, {}).items()
            if channel not in self.planning.live_channels
        )
