"""The forecast: cases worked out by hand, what it must never do, and no look into the future."""

import itertools
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.forecasting import intraday, prediction_intervals
from tasks.forecasting.boosted import Boosted
from tasks.forecasting.candidates import Smoothed, level_profile, seasonal_naive, weekday_mean
from tasks.forecasting.panel import Kind, Panel, Treated, clean, panel
from tasks.forecasting.volume import COMBINED, floor, forecast, full, scores

FIRST = date(2026, 1, 5)  # a Monday
WEEKLY = (30, 28, 26, 25, 22, 6, 0)


def days(values, first=FIRST):
    return {first + timedelta(days=i): float(v) for i, v in enumerate(values)}


def made(*series, horizon=28, special=None):
    histories = {f"q{n}": days(values) for n, values in enumerate(series)}
    last = FIRST + timedelta(days=max(len(s) for s in series) - 1)
    return panel(
        histories, last=last, horizon=horizon, special={q: special or {} for q in histories}
    )


def weekly(length, seed=1, scale=1.0):
    chance = np.random.default_rng(seed)
    return [float(chance.poisson(scale * WEEKLY[i % 7])) for i in range(length)]


def test_candidates_by_hand():
    one = made([8.0, 4, 2, 0, 0, 0, 0] * 2 + [16.0, 8, 4, 0, 0, 0, 0], horizon=9)
    cleaned = clean(one)
    assert seasonal_naive(one, cleaned, 9)[0].tolist() == [16, 8, 4, 0, 0, 0, 0, 16, 8]
    assert weekday_mean(one, cleaned, 3)[0] == pytest.approx([32 / 3, 16 / 3, 8 / 3])
    # levels of the weeks are 2, 2 and 4 a day; weights 1, 2^(-1/1.5), 2^(-2/1.5): level 3.0232;
    # shares 4, 2 and 1 of a day
    old, older = 2 ** (-1 / 1.5), 2 ** (-2 / 1.5)
    level = (4 + 2 * old + 2 * older) / (1 + old + older)
    assert level_profile(one, cleaned, 3)[0] == pytest.approx([4 * level, 2 * level, level])


def test_a_steady_week_continues_with_every_model():
    steady = made([float(v) for v in WEEKLY] * 20)
    result = forecast(steady)
    assert result.means[0] == pytest.approx([WEEKLY[i % 7] for i in range(28)], abs=0.3)
    for fold, name in itertools.product(result.folds, result.folds[0].means):
        known = ~np.isnan(fold.actual[0])
        assert fold.means[name][0][known] == pytest.approx(fold.actual[0][known], abs=0.5), name


def test_a_holiday_is_learned_apart_and_put_back():
    values = [float(v) for v in WEEKLY] * 16
    holidays = {FIRST + timedelta(days=7 * w): Kind.REDUCED for w in (4, 8, 12)}  # Mondays
    for day in holidays:
        values[(day - FIRST).days] = 3.0  # a tenth of a Monday
    coming = FIRST + timedelta(days=16 * 7 + 7)
    result = forecast(made(values, special={**holidays, coming: Kind.REDUCED}))
    assert result.means[0, 0] == pytest.approx(30, abs=1.5)  # the next Monday is not pulled down
    assert result.means[0, 7] == pytest.approx(3.0, abs=0.6)
    assert [
        result.panel.day(int(d))
        for d in np.flatnonzero(result.cleaned.treated[0] == Treated.SPECIAL)
    ] == sorted(holidays)
    closed = forecast(made(values, special={**holidays, coming: Kind.CLOSED}))
    assert closed.means[0, 7] == 0
    assert closed.quantiles[0, 7].tolist() == [0.0] * 9


