"""The forecast on two real data sets, by rolling origins, and its cost on a thousand queues.

python tests/benchmarks/forecast.py --data FOLDER [--queues 1000]

Baseline: seasonal naive (the last same weekday again), in brackets the ratio to it. Incidents of
one IT company per day: all of them and the 20 biggest groups, categories and places, 4 origins a
week apart, 14 days. Calls of one bank per day: 12 origins, 10 open days; the same with each half
hour of the day as a queue, also thinned; by half hour: the last 6 of these origins. `product` is
the shipped method: candidates, combination and choice by past forecasts, each fitted at the origin
on data known by then, with the prediction intervals of that origin.
"""

import argparse
import csv
import gzip
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tasks.forecasting import intraday
from tasks.forecasting.panel import Floats, Kind, Panel
from tasks.forecasting.prediction_intervals import WEEK_GROUPS, quantiles
from tasks.forecasting.volume import COMBINED, NAIVE, Forecasts, floor, forecast, full

LOW_80, HIGH_80, LOW_95, HIGH_95 = 2, 6, 0, 8
HOLIDAYS = (
    date(2016, 3, 25),
    date(2016, 4, 21),
    date(2016, 4, 22),
    date(2016, 5, 26),
    date(2016, 5, 27),
)  # seen in the dips
DENSE = (date(2016, 2, 29), date(2016, 5, 31))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="folder with servicenow_incident_events.csv.gz and bank_calls_5min.csv.gz",
    )
    parser.add_argument(
        "--queues", type=int, default=1000, help="queues of two years for the cost; 0: none"
    )
    given = parser.parse_args()
    for field in ("assignment_group", "category", "location"):
        print(f"\nincidents per day: all and the 20 biggest by {field}")
        compare(
            incidents(given.data / "servicenow_incident_events.csv.gz", field), [58, 65, 72, 79], 14
        )
    calls = list(bank(given.data / "bank_calls_5min.csv.gz"))
    daily = by_day(calls)
    print("\nbank calls per day, 10 open days")
    compare(daily, open_origins(daily), 16, open_days=10)
    for share in (1.0, 0.02, 0.003):
        some = "" if share == 1 else f", each kept with a chance of {share:.1%}"
        print(f"\nbank calls per day, each half hour of the day as a queue{some}, 10 open days")
        compare(by_day_and_half_hour(daily, calls, share), open_origins(daily), 16, open_days=10)
    print("\nbank calls per half hour, 10 open days")
    by_half_hour(daily, calls)
    if given.queues:
        print(f"\ncost of {given.queues} queues of two years, 28 days ahead")
        cost(given.queues)


class Tally:
    """Sums of one way of forecasting over all origins."""

    def __init__(self) -> None:
        self.wrong = self.error = self.came = self.naive_in_sample = self.seconds = 0.0
        self.by_queue: Floats | float = 0.0

    def add(
        self, forecasts: Floats, came: Floats, usual_change: Floats, seconds: float = 0.0
    ) -> None:
        known = ~np.isnan(came)
        off = np.where(known, forecasts - np.nan_to_num(came), 0)
        self.wrong += float(np.abs(off).sum())
        self.error += float(off.sum())
        self.came += float(np.nansum(came))
        self.naive_in_sample += float((usual_change[:, None] * known).sum())
        self.by_queue = self.by_queue + np.abs(off).sum(axis=1)
        self.seconds += seconds


def compare(panel: Panel, origins: Sequence[int], horizon: int, open_days: int = 0) -> None:
    tallies: dict[str, Tally] = {}
    inside_80 = inside_95 = known_days = 0
    tested, weeks = np.zeros(len(panel.queues)), np.zeros(3, dtype=int)
    chosen: Counter[str] = Counter()
    for origin in origins:
        ahead = min(horizon, panel.known - origin)
        then = panel.until(origin, ahead)
        came = panel.values[:, origin : origin + ahead].copy()
        if open_days:
            came[np.cumsum(~np.isnan(came), axis=1) > open_days] = np.nan
        change = np.nanmean(np.abs(then.values[:, 7:] - then.values[:, :-7]), axis=1)
        began = time.process_time()
        made = forecast(then)
        tallies.setdefault("product", Tally()).add(
            made.means, came, change, time.process_time() - began
        )
        chosen.update(made.models)
        for name, (forecasts, seconds) in alone(then, ahead).items():
            tallies.setdefault(name, Tally()).add(forecasts, came, change, seconds)
        # the zero-to-zero interval of a closed day says nothing about certainty
        known = ~np.isnan(came) & (made.means > 0)
        inside_80 += int(
            ((made.quantiles[..., LOW_80] <= came) & (came <= made.quantiles[..., HIGH_80]))[
                known
            ].sum()
        )
        inside_95 += int(
            ((made.quantiles[..., LOW_95] <= came) & (came <= made.quantiles[..., HIGH_95]))[
                known
            ].sum()
        )
        known_days += int(known.sum())
        tested += np.nansum(came, axis=1)
        weeks += weeks_held(made, panel.values[:, origin : origin + ahead])
    naive = tallies[NAIVE]
    print(f"{'':16}{'WAPE':>8}{'ratio':>8}{'MASE':>8}{'bias':>8}{'CPU s':>8}")
    for name, tally in sorted(tallies.items(), key=lambda item: item[1].wrong):
        print(
            f"{name:16}{tally.wrong / tally.came:8.4f}{tally.wrong / naive.wrong:8.2f}"
            f"{tally.wrong / tally.naive_in_sample:8.2f}{tally.error / tally.came:8.3f}"
            f"{tally.seconds:8.2f}"
        )
    print(
        f"product's 80 % bands covered {inside_80 / known_days:.3f}, 95 % bands"
        f" {inside_95 / known_days:.3f} of {known_days} days on which something was forecast;"
        f" chosen: {dict(chosen)}"
    )
    print(
        f"weeks' 80 % bands covered {weeks[0] / weeks[2]:.3f}, 95 % bands"
        f" {weeks[1] / weeks[2]:.3f} of {weeks[2]} weeks"
    )
    worse = np.flatnonzero(np.asarray(tallies["product"].by_queue) > np.asarray(naive.by_queue))
    listed = ", ".join(
        f"{panel.queues[n]} ({np.nanmean(panel.values[n]):.1f} a day)" for n in worse
    )
    print(
        f"product worse than seasonal naive on {len(worse)} of"
        f" {len(panel.queues)} queues{': ' + listed if listed else ''}"
    )


