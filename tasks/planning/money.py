"""Why actual labour cost differs from plan: volume, mix, efficiency and rate.

The parts add up to the difference exactly. For cells i (teams) with volume v, hours per contact h
and cost of an hour r, planned p and actual a, V their sums:

    volume     = (V_a - V_p) x planned mean cost of a contact
    mix        = sum_i (v_ai - V_a v_pi / V_p) h_pi r_pi
    efficiency = sum_i v_ai (h_ai - h_pi) r_pi
    rate       = sum_i v_ai h_ai (r_ai - r_pi)

Positive is over plan. Each cell bears its own part, so that cells add up to the whole. (Volume,
price and mix analysis as in management accounting; Signoret, Analyzing revenue variations.)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Work:
    """Contacts, hours of work per contact and cost of an hour of work."""

    contacts: Decimal
    hours: Decimal
    rate: Decimal

    @property
    def cost(self) -> Decimal:
        """Cost of all contacts."""
        return self.contacts * self.hours * self.rate


@dataclass(frozen=True, slots=True)
class Variance:
    """Parts of actual less plan of one cell, unrounded."""

    volume: Decimal = ZERO
    mix: Decimal = ZERO
    efficiency: Decimal = ZERO
    rate: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """Actual less plan."""
        return self.volume + self.mix + self.efficiency + self.rate


def variances(plan: Mapping[str, Work], actual: Mapping[str, Work]) -> dict[str, Variance]:
    """Variances by cell.

    A cell without plan is mix at its own cost, so is one without actuals; without any plan all is
    volume.
    """
    planned = sum((work.contacts for work in plan.values()), ZERO)
    handled = sum((work.contacts for work in actual.values()), ZERO)
    return {
        cell: _variance(plan.get(cell), actual.get(cell), planned, handled)
        for cell in sorted({*plan, *actual})
    }


def _variance(
    plan: Work | None, actual: Work | None, planned: Decimal, handled: Decimal
) -> Variance:
    if planned == 0:
        return Variance(volume=actual.cost if actual else ZERO)
    if plan is None:
        return Variance(mix=actual.cost if actual else ZERO)
    cost_of_contact = plan.hours * plan.rate
    expected = handled * plan.contacts / planned  # contacts, had the mix been as planned
    done = actual or Work(ZERO, plan.hours, plan.rate)
    return Variance(
        volume=(expected - plan.contacts) * cost_of_contact,
        mix=(done.contacts - expected) * cost_of_contact,
        efficiency=done.contacts * (done.hours - plan.hours) * plan.rate,
        rate=done.contacts * done.hours * (done.rate - plan.rate),
    )