def test_an_incident_day_and_lost_days_are_not_learned_and_are_listed():
    values = [float(v) for v in WEEKLY] * 16
    values[70], values[85], values[86] = 400.0, 0.0, 0.0
    result = forecast(made(values))
    assert result.cleaned.treated[0, [70, 85, 86]].tolist() == [
        Treated.OUTLIER,
        Treated.MISSING,
        Treated.MISSING,
    ]
    assert result.cleaned.values[0, 70] == pytest.approx(30 + 6 * np.sqrt(30))
    assert result.means[0] == pytest.approx(
        [WEEKLY[i % 7] for i in range(28)], abs=3
    )  # the cut day still counts a little
    assert result.panel.values[0, 70] == 400


def test_a_level_shift_is_followed_and_listed():
    for factor in (2.0, 0.4):
        values = [v * (factor if i >= 98 else 1) for i, v in enumerate(weekly(119, scale=2))]
        result = forecast(made(values), candidates=floor)
        at = np.argwhere(result.cleaned.treated == Treated.LEVEL_SHIFT)
        assert at.tolist() == [[0, 98]]
        assert result.means[0].sum() == pytest.approx(4 * 2 * sum(WEEKLY) * factor, rel=0.08)
        assert result.cleaned.values[0, 70:77].sum() == pytest.approx(
            2 * sum(WEEKLY) * factor, rel=0.15
        )
    # the zeros before a queue's start are no history
    started_late = made([0.0] * 70 + [20.0] * 21)
    assert forecast(started_late, candidates=floor).means[0] == pytest.approx([20.0] * 28, abs=0.5)
    for seed in range(20):  # chance alone is no shift
        assert not (clean(made(weekly(140, seed))).treated == Treated.LEVEL_SHIFT).any()


def test_opening_on_other_weekdays_is_no_step_back():
    """A later origin can have a shorter series than the one fitted on: open weekdays change."""
    values = [0.0 if i % 7 in ((5, 6) if i < 100 else (0, 1)) else 10.0 + i % 3 for i in range(170)]
    assert np.isfinite(forecast(made(values)).means).all()


def test_a_team_with_a_handful_of_tickets_has_a_forecast():
    """Two quiet open days a week are too little for smoothing, and must not end the run."""
    chance = np.random.default_rng(6)
    for length in (28, 35, 56, 90):
        sparse = [
            [float(chance.random() < 0.15) if i % 7 in (1, 4) else 0.0 for i in range(length)]
            for _ in range(12)
        ]
        result = forecast(made(*sparse))
        assert np.isfinite(result.means).all()
        assert (result.means >= 0).all()


def test_unknown_days_are_not_zero():
    values = days([float(v) for v in WEEKLY] * 12)
    for back in (5, 6, 11, 12, 13):
        del values[FIRST + timedelta(days=12 * 7 - back)]
    result = forecast(panel({"q": values}, last=FIRST + timedelta(days=83), horizon=14))
    assert result.means[0] == pytest.approx([WEEKLY[i % 7] for i in range(14)], abs=1)


def special_at_the_end(kind, length, values, total=300):
    """A series and its calendar: special days at the end, `values` on them; then ordinary ones."""
    series = [100.0 if (FIRST + timedelta(days=i)).weekday() < 5 else 0.0 for i in range(total)]
    series[-length:] = [values * (v > 0) for v in series[-length:]]
    return series, {FIRST + timedelta(days=total - 1 - i): kind for i in range(length)}


@pytest.mark.parametrize("length", [49, 56, 100])
@pytest.mark.parametrize("kind", [Kind.EVENT, Kind.REDUCED])
def test_after_weeks_of_special_days_ordinary_ones_are_as_before(kind, length):
    series, special = special_at_the_end(kind, length, 140.0)
    result = forecast(made(series, horizon=7, special=special), candidates=floor)
    is_workday = np.array([result.panel.day(300 + d).weekday() < 5 for d in range(7)])
    assert result.means[0, is_workday] == pytest.approx(100, rel=0.15)
    assert (result.means[0, ~is_workday] == 0).all()


