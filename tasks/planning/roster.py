"""Which shifts cover the need at the least cost: a covering integer program, solved by HiGHS
(through SciPy).

minimise    sum_s hours_s x n_s + price x sum_t under_t subject to  sum_s covers_{s,t} x n_s +
under_t >= need_t,  n_s whole, under_t >= 0
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.errors import ConfigurationError

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift pattern: the intervals that it covers (a break is left out) and the hours that are
    paid for it.
    """

    name: str
    covers: tuple[int, ...]
    paid_hours: float


@dataclass(frozen=True, slots=True)
class Roster:
    """Heads by shift, and by interval what is covered, over and under."""

    heads: dict[str, int]
    covered: Whole
    over: Whole
    under: NDArray[np.float64]
    paid_hours: float


def cover(
    need: Sequence[float],
    shifts: Sequence[Shift],
    *,
    price_of_under: float | None = None,
    time_limit: float = 30.0,
) -> Roster:
    """The cheapest roster for `need` heads per interval.

    With `price_of_under` (paid hours a missing head-interval is worth) need may go unmet. Raises
    ConfigurationError where no shift covers an interval with need, or the solver finds nothing in
    `time_limit` seconds.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, eye_array, hstack

    wanted = np.asarray(need, dtype=np.float64)
    matrix = np.zeros((len(wanted), len(shifts)))
    for column, shift in enumerate(shifts):
        matrix[list(shift.covers), column] = 1
    bare = np.flatnonzero((wanted > 0) & (matrix.sum(axis=1) == 0))
    if len(bare) and price_of_under is None:
        raise ConfigurationError(
            f"no shift covers interval {int(bare[0])} and {len(bare) - 1} others that need people;"
            " add a shift pattern"
        )
    if not shifts or not wanted.any():
        return _rostered(shifts, np.zeros(len(shifts)), matrix, wanted)
    priced = price_of_under is not None
    constraint = LinearConstraint(
        hstack([csr_array(matrix), eye_array(len(wanted))]) if priced else csr_array(matrix),
        np.ceil(wanted - 1e-9),
        np.inf,
    )
    cost = np.array(
        [s.paid_hours for s in shifts] + ([price_of_under or 0.0] * len(wanted) if priced else [])
    )
    whole = np.array([1] * len(shifts) + ([0] * len(wanted) if priced else []))
    found = milp(
        cost,
        integrality=whole,
        bounds=Bounds(0, np.inf),
        constraints=constraint,
        options={"time_limit": time_limit, "mip_rel_gap": 0.001},
    )
    if found.x is None:
        raise ConfigurationError(f"no roster found: {found.message}")
    return _rostered(shifts, np.round(found.x[: len(shifts)]), matrix, wanted)


def _rostered(
    shifts: Sequence[Shift],
    heads: NDArray[np.float64],
    matrix: NDArray[np.float64],
    need: NDArray[np.float64],
) -> Roster:
    covered = (
        np.rint(matrix @ heads).astype(np.int64)
        if len(shifts)
        else np.zeros(len(need), dtype=np.int64)
    )
    wanted = np.ceil(need - 1e-9).astype(np.int64)
    counts = {shift.name: int(count) for shift, count in zip(shifts, heads, strict=True)}
    paid = float(sum(shift.paid_hours * count for shift, count in zip(shifts, heads, strict=True)))
    return Roster(
        counts,
        covered,
        np.maximum(covered - wanted, 0),
        np.maximum(wanted - covered, 0).astype(np.float64),
        paid,
    )
