"""Rate limits: evenly spaced requests, and how long to wait where the vendor's limit is met."""

import email.utils
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from tasks.clock import as_utc, parse_instant
from tasks.rest.spec import Limits

_HTTP_DATE = re.compile(r"[A-Za-z]{3,9}, [^,]+")
_SECONDS = re.compile(r"\d+(\.\d+)?")
_UNIX, _UNIX_MILLISECONDS = 1e9, 1e12  # from here on a number is no span but a time


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


def wait_of(limits: Limits, headers: Mapping[str, str], body: bytes) -> float | None:
    """Seconds that the vendor asks to wait, None if it names none. Header names are lower case.

    By the vendor's own rule, else by Retry-After, else by the limit's reset headers.
    """
    own = limits.wait(headers, body) if limits.wait else None
    if own:
        return own
    wish = retry_after(headers)
    if wish is not None:
        return wish
    resets = [reset_in(header.of(headers) or "") for header in limits.resets]
    return max(filter(None, resets), default=None)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from Retry-After headers (numbers or HTTP dates), None where absent or nonsense.

    The longest counts where a gateway and the vendor each set one.
    """
    text = headers.get("retry-after", "")
    waits = [_seconds_until_date(date) for date in _HTTP_DATE.findall(text)]
    parts = _HTTP_DATE.sub("", text).split(",")
    waits += [float(part) for part in parts if _SECONDS.fullmatch(part.strip())]
    return max((wait for wait in waits if wait is not None), default=None)


def reset_in(text: str) -> float | None:
    """Seconds until a limit is filled again, from seconds, Unix time or an ISO instant."""
    try:
        number = float(text)
    except ValueError:
        return _seconds_until_instant(text)
    if number >= _UNIX_MILLISECONDS:
        number /= 1000
    if number >= _UNIX:
        number -= time.time()
    return number if 0 < number < _UNIX else None


def _seconds_until_date(text: str) -> float | None:
    try:
        return _seconds_until(as_utc(email.utils.parsedate_to_datetime(text)))
    except (TypeError, ValueError, OverflowError):
        return None


def _seconds_until_instant(text: str) -> float | None:
    try:
        return _seconds_until(parse_instant(text))
    except (ValueError, OverflowError):
        return None


def _seconds_until(at: datetime) -> float:
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