@pytest.mark.parametrize("length", [21, 28, 60])
def test_after_a_closure_the_queue_lives_on(length):
    series, special = special_at_the_end(Kind.CLOSED, length, 0.0)
    result = forecast(made(series, horizon=7, special=special), candidates=floor)
    assert result.models == ("combined",)
    assert sorted(result.means[0])[2:] == pytest.approx([100.0] * 5, rel=0.15)
    assert (result.quantiles[0, :, -1] >= 99).sum() == 5


def test_a_holiday_on_a_weekend_leaves_the_weekend_as_it_is():
    week = (700.0, 690, 700, 690, 680, 110, 70)
    values = list(week) * 30
    holidays = {FIRST + timedelta(days=7 * w + 1): Kind.REDUCED for w in (9, 14, 19, 24)}
    for day in holidays:
        values[(day - FIRST).days] = 75.0
    weekend = {FIRST + timedelta(days=7 * 28 + 6): Kind.REDUCED}  # a Sunday like any other
    coming = {FIRST + timedelta(days=210 + d): Kind.REDUCED for d in (1, 6)}  # Tuesday, Sunday
    result = forecast(made(values, special={**holidays, **weekend, **coming}), candidates=floor)
    assert result.means[0, 1] == pytest.approx(75, abs=15)
    assert result.means[0, 6] == pytest.approx(70, abs=3)


@pytest.mark.parametrize("age", [20, 26, 40, 60])
def test_a_young_queue_has_its_forecast_and_leaves_the_others_alone(age):
    chance = np.random.default_rng(1)
    old = days(chance.poisson(40, 300))
    young = days([4.0 + i % 2 for i in range(age)], FIRST + timedelta(days=300 - age))
    last = FIRST + timedelta(days=299)
    alone = forecast(panel({"old": old}, last=last, horizon=7), candidates=floor)
    both = forecast(panel({"old": old, "young": young}, last=last, horizon=7), candidates=floor)
    assert both.means[1] == pytest.approx(4.5, abs=1)
    assert (both.quantiles[1, :, 8] < 20).all()
    width = both.quantiles[0, :, 8] - both.quantiles[0, :, 0]
    assert width == pytest.approx(alone.quantiles[0, :, 8] - alone.quantiles[0, :, 0], rel=0.3)


def test_closed_days_do_not_narrow_the_intervals():
    chance = np.random.default_rng(8)
    is_open = np.array([(FIRST + timedelta(days=d)).weekday() < 5 for d in range(328)])
    rate = chance.uniform(20, 80, (20, 1)) * np.exp(chance.normal(0, 0.15, (20, 328)))
    counts = np.where(is_open, chance.poisson(rate), 0).astype(float)
    result = forecast(made(*counts[:, :300]), candidates=floor)
    came = counts[[int(queue[1:]) for queue in result.panel.queues], 300:]
    ahead = is_open[300:]
    held = (result.quantiles[..., 2] <= came) & (came <= result.quantiles[..., 6])
    assert 0.77 <= held[:, ahead].mean() <= 0.84


def test_short_ended_and_empty_queues():
    long = [float(v) for v in WEEKLY] * 14
    added = {FIRST + timedelta(days=91 + i): v for i, v in enumerate((4.0, 5, 6, 5, 4, 0, 0))}
    queues = {
        "added": added,
        "ended": days([5.0] * 70 + [0.0] * 28),
        "lives": days(long),
        "silent": days([0.0] * 98),
    }
    result = forecast(panel(queues, last=FIRST + timedelta(days=97), horizon=7))
    assert result.models[0] == "cold_start"
    assert result.means[0] == pytest.approx([24 / 7] * 7)
    assert result.models[1] == result.models[3] == "ended"
    assert result.means[[1, 3]].sum() == result.quantiles[[1, 3]].sum() == 0
    assert result.quantiles[0, 0, -1] > 2 * result.means[0, 0]  # a wide interval


def test_odd_counts_are_refused():
    for wrong in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="is not a count"):
            panel({"q": {FIRST: wrong}}, last=FIRST, horizon=7)
    with pytest.raises(ValueError, match="of a day up to"):
        panel({"q": {FIRST: 1.0}}, last=FIRST - timedelta(days=1), horizon=7)


