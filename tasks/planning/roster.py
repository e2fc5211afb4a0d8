"""Which shifts cover the need at the least cost: a covering integer program.

HiGHS solves it, through SciPy:

    minimise    sum_s hours_s n_s + price sum_t under_t
    subject to  sum_s covers_{s,t} n_s + under_t >= need_t,  n_s whole, under_t >= 0
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.errors import ConfigurationError

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift: the intervals that it covers (without its break) and the hours paid for it."""

    name: str
    covers: tuple[int, ...]
    paid_hours: float


@dataclass(frozen=True, slots=True)
class Roster:
    """People by shift; by interval what is covered, and the people over and under the need."""

    headcount: dict[str, int]
    covered: Whole
    over: Whole
    under: Floats
    paid_hours: float


def cover(
    need: Sequence[float],
    shifts: Sequence[Shift],
    *,
    price_of_under: float | None = None,
    time_limit: float = 30.0,
) -> Roster:
    """The cheapest roster for `need` people per interval.

    With `price_of_under` (paid hours that a missing person-interval is worth) need may go unmet.
    Raises ConfigurationError where no shift covers an interval with need, or the solver finds
    nothing in `time_limit` seconds.
    """
    wanted = np.asarray(need, dtype=np.float64)
    covers = np.zeros((len(wanted), len(shifts)))
    for column, shift in enumerate(shifts):
        covers[list(shift.covers), column] = 1
    uncovered = np.flatnonzero((wanted > 0) & (covers.sum(axis=1) == 0))
    if len(uncovered) and price_of_under is None:
        raise ConfigurationError(
            f"no shift covers interval {int(uncovered[0])} and {len(uncovered) - 1} others that"
            " need people; add a shift pattern"
        )
    if not shifts or not wanted.any():
        counts = np.zeros(len(shifts))
    else:
        paid_hours = [shift.paid_hours for shift in shifts]
        counts = _cheapest(covers, wanted, paid_hours, price_of_under, time_limit)
    return _roster(shifts, counts, covers, wanted)


def _cheapest(
    covers: Floats,
    need: Floats,
    paid_hours: list[float],
    price_of_under: float | None,
    time_limit: float,
) -> Floats:
    """People by shift: the solution of the integer program."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, eye_array, hstack

    intervals, shifts = covers.shape
    coverage, cost, is_whole = csr_array(covers), paid_hours, [1] * shifts
    if price_of_under is not None:
        coverage = hstack([coverage, eye_array(intervals)])
        cost = [*cost, *[price_of_under] * intervals]
        is_whole += [0] * intervals
    solution = milp(
        np.array(cost),
        integrality=np.array(is_whole),
        bounds=Bounds(0, np.inf),
        constraints=LinearConstraint(coverage, np.ceil(need - 1e-9), np.inf),
        options={"time_limit": time_limit, "mip_rel_gap": 0.001},
    )
    if solution.x is None:
        raise ConfigurationError(f"no roster found: {solution.message}")
    return np.asarray(np.round(solution.x[:shifts]))


def _roster(shifts: Sequence[Shift], counts: Floats, covers: Floats, need: Floats) -> Roster:
    covered = np.rint(covers @ counts).astype(np.int64)
    wanted = np.ceil(need - 1e-9).astype(np.int64)
    headcount = {shift.name: int(count) for shift, count in zip(shifts, counts, strict=True)}
    paid = sum(shift.paid_hours * count for shift, count in zip(shifts, counts, strict=True))
    return Roster(
        headcount=headcount,
        covered=covered,
        over=np.maximum(covered - wanted, 0),
        under=np.maximum(wanted - covered, 0).astype(np.float64),
        paid_hours=float(paid),
    )
