"""A clock of the sandbox that moves, so that a schedule can be rehearsed."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class MovingClock:
    """Begins at an instant and moves `speed` times as fast as real time, in whole minutes.

    It never passes the present: the job asks for nothing later.
    """

    begin: datetime
    speed: float = 1.0
    _started: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        """The sandbox's present minute."""
        passed = timedelta(seconds=(time.monotonic() - self._started) * self.speed)
        return min(self.begin + passed, datetime.now(UTC)).replace(second=0, microsecond=0)