@pytest.mark.parametrize("candidates", [floor, full])
def test_no_step_sees_the_future(candidates):
    """Changing a later value changes no earlier forecast: product, folds, intervals, choice."""
    values = np.array([weekly(120, seed, 1 + seed) for seed in range(3)])
    other = values.copy()
    other[:, 85:] = np.random.default_rng(5).poisson(200, other[:, 85:].shape)
    kinds = np.zeros((3, 148), dtype=np.int8)
    one, two = (Panel(("a", "b", "c"), FIRST, v, kinds).until(85, 14) for v in (values, other))
    left, right = forecast(one, candidates=candidates), forecast(two, candidates=candidates)
    assert left.means.tobytes() == right.means.tobytes()
    assert left.quantiles.tobytes() == right.quantiles.tobytes()
    whole_left, whole_right = (
        forecast(Panel(("a", "b", "c"), FIRST, v, kinds), candidates=candidates)
        for v in (values, other)
    )
    early = [n for n, fold in enumerate(whole_left.folds) if fold.known <= 85]
    assert len(early) >= 5
    for n in early:
        for name in whole_left.folds[n].means:
            assert (
                whole_left.folds[n].means[name].tobytes()
                == whole_right.folds[n].means[name].tobytes()
            ), name


def test_the_same_input_gives_the_same_bytes():
    one = made(weekly(100), weekly(100, 2, 3.0))
    assert forecast(one).quantiles.tobytes() == forecast(one).quantiles.tobytes()


def test_smoothing_refuses_to_go_back():
    one, model = made(weekly(100)), Smoothed()
    model(one, clean(one), 7)
    with pytest.raises(ValueError, match="earlier day"):
        model(one.until(60, 7), clean(one.until(60, 7)), 7)


def test_trees_learn_what_averages_cannot_know():
    """Twice as many contacts on the first of each month, on any weekday."""
    values = [2 * 40.0 if (FIRST + timedelta(days=i)).day == 1 else 40.0 for i in range(330)]
    one = made(values, horizon=31)
    cleaned = clean(one)
    first = next(i for i in range(31) if one.day(330 + i).day == 1)
    assert Boosted()(one, cleaned, 31)[0, first] > 1.3 * level_profile(one, cleaned, 31)[0, first]


def test_the_better_candidate_is_chosen_only_when_clearly_better():
    drifting = [
        40.0 * 1.25 ** (i // 7) for i in range(140)
    ]  # grows by a quarter each week: last week is the best average
    result = forecast(made(drifting), candidates=floor)
    assert result.models == ("seasonal_naive",)
    wrong = {s.model: s.absolute_error for s in scores(result) if s.lead_from == 1}
    assert wrong["seasonal_naive"] < 0.85 * wrong[COMBINED]
    assert forecast(made(weekly(140)), candidates=floor).models == (COMBINED,)


def test_every_chosen_model_keeps_closed_days():
    drifting = [40.0 * 1.25 ** (i // 7) for i in range(140)]
    coming = FIRST + timedelta(days=142)
    result = forecast(made(drifting, special={coming: Kind.CLOSED}), candidates=floor)
    assert result.models == ("seasonal_naive",)
    assert result.means[0, 2] == 0
    assert result.means[0, 3] > 0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.integers(0, 90)), min_size=1, max_size=80),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, 40),
)
def test_any_history_gives_ordered_quantiles_that_are_never_negative(histories, horizon):
    length = max(map(len, histories))
    given_days = {
        f"q{n}": {
            d: v
            for d, v in zip((FIRST + timedelta(days=i) for i in range(length)), h, strict=False)
            if v is not None
        }
        for n, h in enumerate(histories)
    }
    result = forecast(
        panel(given_days, last=FIRST + timedelta(days=length - 1), horizon=horizon),
        candidates=floor,
    )
    assert np.isfinite(result.means).all()
    assert (result.means >= 0).all()
    assert (result.quantiles >= 0).all()
    assert (np.diff(result.quantiles, axis=-1) >= 0).all()


