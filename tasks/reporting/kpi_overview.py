"""Headlines and plots of KPIs, all accounts together."""

from collections.abc import Callable
from datetime import date, timedelta

from tasks.reporting.content import Headline, Plot, Series
from tasks.reporting.kpis import Daily, Definition, Definitions, format_value, value_of, value_over

DAYS_SHOWN = 182
_HEADLINES = (
    "tickets_created",
    "tickets_solved",
    "backlog",
    "first_reply_time",
    "full_resolution_time",
    "csat",
    "sla_attainment",
    "reopen_rate",
)
_SOURCE = "marts.kpi_daily"


def kpi_headlines(definitions: Definitions, daily: Daily, last_day: date) -> list[Headline]:
    """The last seven days next to the seven before."""
    week, week_before = last_day - timedelta(days=6), last_day - timedelta(days=13)
    headlines = []
    for name in _HEADLINES:
        kpi, days = definitions[name], daily.get(name, {})
        now = value_over(kpi, days, week, last_day)
        before = value_over(kpi, days, week_before, week - timedelta(days=1))
        span = "at the end of the day" if kpi.shape.startswith("level") else "last 7 days"
        description = f"{span}; the week before: {format_value(kpi, before)}"
        headlines.append(Headline(kpi.title, format_value(kpi, now), description))
    return headlines


def kpi_plots(definitions: Definitions, daily: Daily, last_day: date) -> list[Plot]:
    """Volume, backlog, first reply, satisfaction and SLA over half a year."""
    line = _Lines(definitions, daily, last_day)
    return [
        Plot(
            "Volume",
            "Tickets opened and solved, mean of 7 days",
            "tickets a day",
            [line.smooth("tickets_created", "opened"), line.smooth("tickets_solved", "solved")],
            source=_SOURCE,
        ),
        Plot(
            "Backlog",
            "Unsolved tickets at the end of each day",
            "tickets",
            [line.daily("backlog", "backlog")],
            source=_SOURCE,
        ),
        Plot(
            "First reply",
            "Business hours until the first reply, over the last 7 days",
            "hours",
            [_in_hours(line.weekly("first_reply_time", "first reply"))],
            source=_SOURCE,
        ),
        Plot(
            "CSAT and SLA",
            "Shares over the last 7 days",
            "share",
            [line.weekly("csat", "CSAT"), line.weekly("sla_attainment", "SLA attainment")],
            share=True,
            source=_SOURCE,
        ),
    ]


class _Lines:
    """Lines of KPIs over the days shown."""

    def __init__(self, definitions: Definitions, daily: Daily, last_day: date) -> None:
        self._definitions = definitions
        self._daily = daily
        self._last_day = last_day

    def daily(self, name: str, label: str) -> Series:
        """Each day's value."""
        days = self._daily.get(name, {})
        return self._series(label, sorted(days), name, lambda kpi, day: value_of(kpi, days[day]))

    def weekly(self, name: str, label: str) -> Series:
        """The value over the seven days up to each day, whole weeks only."""
        days = self._daily.get(name, {})
        first = self._last_day - timedelta(days=DAYS_SHOWN - 6)
        shown = [day for day in sorted(days) if day > first]
        return self._series(
            label,
            shown,
            name,
            lambda kpi, day: value_over(kpi, days, day - timedelta(days=6), day),
        )

    def smooth(self, name: str, label: str) -> Series:
        """The mean of the seven days up to each day."""
        line = self.daily(name, label)
        known = dict(zip(line.days, line.values, strict=True))
        first = min(line.days, default=date.min)
        days = [day for day in line.days if (day - first).days >= 6]
        means = [
            sum(known.get(day - timedelta(days=back)) or 0.0 for back in range(7)) / 7
            for day in days
        ]
        return Series(label, days, means)

    def _series(
        self,
        label: str,
        days: list[date],
        name: str,
        value: Callable[[Definition, date], float | None],
    ) -> Series:
        return Series(label, days, [value(self._definitions[name], day) for day in days])


def _in_hours(minutes: Series) -> Series:
    values = [None if value is None else value / 60 for value in minutes.values]
    return Series(minutes.label, minutes.days, values)
