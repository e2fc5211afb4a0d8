"""Step: detect silent failures: quiet sources, odd volumes, stale streams, unlike figures.

Days are UTC days of the last eight weeks, so that a change of the reporting zone changes no alert.
Nothing is hidden or corrected; an alert says what to look at.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import NamedTuple

from tasks.meanings import AccountValue, unknown_words
from tasks.planning.calendar_tables import OpenHours, default_schedules
from tasks.settings import Settings
from tasks.sqlmodels.reads import read
from tasks.warehouse import runlog
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.session import Session

KINDS = (
    "quiet",
    "volume",
    "behind",
    "unknown",
    "schedule",
    "field",
    "unexplained",
    "rate",
)
WEEKS = 8
_LEAST_A_DAY = 1.0
_ROBUST = 1.4826  # a normal distribution's standard deviation in median absolute deviations
_FAR = 6.0
_LEAST_UNEXPLAINED = 3  # figures; fewer are no sign of a wrong reading
Alert = tuple[str, str, str]


class DailyCount(NamedTuple):
    """Records of one account, entity and UTC day."""

    entity: str
    account: str
    day: date
    records_count: int


class MissingRate(NamedTuple):
    """Costs or plan lines of one currency that nothing converts."""

    kind: str
    currency: str
    records_count: int
    first_on: date
    last_on: date


class Agreement(NamedTuple):
    """How many figures of an account's measure are those of the vendor."""

    account: str
    measure: str
    calendar: str
    compared_count: int
    equal_count: int
    explained_count: int
    unexplained_count: int

    @property
    def title(self) -> str:
        """The measure and its kind of time."""
        return self.measure if self.calendar == "none" else f"{self.measure} ({self.calendar})"

    @property
    def unexplained_share(self) -> float:
        """Figures that differ without an explanation, as a share."""
        return self.unexplained_count / self.compared_count


def watch(warehouse: Warehouse, settings: Settings, as_of: datetime) -> list[Alert]:
    """Look for silent failures and record them in `ops.alert`.

    Gives (subject, kind, what to know).
    """
    with warehouse.transaction() as session:
        alerts = [*_behind(session, settings, as_of), *_schedules(session, settings)]
        alerts += [(on, "unknown", words) for on, words in unknown_words(account_values(session))]
        alerts += _unlike(session, settings, as_of)
        alerts += _without_rate(session)
        alerts += _fields(session)
        for subject, days in _daily(session, as_of).items():
            alerts += judge(subject, days, as_of)
        runlog.record_alerts(session, KINDS, alerts)
    return alerts


def account_values(session: Session) -> list[AccountValue]:
    """What the values of every account mean, as the latest build has it."""
    return read(session, "watch/account_values", AccountValue)


def _schedules(session: Session, settings: Settings) -> Iterator[Alert]:
    """Accounts of which nothing says the default schedule, or whose setting names none."""
    hours = read(session, "transform/schedules", OpenHours)
    wanted = {account.name: account.default_schedule for account in settings.accounts}
    for account, default in default_schedules(hours, wanted).items():
        listed = sorted({span.schedule_id for span in hours if span.account == account})
        subject, is_set = f"{account}/business_schedule", default.decided_by == "setting"
        known = f"{', '.join(listed[:5])}{' and more' if len(listed) > 5 else ''}"
        if wanted.get(account) and not is_set:
            words = f"default_schedule {wanted[account]!r} is none or several of {known}"
            yield subject, "schedule", f"{words}; {default.schedule_id} is used"
        elif default.decided_by == "unknown":
            words = f"no default among the schedules {known}; {default.schedule_id} is used"
            yield subject, "schedule", f"{words}; set default_schedule of the account"


class WatchedField(NamedTuple):
    """A chosen field of which a person should know something."""

    account: str
    name: str
    wanted: str
    filled_by: str | None
    problem: str | None
    is_past_missing: bool


def _fields(session: Session) -> Iterator[Alert]:
    """Chosen fields that mean nothing, were deleted, or have no value for the past."""
    for one in read(session, "watch/fields", WatchedField):
        subject = f"{one.account}/field {one.name}"
        if one.problem:
            yield subject, "field", f"{one.wanted!r}: {one.problem}"
        elif one.is_past_missing:
            how = "the landed pages have it" if one.filled_by == "replay" else "it asks the vendor"
            words = "chosen after tickets were read, so those have no value of it"
            yield subject, "field", f"{words}; `support-etl {one.filled_by}` fills the past: {how}"


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
    """The last whole day against the same weekdays of eight weeks.

    An alert is six robust standard deviations, and at least half of the usual, away.
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


def _daily(session: Session, as_of: datetime) -> dict[str, dict[date, int]]:
    """Records by subject (account/entity) and day."""
    since = as_of - timedelta(days=7 * WEEKS + 8)
    by_subject: dict[str, dict[date, int]] = defaultdict(dict)
    rows = read(session, "watch/daily_counts", DailyCount, since=since, until=as_of)
    for row in rows:
        by_subject[f"{row.account}/{row.entity}"][row.day] = row.records_count
    return by_subject


def _unlike(session: Session, settings: Settings, as_of: datetime) -> Iterator[Alert]:
    """Measures of which too many figures differ from the vendor's without an explanation."""
    since, limit = as_of - timedelta(weeks=WEEKS), settings.rules.unexplained_limit_share
    for row in read(session, "compare/agreement", Agreement, since=since, until=as_of):
        if row.unexplained_count >= _LEAST_UNEXPLAINED and row.unexplained_share > limit:
            description = (
                f"{row.unexplained_count:,} of {row.compared_count:,} figures"
                f" ({row.unexplained_share:.0%}) differ from the vendor's own, and nothing explains"
                f" it; see `support-etl compare --account {row.account}`"
            )
            yield f"{row.account}/{row.title}", "unexplained", description


def _without_rate(session: Session) -> Iterator[Alert]:
    """Currencies of costs or plans that have no exchange rate: sums are incomplete by them."""
    for row in read(session, "watch/missing_rates", MissingRate):
        description = (
            f"{row.records_count:,} {row.kind}{'s' if row.records_count > 1 else ''} between"
            f" {row.first_on.isoformat()} and {row.last_on.isoformat()} have no exchange rate and"
            " are in no sum; add it to exchange_rates"
        )
        yield f"{row.currency}/{row.kind}", "rate", description


def _behind(session: Session, settings: Settings, as_of: datetime) -> Iterator[Alert]:
    """Streams whose last good read is long ago."""
    accounts = {account.name: account for account in settings.accounts}
    for (account, stream), loaded_at in sorted(runlog.last_loads(session).items()):
        known = accounts.get(account)
        hours = (as_of - loaded_at).total_seconds() / 3600
        if known and stream not in known.deselect and hours > settings.rules.behind_hours:
            description = (
                f"not read since {loaded_at:%Y-%m-%d %H:%M} UTC; its numbers are as of then"
            )
            yield f"{account}/{stream}", "behind", description