def test_prediction_intervals_cover_their_nominal_share():
    """Counts of a known law, tested on days that the intervals never saw.

    40 queues fix the share to a point or two.
    """
    chance = np.random.default_rng(3)
    queues = chance.uniform(5, 80, 40)
    means = np.repeat(queues[:, None], 28, axis=1)
    past = np.stack([means] * 10)
    came = chance.negative_binomial(25, 25 / (25 + past)).astype(float)
    new = chance.negative_binomial(25, 25 / (25 + np.stack([means] * 30))).astype(float)
    result = prediction_intervals.quantiles(means, past, came)
    for low, high, share in ((2, 6, 0.80), (0, 8, 0.95), (1, 7, 0.90), (3, 5, 0.50)):
        covered = ((new >= result[..., low]) & (new <= result[..., high])).mean()
        assert share - 0.02 <= covered <= share + 0.06, (share, covered)


def test_few_origins_make_wide_bands():
    chance = np.random.default_rng(4)
    means = np.full((1, 7), 100.0)
    came = chance.normal(100, 10, (12, 1, 7))
    wide, narrow = (
        prediction_intervals.quantiles(means, np.full((n, 1, 7), 100.0), came[:n]) for n in (3, 12)
    )
    assert (wide[..., 8] - wide[..., 0] >= 0.8 * (narrow[..., 8] - narrow[..., 0])).all()
    untested = prediction_intervals.quantiles(means, np.empty((0, 1, 7)), np.empty((0, 1, 7)))
    assert untested[0, 0, 8] - untested[0, 0, 0] > 100  # nothing known: wider than any tested one


def test_the_error_of_chance_is_that_of_poisson():
    chance = np.random.default_rng(5)
    for mean in (0.2, 3.0, 10.0, 100.0):
        simulated = np.abs(chance.poisson(mean, 400_000) - mean).mean()
        assert float(prediction_intervals.chance_error(np.array(mean))) == pytest.approx(
            simulated, rel=0.01
        )