def weeks_held(made: Forecasts, came: Floats) -> Floats:
    """Count whole weeks: inside their 80 % intervals, inside their 95 % intervals, all of them.

    Days without calls count as closed.
    """
    whole = min(made.panel.horizon, came.shape[1]) // 7

    def sums(days: Floats) -> Floats:
        return np.asarray(days[..., : whole * 7].reshape(*days.shape[:-1], whole, 7).sum(axis=-1))

    days_known = np.array([made.panel.known - fold.known for fold in made.folds])[
        :, None, None
    ] > np.arange(made.panel.horizon)
    seen = np.where(days_known, np.nan_to_num(made.actual), np.nan)
    result = quantiles(sums(made.means), sums(made.past), sums(seen), WEEK_GROUPS)
    held, forecasts = sums(np.nan_to_num(came)), sums(made.means) > 0
    in_80, in_95 = (
        (result[..., low] <= held) & (held <= result[..., high]) & forecasts
        for low, high in ((LOW_80, HIGH_80), (LOW_95, HIGH_95))
    )
    return np.array([in_80.sum(), in_95.sum(), forecasts.sum()])


def alone(panel: Panel, horizon: int) -> dict[str, tuple[Floats, float]]:
    """Every candidate by itself, without past forecasts, and its CPU time."""
    result = {}
    for name in full():
        began = time.process_time()
        made = forecast(
            panel,
            candidates=lambda name=name: {NAIVE: full()[NAIVE], "level_profile": full()[name]},
            origins=0,
        )
        result[name] = (made.means, time.process_time() - began)
    began = time.process_time()
    naive = full()[NAIVE](panel, None, horizon)  # type: ignore[arg-type]
    return {
        **result,
        NAIVE: (naive, time.process_time() - began),
        COMBINED: (forecast(panel, origins=0).means, 0.0),
    }


def _opened_on(text: str) -> date:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC).date()


def incidents(path: Path, field: str) -> Panel:
    seen: dict[str, tuple[date, str]] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            seen.setdefault(
                row["number"],
                (_opened_on(row["opened_at"]), row[field]),
            )
    result = [(day, value) for day, value in seen.values() if DENSE[0] <= day <= DENSE[1]]
    names = [name for name, _ in Counter(value for _, value in result).most_common(20)]
    values = np.zeros((21, (DENSE[1] - DENSE[0]).days + 1))
    for day, value in result:
        values[0, (day - DENSE[0]).days] += 1
        if value in names:
            values[1 + names.index(value), (day - DENSE[0]).days] += 1
    kinds = np.zeros(values.shape, dtype=np.int8)
    kinds[:, [(day - DENSE[0]).days for day in HOLIDAYS]] = Kind.REDUCED
    return Panel(("all", *names), DENSE[0], values, kinds)


