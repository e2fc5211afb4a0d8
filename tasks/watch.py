"""Step: notice what no error tells: a source that went quiet, a day unlike others, a stream that
was not read for long.

Compared are days in UTC of the last eight weeks, so that a change of the reporting zone changes no
alert. Nothing is hidden or corrected; an alert says what to look at.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

from tasks.settings import Settings
from tasks.warehouse import runlog
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.session import Session

KINDS = ("quiet", "volume", "behind")
WEEKS = 8
_TOLD_BY = {
    "ticket": "created_at",
    "message": "sent_at",
    "ticket_event": "changed_at",
    "survey_response": "responded_at",
    "call": "offered_at",
}
_LEAST_A_DAY = 1.0
_ROBUST = 1.4826  # a normal distribution's standard deviation in median absolute deviations
_FAR = 6.0
Alert = tuple[str, str, str]


def watch(warehouse: Warehouse, settings: Settings, as_of: datetime) -> list[Alert]:
    """Look, and enter what was found in `ops.alert`. Gives (subject, kind, what to know)."""
    with warehouse.transaction() as session:
        found = [*_behind(session, settings, as_of)]
        for entity, instant in _TOLD_BY.items():
            for account, days in _daily(session, entity, instant, as_of).items():
                found += judge(f"{account}/{entity}", days, as_of)
        runlog.record_alerts(session, KINDS, found)
    return found


def judge(subject: str, days: Mapping[date, int], as_of: datetime) -> list[Alert]:
    """Alerts of one source from its records by day, UTC; days without records are not in `days`."""
    last = as_of.astimezone(UTC).date() - timedelta(days=1)
    first = last - timedelta(days=7 * WEEKS)
    known = [day for day in days if first <= day]
    if (
        not known
        or sum(days[d] for d in known) < _LEAST_A_DAY * (last - max(first, min(known))).days
    ):
        return []
    quiet, usual = (last - max(known)).days, _longest_gap(sorted(known))
    if quiet > usual + 1:
        return [
            (
                subject,
                "quiet",
                (
                    f"no record since {max(known).isoformat()}, {quiet} days; the longest pause of"
                    f" the eight weeks before was {usual}"
                ),
            )
        ]
    return _volume(subject, days, last)


def _longest_gap(known: Sequence[date]) -> int:
    """Most days without a record between two days with one."""
    return max(((b - a).days - 1 for a, b in itertools.pairwise(known)), default=0)


def _volume(subject: str, days: Mapping[date, int], last: date) -> list[Alert]:
    """The last whole day against the same weekdays of eight weeks: six robust deviations, and at
    least half of the usual, away.
    """
    before = [days.get(last - timedelta(weeks=w), 0) for w in range(1, WEEKS + 1)]
    usual = median(before)
    spread = _ROBUST * median(abs(count - usual) for count in before)
    away = abs(days.get(last, 0) - usual)
    if sum(count > 0 for count in before) < WEEKS // 2 or away <= max(
        _FAR * spread, _FAR * max(usual, 1.0) ** 0.5, usual / 2
    ):
        return []
    return [
        (
            subject,
            "volume",
            (
                f"{days.get(last, 0):,} records on {last.isoformat()}; usual on that weekday:"
                f" {usual:,.0f}"
            ),
        )
    ]


def _daily(
    session: Session, entity: str, instant: str, as_of: datetime
) -> dict[str, dict[date, int]]:
    since = as_of - timedelta(days=7 * WEEKS + 8)
    rows: Iterable[Any] = session.fetch(
        f"select account, cast({instant} as date) as day, count(*) from source.{entity} where"
        f" {instant} >= :since and {instant} < :until group by account, cast({instant} as date)",
        {"since": since, "until": as_of},
    )
    found: dict[str, dict[date, int]] = {}
    for account, day, count in rows:
        found.setdefault(account, {})[day] = count
    return found


def _behind(session: Session, settings: Settings, as_of: datetime) -> list[Alert]:
    """Streams whose last good read is long ago."""
    accounts = {a.name: a for a in settings.accounts}
    found = []
    for account, stream, at in session.fetch(
        "select account, stream, max(loaded_at) from ops.batch group by account, stream order by"
        " 1, 2",
    ):
        known = accounts.get(account)
        hours = (as_of - at).total_seconds() / 3600
        if known and stream not in known.deselect and hours > settings.rules.behind_hours:
            found.append(
                (
                    f"{account}/{stream}",
                    "behind",
                    f"not read since {at:%Y-%m-%d %H:%M} UTC; its numbers are as of then",
                )
            )
    return found