ZONE = "Europe/Berlin"


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 28), 24), (date(2026, 3, 29), 23), (date(2026, 10, 25), 25)]
)
@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_pieces_of_a_day_sum_to_the_day_when_clocks_change(day, hours, minutes):
    slots = intraday.slots_of(day, ZONE, minutes)
    assert len(slots.starts) == hours * 60 // minutes
    assert slots.starts == tuple(
        slots.starts[0] + timedelta(minutes=minutes * i) for i in range(len(slots.starts))
    )
    profile = intraday.profiles(
        np.random.default_rng(1).poisson(4, (2, 7, 24 * 60 // minutes)).astype(float)
    )
    spread = intraday.spread(np.array([120.0, 0.0]), profile, slots)
    assert spread.sum(axis=1) == pytest.approx([120, 0])
    if hours == 25:  # two o'clock strikes twice and is as busy both times
        first = slots.starts.index(datetime(2026, 10, 25, 0, tzinfo=UTC))
        assert spread[0, first] == spread[0, first + 60 // minutes]


def test_a_profile_by_hand_and_one_that_borrows():
    by_day = intraday.counts_by_slot(
        [(0, 1, 9, 20), (0, 8, 9, 10), (0, 36, 10, 10), (1, 1, 20, 2)], (2, 24)
    )
    counts = intraday.by_weekday(by_day, date(2026, 3, 1))  # a Sunday: its second day is a Monday
    assert {(int(r), int(d), int(s), counts[r, d, s]) for r, d, s in np.argwhere(counts)} == {
        (0, 0, 9, 30.0),
        (0, 0, 10, 10.0),
        (1, 0, 20, 2.0),
    }
    wider = intraday.profiles(np.broadcast_to(counts.sum(axis=0), counts.shape))
    result = intraday.profiles(counts, wider)
    assert result.sum(axis=-1) == pytest.approx(np.ones((2, 7)))
    assert result[0, 0, 9] == pytest.approx((30 + 50 * wider[0, 0, 9]) / 90)
    assert result[1, 0, 20] == pytest.approx((2 + 50 * wider[1, 0, 20]) / 52)
    assert intraday.profiles(np.zeros((1, 7, 24)))[0, 3].tolist() == [1 / 24] * 24


@pytest.mark.parametrize("level", [4.0, 40.0, 2000.0])
def test_prediction_intervals_of_pieces_cover_their_nominal_share(level):
    """The intervals hold as many new days as they claim.

    Each day's total varies by 10 % and its shape by 15 % in every piece.
    """
    chance = np.random.default_rng(3)
    shape = np.concatenate([np.zeros(16), np.hanning(34)[1:-1]])
    shape /= shape.sum()

    def days(count):
        totals = level * chance.gamma(100, 1 / 100, (20, count, 1))
        return chance.poisson(
            totals * shape * chance.gamma(1 / 0.15**2, 0.15**2, (20, count, 48))
        ).astype(float)

    first = FIRST
    seen = days(42)
    profile = intraday.profiles(intraday.by_weekday(seen, first))
    unsteady = intraday.unsteadiness(seen, first, profile)
    if level > 1000:
        assert unsteady == pytest.approx(np.full(20, 0.15**2), rel=0.3)
    mean = np.full(20, level)
    wide = 1.2816 * np.sqrt(level + (0.1 * level) ** 2)
    unsure = intraday.day_uncertainty(mean, mean - wide, mean + wide)
    assert unsure == pytest.approx(np.full(20, 0.01))
    spread = intraday.spread(mean, profile, intraday.slots_of(first, "UTC", 30))
    result = intraday.quantiles(spread, unsure + unsteady)
    assert (np.diff(result, axis=-1) >= 0).all()
    assert (result >= 0).all()
    came = days(300)[:, :, 16:].transpose(1, 0, 2)
    for low, high, share in ((2, 6, 0.80), (0, 8, 0.95)):
        inside = ((result[:, 16:, low] <= came) & (came <= result[:, 16:, high])).mean()
        # with few contacts an interval of whole numbers covers more than its nominal share: it
        # cannot be narrower than one contact
        assert share - 0.03 <= inside <= (share + 0.04 if level > 1000 else 1.0)


def test_nothing_expected_is_surely_nothing():
    result = intraday.quantiles(np.array([[0.0, 3.0]]), np.array([0.1]))
    assert result[0, 0].tolist() == [0] * 9
    assert result[0, 1, 4] == 3


def test_a_cluster_gives_the_same_bytes():
    """Two worker processes of a real Dask cluster.

    210 queues are three lots and a job of trees for each origin.
    """
    from distributed import LocalCluster

    from tasks.forecasting.engine import engine

    one = made(*(weekly(90, seed, 1 + seed % 5) for seed in range(210)))
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        reported: list[tuple[int, int]] = []
        there = forecast(
            one,
            origins=3,
            engine=engine(f"dask:{cluster.scheduler_address}"),
            progress=lambda done, of: reported.append((done, of)),
        )
    near = forecast(one, origins=3)
    assert there.means.tobytes() == near.means.tobytes()
    assert there.quantiles.tobytes() == near.quantiles.tobytes()
    assert reported == [(n, 7) for n in range(1, 8)]


@pytest.mark.parametrize("wrong", ["spark:tcp://x:1", "dask:", "dask:8786"])
def test_an_unknown_engine_is_refused(wrong):
    from tasks.forecasting.engine import engine

    with pytest.raises(ValueError, match="is not like dask:tcp"):
        engine(wrong)


def test_a_queue_that_stopped_is_not_lost_data():
    values = [float(v) for v in WEEKLY] * 16
    values[-10:] = [0.0] * 10
    result = forecast(made(values))
    assert Treated.MISSING not in result.cleaned.treated[0, -10:]
    assert result.means[0].sum() < 0.75 * 4 * sum(
        WEEKLY
    )  # it is seen to fall; two more weeks of nothing make it "ended"
