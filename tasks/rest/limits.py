"""Client-side rate limit: evenly spaced requests, so that the vendor's limit is seldom met."""

import threading
import time
from collections.abc import Callable


class RateLimiter:
    """Lets calls through at most `per_minute` times a minute; None or 0 means no limit.

    Safe between threads.
    """

    def __init__(
        self,
        per_minute: int | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._burst = min(per_minute or 0, 10) * self._gap
        self._next = 0.0
        self._lock = threading.Lock()
        self._clock, self._sleep = clock, sleep

    def wait(self) -> None:
        """Return when the next call may go out: short bursts pass at once, the average holds."""
        if not self._gap:
            return
        with self._lock:
            now = self._clock()
            start = max(self._next, now - self._burst)
            self._next = start + self._gap
        if start > now:
            self._sleep(start - now)