def bank(path: Path) -> Iterator[tuple[datetime, int]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield datetime.fromisoformat(row["ds"].replace("Z", "")), int(row["calls"])


def by_day(calls: Sequence[tuple[datetime, int]]) -> Panel:
    first, last = calls[0][0].date(), calls[-1][0].date()
    values = np.full((1, (last - first).days + 1), np.nan)
    for at, count in calls:
        place = (at.date() - first).days
        values[0, place] = np.nan_to_num(values[0, place]) + count
    kinds = np.zeros(values.shape, dtype=np.int8)
    for place in np.flatnonzero(np.isnan(values[0])):
        if (first + timedelta(days=int(place))).weekday() < 5:
            kinds[0, place] = Kind.CLOSED  # six weekdays without calls: the bank was closed
    return Panel(("bank",), first, values, kinds)


def by_day_and_half_hour(
    daily: Panel, calls: Sequence[tuple[datetime, int]], share: float
) -> Panel:
    """Queues of eight months and any size: real days, weekdays and holidays.

    Where `share` is below 1, the contacts are thinned at random.
    """
    values = np.where(np.isnan(daily.values[0]), np.nan, np.zeros((48, 1)))
    for at, count in calls:
        values[at.hour * 2 + at.minute // 30, (at.date() - daily.first).days] += count
    there = np.flatnonzero(np.nansum(values, axis=1) > 0)
    values = values[there]
    known = ~np.isnan(values)
    values[known] = np.random.default_rng(1).binomial(values[known].astype(int), share)
    return Panel(
        tuple(f"{slot / 2:04.1f} h" for slot in there),
        daily.first,
        values,
        np.repeat(daily.kinds, len(there), axis=0),
    )


def open_origins(panel: Panel) -> list[int]:
    opened = np.flatnonzero(~np.isnan(panel.values[0]))
    return sorted(int(opened[len(opened) - 10 - 5 * k - 1]) + 1 for k in range(12))


def by_half_hour(daily: Panel, calls: Sequence[tuple[datetime, int]]) -> None:
    slots: dict[date, Floats] = {}
    for at, count in calls:
        slots.setdefault(at.date(), np.zeros(48))[at.hour * 2 + at.minute // 30] += count
    wrong = {"product": 0.0, NAIVE: 0.0}
    came, held = 0.0, Counter[str]()
    for origin in open_origins(daily)[6:]:
        ahead = min(16, daily.known - origin)
        made = forecast(daily.until(origin, ahead))
        weeks = [daily.day(place) for place in range(origin - 7 * intraday.WEEKS, origin)]
        result = [
            (0, at, slot, int(count))
            for at, day in enumerate(weeks)
            if day in slots
            for slot, count in enumerate(slots[day])
        ]
        counts = intraday.counts_by_slot(result, (1, 48))
        profile = intraday.profiles(intraday.by_weekday(counts, weeks[0]))
        unsteady = intraday.unsteadiness(counts, weeks[0], profile)
        opened = [place for place in range(ahead) if daily.day(origin + place) in slots][:10]
        for place in opened:
            day = daily.day(origin + place)
            spread = intraday.spread(
                made.means[:, place], profile, intraday.slots_of(day, "UTC", 30)
            )
            forecasts, unsure = (
                spread[0],
                intraday.day_uncertainty(
                    made.means[:, place],
                    made.quantiles[:, place, LOW_80],
                    made.quantiles[:, place, HIGH_80],
                ),
            )
            band = intraday.quantiles(spread, unsure + unsteady)[0]
            opened_slots = slots[day] > 0
            held["pieces"] += int(opened_slots.sum())
            held["80"] += int(
                ((band[:, LOW_80] <= slots[day]) & (slots[day] <= band[:, HIGH_80]))[
                    opened_slots
                ].sum()
            )
            held["95"] += int(
                ((band[:, LOW_95] <= slots[day]) & (slots[day] <= band[:, HIGH_95]))[
                    opened_slots
                ].sum()
            )
            before = next(
                d
                for d in (day - timedelta(days=7 * n) for n in range(1, 9))
                if d in slots and (d - daily.first).days < origin
            )
            wrong["product"] += float(np.abs(forecasts - slots[day]).sum())
            wrong[NAIVE] += float(np.abs(slots[before] - slots[day]).sum())
            came += float(slots[day].sum())
    for name, value in wrong.items():
        print(f"{name:16}{value / came:8.4f}{value / wrong[NAIVE]:8.2f}")
    print(
        f"80 % bands covered {held['80'] / held['pieces']:.3f}, 95 % bands"
        f" {held['95'] / held['pieces']:.3f} of {held['pieces']} half hours with a call"
    )


def cost(queues: int) -> None:
    chance = np.random.default_rng(1)
    level = chance.lognormal(2.5, 1, queues)[:, None] * np.exp(
        np.cumsum(chance.normal(0, 0.01, (queues, 730)), axis=1)
    )
    week = np.tile([1.15, 1.1, 1, 0.95, 0.9, 0.3, 0.2], 105)[:730]
    panel = Panel(
        tuple(f"q{n:05}" for n in range(queues)),
        date(2024, 1, 1),
        chance.poisson(level * week).astype(float),
        np.zeros((queues, 758), dtype=np.int8),
    )
    ways: dict[str, Callable] = {"floor": floor, "full": full}
    for name, candidates in ways.items():
        began, cpu = time.perf_counter(), time.process_time()
        forecast(panel, candidates=candidates)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{name:16}{time.process_time() - cpu:8.1f} CPU s{time.perf_counter() - began:8.1f} s,"
            f" peak memory of the process {peak:,.0f} MB"
        )


if __name__ == "__main__":
    main()
